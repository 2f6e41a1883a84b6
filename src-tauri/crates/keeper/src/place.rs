//! Where a database lies: its names, its folder, its rights, its marks. By `stat` only: nothing
//! here opens the main file or `-shm`, because closing them would drop SQLite's locks.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use crate::error::Error;
use crate::fault;
use crate::platform::volume::Volume;
use crate::platform::{self, FileId};
pub(crate) use crate::platform::{make_folder, rename_to_new, sync_folder};

/// A main file of one byte is an empty one to SQLite, which deletes the WAL beside it just the same: see
/// `unixFileSize` in `os_unix.c`.
pub(crate) const EMPTY_BYTES_MAX: u64 = 1;

/// The four files of one database.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) main: PathBuf,
    pub(crate) wal: PathBuf,
    pub(crate) shm: PathBuf,
    pub(crate) journal: PathBuf,
    /// Says that a database was made here, so that an empty folder is not taken for a new one.
    pub(crate) made: PathBuf,
    /// Says the same outside the folder, for the day on which the folder itself is gone.
    made_outside: Option<PathBuf>,
    /// Connections of this process, whoever in it made them.
    live: Arc<AtomicUsize>,
}

impl Place {
    pub(crate) fn new(main: PathBuf) -> Place {
        Place {
            wal: with_suffix(&main, "-wal"),
            shm: with_suffix(&main, "-shm"),
            journal: with_suffix(&main, "-journal"),
            made: with_suffix(&main, ".made"),
            made_outside: None,
            live: connections_to(&main),
            main,
        }
    }

    pub(crate) fn marked_outside(self, mark: Option<PathBuf>) -> Place {
        Place {
            made_outside: mark,
            ..self
        }
    }

    /// The marks that a database was made here.
    pub(crate) fn marks_of_making(&self) -> impl Iterator<Item = &Path> {
        let outside = self.made_outside.as_deref();
        std::iter::once(self.made.as_path()).chain(outside)
    }

    /// Kept by a connection for as long as it is open.
    pub(crate) fn hold(&self) -> Hold {
        self.live.fetch_add(1, Ordering::SeqCst);
        Hold(Arc::clone(&self.live))
    }

    /// This process has no connection to the file, so that its files may be read beside SQLite.
    pub(crate) fn is_let_go(&self) -> bool {
        self.live.load(Ordering::SeqCst) == 0
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.main.parent()
    }

    /// Nobody can change anything there while it is so.
    pub(crate) fn is_on_read_only_volume(&self) -> bool {
        self.folder().is_some_and(platform::is_read_only_volume)
    }

    /// Shared memory does not work there, nor do locks always.
    pub(crate) fn is_on_network(&self) -> bool {
        self.volume() == Volume::Network
    }

    pub(crate) fn volume(&self) -> Volume {
        fault::pretended_volume(&self.main).unwrap_or_else(|| Volume::of(&self.main))
    }

    /// Where copies of a set of files are kept before anything is done to it.
    pub(crate) fn quarantine(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("quarantine"))
    }

    pub(crate) fn backups(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("backups"))
    }

    /// What tells whether somebody has changed something since.
    pub(crate) fn marks(&self) -> Marks {
        Marks {
            main: Mark::of(&self.main),
            wal: Mark::of(&self.wal),
            shm: Mark::of(&self.shm),
            folder: self.folder().and_then(Mark::rights),
        }
    }
}

/// POSIX locks belong to the process, so its connections to one file are counted together, also those of
/// several keepers.
fn connections_to(main: &Path) -> Arc<AtomicUsize> {
    static COUNTED: LazyLock<Mutex<HashMap<PathBuf, Weak<AtomicUsize>>>> =
        LazyLock::new(Mutex::default);
    let mut counted = COUNTED.lock();
    if let Some(count) = counted.get(main).and_then(Weak::upgrade) {
        return count;
    }
    counted.retain(|_, count| count.strong_count() > 0);
    let count = Arc::default();
    counted.insert(main.to_path_buf(), Arc::downgrade(&count));
    count
}

/// Counts one connection while it lives.
#[derive(Debug)]
pub(crate) struct Hold(Arc<AtomicUsize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// One name for one file: links in the part that exists are followed, the rest is appended.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).map_err(|_| Error::bad_name())?;
    let mut missing: Vec<&std::ffi::OsStr> = Vec::new();
    let mut there: &Path = &absolute;
    loop {
        match fs::canonicalize(there) {
            Ok(mut found) => {
                found.extend(missing.iter().rev());
                return Ok(found);
            }
            Err(_) => match (there.components().next_back(), there.parent()) {
                (Some(Component::Normal(name)), Some(parent)) => {
                    missing.push(name);
                    there = parent;
                }
                _ => return Err(Error::bad_name()),
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    main: Option<Mark>,
    wal: Option<Mark>,
    shm: Option<Mark>,
    folder: Option<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    id: Option<FileId>,
    rights: u32,
    len: u64,
    modified: Option<std::time::SystemTime>,
}

impl Mark {
    fn of(path: &Path) -> Option<Mark> {
        let meta = fs::symlink_metadata(path).ok()?;
        Some(Mark {
            id: platform::file_id(path),
            rights: platform::rights(&meta),
            len: meta.len(),
            modified: meta.modified().ok(),
        })
    }

    /// Of a folder only who owns it and its rights count: its times change with every file in it.
    fn rights(path: &Path) -> Option<Mark> {
        let meta = fs::metadata(path).ok()?;
        Some(Mark {
            id: platform::file_id(path),
            rights: platform::rights(&meta),
            len: 0,
            modified: None,
        })
    }
}

pub(crate) fn size_of(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|m| m.len())
}

pub(crate) fn bytes_unless_folder(path: &Path) -> Option<u64> {
    let meta = fs::symlink_metadata(path).ok()?;
    (!meta.is_dir()).then_some(meta.len())
}

/// Makes the database's own folder and file private again if they are not. Returns how many were
/// changed. A folder that many share (sticky, or of another owner) keeps its rights.
pub(crate) fn repair_rights(place: &Place) -> u64 {
    let folder = place.folder().filter(|f| f.parent().is_some());
    let files = [&place.main, &place.wal, &place.shm];
    folder
        .into_iter()
        .chain(files.into_iter().map(PathBuf::as_path))
        .map(platform::narrow)
        .sum()
}

pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    platform::space(folder).map(|space| space.free_bytes)
}
