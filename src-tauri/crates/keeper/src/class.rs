//! The one classification of failures: by extended code and errno, never by message.

use std::fmt;

/// What a failure means for those who must act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Somebody else holds a lock; waiting helps.
    Busy,
    /// The keeper's own queue or readers are full; waiting helps.
    Overloaded,
    /// The operation was stopped on purpose or ran past its deadline.
    Cancelled,
    /// The system failed a read or a write that may work on a new connection.
    TransientIo,
    /// The shared index (`-shm`) cannot be used; the data are not touched by this.
    ShmUnavailable,
    /// A sync failed: the kernel may have dropped pages it had accepted.
    DurabilityLost,
    /// No space, no inodes, or a quota.
    DiskFull,
    /// Descriptors or other system resources have run out.
    Resource,
    Memory,
    /// A right is missing: the file, its folder or a sidecar cannot be written or read.
    Permission,
    /// The path cannot hold a database as it stands.
    Path,
    /// The file is not there, or its parts do not belong together.
    Misplaced,
    /// The file does not read as a sound database. A suspicion until verified.
    Corrupt,
    /// An index or a virtual table is broken; the tables may be whole.
    DerivedCorrupt,
    /// The file was moved or replaced under an open connection.
    SplitBrain,
    /// Written by a newer version.
    TooNew,
    /// Nothing more can be set aside before a person has made room.
    QuarantineFull,
    /// A backup or another copy is not what it should be; the file itself is not touched by this.
    BadCopy,
    /// The data of the operation broke a rule of the schema.
    Constraint,
    /// The operation itself is wrong: SQL, types, nesting.
    Misuse,
    /// The operation panicked.
    Panicked,
    /// The keeper was shut down.
    Closed,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Busy => "busy",
            Class::Overloaded => "overloaded",
            Class::Cancelled => "cancelled",
            Class::TransientIo => "transient_io",
            Class::ShmUnavailable => "shm_unavailable",
            Class::DurabilityLost => "durability_lost",
            Class::DiskFull => "disk_full",
            Class::Resource => "resource",
            Class::Memory => "memory",
            Class::Permission => "permission",
            Class::Path => "path",
            Class::Misplaced => "misplaced",
            Class::Corrupt => "corrupt",
            Class::DerivedCorrupt => "derived_corrupt",
            Class::SplitBrain => "split_brain",
            Class::TooNew => "too_new",
            Class::QuarantineFull => "quarantine_full",
            Class::BadCopy => "bad_copy",
            Class::Constraint => "constraint",
            Class::Misuse => "misuse",
            Class::Panicked => "panicked",
            Class::Closed => "closed",
        }
    }

    /// Waiting, and nothing else, may make the same call work.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Class::Busy
                | Class::Overloaded
                | Class::TransientIo
                | Class::ShmUnavailable
                | Class::DurabilityLost
                | Class::DiskFull
                | Class::Resource
                | Class::Memory
        )
    }

    /// A connection that showed this failure is not trusted with another operation.
    pub(crate) fn evicts(self) -> bool {
        matches!(
            self,
            Class::TransientIo
                | Class::ShmUnavailable
                | Class::DurabilityLost
                | Class::Corrupt
                | Class::SplitBrain
                | Class::Path
        )
    }

    /// A failed open of this class says something about the file, so it counts as a strike.
    pub(crate) fn strikes(self) -> bool {
        !matches!(
            self,
            Class::Busy | Class::Overloaded | Class::Cancelled | Class::Closed
        )
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a failure was met. The same code can mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Run,
    Checkpoint,
}

/// The class of an SQLite result, by its extended code and the system's own error number.
pub(crate) fn classify(code: i32, errno: Option<i32>, phase: Phase) -> Class {
    let no_space = errno.is_some_and(system::is_no_space);
    match code {
        // Codes whose extended form differs from what their family says come first.
        261 | 517 | 773 => Class::Busy,
        778 | 4874 | 1546 if no_space => Class::DiskFull,
        4618 | 4874 | 5130 | 5386 | 8714 => Class::ShmUnavailable,
        1546 if phase == Phase::Checkpoint => Class::TransientIo,
        1546 => Class::ShmUnavailable,
        1034 | 1290 => Class::DurabilityLost,
        3082 => Class::Memory,
        6922 | 1032 => Class::SplitBrain,
        8202 => Class::Corrupt,
        3338 if errno.is_some_and(system::is_denied) => Class::Permission,
        7178 | 8970 | 9226 | 2826 | 6666 | 6410 => Class::Misuse,
        267 | 523 | 779 => Class::DerivedCorrupt,
        264 | 520 | 1288 => Class::ShmUnavailable,
        270 => Class::Resource,
        526 | 782 | 1038 | 1550 => Class::Path,
        _ => match code & 0xff {
            5 => Class::Busy,
            4 | 9 => Class::Cancelled,
            7 => Class::Memory,
            3 | 8 | 23 => Class::Permission,
            10 if no_space => Class::DiskFull,
            10 | 15 => Class::TransientIo,
            11 | 26 => Class::Corrupt,
            13 => Class::DiskFull,
            14 => cannot_open(errno),
            19 => Class::Constraint,
            _ => Class::Misuse,
        },
    }
}

fn cannot_open(errno: Option<i32>) -> Class {
    match errno {
        Some(e) if system::is_no_space(e) => Class::DiskFull,
        Some(e) if system::is_denied(e) => Class::Permission,
        Some(e) if system::is_missing(e) => Class::Misplaced,
        Some(e) if system::is_exhausted(e) => Class::Resource,
        Some(e) if system::is_wrong_kind(e) => Class::Path,
        Some(e) if system::is_link_refused(e) => Class::ShmUnavailable,
        Some(e) if system::is_shared_elsewhere(e) => Class::TransientIo,
        Some(0) => Class::Path,
        _ => Class::TransientIo,
    }
}

