//! Where the memory lives, and its move to another folder.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A folder, by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Folder {
    pub folder: String,
}

/// Where the memory lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Place {
    pub folder: String,
    /// It is there. False while its disk isn't connected.
    pub there: bool,
    #[ts(type = "number")]
    pub bytes: u64,
    /// The folder that is used when nobody has chosen one.
    pub usual: String,
    /// Why the memory can't be moved from here, in plain words; null when it can.
    pub fixed: Option<String>,
    /// It lies on another disk than the usual folder.
    pub other_disk: bool,
    /// Copies that moves have left.
    pub left: Vec<CopyLeft>,
    /// The move that is under way.
    pub moving: Option<MoveProgress>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CopyLeftKind {
    /// The memory as it was when it was moved away from there.
    Old,
    /// What a move that was cut short had copied.
    Half,
}

/// A copy that a move has left. It is never used or removed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CopyLeft {
    pub folder: String,
    pub kind: CopyLeftKind,
    /// It is there. False while its disk isn't connected.
    pub there: bool,
    #[ts(type = "number")]
    pub bytes: u64,
    pub moved_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MoveStage {
    /// The work at hand ends, and the store closes.
    Closing,
    Copying,
    /// The copy is read again, compared, and opened.
    Proving,
    Opening,
}

/// How far a move has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MoveProgress {
    pub stage: MoveStage,
    pub to: String,
    /// In bytes copied and bytes read again; 0 of 0 while nobody knows.
    #[ts(type = "number")]
    pub done: u64,
    #[ts(type = "number")]
    pub of: u64,
    #[ts(type = "number | null")]
    pub bytes_per_second: Option<u64>,
    #[ts(type = "number | null")]
    pub eta_seconds: Option<u64>,
}

/// Why the memory can't be moved to a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MoveProblem {
    /// It lives there already.
    SamePlace,
    /// The folder lies in the memory's own.
    InsideItself,
    /// The memory's own folder lies in this one.
    AroundItself,
    NotAFolder,
    /// There are files in it.
    NotEmpty,
    /// Another memory lives there; it can be opened instead.
    OtherMemory,
    /// It holds a copy that a move has left; that can be removed first.
    CopyLeft,
    /// It may not be written there.
    ReadOnly,
    NoRoom,
    /// The system can't make or find it.
    Unusable,
    /// The memory can't be moved from where it is.
    Fixed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MoveRefusal {
    pub problem: MoveProblem,
    pub message: String,
    pub hint: Option<String>,
}

/// What speaks against a folder, and forbids nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MoveWarning {
    /// It lies on another machine.
    Network,
    /// A program keeps it the same as a copy elsewhere.
    SyncFolder,
    /// It lies on another disk than the usual folder, which may not always be connected.
    OtherDisk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MoveWhat {
    Store,
    Backups,
    KeptAside,
    Settings,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MoveItem {
    pub what: MoveWhat,
    pub files: u32,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What a move would do. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MovePlan {
    pub from: String,
    pub to: String,
    pub refusal: Option<MoveRefusal>,
    pub warnings: Vec<MoveWarning>,
    pub items: Vec<MoveItem>,
    #[ts(type = "number")]
    pub bytes: u64,
    /// With what stays free for writing.
    #[ts(type = "number | null")]
    pub needed_bytes: Option<u64>,
    #[ts(type = "number | null")]
    pub free_bytes: Option<u64>,
    /// Files in the memory's folder that are not its own, and stay there.
    pub foreign_files: u32,
}
