//! Opening a file once for everybody who wants it, through the breaker.

mod acting;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::breaker::{Admission, BreakerState};
use crate::class::Class;
use crate::decision::{Row, before_opening};
use crate::error::Error;
use crate::file::{KeptFile, normal_health};
use crate::health::Health;
use crate::held::connection_is_held;
use crate::hub::{Hub, SharedHub};
use crate::place::Marks;
use crate::platform;
use crate::restore;
use crate::swap;
use crate::verdict::look;
use crate::writer;

/// How long a caller waits for an open that another caller makes.
const OPEN_WAIT: Duration = Duration::from_secs(30);
/// While only a change of the files helps, they are looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Reads end by their deadline of 10 s at the latest, so that is waited for, and some more.
const CLOSE_LOOKS_MAX: u32 = 1_500;
/// A person's read ends after 2 s.
const LOCKLESS_LOOKS_MAX: u32 = 250;
const CLOSE_LOOK_EVERY: Duration = Duration::from_millis(10);
/// Looks at the files in one open: what was found and mended is looked at again.
const LOOKS_MAX: usize = 3;

/// Writing is refused before SQLite is asked.
const NO_RIGHT: Error = Error::ReadOnly {
    code: None,
    errno: None,
};

#[derive(Default)]
pub(crate) struct Opening {
    flight: Mutex<Option<Arc<Flight>>>,
    last: Mutex<Last>,
}

/// One open under way and, at its end, its result for those who wait.
struct Flight {
    is_probe: bool,
    result: Mutex<Option<Result<SharedHub, Error>>>,
    landed: Condvar,
}

#[derive(Default)]
struct Last {
    failure: Option<Error>,
    marks: Option<Marks>,
    looked_at: Duration,
    generation: u64,
    /// SQLite called the file broken, and nobody has looked again yet.
    suspect: bool,
    /// A person goes on with what SQLite reads of the damaged WAL.
    accepted: bool,
    /// The readers before asked for no lock.
    lockless: bool,
}

impl Opening {
    /// Keeps the failure of a connection in use, which refused callers are told. How the files look
    /// is noted later: closing the connection still changes them.
    pub(crate) fn remember(&self, failure: Error, now: Duration) {
        let mut last = self.last.lock();
        last.suspect |= failure.class() == Class::Corrupt;
        last.failure = Some(failure);
        last.marks = None;
        last.looked_at = now;
    }

    pub(crate) fn last_failure(&self) -> Option<Error> {
        self.last.lock().failure.clone()
    }
}

impl Flight {
    fn wait(&self) -> Result<SharedHub, Error> {
        let mut result = self.result.lock();
        loop {
            if let Some(result) = result.as_ref() {
                return result.clone();
            }
            if self.landed.wait_for(&mut result, OPEN_WAIT).timed_out() {
                return Err(Error::Overloaded);
            }
        }
    }
}

impl KeptFile {
    /// The open hub, or one opened now if the breaker lets it.
    pub(crate) fn hub(&self) -> Result<SharedHub, Error> {
        self.mark_use();
        match self.current_hub() {
            Some(hub) => Ok(hub),
            None => self.open_once(false),
        }
    }

    /// Like `hub`, without regard to the time the breaker asks to wait.
    pub(crate) fn open_now(&self) -> Result<SharedHub, Error> {
        self.open_once(true)
    }

