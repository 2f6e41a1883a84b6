use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Batch, CopyProgress, FixProgress, MoveProgress, Status, Work};

/// What the owner of a workspace tells its listeners, after it has become true. Events carry state,
/// not differences: losing one costs at most a late refresh, and an older `seq` is to be ignored.
/// Each kind is sent at most four times a second, and how it ended always; of `Committed`, each one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum Event {
    /// Some component's health changed.
    Health(Status),
    /// An import moved on.
    Batch(Batch),
    /// What an import would do is being looked up; so many items have been found.
    Plan { found: u32 },
    /// A backup, its check or a restore moved on.
    Copy(CopyProgress),
    /// Backups or what is kept aside changed, and nothing of that kind is under way any more.
    CopiesChanged,
    /// The move of the memory to another folder went on. At most a few a second are sent.
    Move(MoveProgress),
    /// No move is under way any more: the memory lives in its new folder, or still in the old one.
    PlaceChanged,
    /// Crash reports were made, sent or deleted, or somebody chose whether they may be sent.
    CrashReportsChanged,
    /// Another computer was called, or somebody went offline or online.
    NetworkChanged,
    /// Somebody chose a model of a server, or what it may do, or no longer.
    ModelsChanged,
    /// Documents, passages or summaries were added; lists and counts may be stale.
    MemoryChanged {
        #[ts(type = "number")]
        seq: u64,
    },
    /// Passages were looked through for what they name; the list of names may be stale.
    NamesChanged,
    /// A fix moved on.
    Fix(FixProgress),
    /// What runs, waits or failed has changed, or whether the work is paused.
    Work(Work),
    /// One document of an import is committed, durable and searchable.
    Committed {
        batch: String,
        document: String,
        path: String,
        /// Of a conversation: its title. Many share a path.
        conversation: Option<String>,
        sha256: String,
        chunks: u32,
    },
}
