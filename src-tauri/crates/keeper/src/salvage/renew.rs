//! A new database from the rows of a harmed one. Virtual tables and their shadow tables, indexes and
//! triggers are made anew from their definitions: they hold nothing that the tables do not.

use std::path::Path;

use rusqlite::{Connection, ToSql, params, params_from_iter};

use super::schema::{Columns, Key, Kind, Object, Schema};
use super::walk::{LostRange, Seen, is_harm, walk};
use crate::error::Error;
use crate::files;
use crate::quote;
use crate::raw;

/// What became of a file beside its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Renewed {
    pub(super) lost_ranges: Vec<LostRange>,
    /// Rows that could be read but break a rule of their table, so they are no rows of it.
    pub(super) rows_refused: u64,
    pub(super) rebuilt: Vec<String>,
    pub(super) to_refill: Vec<String>,
    /// Indexes, views and triggers that could not be made again.
    pub(super) not_remade: Vec<String>,
}

impl Renewed {
    pub(super) fn is_complete(&self) -> bool {
        self.lost_ranges.is_empty() && self.rows_refused == 0 && self.not_remade.is_empty()
    }
}

/// Makes `to` from all that can be read in `from`. `known` is a schema of an older time, for
/// tables whose definition is lost. `None` if no table is known at all.
pub(super) fn renew(
    from: &Connection,
    known: Option<&Connection>,
    to: &Path,
) -> Result<Option<Renewed>, Error> {
    let mut schema = Schema::read(from);
    if let Some(known) = known {
        schema = schema.with_missing_from(&Schema::read(known));
    }
    if schema.of_kind(Kind::Table).next().is_none() {
        return Ok(None);
    }
    files::write_new(to, b"").map_err(|e| Error::from_io(&e))?;
    let target = raw::open(to, raw::Access::Write)?;
    copy_marks(from, known, &target)?;
    target.execute_batch("PRAGMA foreign_keys = 0; PRAGMA synchronous = FULL; BEGIN;")?;
    let mut renewed = Renewed::default();
    for table in schema.of_kind(Kind::Table) {
        if target.execute_batch(&table.sql).is_err() {
            // A harmed definition; an older one may do.
            renewed.not_remade.push(table.name.clone());
            continue;
        }
        copy_rows(from, &target, &table.name, &mut renewed)?;
    }
    copy_sequences(from, &target);
    for object in schema.of_kind(Kind::Index) {
        remake(&target, object, &mut renewed);
    }
    for object in schema.of_kind(Kind::Virtual) {
        remake(&target, object, &mut renewed);
    }
    for object in schema.of_kind(Kind::Virtual) {
        refill(&target, &object.name, &mut renewed);
    }
    for kind in [Kind::View, Kind::Trigger] {
        for object in schema.of_kind(kind) {
            remake(&target, object, &mut renewed);
        }
    }
    target.execute_batch("COMMIT;")?;
    close(target)?;
    Ok(Some(renewed))
}

/// Adds to a copy of a backup the rows of `newer` whose key it lacks. Returns how many.
pub(super) fn add_missing_rows(backup: &Connection, newer: &Path) -> Result<u64, Error> {
    let newer = newer.to_str().ok_or_else(Error::bad_name)?;
    backup.execute_batch("PRAGMA foreign_keys = 0;")?;
    backup.execute("ATTACH ?1 AS newer", params![newer])?;
    let schema = Schema::read(backup);
    backup.execute_batch("BEGIN;")?;
    let mut added = 0;
    for table in schema.of_kind(Kind::Table) {
        let columns = Columns::of(backup, &table.name)?;
        let (name, list) = (quote::name(&table.name), quote::list(columns.copied()));
        let sql = format!(
            "INSERT OR IGNORE INTO main.{name} ({list}) SELECT {list} FROM newer.{name} NOT INDEXED"
        );
        match backup.execute(&sql, []) {
            Ok(rows) => added += rows as u64,
            Err(error) => {
                let error = Error::from(error);
                if !is_harm(&error) {
                    return Err(error);
                }
            }
        }
    }
    backup.execute_batch("COMMIT; DETACH newer;")?;
    Ok(added)
}

/// Fills the virtual tables of a database from its tables.
pub(super) fn refill_all(target: &Connection, renewed: &mut Renewed) {
    for object in Schema::read(target).of_kind(Kind::Virtual) {
        refill(target, &object.name, renewed);
    }
}

