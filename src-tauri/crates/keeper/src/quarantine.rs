//! Sets of files kept as they were found: what is in them, how they are listed, and which of them may
//! ever go by themselves.
//!
//! ```text
//!   quarantine/20261121T070111Z-1a2b3c4d/
//!     chunks.db, chunks.db-wal, ...   copies, each checked against its original
//!     manifest.json                   written last: a set without one is unfinished
//!     moved/                          files that were moved here; they are the only ones of their kind
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, QuarantineLimit};
use crate::files;
use crate::place::Place;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const MOVED: &str = "moved";
/// The main file as SQLite read it, where it could not be copied.
pub(crate) const SNAPSHOT: &str = "snapshot.db";

pub(crate) const SETS_MAX: usize = 3;
/// All sets together may be twice the database, and this much where the database is small: a small
/// file should not be refused a place because a larger one was set aside before it.
pub(crate) const SETS_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Time between two sets that nobody asked for.
pub(crate) const AUTOMATIC_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// One folder of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineSet {
    /// The name of its folder, which begins with the time in UTC.
    pub id: String,
    pub folder: PathBuf,
    /// What lies in it now.
    pub bytes: u64,
    pub state: SetState,
    /// Files were moved into it, so nothing else holds them.
    pub holds_moved: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetState {
    Finished(Box<Manifest>),
    /// The process ended while it was made. What it copies was left where it was.
    Unfinished,
    /// It has a manifest that this program cannot read.
    Unreadable,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub made_unix_ms: i64,
    pub made_by: MadeBy,
    pub reason: Reason,
    /// SQLite's extended code and the system's error number, where a failure was the reason.
    pub code: Option<i32>,
    pub errno: Option<i32>,
    /// Nothing else is known to hold what is in here.
    pub holds_only_copy: bool,
    pub wal: Option<WalFacts>,
    pub files: Vec<FileFacts>,
    pub free_bytes: Option<u64>,
    pub sqlite_version: String,
    pub app_version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeBy {
    Automatic,
    Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    DamagedWal,
    ForeignWal,
    MainMissing,
    MainEmpty,
    Corrupt,
    HotJournal,
    SplitBrain,
    /// Replaced by a backup that a person chose.
    Restored,
    /// Replaced by what could be salvaged from it.
    Salvaged,
    Asked,
    /// Written by a version that knows more reasons.
    #[serde(other)]
    Other,
}

/// What a look at the WAL told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalFacts {
    pub verdict: String,
    pub salts: [u32; 2],
    pub checkpoint_seq: u32,
    /// It may hold commits that SQLite would not replay.
    pub damaged: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The name the file had beside the database, and has in the set.
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
    /// Of the original.
    pub device: Option<u64>,
    pub inode: Option<u64>,
    pub modified_unix_ns: Option<i64>,
    pub kept: Kept,
}

/// How a file came into the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    Copied,
    /// Read through SQLite and written anew, the commits of its WAL included.
    Snapshot,
    /// To be found under `moved/`, or, if the process ended on the way, where it was.
    Moved,
}

impl QuarantineSet {
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.state {
            SetState::Finished(manifest) => Some(manifest),
            SetState::Unfinished | SetState::Unreadable => None,
        }
    }

    /// The file of the set that had this name beside the database.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        [self.folder.join(name), self.folder.join(MOVED).join(name)]
            .into_iter()
            .find(|path| fs::symlink_metadata(path).is_ok_and(|m| m.is_file()))
    }

    pub(crate) fn made_unix_ms(&self) -> Option<i64> {
        self.manifest().map(|m| m.made_unix_ms)
    }

    pub(crate) fn is_automatic(&self) -> bool {
        self.manifest()
            .is_some_and(|m| m.made_by == MadeBy::Automatic)
    }

    /// Whether it may go without anybody being asked. An unfinished set may: what it was to copy was not
    /// touched before it was finished. One whose manifest cannot be read may not, since it may be anything.
    pub(crate) fn may_be_evicted(&self) -> bool {
        let manifest_allows = match &self.state {
            SetState::Finished(manifest) => {
                manifest.made_by == MadeBy::Automatic
                    && !manifest.holds_only_copy
                    && manifest.reason != Reason::DamagedWal
                    && !manifest.wal.as_ref().is_some_and(|wal| wal.damaged)
            }
            SetState::Unfinished => true,
            SetState::Unreadable => false,
        };
        manifest_allows && !self.holds_moved
    }
}

