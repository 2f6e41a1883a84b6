//! The reports of this process, and what the person can do about them.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_folder::Folder;
use oldgrowth_http::{Client, Network};
use parking_lot::{Condvar, Mutex};

use crate::counts::{Counts, day_of};
use crate::crash_log::{self, Crash};
use crate::event::{About, envelope, event, fingerprint, place_of};
use crate::failure::Failure;
use crate::held::{self, Held};
use crate::panics;
use crate::sending::{Answered, Fate, post};
use crate::settings::{Consent, Settings};

/// Kinds of failure that are counted without a look at the disk.
const SEEN_MAX: usize = 256;

/// One process sends at a time.
const SENDING: &str = "sending.lock";

/// How often the thread that sends looks by itself: another process may have changed the switch.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// Whoever ends begins with no further report after this.
const SEND_AT_END_MS_MAX: i64 = 5 * 1000;

/// What reports are made and sent with.
pub struct Parts {
    /// Of the person's own, whichever memory is in use.
    pub folder: PathBuf,
    /// Which of our programs this is: a literal such as `window`.
    pub process: &'static str,
    pub release: &'static str,
    pub sqlite: &'static str,
    /// Where reports go, as the program was built.
    pub dsn: Option<&'static str>,
    pub client: Client,
    /// In milliseconds since 1970.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// The reports of this process. Clones are the same.
#[derive(Clone)]
pub struct Reports(Arc<Inner>);

struct Inner {
    folder: Folder,
    about: About,
    dsn: Option<&'static str>,
    client: Client,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    seen: Mutex<HashMap<String, Seen>>,
    /// The one that was opened last.
    memory: Mutex<Option<String>>,
    bell: Mutex<Bell>,
    rung: Condvar,
}

/// A kind of failure that this process has recorded.
struct Seen {
    fingerprint: String,
    day: i64,
    lasting_in: Option<String>,
    /// Since, and not yet written down.
    more: u64,
}

#[derive(Default)]
struct Bell {
    changed: bool,
    stop: bool,
}

/// Sends what may be sent, on a thread of its own. Dropping it waits for the one under way.
#[derive(Debug)]
pub struct Sender {
    reports: Reports,
    thread: Option<JoinHandle<()>>,
}

/// Everything a person can know of the reports.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub consent: Consent,
    /// The question was shown once, whatever came of it.
    pub asked: bool,
    /// The computer that reports go to; `None` when none is known, and nothing can be sent.
    pub host: Option<String>,
    /// The newest first.
    pub held: Vec<HeldReport>,
    /// Nothing is sent while that is so, whatever was agreed to.
    pub offline: bool,
    pub last_sent_unix_ms: Option<i64>,
    /// What waits is not tried before this.
    pub next_try_unix_ms: Option<i64>,
    pub folder: PathBuf,
    /// A report of a failure that has not happened.
    pub example: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    pub id: String,
    pub at_unix_ms: i64,
    /// What failed, by its class and the place in our code.
    pub class: String,
    pub place: Option<String>,
    pub asked: bool,
    /// The server did not want it.
    pub refused: Option<u16>,
    /// The bytes that leave, all of them.
    pub envelope: String,
}

