//! What is worth a report: a failure that only a bug or a damage explains, and, when a file cannot be
//! used, that it has not been usable for long. Everything transient on the way there is not.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::class::Class;
use crate::error::Error;
use crate::file::KeptFile;

/// The breaker has stayed open this long before it is an incident.
const OPEN_BEFORE_INCIDENT: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// Told once, however long it goes on. Only a recovery makes room for another.
    StoreUnavailable {
        class: Class,
        code: Option<i32>,
        errno: Option<i32>,
        since_unix_ms: i64,
        /// Calls refused since it fell ill.
        refused: u64,
    },
}

type Listener = Arc<dyn Fn(&Incident) + Send + Sync>;
type FaultListener = Arc<dyn Fn(&Error) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Incidents {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    listeners: Vec<Listener>,
    fault_listeners: Vec<FaultListener>,
    /// When the breaker opened in the incident told last.
    told: Option<Duration>,
}

impl fmt::Debug for Incidents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incidents")
    }
}

impl KeptFile {
    /// Calls `listener` once per incident, outside all locks, on any thread that uses the file.
    pub fn on_incident(&self, listener: impl Fn(&Incident) + Send + Sync + 'static) {
        let mut inner = self.incidents.inner.lock();
        inner.listeners.push(Arc::new(listener));
    }

    /// Calls `listener` for each failure in use that is worth a report, on the thread that met it, when it
    /// holds no connection any more. A panic is told by its own hook.
    pub fn on_fault(&self, listener: impl Fn(&Error) + Send + Sync + 'static) {
        let mut inner = self.incidents.inner.lock();
        inner.fault_listeners.push(Arc::new(listener));
    }

    pub(crate) fn tell_fault(&self, fault: &Error) {
        if !fault.is_reportable() || fault.class() == Class::Panicked {
            return;
        }
        let listeners = self.incidents.inner.lock().fault_listeners.clone();
        for listener in listeners {
            catch_unwind(AssertUnwindSafe(|| listener(fault))).ok();
        }
    }

    /// Tells that the file has been unavailable for long, if it has and nobody was told.
    pub(crate) fn look_for_incident(&self) {
        let now = self.now();
        let Some(since) = self.breaker.lock().open_since() else {
            return;
        };
        let lasted = now.saturating_sub(since);
        if lasted < OPEN_BEFORE_INCIDENT {
            return;
        }
        let listeners = {
            let mut inner = self.incidents.inner.lock();
            if inner.told == Some(since) {
                return;
            }
            inner.told = Some(since);
            inner.listeners.clone()
        };
        let failure = self.opening.last_failure();
        let failure = failure.as_ref();
        let lasted_ms = i64::try_from(lasted.as_millis()).unwrap_or(i64::MAX);
        let incident = Incident::StoreUnavailable {
            class: failure.map_or(Class::TransientIo, Error::class),
            code: failure.and_then(Error::code),
            errno: failure.and_then(Error::errno),
            since_unix_ms: self.ambient.clock.unix_ms().saturating_sub(lasted_ms),
            refused: self.health.refused(),
        };
        for listener in listeners {
            // A listener that panics must not silence the others or lose the caller's answer.
            catch_unwind(AssertUnwindSafe(|| listener(&incident))).ok();
        }
    }
}
