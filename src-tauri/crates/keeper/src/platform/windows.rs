//! Windows. Rights come with the folder of the person's account, and are left as they are.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Component, Path, Prefix};
use std::ptr;

use rusqlite::{Connection, ffi};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    GetDiskFreeSpaceExW, GetDriveTypeW, GetFileInformationByHandle, MOVEFILE_WRITE_THROUGH,
    MoveFileExW,
};

use super::{FileId, Sight, Space, existing, pause, retried};

/// How often and after how many milliseconds SQLite tries again, each wait longer than the one before
/// by as much: 5.25 s in all, where its own numbers make 1.375 s. Virus scanners take that long.
const SQLITE_TRIES: i32 = 20;
const SQLITE_TRY_LATER_MS: i32 = 25;
/// `DRIVE_UNKNOWN`, `DRIVE_NO_ROOT_DIR` and `DRIVE_REMOTE` of fileapi.h.
const DRIVE_UNKNOWN: u32 = 0;
const DRIVE_NO_ROOT_DIR: u32 = 1;
const DRIVE_REMOTE: u32 = 4;

/// Of a link, not of what it leads to. Nothing of the file is opened but its description, so nobody is
/// kept from it meanwhile; and locks belong to a handle here, so none are lost.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let file = OpenOptions::new()
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
        .ok()?;
    let found = information(&file)?;
    Some(FileId {
        volume: u64::from(found.dwVolumeSerialNumber),
        index: (u64::from(found.nFileIndexHigh) << 32) | u64::from(found.nFileIndexLow),
    })
}

fn information(file: &File) -> Option<BY_HANDLE_FILE_INFORMATION> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    #[expect(
        unsafe_code,
        reason = "the handle is open for the call and the out-pointer is live"
    )]
    let done = unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut found) };
    (done != 0).then_some(found)
}

/// The part of a file's rights that a person may have changed.
pub(crate) fn rights(meta: &Metadata) -> u32 {
    u32::from(meta.permissions().readonly())
}

/// Of the volume that the path lies on or would lie on.
pub(crate) fn space(path: &Path) -> Option<Space> {
    // A share is known by its folder alone, and a file is none.
    let there = existing(path)?;
    let folder = if there.is_dir() {
        there
    } else {
        there.parent()?
    };
    let name = wide(folder);
    let (mut free_bytes, mut total_bytes) = (0_u64, 0_u64);
    #[expect(
        unsafe_code,
        reason = "the name ends with a zero and outlives the call, as do the out-pointers"
    )]
    let done = unsafe {
        GetDiskFreeSpaceExW(
            name.as_ptr(),
            &raw mut free_bytes,
            &raw mut total_bytes,
            ptr::null_mut(),
        )
    };
    (done != 0).then_some(Space {
        free_bytes,
        total_bytes,
        free_files: None,
    })
}

/// Not asked here: a write that is refused says so.
pub(crate) fn is_read_only_volume(_: &Path) -> bool {
    false
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).create(folder)
}

pub(crate) fn keep_private(_: &mut OpenOptions) {}

/// A folder of the person's own gives nobody else rights, and what is made in it takes over its own.
pub(crate) fn sight(path: &Path) -> Option<Sight> {
    path.symlink_metadata().ok().map(|_| Sight::Private)
}

pub(crate) fn narrow(_: &Path) -> u64 {
    0
}

/// There is no such call: a folder's names are written as they are changed, with
/// `MOVEFILE_WRITE_THROUGH` or by the file system's journal.
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives a finished file its name, and never takes that name from another.
pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| move_file(from, to))
}

/// Does a step on a small file that others may look at, which keeps them in its way for an instant.
pub(crate) fn patiently<T>(step: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    retried(passes, pause, step)
}

/// The standard library's rename would replace. The names of kept files are canonical, so their length
/// needs no care.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (wide(from), wide(to));
    #[expect(
        unsafe_code,
        reason = "both names end with a zero and outlive the call"
    )]
    let done = unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), MOVEFILE_WRITE_THROUGH) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// What a virus scanner, an indexer or a backup that has the file open makes of a rename.
