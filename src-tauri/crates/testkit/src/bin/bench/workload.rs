//! What is written and read under load: a table of sixty thousand rows, writes of three rows, and
//! questions of three kinds.

use std::path::Path;
use std::sync::Arc;

use oldgrowth_keeper::{Ambient, Error, Keeper, Schema};
use oldgrowth_testkit::{Threads, WallClock};
use rusqlite::{Connection, params};

const ROWS_AT_FIRST: i64 = 60_000;
const SOURCES: i64 = 11;
/// Rows of one write.
pub(crate) const ROWS_A_WRITE: i64 = 3;
/// The first key that writes under load may use.
pub(crate) const FIRST_FREE_KEY: i64 = 1_000_000;
/// Rows that a question by time brings.
const ROWS_A_QUESTION: i64 = 20;
/// One question in so many looks at all rows of a source.
const SCAN_EVERY: i64 = 50;

pub(crate) const SCHEMA: Schema = Schema {
    application_id: 0,
    tables: &[],
    steps: &["
        CREATE TABLE item (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE INDEX item_by_time ON item (source, at);"],
};

const INSERT: &str = "
    INSERT INTO item (id, source, text, at) VALUES (:id, :source, hex(randomblob(150)), :at)";
const BY_KEY: &str = "SELECT length(text) FROM item WHERE id = :id";
const BY_TIME: &str = "
    SELECT length(text) FROM item WHERE source = :source AND at >= :at ORDER BY at LIMIT :limit";
/// Only of the rows that were there at first: otherwise a design that writes more reads more as well.
const OF_SOURCE: &str = "
    SELECT sum(length(text)) FROM item WHERE source = :source AND at < :end";

pub(crate) fn ambient() -> Ambient {
    Ambient {
        clock: WallClock::start(),
        spawn: Arc::new(Threads),
    }
}

/// Makes the file through the keeper, fills it and closes it, so that nothing lies beside it.
pub(crate) fn make(path: &Path) -> Result<(), Error> {
    let keeper = Keeper::new(ambient());
    keeper.file(path, SCHEMA)?.write(|tx| {
        for id in 0..ROWS_AT_FIRST {
            insert(tx.connection(), id)?;
        }
        Ok::<(), Error>(())
    })?;
    keeper.shut_down();
    Ok(())
}

/// Three rows. The caller holds the transaction.
pub(crate) fn write(connection: &Connection, first: i64) -> rusqlite::Result<()> {
    (first..first + ROWS_A_WRITE).try_for_each(|id| insert(connection, id))
}

/// By key and by time in turn, and now and then all of a source.
pub(crate) fn ask(connection: &Connection, turn: i64) -> rusqlite::Result<i64> {
    let key = turn * 37 % ROWS_AT_FIRST;
    let source = turn % SOURCES;
    if turn % SCAN_EVERY == 0 {
        return connection.prepare_cached(OF_SOURCE)?.query_row(
            rusqlite::named_params! { ":source": source, ":end": ROWS_AT_FIRST },
            |row| row.get(0),
        );
    }
    if turn % 2 == 0 {
        return connection
            .prepare_cached(BY_KEY)?
            .query_row(rusqlite::named_params! { ":id": key }, |row| row.get(0));
    }
    let mut statement = connection.prepare_cached(BY_TIME)?;
    let mut rows = statement.query(
        rusqlite::named_params! { ":source": source, ":at": key, ":limit": ROWS_A_QUESTION },
    )?;
    let mut sum = 0;
    while let Some(row) = rows.next()? {
        sum += row.get::<_, i64>(0)?;
    }
    Ok(sum)
}

pub(crate) fn count_written(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT count(*) FROM item WHERE id >= ?1",
        params![FIRST_FREE_KEY],
        |row| row.get(0),
    )
}

fn insert(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(INSERT)?
        .execute(rusqlite::named_params! { ":id": id, ":source": id % SOURCES, ":at": id })?;
    Ok(())
}
