//! The only way to a connection: flags, pragmas, and what a fresh connection must prove.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;

use crate::ambient::Clock;
use crate::class::Class;
use crate::error::Error;
use crate::facts::JournalMode;
use crate::held;
use crate::migrate::{Schema, check, lacks_steps, lacks_tables, migrate, open_error};
use crate::place::{Hold, Place, size_of};
use crate::platform;
use crate::raw::{self, Access};

/// How long SQLite itself waits for another process before it says busy.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);
/// A shared index that another process was just letting go of is there a moment later.
const SHM_RETRY_AFTER: Duration = Duration::from_millis(50);
const STATEMENTS_KEPT_MAX: usize = 64;
/// Virtual machine steps between two looks at the clock.
const STOP_LOOK_EVERY_OPS: i32 = 1_000;
const NO_DEADLINE: u64 = u64::MAX;
/// A page and the header before it.
const FRAME_BYTES: u64 = 4096 + 24;

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

/// A connection with what stops it.
pub(crate) struct Conn {
    pub(crate) connection: Connection,
    pub(crate) stop: Arc<Stop>,
    /// Let go after the connection is closed.
    _hold: Hold,
}

/// Stops the statements of a connection, from its deadline on or when somebody calls them off.
pub(crate) struct Stop {
    at_ns: AtomicU64,
    limit_ns: AtomicU64,
    called_off: AtomicBool,
}

impl Stop {
    fn new() -> Arc<Stop> {
        Arc::new(Stop {
            at_ns: AtomicU64::new(NO_DEADLINE),
            limit_ns: AtomicU64::new(0),
            called_off: AtomicBool::new(false),
        })
    }

    /// May be called by any thread. False if it was called off before.
    pub(crate) fn call_off(&self) -> bool {
        !self.called_off.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn says_stop(&self, clock: &dyn Clock) -> bool {
        if self.called_off.load(Ordering::SeqCst) {
            return true;
        }
        let at = self.at_ns.load(Ordering::Relaxed);
        let over = at != NO_DEADLINE && nanos(clock.monotonic()) >= at;
        if over {
            let limit = self.limit_ns.load(Ordering::Relaxed);
            held::note_deadline_hit(Duration::from_nanos(limit));
        }
        over
    }
}

impl Conn {
    /// Begins anew: nobody has called this off, and it is stopped `limit` from now, if there is one.
    pub(crate) fn start(&self, now: Duration, limit: Option<Duration>) {
        let at = limit.map_or(NO_DEADLINE, |limit| nanos(now.saturating_add(limit)));
        let limit = nanos(limit.unwrap_or_default());
        self.stop.limit_ns.store(limit, Ordering::Relaxed);
        self.stop.at_ns.store(at, Ordering::Relaxed);
        self.stop.called_off.store(false, Ordering::SeqCst);
    }

