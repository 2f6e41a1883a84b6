use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CountByReason, TreeStep};

/// Where to look: a row's id, or null for the roots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct TreeAt {
    pub node: Option<String>,
    /// How many rows to pass over; 0 when absent.
    pub offset: Option<u32>,
    /// 1 to 500; 200 when absent.
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TreeRowKind {
    /// What memories are gathered by beside their sources: days, or topics.
    Branch,
    Topic,
    Source,
    Summary,
    /// Passages and summaries that wait for enough company to be summarised.
    Waiting,
    Chunk,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TreeRow {
    pub id: String,
    pub kind: TreeRowKind,
    pub title: String,
    /// A line of what it says.
    pub preview: String,
    /// How many rows are directly under it.
    pub children: u32,
    /// How many passages are under it, at any depth.
    pub passages: u32,
    pub first_happened_at: Option<String>,
    pub last_happened_at: Option<String>,
    pub degraded: bool,
}

/// Where a row stands among its siblings, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TreePosition {
    pub id: String,
    pub position: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TreeView {
    /// From the root to the row whose children these are; empty at the roots.
    pub path: Vec<TreeStep>,
    /// The rows from the root down to the one that was asked about, itself included.
    pub trail: Vec<TreePosition>,
    pub rows: Vec<TreeRow>,
    /// All rows there are at this place.
    pub total: u32,
}

/// How far each item of a source has come. A source is in step when `searchable` and `in_tree`
/// equal `chunked`, every item that was `found` was read or has a reason, and nothing was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceRow {
    pub id: String,
    pub name: String,
    /// "folder", "notes", "chats" or "samples".
    pub kind: String,
    /// Of conversations: the service they were had with, "chatgpt" or "claude".
    pub service: Option<String>,
    pub path: Option<String>,
    /// Files, or in a source of chats conversations, that imports have found.
    pub found: u32,
    /// Items that were passed over or failed, at their last import.
    pub not_read: u32,
    /// Documents that are kept.
    pub documents: u32,
    pub chunked: u32,
    pub searchable: u32,
    pub in_tree: u32,
    pub summaries: u32,
    pub in_step: bool,
    /// A damage took something of the memory, and this has not been read again since.
    pub lost: bool,
    pub last_import_at: Option<String>,
    /// The newest import that had to do with it.
    pub last_batch: Option<String>,
    /// It is read again whenever something in it changes.
    pub watched: bool,
    /// How that goes. Null when it isn't watched, or nobody is at work.
    pub watching: Option<Watching>,
}

/// How a watched folder is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Watching {
    pub state: WatchingState,
    /// Since when it is not there.
    pub since: Option<String>,
    /// Files that are remembered and are no longer there.
    pub missing: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WatchingState {
    /// It is being looked at for the first time since the start.
    Starting,
    /// The system tells of changes as they come.
    Watched,
    /// It lies where changes are not told of; it is looked at every few minutes.
    LookedAt,
    /// The system watches no more folders; it is looked at every few minutes.
    TooMany,
    /// It is not there, or empty. What is remembered of it stays.
    NotThere,
}

/// Which source to watch, or to watch no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct SourceWatch {
    pub id: String,
    pub on: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct SourceRename {
    pub id: String,
    pub name: String,
}

/// Which of the items that were not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct UnreadAt {
    pub id: String,
    /// A reason's code; all of them when absent.
    pub reason: Option<String>,
    /// How many to pass over; 0 when absent.
    pub offset: Option<u32>,
}

/// What of a source was not read: passed over or failed when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unread {
    pub reasons: Vec<CountByReason>,
    /// A page of them, by name.
    pub items: Vec<UnreadItem>,
    /// How many there are of the reason asked for, or of all.
    pub total: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UnreadItem {
    pub path: String,
    /// It should have been read and couldn't be; else there was nothing in it for us.
    pub failed: bool,
    /// Why, and what can be done.
    pub message: Option<String>,
}

/// What removing a source takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceRemoval {
    pub documents: u32,
    pub passages: u32,
    pub summaries: u32,
    /// Documents that another source holds too; they stay, with that one.
    pub kept: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Ledger {
    pub sources: Vec<SourceRow>,
}