/// Ends what was done to a file of ours, so that it stands alone and is on the disk.
pub(super) fn close(connection: Connection) -> Result<(), Error> {
    connection.close().map_err(|(_, error)| Error::from(error))
}

/// What the header tells beside the tables.
fn copy_marks(from: &Connection, known: Option<&Connection>, to: &Connection) -> Result<(), Error> {
    for mark in ["page_size", "auto_vacuum", "user_version", "application_id"] {
        let of = |connection: &Connection| -> rusqlite::Result<i64> {
            connection.pragma_query_value(None, mark, |row| row.get(0))
        };
        let value = of(from).ok().or_else(|| of(known?).ok());
        if let Some(value) = value {
            to.pragma_update(None, mark, value)?;
        }
    }
    let encoding: rusqlite::Result<String> =
        from.pragma_query_value(None, "encoding", |row| row.get(0));
    if let Ok(encoding) = encoding {
        to.pragma_update(None, "encoding", encoding)?;
    }
    Ok(())
}

fn copy_rows(
    from: &Connection,
    to: &Connection,
    table: &str,
    renewed: &mut Renewed,
) -> Result<(), Error> {
    let columns = Columns::of(to, table)?;
    let copied = columns.copied();
    let places = vec!["?"; copied.len()].join(", ");
    let mut insert = to.prepare(&format!(
        "INSERT OR IGNORE INTO {} ({}) VALUES ({places})",
        quote::name(table),
        quote::list(copied.iter().copied()),
    ))?;
    let mut replace = to.prepare(&format!(
        "INSERT OR REPLACE INTO {} ({}) VALUES ({places})",
        quote::name(table),
        quote::list(copied.iter().copied()),
    ))?;
    let (width, mut refused) = (copied.len(), 0);
    let numbered = matches!(columns.key, Key::Rowid { .. });
    let lost = walk(from, table, &columns, &mut |row, seen| {
        let values = (0..width)
            .map(|at| row.get_ref(at))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let values = || params_from_iter(values.iter().map(|value| Borrowed(*value)));
        let mut inserted = insert.execute(values()).map_err(Error::from);
        if inserted == Ok(0) && numbered && seen == Seen::InOrder {
            // The row that took this key before stood in the wrong place.
            inserted = replace.execute(values()).map_err(Error::from);
        }
        match inserted {
            Ok(0) if seen != Seen::Again => refused += 1,
            Ok(_) => {}
            Err(error) if is_harm(&error) => refused += u64::from(seen != Seen::Again),
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    renewed.rows_refused += refused;
    renewed.lost_ranges.extend(lost);
    Ok(())
}

/// Keys that were given once are not given again, even if their row is gone.
fn copy_sequences(from: &Connection, to: &Connection) {
    let copied = || -> rusqlite::Result<()> {
        let mut read = from.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let (name, seq): (String, i64) = row.try_into()?;
            let known = to.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                params![name, seq],
            )?;
            if known == 0 {
                to.execute(
                    "INSERT INTO sqlite_sequence (name, seq)
                     SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)",
                    params![name, seq],
                )?;
            }
        }
        Ok(())
    };
    // Where it cannot be read, or no table counts, the rows themselves have set what they can.
    copied().ok();
}

fn remake(to: &Connection, object: &Object, renewed: &mut Renewed) {
    if to.execute_batch(&object.sql).is_err() {
        renewed.not_remade.push(object.name.clone());
    }
}

/// Full-text tables know how to fill themselves, unless they were told to keep no content.
fn refill(to: &Connection, table: &str, renewed: &mut Renewed) {
    if renewed.not_remade.iter().any(|name| name == table) {
        return;
    }
    let name = quote::name(table);
    let done = to.execute_batch(&format!(
        "SAVEPOINT refill; INSERT INTO {name} ({name}) VALUES ('rebuild'); RELEASE refill;"
    ));
    if done.is_ok() {
        renewed.rebuilt.push(table.to_owned());
    } else {
        to.execute_batch("ROLLBACK TO refill; RELEASE refill;").ok();
        renewed.to_refill.push(table.to_owned());
    }
}

/// A value of one connection as a parameter of another, without a copy.
struct Borrowed<'a>(rusqlite::types::ValueRef<'a>);

impl ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}
