//! The one process that works on a workspace: it holds the lock, runs the engine, and answers others
//! through a local socket.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_domain::TimeZone;
use oldgrowth_engine::ports::{Embedder, Embedders, Summariser};
use oldgrowth_engine::{Engine, Parts};
use oldgrowth_keeper::Keeper;
use oldgrowth_models::{
    BuiltIn, Chosen, ChosenEmbedders, ChosenReranker, ChosenWriter, Extractive, Models,
};
use oldgrowth_store::{Holder, LockError, Store, WorkspaceLock};
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use serde_json::Value;

use crate::place::{Pointer, Workspace};
use crate::power::SystemPower;
use crate::socket::{Calls, Endpoint, Server};
use crate::system::{SystemRandom, ambient};
use crate::words::wire_error;
use crate::{dispatch, models, reporting, views};

/// Jobs worked on at once. Two keep a disk and a core busy and leave the machine to its person.
const WORKERS: usize = 2;

/// Threads that the built-in embedder works with: it may be at work for hours.
const EMBEDDER_THREADS: NonZeroUsize = NonZeroUsize::MIN;

/// Who starts the program wants to use it, so passages are embedded later.
const EMBEDS_AFTER: Duration = Duration::from_secs(20);

/// What a process owns a workspace for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To work on what is queued, and to answer.
    Work,
    /// To answer one call; the queue can wait.
    OneCall,
}

/// Dropping it stops the work cleanly and frees the workspace.
pub(crate) struct Owner {
    // In the order in which they end: no call comes in, no job runs, then the store closes and the
    // lock is freed.
    server: Option<Server>,
    /// Nobody waits for a model any more.
    no_models: Arc<AtomicBool>,
    engine: Arc<Engine>,
    keeper: Keeper,
    lock: Option<WorkspaceLock>,
    pointer: Option<Box<Pointer>>,
}

/// An owner whose store is closed. It still listens, and still holds the workspace.
pub(crate) struct Closed {
    pub(crate) server: Option<Server>,
    pub(crate) lock: WorkspaceLock,
}

/// Answers from the engine alone.
struct EngineCalls(Arc<Engine>);

impl Calls for EngineCalls {
    fn answer(&self, request: Request) -> Result<Value, WireError> {
        dispatch::answer(&self.0, request)
    }
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owner").finish_non_exhaustive()
    }
}

impl Owner {
    pub(crate) fn take(
        workspace: &Workspace,
        name: &str,
        purpose: Purpose,
        calls: Option<Arc<dyn Calls>>,
    ) -> Result<Self, TakeError> {
        loop {
            let folder = workspace.folder().map_err(TakeError::Place)?;
            let database = folder.join(Store::FILE);
            let lock = WorkspaceLock::acquire_or_read(&folder, &holder(&folder, name), &database)
                .map_err(|error| TakeError::Lock(folder.clone(), error))?;
            // It may have been moved by the one who held the lock until now.
            if workspace.folder().map_err(TakeError::Place)? == folder {
                return Self::begin(lock, &folder, workspace, purpose, calls);
            }
        }
    }

