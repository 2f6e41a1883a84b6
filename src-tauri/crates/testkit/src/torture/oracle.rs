//! What was promised, and whether the file keeps it. A row can be worked out from its number alone,
//! so a row that is there but differs is found as surely as one that is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use oldgrowth_keeper::{Ambient, Error, Keeper, KeptFile, Lane, Schema, WriteTx};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, named_params};

use super::{Breach, Report};
use crate::{SeededRandom, Threads, WallClock};

/// Three steps, so that a crash can fall between two of them.
pub(crate) const SCHEMA: Schema = Schema {
    application_id: 0x7472_7472,
    tables: &[],
    steps: &[
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;",
        "CREATE INDEX kept_body ON kept (body);",
        "CREATE TABLE tally (producer INTEGER PRIMARY KEY, written INTEGER NOT NULL) STRICT;",
    ],
};

/// The name of the database in the folder of a run.
pub(crate) const DATABASE: &str = "a.db";
/// Rows of one producer are numbered within this.
pub(crate) const ROWS_PER_PRODUCER_MAX: i64 = 1_000_000;
const WORDS_PER_BODY_MAX: usize = 50;

const INSERT: &str = "INSERT INTO kept (id, body) VALUES (:id, :body)";
const COUNT_UP: &str = "INSERT INTO tally (producer, written) VALUES (:producer, 1)
    ON CONFLICT (producer) DO UPDATE SET written = written + 1";

pub(crate) fn id_of(producer: i64, number: i64) -> i64 {
    producer * ROWS_PER_PRODUCER_MAX + number
}

/// Writes the row of this number, and counts it in another table: a torn transaction shows.
pub(crate) fn write_row(tx: &WriteTx<'_>, salt: u64, id: i64) -> Result<(), Error> {
    Ok(insert_row(tx.connection(), salt, id)?)
}

pub(crate) fn insert_row(connection: &Connection, salt: u64, id: i64) -> rusqlite::Result<()> {
    let producer = id / ROWS_PER_PRODUCER_MAX;
    connection
        .prepare_cached(INSERT)?
        .execute(named_params! { ":id": id, ":body": body(salt, id) })?;
    connection
        .prepare_cached(COUNT_UP)?
        .execute(named_params! { ":producer": producer })?;
    Ok(())
}

pub(super) fn body(salt: u64, id: i64) -> String {
    use std::fmt::Write as _;
    let random = SeededRandom::new(salt ^ id.unsigned_abs());
    let words = 1 + random.below(WORDS_PER_BODY_MAX);
    (0..words).fold(String::new(), |mut text, _| {
        // Writing into a String cannot fail.
        write!(text, "{:016x}", random.next()).ok();
        text
    })
}

/// What the file holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) ids: BTreeSet<i64>,
    /// Rows with another body than theirs.
    pub(crate) altered: Vec<i64>,
    /// Producers whose count differs from their rows.
    pub(crate) miscounted: u64,
    /// Empty if the file is sound.
    pub(crate) unsound: String,
}

/// Reads everything there is to compare, `integrity_check` included.
pub(crate) fn look(connection: &Connection, salt: u64) -> rusqlite::Result<Found> {
    let mut found = Found::default();
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        found.unsound = sound;
    }
    let has_tables: bool = connection.query_row(
        "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('kept', 'tally')",
        [],
        |row| row.get(0),
    )?;
    if !has_tables {
        return Ok(found);
    }
    let mut rows = connection.prepare_cached("SELECT id, body FROM kept ORDER BY id")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if row.get_ref(1)?.as_str()? != body(salt, id) {
            found.altered.push(id);
        }
        found.ids.insert(id);
    }
    found.miscounted = connection
        .query_row(
            "SELECT count(*) FROM
                (SELECT id / :per AS producer, count(*) AS written FROM kept GROUP BY 1) AS rows
                FULL JOIN tally ON tally.producer = rows.producer
                WHERE rows.written IS NOT tally.written",
            named_params! { ":per": ROWS_PER_PRODUCER_MAX },
            |row| row.get(0),
        )
        .optional()?
        .unwrap_or(0);
    Ok(found)
}

pub(crate) fn look_through(file: &KeptFile, salt: u64) -> Result<Found, Error> {
    file.read(Lane::Background, |tx| Ok(look(tx.connection(), salt)?))
}

/// Also what was moved into quarantine: a restore puts the newer rows there. The sets are looked at as
/// copies, because looking at a database changes its files.
pub(crate) fn look_everywhere(file: &KeptFile, salt: u64) -> Result<Found, String> {
    let mut found = look_through(file, salt).map_err(|error| format!("{error:?}"))?;
    for set in file.quarantine() {
        if set.folder.join(DATABASE).exists() {
            let set = look_at_copy(&set.folder, salt)
                .map_err(|what| format!("a set in quarantine does not open: {what}"))?;
            found.add(set);
        }
    }
    Ok(found)
}

