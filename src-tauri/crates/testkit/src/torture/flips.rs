//! T6: flips bits in the log and the main file of a real database, and looks whether the scan names
//! the harm, and whether salvage gets back at least what SQLite does.

mod base;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use oldgrowth_keeper::torture::look_at_wal;
use oldgrowth_keeper::{Rung, salvage};

use self::base::{Base, SHAPES, Shape, TABLES};
use crate::SeededRandom;

pub const SHORT_RUNS: u64 = 1_000;
pub const LONG_RUNS: u64 = 20_000;
/// Every so many runs SQLite's own `.recover` is asked too, if the shell is there.
const RECOVER_EVERY: u64 = 101;
const FAILURES_NAMED_MAX: usize = 20;
const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const MAIN_HEADER_BYTES: usize = 100;
const BURST_BITS: usize = 16;
/// Of the rows that were written, in hundredths of a percent.
const MEDIAN_MIN: u64 = 9_900;
/// Wrong verdicts allowed, of a thousand.
const WRONG_VERDICTS_MAX_PER_1000: u64 = 1;

#[derive(Debug, Clone)]
pub struct Options {
    pub runs: u64,
    pub seed: u64,
    /// Do only the run of this number.
    pub only: Option<u64>,
    pub workers: usize,
    /// Where the folders of runs are made; best in memory.
    pub scratch: PathBuf,
    pub planted: Option<Planted>,
}

/// A bug that the suite must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Salvage gives no more than SQLite does, which stops at the first break.
    StopsAtTheFirstBreak,
    /// The scan calls every log clean.
    CallsAllClean,
}

#[derive(Debug, Clone, Default)]
pub struct Report {
    pub runs: u64,
    pub verdicts_wrong: u64,
    /// Salvage found fewer rows, as they were written, than SQLite alone.
    pub fewer_than_native: u64,
    /// Salvage found more than SQLite in the log, but the log was not called damaged.
    pub silent_losses: u64,
    /// A result that was called sound and is not.
    pub unsound: u64,
    pub errors: u64,
    pub panics: u64,
    /// Rows that nobody wrote in this form, out of a log, in results that own to no doubtful page.
    pub false_rows: u64,
    /// The same in results that say that pages are doubtful.
    pub false_rows_doubted: u64,
    /// The same after a flip in the main file, which no checksum covers, and what SQLite alone
    /// takes for rows then.
    pub false_rows_of_main: u64,
    pub false_rows_of_main_native: u64,
    /// Hundredths of a percent of all rows, one for each flip of one bit in a frame.
    pub kept_after_one_flip: Vec<u64>,
    /// Rows as they were written: of SQLite, of salvage, and all of them; by what was flipped.
    pub rows_by_place: BTreeMap<&'static str, Rows>,
    /// The same for the runs in which `.recover` was asked, and what it found.
    pub sampled: Rows,
    pub recover_rows: u64,
    pub rungs: BTreeMap<String, u64>,
    pub failures: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    pub runs: u64,
    pub native: u64,
    pub salvaged: u64,
    pub all: u64,
}

/// Does all runs. Fails only if the databases cannot be made.
pub fn run(options: &Options) -> io::Result<Report> {
    let bases: Vec<(Shape, Base)> = SHAPES
        .into_iter()
        .map(|shape| {
            let folder = tempfile::tempdir_in(&options.scratch)?;
            let base = base::make(shape, folder.path()).map_err(io::Error::other)?;
            Ok((shape, base))
        })
        .collect::<io::Result<_>>()?;
    let next = AtomicU64::new(options.only.unwrap_or(0));
    let end = options.only.map_or(options.runs, |only| only + 1);
    let work = || {
        let mut report = Report::default();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let at = usize::try_from(number).unwrap_or(0) % bases.len();
            let Some((shape, base)) = bases.get(at).filter(|_| number < end) else {
                return report;
            };
            if let Err(error) = one_run(options, number, *shape, base, &mut report) {
                report.errors += 1;
                report.fail(number, &format!("{error}"));
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.workers.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        let mut all = Report::default();
        for worker in workers {
            match worker.join() {
                Ok(report) => all.add(report),
                Err(_) => all.panics += 1,
            }
        }
        Ok(all)
    })
}

