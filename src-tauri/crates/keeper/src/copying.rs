//! Copies a database through SQLite itself: one moment of it, with the commits of its WAL, whatever is
//! written meanwhile. The copy is one file that opens alone.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::raw::c_int;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::class::{Class, Phase};
use crate::error::{BadCopy, Error};
use crate::fault::point;
use crate::files;
use crate::held::{Held, connection_is_held};
use crate::migrate::open_error;
use crate::place::with_suffix;
use crate::quote;
use crate::raw::{self, Access};
use crate::tx::ReadTx;

/// Pages between two looks at whether somebody wants it to stop.
const STEP_PAGES: c_int = 256;
/// Tables whose rows are counted.
const TABLES_MAX: i64 = 1_000;

/// How far a copy has come, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    pub done: u32,
    pub of: u32,
}

/// What a database holds, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) schema_version: i32,
    pub(crate) application_id: i32,
    /// By table; what SQLite and its full-text indexes keep for themselves is left out.
    pub(crate) rows: BTreeMap<String, u64>,
}

/// Writes all that `source` sees onto a name that is not taken, and syncs it. Stopped by `progress`
/// it fails with `Cancelled`. What has been written by then is for the caller to remove, with
/// [`forget`].
///
/// All steps see one moment if the source is in a read transaction. Failures are not noted for the
/// keeper, since SQLite does not say which of the two files has failed.
pub(crate) fn copy(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
) -> Result<(), Error> {
    files::write_new(to, b"").map_err(|e| Error::from_io(&e))?;
    let mut target = raw::open(to, Access::Write)?;
    // The file is nobody's before it is whole, and it is synced then.
    target
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA mmap_size = 0;")
        .map_err(|e| open_error(&target, &e))?;
    step_through(source, &mut target, progress)?;
    // The header is copied as well, and says WAL. The file should open alone, also where nothing can
    // be written beside it.
    let journal: String = target
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE")
        .and_then(|()| {
            target.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
        })
        .map_err(|e| open_error(&target, &e))?;
    if journal != "delete" {
        return Err(Error::BadCopy(BadCopy::Unsound));
    }
    target
        .close()
        .map_err(|(target, e)| open_error(&target, &e))?;
    files::sync_file(to).map_err(|e| Error::from_io(&e))
}

fn step_through(
    source: &Connection,
    target: &mut Connection,
    progress: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
) -> Result<(), Error> {
    let failed = |e: rusqlite::Error| {
        let code = e.sqlite_error().map_or(0, |f| f.extended_code);
        let errno = raw::system_errno(raw::handle(source), code);
        Error::from_sqlite(&e, errno, Phase::Run)
    };
    let backup = Backup::new(source, target).map_err(failed)?;
    loop {
        point("copy_step").map_err(|e| Error::from_io(&e))?;
        match backup.step(STEP_PAGES).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            StepResult::Busy => return Err(Error::Busy { code: 5 }),
            _ => return Err(Error::Busy { code: 6 }),
        }
        let now = backup.progress();
        let of = u32::try_from(now.pagecount).unwrap_or(0);
        let left = u32::try_from(now.remaining).unwrap_or(0);
        let come = CopyProgress {
            done: of.saturating_sub(left),
            of,
        };
        if progress(come).is_break() {
            return Err(Error::Cancelled);
        }
    }
}

/// Opens a finished file that nobody else uses, without making anything beside it.
pub(crate) fn open_finished(file: &Path) -> Result<Connection, Error> {
    raw::open(file, Access::ReadUnchanging)
}

/// Reads a finished copy that nobody has open, as it is. Nothing is made beside it.
pub fn read_copy<T, E: From<Error>>(
    copy: &Path,
    op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    if connection_is_held() {
        return Err(Error::Nested.into());
    }
    let connection = open_finished(copy)?;
    let _held = Held::enter(&connection);
    op(&ReadTx::new(&connection))
}

/// Reads a finished copy through and counts what is in it. `BadCopy` if it is no sound database. SQLite's
/// check tells a read that failed as a finding like others, so it is believed the second time.
pub(crate) fn check(copy: &Path) -> Result<Contents, Error> {
    match check_once(copy) {
        Err(Error::BadCopy(BadCopy::Unsound)) => check_once(copy),
        checked => checked,
    }
}

fn check_once(copy: &Path) -> Result<Contents, Error> {
    let checked = open_finished(copy).and_then(|connection| {
        if !is_quickly_sound(&connection)? {
            return Err(Error::BadCopy(BadCopy::Unsound));
        }
        contents(&connection)
    });
    checked.map_err(|error| match error.class() {
        Class::Corrupt => Error::BadCopy(BadCopy::Unsound),
        _ => error,
    })
}

/// SQLite's own check, without that of the indexes. Corruption may be told as an error as well.
pub(crate) fn is_quickly_sound(connection: &Connection) -> Result<bool, Error> {
    let answer: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| open_error(connection, &e))?;
    Ok(answer == "ok")
}

pub(crate) fn contents(connection: &Connection) -> Result<Contents, Error> {
    let failed = |e: rusqlite::Error| open_error(connection, &e);
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(failed)
    };
    let mut rows = BTreeMap::new();
    for table in tables(connection).map_err(failed)? {
        let count = connection
            .query_row(
                &format!("SELECT count(*) FROM main.{}", quote::name(&table)),
                [],
                |row| row.get(0),
            )
            .map_err(failed)?;
        rows.insert(table, count);
    }
    Ok(Contents {
        schema_version: number("user_version")?,
        application_id: number("application_id")?,
        rows,
    })
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    const TABLES: &str = "
        SELECT name FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_'
        ORDER BY name LIMIT :most";
    let mut statement = connection.prepare(TABLES)?;
    let names = statement.query_map(rusqlite::named_params! { ":most": TABLES_MAX }, |row| {
        row.get(0)
    })?;
    names.collect()
}

/// Removes what a copy that was not finished has left, with what SQLite made beside it.
pub(crate) fn forget(own: &Path) {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        if let Err(error) = files::remove_own(&with_suffix(own, suffix)) {
            tracing::debug!(kind = ?error.kind(), "an unfinished copy stays");
        }
    }
}