    /// Works on a workspace that this process holds already.
    pub(crate) fn begin(
        lock: WorkspaceLock,
        folder: &Path,
        found: &Workspace,
        purpose: Purpose,
        calls: Option<Arc<dyn Calls>>,
    ) -> Result<Self, TakeError> {
        let fault = |what| TakeError::Fault(folder.to_owned(), what);
        let endpoint = Endpoint::of_workspace(folder);
        let ambient = ambient();
        let workspace = folder
            .canonicalize()
            .map_err(|_| fault("find the folder"))?;
        let keeper = if lock.reads_only() {
            Keeper::reading(ambient.clone())
        } else {
            Keeper::new(ambient.clone())
        };
        let store =
            Store::of_workspace(&keeper, &workspace).map_err(|_| fault("name the store"))?;
        let crash_reports = found
            .reports()
            .map(|reports| Arc::new(reporting::Seen::of(reports, &workspace)) as Arc<_>);
        let no_models = Arc::new(AtomicBool::new(false));
        let asked = |models: &Models| (models.clone(), Arc::clone(&no_models));
        let summariser: Arc<dyn Summariser> = match found.models().map(asked) {
            Some((models, stop)) => Arc::new(Chosen::new(models, stop)),
            None => Arc::new(Extractive),
        };
        let embedders: Option<Arc<dyn Embedders>> = match found.models().map(asked) {
            Some((models, stop)) => Some(Arc::new(ChosenEmbedders::new(models, stop, embedder()))),
            None => embedder().map(|built_in| Arc::new(built_in) as Arc<_>),
        };
        let writer = found.models().map(asked);
        let writer =
            writer.map(|(models, stop)| Arc::new(ChosenWriter::new(models, stop)) as Arc<_>);
        let reranker = found.models().map(asked);
        let reranker =
            reranker.map(|(models, stop)| Arc::new(ChosenReranker::new(models, stop)) as Arc<_>);
        let engine = Engine::start(Parts {
            workspace,
            store,
            ambient,
            random: Arc::new(SystemRandom),
            files: Arc::new(oldgrowth_importers::FilesOnDisk::default()),
            watches: Arc::new(oldgrowth_importers::WatchesOnDisk),
            summariser,
            extractor: Some(Arc::new(oldgrowth_models::Rules)),
            embedders,
            embeds_after: EMBEDS_AFTER,
            reranker,
            writer,
            power: Some(Arc::new(SystemPower)),
            gathers_days: true,
            workers: if purpose == Purpose::Work { WORKERS } else { 0 },
            emptied: found.emptied(),
            crash_reports,
            models: found
                .models()
                .map(|models| Arc::new(models::Seen(models.clone())) as Arc<_>),
            place_is_fixed: found.pointer().is_none(),
            zone: TimeZone::system,
        })
        .map_err(|_| fault("start its workers"))?;
        let engine = Arc::new(engine);
        if purpose == Purpose::OneCall {
            engine.tell_at_once();
        }
        // Whoever answers through calls of its own keeps the memory open for a while.
        if purpose == Purpose::Work && calls.is_some() {
            engine.begin_run(env!("CARGO_PKG_VERSION"));
        }
        if let Some(reports) = found.reports() {
            reporting::report_faults(&engine, reports);
        }
        // Who owns it for one call takes no work from others: they wait until it is done. Without a
        // socket everything works but other programs; they are told who holds it.
        let calls = calls.unwrap_or_else(|| Arc::new(EngineCalls(Arc::clone(&engine))));
        let server = match purpose {
            Purpose::OneCall => None,
            // Others read it for themselves, and no socket can be made there.
            Purpose::Work if lock.reads_only() => None,
            Purpose::Work => Server::start(&endpoint, calls)
                .inspect_err(|error| tracing::warn!(kind = ?error.kind(), "no local socket"))
                .ok(),
        };
        let owner = Self {
            server,
            no_models,
            engine,
            keeper,
            lock: Some(lock),
            pointer: found.pointer().cloned().map(Box::new),
        };
        owner.bear_witness();
        if let Some(server) = &owner.server {
            owner.subscribe(server.teller());
        }
        Ok(owner)
    }

    /// Answers a call, on the caller's thread.
    pub(crate) fn call(&self, request: Request) -> Result<Value, WireError> {
        dispatch::answer(&self.engine, request)
    }

    /// Calls back for each event, on the thread where it became true: quick listeners only.
    pub(crate) fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        let workspace = dispatch::workspace(&self.engine);
        self.engine
            .subscribe(move |event| listener(&views::event(event, &workspace)));
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The folder may not be written to, so that the memory is read and nothing more.
    pub(crate) fn reads_only(&self) -> bool {
        self.lock.as_ref().is_some_and(WorkspaceLock::reads_only)
    }

