//! What a caller pays whose file cannot be opened, while the breaker keeps it from being tried, and
//! what the look costs that each acknowledgement waits for.

use std::path::Path;
use std::time::Duration;

use oldgrowth_keeper::{BreakerState, Error, Keeper, Lane};
use rusqlite::Connection;

use crate::opens::Opens;
use crate::table::{Table, micros, millis};
use crate::{each, median, timed, workload};

const ROUNDS: usize = 21;
const CALLS_A_ROUND: u32 = 5_000;
const OPENS_A_ROUND: u32 = 100;
const WRITES_A_ROUND: u32 = 20;
const REFUSAL_MAX: Duration = Duration::from_micros(2);
/// Of a synced write, in percent.
const LOOK_SHARE_MAX: f64 = 5.0;

/// A folder has taken the name of the file.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    std::fs::create_dir(&path).expect("the name is taken");
    let keeper = Keeper::new(workload::ambient());
    let file = keeper
        .file(&path, workload::SCHEMA)
        .expect("the file can be named");
    let read = || {
        let answer = file.read(Lane::Interactive, |_| Ok::<(), Error>(()));
        assert!(answer.is_err(), "a folder is no database");
    };
    let write = || {
        let answer = file.write(|_| Ok::<(), Error>(()));
        assert!(answer.is_err(), "a folder is no database");
    };
    while matches!(file.facts().breaker, BreakerState::Closed { .. }) {
        read();
    }

    let opens = Opens::watch(folder.path());
    let tries = file.facts().opens;
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reads.push(each(CALLS_A_ROUND, read));
        writes.push(each(CALLS_A_ROUND, write));
    }
    let opened = opens.as_ref().map(Opens::seen);
    let tried = file.facts().opens - tries;
    let plain = (0..ROUNDS).map(|_| each(OPENS_A_ROUND, || fail_to_open(&path)));
    let plain = median(plain.collect());
    let counted = opened.map_or_else(
        || format!("{tried} tries"),
        |opened| format!("{tried} tries, {opened} files opened"),
    );
    for (what, times) in [("read", reads), ("write", writes)] {
        let ours = median(times);
        table.row(
            &format!("{what} refused while the breaker is open, against trying to open"),
            &micros(ours),
            &micros(plain),
            &format!("under 2 µs and nothing opened: {counted}"),
            ours < REFUSAL_MAX && tried == 0 && opened.unwrap_or(0) == 0,
        );
    }
}

/// Three names are looked up before a commit is acknowledged, so that nobody is told of a row in a
/// file that has gone.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure_looks(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    let keeper = Keeper::new(workload::ambient());
    let file = keeper
        .file(&path, workload::SCHEMA)
        .expect("the file can be named");
    let mut first = 0;
    let mut write = || {
        first += workload::ROWS_A_WRITE;
        let key = first;
        file.write(move |tx| workload::write(tx.connection(), key).map_err(Error::from))
            .expect("the rows are kept");
    };
    write();
    let names = ["a.db", "a.db-wal", "a.db-shm"].map(|name| folder.path().join(name));
    let (mut looks, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        looks.push(each(CALLS_A_ROUND, || {
            for name in &names {
                std::fs::metadata(name).expect("the file is there");
            }
        }));
        writes.push(timed(|| (0..WRITES_A_ROUND).for_each(|_| write())).0 / WRITES_A_ROUND);
    }
    let (looks, writes) = (median(looks), median(writes));
    let share = 100.0 * looks.as_secs_f64() / writes.as_secs_f64();
    table.row(
        "looking at three names before an acknowledgement, against a synced write",
        &micros(looks),
        &millis(writes),
        &format!("at most {LOOK_SHARE_MAX} % of it: {share:.2} %"),
        share <= LOOK_SHARE_MAX,
    );
}

/// What a program does that has no breaker.
#[expect(
    clippy::disallowed_methods,
    reason = "the plain alternative opens the file itself"
)]
fn fail_to_open(path: &Path) {
    let opened = Connection::open(path).and_then(|connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
    });
    assert!(opened.is_err(), "a folder is no database");
}
