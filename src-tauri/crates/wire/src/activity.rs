//! What the memory is doing.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Batch, CopyProgress};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PausedBy {
    /// It stays so until a person resumes it.
    Person,
    /// The disk is nearly full; it goes on by itself.
    FullDisk,
}

/// Why no work begins. What is under way comes to its end, and searches go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Pause {
    pub since: String,
    pub by: PausedBy,
}

/// How many pieces of work there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkCounts {
    pub running: u32,
    /// Those that are put off included.
    pub waiting: u32,
    /// Waiting for another try after something went wrong.
    pub put_off: u32,
    /// Items and summaries that were given up and not tried again.
    pub failed: u32,
}

/// How much there is to do, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Work {
    pub paused: Option<Pause>,
    /// Null while the store can't be read.
    pub counts: Option<WorkCounts>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WorkKind {
    /// A file is read and kept.
    Import,
    /// Passages, or summaries of them, are summarised.
    Summary,
    /// A summary is made anew, because what it was made from has changed.
    Remake,
}

/// A piece of work, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkItem {
    pub id: String,
    pub kind: WorkKind,
    /// Of an import: the file.
    pub path: Option<String>,
    /// The source's name.
    pub source: Option<String>,
    /// The import it belongs to.
    pub batch: Option<String>,
    /// How often it has been tried; one that runs is being tried.
    pub attempts: u32,
    /// After so many it is given up.
    pub attempts_max: u32,
    /// Why it last went wrong, and where there is something to do about it, what.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkRunning {
    pub item: WorkItem,
    pub since: String,
    /// How many others are done together with it.
    pub beside: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkWaiting {
    pub kind: WorkKind,
    /// Those that are put off included.
    pub count: u32,
    pub put_off: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkPutOff {
    pub item: WorkItem,
    pub until: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkFailed {
    pub item: WorkItem,
    pub at: String,
}

/// What failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FailedGroup {
    /// A stable code, such as `not_allowed`.
    pub reason: String,
    /// One of them in plain words, with what to do where there is something.
    pub message: String,
    pub items: u32,
    pub summaries: u32,
    pub newest_at: String,
    /// The newest of them; the rest can be asked for.
    pub newest: Vec<WorkFailed>,
}

/// Everything that the memory is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Activity {
    pub work: Work,
    /// What each worker does at this moment.
    pub running: Vec<WorkRunning>,
    pub waiting: Vec<WorkWaiting>,
    /// The next to be tried again, first; at most a few.
    pub put_off: Vec<WorkPutOff>,
    /// Commonest reason first.
    pub failed: Vec<FailedGroup>,
    /// Those that run, then the newest that have ended.
    pub imports: Vec<Batch>,
    pub copy: Option<CopyProgress>,
    /// There are passages to be looked through for what they name. That comes after all other work.
    pub names_to_come: bool,
    /// Passages to be read for what they mean. That comes last of all work.
    pub meaning_to_come: Option<MeaningToCome>,
    /// When all this was so, by the clock of whoever works.
    pub at: String,
}

/// Passages that are to be read for what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MeaningToCome {
    /// At most so many.
    pub passages: u32,
    pub eta_seconds: Option<u32>,
    /// The computer runs on its battery, so they wait until it does not.
    pub on_battery: bool,
}

/// Which part of what failed to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FailedAt {
    /// A reason's code; any when absent.
    pub reason: Option<String>,
    pub offset: Option<u32>,
    pub limit: Option<u32>,
}

/// What of what failed to try again; all of it when nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct JobsRetry {
    /// A reason's code.
    pub reason: Option<String>,
    /// One piece of work.
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Retried {
    /// How many wait again.
    pub queued: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct JobCancelled {
    /// False when it had ended already, or is no item of an import.
    pub cancelled: bool,
}