/// The sets of this database's folder, oldest first.
pub(crate) fn list(place: &Place) -> Result<Vec<QuarantineSet>, Error> {
    let Some(quarantine) = place.quarantine() else {
        return Ok(Vec::new());
    };
    let entries = match fs::read_dir(&quarantine) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::from_io(&e)),
    };
    let mut sets = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::from_io(&e))?;
        let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
        if let (true, Ok(id)) = (is_folder, entry.file_name().into_string()) {
            sets.push(look(entry.path(), id)?);
        }
    }
    sets.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(sets)
}

/// One set as it lies there now.
pub(crate) fn look(folder: PathBuf, id: String) -> Result<QuarantineSet, Error> {
    let state = match files::read_small(&folder.join(MANIFEST)) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(manifest) => SetState::Finished(Box::new(manifest)),
            Err(_) => SetState::Unreadable,
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => SetState::Unfinished,
        Err(_) => SetState::Unreadable,
    };
    let moved = folder.join(MOVED);
    let holds_moved = fs::symlink_metadata(&moved).is_ok();
    let bytes = bytes_in(&folder)? + if holds_moved { bytes_in(&moved)? } else { 0 };
    Ok(QuarantineSet {
        id,
        folder,
        bytes,
        state,
        holds_moved,
    })
}

fn bytes_in(folder: &Path) -> Result<u64, Error> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).map_err(|e| Error::from_io(&e))? {
        let meta = entry
            .and_then(|e| e.metadata())
            .map_err(|e| Error::from_io(&e))?;
        if meta.is_file() {
            sum += meta.len();
        }
    }
    Ok(sum)
}

/// What is known of one set when room is made for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weighed {
    pub(crate) bytes: u64,
    pub(crate) may_go: bool,
}

/// Which of the sets, oldest first, have to go so that one of `coming_bytes` finds room beside them. None
/// that may not go is among them, and none goes in vain.
pub(crate) fn to_evict(
    sets: &[Weighed],
    coming_bytes: u64,
    database_bytes: u64,
) -> Result<Vec<usize>, QuarantineLimit> {
    let bytes_max = database_bytes
        .max(coming_bytes)
        .saturating_mul(2)
        .max(SETS_BYTES_MIN);
    let mut count = sets.len() + 1;
    let mut bytes = sets
        .iter()
        .fold(coming_bytes, |sum, set| sum.saturating_add(set.bytes));
    let mut going = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        if count <= SETS_MAX && bytes <= bytes_max {
            break;
        }
        if set.may_go {
            going.push(index);
            count -= 1;
            bytes = bytes.saturating_sub(set.bytes);
        }
    }
    if count > SETS_MAX {
        return Err(QuarantineLimit::Sets);
    }
    if bytes > bytes_max {
        return Err(QuarantineLimit::Bytes);
    }
    Ok(going)
}

/// Removes a set. Without its manifest, which goes first, what is left is an unfinished one.
pub(crate) fn remove(place: &Place, set: &QuarantineSet) -> Result<(), Error> {
    let failed = |e: io::Error| Error::from_io(&e);
    files::remove_own(&set.folder.join(MANIFEST)).map_err(failed)?;
    files::sync_folder(&set.folder).map_err(failed)?;
    let names = place.names();
    let moved = set.folder.join(MOVED);
    for folder in [&moved, &set.folder] {
        for name in names.iter().chain([&SNAPSHOT.into(), &draft_name()]) {
            files::remove_own(&folder.join(name)).map_err(failed)?;
        }
    }
    for folder in [&moved, &set.folder] {
        files::remove_own_folder(folder).map_err(failed)?;
    }
    Ok(())
}

/// The manifest before it has its name.
pub(crate) fn draft_name() -> std::ffi::OsString {
    format!("{MANIFEST}.tmp").into()
}
