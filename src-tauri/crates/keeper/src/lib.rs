//! Keeps SQLite files alive: one open per file and process, one writer, a few readers, a breaker in
//! front of a file that fails, and a state of health that is always true.
//!
//! Start with [`Keeper::file`], then [`KeptFile::read`] and [`KeptFile::write`].

mod ambient;
mod backup;
mod breaker;
mod cache;
mod class;
mod copying;
mod create;
mod error;
mod facts;
mod fault;
mod file;
mod files;
mod health;
mod held;
mod hub;
mod lock;
mod migrate;
mod open;
mod opening;
mod place;
mod pool;
mod preserve;
mod quarantine;
mod queue;
mod raw;
mod restore;
mod rotation;
mod soundness;
mod stamp;
mod swap;
mod ticket;
mod tx;
mod verdict;
mod writer;

pub use ambient::{Ambient, Clock, Spawn};
pub use backup::{Backup, BackupKind, BackupManifest};
pub use breaker::BreakerState;
pub use cache::Keeper;
pub use class::Class;
pub use copying::Progress;
pub use error::{BadCopy, Error, Misplaced, PathProblem, QuarantineLimit};
pub use facts::{Checkpoint, Facts, JournalMode};
pub use file::{KeptFile, Lane};
pub use health::{Degraded, Health, HealthSnapshot};
pub use held::connection_is_held;
pub use lock::{Holder, LockError, WorkspaceLock};
pub use migrate::Schema;
pub use quarantine::{FileFacts, MadeBy, Manifest, QuarantineSet, Reason, SetState, WalFacts};
pub use restore::{Preview, Source, TablePreview};
pub use soundness::RowCounts;
pub use ticket::Ticket;
pub use tx::{ReadTx, WriteTx};

/// What tests that torture the keeper need of its inside.
#[cfg(feature = "torture")]
pub mod torture {
    pub use crate::fault::{Act, Plan, arm, disarm, visits};
}
