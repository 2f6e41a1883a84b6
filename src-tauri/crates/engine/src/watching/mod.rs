//! Folders that are read again whenever something in them changes.
//!
//! One thread looks after all of them, and there is none while no folder is watched. What wakes it is
//! the system's word that something changed, and a slow clock as a net under that.

mod folder;
mod turns;

pub(crate) use folder::is_as_kept;

use std::collections::{BTreeMap, HashSet};
use std::sync::{OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_domain::{SourceId, UnixMs};
use oldgrowth_store::SourceKey;
use oldgrowth_store::table::sources::SourceKind;
use parking_lot::{Condvar, Mutex};

use crate::engine::Core;
use crate::ports::WatchProblem;
use crate::{Engine, Error, Result};

/// How a watched folder is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// It is looked at for the first time since the start.
    Starting,
    Watched,
    /// The system can't tell of changes, so it is looked at now and then.
    LookedAt(WatchProblem),
    /// It is not there, or empty though files of it are kept.
    NotThere {
        since: UnixMs,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderView {
    pub state: FolderState,
    /// Files that are kept and are no longer there.
    pub missing: u32,
}

/// What the thread and its askers share.
#[derive(Default)]
pub(crate) struct Watching {
    core: OnceLock<Weak<Core>>,
    state: Mutex<State>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Who says how the folders are doing.
    pub(crate) looking: Mutex<()>,
}

#[derive(Default)]
struct State {
    stirred: HashSet<SourceKey>,
    woken: bool,
    /// What was found out about folders holds no longer: the store is another one.
    anew: bool,
    running: bool,
    stopping: bool,
    views: BTreeMap<SourceKey, (SourceId, String, FolderView)>,
}

impl Watching {
    pub(crate) fn serve(&self, core: Weak<Core>) {
        if self.core.set(core).is_err() {
            tracing::error!("folders are watched for one engine alone");
        }
    }

    /// Sees to it that the folders to watch are watched: starts the thread, or has it look again.
    pub(crate) fn begin(&self) {
        let Some(core) = self.core.get().and_then(Weak::upgrade) else {
            return;
        };
        if !core.has_workers {
            return;
        }
        let mut state = self.state.lock();
        if state.stopping {
            return;
        }
        state.woken = true;
        self.changed.notify_all();
        if std::mem::replace(&mut state.running, true) {
            return;
        }
        drop(state);
        let body = Box::new({
            let core = std::sync::Arc::clone(&core);
            move || core.watch_folders()
        });
        match core.ambient.spawn.spawn("watcher".to_owned(), body) {
            Ok(thread) => {
                // The one before has ended: it said that it doesn't run.
                if let Some(before) = self.thread.lock().replace(thread) {
                    join(before);
                }
            }
            Err(error) => {
                tracing::error!(kind = ?error.kind(), "folders can't be watched");
                self.state.lock().running = false;
            }
        }
    }

    /// As [`Watching::begin`], with nothing known of any folder: what is kept may be older than what was
    /// found.
    pub(crate) fn begin_anew(&self) {
        self.state.lock().anew = true;
        self.begin();
    }

    /// Has whoever runs look at the clock and at the store again.
    pub(crate) fn wake(&self) {
        self.state.lock().woken = true;
        self.changed.notify_all();
    }

    /// Asks the thread to end soon.
    pub(crate) fn begin_stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.begin_stop();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            join(thread);
        }
    }

    fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    fn stir(&self, key: SourceKey) {
        self.state.lock().stirred.insert(key);
        self.changed.notify_all();
    }

    /// Which folders something has stirred in, and whether nothing is known of any.
    fn take_stirred(&self) -> (HashSet<SourceKey>, bool) {
        let mut state = self.state.lock();
        state.woken = false;
        let anew = std::mem::take(&mut state.anew);
        (std::mem::take(&mut state.stirred), anew)
    }

    /// Nothing is left to watch. False when something came in meanwhile.
    fn end(&self) -> bool {
        let mut state = self.state.lock();
        state.running = state.woken && !state.stopping;
        !state.running
    }

    fn sleep(&self, at_most: Duration) {
        let mut state = self.state.lock();
        let asleep =
            |state: &mut State| !state.woken && !state.stopping && state.stirred.is_empty();
        let _timed_out = self.changed.wait_while_for(&mut state, asleep, at_most);
    }

    /// Keeps how a folder is doing; true when that is news.
    fn tell(&self, key: SourceKey, id: &SourceId, name: &str, view: FolderView) -> bool {
        let told = (id.clone(), name.to_owned(), view);
        let mut state = self.state.lock();
        state.views.insert(key, told.clone()) != Some(told)
    }

    fn keep_only(&self, keys: &[SourceKey]) {
        let mut state = self.state.lock();
        state.views.retain(|key, _| keys.contains(key));
    }

    pub(crate) fn view(&self, key: SourceKey) -> Option<FolderView> {
        let state = self.state.lock();
        state.views.get(&key).map(|(_, _, view)| *view)
    }

    /// The name of each folder that was looked at, and how it is doing.
    pub(crate) fn views(&self) -> BTreeMap<SourceKey, (String, FolderView)> {
        let state = self.state.lock();
        let views = state.views.iter();
        views
            .map(|(key, (_, name, view))| (*key, (name.clone(), *view)))
            .collect()
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("the thread that watches folders panicked");
    }
}

impl Engine {
    /// Has a folder read again whenever something in it changes, or no longer.
    pub fn watch_source(&self, id: &SourceId, on: bool) -> Result<()> {
        let core = self.core();
        let (id, now) = (id.clone(), core.now());
        core.store.write(move |w| {
            let source = w.source_by_id(&id)?.ok_or(Error::NotFound)?;
            if source.kind != SourceKind::Folder {
                return Err(Error::NotAFolder);
            }
            let since = on.then(|| source.watched_since.unwrap_or(now));
            Ok(w.watch_source(source.key, since)?)
        })?;
        core.watching.begin();
        core.memory_changed();
        core.look_at_watching();
        core.tell_changes();
        Ok(())
    }
}
