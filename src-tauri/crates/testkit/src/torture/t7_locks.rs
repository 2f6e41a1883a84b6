//! T7: another program opens the file, reads, writes and closes it, over and over, while each public
//! function of the keeper is called. After each of them this process must still hold its locks: the other
//! program would take the WAL away under whoever has lost them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Error, Health, Keeper, KeptFile};
use parking_lot::Mutex;

use super::children::drop_locks;
use super::oracle::{DATABASE, SCHEMA, id_of, judge, look_everywhere, real_keeper, write_row};
use super::t7_calls::CALLS;
use super::t7_stranger::Stranger;
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};

pub(super) const SUITE: Suite = Suite {
    name: "locks",
    what: "T7, each public function beside a program that opens and closes the file",
    short_runs: 4,
    long_runs: 200,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(120);
pub(super) const PRODUCER: i64 = 0;
pub(super) const STRANGE_PRODUCER: i64 = 1;
/// Lives of the other program after each call; the first may have begun before it.
const LIVES_PER_CALL: usize = 2;
/// Where SQLite locks a main file for reading: "Database File Format", 1.5 "The Lock-Byte Page".
const SHARED_FIRST: u64 = 0x4000_0000 + 2;
/// Where it locks the shared index while a connection is open: `UNIX_SHM_DMS` in `os_unix.c`.
const SHM_IN_USE: u64 = 128;

/// The file under one run.
pub(super) struct Scene {
    pub(super) keeper: Keeper,
    pub(super) file: Arc<KeptFile>,
    pub(super) folder: PathBuf,
    pub(super) path: PathBuf,
    salt: u64,
    next: Mutex<i64>,
    acknowledged: Mutex<BTreeSet<i64>>,
    pub(super) stranger: Stranger,
}

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::one_run();
        if let Err(what) = call_all(run, &mut report) {
            report.fail(run.number, Breach::Other, what);
        }
        report
    })
}

fn call_all(run: &Run, report: &mut Report) -> Result<(), String> {
    let folder = run.folder.join("m");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let path = folder.join(DATABASE);
    let (keeper, _) = real_keeper();
    let file = keeper
        .file(&path, SCHEMA)
        .and_then(|file| file.try_now().map(|()| file))
        .map_err(|error| format!("{error:?}"))?;
    if !Path::new(LOCKS).exists() || !missing_locks(&path).is_empty() {
        report.note("SKIPPED, the system does not show the locks of this process");
        return Ok(());
    }
    let scene = Scene {
        keeper,
        file,
        folder,
        stranger: Stranger::start(run, &path)?,
        path,
        salt: run.options.seed,
        next: Mutex::new(0),
        acknowledged: Mutex::default(),
    };
    for index in order(run) {
        let Some(call) = CALLS.get(index) else {
            continue;
        };
        if let Err(what) = (call.call)(&scene) {
            let what = format!("{}: {what}", call.name);
            report.fail(run.number, Breach::Other, what);
        }
        if run.options.sabotage == Some(Sabotage::DropLocks) {
            drop_locks(&scene.path).map_err(|error| error.to_string())?;
        }
        report.faults += 1;
        scene.judge_call(run, call.name, report);
    }
    scene.judge_end(run, report)
}

/// As they are written down, then in any order.
fn order(run: &Run) -> Vec<usize> {
    let mut order: Vec<usize> = (0..CALLS.len()).collect();
    if run.number > 0 {
        order.sort_by_cached_key(|_| run.random.next());
    }
    order
}

impl Scene {
    pub(super) fn write(&self) -> Result<(), Error> {
        let (salt, id) = (self.salt, self.next_id());
        self.file.write(move |tx| write_row(tx, salt, id))?;
        self.acknowledge(id);
        Ok(())
    }

    pub(super) fn salt(&self) -> u64 {
        self.salt
    }

    pub(super) fn next_id(&self) -> i64 {
        let mut next = self.next.lock();
        *next += 1;
        id_of(PRODUCER, *next - 1)
    }

    pub(super) fn acknowledge(&self, id: i64) {
        self.acknowledged.lock().insert(id);
    }

