//! The registry: a line for each suite, and one for each process that a suite starts.

#[cfg(unix)]
use super::t5_bad_files;
use super::{
    Child, Suite, breaker, children, day, disk_full, starvation, t1_faults, t2_copies, t2_recovery,
    t3_power, t4_kill, t4_migrate, t6_flips, t8_churn, t14_upgrades,
};
#[cfg(target_os = "linux")]
use super::{t7_locks, t7_stranger};

pub const ALL: &[Suite] = &[
    t1_faults::SUITE,
    t2_recovery::SUITE,
    t2_copies::SUITE,
    t3_power::SUITE,
    t4_kill::ALONE,
    t4_kill::BESIDE,
    t4_kill::BACKING_UP,
    t4_kill::RESTORING,
    t4_migrate::SUITE,
    #[cfg(unix)]
    t5_bad_files::SUITE,
    t6_flips::SUITE,
    #[cfg(target_os = "linux")]
    t7_locks::SUITE,
    t8_churn::SUITE,
    breaker::SUITE,
    disk_full::SUITE,
    starvation::SUITE,
    day::SUITE,
    t14_upgrades::SUITE,
];

pub const CHILDREN: &[Child] = &[
    children::KEEPER,
    children::MIGRATOR,
    children::BACKER,
    children::RESTORER,
    children::CHURNER,
    children::FOREIGNER,
    t14_upgrades::UPGRADER,
    #[cfg(unix)]
    t5_bad_files::VISITOR,
    #[cfg(target_os = "linux")]
    t7_stranger::PASSER_BY,
];