fn look_at_copy(folder: &Path, salt: u64) -> Result<Found, String> {
    let copy = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    for suffix in ["", "-wal", "-journal"] {
        let name = format!("{DATABASE}{suffix}");
        if folder.join(&name).exists() {
            fs::copy(folder.join(&name), copy.path().join(&name))
                .map_err(|error| error.to_string())?;
        }
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "what lies in quarantine is looked at by SQLite alone"
    )]
    Connection::open_with_flags(
        copy.path().join(DATABASE),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .and_then(|connection| look(&connection, salt))
    .map_err(|error| format!("{:?}", error.sqlite_error()))
}

impl Found {
    fn add(&mut self, other: Found) {
        self.ids.extend(other.ids);
        self.altered.extend(other.altered);
        self.miscounted += other.miscounted;
        self.unsound.push_str(&other.unsound);
    }
}

/// What producers have tried and what they were promised.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    inner: Mutex<Promises>,
}

#[derive(Debug, Default)]
struct Promises {
    tried: BTreeSet<i64>,
    acknowledged: BTreeSet<i64>,
}

impl Oracle {
    pub(crate) fn tried(&self, id: i64) {
        self.inner.lock().tried.insert(id);
    }

    pub(crate) fn acknowledged(&self, id: i64) {
        let mut inner = self.inner.lock();
        inner.tried.insert(id);
        inner.acknowledged.insert(id);
    }

    pub(super) fn acknowledged_so_far(&self) -> usize {
        self.inner.lock().acknowledged.len()
    }

    pub(crate) fn compare(&self, run: u64, found: &Found, report: &mut Report) {
        let inner = self.inner.lock();
        report.acknowledged += inner.acknowledged.len() as u64;
        judge(
            run,
            |id| inner.tried.contains(&id),
            &inner.acknowledged,
            found,
            report,
        );
    }

    pub(crate) fn all_tried(&self) -> BTreeSet<i64> {
        self.inner.lock().tried.clone()
    }
}

/// Every promise is kept, and nothing is there that nobody tried. Returns whether that is so.
pub(crate) fn judge(
    run: u64,
    tried: impl Fn(i64) -> bool,
    acknowledged: &BTreeSet<i64>,
    found: &Found,
    report: &mut Report,
) -> bool {
    let lost = acknowledged.difference(&found.ids).count();
    if lost > 0 {
        let what = format!("lost {lost} of {}", acknowledged.len());
        report.fail(run, Breach::Lost(lost as u64), what);
    }
    let unknown = found.ids.iter().filter(|id| !tried(**id)).count();
    let wrongs = [
        (unknown as u64, "rows that nobody wrote"),
        (found.altered.len() as u64, "rows with another body"),
        (found.miscounted, "producers with half a transaction"),
        (
            u64::from(!found.unsound.is_empty()),
            "failed integrity checks",
        ),
    ];
    let wrong: Vec<String> = wrongs
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !wrong.is_empty() {
        report.fail(run, Breach::Corrupt, wrong.join(", "));
    }
    lost == 0 && wrong.is_empty()
}

/// The rows of a producer are taken in order, so those that are there are its first.
pub(crate) fn has_gaps(found: &Found) -> bool {
    let mut next: Option<i64> = None;
    found.ids.iter().any(|id| {
        let is_first = id % ROWS_PER_PRODUCER_MAX == 0;
        let follows = next == Some(*id);
        next = Some(id + 1);
        !is_first && !follows
    })
}

/// A keeper with the time and the threads of this machine.
pub(crate) fn real_keeper() -> (Keeper, Arc<WallClock>) {
    let clock = WallClock::start();
    let keeper = Keeper::new(Ambient {
        clock: Arc::<WallClock>::clone(&clock),
        spawn: Arc::new(Threads),
    });
    (keeper, clock)
}

/// As `real_keeper`, of files that are only read.
#[cfg(target_os = "linux")]
pub(crate) fn reading_keeper() -> Keeper {
    Keeper::reading(Ambient {
        clock: WallClock::start(),
        spawn: Arc::new(Threads),
    })
}

/// Moves the WAL into the file after this many pages, so that short lives meet it as well.
pub(crate) fn checkpoint_every(file: &KeptFile, pages: i64) -> Result<(), Error> {
    file.write(move |tx| {
        tx.connection()
            .pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
        Ok(())
    })
}
