//! By the way SQLite shares its files: for reading and writing, never for deleting (os_win.c,
//! `winOpen` and `winOpenSharedMemory`). So a handle that could delete one is refused while a
//! connection is attached, and nothing is deleted to find out. Virus scanners and indexers, which do
//! share for deleting, are not taken for a connection.

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use super::Attached;
use crate::place::Place;

/// `DELETE` and `SYNCHRONIZE`.
const ACCESS: u32 = 0x0001_0000 | 0x0010_0000;
/// `FILE_SHARE_READ`, `FILE_SHARE_WRITE` and `FILE_SHARE_DELETE`: nobody's handle is in the way of ours.
const SHARE: u32 = 1 | 2 | 4;
/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link is looked at, not followed. `FILE_FLAG_BACKUP_SEMANTICS`: so is a
/// folder that lies where a file should be, which nobody can be attached to.
const FLAGS: u32 = 0x0020_0000 | 0x0200_0000;
const ERROR_SHARING_VIOLATION: i32 = 32;

pub(super) fn attached(place: &Place) -> Attached {
    let mut unknown = false;
    for path in [&place.main, &place.wal, &place.shm] {
        match could_delete(path) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => {
                return Attached::Somebody { pid: None };
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => unknown = true,
        }
    }
    if unknown {
        Attached::Unknown
    } else {
        Attached::Nobody
    }
}

fn could_delete(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .access_mode(ACCESS)
        .share_mode(SHARE)
        .custom_flags(FLAGS)
        .open(path)
        .map(drop)
}
