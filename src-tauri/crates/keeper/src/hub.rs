//! One open of a file: the writer's connection and line, and the readers.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::ambient::Ambient;
use crate::error::Error;
use crate::facts::JournalMode;
use crate::file::Lane;
use crate::held::Held;
use crate::open::{Conn, Opened, open_reader};
use crate::place::Place;
use crate::pool::{Checkout, Pool};
use crate::queue::Queue;
use crate::raw;
use crate::tx::ReadTx;

const INTERACTIVE_DEADLINE: Duration = Duration::from_secs(2);
const BACKGROUND_DEADLINE: Duration = Duration::from_secs(10);
/// How long a new open waits for the writer before it to let go of the file.
const WRITER_EXIT_WAIT: Duration = Duration::from_secs(5);

impl Lane {
    fn deadline(self) -> Duration {
        match self {
            Lane::Interactive => INTERACTIVE_DEADLINE,
            Lane::Background => BACKGROUND_DEADLINE,
        }
    }
}

pub(crate) struct Hub {
    pub(crate) generation: u64,
    pub(crate) mode: JournalMode,
    pub(crate) queue: Queue,
    /// Taken by the writer for a batch and, without shared memory, by readers for a read.
    pub(crate) writer: Mutex<Option<Conn>>,
    pool: Pool,
    exited: Mutex<bool>,
    exit: Condvar,
}

/// A read and what the keeper must know of it.
pub(crate) enum ReadOutcome<T, E> {
    Done {
        result: Result<T, E>,
        fault: Option<Error>,
    },
    /// The hub was closed before the read began.
    Retired,
}

impl Hub {
    pub(crate) fn new(generation: u64, opened: Opened) -> Hub {
        Hub {
            generation,
            mode: opened.mode,
            queue: Queue::new(),
            writer: Mutex::new(Some(opened.writer)),
            pool: Pool::new(),
            exited: Mutex::new(false),
            exit: Condvar::new(),
        }
    }

    pub(crate) fn read<T, E: From<Error>>(
        &self,
        lane: Lane,
        place: &Place,
        ambient: &Ambient,
        connected: impl FnOnce(),
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        if self.mode == JournalMode::WalExclusive {
            return self.read_alone(lane, ambient, op);
        }
        let reader = self.pool.checkout(lane, ambient.clock.as_ref(), || {
            let conn = open_reader(place, &ambient.clock)?;
            connected();
            Ok(conn)
        });
        let reader = match reader {
            Ok(Checkout::Reader(reader)) => reader,
            Ok(Checkout::Retired) => return ReadOutcome::Retired,
            Err(error) => return refused(error),
        };
        match reader.conn() {
            Ok(conn) => read_on(conn, lane, ambient, op),
            Err(error) => refused(error),
        }
    }

    /// Reads between the batches of the writer, on its connection.
    fn read_alone<T, E: From<Error>>(
        &self,
        lane: Lane,
        ambient: &Ambient,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        let Some(writer) = self.writer.try_lock_for(lane.wait()) else {
            return refused(Error::Overloaded);
        };
        let Some(conn) = writer.as_ref() else {
            return ReadOutcome::Retired;
        };
        let _reading = match ReadingOnly::start(conn) {
            Ok(reading) => reading,
            Err(error) => return refused(error),
        };
        read_on(conn, lane, ambient, op)
    }

    /// Lends no more readers; the writer finishes what is in its line if `finish`, otherwise the
    /// jobs in it are given back.
    pub(crate) fn retire(&self, finish: bool) -> Vec<Box<dyn crate::ticket::Job>> {
        self.pool.retire();
        if finish {
            self.queue.close();
            Vec::new()
        } else {
            self.queue.abandon()
        }
    }

    /// False if somebody still reads at the end of the wait.
    pub(crate) fn wait_for_readers(&self, wait: Duration) -> bool {
        self.pool.wait_until_empty(wait)
    }

    /// The writer's last act.
    pub(crate) fn writer_exits(&self) {
        let conn = self.writer.lock().take();
        drop(conn);
        *self.exited.lock() = true;
        self.exit.notify_all();
    }

    /// False if the writer still sits in a call of the system.
    pub(crate) fn wait_for_exit(&self) -> bool {
        let mut exited = self.exited.lock();
        while !*exited {
            if self
                .exit
                .wait_for(&mut exited, WRITER_EXIT_WAIT)
                .timed_out()
            {
                return *exited;
            }
        }
        true
    }
}

fn refused<T, E: From<Error>>(error: Error) -> ReadOutcome<T, E> {
    ReadOutcome::Done {
        result: Err(error.clone().into()),
        fault: Some(error),
    }
}

/// One deferred transaction under a deadline. Whatever happens in it, it ends here.
fn read_on<T, E: From<Error>>(
    conn: &Conn,
    lane: Lane,
    ambient: &Ambient,
    op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> ReadOutcome<T, E> {
    let held = Held::enter(&conn.connection);
    conn.set_deadline(ambient.clock.monotonic(), lane.deadline());
    let ending = Ending { conn };
    let result = match run(conn, "BEGIN") {
        Ok(()) => op(&ReadTx::new(&conn.connection)),
        Err(error) => Err(error.into()),
    };
    let unnoted = result.is_err().then(|| last_fault(conn)).flatten();
    drop(ending);
    let fault = held.take_noted().or(unnoted);
    ReadOutcome::Done { result, fault }
}

/// The last failure of the connection, for operations that made something else of it.
fn last_fault(conn: &Conn) -> Option<Error> {
    let code = raw::last_failure(&conn.connection)?;
    let errno = raw::system_errno(raw::handle(&conn.connection), code);
    Some(Error::from_code(code, errno, crate::class::Phase::Run))
}

fn run(conn: &Conn, sql: &str) -> Result<(), Error> {
    let mut statement = conn.connection.prepare_cached(sql)?;
    statement.execute([])?;
    Ok(())
}

struct Ending<'c> {
    conn: &'c Conn,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.conn.clear_deadline();
        if !self.conn.connection.is_autocommit() {
            // A connection still inside a transaction afterwards is not lent again.
            run(self.conn, "ROLLBACK").ok();
        }
    }
}

/// Makes the writer's connection refuse writes for one read.
struct ReadingOnly<'c>(&'c Conn);

impl ReadingOnly<'_> {
    fn start(conn: &Conn) -> Result<ReadingOnly<'_>, Error> {
        conn.connection.execute_batch("PRAGMA query_only = 1")?;
        Ok(ReadingOnly(conn))
    }
}

impl Drop for ReadingOnly<'_> {
    fn drop(&mut self) {
        // If this fails the next write fails typed, and nothing is written by mistake.
        self.0
            .connection
            .execute_batch("PRAGMA query_only = 0")
            .ok();
    }
}

/// Shared by the hub's owner and its writer thread.
pub(crate) type SharedHub = Arc<Hub>;