    /// What follows, a rollback above all, runs to its end.
    pub(crate) fn clear_stop(&self) {
        self.start(Duration::ZERO, None);
    }
}

pub(crate) struct Opened {
    pub(crate) writer: Conn,
    pub(crate) log: LogLength,
    pub(crate) mode: JournalMode,
    pub(crate) schema_version: i32,
}

/// How much of the WAL the writer's last commit found in use. The file may be longer: what was moved
/// into the database is written over, not cut off.
#[derive(Clone, Default)]
pub(crate) struct LogLength {
    frames: Arc<AtomicU64>,
}

impl LogLength {
    /// Replaces SQLite's own automatic checkpoint, which swallows its failures.
    fn follow(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let frames = Arc::clone(&self.frames);
        connection.wal_hook(Some(move |_: &mut Wal, in_use: i32| {
            frames.store(u64::try_from(in_use).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))
    }

    /// All of it was moved, so it counts no more.
    pub(crate) fn forget(&self) {
        self.frames.store(0, Ordering::Relaxed);
    }

    /// Roughly, for files with another size of page than those made here.
    pub(crate) fn bytes(&self) -> u64 {
        self.frames
            .load(Ordering::Relaxed)
            .saturating_mul(FRAME_BYTES)
    }
}

impl Opened {
    /// Moves the whole WAL into the file and empties it. A reader in its way leaves it for later.
    pub(crate) fn fold_wal(&self) {
        let folded =
            self.writer
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = folded {
            let error = open_error(&self.writer.connection, &error);
            tracing::warn!(class = %error.class(), "the log could not be folded in at once");
        }
    }
}

/// How the verdict lets the writer be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Shared,
    /// With the wal-index on the heap.
    Alone,
    /// With a rollback journal, where shared memory does not work.
    RollbackAlone,
}

/// Called once before the first missing step on a file that holds something.
pub(crate) type BeforeSteps<'a> = &'a dyn Fn(&Connection) -> Result<(), Error>;

/// Opens the writer of a file that the verdict let through, and proves that it can be read and
/// locked. Without a usable shared index it is tried once more, then with the index on the heap.
pub(crate) fn open_writer(
    place: &Place,
    schema: &Schema,
    manner: Manner,
    clock: &Arc<dyn Clock>,
    before_steps: BeforeSteps<'_>,
) -> Result<Opened, Error> {
    let open = |mode| open_as(place, schema, mode, clock, before_steps);
    let first = match manner {
        Manner::RollbackAlone => return open(JournalMode::RollbackExclusive),
        Manner::Shared => match open(JournalMode::Wal) {
            Err(error) if is_about_shm(&error) && error.class() != Class::DiskFull => {
                platform::pause(SHM_RETRY_AFTER);
                open(JournalMode::Wal)
            }
            opened => opened,
        },
        Manner::Alone => open(JournalMode::Wal),
    };
    match first {
        Err(error) if manner == Manner::Alone || is_about_shm(&error) => {
            open(JournalMode::WalExclusive).map_err(|second| {
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

/// How the readers of a file are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Beside whoever writes.
    Beside,
    /// Where SQLite can make no shared index and nobody is attached. It asks for no lock then, so what was
    /// read counts only while the files are as they were.
    Undisturbed,
}

/// Proves that a file which cannot or must not be written can be read. Its WAL is read where it lies:
/// such a connection moves nothing.
pub(crate) fn open_read_only(
    place: &Place,
    schema: &Schema,
    reach: Reach,
    clock: &Arc<dyn Clock>,
) -> Result<ReadOnlyOpened, Error> {
    let reader = open_reader(place, reach, clock)?;
    let found = check(&reader.connection, schema)?;
    if found < schema.version() {
        // Its tables are not the ones that the readers know, and it cannot be brought up to date.
        return Err(Error::ReadOnly {
            code: Some(8),
            errno: None,
        });
    }
    reader
        .connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(|e| open_error(&reader.connection, &e))?;
    if lacks_tables(&reader.connection, schema)? {
        return Err(Error::Corrupt { code: None });
    }
    Ok(ReadOnlyOpened {
        _reader: reader,
        schema_version: found,
    })
}

/// Keeps the file attached until the pool has readers of its own.
pub(crate) struct ReadOnlyOpened {
    _reader: Conn,
    pub(crate) schema_version: i32,
}

fn is_about_shm(error: &Error) -> bool {
    error.class() == Class::ShmUnavailable || error.code() == Some(4874)
}

fn open_as(
    place: &Place,
    schema: &Schema,
    mode: JournalMode,
    clock: &Arc<dyn Clock>,
    before_steps: BeforeSteps<'_>,
) -> Result<Opened, Error> {
    let has_wal = size_of(&place.wal).is_some_and(|bytes| bytes > 0);
    let hold = place.hold();
    let mut connection = raw::open(&place.main, Access::Write)?;
    let log = LogLength::default();
    log.follow(&mut connection)
        .map_err(|e| open_error(&connection, &e))?;
    let schema_version = set_up_writer(&mut connection, schema, mode, has_wal, before_steps)?;
    Ok(Opened {
        writer: with_stop(connection, hold, clock)?,
        log,
        mode,
        schema_version,
    })
}

fn set_up_writer(
    connection: &mut Connection,
    schema: &Schema,
    mode: JournalMode,
    has_wal: bool,
    before_steps: BeforeSteps<'_>,
) -> Result<i32, Error> {
    let fail = |c: &Connection, e: &rusqlite::Error| open_error(c, e);
    connection
        .busy_timeout(BUSY_WAIT)
        .map_err(|e| fail(connection, &e))?;
    // Until the file is known to be ours, closing must not move its WAL into it. Without a WAL the
    // close is left to tidy up the sidecars that looking has made.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_wal)
        .map_err(|e| fail(connection, &e))?;
    if mode != JournalMode::Wal {
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
    let (turn, wanted) = match mode {
        JournalMode::Wal | JournalMode::WalExclusive => ("PRAGMA journal_mode = WAL", "wal"),
        JournalMode::RollbackExclusive => ("PRAGMA journal_mode = TRUNCATE", "truncate"),
    };
    let journal = journal_mode(connection, turn).map_err(|e| fail(connection, &e))?;
    if journal != wanted {
        return Err(no_wal());
    }
    connection
        .execute_batch(COMMON)
        .and_then(|()| connection.execute_batch(WRITER))
        .map_err(|e| fail(connection, &e))?;
    harden(connection).map_err(|e| fail(connection, &e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    if lacks_steps(connection, schema)? {
        before_steps(connection).map_err(no_steps_without)?;
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
fn journal_mode(connection: &Connection, turn: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(turn)?;
    let mut rows = statement.query([])?;
    let mut journal = String::new();
    while let Some(row) = rows.next()? {
        journal = row.get(0)?;
    }
    Ok(journal)
}

/// A connection that cannot write, for the pool.
pub(crate) fn open_reader(
    place: &Place,
    reach: Reach,
    clock: &Arc<dyn Clock>,
) -> Result<Conn, Error> {
    let hold = place.hold();
    let access = match reach {
        Reach::Beside => Access::Read,
        Reach::Undisturbed if size_of(&place.wal).unwrap_or(0) == 0 => Access::ReadUnchanging,
        Reach::Undisturbed => Access::ReadAlone,
    };
    let connection = raw::open(&place.main, access)?;
    let fail = |e: &rusqlite::Error| open_error(&connection, e);
    connection.busy_timeout(BUSY_WAIT).map_err(|e| fail(&e))?;
    // Emptying the WAL at the end is the writer's task alone.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|e| fail(&e))?;
    if access == Access::ReadAlone {
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(|e| fail(&e))?;
    }
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|e| fail(&e))?;
    if journal != "wal" && access != Access::ReadUnchanging {
        return Err(no_wal());
    }
    connection
        .execute_batch(COMMON)
        .and_then(|()| connection.execute_batch(READER))
        .and_then(|()| harden(&connection))
        .map_err(|e| fail(&e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    with_stop(connection, hold, clock)
}

/// Builds a new file through the migrations and closes it, leaving nothing beside it. The rollback
/// journal is used here because it leaves no sidecar; the first open turns the file to WAL.
pub(crate) fn build_new(path: &std::path::Path, schema: &Schema) -> Result<(), Error> {
    let mut connection = raw::open(path, Access::Write)?;
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

fn with_stop(connection: Connection, hold: Hold, clock: &Arc<dyn Clock>) -> Result<Conn, Error> {
    let mut connection = connection;
    let stop = Stop::new();
    let (watched, clock) = (Arc::clone(&stop), Arc::clone(clock));
    connection
        .progress_handler(
            STOP_LOOK_EVERY_OPS,
            Some(move || watched.says_stop(clock.as_ref())),
        )
        .map_err(|e| open_error(&connection, &e))?;
    Ok(Conn {
        connection,
        stop,
        _hold: hold,
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NO_DEADLINE - 1)
}

fn no_steps_without(backup: Error) -> Error {
    match backup {
        passing @ (Error::Busy { .. } | Error::Overloaded | Error::Cancelled) => passing,
        lasting => Error::NotBackedUp(Box::new(lasting)),
    }
}

/// The file system gives no shared memory, or SQLite was refused the WAL for another reason.
fn no_wal() -> Error {
    Error::Io {
        class: Class::ShmUnavailable,
        code: None,
        errno: None,
    }
}
