//! Tests that break things on purpose, many thousand times, and count what was lost. Each suite is
//! a line in [`suites::ALL`]; `cargo run --release -p oldgrowth-testkit --bin torture` runs them.
//!
//! A suite gives its work to [`each_run`], which numbers the runs, gives each a folder and random
//! numbers of its own, ends what hangs, counts what panics and keeps the folder of a run that failed.

mod breaker;
mod children;
mod classes;
mod crash;
mod day;
mod disk_full;
mod faulted;
pub mod flips;
mod options;
mod oracle;
mod process;
mod report;
mod runs;
mod starvation;
pub mod suites;
mod t14_upgrades;
mod t14_versions;
mod t1_faults;
mod t2_copies;
mod t2_recovery;
mod t3_power;
mod t4_kill;
mod t4_migrate;
#[cfg(unix)]
mod t5_bad_files;
#[cfg(unix)]
mod t5_states;
mod t6_flips;
#[cfg(target_os = "linux")]
mod t7_calls;
#[cfg(target_os = "linux")]
mod t7_locks;
#[cfg(target_os = "linux")]
mod t7_stranger;
mod t8_churn;
mod work;

pub use options::{Options, Sabotage};
pub use report::{Breach, Failure, Report};
pub use runs::{Run, each_run, work_at_once};

/// A way to break things, and what must hold all the same.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// One word, as it is named on the command line.
    pub name: &'static str,
    /// One line for the table.
    pub what: &'static str,
    /// Runs of the form that every commit must stand.
    pub short_runs: u64,
    pub long_runs: u64,
    pub run: fn(&Options) -> Report,
}

/// A process that a suite starts and may kill: the torture program itself, called as
/// `torture child <name> <arguments>`.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    pub name: &'static str,
    pub run: fn(&[String]) -> std::process::ExitCode,
}
