//! What a passage costs from its file to its place in every tree, in a large memory beside a small one, and what a
//! large one takes while nothing is to be done.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use oldgrowth_testkit::{Corpus, SeededRandom, TestEngine};

use crate::grown::{self, MILLION, Shape, TEN_THOUSAND};
use crate::table::{Table, micros, say};
use crate::{median, timed};

const ROUNDS: usize = 21;
const FILES: usize = 24;
const PARAGRAPHS: usize = 10;
const TIMES_MAX: f64 = 2.0;
/// What is added happened on one of these days of the small memory, so that a day, a week, a month and a year that are
/// summed up already are summed up anew.
const DAYS: usize = 50;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RSS_BYTES_MAX: u64 = 300 * 1_000_000;
/// What a start has to do is over by then.
const SETTLE: Duration = Duration::from_secs(20);

struct Growing {
    test: TestEngine,
    notes: tempfile::TempDir,
    _copy: tempfile::TempDir,
    costs: Vec<Duration>,
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table) {
    let mut large = Growing::of(MILLION);
    let mut small = Growing::of(TEN_THOUSAND);
    let days = SeededRandom::new(5);
    // In turns, so that the machine's moods fall on both alike. The first turn of each is not counted.
    for round in 0..=ROUNDS {
        let at = grown::first_day() + DAY * u32::try_from(days.below(DAYS)).expect("a few days");
        for memory in [&mut large, &mut small] {
            let cost = memory.add(round, at);
            if round > 0 {
                memory.costs.push(cost);
            }
        }
    }
    let (large, small) = (median(large.costs), median(small.costs));
    let times = large.as_secs_f64() / small.as_secs_f64();
    table.row(
        "a passage more among 1,100,000, against one among 10,000: read, kept, searchable, its names, its trees",
        &micros(large),
        &micros(small),
        &format!("within {TIMES_MAX} times: {times:.2} times"),
        times <= TIMES_MAX,
    );
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
impl Growing {
    /// A copy of it, with nothing left to be done.
    fn of(shape: Shape) -> Self {
        let whole = grown::finished(shape);
        let copy = tempfile::tempdir_in(whole.parent().expect("it is in a folder"))
            .expect("a temporary folder");
        copy_all(&whole, copy.path());
        let test = TestEngine::whole(copy.path(), 2);
        grown::finish(&test);
        Self {
            test,
            notes: tempfile::tempdir().expect("a temporary folder"),
            _copy: copy,
            costs: Vec::new(),
        }
    }

    /// Adds some files, and answers what each of their passages cost.
    fn add(&self, round: usize, at: SystemTime) -> Duration {
        let folder = self.notes.path().join(format!("{round}"));
        std::fs::create_dir(&folder).expect("a folder is made");
        Corpus::new(100 + round as u64)
            .write_notes(&folder, FILES, PARAGRAPHS)
            .expect("the notes are written");
        date_all(&folder, at);
        let engine = &self.test.engine;
        let before = engine.totals().expect("it is counted").chunks;
        let (time, ()) = timed(|| {
            engine
                .start_import(std::slice::from_ref(&folder))
                .expect("the import starts");
            grown::finish(&self.test);
        });
        let added = engine.totals().expect("it is counted").chunks - before;
        assert!(added > 0, "they are new");
        time / u32::try_from(added).expect("a few passages")
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the folder is read") {
        let entry = entry.expect("the folder is read");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            std::fs::create_dir_all(&to).expect("a folder is made");
            copy_all(&path, &to);
        } else if path.is_file() {
            std::fs::copy(&path, &to).expect("a file is copied");
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn date_all(folder: &Path, at: SystemTime) {
    for entry in std::fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("the folder is read").path();
        if path.is_dir() {
            date_all(&path, at);
            continue;
        }
        // Their own dates lie far apart, and on days that only the large memory has.
        let text = std::fs::read_to_string(&path).expect("the note is read");
        let told = text.splitn(3, "---\n").last().unwrap_or_default();
        std::fs::write(&path, told).expect("the note is written");
        let file = std::fs::File::options().write(true).open(&path);
        file.and_then(|file| file.set_modified(at))
            .expect("a file is dated");
    }
}

/// The owner of a memory of a million, as `oldgrowth serve` is it.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure_rest(table: &mut Table) {
    let program = std::env::current_exe().expect("the program has a path");
    let program = program.with_file_name(format!("oldgrowth{}", std::env::consts::EXE_SUFFIX));
    let whole = grown::finished(MILLION);
    let mut serving = Serving(
        Command::new(&program)
            .arg("--workspace")
            .arg(&whole)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("oldgrowth lies beside this program: cargo build --release -p oldgrowth-agent"),
    );
    let mut line = String::new();
    let said = serving.0.stdout.as_mut().expect("it is piped");
    BufReader::new(said)
        .read_line(&mut line)
        .expect("it says that it is ready");
    std::thread::park_timeout(SETTLE);
    let Some(bytes) = memory_of(serving.0.id(), "VmRSS:") else {
        say("  what a process takes is not told by this system");
        return;
    };
    table.row(
        "oldgrowth serve with 1,100,000 passages, at rest: memory of the process",
        &format!("{} MB", bytes / 1_000_000),
        "n/a",
        &format!("under {} MB", RSS_BYTES_MAX / 1_000_000),
        bytes < RSS_BYTES_MAX,
    );
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// What a process takes, in bytes: by the name that the system's own account gives it.
pub(crate) fn memory_of(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}
