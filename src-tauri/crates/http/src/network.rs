//! What the person knows of the app's calls, and the switch that ends them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_folder::Folder;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::client::Error;
use crate::contacts::{self, Begun, Bytes, Contacts, Ended, Outcome, Purpose};
use crate::switch::Switch;

/// Changes are told four times a second at most.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Calls that this process has begun. With its number and the time they make an id.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The calls of the person's processes, and whether there may be any. Clones are the same.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    folder: Folder,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// The threads of this process wait for each other here, and for other processes at the folder's lock.
    writing: Mutex<()>,
    /// How often something has changed.
    changes: Mutex<u64>,
    rung: Condvar,
}

/// Tells of changes on a thread of its own. Dropping it ends that.
#[derive(Debug)]
pub struct Teller {
    network: Network,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A call that is noted and has not ended.
pub(crate) struct Noted {
    network: Network,
    id: String,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// In a folder of the person's own, whichever memory is in use. `now` is in milliseconds since 1970. Reads and
    /// writes nothing yet.
    #[must_use]
    pub fn new(folder: PathBuf, now: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self(Arc::new(Inner {
            folder: Folder::new(folder),
            now,
            writing: Mutex::default(),
            changes: Mutex::default(),
            rung: Condvar::new(),
        }))
    }

    #[must_use]
    pub fn switch(&self) -> Switch {
        Switch::read(&self.0.folder)
    }

    /// Once this has answered no call begins any more, of no process; one that was under way comes to its end.
    ///
    /// # Errors
    /// When the choice can't be kept; then it is as before.
    pub fn set_offline(&self, offline: bool) -> io::Result<()> {
        {
            let _writing = self.0.writing.lock();
            let _lock = self.0.folder.lock()?;
            Switch::write(&self.0.folder, offline)?;
        }
        self.changed();
        Ok(())
    }

    /// The calls of the last 90 days, at most the newest 2,000.
    ///
    /// # Errors
    /// When the list can't be read. One that is not there is empty.
    pub fn contacts(&self) -> io::Result<Contacts> {
        contacts::read(&self.0.folder, (self.0.now)())
    }

    /// The folder in which the switch and the list lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// Has a thread call `tell` whenever this process has begun or ended a call or turned the switch, at most four times
    /// a second, and always after the last.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn keep_telling(&self, tell: impl Fn() + Send + 'static) -> io::Result<Teller> {
        let ended = Arc::new(AtomicBool::new(false));
        let (network, has_ended) = (self.clone(), Arc::clone(&ended));
        let told = *self.0.changes.lock();
        let thread = std::thread::Builder::new()
            .name("network".to_owned())
            .spawn(move || network.attend(told, &has_ended, &tell))?;
        Ok(Teller {
            network: self.clone(),
            ended,
            thread: Some(thread),
        })
    }

    /// Notes a call that is about to begin, which is refused otherwise.
    pub(crate) fn begin(
        &self,
        host: String,
        purpose: Purpose,
        whole: Duration,
    ) -> Result<Noted, Error> {
        let refuse = |error: io::Error| Error::NotNoted(error.kind());
        // Before the lock, which needs a folder that can be written to.
        if !self.switch().is_online() {
            return Err(Error::Offline);
        }
        let at_unix_ms = (self.0.now)();
        let number = BEGUN.fetch_add(1, Ordering::Relaxed);
        let id = format!("{at_unix_ms:x}-{:x}-{number:x}", std::process::id());
        {
            let _writing = self.0.writing.lock();
            let _lock = self.0.folder.lock().map_err(refuse)?;
            if !self.switch().is_online() {
                return Err(Error::Offline);
            }
            let begun = Begun {
                id: id.clone(),
                at_unix_ms,
                until_unix_ms: at_unix_ms
                    .saturating_add(i64::try_from(whole.as_millis()).unwrap_or(i64::MAX)),
                host,
                purpose,
            };
            contacts::note_begun(&self.0.folder, begun).map_err(refuse)?;
        }
        self.changed();
        Ok(Noted {
            network: self.clone(),
            id,
        })
    }

    fn changed(&self) {
        *self.0.changes.lock() += 1;
        self.0.rung.notify_all();
    }

    fn attend(&self, mut told: u64, ended: &AtomicBool, tell: &dyn Fn()) {
        let has_ended = || ended.load(Ordering::SeqCst);
        let mut changes = self.0.changes.lock();
        loop {
            self.0
                .rung
                .wait_while(&mut changes, |changes| *changes == told && !has_ended());
            if has_ended() {
                return;
            }
            told = *changes;
            MutexGuard::unlocked(&mut changes, tell);
            self.0
                .rung
                .wait_while_for(&mut changes, |_| !has_ended(), TELL_EVERY);
        }
    }
}

impl Noted {
    /// An end that can't be noted leaves a call without a known end, and is nobody's failure.
    pub(crate) fn end(self, outcome: Outcome, bytes: Bytes) {
        let inner = &self.network.0;
        let ended = Ended {
            id: self.id,
            outcome,
            bytes,
        };
        {
            let _writing = inner.writing.lock();
            inner
                .folder
                .lock()
                .and_then(|_lock| contacts::note_ended(&inner.folder, ended))
                .ok();
        }
        self.network.changed();
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        {
            // Whoever has looked at the flag waits for the bell before this goes on.
            let _changes = self.network.0.changes.lock();
            self.ended.store(true, Ordering::SeqCst);
        }
        self.network.0.rung.notify_all();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that tells of the network panicked");
        }
    }
}
