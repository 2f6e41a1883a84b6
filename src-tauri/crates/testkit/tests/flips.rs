//! Facts about flipped bits: the keeper stands them, and the suite finds what it is there to find.

use std::path::PathBuf;

use oldgrowth_testkit::torture::flips::{Options, Planted, run};

fn options(runs: u64, planted: Option<Planted>) -> Options {
    let in_memory = PathBuf::from("/dev/shm");
    Options {
        runs,
        seed: 6,
        only: number("FLIPS_ONLY"),
        workers: 2,
        scratch: if in_memory.is_dir() {
            in_memory
        } else {
            PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        },
        planted,
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// As many as a debug build does in a few seconds; `FLIPS=20000` asks for more, and `FLIPS_ONLY=7` for
/// one run again.
#[test]
fn flipped_bits_cost_no_more_than_what_they_hit() -> std::io::Result<()> {
    let report = run(&options(number("FLIPS").unwrap_or(150), None))?;
    println!(
        "median kept {}\n{report:#?}",
        report.median_kept(),
        report = oldgrowth_testkit::torture::flips::Report {
            kept_after_one_flip: Vec::new(),
            ..report.clone()
        }
    );
    assert!(report.holds(), "a bar was broken: {:#?}", report.failures);
    Ok(())
}

#[test]
fn a_salvage_that_stops_at_the_first_break_is_found() -> std::io::Result<()> {
    let report = run(&options(60, Some(Planted::StopsAtTheFirstBreak)))?;
    assert!(
        report.median_kept() < 9_900 && !report.holds(),
        "it loses what stands behind the break"
    );
    Ok(())
}

#[test]
fn a_scan_that_finds_nothing_is_found() -> std::io::Result<()> {
    let report = run(&options(60, Some(Planted::CallsAllClean)))?;
    assert!(
        report.verdicts_wrong > 0 && report.silent_losses > 0,
        "it lets the loss go by in silence"
    );
    Ok(())
}
