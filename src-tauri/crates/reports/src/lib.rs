//! Crash reports: what is recorded of a failure, what of it may leave, and whether it does.
//!
//! ```text
//!   panic, failure, error of the page
//!      └─► Failure ─► scrubbed ─┬─► crash.log, always
//!                               └─► held, at most once a day each ─► sent, once the person has agreed
//! ```
//!
//! A report is made of an allow-list of fields, [`FIELDS`]; no text of an error is among them. A panic's
//! message or an error's words may quote whatever was worked on, and no rule tells those that do
//! from those that don't, so none leaves: the kind of the failure and the place in our code say where to look.
//!
//! Everything lies in one folder of the person's own, apart from any memory: it has to hold when the memory can't be
//! opened. The folder is shared by all processes of the person, and each change is made under a lock.

// What the tests share speaks of this crate by its name, as it has to from outside.
#[cfg(test)]
extern crate self as oldgrowth_reports;

mod counts;
mod crash_log;
mod event;
mod failure;
mod held;
mod page;
mod panics;
mod place;
mod reports;
mod salt;
mod scrub;
mod sending;
mod settings;
mod system;

pub use failure::Failure;
pub use page::{PageFailure, PageFailureKind, PageFrame};
pub use reports::{Error, HeldReport, Opened, Parts, Reports, Sender, View};
pub use scrub::FIELDS;
pub use settings::Consent;