/// The class of an error from the standard library met beside SQLite.
pub(crate) fn classify_io(error: &std::io::Error) -> Class {
    match error.raw_os_error() {
        Some(e) if system::is_link_refused(e) => Class::Path,
        // A name that is too long, or that holds a byte no name may hold, stays wrong.
        Some(e) if system::is_bad_name(e) => Class::Path,
        errno @ Some(_) => cannot_open(errno),
        None if error.kind() == std::io::ErrorKind::InvalidInput => Class::Path,
        None => Class::TransientIo,
    }
}

#[cfg(unix)]
mod system {
    use rustix::io::Errno;

    fn is(errno: i32, any: &[Errno]) -> bool {
        any.iter().any(|e| e.raw_os_error() == errno)
    }
    pub(super) fn is_no_space(errno: i32) -> bool {
        is(errno, &[Errno::NOSPC, Errno::DQUOT, Errno::FBIG])
    }
    pub(super) fn is_denied(errno: i32) -> bool {
        is(errno, &[Errno::ACCESS, Errno::PERM, Errno::ROFS])
    }
    pub(super) fn is_missing(errno: i32) -> bool {
        is(errno, &[Errno::NOENT])
    }
    pub(super) fn is_exhausted(errno: i32) -> bool {
        is(errno, &[Errno::MFILE, Errno::NFILE])
    }
    pub(super) fn is_wrong_kind(errno: i32) -> bool {
        is(errno, &[Errno::NOTDIR, Errno::ISDIR, Errno::EXIST])
    }
    pub(super) fn is_link_refused(errno: i32) -> bool {
        is(errno, &[Errno::LOOP])
    }
    pub(super) fn is_bad_name(errno: i32) -> bool {
        is(errno, &[Errno::NAMETOOLONG, Errno::INVAL])
    }
    pub(super) fn is_shared_elsewhere(_: i32) -> bool {
        false
    }
}

#[cfg(not(unix))]
mod system {
    //! Numbers of `GetLastError`.
    pub(super) fn is_no_space(errno: i32) -> bool {
        matches!(errno, 39 | 112)
    }
    pub(super) fn is_denied(errno: i32) -> bool {
        matches!(errno, 5 | 19 | 225)
    }
    pub(super) fn is_missing(errno: i32) -> bool {
        matches!(errno, 2 | 3)
    }
    pub(super) fn is_exhausted(errno: i32) -> bool {
        matches!(errno, 4 | 8 | 1450)
    }
    pub(super) fn is_wrong_kind(errno: i32) -> bool {
        matches!(errno, 183 | 267)
    }
    pub(super) fn is_link_refused(_: i32) -> bool {
        false
    }
    pub(super) fn is_bad_name(errno: i32) -> bool {
        matches!(errno, 123 | 161 | 206)
    }
    pub(super) fn is_shared_elsewhere(errno: i32) -> bool {
        matches!(errno, 32 | 33)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_has_its_class() {
        let table: &[(i32, Option<i32>, Class)] = &[
            (5, None, Class::Busy),
            (261, None, Class::Busy),
            (517, None, Class::Busy),
            (6, None, Class::Misuse),
            (15, None, Class::TransientIo),
            (10, None, Class::TransientIo),
            (266, None, Class::TransientIo),
            (522, None, Class::TransientIo),
            (778, None, Class::TransientIo),
            (778, Some(28), Class::DiskFull),
            (778, Some(27), Class::DiskFull),
            (1034, None, Class::DurabilityLost),
            (1290, None, Class::DurabilityLost),
            (1546, None, Class::ShmUnavailable),
            (2570, None, Class::TransientIo),
            (3082, None, Class::Memory),
            (7, None, Class::Memory),
            (4618, None, Class::ShmUnavailable),
            (4874, None, Class::ShmUnavailable),
            (4874, Some(28), Class::DiskFull),
            (5130, None, Class::ShmUnavailable),
            (5386, None, Class::ShmUnavailable),
            (6922, None, Class::SplitBrain),
            (1032, None, Class::SplitBrain),
            (11, None, Class::Corrupt),
            (26, None, Class::Corrupt),
            (779, None, Class::DerivedCorrupt),
            (13, None, Class::DiskFull),
            (14, Some(2), Class::Misplaced),
            (14, Some(13), Class::Permission),
            (14, Some(20), Class::Path),
            (14, Some(21), Class::Path),
            (14, Some(24), Class::Resource),
            (14, Some(23), Class::Resource),
            (14, Some(40), Class::ShmUnavailable),
            (14, Some(28), Class::DiskFull),
            (14, Some(0), Class::Path),
            (14, None, Class::TransientIo),
            (8, None, Class::Permission),
            (1544, None, Class::Permission),
            (520, None, Class::ShmUnavailable),
            (9, None, Class::Cancelled),
            (19, None, Class::Constraint),
            (787, None, Class::Constraint),
            (2067, None, Class::Constraint),
            (1, None, Class::Misuse),
            (21, None, Class::Misuse),
        ];
        for (code, errno, class) in table {
            assert_eq!(
                classify(*code, *errno, Phase::Run),
                *class,
                "code {code} with errno {errno:?}"
            );
        }
        assert_eq!(
            classify(1546, None, Phase::Checkpoint),
            Class::TransientIo,
            "a failed truncation while checkpointing is not about the shared index"
        );
    }

    #[test]
    fn the_codes_seen_most_in_the_field_are_all_waited_for() {
        for code in [1546, 4874, 5386, 4618, 5130, 14, 5, 261] {
            assert!(
                classify(code, None, Phase::Open).is_transient(),
                "{code} goes away by itself"
            );
        }
    }
}
