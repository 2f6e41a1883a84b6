//! Which call fails, how, and with which code.

use rusqlite::ffi;

/// The calls of a file system that can fail. Closing and unlocking the shared index cannot: SQLite
/// does not look at their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    Open,
    Delete,
    Access,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Lock,
    Unlock,
    LockLook,
    ShmMap,
    ShmLock,
}

/// What happens at a call. The first call is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub at: u64,
    pub how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// An error of the device at this call alone.
    Once,
    /// At this call and at all after it.
    Sticky,
    /// A write of which only the first half arrives; other calls fail as with `Once`.
    Short,
    /// No space: a write of which only the first half fits, or what the call says in that case.
    NoSpace,
}

impl Fault {
    pub(super) fn hits(self, call: u64) -> bool {
        call == self.at || (self.how == How::Sticky && call > self.at)
    }
}

/// SQLite's code and the system's number, as the file system for Unix would answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) errno: i32,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

pub(super) fn answer(call: Call, how: How) -> Answer {
    let code = match call {
        // A write that does not fit is the one failure with a code of its own, and without errno.
        Call::Write if how == How::NoSpace => {
            return Answer {
                code: ffi::SQLITE_FULL,
                errno: 0,
            };
        }
        Call::Open => ffi::SQLITE_CANTOPEN,
        Call::Delete => ffi::SQLITE_IOERR_DELETE,
        Call::Access => ffi::SQLITE_IOERR_ACCESS,
        Call::Read => ffi::SQLITE_IOERR_READ,
        Call::Write => ffi::SQLITE_IOERR_WRITE,
        Call::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
        Call::Sync => ffi::SQLITE_IOERR_FSYNC,
        Call::Size => ffi::SQLITE_IOERR_FSTAT,
        Call::Lock => ffi::SQLITE_IOERR_LOCK,
        Call::Unlock => ffi::SQLITE_IOERR_UNLOCK,
        Call::LockLook => ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
        Call::ShmMap => ffi::SQLITE_IOERR_SHMSIZE,
        Call::ShmLock => ffi::SQLITE_IOERR_SHMLOCK,
    };
    let may_want_space = matches!(call, Call::Open | Call::Sync | Call::ShmMap);
    let errno = if how == How::NoSpace && may_want_space {
        ENOSPC
    } else {
        EIO
    };
    Answer { code, errno }
}
