//! Facts about the suites that torture the keeper: it stands their short forms, and each of them finds
//! the bugs it is there for when they are planted.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::path::PathBuf;

use oldgrowth_testkit::torture::{Options, Report, Sabotage, suites};

struct Tried {
    report: Report,
    kept: tempfile::TempDir,
}

fn torture(suite: &str, runs: u64, sabotage: Option<Sabotage>) -> Tried {
    let kept = tempfile::tempdir().unwrap();
    let mut options = Options::here(runs, 7).unwrap();
    options.program = PathBuf::from(env!("CARGO_BIN_EXE_torture"));
    options.kept = kept.path().to_path_buf();
    options.sabotage = sabotage;
    let suite = suites::ALL
        .iter()
        .find(|known| known.name == suite)
        .unwrap();
    Tried {
        report: (suite.run)(&options),
        kept,
    }
}

fn stands(suite: &str, runs: u64) {
    let tried = torture(suite, runs, None);
    assert!(
        tried.report.holds(),
        "every bar holds: {:?}",
        tried.report.failures
    );
    assert!(
        tried.report.runs >= runs && tried.report.faults > 0 && tried.report.acknowledged > 0,
        "and something was at stake: {:?}",
        tried.report
    );
}

fn finds(suite: &str, runs: u64, sabotage: Sabotage) -> Tried {
    let tried = torture(suite, runs, Some(sabotage));
    assert!(
        tried.report.lost > 0,
        "{sabotage:?} loses what was acknowledged, and {suite} sees it"
    );
    tried
}

#[test]
fn the_keeper_stands_a_failure_of_any_call() {
    stands("faults", 250);
}

#[test]
fn the_keeper_stands_a_failure_while_it_takes_over() {
    stands("recovery", 250);
}

#[test]
fn the_keeper_stands_a_loss_of_power() {
    stands("power", 600);
}

#[test]
fn the_keeper_stands_being_killed() {
    stands("kill", 15);
    stands("kill-beside", 15);
    stands("kill-migrating", 15);
}

#[test]
fn the_keeper_stands_a_failure_while_it_copies_and_restores() {
    stands("copies", 200);
}

#[test]
fn the_keeper_stands_being_killed_while_it_copies_and_restores() {
    stands("kill-backing-up", 20);
    stands("kill-restoring", 20);
}

#[cfg(unix)]
#[test]
fn no_bad_file_makes_the_keeper_lose_what_is_left() {
    stands("bad-files", 100);
}

#[test]
fn no_upgrade_leaves_half_a_version() {
    stands("upgrades", 60);
}

#[cfg(target_os = "linux")]
#[test]
fn no_function_of_the_keeper_drops_its_locks() {
    stands("locks", 1);
}

#[test]
fn processes_at_once_are_told_of_no_failure() {
    stands("churn", 1);
}

#[test]
fn a_deleted_wal_is_noticed() {
    finds("faults", 250, Sabotage::DeleteWal);
    finds("kill", 10, Sabotage::DeleteWal);
}

#[cfg(unix)]
#[test]
fn a_wal_deleted_beside_a_bad_file_is_noticed() {
    finds("bad-files", 20, Sabotage::DeleteWal);
}

#[test]
fn a_step_outside_a_transaction_is_noticed() {
    let tried = torture("upgrades", 30, Some(Sabotage::StepOutside));
    assert!(
        tried.report.corrupt > 0,
        "half of a step is there after a kill: {:?}",
        tried.report.failures
    );
}

#[test]
fn an_acknowledgement_before_the_commit_is_noticed() {
    finds("faults", 100, Sabotage::AckEarly);
    finds("kill", 40, Sabotage::AckEarly);
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    finds("power", 300, Sabotage::SkipSync);
}

#[test]
fn dropped_locks_are_noticed() {
    let tried = torture("kill-beside", 20, Some(Sabotage::DropLocks));
    assert!(
        !tried.report.holds(),
        "another process takes the WAL away under its writer"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn locks_dropped_by_a_function_are_noticed_at_once() {
    let tried = torture("locks", 1, Some(Sabotage::DropLocks));
    let first = tried.report.failures.first();
    assert!(
        first.is_some_and(|failure| failure.what.contains("no lock on")),
        "before they do any harm: {first:?}"
    );
}

#[test]
fn a_failed_run_is_kept_with_the_way_to_repeat_it() {
    let tried = finds("power", 200, Sabotage::SkipSync);
    let image = std::fs::read_dir(tried.kept.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let replay = std::fs::read_to_string(image.join("replay.txt")).unwrap();
    assert!(
        replay.starts_with("torture power --seed 7 --only ")
            && replay.contains("--sabotage skip-sync"),
        "the command that does it again: {replay}"
    );
    assert!(
        image.join("failed").is_dir(),
        "the files are there as the crash left them"
    );
}
