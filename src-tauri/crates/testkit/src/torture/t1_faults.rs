//! T1: each call that the keeper's work makes to the file system fails in turn. What was acknowledged
//! must be there when the disk is well again, and each failure must have been given its right class.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Ambient, Clock, Error, Keeper, KeptFile, Lane};
use parking_lot::Mutex;

use super::classes;
use super::oracle::{
    Oracle, SCHEMA, checkpoint_every, id_of, look_through, real_keeper, write_row,
};
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};
use crate::vfs::{Claim, Fault, Fired, How};
use crate::{FakeClock, Threads};

pub(super) const SUITE: Suite = Suite {
    name: "faults",
    what: "T1, each call to the file system fails",
    short_runs: 4_000,
    long_runs: 20_000,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(10);
const PRODUCERS: i64 = 4;
const ROUNDS_PER_PRODUCER: i64 = 5;
const ROWS_PER_ROUND: i64 = 2;
/// What the breaker waits at most while it has seen few failures.
const BREAKER_WAIT: Duration = Duration::from_secs(31);
/// Every so many runs one writes enough for the keeper to move the WAL into the file by itself.
const LARGE_EVERY: u64 = 20;
const LARGE_BYTES: usize = 4_400_000;
/// Pages after which SQLite itself does, so that small runs meet it as well.
const SMALL_CHECKPOINT_PAGES: i64 = 20;

/// The ways to fail a call, each tried at every one.
const WAYS: u64 = 5;

fn run(options: &Options) -> Report {
    let counted = match [false, true].map(|large| calls_of_a_clean_run(options, large)) {
        [Ok(small), Ok(large)] => [small, large],
        [Err(error), _] | [_, Err(error)] => {
            let mut report = Report::default();
            report.fail(0, Breach::Other, format!("a clean run failed: {error}"));
            return report;
        }
    };
    let mut report = each_run(SUITE.name, options, RUN_TAKES_MAX, move |run| {
        one_run(run, counted)
    });
    let [small, large] = counted;
    report.note(format!("clean runs make {small} calls, large ones {large}"));
    report
}

fn calls_of_a_clean_run(options: &Options, large: bool) -> std::io::Result<u64> {
    let folder = tempfile::tempdir_in(&options.scratch)?;
    let claim = Claim::of(folder.path())?;
    claim.sync_in_name_only();
    claim.arm(&[]);
    let work = Work::new(folder.path(), options.seed, large, None);
    work.all();
    if work.errors.lock().is_empty() {
        Ok(claim.calls())
    } else {
        Err(std::io::Error::other("it met errors"))
    }
}

fn one_run(run: &Run, counted: [u64; 2]) -> Report {
    let mut report = Report::one_run();
    let claim = match Claim::of(&run.folder) {
        Ok(claim) => claim,
        Err(error) => {
            report.fail(run.number, Breach::Other, error.kind().to_string());
            return report;
        }
    };
    claim.sync_in_name_only();
    let large = run.number % LARGE_EVERY == LARGE_EVERY - 1;
    let [small_calls, large_calls] = counted;
    let calls = if large { large_calls } else { small_calls };
    let faults = faults_of(run, large, calls);
    claim.arm(&faults);
    let work = Work::new(&run.folder, run.options.seed, large, run.options.sabotage);
    work.all();
    let fired = claim.fired();
    claim.disarm();
    report.faults += fired.len() as u64;
    judge_classes(run, &faults, &fired, &work, &mut report);
    work.reopen(run, &mut report);
    report
}

/// In order through all calls and ways, then at random.
fn faults_of(run: &Run, large: bool, calls: u64) -> Vec<Fault> {
    let calls = usize::try_from(calls).unwrap_or(usize::MAX).max(1);
    let any = || 1 + run.random.below(calls) as u64;
    let in_turn = run.number / WAYS;
    let at = if large || in_turn >= calls as u64 {
        any()
    } else {
        1 + in_turn
    };
    let one = |how| vec![Fault { at, how }];
    match run.number % WAYS {
        0 => one(How::Once),
        1 => one(How::Sticky),
        2 => one(How::Short),
        3 => one(How::NoSpace),
        _ => [at, any()].map(|at| Fault { at, how: How::Once }).to_vec(),
    }
}

fn judge_classes(run: &Run, faults: &[Fault], fired: &[Fired], work: &Work, report: &mut Report) {
    let errors = work.errors.lock();
    for error in errors.iter() {
        if let Some(wrong) = classes::wrong_class(error) {
            report.fail(run.number, Breach::Other, wrong);
        }
    }
    let [only] = fired else {
        return;
    };
    let [Fault { how, .. }] = faults else {
        return;
    };
    match errors.first() {
        None => report.note(format!("{:?} swallowed", only.call)),
        Some(error) => {
            if *how != How::Sticky && !classes::may_follow(only.call, *how, error) {
                let what = format!("{:?} ({how:?}) was told as {error:?}", only.call);
                report.fail(run.number, Breach::Other, what);
            }
            report.note(format!("{:?} told as {}", only.call, error.class()));
        }
    }
}

/// What the keeper is asked to do, and what it answered.
struct Work {
    folder: std::path::PathBuf,
    salt: u64,
    large: bool,
    sabotage: Option<Sabotage>,
    clock: Arc<FakeClock>,
    oracle: Arc<Oracle>,
    /// In the order in which they were told.
    errors: Mutex<Vec<Error>>,
}

impl Work {
    fn new(folder: &Path, salt: u64, large: bool, sabotage: Option<Sabotage>) -> Work {
        Work {
            folder: folder.to_path_buf(),
            salt,
            large,
            sabotage,
            clock: FakeClock::at(1_700_000_000_000),
            oracle: Arc::new(Oracle::default()),
            errors: Mutex::new(Vec::new()),
        }
    }

    /// Makes the file, writes from several threads, closes it, and does a little more of each.
    fn all(&self) {
        self.in_keeper(|file| {
            self.hear(checkpoint_every(file, SMALL_CHECKPOINT_PAGES));
            std::thread::scope(|scope| {
                for producer in 0..PRODUCERS {
                    scope.spawn(move || self.produce(file, producer));
                }
            });
            if self.large {
                self.write_much(file);
            }
        });
        self.in_keeper(|file| {
            self.read(file, Lane::Interactive);
            self.produce(file, PRODUCERS);
        });
    }

    fn in_keeper(&self, work: impl FnOnce(&KeptFile)) {
        let keeper = Keeper::new(Ambient {
            clock: Arc::<FakeClock>::clone(&self.clock),
            spawn: Arc::new(Threads),
        });
        match keeper.file(&self.folder.join("a.db"), SCHEMA) {
            Ok(file) => work(&file),
            Err(error) => self.told(error),
        }
        keeper.shut_down();
    }

    fn produce(&self, file: &KeptFile, producer: i64) {
        for round in 0..ROUNDS_PER_PRODUCER {
            let tickets: Vec<_> = (0..ROWS_PER_ROUND)
                .map(|n| {
                    let id = id_of(producer, round * ROWS_PER_ROUND + n);
                    let (salt, oracle) = (self.salt, Arc::clone(&self.oracle));
                    let early = self.sabotage == Some(Sabotage::AckEarly);
                    oracle.tried(id);
                    let ticket = file.submit(move |tx| {
                        write_row(tx, salt, id)?;
                        if early {
                            oracle.acknowledged(id);
                        }
                        Ok::<_, Error>(id)
                    });
                    (id, ticket)
                })
                .collect();
            for (id, ticket) in tickets {
                if self.hear(ticket.wait()).is_some() {
                    self.oracle.acknowledged(id);
                }
            }
            let lane = if producer % 2 == 0 {
                Lane::Interactive
            } else {
                Lane::Background
            };
            self.read(file, lane);
        }
    }

    fn read(&self, file: &KeptFile, lane: Lane) {
        let count: Result<i64, Error> = file.read(lane, |tx| {
            Ok(tx
                .connection()
                .query_row("SELECT count(*) FROM kept", [], |row| row.get(0))?)
        });
        self.hear(count);
    }

    /// Enough for the keeper's own checkpoint, and gone again if nothing fails.
    fn write_much(&self, file: &KeptFile) {
        for sql in [
            "CREATE TABLE much (bytes BLOB NOT NULL) STRICT",
            "INSERT INTO much (bytes) VALUES (zeroblob(:bytes))",
            "DROP TABLE much",
        ] {
            self.clock.advance(Duration::from_secs(2));
            let done: Result<(), Error> = file.write(move |tx| {
                let mut statement = tx.connection().prepare(sql)?;
                if statement.parameter_count() == 0 {
                    statement.execute([])?;
                } else {
                    statement.execute([LARGE_BYTES])?;
                }
                Ok(())
            });
            if self.hear(done).is_none() {
                return;
            }
        }
    }

    fn hear<T>(&self, answer: Result<T, Error>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                if matches!(error, Error::Unavailable { .. }) {
                    self.clock.advance(BREAKER_WAIT);
                }
                self.told(error);
                None
            }
        }
    }

    fn told(&self, error: Error) {
        self.errors.lock().push(error);
    }

    /// The disk is well: all that was promised is there, at the first try.
    fn reopen(&self, run: &Run, report: &mut Report) {
        if self.sabotage == Some(Sabotage::DeleteWal) {
            // Often there is none.
            std::fs::remove_file(self.folder.join("a.db-wal")).ok();
        }
        if let Err(error) = self.keep_image() {
            report.note(format!("no image could be made: {}", error.kind()));
        }
        let (keeper, clock) = real_keeper();
        let found = keeper
            .file(&self.folder.join("a.db"), SCHEMA)
            .and_then(|file| look_through(&file, self.salt));
        report.reopened_in(clock.monotonic());
        match found {
            Ok(found) => self.oracle.compare(run.number, &found, report),
            Err(error) => {
                let what = format!("it does not open again: {error:?}");
                report.fail(run.number, Breach::Other, what);
            }
        }
        keeper.shut_down();
        let strangers = self.strangers();
        if !strangers.is_empty() {
            let what = format!("left behind: {strangers:?}");
            report.fail(run.number, Breach::Other, what);
        }
    }

    /// The files as the faults left them, for a run that turns out to have failed. The keeper is
    /// shut down, so nobody's locks are dropped by reading them.
    fn keep_image(&self) -> std::io::Result<()> {
        let image = self.folder.join("image");
        std::fs::create_dir(&image)?;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), image.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// Files that nobody should have left.
    fn strangers(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "a.db")
            .collect()
    }
}
