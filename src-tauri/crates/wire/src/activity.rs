//! What the memory is doing.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
