//! T4: processes are killed at any moment. What they said was kept is there for the next one.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oldgrowth_keeper::{Clock, Schema};

use super::children::{BACKER, FOREIGNER, Job, KEEPER, RESTORER};
use super::oracle::{
    DATABASE, Found, ROWS_PER_PRODUCER_MAX, SCHEMA, has_gaps, judge, look_everywhere, real_keeper,
};
use super::process::{Heard, Process};
use super::work::every_backup_is_whole;
use super::{Breach, Report, Run, Sabotage, Suite, each_run};

pub(super) const ALONE: Suite = Suite {
    name: "kill",
    what: "T4a, the process is killed",
    short_runs: 500,
    long_runs: 5_000,
    run: |options| each_run("kill", options, RUN_TAKES_MAX, |run| one_file(run, false)),
};

pub(super) const BESIDE: Suite = Suite {
    name: "kill-beside",
    what: "T4b, the process is killed beside one that knows only SQLite",
    short_runs: 300,
    long_runs: 5_000,
    run: |options| {
        each_run("kill-beside", options, RUN_TAKES_MAX, |run| {
            one_file(run, true)
        })
    },
};

pub(super) const BACKING_UP: Suite = Suite {
    name: "kill-backing-up",
    what: "T4d, the process is killed while it makes backups",
    short_runs: 200,
    long_runs: 5_000,
    run: |options| {
        each_run("kill-backing-up", options, RUN_TAKES_MAX, |run| {
            one_kill(run, BACKER.name)
        })
    },
};

pub(super) const RESTORING: Suite = Suite {
    name: "kill-restoring",
    what: "T4e, the process is killed while a backup takes the place of the file",
    short_runs: 200,
    long_runs: 5_000,
    run: |options| {
        each_run("kill-restoring", options, RUN_TAKES_MAX, |run| {
            one_kill(run, RESTORER.name)
        })
    },
};

/// A run is a file with all its kills.
const RUN_TAKES_MAX: Duration = Duration::from_secs(120);
const KILLS_PER_FILE: u64 = 25;
const LIFE_MICROS_MAX: usize = 45_000;
/// Every so many kills the next process opens the file as the one before left it.
const UNSEEN_EVERY: usize = 4;
const REOPEN_MAX: Duration = Duration::from_secs(5);

fn one_file(run: &Run, beside: bool) -> Report {
    let mut report = Report::default();
    let mut file = KilledFile::new(run, SCHEMA);
    let kills = KILLS_PER_FILE.min(run.options.runs);
    let done = (0..kills).try_for_each(|kill| {
        report.runs += 1;
        if beside {
            file.kill_beside(run, kill, &mut report)
        } else {
            file.kill_alone(run, kill, &mut report)
        }
    });
    if let Err(error) = done.and_then(|()| file.reopen(run, &mut report)) {
        report.fail(run.number, Breach::Other, error.to_string());
    }
    report
}

/// The first file of one process. After a restore its later rows lie in quarantine.
fn one_kill(run: &Run, child: &str) -> Report {
    let mut report = Report::one_run();
    let mut file = KilledFile::new(run, SCHEMA);
    let done = file
        .start(run, child)
        .and_then(|mut process| {
            process.listen_for(any_life(run));
            file.kill(run, process, &mut report)
        })
        .and_then(|()| file.reopen(run, &mut report))
        // What the first open had to settle is settled.
        .and_then(|()| file.reopen(run, &mut report));
    if let Err(error) = done {
        report.fail(run.number, Breach::Other, error.to_string());
    }
    if run.folder.join("restore.json").exists() {
        report.fail(run.number, Breach::Other, "a swap is still under way");
    }
    let sets = std::fs::read_dir(run.folder.join("quarantine")).map_or(0, Iterator::count);
    report.note(format!("{sets} sets in quarantine"));
    report
}

/// A file, and what the processes that wrote to it have said.
pub(super) struct KilledFile {
    pub(super) path: PathBuf,
    pub(super) schema: Schema,
    pub(super) producers: BTreeSet<i64>,
    pub(super) acknowledged: BTreeSet<i64>,
    pub(super) next_producer: i64,
}

impl KilledFile {
    pub(super) fn new(run: &Run, schema: Schema) -> KilledFile {
        KilledFile {
            path: run.folder.join(DATABASE),
            schema,
            producers: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            next_producer: 0,
        }
    }

