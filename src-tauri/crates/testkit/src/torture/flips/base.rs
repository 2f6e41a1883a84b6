//! Databases to be harmed: real ones, copied while they are open, so that their log is hot.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use rusqlite::Connection;

pub(super) const TABLES: [&str; 3] = ["note", "link", "event"];
const SCHEMA: &str = "
    CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
    CREATE INDEX note_text ON note (substr(text, 1, 20));
    CREATE TABLE link (a INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (a, text)) STRICT, WITHOUT ROWID;
    CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT);
    CREATE VIRTUAL TABLE words USING fts5 (text, content = 'note', content_rowid = 'id');
    CREATE VIRTUAL TABLE bare USING fts5 (text, content = '', contentless_delete = 1);
    PRAGMA application_id = 1869374567;";
const ROWS_PER_COMMIT: i64 = 3;

/// The bytes of a set, and the last key in it: each table holds the keys from 1 on.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) main: Vec<u8>,
    pub(super) wal: Vec<u8>,
    pub(super) rows: i64,
}

/// What can be told of a log before it is harmed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) page_bytes: usize,
    pub(super) rows_in_main: i64,
    /// Rows in the log before it was begun again, whose frames stay behind the new ones.
    pub(super) rows_overtaken: i64,
    pub(super) rows_in_log: i64,
}

pub(super) const SHAPES: [Shape; 4] = [
    Shape {
        page_bytes: 4096,
        rows_in_main: 300,
        rows_overtaken: 0,
        rows_in_log: 90,
    },
    Shape {
        page_bytes: 4096,
        rows_in_main: 150,
        rows_overtaken: 150,
        rows_in_log: 45,
    },
    Shape {
        page_bytes: 1024,
        rows_in_main: 240,
        rows_overtaken: 0,
        rows_in_log: 90,
    },
    Shape {
        page_bytes: 4096,
        rows_in_main: 0,
        rows_overtaken: 0,
        rows_in_log: 150,
    },
];

pub(super) fn make(shape: Shape, folder: &Path) -> Result<Base, rusqlite::Error> {
    let main = folder.join("live.db");
    let connection = open(&main)?;
    connection.execute_batch(&format!(
        "PRAGMA page_size = {}; PRAGMA synchronous = OFF;",
        shape.page_bytes
    ))?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")?;
    let mut rows = 0;
    add(&connection, &mut rows, shape.rows_in_main)?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    add(&connection, &mut rows, shape.rows_overtaken)?;
    connection.execute_batch("PRAGMA wal_checkpoint(RESTART);")?;
    add(&connection, &mut rows, shape.rows_in_log)?;
    let read = |path: &Path| fs::read(path).map_err(|e| as_sqlite(&e));
    Ok(Base {
        main: read(&main)?,
        wal: read(&folder.join("live.db-wal"))?,
        rows,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file that is harmed on purpose is no kept file"
)]
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open(path)
}

/// The keys whose row is as it was written, over all tables, and how many rows there are at all. A
/// table is read as far as SQLite reads it.
pub(super) fn true_rows(path: &Path) -> (BTreeSet<(usize, i64)>, u64) {
    let mut found = BTreeSet::new();
    let mut all = 0;
    let Ok(connection) = open(path) else {
        return (found, all);
    };
    for (at, table) in TABLES.iter().enumerate() {
        let key = if *table == "link" { "a" } else { "id" };
        let sql = format!("SELECT {key}, text FROM {table} NOT INDEXED");
        let Ok(mut statement) = connection.prepare(&sql) else {
            continue;
        };
        let Ok(mut rows) = statement.query([]) else {
            continue;
        };
        while let Ok(Some(row)) = rows.next() {
            all += 1;
            if let (Ok(id), Ok(text)) = (row.get::<_, i64>(0), row.get::<_, String>(1))
                && text == text_of(id)
            {
                found.insert((at, id));
            }
        }
    }
    (found, all)
}

pub(super) fn integrity(path: &Path) -> bool {
    let check = |connection: Connection| -> rusqlite::Result<String> {
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
    };
    open(path).and_then(check).is_ok_and(|found| found == "ok")
}

fn add(connection: &Connection, rows: &mut i64, more: i64) -> rusqlite::Result<()> {
    let last = *rows + more;
    while *rows < last {
        connection.execute_batch("BEGIN")?;
        for id in *rows + 1..=last.min(*rows + ROWS_PER_COMMIT) {
            let text = text_of(id);
            for sql in [
                "INSERT INTO note (id, text) VALUES (?1, ?2)",
                "INSERT INTO link (a, text) VALUES (?1, ?2)",
                "INSERT INTO event (id, text) VALUES (?1, ?2)",
                "INSERT INTO words (rowid, text) VALUES (?1, ?2)",
                "INSERT INTO bare (rowid, text) VALUES (?1, ?2)",
            ] {
                connection.execute(sql, (id, &text))?;
            }
            *rows = id;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}

fn text_of(id: i64) -> String {
    let words = ["oak", "moss", "fern", "lichen", "birch", "heron", "loam"];
    let mut text = format!("entry {id}:");
    let mut state = id.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for _ in 0..8 + state % 50 {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(17) ^ 0x55;
        if let Some(word) = words.get((state % words.len() as u64) as usize) {
            text.push(' ');
            text.push_str(word);
        }
    }
    text
}

fn as_sqlite(error: &io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.to_string().into())
}
