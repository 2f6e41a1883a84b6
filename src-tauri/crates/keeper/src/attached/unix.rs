//! By SQLite's own locks: `PENDING_BYTE` and what follows it in the main file, and the last byte that
//! `-shm` has locks for, which every connection in WAL mode holds (os_unix.c, `UNIX_SHM_DMS`).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::Attached;
use crate::place::Place;

/// The bytes of one file whose locks tell that a connection is attached.
#[derive(Clone, Copy)]
struct Range {
    first: u64,
    bytes: u64,
}

/// `PENDING_BYTE`, `RESERVED_BYTE` and the 510 bytes of `SHARED_FIRST`.
const MAIN: Range = Range {
    first: 0x4000_0000,
    bytes: 512,
};
const SHM: Range = Range {
    first: 128,
    bytes: 1,
};

pub(super) fn attached(place: &Place) -> Attached {
    let files = [(place.main.as_path(), MAIN), (place.shm.as_path(), SHM)];
    // The list of all locks is asked first, because nothing has to be opened for it. It leaves out
    // what the next question finds: processes of another namespace.
    #[cfg(target_os = "linux")]
    if let Some(found) = linux::listed(&files) {
        return found;
    }
    let mut unknown = false;
    for (path, range) in files {
        match lock_on(path, range) {
            Ok(Attached::Nobody) => {}
            Ok(found) => return found,
            Err(_) => unknown = true,
        }
    }
    if unknown {
        Attached::Unknown
    } else {
        Attached::Nobody
    }
}

fn lock_on(path: &Path, range: Range) -> io::Result<Attached> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if holds_no_locks(&error) => return Ok(Attached::Nobody),
        Err(error) => return Err(error),
    };
    let question = Flock {
        start: range.first,
        length: range.bytes,
        ..Flock::from(FlockType::WriteLock)
    };
    Ok(match fcntl_getlk(&file, &question)? {
        None => Attached::Nobody,
        Some(lock) => Attached::Somebody {
            pid: lock
                .pid
                .and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()),
        },
    })
}

/// Never waits: a pipe under one of the names would otherwise be waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits();
    OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags).unwrap_or(0))
        .open(path)
}

/// What is not there, or is a link, cannot be what a connection works with under this name: the main
/// file's name is one with all links followed, and SQLite follows none to a sidecar.
fn holds_no_locks(error: &io::Error) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NXIO]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::{Attached, Range};

    /// The list as of proc(5); no machine of a person comes near this.
    const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;

    /// `None` where the list shows no such lock or cannot be read.
    pub(super) fn listed(files: &[(&Path, Range)]) -> Option<Attached> {
        let list = fs::read_to_string("/proc/locks").ok()?;
        if list.len() > LIST_BYTES_MAX {
            return None;
        }
        let wanted: Vec<_> = files
            .iter()
            .filter_map(|(path, range)| Some((fs::metadata(path).ok()?, *range)))
            .collect();
        list.lines().filter_map(parse).find_map(|lock| {
            wanted
                .iter()
                .any(|(meta, range)| {
                    lock.inode == meta.ino() && lock.device == meta.dev() && lock.meets(*range)
                })
                .then_some(Attached::Somebody { pid: lock.pid })
        })
    }

    struct Lock {
        pid: Option<u32>,
        device: u64,
        inode: u64,
        first: u64,
        last: u64,
    }

    impl Lock {
        fn meets(&self, range: Range) -> bool {
            self.first < range.first + range.bytes && range.first <= self.last
        }
    }

    /// `1: POSIX  ADVISORY  READ  1234 08:01:5678 1073741826 1073742335`. Those that wait for a lock
    /// have an arrow in the second place and hold nothing yet.
    fn parse(line: &str) -> Option<Lock> {
        let mut words = line.split_whitespace().skip(1);
        if words.next()? != "POSIX" {
            return None;
        }
        let mut words = words.skip(2);
        let pid = words.next()?.parse().ok();
        let mut file = words.next()?.split(':');
        let major = u32::from_str_radix(file.next()?, 16).ok()?;
        let minor = u32::from_str_radix(file.next()?, 16).ok()?;
        let inode = file.next()?.parse().ok()?;
        let first = words.next()?.parse().ok()?;
        let last = match words.next()? {
            "EOF" => u64::MAX,
            last => last.parse().ok()?,
        };
        Some(Lock {
            pid,
            device: rustix::fs::makedev(major, minor),
            inode,
            first,
            last,
        })
    }
}
