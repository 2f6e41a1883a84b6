//! What the keeper must call a failure, written down a second time: by the code it tells, and by
//! the call that failed.

use oldgrowth_keeper::{Class, Error};

use crate::vfs::{Call, How};

const ENOSPC: i32 = 28;

/// Says so if the class of this failure is not the one its code asks for.
pub(super) fn wrong_class(error: &Error) -> Option<String> {
    let code = error.code()?;
    let full = error.errno() == Some(ENOSPC);
    let class = error.class();
    let right = match code {
        5 | 261 | 517 => class == Class::Busy,
        13 => class == Class::DiskFull,
        14 | 778 | 4874 | 5386 if full => class == Class::DiskFull,
        4618 | 4874 | 5130 | 5386 => class == Class::ShmUnavailable,
        1034 | 1290 => class == Class::DurabilityLost,
        // Before the work began a truncation is that of the shared index.
        1546 => matches!(class, Class::ShmUnavailable | Class::TransientIo),
        14 => class == Class::TransientIo,
        // A rollback journal that a connection without the right to write finds.
        776 => class == Class::Permission,
        code if code & 0xff == 10 => {
            class
                == if full {
                    Class::DiskFull
                } else {
                    Class::TransientIo
                }
        }
        11 | 26 => class == Class::Corrupt,
        _ => false,
    };
    (!right).then(|| format!("code {code} was given the class {class}"))
}

/// The first failure told after a single failed call may be this one.
pub(super) fn may_follow(call: Call, how: How, error: &Error) -> bool {
    if let Error::NotBackedUp(why) = error {
        return may_follow(call, how, why);
    }
    let class = error.class();
    let by_call = match call {
        // The shared index is opened behind the file system's back, but not the WAL.
        Call::Open
        | Call::Delete
        | Call::Access
        | Call::Read
        | Call::Size
        | Call::Lock
        | Call::Unlock
        | Call::LockLook => class == Class::TransientIo,
        Call::Write => {
            class
                == if how == How::NoSpace {
                    Class::DiskFull
                } else {
                    Class::TransientIo
                }
        }
        Call::Truncate => matches!(class, Class::TransientIo | Class::ShmUnavailable),
        Call::Sync => class == Class::DurabilityLost,
        Call::ShmMap | Call::ShmLock => class == Class::ShmUnavailable,
    };
    // A check of a whole copy finds that it cannot be read, which SQLite tells as a finding.
    let of_copy = match error {
        Error::NotBackedUp(why) => why,
        error => error,
    };
    let unread_copy = call == Call::Read && matches!(of_copy, Error::BadCopy(_));
    let kept_journal = call == Call::Delete && error.code() == Some(776);
    let for_space = how == How::NoSpace && class == Class::DiskFull;
    by_call || for_space || unread_copy || kept_journal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_with_the_class_of_another_is_told() {
        let told = |class, code| Error::Io {
            class,
            code: Some(code),
            errno: Some(5),
        };
        assert_eq!(
            wrong_class(&told(Class::TransientIo, 778)),
            None,
            "a failed write is one of the device"
        );
        assert!(
            wrong_class(&told(Class::ShmUnavailable, 778)).is_some(),
            "and not one of the shared index"
        );
        assert!(
            !may_follow(Call::Write, How::Once, &told(Class::ShmUnavailable, 4874)),
            "a right pair of code and class is wrong for another call"
        );
    }
}
