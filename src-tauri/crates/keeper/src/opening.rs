//! Opening a file once for everybody who wants it, through the breaker.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::breaker::{Admission, BreakerState};
use crate::class::Class;
use crate::create;
use crate::error::Error;
use crate::file::{KeptFile, normal_health};
use crate::health::Health;
use crate::hub::{Hub, SharedHub};
use crate::open::open_writer;
use crate::place::{self, Marks};
use crate::swap::finish_interrupted;
use crate::verdict::{Verdict, examine};
use crate::writer;

/// How long a caller waits for an open that another caller makes.
const OPEN_WAIT: Duration = Duration::from_secs(30);
/// While only a change of the files helps, they are looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Opening {
    flight: Mutex<Option<Arc<Flight>>>,
    last: Mutex<Last>,
    /// Shared by those who connect, taken alone by the one who puts other files in their place.
    in_place: RwLock<()>,
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
    connected: bool,
    generation: u64,
}

impl Opening {
    /// The files are not replaced while this is held. It must not be held while a hub is waited for.
    pub(crate) fn keep_in_place(&self) -> RwLockReadGuard<'_, ()> {
        self.in_place.read()
    }

    /// Nobody connects while this is held. `None` if somebody does for longer than the wait.
    pub(crate) fn replace(&self, wait: Duration) -> Option<RwLockWriteGuard<'_, ()>> {
        self.in_place.try_write_for(wait)
    }

    /// Keeps the failure that refused callers are told.
    pub(crate) fn remember(&self, failure: Error) {
        self.last.lock().failure = Some(failure);
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
        last.marks.as_ref() != Some(&self.place.marks())
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

    fn open_as_owner(&self) -> Result<SharedHub, Failed> {
        let _stays = self.opening.keep_in_place();
        self.counts.opens.fetch_add(1, Ordering::Relaxed);
        if !self.join_writers() {
            // The writer before is stuck in the system, and with it the file.
            return Err(Failed::passing(Error::Io {
                class: Class::TransientIo,
                code: None,
                errno: None,
            }));
        }
        finish_interrupted(&self.place)?;
        let may_read = !self.opening.last.lock().connected;
        let shm_odd = match examine(&self.place, may_read) {
            Verdict::Open { shm_odd } => shm_odd,
            Verdict::Create => {
                create::create(&self.place, &self.schema)?;
                false
            }
            Verdict::Refuse { error, lasting } => return Err(Failed { error, lasting }),
        };
        let repaired = place::repair_rights(&self.place);
        self.counts
            .rights_repaired
            .fetch_add(repaired, Ordering::Relaxed);
        // Whatever comes of it, from here on a connection has existed.
        self.opening.last.lock().connected = true;
        let opened = open_writer(&self.place, &self.schema, shm_odd, &self.ambient.clock)?;
        self.count_connection();
        self.record_schema_version(opened.schema_version);
        let generation = {
            let mut last = self.opening.last.lock();
            last.generation += 1;
            last.generation
        };
        self.start(Arc::new(Hub::new(generation, opened)))
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
        Ok(hub)
    }

    fn settle_success(&self, hub: &Hub) {
        self.breaker.lock().succeeded();
        self.opening.last.lock().failure = None;
        self.health.rise(normal_health(hub.mode), self.moment());
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
        }
        let health = match state {
            BreakerState::Latched => Health::latched(&failed.error),
            BreakerState::Open { retry_in } => self.unavailable(&failed.error, retry_in),
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
    }
}
