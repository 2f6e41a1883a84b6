//! How good an image is: whether SQLite finds it sound, and how much is in it.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{Kind, Schema};
use super::walk::is_harm;
use crate::error::Error;
use crate::quote;
use crate::raw;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) sound: bool,
    pub(super) tables: Vec<Counted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) name: String,
    pub(super) rows: u64,
    /// The greatest key, which for most tables is the newest row.
    pub(super) newest: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Enough where all indexes were made just now.
    Quick,
    /// Compares indexes with their tables too: pages of different ages may be mixed, and a row may
    /// be harmed in a way that leaves its page in order.
    Full,
}

impl Judged {
    pub(super) fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    pub(super) fn newest(&self) -> i64 {
        self.tables
            .iter()
            .filter_map(|table| table.newest)
            .fold(0, i64::saturating_add)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table.name == name)
    }

    pub(super) fn rows_of(&self, name: &str) -> u64 {
        let found = self.tables.iter().find(|table| table.name == name);
        found.map_or(0, |table| table.rows)
    }
}

pub(super) fn judge(path: &Path, check: Check) -> Result<Judged, Error> {
    match judge_inner(path, check) {
        Err(error) if is_harm(&error) => Ok(Judged::default()),
        judged => judged,
    }
}

/// For reading what may be harmed: no trust in it, and a schema with a broken entry is no obstacle.
pub(super) fn open_harmed(path: &Path) -> Result<Connection, Error> {
    let connection = raw::open(path, raw::Access::Write)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA writable_schema = ON;",
    )?;
    Ok(connection)
}

fn judge_inner(path: &Path, check: Check) -> Result<Judged, Error> {
    let connection = raw::open(path, raw::Access::Write)?;
    connection.execute_batch("PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1;")?;
    let pragma = match check {
        Check::Quick => "PRAGMA quick_check(1)",
        Check::Full => "PRAGMA integrity_check(1)",
    };
    let found = connection
        .query_row(pragma, [], |row| row.get::<_, String>(0))
        .map_err(Error::from);
    let sound = match found {
        Ok(found) => found == "ok",
        Err(error) if is_harm(&error) => false,
        Err(error) => return Err(error),
    };
    let tables = Schema::read(&connection)
        .of_kind(Kind::Table)
        .map(|table| Counted {
            rows: rows(&connection, &table.name, sound),
            newest: newest(&connection, &table.name),
            name: table.name.clone(),
        })
        .collect();
    Ok(Judged { sound, tables })
}

/// Of a harmed table, as many as can be read before the first that cannot.
fn rows(connection: &Connection, table: &str, sound: bool) -> u64 {
    let table = quote::name(table);
    if sound {
        let sql = format!("SELECT count(*) FROM {table} NOT INDEXED");
        return connection
            .query_row(&sql, [], |row| row.get(0))
            .unwrap_or(0);
    }
    let sql = format!("SELECT * FROM {table} NOT INDEXED");
    let Ok(mut statement) = connection.prepare(&sql) else {
        return 0;
    };
    let Ok(mut found) = statement.query([]) else {
        return 0;
    };
    let mut count = 0;
    while let Ok(Some(_)) = found.next() {
        count += 1;
    }
    count
}

fn newest(connection: &Connection, table: &str) -> Option<i64> {
    let sql = format!("SELECT max(rowid) FROM {}", quote::name(table));
    connection.query_row(&sql, [], |row| row.get(0)).ok()?
}