/// Why a person's wish about the reports was not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is no such report")]
    NotFound,
    #[error("no address is known that reports go to")]
    NoAddress,
    #[error("the folder of the reports can't be used: {0}")]
    Folder(io::ErrorKind),
    #[error("it could not be sent: {0}")]
    Http(oldgrowth_http::Error),
    #[error("the server did not want it (status {0})")]
    Refused(u16),
    #[error("the server failed")]
    ServerFailed,
    /// The server asked for no more until then.
    #[error("the server asked to wait")]
    Wait { until_unix_ms: i64 },
    /// Another process sends at this moment.
    #[error("reports are being sent already")]
    Busy,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Folder(error.kind())
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports")
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Reports {
    /// Reads and writes nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            folder: Folder::new(parts.folder),
            about: About {
                release: parts.release,
                sqlite: parts.sqlite,
                process: parts.process,
            },
            dsn: parts.dsn,
            client: parts.client,
            now: parts.now,
            seen: Mutex::default(),
            memory: Mutex::default(),
            bell: Mutex::default(),
            rung: Condvar::new(),
        }))
    }

    /// Records a failure: in the crash log always, and as a report if it is the first of its kind today. What
    /// can't be recorded is lost; nobody waits for it or fails because of it.
    pub fn record(&self, failure: &Failure) {
        panics::once(|| {
            let fingerprint = fingerprint(failure, self.0.about);
            if !self.has_seen(&fingerprint) {
                self.record_new(fingerprint.clone(), fingerprint, failure);
            }
        });
    }

    /// The states that were reported as lasting in this memory have ended: when they come again it is news.
    pub fn well(&self, memory: &str) {
        let mut any = false;
        self.0.seen.lock().retain(|_, seen| {
            let ended = seen.lasting_in.as_deref() == Some(memory);
            any |= ended;
            !ended
        });
        if !any && self.0.folder.is_missing() {
            return;
        }
        let ended = self.change_counts(|counts| counts.end_standing(memory));
        if let Err(error) = ended {
            tracing::debug!(%error, "that the store is well again was not written down");
        }
    }

    /// What breaks from now on does so while this memory is open. It is named by a text that means nothing to
    /// anybody, and that stays on this computer.
    pub fn opened(&self, memory: &str) {
        *self.0.memory.lock() = Some(memory.to_owned());
    }

    /// What broke at this time or later while this memory was open, or none, from the log of this computer: when, and
    /// where in the code. The oldest first.
    #[must_use]
    pub fn crashes_since(&self, unix_ms: i64, memory: &str) -> Vec<(i64, String)> {
        let meant = |crash: &Crash| {
            crash.at_unix_ms >= unix_ms && crash.memory.as_deref().is_none_or(|of| of == memory)
        };
        let crashes = crash_log::crashes(&self.0.folder).into_iter();
        crashes
            .filter(meant)
            .map(|crash| (crash.at_unix_ms, crash.place))
            .collect()
    }

    #[must_use]
    pub fn view(&self) -> View {
        let folder = &self.0.folder;
        let settings = Settings::read(folder);
        let now = (self.0.now)();
        let counts = Counts::read(folder, now).unwrap_or_default();
        let example = Failure {
            frames: vec![crate::failure::Frame {
                function: Some("oldgrowth_engine::jobs::Core::seal".to_owned()),
                file: Some("engine/src/jobs/mod.rs".to_owned()),
                line: Some(1),
                column: None,
                ours: true,
            }],
            ..Failure::typed("panic", "worker")
        };
        let example = event(&example, self.0.about, 0, now);
        View {
            consent: settings.consent,
            asked: settings.asked,
            host: settings
                .address(self.0.dsn)
                .map(|dsn| dsn.host().to_owned()),
            held: self.held().into_iter().filter_map(HeldReport::of).collect(),
            offline: self.is_offline(),
            last_sent_unix_ms: counts.last_sent_unix_ms,
            next_try_unix_ms: Some(counts.next_try_unix_ms()).filter(|at| *at > now),
            folder: folder.path().to_owned(),
            example: envelope(&example).unwrap_or_default(),
        }
    }

    /// May reports be sent by themselves from now on? Those that are held already go too.
    ///
    /// # Errors
    /// When the choice can't be kept; then it is as before.
    pub fn consent(&self, on: bool) -> Result<(), Error> {
        let folder = &self.0.folder;
        let _lock = folder.lock()?;
        let mut settings = Settings::kept(folder)?.map_or_else(|| Settings::anew(folder), Ok)?;
        settings.consent = if on { Consent::Yes } else { Consent::No };
        settings.asked = true;
        settings.write(folder)?;
        self.ring();
        Ok(())
    }

    /// The question was shown, and about which reports; neither is asked again.
    ///
    /// # Errors
    /// When that can't be kept.
    pub fn asked(&self) -> Result<(), Error> {
        let folder = &self.0.folder;
        let _lock = folder.lock()?;
        // While the choice isn't understood nobody is asked either.
        if let Some(mut settings) = Settings::kept(folder)? {
            settings.asked = true;
            settings.write(folder)?;
        }
        for held in self.held() {
            if !held.asked {
                held::write(folder, &held.asked())?;
            }
        }
        self.ring();
        Ok(())
    }

    /// Deletes a held report for good.
    ///
    /// # Errors
    /// When there is none of this id, or it can't be deleted.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        let _lock = self.0.folder.lock()?;
        held::read(&self.0.folder, id).ok_or(Error::NotFound)?;
        held::remove(&self.0.folder, id)?;
        self.ring();
        Ok(())
    }

    /// Deletes all held reports for good.
    ///
    /// # Errors
    /// When one can't be deleted.
    pub fn delete_all(&self) -> Result<(), Error> {
        let _lock = self.0.folder.lock()?;
        for id in held::ids(&self.0.folder) {
            held::remove(&self.0.folder, &id)?;
        }
        self.ring();
        Ok(())
    }

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
                if let Error::Folder(_) | Error::Http(oldgrowth_http::Error::Offline) = error {
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

    /// To be called when the person has gone online or offline: what waits goes now, or waits.
    pub fn network_changed(&self) {
        self.ring();
    }

    /// What reports are sent through.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.0.client.network()
    }

    fn is_offline(&self) -> bool {
        !self.network().switch().is_online()
    }

    /// Was a panic at this place recorded today? Then it is counted.
    pub(crate) fn has_recorded(&self, file: &str, line: u32) -> bool {
        self.has_seen(&format!("{file}:{line}"))
    }

    pub(crate) fn record_panic(&self, place: Option<(&str, u32)>, failure: &Failure) {
        let fingerprint = fingerprint(failure, self.0.about);
        let key = place.map_or_else(
            || fingerprint.clone(),
            |(file, line)| format!("{file}:{line}"),
        );
        self.record_new(key, fingerprint, failure);
    }

    /// Counts one more of a kind that was recorded today. It is written down at 1, 2, 4, 8 and so on, so
    /// that a hundred thousand cost seventeen writes.
    fn has_seen(&self, key: &str) -> bool {
        let now = (self.0.now)();
        let (fingerprint, times) = {
            let mut seen = self.0.seen.lock();
            let Some(kind) = seen.get_mut(key) else {
                return false;
            };
            if kind.day != day_of(now) {
                return false;
            }
            kind.more = kind.more.saturating_add(1);
            if !kind.more.is_power_of_two() {
                return true;
            }
            let unwritten = kind.more - kind.more / 2;
            (kind.fingerprint.clone(), unwritten)
        };
        let written = self.change_counts(|counts| {
            counts.suppress(&fingerprint, times);
            true
        });
        if written.is_ok() && self.log_again(now, &fingerprint, times).is_err() {
            tracing::debug!("the crash log could not be written");
        }
        true
    }

    fn log_again(&self, now: i64, fingerprint: &str, times: u64) -> io::Result<()> {
        let _lock = self.0.folder.lock()?;
        crash_log::note_again(&self.0.folder, now, fingerprint, times)
    }

    fn record_new(&self, key: String, fingerprint: String, failure: &Failure) {
        let now = (self.0.now)();
        let more = {
            let mut seen = self.0.seen.lock();
            if seen.len() >= SEEN_MAX && !seen.contains_key(&key) {
                seen.clear();
            }
            let kind = Seen {
                fingerprint: fingerprint.clone(),
                day: day_of(now),
                lasting_in: failure.lasting_in.clone(),
                more: 0,
            };
            // Those of an earlier day that were not written down yet.
            seen.insert(key, kind).map_or(0, |earlier| {
                earlier.more - earlier.more.checked_ilog2().map_or(0, |power| 1 << power)
            })
        };
        if let Err(error) = self.write_new(&fingerprint, failure, more, now) {
            tracing::debug!(kind = ?error.kind(), "a failure could not be recorded");
        }
        self.ring();
    }

    fn write_new(
        &self,
        fingerprint: &str,
        failure: &Failure,
        more: u64,
        now: i64,
    ) -> io::Result<()> {
        let folder = &self.0.folder;
        let _lock = folder.lock()?;
        let admitted = Counts::read(folder, now).and_then(|mut counts| {
            let admitted = counts.admit(fingerprint, failure.lasting_in.as_deref(), more, now);
            counts.write(folder).map(|()| admitted)
        });
        let suppressed = admitted.as_ref().ok().copied().flatten();
        let event = event(failure, self.0.about, suppressed.unwrap_or_default(), now);
        let memory = self.0.memory.lock().clone();
        crash_log::note(folder, now, &event, memory.as_deref())?;
        let admitted = admitted?;
        if admitted.is_some()
            && let Some(envelope) = envelope(&event)
        {
            held::make_room(folder)?;
            held::write(folder, &Held::new(now, envelope))?;
        }
        Ok(())
    }

    /// Those that no server has taken, the newest first.
    fn held(&self) -> Vec<Held> {
        let counts = Counts::read(&self.0.folder, (self.0.now)()).unwrap_or_default();
        let mut held = held::list(&self.0.folder);
        held.retain(|held| !held.id().is_some_and(|id| counts.has_taken(&id)));
        held
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
        let (Some(id), Some(event)) = (held.id(), held.event()) else {
            return Err(Error::NotFound);
        };
        // The bytes that were shown, unless somebody has changed them.
        let envelope = envelope(&event).ok_or(Error::NotFound)?;
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
        let now = (self.0.now)();
        let _lock = self.0.folder.lock()?;
        let folder = &self.0.folder;
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
        let noted = counts.write(folder);
        // Whichever of the two works keeps it from being sent again.
        if answered.fate == Fate::Taken {
            let removed = held::remove(folder, id);
            return noted.or(removed).map_err(Error::from);
        }
        noted?;
        ended
    }

    /// `change` says whether there is anything to write.
    fn change_counts(&self, change: impl FnOnce(&mut Counts) -> bool) -> io::Result<()> {
        let _lock = self.0.folder.lock()?;
        let mut counts = Counts::read(&self.0.folder, (self.0.now)())?;
        if change(&mut counts) {
            counts.write(&self.0.folder)?;
        }
        Ok(())
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

    fn ring(&self) {
        self.0.bell.lock().changed = true;
        self.0.rung.notify_all();
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

impl HeldReport {
    fn of(held: Held) -> Option<Self> {
        let event = held.event()?;
        let place = place_of(&event);
        Some(Self {
            id: held.id()?,
            at_unix_ms: held.at_unix_ms,
            class: event.pointer("/tags/class")?.as_str()?.to_owned(),
            place,
            asked: held.asked,
            refused: held.refused,
            envelope: held.envelope,
        })
    }
}

impl Reports {
    /// The folder that everything lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }
}

#[cfg(test)]
mod tests;
