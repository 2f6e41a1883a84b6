//! Keeps SQLite files alive: one open per file and process, one writer, a few readers, a breaker in
//! front of a file that fails, and a state of health that is always true.
//!
//! It knows nothing of what is in the file, so any program can keep its own with it; `examples/keep.rs`
//! is one. What it needs of the process, clocks and threads, is lent by an [`Ambient`].
//!
//! | to | call |
//! | --- | --- |
//! | find a file, without opening it | [`Keeper::file`] with its [`Schema`] |
//! | read on one snapshot, under a deadline | [`KeptFile::read`] |
//! | write, and know that it is on the disk | [`KeptFile::write`], [`KeptFile::submit`] and its [`Ticket`] |
//! | hold a read for long | [`KeptFile::reserve`] |
//! | know how it is | [`KeptFile::health`], [`KeptFile::on_health`], [`KeptFile::facts`] |
//! | copy it, and bring a copy back | [`KeptFile::backup`], [`KeptFile::preview`], [`KeptFile::restore`] |
//! | take it to another folder | [`relocate`] |
//! | see what was kept aside, and get out what is in it | [`KeptFile::quarantine`], [`salvage()`] |
//! | try at once what the breaker holds back | [`KeptFile::try_now`] |
//!
//! A file is opened when it is first used, and opened again after it has failed; [`decisions`] says what
//! is done about what is found. Errors have a [`Class`] that says what a caller can do, and hold no
//! texts of people. The process calls [`KeptFile::tick`] about once a minute and [`Keeper::resumed`] after
//! sleep.

mod ambient;
mod attached;
mod backup;
mod breaker;
mod cache;
mod care;
mod checkpoint;
mod class;
mod copying;
mod create;
mod decision;
mod disk;
mod error;
mod facts;
mod fault;
mod file;
mod files;
mod grade;
mod health;
mod held;
mod hub;
mod incident;
mod lock;
mod migrate;
#[cfg(feature = "torture")]
mod models;
mod open;
mod opening;
mod place;
mod platform;
mod pool;
mod preserve;
mod queue;
mod quote;
mod raw;
pub mod relocate;
mod reserve;
mod restore;
mod rights;
mod salvage;
mod split_brain;
mod swap;
mod tending;
mod ticket;
mod tx;
mod verdict;
mod wal;
mod watch;
mod writer;

pub use ambient::{Ambient, Clock, Spawn};
pub use backup::{Backup, BackupFacts, BackupKind};
pub use breaker::BreakerState;
pub use cache::Keeper;
pub use class::Class;
/// What is done about what is found on the disk, and about what SQLite says of it.
pub mod decisions {
    pub use crate::decision::{Action, Row, Rule, TABLE, for_failure};
}
pub use copying::{CopyProgress, read_copy};
pub use disk::{Room, Space};
pub use error::{BadCopy, Error, Misplaced, PathProblem};
pub use facts::{Checkpoint, Facts, JournalMode, OldestReader};
pub use file::{KeptFile, Lane};
pub use grade::{SqliteGrade, SqliteVerdict};
pub use health::{Degraded, Health, HealthSnapshot};
pub use held::connection_is_held;
pub use incident::Incident;
pub use lock::{Holder, LockError, WorkspaceLock};
pub use migrate::Schema;
pub use platform::volume::Volume;
pub use preserve::{KeptCopy, MadeBy, Manifest, Set, WalNote};
pub use reserve::{Canceller, Reservation, Reservations, Waiting};
pub use restore::{Preview, Source, TablePreview};
pub use rights::Rights;
pub use salvage::{LostRange, Rung, Salvaged, SalvagedTable, complete_salvaged, salvage};
pub use ticket::Ticket;
pub use tx::{ReadTx, WriteTx};

/// What tests that torture the keeper need of its inside.
#[cfg(feature = "torture")]
pub mod torture {
    pub use crate::fault::{Act, Plan, arm, disarm, pretend_volume, visits};
    pub use crate::models::{Admitted, LoneBreaker};
    pub use crate::wal::look::{WalSeen, look_at_wal};
}
