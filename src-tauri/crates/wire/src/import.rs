use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Files and folders, as absolute paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ImportPaths {
    pub paths: Vec<String>,
}

/// Files and folders, as absolute paths, with what is to be said of all that they bring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ImportOrder {
    pub paths: Vec<String>,
    /// Up to 16 tags, of up to 64 characters without commas. Of a folder that is a source's own, what comes to it
    /// later has them too.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportPlan {
    /// How many files and conversations would be read.
    pub items: u32,
    /// How many of them are conversations.
    pub conversations: u32,
    #[ts(type = "number")]
    pub bytes: u64,
    pub formats: Vec<PlannedFormat>,
    /// The earliest and latest modification time among them.
    pub oldest: Option<String>,
    pub newest: Option<String>,
    /// How many files and conversations would be passed over, by reason.
    pub skipped: Vec<CountByReason>,
    /// The first of what would be passed over.
    pub skipped_examples: Vec<PlanSkip>,
    /// How they compare with what is remembered already; null when there are too many to compare.
    pub known: Option<PlanKnown>,
}

/// As far as names, sizes and times tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanKnown {
    pub new: u32,
    pub changed: u32,
    pub unchanged: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlannedFormat {
    /// "Markdown", "Plain text", "HTML", "ChatGPT conversations".
    pub name: String,
    /// They are conversations in an export, not files.
    pub conversations: bool,
    pub items: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CountByReason {
    /// A stable code, such as `too_large`.
    pub reason: String,
    /// In plain words: "larger than 64 MB".
    pub message: String,
    pub hint: Option<String>,
    pub items: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanSkip {
    pub path: String,
    pub reason: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BatchState {
    Running,
    /// Every item came to a good end: kept, already known, or passed over for a reason it names.
    Done,
    /// At least one item failed.
    Failed,
    Cancelled,
}

/// Why an import was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BatchCause {
    /// Somebody named what to import.
    Named,
    /// Somebody had a source read again.
    Again,
    /// Something changed in a watched folder.
    Folder,
}

/// An import: a parent with one child for each planned item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Batch {
    pub id: String,
    /// What was named: "Notes", or "Notes and 2 more".
    pub label: String,
    pub state: BatchState,
    pub cause: BatchCause,
    pub created_at: String,
    pub ended_at: Option<String>,
    /// All planned items, those that were passed over included.
    pub total: u32,
    /// How many of them are conversations, those that were passed over left out. What is neither these nor
    /// passed over is files.
    pub conversations: u32,
    /// Items that have come to an end, whichever.
    pub ended: u32,
    pub new: u32,
    pub changed: u32,
    pub unchanged: u32,
    pub skipped: u32,
    pub failed: u32,
    pub cancelled: u32,
    /// The commonest reason of failure, in plain words.
    pub reason: Option<String>,
    #[ts(type = "number")]
    pub bytes_total: u64,
    #[ts(type = "number")]
    pub bytes_ended: u64,
    /// Items a second of late; null before it has been watched for some seconds, and at the end.
    pub rate: Option<f64>,
    /// It would run, but the work is paused.
    pub paused: bool,
    /// Seconds to go at the rate of late; null before there is a rate, and at the end.
    pub eta_seconds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ItemOutcome {
    Waiting,
    Running,
    New,
    Changed,
    Unchanged,
    Skipped,
    Failed,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BatchItem {
    /// The file; of a conversation its service and its title, or its key there as long as it has none.
    pub path: String,
    pub outcome: ItemOutcome,
    /// Why it was passed over or failed, and what to do; or what was noticed while reading it.
    pub message: Option<String>,
    pub document: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BatchReport {
    pub batch: Batch,
    pub reasons: Vec<CountByReason>,
    /// Failed first, then passed over, then the rest; at most `ITEMS_MAX` of them.
    pub items: Vec<BatchItem>,
    pub items_left_out: u32,
    /// Of an old import: items that have been tried again since. They are counted, and not listed any more.
    pub items_pruned: u32,
    /// Of a source that was read again: files that are remembered and were no longer there.
    pub no_longer_there: Option<u32>,
}

/// A text to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct AddNote {
    pub text: String,
    /// Taken from the text's first heading or words when absent.
    pub title: Option<String>,
    /// When it happened, as RFC 3339; unknown when absent.
    pub happened_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NoteAdded {
    pub document: String,
    pub chunks: u32,
    /// False when the very same text was there already.
    pub new: bool,
}
