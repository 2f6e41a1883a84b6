//! Reports as their person meets them: real folders, real panics, a real listener.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod consent;
mod limits;
mod open_reports;
mod panics;
mod sending;
mod support;
