//! Which SQLite is linked, and whether it is fit to keep anything.
//!
//! The floor is 3.54.0. It has the fix of the WAL-reset defect (there from 3.7.0 on, fixed in 3.51.3,
//! 3.50.7 and 3.44.6, <https://sqlite.org/wal.html#walresetbug>), the guard against lost POSIX locks of
//! 3.51, and on Windows a way around a shared index that another process still maps.

use crate::raw;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteGrade {
    pub version: &'static str,
    /// Date and hash of the sources it was built from.
    pub source_id: &'static str,
    /// The number of SQLite's threading mode: 0 is none, 1 serialized, 2 one thread per connection.
    pub threading: i32,
    pub verdict: SqliteVerdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqliteVerdict {
    Good,
    TooOld {
        why: &'static str,
    },
    /// It was built so that several connections in one process are not safe.
    NotThreadsafe,
}

const FLOOR: i32 = 3_054_000;
const WAL_RESET_SINCE: i32 = 3_007_000;
const WAL_RESET_FIXED: i32 = 3_051_003;
/// Where the fix was carried back: from the first to below the second.
const WAL_RESET_FIXED_TOO: [(i32, i32); 2] = [(3_050_007, 3_051_000), (3_044_006, 3_045_000)];

impl SqliteGrade {
    pub fn of_linked() -> SqliteGrade {
        let threading = raw::threading();
        SqliteGrade {
            version: rusqlite::version(),
            source_id: raw::source_id(),
            threading,
            verdict: grade(rusqlite::version_number(), threading),
        }
    }

    /// How it was built, without the prefix `SQLITE_`.
    pub fn compile_options() -> Vec<&'static str> {
        raw::compile_options()
    }
}

fn grade(version: i32, threading: i32) -> SqliteVerdict {
    let carried_back = WAL_RESET_FIXED_TOO
        .iter()
        .any(|(from, below)| (*from..*below).contains(&version));
    if threading == 0 {
        SqliteVerdict::NotThreadsafe
    } else if (WAL_RESET_SINCE..WAL_RESET_FIXED).contains(&version) && !carried_back {
        SqliteVerdict::TooOld {
            why: "a checkpoint beside a writer can corrupt the file (WAL-reset defect)",
        }
    } else if version < FLOOR {
        SqliteVerdict::TooOld {
            why: "a shared index that another process maps cannot be taken over on Windows",
        }
    } else {
        SqliteVerdict::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_sqlite_is_good() {
        let grade = SqliteGrade::of_linked();
        assert_eq!(grade.verdict, SqliteVerdict::Good, "{grade:?}");
        assert!(
            grade.source_id.len() > 60 && grade.source_id.starts_with("20"),
            "a date and a hash: {}",
            grade.source_id
        );
        let options = SqliteGrade::compile_options();
        let threading = format!("THREADSAFE={}", grade.threading);
        assert!(
            options.contains(&threading.as_str()),
            "both tell the same of the threads: {options:?}"
        );
    }

    #[test]
    fn old_versions_are_named_for_what_is_wrong_with_them() {
        let about_reset = |version| match grade(version, 1) {
            SqliteVerdict::TooOld { why } => Some(why.contains("WAL-reset")),
            _ => None,
        };
        for version in [3_007_000, 3_044_005, 3_045_000, 3_050_006, 3_051_002] {
            assert_eq!(about_reset(version), Some(true), "{version} has the defect");
        }
        for version in [3_006_000, 3_044_006, 3_050_007, 3_051_003, 3_053_999] {
            assert_eq!(about_reset(version), Some(false), "{version} is only old");
        }
        for version in [3_054_000, 3_054_001, 3_060_000] {
            assert_eq!(about_reset(version), None, "{version} is new enough");
        }
        assert_eq!(
            grade(3_054_001, 0),
            SqliteVerdict::NotThreadsafe,
            "however new it is"
        );
    }
}
