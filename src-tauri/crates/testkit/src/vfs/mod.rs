//! A file system for SQLite that fails on command and remembers what was written.
//!
//! It stands between SQLite and the system's own file system as the default of the process, so that
//! the keeper meets it without knowing. It acts only on files below a folder that a run has claimed
//! with [`Claim::of`]; all others pass through. Each call on a claimed file is counted, may be made
//! to fail by number, and is remembered if the claim records.

mod claim;
mod event;
mod fault;
mod shim;

pub use claim::{Claim, Fired};
pub use event::Event;
pub use fault::{Call, Fault, How};
