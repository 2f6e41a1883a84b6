use std::path::PathBuf;

use oldgrowth_agent::Owner;
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use parking_lot::RwLock;
use serde_json::Value;

/// The name under which this process holds a workspace, as a second process is told it.
const OWNER_NAME: &str = "the Oldgrowth window";

/// The workspace behind the window, or why there is none.
#[derive(Debug)]
pub struct Memory(RwLock<Place>);

enum Place {
    Open(Owner),
    Refused(WireError),
    Closed,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Place::Open(_) => "Open",
            Place::Refused(_) => "Refused",
            Place::Closed => "Closed",
        })
    }
}

impl Memory {
    /// Opens a workspace. A failure is kept, and is the answer to every call.
    #[must_use]
    pub fn open(workspace: Result<PathBuf, WireError>) -> Memory {
        let opened = workspace.and_then(|workspace| Owner::open(&workspace, OWNER_NAME));
        Memory(RwLock::new(match opened {
            Ok(owner) => Place::Open(owner),
            Err(refusal) => Place::Refused(refusal),
        }))
    }

    /// Opens the workspace that the environment names, or the person's own.
    #[must_use]
    pub fn open_default() -> Memory {
        Memory::open(oldgrowth_agent::default_workspace())
    }

    /// Hands a request to the owner. Blocks until it is answered.
    ///
    /// # Errors
    /// The owner's, or why the workspace isn't open.
    pub fn call(&self, request: Request) -> Result<Value, WireError> {
        // Held for the whole call: closing waits until every call has its answer.
        match &*self.0.read() {
            Place::Open(owner) => owner.call(request),
            Place::Refused(refusal) => Err(refusal.clone()),
            Place::Closed => Err(WireError {
                code: ErrorCode::Unavailable,
                message: "Oldgrowth is closing".into(),
                hint: None,
            }),
        }
    }

    /// Why the workspace could not be opened, if it could not.
    #[must_use]
    pub fn refusal(&self) -> Option<WireError> {
        match &*self.0.read() {
            Place::Refused(refusal) => Some(refusal.clone()),
            Place::Open(_) | Place::Closed => None,
        }
    }

    /// Tells the listener of everything that becomes true from now on.
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        if let Place::Open(owner) = &*self.0.read() {
            owner.subscribe(listener);
        }
    }

    /// Shuts the owner down, after the calls that are under way. Every later call is refused.
    pub fn close(&self) {
        let place = std::mem::replace(&mut *self.0.write(), Place::Closed);
        drop(place);
    }
}
