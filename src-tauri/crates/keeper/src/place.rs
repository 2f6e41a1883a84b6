//! Where a database lies: its names, its folder, its rights, its marks. By `stat` only: nothing
//! here opens the main file or `-shm`, because closing them would drop SQLite's locks.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, PathProblem};

/// The four files of one database.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) main: PathBuf,
    pub(crate) wal: PathBuf,
    pub(crate) shm: PathBuf,
    pub(crate) journal: PathBuf,
}

impl Place {
    pub(crate) fn new(main: PathBuf) -> Place {
        Place {
            wal: with_suffix(&main, "-wal"),
            shm: with_suffix(&main, "-shm"),
            journal: with_suffix(&main, "-journal"),
            main,
        }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.main.parent()
    }

    /// Where copies of a set of files are kept before anything is done to it.
    pub(crate) fn quarantine(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("quarantine"))
    }

    pub(crate) fn backups(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("backups"))
    }

    /// The names of the four files, without their folder.
    pub(crate) fn names(&self) -> Vec<OsString> {
        [&self.main, &self.wal, &self.shm, &self.journal]
            .into_iter()
            .filter_map(|path| path.file_name().map(OsString::from))
            .collect()
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

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// One name for one file: links in the part that exists are followed, the rest is appended.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, Error> {
    let bad_name = Error::Path {
        problem: PathProblem::BadName,
        errno: None,
    };
    let absolute = std::path::absolute(path).map_err(|_| bad_name.clone())?;
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
                _ => return Err(bad_name),
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
    identity: (u64, u64, u32),
    len: u64,
    modified: Option<std::time::SystemTime>,
}

impl Mark {
    fn of(path: &Path) -> Option<Mark> {
        let meta = fs::symlink_metadata(path).ok()?;
        Some(Mark {
            identity: identity(&meta),
            len: meta.len(),
            modified: meta.modified().ok(),
        })
    }

    /// Of a folder only who owns it and its rights count: its times change with every file in it.
    fn rights(path: &Path) -> Option<Mark> {
        let meta = fs::metadata(path).ok()?;
        Some(Mark {
            identity: identity(&meta),
            len: 0,
            modified: None,
        })
    }
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, u64, u32) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino(), meta.mode())
}

#[cfg(not(unix))]
fn identity(meta: &Metadata) -> (u64, u64, u32) {
    (0, 0, u32::from(meta.permissions().readonly()))
}

pub(crate) fn size_of(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|m| m.len())
}

/// Makes the folder and its missing parents, all of them private.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Takes from others what rights they have to this. Returns how many were changed: one or none. What
/// many share (sticky, or of another owner) keeps its rights.
#[cfg(unix)]
pub(crate) fn repair(path: &Path, wanted: u32) -> u64 {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let me = rustix::process::geteuid().as_raw();
    let Ok(meta) = fs::metadata(path) else {
        return 0;
    };
    let mode = meta.mode() & 0o7777;
    let shared = mode & 0o1000 != 0 || meta.uid() != me;
    if shared || mode & 0o077 == 0 {
        return 0;
    }
    let changed = fs::set_permissions(path, fs::Permissions::from_mode(mode & wanted));
    u64::from(changed.is_ok())
}

#[cfg(not(unix))]
pub(crate) fn repair(_: &Path, _: u32) -> u64 {
    0
}

/// Makes the database's own folder and file private again if they are not. Returns how many were
/// changed. A folder that many share (sticky, or of another owner) keeps its rights.
#[cfg(unix)]
pub(crate) fn repair_rights(place: &Place) -> u64 {
    let folder = place
        .folder()
        .filter(|f| f.parent().is_some())
        .map_or(0, |f| repair(f, 0o700));
    let files = [&place.main, &place.wal, &place.shm]
        .into_iter()
        .map(|f| repair(f, 0o600))
        .sum::<u64>();
    folder + files
}

/// On Windows the rights come with the folder of the user.
#[cfg(not(unix))]
pub(crate) fn repair_rights(_: &Place) -> u64 {
    0
}

#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|a| a.exists())?;
    let volume = rustix::fs::statvfs(there).ok()?;
    Some(volume.f_bavail.saturating_mul(volume.f_frsize))
}

/// The standard library cannot say on Windows.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(unix)]
pub(crate) fn volume_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|a| a.exists())?;
    let volume = rustix::fs::statvfs(there).ok()?;
    Some(volume.f_blocks.saturating_mul(volume.f_frsize))
}

/// The standard library cannot say on Windows.
#[cfg(not(unix))]
pub(crate) fn volume_bytes(_: &Path) -> Option<u64> {
    None
}

/// Makes a rename or a new name in this folder survive a power loss.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Windows has no such call; its journal orders names by itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives a finished file its name, and never takes that name from another.
pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return done.map_err(io::Error::from),
        }
    }
    // The workspace lock keeps others from creating between the look and the rename.
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}
