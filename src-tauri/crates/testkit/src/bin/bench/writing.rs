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
const TIMES_BETTER_MIN: f64 = 1.8;

/// What a thread does between two of its calls.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    writers_rest: Duration,
    readers_rest: Duration,
}

/// What a design can do at most.
const UNRESTING: Load = Load {
    name: "without a rest",
    writers_rest: Duration::ZERO,
    readers_rest: Duration::ZERO,
};
/// As workers and people do. Four writers that rest this long ask for 8,000 writes a second at most, so
/// this is about how long each waits.
const RESTING: Load = Load {
    name: "with rests",
    writers_rest: Duration::from_micros(500),
    readers_rest: Duration::from_micros(300),
};

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, how_long: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let template = folder.path().join("template.db");
    workload::make(&template).expect("the table is made");
    let unresting = Rounds::run(&template, how_long, UNRESTING);
    unresting.many_times_the_locked(table, "writes", Figures::writes_a_second);
    unresting.many_times_the_locked(table, "reads", Figures::reads_a_second);
    unresting.shorter_than_the_locked(table, "the slowest write of a hundred", |figures| {
        figures.write(0.99)
    });
    unresting.shorter_than_one_each(table, "the slowest write of all", |figures| {
        figures.write(1.0)
    });
    let resting = Rounds::run(&template, how_long, RESTING);
    resting.more_than_the_locked(table, "writes", Figures::writes_a_second);
    resting.more_than_the_locked(table, "reads", Figures::reads_a_second);
    resting.shorter_than_the_locked(table, "the slowest write of a hundred", |figures| {
        figures.write(0.99)
    });
    resting.shorter_than_one_each(table, "the slowest write of a hundred", |figures| {
        figures.write(0.99)
    });
    resting.shorter_than_one_each(table, "the slowest write of all", |figures| {
        figures.write(1.0)
    });
}

const ONE_LOCKED: &str = "one locked connection";
const ONE_EACH: &str = "a connection each";

/// All rounds of one load.
struct Rounds {
    load: Load,
    kept: Vec<Figures>,
    locked: Vec<Figures>,
    each: Vec<Figures>,
}

impl Rounds {
    /// In turns, so that the machine's moods fall on all three alike.
    fn run(template: &Path, how_long: Duration, load: Load) -> Rounds {
        let mut rounds = Rounds {
            load,
            kept: Vec::new(),
            locked: Vec::new(),
            each: Vec::new(),
        };
        for round in 0..ROUNDS {
            let take = |name: &str, make: &dyn Fn(&Path) -> Box<dyn Design>| {
                let figures = run_on_copy(template, how_long, load, make);
                let load = load.name;
                say(&format!(
                    "  {load}, round {round}: {name}: {}",
                    figures.in_words()
                ));
                figures
            };
            let locked = take(ONE_LOCKED, &|path| Box::new(OneLocked::new(path)));
            rounds.locked.push(locked);
            let each = take(ONE_EACH, &|path| Box::new(OneEach::new(path)));
            rounds.each.push(each);
            let kept = take("ours", &|path| Box::new(Kept::new(path)));
            rounds.kept.push(kept);
        }
        rounds
    }

    fn many_times_the_locked(&self, table: &mut Table, what: &str, of: fn(&Figures) -> f64) {
        let times = ratio(&self.kept, &self.locked, of);
        self.against_the_locked(
            table,
            what,
            of,
            &format!("at least {TIMES_BETTER_MIN} times as many: {times:.2} times"),
            times >= TIMES_BETTER_MIN,
        );
    }

    fn more_than_the_locked(&self, table: &mut Table, what: &str, of: fn(&Figures) -> f64) {
        let times = ratio(&self.kept, &self.locked, of);
        let bar = format!("more: {times:.2} times");
        self.against_the_locked(table, what, of, &bar, times > 1.0);
    }

    fn against_the_locked(
        &self,
        table: &mut Table,
        what: &str,
        of: fn(&Figures) -> f64,
        bar: &str,
        met: bool,
    ) {
        table.row(
            &self.titled(&format!("{what} a second, against {ONE_LOCKED}")),
            &number(middle(&self.kept, of)),
            &number(middle(&self.locked, of)),
            bar,
            met,
        );
    }

    fn shorter_than_the_locked(&self, table: &mut Table, what: &str, of: fn(&Figures) -> Duration) {
        self.shorter(
            table,
            &format!("{what}, against {ONE_LOCKED}"),
            of,
            &self.locked,
        );
    }

    fn shorter_than_one_each(&self, table: &mut Table, what: &str, of: fn(&Figures) -> Duration) {
        self.shorter(
            table,
            &format!("{what}, against {ONE_EACH}"),
            of,
            &self.each,
        );
    }

    fn shorter(
        &self,
        table: &mut Table,
        what: &str,
        of: fn(&Figures) -> Duration,
        plain: &[Figures],
    ) {
        let seconds = |figures: &Figures| of(figures).as_secs_f64();
        let (ours, plain) = (middle(&self.kept, seconds), middle(plain, seconds));
        table.row(
            &self.titled(what),
            &millis(Duration::from_secs_f64(ours)),
            &millis(Duration::from_secs_f64(plain)),
            "shorter",
            ours < plain,
        );
    }

    fn titled(&self, what: &str) -> String {
        let load = self.load.name;
        format!("{WRITERS} threads writing, {READERS} reading, {load}: {what}")
    }
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

/// Loads it twice as long as is measured: while the log still grows, each commit costs the disk the new
/// length as well, which is no part of the design and passes.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn run_on_copy(
    template: &Path,
    how_long: Duration,
    load: Load,
    make: &dyn Fn(&Path) -> Box<dyn Design>,
) -> Figures {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("copy.db");
    std::fs::copy(template, &path).expect("the table is copied");
    let design = make(&path);
    let keys = AtomicI64::new(FIRST_FREE_KEY);
    let before = run(design.as_ref(), &keys, how_long, load);
    let mut figures = run(design.as_ref(), &keys, how_long, load);
    let wal = folder.path().join("copy.db-wal");
    figures.wal_bytes = std::fs::metadata(wal).map_or(0, |wal| wal.len());
    drop(design);
    let kept = workload::count_written(&open(&path)).expect("the rows are counted");
    let writes = before.writes.len() + figures.writes.len();
    let acknowledged = i64::try_from(writes).unwrap_or(i64::MAX) * ROWS_A_WRITE;
    assert_eq!(kept, acknowledged, "what was acknowledged is what is there");
    figures
}

fn run(design: &dyn Design, keys: &AtomicI64, how_long: Duration, load: Load) -> Figures {
    let over = AtomicBool::new(false);
    let (time, (writes, reads)) = timed(|| {
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut write = design.writer();
                        repeat(&over, load.writers_rest, || {
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
                        repeat(over, load.readers_rest, || {
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
        if !rests.is_zero() {
            std::thread::park_timeout(rests);
        }
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