    fn open_once(&self, now: bool) -> Result<SharedHub, Error> {
        let mut slot = self.opening.flight.lock();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::Closed);
        }
        if let Some(hub) = self.current_hub() {
            return Ok(hub);
        }
        if let Some(flight) = slot.as_ref() {
            if flight.is_probe {
                return Err(self.refusal(Duration::ZERO));
            }
            let flight = Arc::clone(flight);
            drop(slot);
            return flight.wait();
        }
        let is_probe = match self.admit(now) {
            Admission::Pass => false,
            Admission::Probe => true,
            Admission::Refused { retry_in } => return Err(self.refusal(retry_in)),
            Admission::RefusedForGood => return Err(self.latched_refusal()),
        };
        let flight = Arc::new(Flight {
            is_probe,
            result: Mutex::new(None),
            landed: Condvar::new(),
        });
        *slot = Some(Arc::clone(&flight));
        drop(slot);

        let permit = Permit { file: self, flight };
        let result = self.open_as_owner();
        permit.land(result)
    }

    fn admit(&self, now: bool) -> Admission {
        let at = self.now();
        let mut breaker = self.breaker.lock();
        if now {
            return breaker.admit_now();
        }
        let waits_long = breaker.waits_long();
        match breaker.admit(at) {
            Admission::Refused { .. } | Admission::RefusedForGood
                if waits_long && self.files_changed(at) =>
            {
                breaker.admit_now()
            }
            admission => admission,
        }
    }

    fn files_changed(&self, at: Duration) -> bool {
        let mut last = self.opening.last.lock();
        if at.saturating_sub(last.looked_at) < LOOK_EVERY {
            return false;
        }
        last.looked_at = at;
        if last.marks.is_none() {
            if self.writers.lock().iter().all(|(hub, _)| hub.has_exited()) {
                last.marks = Some(self.place.marks());
            }
            return false;
        }
        // Whoever has taken the name goes on changing it, and only a person knows which one is meant.
        last.failure != Some(Error::SplitBrain) && last.marks.as_ref() != Some(&self.place.marks())
    }

    fn refusal(&self, retry_in: Duration) -> Error {
        self.health.count_refusal();
        let last = self.opening.last.lock();
        let failure = last.failure.as_ref();
        Error::Unavailable {
            class: failure.map_or(Class::TransientIo, Error::class),
            retry_in,
            code: failure.and_then(Error::code),
            errno: failure.and_then(Error::errno),
        }
    }

    fn latched_refusal(&self) -> Error {
        self.health.count_refusal();
        let failure = self.opening.last.lock().failure.clone();
        failure.unwrap_or(Error::Corrupt { code: None })
    }

    /// Runs `op` while this process has no connection to the file, and then opens it again. Calls made
    /// meanwhile wait, as for any open. `Overloaded` if somebody still uses the file after a while.
    pub(crate) fn while_closed<T>(
        &self,
        op: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        if self.reads_only {
            return Err(NO_RIGHT);
        }
        let _no_long_holds = self.permits.suspend().ok_or(Error::Overloaded)?;
        let flight = Arc::new(Flight {
            is_probe: false,
            result: Mutex::new(None),
            landed: Condvar::new(),
        });
        {
            let mut slot = self.opening.flight.lock();
            if self.closed.load(Ordering::SeqCst) {
                return Err(Error::Closed);
            }
            if slot.is_some() {
                return Err(Error::Overloaded);
            }
            *slot = Some(Arc::clone(&flight));
        }
        let permit = Permit { file: self, flight };
        let done = self.close_completely().and_then(|()| op());
        // How the file is after it, its health tells.
        let reopened = permit.land(self.open_as_owner());
        if let Err(error) = reopened {
            tracing::warn!(class = %error.class(), "the file could not be opened again");
        }
        done
    }

    fn close_completely(&self) -> Result<(), Error> {
        let hub = self.hub.write().take();
        if let Some(hub) = hub {
            drop(hub.retire(true));
        }
        if !self.join_writers() {
            return Err(Error::Overloaded);
        }
        if self.is_let_go_within(CLOSE_LOOKS_MAX) {
            Ok(())
        } else {
            Err(Error::Overloaded)
        }
    }

    fn is_let_go_within(&self, looks_max: u32) -> bool {
        for _ in 0..looks_max {
            if self.place.is_let_go() {
                return true;
            }
            platform::pause(CLOSE_LOOK_EVERY);
        }
        false
    }

    fn open_as_owner(&self) -> Result<SharedHub, Failed> {
        self.counts.opens.fetch_add(1, Ordering::Relaxed);
        if !self.join_writers() {
            // The writer before is stuck in the system, and with it the file.
            return Err(Failed::passing(Error::Io {
                class: Class::TransientIo,
                code: None,
                errno: None,
            }));
        }
        if !self.aside_is_gone() || self.wal_is_a_stranger() {
            // What only its connections reach is not safe yet, somebody still reads there, or the WAL
            // it has left lies beside another file.
            return Err(Failed::lasting(Error::SplitBrain));
        }
        let lockless = self.opening.last.lock().lockless;
        if lockless && !self.is_let_go_within(LOCKLESS_LOOKS_MAX) {
            // Its close would drop the locks of whoever opens the file beside it.
            return Err(Failed::passing(Error::Busy { code: 5 }));
        }
        if !self.reads_only {
            swap::finish_interrupted(&self.place)?;
            if let Some(_turn) = self.vault.try_lock() {
                restore::sweep(&self.place);
            }
        }
        self.verify_suspect()?;
        for _ in 0..LOOKS_MAX {
            let mut found = look(&self.place)?;
            found.seen.accepted = self.opening.last.lock().accepted;
            // Its marks may have gone with it.
            found.seen.existed |= self.was_open.load(Ordering::SeqCst);
            let row = before_opening(&found.seen);
            if row != Row::Whole && row != Row::NeverWas {
                tracing::warn!(
                    row = row.number(),
                    "the files need care before they are opened"
                );
            }
            if let Some(hub) = self.act(row, &found)? {
                return Ok(hub);
            }
        }
        Err(Failed::passing(Error::Io {
            class: Class::TransientIo,
            code: None,
            errno: None,
        }))
    }

    fn next_generation(&self) -> u64 {
        let mut last = self.opening.last.lock();
        last.generation += 1;
        last.generation
    }

    /// Gives the hub its writer and makes it the current one.
    fn start(&self, hub: SharedHub) -> Result<SharedHub, Failed> {
        let (for_writer, me) = (Arc::clone(&hub), self.me.clone());
        let thread = self
            .ambient
            .spawn
            .spawn(
                format!("keeper-writer-{}", hub.generation),
                Box::new(move || writer::run(for_writer, me)),
            )
            .map_err(|_| {
                hub.writer_exits();
                Error::Io {
                    class: Class::Resource,
                    code: None,
                    errno: None,
                }
            })?;
        self.writers.lock().push((Arc::clone(&hub), thread));
        let mut slot = self.hub.write();
        if self.closed.load(Ordering::SeqCst) {
            drop(slot);
            drop(hub.retire(true));
            self.join_writers();
            return Err(Failed::passing(Error::Closed));
        }
        *slot = Some(Arc::clone(&hub));
        self.was_open.store(true, Ordering::SeqCst);
        drop(slot);
        self.shelve();
        Ok(hub)
    }

    fn settle_success(&self, hub: &Hub) {
        let now = self.now();
        self.breaker.lock().succeeded(now);
        self.opening.last.lock().failure = None;
        match &hub.refusal {
            Some(refusal) => self.health.fall(Health::latched(refusal), self.moment()),
            None if self.disk.is_paused() => self.health.fall(Health::DiskFull, self.moment()),
            None => self.health.rise(normal_health(hub.mode), self.moment()),
        }
    }

    /// Goes on with what SQLite reads of a damaged WAL. What lies behind the damage stays in
    /// quarantine, from where it can be salvaged later.
    pub fn accept_damage(&self) -> Result<(), Error> {
        self.opening.last.lock().accepted = true;
        self.try_now()
    }

    fn settle_failure(&self, failed: &Failed) {
        let at = self.now();
        let state = {
            let mut breaker = self.breaker.lock();
            if failed.lasting {
                breaker.latch();
            } else if failed.error.class().strikes() {
                breaker.failed(at);
            } else {
                breaker.inconclusive(at);
            }
            breaker.state(at)
        };
        {
            let mut last = self.opening.last.lock();
            last.failure = Some(failed.error.clone());
            last.marks = Some(self.place.marks());
            last.looked_at = at;
            last.suspect |= failed.error.class() == Class::Corrupt && !failed.lasting;
        }
        let health = match (&failed.error, state) {
            // The file is looked for all the same: somebody may move it at any time.
            (Error::Path { problem, .. }, _) if problem.is_lasting() => Health::InTheWay(*problem),
            // Read-only is what can be read.
            (Error::ReadOnly { .. }, BreakerState::Latched) => Health::failing(&failed.error),
            (_, BreakerState::Latched) => Health::latched(&failed.error),
            (_, BreakerState::Open { retry_in }) => self.unavailable(&failed.error, retry_in),
            _ if failed.error.class() == Class::DiskFull => Health::DiskFull,
            _ => Health::failing(&failed.error),
        };
        if failed.error != Error::Closed {
            self.health.fall(health, self.moment());
        }
    }
}

