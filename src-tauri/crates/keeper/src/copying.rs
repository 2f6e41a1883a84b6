//! Copies a database through SQLite itself, so that what is read is one moment of it, the commits of its
//! WAL included, whatever is written meanwhile.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::class::Phase;
use crate::error::Error;
use crate::files;
use crate::migrate::open_error;
use crate::raw;

/// Pages between two looks at whether somebody wants it to stop.
const PAGES_PER_STEP: std::os::raw::c_int = 256;

/// How far a copy has come, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u32,
    pub of: u32,
}

/// A read transaction that lasts as long as this value.
pub(crate) struct Snapshot<'c> {
    connection: &'c Connection,
    began: bool,
}

impl Snapshot<'_> {
    pub(crate) fn start(connection: &Connection) -> Result<Snapshot<'_>, Error> {
        let began = connection.is_autocommit();
        if began {
            connection
                .execute_batch("BEGIN")
                .map_err(|e| open_error(connection, &e))?;
        }
        let snapshot = Snapshot { connection, began };
        // Only a read takes the snapshot.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
                row.get::<_, i64>(0)
            })
            .map_err(|e| open_error(connection, &e))?;
        Ok(snapshot)
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.began {
            // A connection that cannot end its transaction is closed by its owner.
            self.connection.execute_batch("ROLLBACK").ok();
        }
    }
}

/// Writes all that the connection sees into a new file that needs no sidecars, and syncs it.
pub(crate) fn copy_whole(source: &Connection, to: &Path) -> Result<(), Error> {
    copy(source, to, &mut |_| ControlFlow::Continue(()))
}

/// Like `copy_whole`, asking after each step whether to go on; stopped, it fails with `Cancelled`. What has
/// been written then is left for the caller to remove.
///
/// All steps see one snapshot if the source is in a read transaction.
pub(crate) fn copy(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Error> {
    files::write_new(to, b"").map_err(|e| Error::from_io(&e))?;
    let mut target = raw::open(to, true)?;
    // The file is nobody's before it is whole, and is synced then.
    target
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA mmap_size = 0;")
        .map_err(|e| open_error(&target, &e))?;
    step_through(source, &mut target, progress)?;
    // The header is copied as well, and says WAL. The file should open alone, also where nothing can
    // be written beside it.
    target
        .pragma_update_and_check(None, "journal_mode", "DELETE", |row| {
            row.get::<_, String>(0)
        })
        .map_err(|e| open_error(&target, &e))?;
    target
        .close()
        .map_err(|(target, e)| open_error(&target, &e))?;
    files::sync_file(to).map_err(|e| Error::from_io(&e))
}

fn step_through(
    source: &Connection,
    target: &mut Connection,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Error> {
    let failed = |e: rusqlite::Error| {
        let code = e.sqlite_error().map_or(0, |f| f.extended_code);
        Error::from_sqlite(&e, raw::system_errno(raw::handle(source), code), Phase::Run)
    };
    let backup = Backup::new(source, target).map_err(failed)?;
    loop {
        match backup.step(PAGES_PER_STEP).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            StepResult::Busy => return Err(Error::Busy { code: 5 }),
            _ => return Err(Error::Busy { code: 6 }),
        }
        let now = backup.progress();
        let of = u32::try_from(now.pagecount).unwrap_or(0);
        let left = u32::try_from(now.remaining).unwrap_or(0);
        let come = Progress {
            done: of.saturating_sub(left),
            of,
        };
        if progress(come).is_break() {
            return Err(Error::Cancelled);
        }
    }
}
