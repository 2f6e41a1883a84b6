//! Proves that a file which nobody else uses is a sound database, by opening it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use crate::error::{BadCopy, Error};
use crate::migrate::open_error;
use crate::raw;

/// Rows by table; those of virtual tables and of the tables below them are left out.
pub type RowCounts = BTreeMap<String, u64>;

const TABLES: &str = "
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) application_id: i32,
    pub(crate) schema_version: i32,
    pub(crate) pages: u32,
    pub(crate) rows: RowCounts,
}

/// Opens a file for reading, looks through all of it, and closes it.
pub(crate) fn prove(path: &Path) -> Result<Sound, Error> {
    let connection = raw::open(path, false)?;
    prove_open(&connection)
}

pub(crate) fn prove_open(connection: &Connection) -> Result<Sound, Error> {
    let failed = |e: rusqlite::Error| open_error(connection, &e);
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if found != "ok" {
        return Err(Error::BadCopy(BadCopy::Unsound));
    }
    Ok(Sound {
        application_id: number(connection, "application_id")?,
        schema_version: number(connection, "user_version")?,
        pages: number(connection, "page_count")?,
        rows: count_rows(connection)?,
    })
}

pub(crate) fn count_rows(connection: &Connection) -> Result<RowCounts, Error> {
    let failed = |e: rusqlite::Error| open_error(connection, &e);
    let mut tables = connection.prepare(TABLES).map_err(failed)?;
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    let mut rows = RowCounts::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let count = connection
            .query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| {
                row.get(0)
            })
            .map_err(failed)?;
        rows.insert(name, count);
    }
    Ok(rows)
}

fn number<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, Error> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|e| open_error(connection, &e))
}