    fn judge_call(&self, run: &Run, name: &str, report: &mut Report) {
        // The first call after one that has closed the file opens it.
        for check in ["at once", "after others came and went"] {
            let missing = if self.file.facts().journal_mode.is_some() {
                missing_locks(&self.path)
            } else {
                Vec::new()
            };
            if !missing.is_empty() {
                let what = format!("{name}: no lock on {missing:?} {check}");
                report.fail(run.number, Breach::Other, what);
            }
            self.stranger.await_lives(LIVES_PER_CALL);
        }
        self.file.tick();
        if let Err(error) = self.write() {
            let what = format!("{name}: a write after it failed: {error:?}");
            report.fail(run.number, Breach::Other, what);
        }
    }

    fn judge_end(self, run: &Run, report: &mut Report) -> Result<(), String> {
        let splits = self.file.health_history();
        let splits = splits.iter().filter(|at| at.state == Health::SplitBrain);
        for _ in splits {
            report.fail(run.number, Breach::Corrupt, "the file was split");
        }
        let strange = self.stranger.stop();
        for failure in strange.failures {
            report.fail(
                run.number,
                Breach::Other,
                format!("the other program: {failure}"),
            );
        }
        report.note(format!("beside {}", strange.who));
        let mut acknowledged = self.acknowledged.into_inner();
        acknowledged.extend(strange.acknowledged);
        report.acknowledged += acknowledged.len() as u64;
        self.keeper.shut_down();
        let (keeper, clock) = real_keeper();
        let found = keeper
            .file(&self.path, SCHEMA)
            .map_err(|error| format!("{error:?}"))
            .and_then(|file| look_everywhere(&file, self.salt));
        report.reopened_in(oldgrowth_keeper::Clock::monotonic(&*clock));
        keeper.shut_down();
        judge(run.number, |_| true, &acknowledged, &found?, report);
        Ok(())
    }
}

const LOCKS: &str = "/proc/locks";
const LOOKS: usize = 20;

/// The files of this database on which this process has not the lock that an open connection has. The
/// list is read in pieces while others lock and unlock, which may hide a line, so a lock is missing
/// only if it is so at every look. One that was dropped does not come back: SQLite believes it has it.
fn missing_locks(database: &Path) -> Vec<&'static str> {
    let mut missing = missing_at_a_look(database);
    for _ in 1..LOOKS {
        if missing.is_empty() {
            break;
        }
        let again = missing_at_a_look(database);
        missing.retain(|name| again.contains(name));
    }
    missing
}

fn missing_at_a_look(database: &Path) -> Vec<&'static str> {
    let text = fs::read_to_string(LOCKS).unwrap_or_default();
    let held: Vec<Lock> = text.lines().filter_map(Lock::of).collect();
    let mut shm = database.as_os_str().to_owned();
    shm.push("-shm");
    let wanted = [
        ("the main file", database, SHARED_FIRST),
        ("the shared index", Path::new(&shm), SHM_IN_USE),
    ];
    let is_held = |path: &Path, byte| {
        let inode = fs::metadata(path).map_or(0, |meta| meta.ino());
        let mine = std::process::id();
        held.iter().any(|lock| {
            lock.process == mine && lock.inode == inode && (lock.first..=lock.last).contains(&byte)
        })
    };
    wanted
        .iter()
        .filter(|(_, path, byte)| !is_held(path, *byte))
        .map(|(name, ..)| *name)
        .collect()
}

/// A line of `/proc/locks`, see proc(5).
struct Lock {
    process: u32,
    inode: u64,
    first: u64,
    last: u64,
}

impl Lock {
    /// `None` for locks of another kind and for those that are waited for.
    fn of(line: &str) -> Option<Lock> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX", _, _, process, file, first, last] = words.as_slice() else {
            return None;
        };
        Some(Lock {
            process: process.parse().ok()?,
            inode: file.rsplit(':').next()?.parse().ok()?,
            first: first.parse().ok()?,
            last: last.parse().unwrap_or(u64::MAX),
        })
    }
}
