//! Copies of the memory: backups, and what is kept aside.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BackupKind {
    /// By a person, or by the day.
    Recent,
    /// By itself, before a newer version changed how the memory is kept.
    BeforeUpdate,
}

/// How many rows a table of the store has. A person is told of `documents`, `chunks` (passages) and
/// `nodes` (summaries).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TableRows {
    pub table: String,
    #[ts(type = "number")]
    pub rows: u64,
}

/// A copy of the whole memory, made while it was in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Backup {
    pub id: String,
    pub path: String,
    pub made_at: String,
    /// Null, as are `rows`, when the note beside the copy can't be read.
    pub kind: Option<BackupKind>,
    pub rows: Option<Vec<TableRows>>,
    #[ts(type = "number")]
    pub bytes: u64,
    /// When all of it was last read and found sound; it is for the first time when it is made.
    pub verified_at: Option<String>,
    /// What is wrong with it, in plain words.
    pub problem: Option<String>,
}

/// Files that were kept aside before something was done about them, or because others took their
/// place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KeptAside {
    pub id: String,
    pub path: String,
    pub made_at: String,
    /// Why, in plain words.
    pub reason: String,
    /// A person's doing, not the keeper's own.
    pub by_person: bool,
    /// It may hold what is nowhere else; it never goes by itself.
    pub only_copy: bool,
    #[ts(type = "number")]
    pub bytes: u64,
    /// It holds a main file, so that it can be put back.
    pub restorable: bool,
}

/// Where backups stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Copies {
    /// Newest first.
    pub backups: Vec<Backup>,
    /// Newest first.
    pub kept_aside: Vec<KeptAside>,
    /// What is being made or put back at this moment.
    pub running: Option<CopyProgress>,
    /// Why the last try of today failed, in plain words.
    pub last_failure: Option<String>,
    /// The store waits for a person to choose: it can go on without what lies behind a damage in its
    /// log, or from a copy. How many changes lie there.
    pub damage: Option<u32>,
    /// The memory can be read, so that a copy of it can be made.
    pub readable: bool,
    /// The folder that holds the backups.
    pub folder: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CopyWork {
    /// A backup is being made.
    Backup,
    /// A backup is being read through, to prove it.
    Verify,
    /// A copy is being put in the memory's place, or written elsewhere.
    Restore,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CopyProgress {
    pub work: CopyWork,
    /// In pages of the store; 0 of 0 while nobody knows.
    pub done: u32,
    pub of: u32,
}

/// Where to write a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct BackupMake {
    /// An absolute path at which nothing is; null for the memory's own folder of backups.
    pub to: Option<String>,
}

/// A table of a copy, compared with the memory as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TablePreview {
    pub table: String,
    /// Null where the copy has no such table.
    #[ts(type = "number | null")]
    pub there: Option<u64>,
    /// Null where the memory has no such table, or can't be read.
    #[ts(type = "number | null")]
    pub here: Option<u64>,
    /// Rows of the memory that are newer than all of the copy's: they would be set aside.
    #[ts(type = "number")]
    pub newer_here: u64,
}

/// What restoring a copy would bring, and what it would set aside. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RestorePreview {
    pub id: String,
    pub made_at: Option<String>,
    pub schema_version: i32,
    /// It would be brought up to date on the way.
    pub is_older: bool,
    /// When the memory as it is was last written.
    pub here_written_at: Option<String>,
    /// The size of the files that would be set aside.
    #[ts(type = "number")]
    pub here_bytes: u64,
    pub tables: Vec<TablePreview>,
}

/// Writes a copy to another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct RestoreTo {
    pub id: String,
    /// An absolute path at which nothing is.
    pub to: String,
}

/// A copy has taken the memory's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Restored {
    /// Under this id what was replaced is kept aside, and can be restored.
    pub set_aside: String,
}
