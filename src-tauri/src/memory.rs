use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_agent::Owner;
use oldgrowth_wire::{Empty, ErrorCode, Event, Request, WireError};
use parking_lot::RwLock;
use serde_json::Value;

/// The name under which this process holds a workspace, as a second process is told it.
const OWNER_NAME: &str = "the Oldgrowth window";

/// Hears of everything that becomes true in the workspace.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// The workspace behind the window, or why there is none.
pub struct Memory {
    workspace: Result<PathBuf, WireError>,
    listener: Listener,
    place: RwLock<Place>,
}

/// ```text
/// Refused -> Open -> Closed
///    \________________/
/// ```
#[derive(Debug)]
enum Place {
    Open(Owner),
    Refused(WireError),
    Closed,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Memory {
    /// Opens a workspace. A failure is kept, and is the answer to every call until it is mended.
    #[must_use]
    pub fn open(workspace: Result<PathBuf, WireError>, listener: Listener) -> Memory {
        let place = RwLock::new(place(&workspace, &listener));
        Memory {
            workspace,
            listener,
            place,
        }
    }

    /// Opens the workspace that the environment names, or the person's own.
    #[must_use]
    pub fn open_default(listener: Listener) -> Memory {
        Memory::open(oldgrowth_agent::default_workspace(), listener)
    }

    /// The folder of the workspace, if it could be named.
    pub(crate) fn workspace(&self) -> Option<&Path> {
        self.workspace.as_deref().ok()
    }

    /// Hands a request to the owner. Blocks until it is answered.
    ///
    /// # Errors
    /// The owner's, or why the workspace isn't open.
    pub fn call(&self, request: Request) -> Result<Value, WireError> {
        // Held for the whole call: closing waits until every call has its answer.
        match &*self.place.read() {
            Place::Open(owner) => owner.call(request),
            Place::Refused(refusal) => Err(refusal.clone()),
            Place::Closed => Err(WireError {
                code: ErrorCode::Unavailable,
                message: "Oldgrowth is closing".into(),
                hint: None,
            }),
        }
    }

    /// Tries once more if the workspace could not be opened, and says why if it still can't.
    pub fn try_again(&self) -> Option<WireError> {
        let mut now = self.place.write();
        if matches!(*now, Place::Refused(_)) {
            *now = place(&self.workspace, &self.listener);
        }
        match &*now {
            Place::Refused(refusal) => Some(refusal.clone()),
            Place::Open(_) | Place::Closed => None,
        }
    }

    /// Shuts the owner down, after the calls that are under way. Every later call is refused.
    pub fn close(&self) {
        if let Place::Open(owner) = &*self.place.read() {
            // A backup may take long, and one that is called off leaves nothing.
            let called_off = owner.call(Request::CopyCancel(Empty {}));
            tracing::debug!(called_off = called_off.is_ok(), "closing");
        }
        let place = std::mem::replace(&mut *self.place.write(), Place::Closed);
        drop(place);
    }
}

fn place(workspace: &Result<PathBuf, WireError>, listener: &Listener) -> Place {
    let opened = workspace
        .clone()
        .and_then(|workspace| Owner::open(&workspace, OWNER_NAME));
    match opened {
        Ok(owner) => {
            let listener = Arc::clone(listener);
            owner.subscribe(move |event| listener(event));
            Place::Open(owner)
        }
        Err(refusal) => Place::Refused(refusal),
    }
}
