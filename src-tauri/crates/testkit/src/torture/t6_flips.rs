//! T6 as a line of the table.

use super::{Breach, Options, Report, Suite, flips};

pub(super) const SUITE: Suite = Suite {
    name: "flips",
    what: "T6, flipped bits",
    short_runs: flips::SHORT_RUNS,
    long_runs: flips::LONG_RUNS,
    run,
};

/// No run has this number: what is told is of all of them.
const ALL_RUNS: u64 = 0;

fn run(options: &Options) -> Report {
    let flipped = flips::run(&flips::Options {
        runs: options.runs,
        seed: options.seed,
        workers: options.workers,
        scratch: options.scratch.clone(),
        planted: None,
        only: options.only,
    });
    match flipped {
        Ok(found) => in_the_table(&found),
        Err(error) => {
            let mut report = Report::one_run();
            report.fail(ALL_RUNS, Breach::Other, error.to_string());
            report
        }
    }
}

fn in_the_table(found: &flips::Report) -> Report {
    let mut report = Report {
        runs: found.runs,
        faults: found.runs,
        lost: found.fewer_than_native + found.silent_losses,
        corrupt: found.unsound + found.false_rows,
        panics: found.panics,
        broken: found.errors,
        ..Report::default()
    };
    for failure in &found.failures {
        report.fail_named(failure);
    }
    if !found.holds() && report.holds() {
        report.fail(
            ALL_RUNS,
            Breach::Other,
            "a verdict was wrong, or too few rows were got back",
        );
    }
    let percent = |hundredths: u64| format!("{}.{:02} %", hundredths / 100, hundredths % 100);
    report.note(format!(
        "{} of the rows got back after one flipped bit in a frame, median",
        percent(found.median_kept())
    ));
    report.note(format!("{} verdicts wrong", found.verdicts_wrong));
    let sampled = found.sampled;
    if sampled.runs > 0 {
        report.note(format!(
            "of {} rows in a sample of {}: {} by SQLite, {} by .recover, {} by us",
            sampled.all, sampled.runs, sampled.native, found.recover_rows, sampled.salvaged
        ));
    }
    report
}
