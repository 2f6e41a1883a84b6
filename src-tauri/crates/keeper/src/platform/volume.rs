//! Whether a database is safe where it lies: a WAL does not work between machines, and programs that
//! copy files as they change copy its three files one by one.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::system::is_network;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    Local,
    /// Another machine's, however it is reached.
    Network,
    /// On this machine, and kept the same as a copy elsewhere.
    SyncFolder,
    Unknown,
}

/// Where these programs say that their folder is.
const VARIABLES: &[&str] = &["OneDrive", "OneDriveConsumer", "OneDriveCommercial"];
/// What they call it, in small letters; a company or an account may follow (`OneDrive - Contoso`).
const NAMES: &[&str] = &[
    "onedrive",
    "dropbox",
    "icloud drive",
    "iclouddrive",
    "icloud~",
    "google drive",
    "googledrive",
    "nextcloud",
    "owncloud",
    "pcloud drive",
    "pclouddrive",
];
/// Folders of macOS that hold theirs, below `Library`.
const BELOW_LIBRARY: &[&str] = &["mobile documents", "cloudstorage"];
/// What they leave in it.
const MARKS: &[&str] = &[".dropbox.cache", ".stfolder"];

impl Volume {
    /// Of the place that the path names or would name. Folders that a system keeps in its cloud without
    /// saying so, as macOS may do with Documents, are not recognised.
    pub(crate) fn of(path: &Path) -> Volume {
        match is_network(path) {
            Some(true) => Volume::Network,
            _ if is_kept_in_sync(path, &said_folders()) => Volume::SyncFolder,
            Some(false) => Volume::Local,
            None => Volume::Unknown,
        }
    }
}

fn said_folders() -> Vec<PathBuf> {
    VARIABLES
        .iter()
        .filter_map(env::var_os)
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .collect()
}

pub(super) fn is_kept_in_sync(path: &Path, said: &[PathBuf]) -> bool {
    if said.iter().any(|folder| is_below(path, folder)) {
        return true;
    }
    let names: Vec<String> = path.iter().map(in_small).collect();
    let named = names
        .iter()
        .any(|name| NAMES.iter().any(|known| begins_with_word(name, known)));
    let below_library = names.windows(2).any(|pair| {
        matches!(pair, [above, name] if above == "library" && BELOW_LIBRARY.contains(&name.as_str()))
    });
    let marked = path
        .ancestors()
        .skip(1)
        .any(|folder| MARKS.iter().any(|mark| folder.join(mark).exists()));
    named || below_library || marked
}

/// Compared as Windows compares names, and without the `\\?\` that a canonical path begins with there.
fn is_below(path: &Path, folder: &Path) -> bool {
    let plain = |path: &Path| {
        in_small(path.as_os_str())
            .trim_start_matches(r"\\?\")
            .to_owned()
    };
    Path::new(&plain(path)).starts_with(plain(folder))
}

fn in_small(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}

/// `OneDrive - Contoso` and `Dropbox (Personal)`, and not `Dropboxes`.
fn begins_with_word(name: &str, known: &str) -> bool {
    name.strip_prefix(known).is_some_and(|rest| {
        known.ends_with('~') || rest.is_empty() || rest.starts_with([' ', '-', '_', '('])
    })
}
