//! The look from outside that comes before any open.
//!
//! On Unix, closing any descriptor of a file drops every POSIX lock this process holds on it. To
//! open and close one of the store's own files would silently unlock the store. So each file is
//! judged by `stat` first, and opened only when it is a plain file that is none of those.

use std::collections::HashSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use oldgrowth_domain::UnixMs;

use crate::file_id::FileId;
use crate::reason::SkipReason;

/// Larger files are not read.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What may never be opened, under any name.
#[derive(Clone, Debug, Default)]
pub struct Forbidden {
    /// Workspace folders, canonical.
    pub directories: Vec<PathBuf>,
    /// The files of open stores.
    pub files: Vec<FileId>,
}

/// [`Forbidden`], made ready for many questions.
pub(crate) struct Guard {
    directories: Vec<PathBuf>,
    directory_ids: HashSet<FileId>,
    files: HashSet<FileId>,
}

/// A file that may be opened, as `stat` saw it.
pub(crate) struct Allowed {
    /// No symbolic link is left in it.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) modified: Option<UnixMs>,
    pub(crate) stamp: Stamp,
}

/// What a file is known by again: when nothing of it differs, the file has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    id: FileId,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Guard {
    pub(crate) fn new(forbidden: &Forbidden) -> Self {
        Self {
            directories: forbidden.directories.clone(),
            directory_ids: forbidden
                .directories
                .iter()
                .filter_map(|d| FileId::of_path(d).ok())
                .collect(),
            files: forbidden.files.iter().copied().collect(),
        }
    }

    /// Whether this very directory is a workspace. `directory` has no symbolic links in it.
    pub(crate) fn is_workspace(&self, directory: &Path) -> bool {
        self.directories.iter().any(|d| d == directory)
            || FileId::of_path(directory).is_ok_and(|id| self.directory_ids.contains(&id))
            || directory
                .join("memory_tree")
                .join("chunks.db")
                .symlink_metadata()
                .is_ok()
    }

    /// Whether the path, which has no symbolic links in it, is a workspace or lies inside one.
    pub(crate) fn in_workspace(&self, path: &Path) -> bool {
        path.ancestors().any(|ancestor| self.is_workspace(ancestor))
    }

    /// Judges a file that is to be read whole.
    pub(crate) fn judge(&self, path: &Path) -> Result<Allowed, SkipReason> {
        self.judge_up_to(path, FILE_BYTES_MAX)
    }

    /// Judges the file at `path` without opening it. That the folder it lies in is no part of a
    /// workspace is for the caller to know; where a link leads is judged here.
    pub(crate) fn judge_up_to(&self, path: &Path, bytes_max: u64) -> Result<Allowed, SkipReason> {
        let own = path
            .symlink_metadata()
            .map_err(|e| SkipReason::from_io(&e))?;
        let resolved = if own.is_symlink() {
            let target = path.canonicalize().map_err(|e| broken_link(&e))?;
            if self.in_workspace(&target) {
                return Err(SkipReason::OwnStore);
            }
            target
        } else {
            path.to_path_buf()
        };
        let metadata = resolved.metadata().map_err(|e| SkipReason::from_io(&e))?;
        if metadata.is_dir() {
            return Err(if own.is_symlink() {
                SkipReason::LinkToFolder
            } else {
                SkipReason::NotAFile
            });
        }
        if !metadata.is_file() {
            return Err(SkipReason::NotAFile);
        }
        let id = FileId::of_path(&resolved).map_err(|e| SkipReason::from_io(&e))?;
        if self.files.contains(&id) {
            return Err(SkipReason::OwnStore);
        }
        match metadata.len() {
            0 => Err(SkipReason::Empty),
            bytes if bytes > bytes_max => Err(SkipReason::TooLarge { bytes }),
            bytes => Ok(Allowed {
                path: resolved,
                bytes,
                modified: modified(&metadata),
                stamp: Stamp {
                    id,
                    bytes,
                    modified: metadata.modified().ok(),
                },
            }),
        }
    }

    /// Opens what [`Guard::judge`] allowed, if it is still the same file.
    pub(crate) fn open(&self, allowed: &Allowed) -> Result<File, SkipReason> {
        let file = open_without_waiting(&allowed.path).map_err(|e| SkipReason::from_io(&e))?;
        let id = match FileId::of_file(&file) {
            Ok(id) => id,
            Err(error) => return Err(SkipReason::from_io(&error)),
        };
        if self.files.contains(&id) {
            // Somebody put a link to the store here since the look from outside. Closing it now
            // would drop the store's locks, so this one descriptor stays open for good.
            std::mem::forget(file);
            return Err(SkipReason::OwnStore);
        }
        if id != allowed.stamp.id {
            return Err(SkipReason::ChangedWhileReading);
        }
        Ok(file)
    }
}

/// The modification time as the file system has it, however odd.
pub(crate) fn modified(metadata: &Metadata) -> Option<UnixMs> {
    metadata.modified().ok().and_then(unix_ms)
}

fn unix_ms(time: SystemTime) -> Option<UnixMs> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok().map(UnixMs),
        Err(before) => i64::try_from(before.duration().as_millis())
            .ok()
            .map(|ms| UnixMs(-ms)),
    }
}

/// A missing target, or a ring of links, for which the error number differs by system.
fn broken_link(error: &io::Error) -> SkipReason {
    match SkipReason::from_io(error) {
        SkipReason::NotAllowed => SkipReason::NotAllowed,
        _ => SkipReason::BrokenLink,
    }
}

/// Neither waits for a pipe's other end nor follows a link that has come in between.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}
