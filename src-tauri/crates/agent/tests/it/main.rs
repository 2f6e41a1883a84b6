//! The command line as its users meet it: real processes, real files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failed set-up should fail the test"
)]

mod bad_input;
mod commands;
mod full_disk;
mod kill;
mod locks;
mod owners;
mod read_only;
mod support;
