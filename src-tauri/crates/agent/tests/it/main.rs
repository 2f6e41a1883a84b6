//! The command line as its users meet it: real processes, real files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up should fail the test"
)]

mod bad_input;
mod commands;
mod kill;
mod locks;
mod owners;
mod support;
