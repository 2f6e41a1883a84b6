//! One open of a file: the writer's connection and line, and the readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::ambient::Ambient;
use crate::class::Class;
use crate::error::Error;
use crate::facts::JournalMode;
use crate::file::Lane;
use crate::held::Held;
use crate::open::{Conn, LogLength, Opened, Reach, Stop, open_reader};
use crate::place::{Marks, Place};
use crate::pool::{Checkout, Pool};
use crate::queue::Queue;
use crate::raw;
use crate::reserve::Canceller;
use crate::split_brain::Identity;
use crate::tx::ReadTx;
use crate::watch::Watch;

const INTERACTIVE_DEADLINE: Duration = Duration::from_secs(2);
const BACKGROUND_DEADLINE: Duration = Duration::from_secs(10);
/// How long a new open waits for the writer before it to let go of the file.
const WRITER_EXIT_WAIT: Duration = Duration::from_secs(5);

impl Lane {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Lane::Interactive => "interactive",
            Lane::Background => "background",
        }
    }

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
    /// Why this hub only reads, if it does. It has no writer then.
    pub(crate) refusal: Option<Error>,
    /// How the files were, where readers ask for no lock.
    undisturbed: Option<Marks>,
    pub(crate) queue: Queue,
    /// Taken by the writer for a batch and, without shared memory, by readers for a read.
    pub(crate) writer: Mutex<Option<Conn>>,
    pub(crate) identity: Identity,
    /// The files are not where they were: nobody is acknowledged any more.
    pub(crate) split: AtomicBool,
    /// The connection holds the only copy of something, so the writer leaves it open at its end.
    pub(crate) stays_open: AtomicBool,
    pub(crate) watch: Watch,
    /// The writer makes a checkpoint when it is woken next, however short the WAL.
    pub(crate) checkpoint_wanted: AtomicBool,
    pub(crate) log: LogLength,
    pool: Pool,
    /// Connections of long reads.
    apart: AtomicUsize,
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
    pub(crate) fn new(generation: u64, opened: Opened, identity: Identity) -> Hub {
        Hub {
            mode: opened.mode,
            writer: Mutex::new(Some(opened.writer)),
            log: opened.log,
            ..Hub::bare(generation, identity)
        }
    }

    /// Readers alone: of a file that cannot be written, or must not be until a person has chosen.
    /// With `undisturbed`, they ask for no lock, and what they read counts while the files are so.
    pub(crate) fn read_only(
        generation: u64,
        refusal: Error,
        identity: Identity,
        undisturbed: Option<Marks>,
    ) -> Hub {
        Hub {
            refusal: Some(refusal),
            undisturbed,
            exited: Mutex::new(true),
            ..Hub::bare(generation, identity)
        }
    }

    fn bare(generation: u64, identity: Identity) -> Hub {
        Hub {
            generation,
            mode: JournalMode::Wal,
            refusal: None,
            undisturbed: None,
            queue: Queue::new(),
            writer: Mutex::new(None),
            identity,
            split: AtomicBool::new(false),
            stays_open: AtomicBool::new(false),
            watch: Watch::default(),
            checkpoint_wanted: AtomicBool::new(false),
            log: LogLength::default(),
            pool: Pool::new(),
            apart: AtomicUsize::new(0),
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
        canceller: Option<&Canceller>,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        let begun = |stop: &Arc<Stop>| canceller.is_none_or(|canceller| canceller.begin(stop));
        if self.mode != JournalMode::Wal {
            return self.read_alone(Terms::of(lane), ambient, canceller, begun, op);
        }
        let reader = self.pool.checkout(lane, ambient.clock.as_ref(), || {
            let conn = open_reader(place, self.reach(), &ambient.clock)?;
            connected();
            Ok(conn)
        });
        let reader = match reader {
            Ok(Checkout::Reader(reader)) => reader,
            Ok(Checkout::Retired) => return ReadOutcome::Retired,
            Err(error) => return refused(error),
        };
        match reader.conn() {
            Ok(conn) => {
                // Ended before the connection is lent again, or the next read would be called off.
                let _ending = canceller.map(Canceller::ending);
                let outcome = read_on(conn, &self.watch, Terms::of(lane), ambient, begun, op);
                self.if_undisturbed(place, outcome)
            }
            Err(error) => refused(error),
        }
    }

    /// Reads on a connection made for it, without a deadline. `begun` gets what stops it and may
    /// call it off at once.
    pub(crate) fn read_apart<T, E: From<Error>>(
        &self,
        label: &'static str,
        place: &Place,
        ambient: &Ambient,
        connected: impl FnOnce(),
        begun: impl FnOnce(&Arc<Stop>) -> bool,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        if self.mode != JournalMode::Wal {
            let terms = Terms {
                label,
                ..Terms::of(Lane::Background)
            };
            return self.read_alone(terms, ambient, None, begun, op);
        }
        // Counted until after its connection is closed.
        let _apart = Apart::enter(&self.apart);
        let conn = match open_reader(place, self.reach(), &ambient.clock) {
            Ok(conn) => conn,
            Err(error) => return refused(error),
        };
        connected();
        let terms = Terms {
            label,
            wait: Duration::ZERO,
            limit: None,
        };
        let outcome = read_on(&conn, &self.watch, terms, ambient, begun, op);
        self.if_undisturbed(place, outcome)
    }

    fn reach(&self) -> Reach {
        match self.undisturbed {
            Some(_) => Reach::Undisturbed,
            None => Reach::Beside,
        }
    }

    /// What was read without a lock while somebody changed the files is worth nothing.
    fn if_undisturbed<T, E: From<Error>>(
        &self,
        place: &Place,
        outcome: ReadOutcome<T, E>,
    ) -> ReadOutcome<T, E> {
        match &self.undisturbed {
            Some(before) if *before != place.marks() => refused(Error::Io {
                class: Class::TransientIo,
                code: None,
                errno: None,
            }),
            _ => outcome,
        }
    }

    /// Reads between the batches of the writer, on its connection.
    fn read_alone<T, E: From<Error>>(
        &self,
        terms: Terms,
        ambient: &Ambient,
        canceller: Option<&Canceller>,
        begun: impl FnOnce(&Arc<Stop>) -> bool,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        let Some(writer) = self.writer.try_lock_for(terms.wait) else {
            return refused(Error::Overloaded);
        };
        let Some(conn) = writer.as_ref() else {
            return ReadOutcome::Retired;
        };
        let _reading = match ReadingOnly::start(conn) {
            Ok(reading) => reading,
            Err(error) => return refused(error),
        };
        let _ending = canceller.map(Canceller::ending);
        read_on(conn, &self.watch, terms, ambient, begun, op)
    }

    pub(crate) fn want_checkpoint(&self) {
        self.checkpoint_wanted.store(true, Ordering::SeqCst);
        self.queue.nudge();
    }

    pub(crate) fn is_in_use(&self) -> bool {
        !self.queue.is_empty() || !self.watch.is_empty() || self.writer.try_lock().is_none()
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

    /// The writer's last act.
    pub(crate) fn writer_exits(&self) {
        {
            let mut writer = self.writer.lock();
            if !self.stays_open.load(Ordering::SeqCst) {
                drop(writer.take());
            }
        }
        *self.exited.lock() = true;
        self.exit.notify_all();
    }

    pub(crate) fn has_exited(&self) -> bool {
        *self.exited.lock()
    }

    pub(crate) fn reads_are_closed(&self) -> bool {
        self.pool.is_empty() && self.apart.load(Ordering::SeqCst) == 0
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

struct Apart<'h>(&'h AtomicUsize);

impl Apart<'_> {
    fn enter(count: &AtomicUsize) -> Apart<'_> {
        count.fetch_add(1, Ordering::SeqCst);
        Apart(count)
    }
}

