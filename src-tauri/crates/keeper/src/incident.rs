//! The one thing worth a report when a file cannot be used: that it has not been usable for long.
//! Everything transient on the way there is not.

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

#[derive(Default)]
pub(crate) struct Incidents {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    listeners: Vec<Listener>,
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
