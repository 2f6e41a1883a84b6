//! Facts about the suites that hold the keeper to its limits: it stands their short forms, and each of
//! them finds a bug that is planted for it.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use oldgrowth_testkit::torture::{Options, Report, Sabotage, suites};

fn torture(suite: &str, runs: u64, sabotage: Option<Sabotage>) -> Report {
    let kept = tempfile::tempdir().unwrap();
    let mut options = Options::here(runs, 11).unwrap();
    options.kept = kept.path().to_path_buf();
    options.sabotage = sabotage;
    let suite = suites::ALL
        .iter()
        .find(|known| known.name == suite)
        .unwrap();
    (suite.run)(&options)
}

fn stands(suite: &str, runs: u64) {
    let report = torture(suite, runs, None);
    assert!(report.holds(), "every bar holds: {:?}", report.failures);
    assert!(
        skipped(&report) || (report.faults > 0 && report.acknowledged > 0),
        "and something was at stake: {report:?}"
    );
}

fn finds(suite: &str, runs: u64, sabotage: Sabotage) {
    let report = torture(suite, runs, Some(sabotage));
    assert!(
        skipped(&report) || !report.holds(),
        "{suite} does not see {sabotage:?}: {report:?}"
    );
}

fn skipped(report: &Report) -> bool {
    report.notes.keys().any(|note| note.starts_with("skipped"))
}

#[test]
fn the_breaker_does_what_its_model_does() {
    stands("breaker", 20_000);
    finds("breaker", 1_000, Sabotage::ForgetProbe);
}

#[test]
fn a_full_disk_stops_nothing_but_jobs() {
    stands("disk-full", 20);
    finds("disk-full", 10, Sabotage::StayFull);
}

#[test]
fn a_reader_does_not_starve_the_writer() {
    stands("starvation", 1);
    finds("starvation", 1, Sabotage::KeepReading);
}

#[test]
fn a_fault_that_stays_costs_little_all_day() {
    stands("day", 3);
    finds("day", 1, Sabotage::AskAlways);
}