    pub(super) fn start(&mut self, run: &Run, child: &str) -> io::Result<Process> {
        let producer = self.next_producer;
        self.next_producer += 1;
        self.producers.insert(producer);
        let job = Job {
            database: self.path.clone(),
            salt: run.options.seed,
            producer,
            sabotage: run.options.sabotage,
        };
        Process::start(&run.options, child, &job.arguments())
    }

    /// Kills it, and believes what it said.
    pub(super) fn kill(
        &mut self,
        run: &Run,
        process: Process,
        report: &mut Report,
    ) -> io::Result<()> {
        let heard = process.kill()?;
        report.faults += u64::from(heard.ended.is_none());
        self.believe(run, &heard, report);
        Ok(())
    }

    pub(super) fn believe(&mut self, run: &Run, heard: &Heard, report: &mut Report) {
        report.acknowledged += heard.acknowledged.len() as u64;
        self.acknowledged.extend(&heard.acknowledged);
        for failure in &heard.failures {
            report.fail(run.number, Breach::Other, failure);
        }
        if let (Some(status), []) = (heard.ended, heard.failures.as_slice()) {
            let what = format!("a process ended by itself: {status}");
            report.fail(run.number, Breach::Panic, what);
        }
    }

    fn kill_alone(&mut self, run: &Run, kill: u64, report: &mut Report) -> io::Result<()> {
        let mut process = self.start(run, KEEPER.name)?;
        process.listen_for(any_life(run));
        self.kill(run, process, report)?;
        if run.random.below(UNSEEN_EVERY) > 0 || kill == 0 {
            self.reopen(run, report)?;
        }
        Ok(())
    }

    fn kill_beside(&mut self, run: &Run, kill: u64, report: &mut Report) -> io::Result<()> {
        if kill == 0 {
            // The other one knows no schema, so the file must be there first.
            self.reopen(run, report)?;
        }
        let mut owner = self.start(run, KEEPER.name)?;
        let foreigner = self.start(run, FOREIGNER.name)?;
        owner.listen_for(any_life(run));
        if run.random.below(2) == 0 {
            self.kill(run, foreigner, report)?;
            owner.listen_for(any_life(run) / 4);
            self.kill(run, owner, report)?;
            return self.reopen(run, report);
        }
        self.kill(run, owner, report)?;
        // The other one is still at work when the next keeper comes.
        self.reopen(run, report)?;
        self.kill(run, foreigner, report)?;
        self.reopen(run, report)
    }

    /// The next keeper opens it at the first try, and all that was said is so.
    pub(super) fn reopen(&self, run: &Run, report: &mut Report) -> io::Result<()> {
        if run.options.sabotage == Some(Sabotage::DeleteWal) {
            let mut wal = self.path.clone().into_os_string();
            wal.push("-wal");
            // There is none if the process did not come so far.
            std::fs::remove_file(wal).ok();
        }
        let (keeper, clock) = real_keeper();
        let found = keeper
            .file(&self.path, self.schema)
            .map_err(|error| format!("{error:?}"))
            .and_then(|file| {
                let found = look_everywhere(&file, run.options.seed)?;
                every_backup_is_whole(&file)?;
                Ok(found)
            });
        let took = clock.monotonic();
        report.reopened_in(took);
        if took > REOPEN_MAX {
            let what = format!("reopening took {} ms", took.as_millis());
            report.fail(run.number, Breach::Hang, what);
        }
        keeper.shut_down();
        match found {
            Ok(found) => self.compare(run, &found, report),
            Err(error) => {
                let what = format!("it does not open again: {error}");
                report.fail(run.number, Breach::Other, what);
            }
        }
        Ok(())
    }

    pub(super) fn compare(&self, run: &Run, found: &Found, report: &mut Report) {
        let tried = |id| self.producers.contains(&(id / ROWS_PER_PRODUCER_MAX));
        judge(run.number, tried, &self.acknowledged, found, report);
        if has_gaps(found) {
            report.fail(run.number, Breach::Other, "a later row without an earlier");
        }
    }
}

pub(super) fn any_life(run: &Run) -> Duration {
    Duration::from_micros(run.random.below(LIFE_MICROS_MAX) as u64)
}

pub(super) fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to).map(drop)
}
