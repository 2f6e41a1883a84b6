//! Four threads that write and three that read, on one file: through the keeper, through one
//! connection behind a lock, and through a connection for each thread.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use crate::designs::{Design, Kept, OneEach, OneLocked};
use crate::read::open;
use crate::table::{Table, millis, say};
use crate::workload::{self, FIRST_FREE_KEY, ROWS_A_WRITE};
use crate::{median, timed};

const ROUNDS: usize = 5;
const WRITERS: usize = 4;
const READERS: usize = 3;
/// What a worker does between two writes, and a person between two looks.
const WRITER_RESTS: Duration = Duration::from_micros(500);
const READER_RESTS: Duration = Duration::from_micros(300);
const TIMES_BETTER_MIN: f64 = 1.8;

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, how_long: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let template = folder.path().join("template.db");
    workload::make(&template).expect("the table is made");
    let (mut kept, mut locked, mut each) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that the machine's moods fall on all three alike.
    for round in 0..ROUNDS {
        let take = |name: &str, make: &dyn Fn(&Path) -> Box<dyn Design>| {
            let figures = run_on_copy(&template, how_long, make);
            say(&format!("  round {round}: {name}: {}", figures.in_words()));
            figures
        };
        locked.push(take("one locked connection", &|path| {
            Box::new(OneLocked::new(path))
        }));
        each.push(take("a connection each", &|path| {
            Box::new(OneEach::new(path))
        }));
        kept.push(take("ours", &|path| Box::new(Kept::new(path))));
    }
    let load = format!("{WRITERS} threads writing, {READERS} reading");
    for (what, of, times) in [
        (
            "writes",
            Figures::writes_a_second as fn(&Figures) -> f64,
            ratio(&kept, &locked, Figures::writes_a_second),
        ),
        (
            "reads",
            Figures::reads_a_second,
            ratio(&kept, &locked, Figures::reads_a_second),
        ),
    ] {
        table.row(
            &format!("{load}: {what} a second, against one locked connection"),
            &number(middle(&kept, of)),
            &number(middle(&locked, of)),
            &format!("at least {TIMES_BETTER_MIN} times as many: {times:.2} times"),
            times >= TIMES_BETTER_MIN,
        );
    }
    let slow = |figures: &Figures| figures.write(0.99).as_secs_f64();
    let slower = |figures: &Figures| figures.write(1.0).as_secs_f64();
    for (what, against, of, figures) in [
        (
            "the slowest write of a hundred",
            "one locked connection",
            &slow as &dyn Fn(&Figures) -> f64,
            &locked,
        ),
        (
            "the slowest write of a hundred",
            "a connection each",
            &slow,
            &each,
        ),
        (
            "the slowest write of all",
            "a connection each",
            &slower,
            &each,
        ),
    ] {
        let (ours, plain) = (middle(&kept, of), middle(figures, of));
        table.row(
            &format!("{load}: {what}, against {against}"),
            &millis(Duration::from_secs_f64(ours)),
            &millis(Duration::from_secs_f64(plain)),
            "shorter",
            ours < plain,
        );
    }
    let times = ratio(&kept, &each, Figures::writes_a_second);
    table.row(
        &format!("{load}: writes a second, against a connection each"),
        &number(middle(&kept, Figures::writes_a_second)),
        &number(middle(&each, Figures::writes_a_second)),
        &format!("more: {times:.2} times"),
        times > 1.0,
    );
}

/// What one run came to.
struct Figures {
    seconds: f64,
    /// In order of their length.
    writes: Vec<Duration>,
    reads: Vec<Duration>,
    failed: usize,
    wal_bytes: u64,
}

impl Figures {
    fn writes_a_second(&self) -> f64 {
        self.writes.len() as f64 / self.seconds
    }

    fn reads_a_second(&self) -> f64 {
        self.reads.len() as f64 / self.seconds
    }

    fn write(&self, share: f64) -> Duration {
        percentile(&self.writes, share)
    }

