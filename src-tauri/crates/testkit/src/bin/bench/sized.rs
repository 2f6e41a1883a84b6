//! A file of a wanted size, with the shape of a memory: passages, two indexes, and a full-text index
//! that holds no text of its own.

use std::path::Path;

use oldgrowth_keeper::{Error, Keeper, Schema};
use oldgrowth_testkit::Corpus;
use rusqlite::Connection;

use crate::read::open;
use crate::workload::ambient;

pub(crate) const MIB: u64 = 1 << 20;
/// So many texts are different, which is enough for the words to be.
const TEXTS: usize = 2_000;
/// Between two looks at how large the file has become.
const ROWS_BETWEEN_LOOKS: i64 = 2_000;
const ROWS_ADDED: i64 = 20;

pub(crate) const SCHEMA: Schema = Schema {
    application_id: 0,
    tables: &[],
    steps: &["
        CREATE TABLE text (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE passage (id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, document INTEGER NOT NULL,
            text TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE INDEX passage_by_document ON passage (document, at);
        CREATE VIRTUAL TABLE words USING fts5 (body, content = '', contentless_delete = 1,
            tokenize = 'porter unicode61 remove_diacritics 2');"],
};

const ADD_PASSAGES: &str = "
    WITH RECURSIVE n (id) AS (SELECT :first UNION ALL SELECT id + 1 FROM n WHERE id < :last)
    INSERT INTO passage (id, public_id, document, text, at)
    SELECT n.id, lower(hex(randomblob(16))), n.id / 8, n.id || ' ' || t.text, n.id
    FROM n JOIN text AS t ON t.id = n.id % :texts";
const ADD_WORDS: &str = "
    INSERT INTO words (rowid, body) SELECT id, text FROM passage WHERE id BETWEEN :first AND :last";

/// Returns how large it has become.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn make(path: &Path, bytes: u64) -> Result<u64, Error> {
    let keeper = Keeper::new(ambient());
    keeper.file(path, SCHEMA)?.write(|tx| {
        let corpus = Corpus::new(3);
        let mut insert = tx
            .connection()
            .prepare("INSERT INTO text (id, text) VALUES (?1, ?2)")?;
        for id in 0..TEXTS {
            insert.execute(rusqlite::params![id, corpus.paragraph()])?;
        }
        Ok::<(), Error>(())
    })?;
    keeper.shut_down();
    // Filled as fast as it goes: nobody will miss it.
    let connection = open(path);
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -64000;")
        .and_then(|()| fill(&connection, bytes))
        .and_then(|()| connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);"))
        .expect("the file is filled");
    drop(connection);
    Ok(std::fs::metadata(path).map_or(0, |file| file.len()))
}

pub(crate) fn read_one(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row(
        "SELECT text FROM passage WHERE id = (SELECT max(id) / 2 FROM passage)",
        [],
        |row| row.get::<_, String>(0).map(|text| text.len()),
    )
}

/// Some passages more.
pub(crate) fn add_some(connection: &Connection) -> rusqlite::Result<()> {
    add(connection, ROWS_ADDED)
}

fn fill(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        add(connection, ROWS_BETWEEN_LOOKS)?;
        connection.execute_batch("COMMIT")?;
        let has: u64 = connection.query_row(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            [],
            |row| row.get(0),
        )?;
        if has >= bytes {
            return Ok(());
        }
    }
}

fn add(connection: &Connection, rows: i64) -> rusqlite::Result<()> {
    let before: i64 =
        connection.query_row("SELECT ifnull(max(id), 0) FROM passage", [], |row| {
            row.get(0)
        })?;
    let (first, last) = (before + 1, before + rows);
    let texts = i64::try_from(TEXTS).unwrap_or(i64::MAX);
    connection
        .prepare_cached(ADD_PASSAGES)?
        .execute(rusqlite::named_params! { ":first": first, ":last": last, ":texts": texts })?;
    connection
        .prepare_cached(ADD_WORDS)?
        .execute(rusqlite::named_params! { ":first": first, ":last": last })?;
    Ok(())
}
