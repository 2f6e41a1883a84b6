//! How reports leave: when, at whose word, and what the answer makes of them.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Error, Reports};
use crate::counts::Counts;
use crate::held::{self, Held};
use crate::sending::{Answered, Fate, post};
use crate::settings::{Consent, Settings};

/// One process sends at a time.
const SENDING: &str = "sending.lock";

/// How often the thread that sends looks by itself: another process may have changed the switch.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// Whoever ends begins with no further report after this.
const SEND_AT_END_MS_MAX: i64 = 5 * 1000;

/// Sends what may be sent, on a thread of its own. Dropping it waits for the one under way.
#[derive(Debug)]
pub struct Sender {
    reports: Reports,
    thread: Option<JoinHandle<()>>,
}

impl Reports {
    /// Sends one report because the person says so, whatever the switch is. Blocks until it has arrived.
    ///
    /// # Errors
    /// Why it was not sent. It is held still.
    pub fn send(&self, id: &str) -> Result<(), Error> {
        let dsn = Settings::read(&self.0.folder)
            .address(self.0.dsn)
            .ok_or(Error::NoAddress)?;
        let _sending = self.0.folder.try_lock(SENDING)?.ok_or(Error::Busy)?;
        let now = (self.0.now)();
        let counts = Counts::read(&self.0.folder, now)?;
        let held = held::read(&self.0.folder, id)
            .filter(|_| !counts.has_taken(id))
            .ok_or(Error::NotFound)?;
        let until_unix_ms = counts.limited_until_unix_ms;
        if until_unix_ms > now {
            return Err(Error::Wait { until_unix_ms });
        }
        self.send_held(&held, &dsn)
    }

    /// Sends what is due, if the person has agreed. Answers when to try again, if there is something left.
    pub fn send_due(&self) -> Option<i64> {
        self.send_while(&|| true)
    }

    /// Begins with no further report once `goes_on` says no.
    fn send_while(&self, goes_on: &dyn Fn() -> bool) -> Option<i64> {
        let folder = &self.0.folder;
        if folder.is_missing() {
            return None;
        }
        self.remove_taken();
        loop {
            // Read anew for each: the switch may have been turned off since the last.
            let settings = Settings::read(folder);
            if settings.consent != Consent::Yes || self.is_offline() {
                return None;
            }
            let dsn = settings.address(self.0.dsn)?;
            let waiting = || {
                let mut held = self.held();
                held.retain(|held| held.refused.is_none());
                held.pop()
            };
            waiting()?;
            if !goes_on() {
                return None;
            }
            let now = (self.0.now)();
            let next = Counts::read(folder, now).ok()?.next_try_unix_ms();
            if next > now {
                return Some(next);
            }
            // While another process sends, this one need not.
            let _sending = folder.try_lock(SENDING).ok()??;
            let oldest = waiting()?;
            if let Err(error) = self.send_held(&oldest, &dsn) {
                tracing::debug!(%error, "a report could not be sent");
                // What was not counted as a try would be tried without a pause.
                if let Error::Folder(_)
                | Error::NotFound
                | Error::Http(oldgrowth_http::Error::Offline) = error
                {
                    return None;
                }
            }
        }
    }

    /// Sends what is due, if this process has recorded anything: a command that went well does not wait for a
    /// network, and one that failed not for long.
    pub fn send_recorded(&self) {
        if !self.0.seen.lock().is_empty() {
            let until = (self.0.now)().saturating_add(SEND_AT_END_MS_MAX);
            self.send_while(&|| (self.0.now)() <= until);
        }
    }