/// A failed open, and whether waiting may help.
struct Failed {
    error: Error,
    lasting: bool,
}

impl Failed {
    fn passing(error: Error) -> Failed {
        Failed {
            error,
            lasting: false,
        }
    }

    fn lasting(error: Error) -> Failed {
        Failed {
            error,
            lasting: true,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed {
            lasting: matches!(
                error,
                Error::TooNew { .. } | Error::NotOurs { .. } | Error::ReadOnly { .. }
            ),
            error,
        }
    }
}

/// The right to try. Dropped without an answer, by a panic, it counts as a failed try: the breaker
/// is re-armed and those who wait are told.
struct Permit<'f> {
    file: &'f KeptFile,
    flight: Arc<Flight>,
}

impl Permit<'_> {
    fn land(self, result: Result<SharedHub, Failed>) -> Result<SharedHub, Error> {
        let result = match result {
            Ok(hub) => {
                self.file.settle_success(&hub);
                Ok(hub)
            }
            Err(failed) => {
                self.file.settle_failure(&failed);
                Err(failed.error)
            }
        };
        *self.flight.result.lock() = Some(result.clone());
        result
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        {
            let mut result = self.flight.result.lock();
            if result.is_none() {
                self.file.settle_failure(&Failed::passing(Error::Panicked));
                *result = Some(Err(Error::Panicked));
            }
        }
        *self.file.opening.flight.lock() = None;
        self.flight.landed.notify_all();
        self.file.health.deliver();
        self.file.look_for_incident();
    }
}
