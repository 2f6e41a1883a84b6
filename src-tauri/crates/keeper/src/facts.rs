//! What the doctor may know without opening anything.

use std::path::PathBuf;
use std::time::Duration;

use crate::breaker::BreakerState;
use crate::grade::SqliteGrade;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// For the person themself; it does not go into logs or reports.
    pub path: PathBuf,
    /// `None` also where a folder has the name.
    pub main_bytes: Option<u64>,
    pub wal_bytes: Option<u64>,
    pub shm_bytes: Option<u64>,
    /// Of the volume, for this user. `None` where the system does not say.
    pub free_bytes: Option<u64>,
    /// So many must be free for jobs to write; more while they wait for space. `None` where the system does not say.
    pub needed_bytes: Option<u64>,
    /// Nobody can write to the volume while it is so.
    pub read_only_volume: bool,
    /// Too little is free, so writes of the background lane are refused for now.
    pub jobs_paused: bool,
    pub sqlite_version: &'static str,
    /// Whether that version is fit for use.
    pub sqlite: SqliteGrade,
    /// As of the last open.
    pub schema_version: Option<i32>,
    /// `None` while no connection is open.
    pub journal_mode: Option<JournalMode>,
    pub breaker: BreakerState,
    /// Attempts to open the file since the start, failed ones included.
    pub opens: u64,
    /// Connections made by them and by the readers.
    pub connections: u64,
    /// Transactions that were committed.
    pub writes: u64,
    pub evictions: u64,
    /// Calls refused while the file was unavailable.
    pub refused: u64,
    /// Folders and files whose rights were too wide and were narrowed.
    pub rights_repaired: u64,
    pub last_checkpoint: Option<Checkpoint>,
    /// Checkpoints in a row, up to the last one, that left something in the WAL.
    pub incomplete_checkpoints: u32,
    /// Who has read for longest, and so keeps the WAL from being emptied.
    pub oldest_reader: Option<OldestReader>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldestReader {
    /// The lane, or the label of the reservation.
    pub label: &'static str,
    pub age: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalMode {
    Wal,
    /// Without shared memory: one connection serves everybody.
    WalExclusive,
    /// A rollback journal, where shared memory does not work: one connection serves everybody.
    RollbackExclusive,
}

/// What a checkpoint said of itself, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub busy: bool,
    pub log: i64,
    pub checkpointed: i64,
    /// The code of its failure, which no writer is told of.
    pub failed: Option<i32>,
}

impl Checkpoint {
    /// Nothing is left in the WAL that is not in the file.
    pub fn is_complete(&self) -> bool {
        self.failed.is_none() && !self.busy && self.checkpointed >= self.log
    }
}
