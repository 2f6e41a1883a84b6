//! The one process that works on a workspace: it holds the lock, runs the engine, and answers others
//! through a local socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_engine::{Engine, Parts};
use oldgrowth_keeper::Keeper;
use oldgrowth_store::{Holder, LockError, Store, WorkspaceLock};
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use serde_json::Value;

use crate::socket::{Endpoint, Server};
use crate::system::{SystemRandom, ambient};
use crate::words::wire_error;
use crate::{dispatch, views};

/// Names another folder than the platform's own.
const WORKSPACE_VARIABLE: &str = "OLDGROWTH_WORKSPACE";

/// Jobs worked on at once. Two keep a disk and a core busy and leave the machine to its person.
const WORKERS: usize = 2;

/// The folder that holds this person's memory: `OLDGROWTH_WORKSPACE`, or the platform's folder for
/// local application data.
pub fn default_workspace() -> Result<PathBuf, WireError> {
    if let Some(named) = std::env::var_os(WORKSPACE_VARIABLE).filter(|named| !named.is_empty()) {
        return std::path::absolute(named).map_err(|_| {
            wire_error(
                ErrorCode::Usage,
                format!("{WORKSPACE_VARIABLE} is not a path"),
                None,
            )
        });
    }
    dirs::data_local_dir()
        .map(|dir| dir.join("oldgrowth"))
        .ok_or_else(|| {
            wire_error(
                ErrorCode::Usage,
                "this computer names no folder for application data",
                Some("name one with --workspace or OLDGROWTH_WORKSPACE"),
            )
        })
}

/// What a process owns a workspace for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To work on what is queued, and to answer.
    Work,
    /// To answer one call; the queue can wait.
    OneCall,
}

/// Dropping it stops the work cleanly and frees the workspace.
pub struct Owner {
    // In the order in which they end: no call comes in, no job runs, then the store closes and the
    // lock is freed.
    server: Option<Server>,
    engine: Arc<Engine>,
    keeper: Keeper,
    _lock: WorkspaceLock,
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owner").finish_non_exhaustive()
    }
}

impl Owner {
    /// Takes the workspace, and says as whom. Its store may be in any state; the calls and the status
    /// tell which.
    pub fn open(workspace: &Path, name: &str) -> Result<Self, WireError> {
        Self::take(workspace, name, Purpose::Work).map_err(|error| error.explain(workspace))
    }

    pub(crate) fn take(workspace: &Path, name: &str, purpose: Purpose) -> Result<Self, TakeError> {
        let ambient = ambient();
        let endpoint = Endpoint::of_workspace(workspace);
        let holder = Holder {
            pid: std::process::id(),
            name: name.to_owned(),
            started_unix_ms: ambient.clock.unix_ms(),
            endpoint: endpoint.to_string(),
        };
        let lock = WorkspaceLock::acquire(workspace, &holder).map_err(TakeError::Lock)?;
        let workspace = workspace
            .canonicalize()
            .map_err(|_| TakeError::Fault("find the folder"))?;
        let keeper = Keeper::new(ambient.clone());
        let store = Store::of_workspace(&keeper, &workspace)
            .map_err(|_| TakeError::Fault("name the store"))?;
        let engine = Engine::start(Parts {
            workspace,
            store,
            ambient,
            random: Arc::new(SystemRandom),
            files: Arc::new(oldgrowth_importers::FilesOnDisk::default()),
            watches: Arc::new(oldgrowth_importers::WatchesOnDisk),
            summariser: Arc::new(oldgrowth_models::Extractive),
            workers: if purpose == Purpose::Work { WORKERS } else { 0 },
        })
        .map_err(|_| TakeError::Fault("start its workers"))?;
        let engine = Arc::new(engine);
        // Who owns it for one call takes no work from others: they wait until it is done. Without a
        // socket everything works but other programs; they are told who holds it.
        let server = match purpose {
            Purpose::OneCall => None,
            Purpose::Work => Server::start(&endpoint, Arc::clone(&engine))
                .inspect_err(|error| tracing::warn!(kind = ?error.kind(), "no local socket"))
                .ok(),
        };
        Ok(Self {
            server,
            engine,
            keeper,
            _lock: lock,
        })
    }

    /// Answers a call, on the caller's thread.
    pub fn call(&self, request: Request) -> Result<Value, WireError> {
        dispatch::answer(&self.engine, request)
    }

    /// Calls back for each event, on the thread where it became true: quick listeners only.
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        let workspace = dispatch::workspace(&self.engine);
        self.engine
            .subscribe(move |event| listener(&views::event(event, &workspace)));
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.server.take());
        self.engine.stop();
        self.keeper.shut_down();
    }
}

#[derive(Debug)]
pub(crate) enum TakeError {
    Lock(LockError),
    Fault(&'static str),
}

impl TakeError {
    pub(crate) fn explain(&self, workspace: &Path) -> WireError {
        let folder = workspace.display();
        match self {
            Self::Lock(LockError::HeldBy(Some(holder))) => wire_error(
                ErrorCode::HeldByAnother,
                format!(
                    "{folder} is in use by {} (process {})",
                    holder.name, holder.pid
                ),
                Some("use that one, or close it and try again"),
            ),
            Self::Lock(LockError::HeldBy(None)) => wire_error(
                ErrorCode::HeldByAnother,
                format!("{folder} is in use by another program"),
                Some("close it and try again"),
            ),
            Self::Lock(LockError::Io(error)) => wire_error(
                ErrorCode::Unavailable,
                format!("{folder} can't be used: {}", words_of_io(error.kind())),
                Some("check that the folder may be written to, or name another with --workspace"),
            ),
            Self::Fault(what) => wire_error(
                ErrorCode::Unavailable,
                format!("{folder} can't be used: could not {what}"),
                None,
            ),
        }
    }
}

fn words_of_io(kind: std::io::ErrorKind) -> String {
    match kind {
        std::io::ErrorKind::PermissionDenied => "this account may not write there".to_owned(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "there is a file in the place of a folder".to_owned()
        }
        other => other.to_string(),
    }
}
