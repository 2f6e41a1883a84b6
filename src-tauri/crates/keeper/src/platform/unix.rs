//! Linux, macOS and their kin.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rusqlite::Connection;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{FileId, Sight, Space, existing};

#[cfg(target_os = "linux")]
pub(super) use super::linux::is_network;
#[cfg(target_os = "macos")]
pub(super) use super::macos::is_network;

/// A few files with three connections and their sidecars each fit in here many times over. macOS gives
/// programs with a window 256. Not more, because `select` knows no number above.
const OPEN_FILES_MIN: u64 = 1_024;

/// Of a link, not of what it leads to. By `stat` only, which leaves SQLite's locks alone.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some(FileId {
        volume: meta.dev(),
        index: meta.ino(),
    })
}

/// The part of a file's rights that a person may have changed.
pub(crate) fn rights(meta: &Metadata) -> u32 {
    meta.mode()
}

/// Of the volume that the path lies on or would lie on.
pub(crate) fn space(path: &Path) -> Option<Space> {
    let volume = rustix::fs::statvfs(existing(path)?).ok()?;
    Some(Space {
        free_bytes: volume.f_bavail.saturating_mul(volume.f_frsize),
        total_bytes: volume.f_blocks.saturating_mul(volume.f_frsize),
        // File systems that make room for files as they come count none at all.
        free_files: (volume.f_files > 0).then_some(volume.f_favail),
    })
}

/// Makes the folder and its missing parents, all of them private.
/// Nothing there can be changed by anybody while it is so.
pub(crate) fn is_read_only_volume(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|volume| {
        volume
            .f_flag
            .contains(rustix::fs::StatVfsMountFlags::RDONLY)
    })
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// A file made with these options is for us alone.
pub(crate) fn keep_private(options: &mut OpenOptions) {
    options.mode(0o600);
}

/// Who may look at this; `None` where nothing is.
pub(crate) fn sight(path: &Path) -> Option<Sight> {
    let me = rustix::process::geteuid().as_raw();
    let meta = fs::symlink_metadata(path).ok()?;
    let mode = meta.mode() & 0o7777;
    Some(if meta.uid() != me || mode & 0o1000 != 0 {
        Sight::Foreign
    } else if mode & 0o077 == 0 {
        Sight::Private
    } else {
        Sight::Open
    })
}

/// Takes from others what rights they have to this. Returns how many were changed: one or none. What
/// many share (sticky, or of another owner) keeps its rights.
pub(crate) fn narrow(path: &Path) -> u64 {
    let me = rustix::process::geteuid().as_raw();
    let Ok(meta) = fs::metadata(path) else {
        return 0;
    };
    let mode = meta.mode() & 0o7777;
    let shared = mode & 0o1000 != 0 || meta.uid() != me;
    if shared || mode & 0o077 == 0 {
        return 0;
    }
    let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
    let changed = fs::set_permissions(path, fs::Permissions::from_mode(mode & wanted));
    u64::from(changed.is_ok())
}

/// Makes a rename or a new name in this folder survive a power loss. On macOS the standard library
/// asks for `F_FULLFSYNC`, so that the drive's own cache is written too.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = File::open(folder)?;
    match folder.sync_all() {
        Err(error) if is(&error, &[Errno::INVAL, Errno::NOTSUP, Errno::NOTTY]) => {
            plainly_synced(&folder)
        }
        done => done,
    }
}

/// Some file systems sync no folders, and some of macOS know no `F_FULLFSYNC`. What they cannot do is
/// not asked of them, as by SQLite itself.
fn plainly_synced(folder: &File) -> io::Result<()> {
    match rustix::fs::fsync(folder) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOTTY) => Ok(()),
        done => Ok(done?),
    }
}

/// Gives a finished file its name, and never takes that name from another.
pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
    }
    // The workspace lock keeps others from creating between the look and the rename.
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Does a step on a small file that others may look at. Here they are not in its way.
pub(crate) fn patiently<T>(step: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    step()
}

/// Lets this process have enough files open at once. What cannot be had is done without.
pub(crate) fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    let Some(now) = limit.current.filter(|now| *now < OPEN_FILES_MIN) else {
        return;
    };
    let wanted = limit
        .maximum
        .map_or(OPEN_FILES_MIN, |most| most.min(OPEN_FILES_MIN));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        },
    );
    if raised.is_err() || wanted < OPEN_FILES_MIN {
        tracing::warn!(now, wanted, "few files can be open at once");
    }
}

/// Nothing holds files back from others here.
pub(crate) fn wait_for_scanners(_: &Connection) {}

fn is(error: &io::Error, any: &[Errno]) -> bool {
    any.iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn is_network(_: &Path) -> Option<bool> {
    None
}

/// What the system's error numbers mean for us.
pub(crate) mod errno {
    use rustix::io::Errno;

    fn is(errno: i32, any: &[Errno]) -> bool {
        any.iter().any(|e| e.raw_os_error() == errno)
    }
    pub(crate) fn is_no_space(errno: i32) -> bool {
        is(errno, &[Errno::NOSPC, Errno::DQUOT, Errno::FBIG])
    }
    pub(crate) fn is_denied(errno: i32) -> bool {
        is(errno, &[Errno::ACCESS, Errno::PERM, Errno::ROFS])
    }
    pub(crate) fn is_missing(errno: i32) -> bool {
        is(errno, &[Errno::NOENT])
    }
    pub(crate) fn is_exhausted(errno: i32) -> bool {
        is(errno, &[Errno::MFILE, Errno::NFILE])
    }
    pub(crate) fn is_wrong_kind(errno: i32) -> bool {
        is(errno, &[Errno::NOTDIR, Errno::ISDIR, Errno::EXIST])
    }
    pub(crate) fn is_link_refused(errno: i32) -> bool {
        is(errno, &[Errno::LOOP])
    }
    pub(crate) fn is_bad_name(errno: i32) -> bool {
        is(errno, &[Errno::NAMETOOLONG, Errno::INVAL])
    }
    /// Somebody else has the file to itself for the moment.
    pub(crate) fn is_shared_elsewhere(_: i32) -> bool {
        false
    }
}
