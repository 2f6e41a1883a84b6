use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TreeStep;

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TreeView {
    /// From the root to the row whose children these are; empty at the roots.
    pub path: Vec<TreeStep>,
    pub rows: Vec<TreeRow>,
    /// All rows there are at this place.
    pub total: u32,
}

/// How far each item of a source has come. A source is in step when `searchable` and `in_tree`
/// equal `chunked`, and every item that was `found` was read or has a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceRow {
    pub id: String,
    pub name: String,
    /// "folder", "notes", "chats" or "samples".
    pub kind: String,
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
    pub last_import_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Ledger {
    pub sources: Vec<SourceRow>,
}
