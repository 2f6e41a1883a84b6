//! A few read-only connections, used on the caller's own thread.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::ambient::Clock;
use crate::error::Error;
use crate::file::Lane;
use crate::open::Conn;

pub(crate) const READERS_MAX: usize = 3;
/// The third reader is kept for people.
pub(crate) const BACKGROUND_READERS_MAX: usize = 2;
const INTERACTIVE_WAIT: Duration = Duration::from_millis(250);
const BACKGROUND_WAIT: Duration = Duration::from_secs(5);

impl Lane {
    /// How long a caller waits for a connection before it is told `Overloaded`.
    pub(crate) fn wait(self) -> Duration {
        match self {
            Lane::Interactive => INTERACTIVE_WAIT,
            Lane::Background => BACKGROUND_WAIT,
        }
    }
}

pub(crate) struct Pool {
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    idle: Vec<Conn>,
    /// Connections that exist or are being made, idle ones included.
    made: usize,
    background: usize,
    retired: bool,
}

pub(crate) enum Checkout<'p> {
    Reader(Reader<'p>),
    /// This pool will lend nothing any more; another may have taken its place.
    Retired,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        Pool {
            inner: Mutex::new(Inner {
                idle: Vec::with_capacity(READERS_MAX),
                made: 0,
                background: 0,
                retired: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Lends a reader, making one if fewer than all exist.
    pub(crate) fn checkout(
        &self,
        lane: Lane,
        clock: &dyn Clock,
        make: impl FnOnce() -> Result<Conn, Error>,
    ) -> Result<Checkout<'_>, Error> {
        let mut inner = self.inner.lock();
        let mut deadline = None;
        loop {
            if inner.retired {
                return Ok(Checkout::Retired);
            }
            let allowed = lane == Lane::Interactive || inner.background < BACKGROUND_READERS_MAX;
            if allowed && (!inner.idle.is_empty() || inner.made < READERS_MAX) {
                break;
            }
            let now = clock.monotonic();
            let until = *deadline.get_or_insert(now.saturating_add(lane.wait()));
            let left = until.saturating_sub(now);
            if left.is_zero() || self.changed.wait_for(&mut inner, left).timed_out() {
                return Err(Error::Overloaded);
            }
        }
        if lane == Lane::Background {
            inner.background += 1;
        }
        let idle = inner.idle.pop();
        if idle.is_none() {
            inner.made += 1;
        }
        drop(inner);
        // From here the guard gives back the place in the pool on every path.
        let mut reader = Reader {
            pool: self,
            lane,
            conn: idle,
        };
        if reader.conn.is_none() {
            reader.conn = Some(make()?);
        }
        Ok(Checkout::Reader(reader))
    }

    /// Closes the idle readers; the lent ones close when they come back.
    pub(crate) fn retire(&self) {
        let idle = {
            let mut inner = self.inner.lock();
            inner.retired = true;
            std::mem::take(&mut inner.idle)
        };
        let closed = idle.len();
        drop(idle);
        self.inner.lock().made -= closed;
        self.changed.notify_all();
    }
}

impl Pool {
    /// Waits until all lent readers of a retired pool have closed. False if some have not by then.
    pub(crate) fn wait_until_empty(&self, wait: Duration) -> bool {
        let mut inner = self.inner.lock();
        while inner.made > 0 {
            if self.changed.wait_for(&mut inner, wait).timed_out() {
                return inner.made == 0;
            }
        }
        true
    }
}

/// A reader on loan.
pub(crate) struct Reader<'p> {
    pool: &'p Pool,
    lane: Lane,
    /// Absent only while it is being made, or when that failed.
    conn: Option<Conn>,
}

impl Reader<'_> {
    pub(crate) fn conn(&self) -> Result<&Conn, Error> {
        self.conn.as_ref().ok_or(Error::Closed)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut inner = self.pool.inner.lock();
        if self.lane == Lane::Background {
            inner.background -= 1;
        }
        let kept = !inner.retired
            && self
                .conn
                .as_ref()
                .is_some_and(|c| c.connection.is_autocommit());
        let closing = match self.conn.take() {
            Some(conn) if kept => {
                inner.idle.push(conn);
                None
            }
            other => other,
        };
        drop(inner);
        if !kept {
            // Counted until it is closed: who waits for all to be gone may touch the files then.
            drop(closing);
            self.pool.inner.lock().made -= 1;
        }
        self.pool.changed.notify_all();
    }
}
