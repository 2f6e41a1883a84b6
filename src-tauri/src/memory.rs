use std::path::PathBuf;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_reports::Reports;
use oldgrowth_wire::{Request, WireError};
use serde_json::Value;

pub use oldgrowth_agent::Listener;

/// The name under which this process holds a workspace, as a second process is told it.
const OWNER_NAME: &str = "the Oldgrowth window";

/// The memory behind the window, or why there is none.
#[derive(Debug)]
pub struct Memory {
    home: Result<Home, WireError>,
}

impl Memory {
    /// Opens a workspace by its name. A failure is kept, and is the answer to every call until it is mended.
    #[must_use]
    pub fn open(workspace: Result<PathBuf, WireError>, listener: Listener) -> Memory {
        Memory::at(workspace.map(Workspace::named), listener)
    }

    /// Opens the workspace that the environment names, or the person's own, wherever it was moved, and
    /// records what fails there.
    #[must_use]
    pub fn open_default(reports: Option<Reports>, listener: Listener) -> Memory {
        let workspace = Workspace::of_person();
        Memory::at(
            workspace.map(|workspace| workspace.reporting(reports)),
            listener,
        )
    }

    fn at(workspace: Result<Workspace, WireError>, listener: Listener) -> Memory {
        Memory {
            home: workspace.map(|workspace| Home::open(workspace, OWNER_NAME, listener)),
        }
    }

    /// Hands a request to the owner. Blocks until it is answered.
    ///
    /// # Errors
    /// The owner's, or why the workspace isn't open.
    pub fn call(&self, request: Request) -> Result<Value, WireError> {
        self.home
            .as_ref()
            .map_err(WireError::clone)
            .and_then(|home| home.call(request))
    }

    /// Tries once more if the workspace could not be opened, and says why if it still can't.
    pub fn try_again(&self) -> Option<WireError> {
        match &self.home {
            Ok(home) => home.try_again(),
            Err(refusal) => Some(refusal.clone()),
        }
    }

    /// Shuts the owner down, after the calls that are under way. Every later call is refused.
    pub fn close(&self) {
        if let Ok(home) = &self.home {
            home.close();
        }
    }
}
