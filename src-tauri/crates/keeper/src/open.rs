//! The only way to a connection: flags, pragmas, and what a fresh connection must prove.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::ambient::Clock;
use crate::backup::before_migration;
use crate::class::Class;
use crate::error::Error;
use crate::facts::JournalMode;
use crate::held;
use crate::migrate::{Schema, check, leaves, migrate, open_error};
use crate::place::{Place, size_of};
use crate::raw;

/// How long SQLite itself waits for another process before it says busy.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);
const STATEMENTS_KEPT_MAX: usize = 64;
/// Virtual machine steps between two looks at the clock.
const DEADLINE_EVERY_OPS: i32 = 1_000;
const NO_DEADLINE: u64 = u64::MAX;

const COMMON: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA checkpoint_fullfsync = 1;
    PRAGMA foreign_keys = 1;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = 0;
    PRAGMA cell_size_check = 1;
    PRAGMA journal_size_limit = 16777216;";
const WRITER: &str = "PRAGMA cache_size = -8000;";
const READER: &str = "PRAGMA cache_size = -4000; PRAGMA query_only = 1;";

/// A connection with its deadline.
pub(crate) struct Conn {
    pub(crate) connection: Connection,
    deadline: Arc<Deadline>,
}

struct Deadline {
    at_ns: AtomicU64,
    limit_ns: AtomicU64,
}

impl Conn {
    /// Stops whatever runs on this connection `limit` from now.
    pub(crate) fn set_deadline(&self, now: Duration, limit: Duration) {
        self.deadline
            .limit_ns
            .store(nanos(limit), Ordering::Relaxed);
        self.deadline
            .at_ns
            .store(nanos(now.saturating_add(limit)), Ordering::Relaxed);
    }

    pub(crate) fn clear_deadline(&self) {
        self.deadline.at_ns.store(NO_DEADLINE, Ordering::Relaxed);
    }
}

pub(crate) struct Opened {
    pub(crate) writer: Conn,
    pub(crate) mode: JournalMode,
    pub(crate) schema_version: i32,
}