fn passes(error: &io::Error) -> bool {
    error
        .raw_os_error()
        .is_some_and(|number| number == ACCESS_DENIED || errno::is_shared_elsewhere(number))
}
const ACCESS_DENIED: i32 = 5;

/// Windows has no such limit that is met.
pub(crate) fn raise_open_files_limit() {}

/// Lets SQLite wait longer for what holds a file back. It is one setting for the whole process.
pub(crate) fn wait_for_scanners(connection: &Connection) {
    let mut numbers = [SQLITE_TRIES, SQLITE_TRY_LATER_MS];
    av_retry(connection, &mut numbers);
}

/// Sets both numbers, and answers in their place where they are negative.
pub(super) fn av_retry(connection: &Connection, numbers: &mut [i32; 2]) {
    #[expect(
        unsafe_code,
        reason = "the connection is borrowed for the call, which reads and writes the two numbers"
    )]
    // It can fail only for a name of a database that is not there.
    unsafe {
        ffi::sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_WIN32_AV_RETRY,
            numbers.as_mut_ptr().cast(),
        );
    }
}

pub(super) fn is_network(path: &Path) -> Option<bool> {
    let path = std::path::absolute(path).ok()?;
    let Some(Component::Prefix(prefix)) = path.components().next() else {
        return None;
    };
    match prefix.kind() {
        Prefix::UNC(..) | Prefix::VerbatimUNC(..) => Some(true),
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => drive_is_network(letter),
        _ => None,
    }
}

fn drive_is_network(letter: u8) -> Option<bool> {
    let root = [u16::from(letter), u16::from(b':'), u16::from(b'\\'), 0];
    #[expect(
        unsafe_code,
        reason = "the name ends with a zero and outlives the call"
    )]
    let kind = unsafe { GetDriveTypeW(root.as_ptr()) };
    match kind {
        DRIVE_UNKNOWN | DRIVE_NO_ROOT_DIR => None,
        kind => Some(kind == DRIVE_REMOTE),
    }
}

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

/// What the numbers of `GetLastError` mean for us, by winerror.h.
pub(crate) mod errno {
    /// `HANDLE_DISK_FULL`, `DISK_FULL`, `DISK_QUOTA_EXCEEDED`.
    pub(crate) fn is_no_space(errno: i32) -> bool {
        matches!(errno, 39 | 112 | 1295)
    }
    /// `ACCESS_DENIED`, `WRITE_PROTECT`, `VIRUS_INFECTED`, `VIRUS_DELETED`.
    pub(crate) fn is_denied(errno: i32) -> bool {
        matches!(errno, 5 | 19 | 225 | 226)
    }
    /// `FILE_NOT_FOUND`, `PATH_NOT_FOUND`: with a drive gone, or never there.
    pub(crate) fn is_missing(errno: i32) -> bool {
        matches!(errno, 2 | 3)
    }
    /// `TOO_MANY_OPEN_FILES`, `NOT_ENOUGH_MEMORY`, `OUTOFMEMORY`, `NO_SYSTEM_RESOURCES`,
    /// `WORKING_SET_QUOTA`, `COMMITMENT_LIMIT`.
    pub(crate) fn is_exhausted(errno: i32) -> bool {
        matches!(errno, 4 | 8 | 14 | 1450 | 1453 | 1455)
    }
    /// `ALREADY_EXISTS`, `DIRECTORY`.
    pub(crate) fn is_wrong_kind(errno: i32) -> bool {
        matches!(errno, 183 | 267)
    }
    pub(crate) fn is_link_refused(_: i32) -> bool {
        false
    }
    /// `INVALID_NAME`, `BAD_PATHNAME`, `FILENAME_EXCED_RANGE`.
    pub(crate) fn is_bad_name(errno: i32) -> bool {
        matches!(errno, 123 | 161 | 206)
    }
    /// Somebody else has the file to itself for the moment: `SHARING_VIOLATION`, `LOCK_VIOLATION`,
    /// `USER_MAPPED_FILE`, `DELETE_PENDING`, and the cloud's provider that is not running or fails to
    /// bring a file's bytes (362, 389).
    pub(crate) fn is_shared_elsewhere(errno: i32) -> bool {
        matches!(errno, 32 | 33 | 303 | 362 | 389 | 1224)
    }
}
