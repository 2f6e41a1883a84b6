//! Brings a file to the version this program knows. `user_version` counts the steps done.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

use crate::class::Phase;
use crate::error::Error;
use crate::fault::point;
use crate::raw;

/// What a file is and how it came to its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Tells our files from those of other programs; 0 takes any.
    pub application_id: i32,
    /// Step n takes a file from `user_version` n to n + 1. Each is one transaction.
    pub steps: &'static [&'static str],
    /// What must be there once all steps are done. A file that lacks one of these tables is damaged, and
    /// nothing is read of it or written to it.
    pub tables: &'static [&'static str],
}

impl Schema {
    pub(crate) fn version(&self) -> i32 {
        i32::try_from(self.steps.len()).unwrap_or(i32::MAX)
    }
}

/// Refuses a file that is not ours or is newer, by reading only.
pub(crate) fn check(connection: &Connection, schema: &Schema) -> Result<i32, Error> {
    let found = pragma(connection, "user_version")?;
    let supported = schema.version();
    if found > supported {
        return Err(Error::TooNew { found, supported });
    }
    let application_id = pragma(connection, "application_id")?;
    let ours = schema.application_id == 0
        || application_id == schema.application_id
        || (application_id == 0 && found == 0 && is_bare(connection)?);
    if !ours {
        return Err(Error::NotOurs {
            found: application_id,
        });
    }
    Ok(found)
}

/// Steps are missing on a file that holds something already.
pub(crate) fn lacks_steps(connection: &Connection, schema: &Schema) -> Result<bool, Error> {
    let version = check(connection, schema)?;
    Ok(version < schema.version() && (version > 0 || !is_bare(connection)?))
}

/// Does the missing steps. A step that fails leaves the file at the version before it.
pub(crate) fn migrate(connection: &mut Connection, schema: &Schema) -> Result<i32, Error> {
    let mut version = check(connection, schema)?;
    let done = usize::try_from(version).unwrap_or(0);
    for step in schema.steps.iter().skip(done) {
        run_step(connection, schema, step, version + 1)?;
        version += 1;
    }
    Ok(version)
}

/// Is one of the tables missing that all steps together make?
pub(crate) fn lacks_tables(connection: &Connection, schema: &Schema) -> Result<bool, Error> {
    const NAMES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let names = connection
        .prepare(NAMES)
        .and_then(|mut all| {
            let names = all.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<HashSet<_>>>()
        })
        .map_err(|e| open_error(connection, &e))?;
    Ok(!schema.tables.iter().all(|table| names.contains(*table)))
}

fn run_step(
    connection: &mut Connection,
    schema: &Schema,
    step: &str,
    version: i32,
) -> Result<(), Error> {
    let stepped = step_once(connection, schema, step, version);
    stepped.map_err(|failed| match failed {
        StepFailed::Beside(error) => Error::from_io(&error),
        StepFailed::Sqlite(error) => open_error(connection, &error),
    })
}

fn step_once(
    connection: &mut Connection,
    schema: &Schema,
    step: &str,
    version: i32,
) -> Result<(), StepFailed> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    point("migration_begun")?;
    tx.execute_batch(step)?;
    tx.pragma_update(None, "application_id", schema.application_id)?;
    tx.pragma_update(None, "user_version", version)?;
    point("migration_done")?;
    tx.commit()?;
    point("migration_committed")?;
    Ok(())
}

/// The connection is lent to the transaction until it has ended, so the failure is named after that.
enum StepFailed {
    Sqlite(rusqlite::Error),
    Beside(std::io::Error),
}

impl From<rusqlite::Error> for StepFailed {
    fn from(error: rusqlite::Error) -> StepFailed {
        StepFailed::Sqlite(error)
    }
}

impl From<std::io::Error> for StepFailed {
    fn from(error: std::io::Error) -> StepFailed {
        StepFailed::Beside(error)
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i32, Error> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(|e| open_error(connection, &e))
}

fn is_bare(connection: &Connection) -> Result<bool, Error> {
    connection
        .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |r| {
            r.get(0)
        })
        .map_err(|e| open_error(connection, &e))
}

/// Names a failure met while a connection is being set up.
pub(crate) fn open_error(connection: &Connection, error: &rusqlite::Error) -> Error {
    let code = error.sqlite_error().map_or(0, |f| f.extended_code);
    let errno = raw::system_errno(raw::handle(connection), code);
    Error::from_sqlite(error, errno, Phase::Open)
}
