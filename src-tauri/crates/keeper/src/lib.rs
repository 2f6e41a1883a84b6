//! Keeps SQLite files alive: one open per file and process, one writer, a few readers, a breaker in
//! front of a file that fails, and a state of health that is always true.
//!
//! Start with [`Keeper::file`], then [`KeptFile::read`] and [`KeptFile::write`].

mod ambient;
mod breaker;
mod cache;
mod class;
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
mod queue;
mod raw;
mod salvage;
mod ticket;
mod tx;
mod verdict;
mod wal;
mod writer;

pub use ambient::{Ambient, Clock, Spawn};
pub use breaker::BreakerState;
pub use cache::Keeper;
pub use class::Class;
pub use error::{Error, Misplaced, PathProblem};
pub use facts::{Checkpoint, Facts, JournalMode};
pub use file::{KeptFile, Lane};
pub use health::{Degraded, Health, HealthSnapshot};
pub use held::connection_is_held;
pub use lock::{Holder, LockError, WorkspaceLock};
pub use migrate::Schema;
pub use salvage::{LostRange, Rung, Salvaged, SalvagedTable, salvage};
pub use ticket::Ticket;
pub use tx::{ReadTx, WriteTx};

/// What tests that torture the keeper need of its inside.
#[cfg(feature = "torture")]
pub mod torture {
    pub use crate::fault::{Act, Plan, arm, disarm, visits};
    pub use crate::wal::look::{WalSeen, look_at_wal};
}