    /// Has a thread send what may be sent from now on, and call `changed` whenever the reports or what was
    /// chosen have changed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn keep_sending(&self, changed: impl Fn() + Send + 'static) -> io::Result<Sender> {
        self.0.bell.lock().stop = false;
        let reports = self.clone();
        let thread = std::thread::Builder::new()
            .name("reports".to_owned())
            .spawn(move || reports.attend(&changed))?;
        Ok(Sender {
            reports: self.clone(),
            thread: Some(thread),
        })
    }

    /// The file of a report that was sent is there still when it could not be deleted then.
    fn remove_taken(&self) {
        let folder = &self.0.folder;
        let counts = Counts::read(folder, (self.0.now)()).unwrap_or_default();
        for id in held::ids(folder) {
            if counts.has_taken(&id)
                && let Err(error) = folder.lock().and_then(|_lock| held::remove(folder, &id))
            {
                tracing::debug!(kind = ?error.kind(), "a report that was sent stays");
            }
        }
    }

    /// The lock for sending is held.
    fn send_held(&self, held: &Held, dsn: &sentry_types::Dsn) -> Result<(), Error> {
        let (Some(id), Some(envelope)) = (held.id(), held.leaving()) else {
            return Err(Error::NotFound);
        };
        if self.is_offline() {
            // It is not tried.
            return Err(Error::Http(oldgrowth_http::Error::Offline));
        }
        // Counted as one that fails before it is made: whoever can't count a try would make it for ever.
        let began = (self.0.now)();
        self.change_counts(|counts| {
            counts.not_sent(began);
            true
        })?;
        let ended = post(&self.0.client, dsn, &envelope)
            .map_err(Error::Http)
            .and_then(|answered| self.answered(&id, answered));
        self.ring();
        ended
    }

    /// Does with a report what the server said of it.
    fn answered(&self, id: &str, answered: Answered) -> Result<(), Error> {
        let folder = &self.0.folder;
        let lock = folder.lock();
        let noted = match &lock {
            Ok(_held) => self.note_answer(id, answered),
            Err(error) => Err(Error::Folder(error.kind())),
        };
        if answered.fate != Fate::Taken {
            return noted;
        }
        // Whichever of the two works keeps it from being sent again.
        let removed = held::remove(folder, id);
        noted.or(removed.map_err(Error::from))
    }

    /// The lock is held.
    fn note_answer(&self, id: &str, answered: Answered) -> Result<(), Error> {
        let folder = &self.0.folder;
        let now = (self.0.now)();
        let mut counts = Counts::read(folder, now)?;
        if let Some(wait_ms) = answered.wait_ms {
            counts.wait_until(now.saturating_add(wait_ms));
        }
        let ended = match answered.fate {
            Fate::Taken => {
                counts.sent(id, now);
                Ok(())
            }
            Fate::Refused(status) => {
                // As it is now: it may have been deleted meanwhile.
                if let Some(held) = held::read(folder, id) {
                    held::write(folder, &held.refused(status))?;
                }
                counts.answered();
                Err(Error::Refused(status))
            }
            Fate::Later if counts.limited_until_unix_ms > now => Err(Error::Wait {
                until_unix_ms: counts.limited_until_unix_ms,
            }),
            Fate::Later => Err(Error::ServerFailed),
        };
        counts.write(folder)?;
        ended
    }

    fn attend(&self, changed: &dyn Fn()) {
        let goes_on = || !self.0.bell.lock().stop;
        let mut due = self.send_while(&goes_on);
        loop {
            {
                let mut bell = self.0.bell.lock();
                if !bell.changed && !bell.stop {
                    let wait = due.map_or(LOOK_EVERY, |due| {
                        let ms = u64::try_from(due - (self.0.now)()).unwrap_or_default();
                        // Never without a pause, even if a clock stands still.
                        Duration::from_millis(ms.max(1000)).min(LOOK_EVERY)
                    });
                    self.0.rung.wait_for(&mut bell, wait);
                }
                if bell.stop {
                    return;
                }
                if std::mem::take(&mut bell.changed) {
                    drop(bell);
                    changed();
                }
            }
            due = self.send_while(&goes_on);
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.reports.0.bell.lock().stop = true;
        self.reports.0.rung.notify_all();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that sends reports panicked");
        }
    }
}
