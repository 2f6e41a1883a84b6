//! What takes room.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct StorageAsk {
    /// Reads every page, however large the memory is. Otherwise only a small memory is counted whole.
    pub count: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum StorageWhat {
    /// The passages, and the records of their documents.
    Texts,
    WordIndex,
    Summaries,
    /// What passages name, and where.
    Names,
    /// The vectors of passages, by which what they mean is compared.
    Meaning,
    /// Imports, and what waits to be done.
    Work,
    /// Room in the main file that is used again before the file grows.
    Free,
    /// What SQLite needs for itself.
    Rest,
    /// The main file as a whole, while its inside has not been counted.
    MainFile,
    Log,
    Backups,
    KeptAside,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StoragePart {
    pub what: StorageWhat,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// Counted by reading the passages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StorageCount {
    #[ts(type = "number")]
    pub passages: u64,
    /// The text that is kept, in bytes.
    #[ts(type = "number")]
    pub text_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceStorage {
    pub id: String,
    pub name: String,
    pub path: Option<String>,
    #[ts(type = "number")]
    pub documents: u64,
    /// The size of the files and messages that were read.
    #[ts(type = "number")]
    pub original_bytes: u64,
    /// Null while it has not been counted.
    pub counted: Option<StorageCount>,
}

/// What takes room. The parts add up to `total_bytes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Storage {
    /// Largest first.
    pub sources: Vec<SourceStorage>,
    pub parts: Vec<StoragePart>,
    #[ts(type = "number")]
    pub total_bytes: u64,
    /// When the passages and the inside of the main file were counted; null when they have not been.
    pub counted_at: Option<String>,
}