impl Report {
    /// All bars held.
    pub fn holds(&self) -> bool {
        let never = [
            self.fewer_than_native,
            self.silent_losses,
            self.unsound,
            self.false_rows,
            self.errors,
            self.panics,
        ];
        never.iter().all(|count| *count == 0)
            && self.verdicts_wrong * 1_000 <= self.runs * WRONG_VERDICTS_MAX_PER_1000
            && self.median_kept() >= MEDIAN_MIN
    }

    /// Hundredths of a percent of the rows that are left after one flipped bit in a frame.
    pub fn median_kept(&self) -> u64 {
        let mut kept = self.kept_after_one_flip.clone();
        kept.sort_unstable();
        kept.get(kept.len() / 2).copied().unwrap_or(10_000)
    }

    fn fail(&mut self, run: u64, what: &str) {
        if self.failures.len() < FAILURES_NAMED_MAX {
            self.failures.push(format!("run {run}: {what}"));
        }
    }

    fn add(&mut self, other: Report) {
        self.runs += other.runs;
        self.verdicts_wrong += other.verdicts_wrong;
        self.fewer_than_native += other.fewer_than_native;
        self.silent_losses += other.silent_losses;
        self.unsound += other.unsound;
        self.errors += other.errors;
        self.panics += other.panics;
        self.false_rows += other.false_rows;
        self.false_rows_doubted += other.false_rows_doubted;
        self.false_rows_of_main += other.false_rows_of_main;
        self.false_rows_of_main_native += other.false_rows_of_main_native;
        self.kept_after_one_flip.extend(other.kept_after_one_flip);
        self.sampled.add(other.sampled);
        self.recover_rows += other.recover_rows;
        for (place, rows) in other.rows_by_place {
            self.rows_by_place.entry(place).or_default().add(rows);
        }
        for (rung, times) in other.rungs {
            *self.rungs.entry(rung).or_default() += times;
        }
        self.failures.extend(other.failures);
        self.failures.truncate(FAILURES_NAMED_MAX);
    }
}

impl Rows {
    fn add(&mut self, other: Rows) {
        self.runs += other.runs;
        self.native += other.native;
        self.salvaged += other.salvaged;
        self.all += other.all;
    }
}

/// Where the bits are flipped, and what the scan must say then.
struct Harm {
    place: &'static str,
    in_log: bool,
    one_bit: bool,
    allowed: &'static [&'static str],
}