    /// It was taken to be read, and its folder may be written to by now.
    pub(crate) fn may_be_whole(&self) -> bool {
        self.reads_only() && WorkspaceLock::may_be_whole(self.engine.workspace())
    }

    /// Ends the calls to models that are under way: what is built in does their work.
    pub(crate) fn leave_models(&self) {
        self.no_models.store(true, Ordering::SeqCst);
    }

    /// A memory that has once been there is missed when it is gone with its folder.
    fn bear_witness(&self) {
        if let Some(pointer) = self.pointer.as_ref().filter(|_| !self.reads_only()) {
            pointer.bear_witness();
        }
    }

    /// Closes the store and lets nobody else have the workspace.
    pub(crate) fn close(mut self) -> Option<Closed> {
        self.leave_models();
        self.engine.stop();
        self.keeper.shut_down();
        let server = self.server.take();
        self.lock.take().map(|lock| Closed { server, lock })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.bear_witness();
        drop(self.server.take());
        self.leave_models();
        self.engine.stop();
        self.keeper.shut_down();
    }
}

/// The one that came with this program. None where none did: then passages are found by words alone.
fn embedder() -> Option<Arc<dyn Embedder>> {
    let program = std::env::current_exe().ok()?;
    let embedder = BuiltIn::of_program(&program, EMBEDDER_THREADS)?;
    Some(Arc::new(embedder))
}

/// This process, as others are told it.
pub(crate) fn holder(folder: &Path, name: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        name: name.to_owned(),
        started_unix_ms: ambient().clock.unix_ms(),
        endpoint: Endpoint::of_workspace(folder).to_string(),
    }
}

#[derive(Debug)]
pub(crate) enum TakeError {
    /// Nobody knows where the memory is, or it isn't there.
    Place(WireError),
    Lock(PathBuf, LockError),
    Fault(PathBuf, &'static str),
}

impl TakeError {
    pub(crate) fn explain(&self) -> WireError {
        match self {
            Self::Place(error) => error.clone(),
            Self::Lock(folder, LockError::HeldBy(Some(holder))) => wire_error(
                ErrorCode::HeldByAnother,
                format!(
                    "{} is in use by {} (process {})",
                    folder.display(),
                    holder.name,
                    holder.pid
                ),
                Some("use that one, or close it and try again"),
            ),
            Self::Lock(folder, LockError::HeldBy(None)) => wire_error(
                ErrorCode::HeldByAnother,
                format!("{} is in use by another program", folder.display()),
                Some("close it and try again"),
            ),
            Self::Lock(folder, LockError::Io(error)) => wire_error(
                ErrorCode::Unavailable,
                format!(
                    "{} can't be used: {}",
                    folder.display(),
                    words_of_io(error.kind())
                ),
                Some(hint_of_io(error.kind())),
            ),
            Self::Fault(folder, what) => wire_error(
                ErrorCode::Unavailable,
                format!("{} can't be used: could not {what}", folder.display()),
                Some(
                    "try again; if it stays so, restart the computer, and nothing has been changed",
                ),
            ),
        }
    }
}

fn words_of_io(kind: std::io::ErrorKind) -> String {
    match kind {
        std::io::ErrorKind::PermissionDenied => {
            "this account may not read and write there".to_owned()
        }
        std::io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "there is a file in the place of a folder".to_owned()
        }
        other => other.to_string(),
    }
}

fn hint_of_io(kind: std::io::ErrorKind) -> &'static str {
    match kind {
        std::io::ErrorKind::PermissionDenied => {
            "give this account the right to read and write there, or start Oldgrowth with another folder"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => {
            "allow writing to that disk and try again, or start Oldgrowth with another folder"
        }
        std::io::ErrorKind::StorageFull => "free some space there and try again",
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "move that file elsewhere and try again; nothing has been changed"
        }
        _ => "check its disk and the rights of the folder, and try again; nothing has been changed",
    }
}
