//! The memory's tables, on the keeper.
//!
//! Only this crate knows that the store is SQLite. Reading and writing are different types: a
//! [`Write`] can do all that a [`Read`] can. Work on the store is a synchronous closure, so that
//! nothing can wait for a model or the network while a connection is held.

pub mod copies;
mod error;
mod health;
mod keys;
mod open;
mod salvaged;
pub mod table;
mod tx;

pub use error::{Error, Result};
pub use keys::{
    BatchKey, BufferKey, ChunkKey, DocumentKey, EntityKey, JobKey, NodeKey, SourceKey, TreeKey,
    VectorKey,
};
pub use oldgrowth_keeper::{
    Ambient, Canceller, Class, Clock, Degraded, Facts, Health, HealthSnapshot, Holder, Incident,
    Lane, LockError, Misplaced, PathProblem, Reservation, Reservations, Rights, Spawn, SqliteGrade,
    SqliteVerdict, Volume, Waiting, WorkspaceLock, connection_is_held,
};
pub use open::{Pending, SCHEMA_VERSION, Store};
pub use tx::{Read, Write};
