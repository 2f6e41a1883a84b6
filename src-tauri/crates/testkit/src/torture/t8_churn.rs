//! T8: five processes open, write and close the same file at the same time, and some are killed. Nobody
//! may be told of a failure: what happens among the healthy is waiting.

use std::io;
use std::time::Duration;

use oldgrowth_keeper::Clock;

use super::children::CHURNER;
use super::oracle::SCHEMA;
use super::process::Process;
use super::t4_kill::KilledFile;
use super::{Breach, Options, Report, Run, Suite, each_run};
use crate::WallClock;

pub(super) const SUITE: Suite = Suite {
    name: "churn",
    what: "T8, five processes open, write, close and are killed",
    short_runs: 6,
    long_runs: 400,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(60);
const PROCESSES: usize = 5;
const STORM: Duration = Duration::from_millis(1_500);
const KILL_EVERY: Duration = Duration::from_millis(100);

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::one_run();
        if let Err(error) = storm(run, &mut report) {
            report.fail(run.number, Breach::Other, error.to_string());
        }
        report
    })
}

fn storm(run: &Run, report: &mut Report) -> io::Result<()> {
    let mut file = KilledFile::new(run, SCHEMA);
    file.reopen(run, report)?;
    let mut processes: Vec<Process> = (0..PROCESSES)
        .map(|_| file.start(run, CHURNER.name))
        .collect::<io::Result<_>>()?;
    // Every other storm has no kills, so that what they leave does not hide what is there without.
    let kills = run.number.is_multiple_of(2);
    let clock = WallClock::start();
    while clock.monotonic() < STORM {
        let mut process = processes.swap_remove(run.random.below(PROCESSES));
        process.listen_for(KILL_EVERY);
        if kills {
            file.kill(run, process, report)?;
            process = file.start(run, CHURNER.name)?;
        }
        processes.push(process);
    }
    for process in processes {
        file.kill(run, process, report)?;
    }
    file.reopen(run, report)
}