fn one_run(
    options: &Options,
    number: u64,
    shape: Shape,
    base: &Base,
    report: &mut Report,
) -> io::Result<()> {
    let random = SeededRandom::new(options.seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
    let (mut main, mut wal) = (base.main.clone(), base.wal.clone());
    let harm = do_harm(&random, shape, &mut main, &mut wal);
    let folder = tempfile::tempdir_in(&options.scratch)?;
    let set = folder.path().join("set");
    write_set(&set, &main, &wal)?;

    let seen = look_at_wal(&set.join("a.db-wal"), main.get(..MAIN_HEADER_BYTES))?;
    let verdict = match options.planted {
        Some(Planted::CallsAllClean) => "clean",
        _ => seen.verdict,
    };
    report.runs += 1;
    if !harm.allowed.contains(&verdict) {
        report.verdicts_wrong += 1;
        report.fail(number, &format!("{} called {verdict}", harm.place));
    }

    let copy = folder.path().join("native");
    write_set(&copy, &main, &wal)?;
    let (native, native_all) = base::true_rows(&copy.join("a.db"));

    let into = folder.path().join("out");
    let done = catch_unwind(AssertUnwindSafe(|| {
        salvage(&set, "a.db", None, None, &into)
    }));
    let Ok(done) = done else {
        report.panics += 1;
        report.fail(number, &format!("{}: salvage panicked", harm.place));
        return Ok(());
    };
    let (kept, kept_all) = match &done {
        _ if options.planted == Some(Planted::StopsAtTheFirstBreak) => (native.clone(), native_all),
        Ok(salvaged) => base::true_rows(&salvaged.path),
        Err(_) => (BTreeSet::new(), 0),
    };
    let rung = match &done {
        Ok(salvaged) => {
            if salvaged.sound && !base::integrity(&salvaged.path) {
                report.unsound += 1;
                report.fail(number, &format!("{}: an unsound result", harm.place));
            }
            let from_log = matches!(salvaged.rung, Rung::Merged | Rung::MergedAsItStands)
                || salvaged.commits_gained > 0;
            if harm.in_log && from_log && salvaged.gained_rows > 0 && !is_copied(verdict) {
                report.silent_losses += 1;
                report.fail(number, &format!("{}: gained though {verdict}", harm.place));
            }
            format!("{:?}", salvaged.rung)
        }
        Err(error) => format!("none ({error})"),
    };
    *report.rungs.entry(rung).or_default() += 1;
    if kept.len() < native.len() {
        report.fewer_than_native += 1;
        report.fail(
            number,
            &format!("{}: {} of {} rows", harm.place, kept.len(), native.len()),
        );
    }
    let false_rows = kept_all.saturating_sub(kept.len() as u64);
    let doubtful = done.as_ref().is_ok_and(|s| s.doubtful_pages > 0);
    if !harm.in_log {
        report.false_rows_of_main += false_rows;
        report.false_rows_of_main_native += native_all.saturating_sub(native.len() as u64);
    } else if doubtful {
        report.false_rows_doubted += false_rows;
    } else if false_rows > 0 {
        report.false_rows += false_rows;
        report.fail(number, &format!("{}: {false_rows} false rows", harm.place));
    }
    let all = base.rows.unsigned_abs() * TABLES.len() as u64;
    let rows = Rows {
        runs: 1,
        native: native.len() as u64,
        salvaged: kept.len() as u64,
        all,
    };
    if harm.place == "frame" && harm.one_bit {
        report
            .kept_after_one_flip
            .push(rows.salvaged * 10_000 / all.max(1));
    }
    report
        .rows_by_place
        .entry(harm.place)
        .or_default()
        .add(rows);
    if number.is_multiple_of(RECOVER_EVERY)
        && let Some(found) = recover(&folder.path().join("shell"), &main, &wal)?
    {
        report.sampled.add(rows);
        report.recover_rows += found;
    }
    Ok(())
}

/// The keeper copies such a set before anybody writes.
fn is_copied(verdict: &str) -> bool {
    matches!(verdict, "damaged" | "torn commit")
}

fn do_harm(random: &SeededRandom, shape: Shape, main: &mut [u8], wal: &mut [u8]) -> Harm {
    let frame_bytes = FRAME_HEADER_BYTES + shape.page_bytes;
    let frames = frames_of_the_last_generation(wal, frame_bytes);
    let one_bit = !random.below(6).eq(&0);
    match random.below(100) {
        0..15 => {
            flip(random, wal, 0..LOG_HEADER_BYTES, 1);
            Harm {
                place: "log header",
                in_log: true,
                one_bit: true,
                allowed: &["damaged"],
            }
        }
        15..60 => {
            let frame = random.below(frames);
            let at = LOG_HEADER_BYTES + frame * frame_bytes;
            let bits = if one_bit { 1 } else { BURST_BITS };
            flip(random, wal, at..at + frame_bytes, bits);
            // Nothing follows the last frames that could tell harm from a crash.
            let sure = frame + if one_bit { 1 } else { 2 } < frames;
            let in_the_last = commits_from(wal, frame_bytes, frame, frames) == 1;
            Harm {
                place: if one_bit { "frame" } else { "frame, many bits" },
                in_log: true,
                one_bit,
                allowed: match (sure, in_the_last) {
                    (true, false) => &["damaged"],
                    // The last transaction looks then as a power loss may leave it; it is copied.
                    (true, true) => &["damaged", "torn commit"],
                    (false, _) => &["damaged", "torn commit", "torn tail"],
                },
            }
        }
        60..65 if LOG_HEADER_BYTES + frames * frame_bytes < wal.len() => {
            let old = LOG_HEADER_BYTES + frames * frame_bytes;
            flip(random, wal, old..wal.len(), 1);
            Harm {
                place: "old frame",
                in_log: true,
                one_bit: true,
                allowed: &["clean"],
            }
        }
        60..80 => {
            flip(random, main, 0..MAIN_HEADER_BYTES, 1);
            Harm {
                place: "main header",
                in_log: false,
                one_bit: true,
                allowed: &["clean"],
            }
        }
        _ => {
            let page = random.below(main.len() / shape.page_bytes);
            let at = (page * shape.page_bytes).max(MAIN_HEADER_BYTES);
            let bits = if one_bit { 1 } else { BURST_BITS };
            flip(random, main, at..(page + 1) * shape.page_bytes, bits);
            Harm {
                place: "main page",
                in_log: false,
                one_bit,
                allowed: &["clean"],
            }
        }
    }
}

/// Frames that carry the salts of the header.
fn frames_of_the_last_generation(wal: &[u8], frame_bytes: usize) -> usize {
    let salts = wal.get(16..24);
    wal.get(LOG_HEADER_BYTES..)
        .unwrap_or_default()
        .chunks_exact(frame_bytes)
        .take_while(|frame| frame.get(8..16) == salts)
        .count()
}

/// Transactions that end in this frame or a later one.
fn commits_from(wal: &[u8], frame_bytes: usize, frame: usize, frames: usize) -> usize {
    wal.get(LOG_HEADER_BYTES..)
        .unwrap_or_default()
        .chunks_exact(frame_bytes)
        .take(frames)
        .skip(frame)
        .filter(|frame| frame.get(4..8) != Some(&[0; 4]))
        .count()
}

/// Flips so many different bits of this part.
fn flip(random: &SeededRandom, bytes: &mut [u8], part: std::ops::Range<usize>, bits: usize) {
    let mut flipped = BTreeSet::new();
    while flipped.len() < bits {
        flipped.insert((part.start + random.below(part.len()), random.below(8)));
    }
    for (at, bit) in flipped {
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }
}

fn write_set(folder: &Path, main: &[u8], wal: &[u8]) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::write(folder.join("a.db"), main)?;
    fs::write(folder.join("a.db-wal"), wal)
}

/// What the recovery of SQLite's shell finds in the same set. `None` if there is no
/// shell that can do it.
fn recover(folder: &Path, main: &[u8], wal: &[u8]) -> io::Result<Option<u64>> {
    write_set(folder, main, wal)?;
    let shell = |path: &Path| {
        let mut command = Command::new("sqlite3");
        command.arg(path).stderr(Stdio::null());
        command
    };
    let dump = shell(&folder.join("a.db")).arg(".recover").output();
    // Not every shell is built with the extension: Debian's is not, and fails at once.
    let Some(dump) = dump.ok().filter(|dump| dump.status.success()) else {
        return Ok(None);
    };
    let script = folder.join("recovered.sql");
    fs::write(&script, dump.stdout)?;
    let recovered = folder.join("recovered.db");
    shell(&recovered)
        .stdin(fs::File::open(&script)?)
        .stdout(Stdio::null())
        .status()?;
    Ok(Some(base::true_rows(&recovered).0.len() as u64))
}
