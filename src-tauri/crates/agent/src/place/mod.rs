//! Where the memory lives, and its move to another folder.
//!
//! A small file in the person's usual folder, the pointer, says which folder is used. Replacing it is
//! the one step by which a move becomes true:
//!
//! ```text
//!   begun noted ─► copied into a draft ─► proved ─► draft named ─► pointer replaced
//!        └──────────────┴────────────────┴──────────────┘               └ the new folder is used;
//!          ended here: the old folder is used, untouched;                 the old one is kept
//!          what was copied is named, and a person can have it removed
//! ```
//!
//! A folder that the pointer leads to bears a mark with the same id. Where the mark is missing the disk
//! is another one or none, and nothing is begun there.

mod left;
mod pointer;
mod steps;
mod target;
mod transfer;
mod view;

use std::path::{Path, PathBuf};

use oldgrowth_models::Models;
use oldgrowth_reports::Reports;
use oldgrowth_wire::{ErrorCode, WireError};

use crate::models::models_beside;
use crate::words::wire_error;

pub(crate) use left::remove_left;
pub(crate) use pointer::{Begun, Note, Pointer, is_same};
pub(crate) use steps::{commit, lead_back, undo, unnoted};
pub(crate) use target::{Target, fixed, is_memory, plan, refusal_error};
pub(crate) use transfer::{Failed, Transfer, sweep};
pub(crate) use view::view;

/// Names another folder than the person's own.
const WORKSPACE_VARIABLE: &str = "OLDGROWTH_WORKSPACE";

/// How the folder of a memory is found, and who is told of what fails there.
#[derive(Clone, Debug)]
pub struct Workspace {
    found: Found,
    reports: Option<Reports>,
    models: Option<Models>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// By its name: it stays where it is.
    Named(PathBuf),
    /// By the pointer in the person's usual folder.
    Pointed(Pointer),
}

impl Workspace {
    #[must_use]
    pub fn named(folder: PathBuf) -> Self {
        Self::of(Found::Named(folder))
    }

    fn of(found: Found) -> Self {
        Self {
            found,
            reports: None,
            models: None,
        }
    }

    /// Has what fails there recorded, and models asked that the person has chosen: both lie beside each other.
    #[must_use]
    pub fn reporting(self, reports: Option<Reports>) -> Self {
        Self {
            models: reports.as_ref().map(models_beside),
            reports,
            ..self
        }
    }

    pub(crate) fn models(&self) -> Option<&Models> {
        self.models.as_ref()
    }

    pub(crate) fn reports(&self) -> Option<&Reports> {
        self.reports.as_ref()
    }

    /// This person's memory: in the folder that `OLDGROWTH_WORKSPACE` names, or else in the platform's folder
    /// for local application data or wherever it was moved from there.
    pub fn of_person() -> Result<Self, WireError> {
        if let Some(named) = std::env::var_os(WORKSPACE_VARIABLE).filter(|named| !named.is_empty())
        {
            return std::path::absolute(named).map(Self::named).map_err(|_| {
                wire_error(
                    ErrorCode::Usage,
                    format!("{WORKSPACE_VARIABLE} is not a path"),
                    None,
                )
            });
        }
        let pointed = |usual| Self::of(Found::Pointed(Pointer::in_folder(usual, witness())));
        person_folder().map(pointed).ok_or_else(|| {
            wire_error(
                ErrorCode::Usage,
                "this computer names no folder for application data",
                Some("name one in the environment variable OLDGROWTH_WORKSPACE"),
            )
        })
    }

    /// By the pointer in this folder, which is the usual one.
    #[cfg(test)]
    pub(crate) fn pointed_from(usual: PathBuf) -> Self {
        Self::of(Found::Pointed(Pointer::in_folder(usual, None)))
    }

    #[cfg(test)]
    pub(crate) fn witnessed(usual: PathBuf, witness: PathBuf) -> Self {
        Self::of(Found::Pointed(Pointer::in_folder(usual, Some(witness))))
    }

    /// The folder that is used at this moment. Asked again after waiting for its lock: it may have been
    /// moved meanwhile.
    pub(crate) fn folder(&self) -> Result<PathBuf, WireError> {
        match &self.found {
            Found::Named(folder) => Ok(folder.clone()),
            Found::Pointed(pointer) => pointer.folder(),
        }
    }

    /// The folder by name, whether or not it is there.
    pub(crate) fn folder_named(&self) -> PathBuf {
        match &self.found {
            Found::Named(folder) => folder.clone(),
            Found::Pointed(pointer) => pointer
                .read()
                .ok()
                .and_then(|note| note.used)
                .map_or_else(|| pointer.usual().to_owned(), |used| used.folder),
        }
    }

    /// Folders that this system empties by itself, where no memory should lie. Whoever names a folder knows
    /// what it is for.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is named here to be kept away from"
    )]
    pub(crate) fn emptied(&self) -> Vec<PathBuf> {
        match &self.found {
            Found::Named(_) => Vec::new(),
            Found::Pointed(_) => {
                let folders = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
                let known = folders.iter().filter(|folder| folder.is_absolute());
                known
                    .filter_map(|folder| folder.canonicalize().ok())
                    .collect()
            }
        }
    }

    /// `None` for a folder that was named: the next start would look for it in the same place.
    pub(crate) fn pointer(&self) -> Option<&Pointer> {
        match &self.found {
            Found::Named(_) => None,
            Found::Pointed(pointer) => Some(pointer),
        }
    }
}

/// This person's usual folder, in which the pointer is.
pub(crate) fn person_folder() -> Option<PathBuf> {
    dirs::data_local_dir().map(|folder| folder.join("oldgrowth"))
}

/// On each platform elsewhere than the usual folder.
fn witness() -> Option<PathBuf> {
    dirs::preference_dir().map(|folder| folder.join("oldgrowth").join("memory-was-in"))
}

/// A path as the wire carries it.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