impl Drop for Apart<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn refused<T, E: From<Error>>(error: Error) -> ReadOutcome<T, E> {
    ReadOutcome::Done {
        result: Err(error.clone().into()),
        fault: Some(error),
    }
}

/// How a read waits, how long it may run, and under what name.
struct Terms {
    label: &'static str,
    wait: Duration,
    limit: Option<Duration>,
}

impl Terms {
    fn of(lane: Lane) -> Terms {
        Terms {
            label: lane.as_str(),
            wait: lane.wait(),
            limit: Some(lane.deadline()),
        }
    }
}

/// One deferred transaction. Whatever happens in it, it ends here.
fn read_on<T, E: From<Error>>(
    conn: &Conn,
    watch: &Watch,
    terms: Terms,
    ambient: &Ambient,
    begun: impl FnOnce(&Arc<Stop>) -> bool,
    op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> ReadOutcome<T, E> {
    let now = ambient.clock.monotonic();
    let held = Held::enter(&conn.connection);
    conn.start(now, terms.limit);
    let watched = watch.enter(terms.label, now, &conn.stop);
    if !begun(&conn.stop) {
        return refused(Error::Cancelled);
    }
    let ending = Ending { conn };
    let result = match run(conn, "BEGIN") {
        Ok(()) => op(&ReadTx::new(&conn.connection)),
        Err(error) => Err(error.into()),
    };
    let unnoted = result.is_err().then(|| last_fault(conn)).flatten();
    drop(ending);
    drop(watched);
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
        self.conn.clear_stop();
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
