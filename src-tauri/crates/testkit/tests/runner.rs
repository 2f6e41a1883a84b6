//! Facts about the runner of the suites. They have a program of their own, because panics are counted
//! for a whole process.

use std::path::PathBuf;
use std::time::Duration;

use oldgrowth_testkit::torture::{Breach, Options, Report, each_run};

const LONG_ENOUGH: Duration = Duration::from_secs(60);

fn options(runs: u64, kept: PathBuf) -> std::io::Result<Options> {
    Ok(Options {
        kept,
        ..Options::here(runs, 3)?
    })
}

#[test]
fn what_goes_wrong_is_counted_by_its_kind() -> std::io::Result<()> {
    let kept = tempfile::tempdir()?;
    let options = options(40, kept.path().to_path_buf())?;

    let report = each_run("fine", &options, LONG_ENOUGH, |_| Report::one_run());
    assert!(report.holds(), "nothing is wrong with these");
    assert!(report.runs >= 40, "and all were done");

    let report = each_run("lost", &options, LONG_ENOUGH, |run| {
        let mut report = Report::one_run();
        if run.number == 7 {
            report.fail(run.number, Breach::Lost(2), "two");
        }
        report
    });
    assert_eq!(report.lost, 2, "what one run lost is in the sum");
    assert_eq!(
        report.failures.first().map(|failure| failure.run),
        Some(7),
        "with its number"
    );
    assert!(
        kept.path().join("lost-3-7").join("replay.txt").is_file(),
        "and its folder is kept"
    );

    let report = each_run("panic", &options, LONG_ENOUGH, |run| {
        assert_ne!(run.number, 5, "this run panics on purpose");
        Report::one_run()
    });
    assert_eq!(report.panics, 1, "a panic is counted");

    let report = each_run("hang", &options, Duration::from_millis(100), |run| {
        if run.number == 3 {
            loop {
                std::thread::park();
            }
        }
        Report::one_run()
    });
    assert_eq!(report.hangs, 1, "a run that does not end is left behind");
    assert!(!report.holds(), "and breaks the bar");
    Ok(())
}

#[test]
fn a_run_has_the_same_random_numbers_whenever_it_is_done() -> std::io::Result<()> {
    let options = options(1, PathBuf::new())?;
    assert_eq!(
        options.random_of(9).next(),
        options.random_of(9).next(),
        "its seed and number alone decide"
    );
    assert_ne!(
        options.random_of(9).next(),
        options.random_of(10).next(),
        "another run has others"
    );
    Ok(())
}
