//! The reports of this process, and what the person can do about them.

mod outgoing;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_folder::Folder;
use oldgrowth_http::{Client, Network};
use parking_lot::{Condvar, Mutex};

use crate::counts::{Counts, day_of};
use crate::crash_log::{self, Crash};
use crate::event::{About, envelope, event, fingerprint, place_of};
use crate::failure::Failure;
use crate::held::{self, Held};
use crate::panics;
use crate::salt::Salt;
use crate::settings::{Consent, Settings};

pub use outgoing::Sender;

/// Kinds of failure that are counted without a look at the disk.
const SEEN_MAX: usize = 256;

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
    /// Those that are open, the one that was opened last at the end.
    open: Mutex<Vec<Arc<str>>>,
    bell: Mutex<Bell>,
    rung: Condvar,
}

/// A memory that is open, until it is dropped.
#[derive(Debug)]
pub struct Opened {
    reports: Reports,
    memory: Arc<str>,
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
            open: Mutex::default(),
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
        let ended = self.change_counts(|counts| {
            let salt = Salt::kept(&self.0.folder).ok().flatten();
            salt.is_some_and(|salt| counts.end_standing(&salt.name(memory)))
        });
        if let Err(error) = ended {
            tracing::debug!(%error, "that the store is well again was not written down");
        }
    }

    /// What breaks while the answer lives does so while this memory is open. It is named by a text that tells it from
    /// others; what is written down is a hash of that, which stays on this computer.
    #[must_use]
    pub fn opened(&self, memory: &str) -> Opened {
        let memory: Arc<str> = memory.into();
        self.0.open.lock().push(Arc::clone(&memory));
        Opened {
            reports: self.clone(),
            memory,
        }
    }

    /// What broke at this time or later while this memory was open, or none, from the log of this computer: when, and
    /// where in the code. The oldest first.
    #[must_use]
    pub fn crashes_since(&self, unix_ms: i64, memory: &str) -> Vec<(i64, String)> {
        let salt = Salt::kept(&self.0.folder).ok().flatten();
        let name = salt.map(|salt| salt.name(memory));
        let meant = |crash: &Crash| {
            crash.at_unix_ms >= unix_ms && (crash.memory.is_none() || crash.memory == name)
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
        let mut settings = match Settings::kept(folder)? {
            Some(settings) => settings,
            None => Settings::anew(folder)?,
        };
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

    /// To be called when the person has gone online or offline: what waits goes now, or waits.
    pub fn network_changed(&self) {
        self.ring();
    }

    /// What reports are sent through.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.0.client.network()
    }

    /// The folder that everything lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
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
        let salt = Salt::kept_or_made(folder);
        let name = |memory: &str| salt.as_ref().ok().map(|salt| salt.name(memory));
        let lasting_in = failure.lasting_in.as_deref().and_then(name);
        let admitted = Counts::read(folder, now).and_then(|mut counts| {
            let admitted = counts.admit(fingerprint, lasting_in.as_deref(), more, now);
            counts.write(folder).map(|()| admitted)
        });
        let suppressed = admitted.as_ref().ok().copied().flatten();
        let event = event(failure, self.0.about, suppressed.unwrap_or_default(), now);
        let memory = self.0.open.lock().last().and_then(|open| name(open));
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

    /// `change` says whether there is anything to write.
    fn change_counts(&self, change: impl FnOnce(&mut Counts) -> bool) -> io::Result<()> {
        let _lock = self.0.folder.lock()?;
        let mut counts = Counts::read(&self.0.folder, (self.0.now)())?;
        if change(&mut counts) {
            counts.write(&self.0.folder)?;
        }
        Ok(())
    }

    fn ring(&self) {
        self.0.bell.lock().changed = true;
        self.0.rung.notify_all();
    }
}

impl Opened {
    #[must_use]
    pub fn memory(&self) -> &str {
        &self.memory
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let mut open = self.reports.0.open.lock();
        open.retain(|memory| !Arc::ptr_eq(memory, &self.memory));
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
            envelope: held.leaving()?,
        })
    }
}

#[cfg(test)]
mod tests;
