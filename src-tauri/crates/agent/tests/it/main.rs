//! The command line as its users meet it: real processes, real files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failed set-up should fail the test"
)]

mod activity;
mod answers;
#[cfg(target_os = "linux")]
mod bad_input;
mod branches;
mod commands;
mod copies;
mod doctor;
#[cfg(target_os = "linux")]
mod doctor_faults;
#[cfg(target_os = "linux")]
mod full_disk;
mod kill;
#[cfg(target_os = "linux")]
mod locks;
#[cfg(target_os = "linux")]
mod models;
#[cfg(target_os = "linux")]
mod moving;
#[cfg(target_os = "linux")]
mod names;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod open_reports;
mod owners;
#[cfg(target_os = "linux")]
mod person;
#[cfg(target_os = "linux")]
mod read_only;
#[cfg(target_os = "linux")]
mod reports;
mod sources;
mod support;