    fn in_words(&self) -> String {
        format!(
            "{:.0} writes/s, p50 {}, p99 {}, max {}; {:.0} reads/s, p50 {}, p99 {}; {} failed; WAL {:.1} MiB",
            self.writes_a_second(),
            millis(self.write(0.5)),
            millis(self.write(0.99)),
            millis(self.write(1.0)),
            self.reads_a_second(),
            millis(percentile(&self.reads, 0.5)),
            millis(percentile(&self.reads, 0.99)),
            self.failed,
            self.wal_bytes as f64 / f64::from(1 << 20),
        )
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn run_on_copy(
    template: &Path,
    how_long: Duration,
    make: &dyn Fn(&Path) -> Box<dyn Design>,
) -> Figures {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("copy.db");
    std::fs::copy(template, &path).expect("the table is copied");
    let design = make(&path);
    let mut figures = run(design.as_ref(), how_long);
    let wal = folder.path().join("copy.db-wal");
    figures.wal_bytes = std::fs::metadata(wal).map_or(0, |wal| wal.len());
    drop(design);
    let kept = workload::count_written(&open(&path)).expect("the rows are counted");
    let acknowledged = i64::try_from(figures.writes.len()).unwrap_or(i64::MAX) * ROWS_A_WRITE;
    assert_eq!(kept, acknowledged, "what was acknowledged is what is there");
    figures
}

fn run(design: &dyn Design, how_long: Duration) -> Figures {
    let over = AtomicBool::new(false);
    let keys = AtomicI64::new(FIRST_FREE_KEY);
    let (time, (writes, reads)) = timed(|| {
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut write = design.writer();
                        repeat(&over, WRITER_RESTS, || {
                            write(keys.fetch_add(ROWS_A_WRITE, Ordering::Relaxed))
                        })
                    })
                })
                .collect();
            let readers: Vec<_> = (0..READERS)
                .map(|reader| {
                    let over = &over;
                    scope.spawn(move || {
                        let mut read = design.reader();
                        let mut turn = i64::try_from(reader).unwrap_or(0) * 1_000;
                        repeat(over, READER_RESTS, || {
                            turn += 1;
                            read(turn)
                        })
                    })
                })
                .collect();
            rest(how_long);
            over.store(true, Ordering::Relaxed);
            (gather(writers), gather(readers))
        })
    });
    Figures {
        seconds: time.as_secs_f64(),
        failed: writes.1 + reads.1,
        writes: writes.0,
        reads: reads.0,
        wal_bytes: 0,
    }
}

/// The lengths of those that succeeded, and how many failed.
fn repeat(
    over: &AtomicBool,
    rests: Duration,
    mut work: impl FnMut() -> bool,
) -> (Vec<Duration>, usize) {
    let (mut times, mut failed) = (Vec::new(), 0);
    while !over.load(Ordering::Relaxed) {
        match timed(&mut work) {
            (time, true) => times.push(time),
            (_, false) => failed += 1,
        }
        std::thread::park_timeout(rests);
    }
    (times, failed)
}

type Times = (Vec<Duration>, usize);

#[expect(
    clippy::expect_used,
    reason = "a benchmark whose threads fail must stop"
)]
fn gather(threads: Vec<std::thread::ScopedJoinHandle<'_, Times>>) -> Times {
    let (mut all, mut failed) = (Vec::new(), 0);
    for thread in threads {
        let (times, more) = thread.join().expect("the thread ends well");
        all.extend(times);
        failed += more;
    }
    all.sort_unstable();
    (all, failed)
}

/// A park may end early.
fn rest(how_long: Duration) {
    let mut left = how_long;
    while !left.is_zero() {
        left = left.saturating_sub(timed(|| std::thread::park_timeout(left)).0);
    }
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((last * share) as usize)
        .copied()
        .unwrap_or_default()
}

/// The median over the rounds.
fn middle(rounds: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    let times = rounds.iter().map(|f| Duration::from_secs_f64(of(f)));
    median(times.collect()).as_secs_f64()
}

/// The median of the ratios within each round.
fn ratio(ours: &[Figures], plain: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    let ratios = ours
        .iter()
        .zip(plain)
        .map(|(ours, plain)| Duration::from_secs_f64(of(ours) / of(plain)));
    median(ratios.collect()).as_secs_f64()
}

fn number(value: f64) -> String {
    format!("{value:.0}")
}
