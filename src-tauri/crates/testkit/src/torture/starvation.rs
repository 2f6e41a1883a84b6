//! T11: a long read holds its snapshot while others write as fast as they can. The WAL stays within its
//! limit and a batch, because the reader is called off, and people read meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_keeper::{Ambient, Clock, Error, Keeper, KeptFile, Lane};
use rusqlite::Connection;

use super::oracle::{Oracle, SCHEMA, id_of, look_through, write_row};
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};
use crate::{Threads, WallClock};

pub(super) const SUITE: Suite = Suite {
    name: "starvation",
    what: "T11, a read is held while others write",
    short_runs: 2,
    long_runs: 20,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(120);
/// The keeper's clock runs this much faster than the wall's.
const HURRY: u32 = 20;
/// By the keeper's clock: the reader is old enough to be called off.
const HELD_BEFORE_STORM: Duration = Duration::from_secs(11);
const STORM: Duration = Duration::from_secs(60);
/// A slow machine gets more time, or the WAL would stay short because little is written.
const WRITES_MIN: usize = 160;
const MIB: u64 = 1024 * 1024;
const WAL_BYTES_MAX: u64 = 64 * MIB;
/// A batch is cut at 4 MiB of growth, and its last job may go beyond.
const BATCH_BYTES_MAX: u64 = 4 * MIB + 2 * BALLAST_BYTES;
const BALLAST_BYTES: u64 = MIB / 2;
const WRITERS: i64 = 3;

/// Time that goes by faster.
struct Hurried(Arc<WallClock>);

impl Clock for Hurried {
    fn monotonic(&self) -> Duration {
        self.0.monotonic() * HURRY
    }
    fn unix_ms(&self) -> i64 {
        self.0.unix_ms()
    }
}

fn run(options: &Options) -> Report {
    // One at a time, so that the figures are of the keeper and not of the queue for the processor.
    let options = Options {
        workers: 1,
        ..options.clone()
    };
    each_run(SUITE.name, &options, RUN_TAKES_MAX, |run| {
        let mut report = Report::one_run();
        if let Err(what) = starve(run, &mut report) {
            report.fail(run.number, Breach::Other, what);
        }
        report
    })
}

fn starve(run: &Run, report: &mut Report) -> Result<(), String> {
    let wall = WallClock::start();
    let clock = Arc::new(Hurried(Arc::clone(&wall)));
    let keeper = Keeper::new(Ambient {
        clock: Arc::<Hurried>::clone(&clock),
        spawn: Arc::new(Threads),
    });
    let told = |error: Error| format!("{error:?}");
    let path = run.folder.join("kept.db");
    let file = keeper.file(&path, SCHEMA).map_err(told)?;
    let (oracle, salt) = (Oracle::default(), run.options.seed ^ run.number);
    make_ballast(&file).map_err(told)?;
    let stranger = match run.options.sabotage {
        Some(Sabotage::KeepReading) => Some(hold_from_outside(&path).map_err(|e| e.to_string())?),
        _ => None,
    };
    let (held, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut longest_wal = 0;
    let mut waits = Vec::new();
    let reader_ended = std::thread::scope(|scope| {
        let reader = scope.spawn(|| hold(&file, &held, &done));
        let began = clock.monotonic();
        while clock.monotonic() < began + HELD_BEFORE_STORM || !held.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        report.faults += 1;
        for producer in 0..WRITERS {
            let (file, oracle, done) = (&file, &oracle, &done);
            scope.spawn(move || storm(file, oracle, salt, producer, done));
        }
        let end = clock.monotonic() + STORM;
        while clock.monotonic() < end || oracle.acknowledged_so_far() < WRITES_MIN {
            let before = wall.monotonic();
            let seen = file.read(Lane::Interactive, |tx| {
                tx.connection()
                    .query_row("SELECT count(*) FROM tally", [], |row| row.get::<_, i64>(0))
                    .map_err(Error::from)
            });
            match seen {
                Ok(_) => waits.push(wall.monotonic().saturating_sub(before)),
                Err(error) => report.note(format!("a person's read: {}", error.class())),
            }
            longest_wal = longest_wal.max(file.facts().wal_bytes.unwrap_or(0));
        }
        done.store(true, Ordering::SeqCst);
        reader.join().ok()
    });
    drop(stranger);
    if reader_ended != Some(Err(Error::Cancelled)) {
        let what = format!("the long read ended with {reader_ended:?}");
        report.fail(run.number, Breach::Other, what);
    }
    if longest_wal > WAL_BYTES_MAX + BATCH_BYTES_MAX {
        let what = format!("the WAL grew to {} MiB", longest_wal / MIB);
        report.fail(run.number, Breach::Other, what);
    }
    report.note(format!("WAL at its longest: {} MiB", longest_wal / MIB));
    waits.sort();
    if let Some(p99) = waits.get(waits.len() * 99 / 100) {
        report.note(format!("p99 of a person's read: {} ms", p99.as_millis()));
    }
    let found = look_through(&file, salt).map_err(told)?;
    oracle.compare(run.number, &found, report);
    keeper.shut_down();
    Ok(())
}

/// Reads without an end, until it is called off.
fn hold(file: &KeptFile, held: &AtomicBool, done: &AtomicBool) -> Result<(), Error> {
    let reservation = file.reserve("starving").ok_or(Error::Overloaded)?;
    reservation.read(|tx| {
        let mut statement = tx.connection().prepare(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
             SELECT count(*) + (SELECT count(*) FROM tally) FROM n",
        )?;
        while !done.load(Ordering::SeqCst) {
            statement.query_row([], |row| row.get::<_, i64>(0))?;
            held.store(true, Ordering::SeqCst);
        }
        Ok(())
    })
}

/// A snapshot that the keeper knows nothing of and cannot call off.
fn hold_from_outside(path: &std::path::Path) -> rusqlite::Result<Connection> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it plays another process, which opens the file past the keeper"
    )]
    let connection = Connection::open(path)?;
    connection.execute_batch("BEGIN")?;
    connection.query_row("SELECT count(*) FROM tally", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// A row apart from those that are compared, which each write makes anew and so fills the WAL.
fn make_ballast(file: &KeptFile) -> Result<(), Error> {
    file.write(|tx| {
        tx.connection()
            .execute_batch("CREATE TABLE ballast (id INTEGER PRIMARY KEY, body BLOB)")?;
        Ok(())
    })
}

fn storm(file: &KeptFile, oracle: &Oracle, salt: u64, producer: i64, done: &AtomicBool) {
    for number in 0.. {
        if done.load(Ordering::SeqCst) {
            return;
        }
        let id = id_of(producer, number);
        oracle.tried(id);
        let written = file.write(move |tx| {
            write_row(tx, salt, id)?;
            tx.connection().execute(
                "INSERT OR REPLACE INTO ballast VALUES (?1, zeroblob(?2))",
                (producer, BALLAST_BYTES),
            )?;
            Ok::<_, Error>(())
        });
        if written.is_ok() {
            oracle.acknowledged(id);
        }
    }
}