/// Opens the writer of a file that the verdict let through, and proves that it can be read and
/// locked. Without a usable shared index the wal-index is kept on the heap, alone.
pub(crate) fn open_writer(
    place: &Place,
    schema: &Schema,
    shm_odd: bool,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Error> {
    match open_as(place, schema, JournalMode::Wal, clock) {
        Err(error) if shm_odd || is_about_shm(&error) => {
            open_as(place, schema, JournalMode::WalExclusive, clock).map_err(|second| {
                // Somebody else is attached, so the first failure is the one to speak of.
                if second.class() == Class::Busy {
                    error
                } else {
                    second
                }
            })
        }
        opened => opened,
    }
}

fn is_about_shm(error: &Error) -> bool {
    error.class() == Class::ShmUnavailable || error.code() == Some(4874)
}

fn open_as(
    place: &Place,
    schema: &Schema,
    mode: JournalMode,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Error> {
    let mut connection = raw::open(&place.main, true)?;
    let schema_version = set_up_writer(&mut connection, place, schema, mode, clock)?;
    Ok(Opened {
        writer: with_deadline(connection, clock)?,
        mode,
        schema_version,
    })
}

fn set_up_writer(
    connection: &mut Connection,
    place: &Place,
    schema: &Schema,
    mode: JournalMode,
    clock: &Arc<dyn Clock>,
) -> Result<i32, Error> {
    let has_wal = size_of(&place.wal).is_some_and(|bytes| bytes > 0);
    let fail = |c: &Connection, e: &rusqlite::Error| open_error(c, e);
    connection
        .busy_timeout(BUSY_WAIT)
        .map_err(|e| fail(connection, &e))?;
    // Until the file is known to be ours, closing must not move its WAL into it. Without a WAL the
    // close is left to tidy up the sidecars that looking has made.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_wal)
        .map_err(|e| fail(connection, &e))?;
    if mode == JournalMode::WalExclusive {
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(|e| fail(connection, &e))?;
    }
    check(connection, schema)?;
    if connection
        .is_readonly("main")
        .map_err(|e| fail(connection, &e))?
    {
        return Err(Error::ReadOnly {
            code: Some(8),
            errno: None,
        });
    }
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(|e| fail(connection, &e))?;
    let journal = turn_to_wal(connection).map_err(|e| fail(connection, &e))?;
    if journal != "wal" {
        return Err(no_wal());
    }
    connection
        .execute_batch(COMMON)
        .and_then(|()| connection.execute_batch(WRITER))
        .map_err(|e| fail(connection, &e))?;
    harden(connection).map_err(|e| fail(connection, &e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    if let Some(version) = leaves(connection, schema)? {
        before_migration(place, connection, version, clock.as_ref())?;
    }
    let version = migrate(connection, schema)?;
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .and_then(|_| connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK;"))
        .map_err(|e| fail(connection, &e))?;
    Ok(version)
}

/// Returns the mode the file is in then. The row comes before the commit that makes it true, so
/// the statement is run to its end, where a failure of that commit is told.
fn turn_to_wal(connection: &Connection) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    let mut journal = String::new();
    while let Some(row) = rows.next()? {
        journal = row.get(0)?;
    }
    Ok(journal)
}

/// A connection that cannot write, for the pool.
pub(crate) fn open_reader(place: &Place, clock: &Arc<dyn Clock>) -> Result<Conn, Error> {
    let connection = raw::open(&place.main, false)?;
    let fail = |e: &rusqlite::Error| open_error(&connection, e);
    connection.busy_timeout(BUSY_WAIT).map_err(|e| fail(&e))?;
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|e| fail(&e))?;
    if journal != "wal" {
        return Err(no_wal());
    }
    connection
        .execute_batch(COMMON)
        .and_then(|()| connection.execute_batch(READER))
        .and_then(|()| harden(&connection))
        .map_err(|e| fail(&e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    with_deadline(connection, clock)
}

/// Builds a new file through the migrations and closes it, leaving nothing beside it. The rollback
/// journal is used here because it leaves no sidecar; the first open turns the file to WAL.
pub(crate) fn build_new(path: &std::path::Path, schema: &Schema) -> Result<(), Error> {
    let mut connection = raw::open(path, true)?;
    connection
        .execute_batch("PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE;")
        .and_then(|()| connection.execute_batch(COMMON))
        .and_then(|()| harden(&connection))
        .map_err(|e| open_error(&connection, &e))?;
    migrate(&mut connection, schema)?;
    connection
        .close()
        .map_err(|(connection, e)| open_error(&connection, &e))
}

/// Makes SQLite refuse statements that could break the file from inside, and keep a statement's plan
/// whatever is bound to it: otherwise a cached statement may be prepared anew at each use.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn with_deadline(connection: Connection, clock: &Arc<dyn Clock>) -> Result<Conn, Error> {
    let mut connection = connection;
    let deadline = Arc::new(Deadline {
        at_ns: AtomicU64::new(NO_DEADLINE),
        limit_ns: AtomicU64::new(0),
    });
    let (watched, clock) = (Arc::clone(&deadline), Arc::clone(clock));
    connection
        .progress_handler(
            DEADLINE_EVERY_OPS,
            Some(move || {
                let at = watched.at_ns.load(Ordering::Relaxed);
                let over = at != NO_DEADLINE && nanos(clock.monotonic()) >= at;
                if over {
                    let limit = watched.limit_ns.load(Ordering::Relaxed);
                    held::note_deadline_hit(Duration::from_nanos(limit));
                }
                over
            }),
        )
        .map_err(|e| open_error(&connection, &e))?;
    Ok(Conn {
        connection,
        deadline,
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NO_DEADLINE - 1)
}

/// The file system gives no shared memory, or SQLite was refused the WAL for another reason.
fn no_wal() -> Error {
    Error::Io {
        class: Class::ShmUnavailable,
        code: None,
        errno: None,
    }
}
