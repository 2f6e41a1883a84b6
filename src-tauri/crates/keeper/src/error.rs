//! What a caller can be told, named for what it can do about it. No paths, no values, no texts of
//! people: codes and counts only.

use std::time::Duration;

use crate::class::{Class, Phase, classify, classify_io};
use crate::held;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The breaker is open: nothing was tried.
    #[error("the database is unavailable ({class}), next try in {} s", retry_in.as_secs())]
    Unavailable {
        class: Class,
        retry_in: Duration,
        code: Option<i32>,
        errno: Option<i32>,
    },
    #[error("the database is held by another connection (code {code})")]
    Busy { code: i32 },
    #[error("too many operations are waiting for the database")]
    Overloaded,
    #[error("the operation was cancelled")]
    Cancelled,
    #[error("the operation ran past its deadline of {} ms", limit.as_millis())]
    DeadlineExceeded { limit: Duration },
    #[error("the disk is full (code {code:?}, errno {errno:?})")]
    DiskFull {
        code: Option<i32>,
        errno: Option<i32>,
    },
    /// A copy would leave too little of the disk free, so it was not begun.
    #[error("{needed_bytes} bytes must be free, and {free_bytes} are")]
    NoRoom { needed_bytes: u64, free_bytes: u64 },
    #[error("the database cannot be written (code {code:?}, errno {errno:?})")]
    ReadOnly {
        code: Option<i32>,
        errno: Option<i32>,
    },
    /// Reading works. Writing would lose what lies behind the break, so a person chooses first.
    #[error(
        "the log is damaged with {commits_behind} commits behind the damage; nothing is written before a choice"
    )]
    WalDamaged { commits_behind: u32 },
    #[error("the file is not a sound database (code {code:?})")]
    Corrupt { code: Option<i32> },
    #[error("the database is of version {found}, this program knows {supported}")]
    TooNew { found: i32, supported: i32 },
    #[error("the database belongs to another program (application id {found})")]
    NotOurs { found: i32 },
    /// Parts of the database are there without the part they belong to. Nothing was opened.
    #[error("the database file and its sidecars do not belong together: {0}")]
    Misplaced(Misplaced),
    /// What is kept aside may only be removed by a person, and there is no room for more.
    #[error("{sets} sets of files are kept aside already; one must be removed before more is kept")]
    QuarantineFull { sets: u32 },
    /// The file was moved or replaced while it was open. What was not acknowledged must be written
    /// again, once a person has chosen; what was is in the file, its WAL or quarantine.
    #[error("the database was moved or replaced while it was open")]
    SplitBrain,
    #[error("the path cannot hold a database: {problem} (errno {errno:?})")]
    Path {
        problem: PathProblem,
        errno: Option<i32>,
    },
    /// Input, output, memory or another resource of the system failed.
    #[error("the system failed the database ({class}, code {code:?}, errno {errno:?})")]
    Io {
        class: Class,
        code: Option<i32>,
        errno: Option<i32>,
    },
    /// The steps to the newer schema were not begun, and the file is as it was.
    #[error("the database was not brought up to date, since it could not be backed up first: {0}")]
    NotBackedUp(Box<Error>),
    /// A backup, or another copy, does not hold what it should. The database itself is not meant.
    #[error("a copy is not what it should be: {0}")]
    BadCopy(BadCopy),
    #[error("the data break a rule of the schema (code {code})")]
    Constraint { code: i32 },
    /// A wrong statement. The message is kept only where it speaks of the statement's own text,
    /// which never holds values.
    #[error("the operation is wrong (code {code:?}{})", message.as_deref().map(|m| format!(", {m}")).unwrap_or_default())]
    Sql {
        code: Option<i32>,
        message: Option<Box<str>>,
    },
    #[error("no row matches")]
    NoRows,
    #[error("a connection is already held by this thread")]
    Nested,
    #[error("the operation panicked")]
    Panicked,
    #[error("the keeper is shut down")]
    Closed,
    #[error("the file is already kept under another schema")]
    SchemaDiffers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    #[error("the main file is missing beside a sidecar")]
    MainMissing,
    #[error("the main file is empty beside a journal that is not")]
    MainEmpty,
    #[error("nothing is there, where a database was made")]
    Vanished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    #[error("it is a folder")]
    IsFolder,
    #[error("it is a folder with something in it")]
    FolderNotEmpty,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("a sidecar is not a regular file")]
    SidecarNotAFile,
    #[error("its parent is not a folder")]
    ParentNotAFolder,
    #[error("it is a link to nothing")]
    DanglingLink,
    #[error("the name cannot be used")]
    BadName,
    #[error("the name is taken")]
    Taken,
    #[error("the system refuses it")]
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCopy {
    #[error("it is not there")]
    Missing,
    #[error("its bytes have changed")]
    Bytes,
    #[error("it is not a sound database")]
    Unsound,
    #[error("its rows are not those that were counted")]
    Rows,
}

impl PathProblem {
    /// Waiting does not help: something else lies where a file should be.
    pub(crate) fn is_lasting(self) -> bool {
        matches!(
            self,
            PathProblem::IsFolder
                | PathProblem::NotAFile
                | PathProblem::SidecarNotAFile
                | PathProblem::DanglingLink
        )
    }
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Error::Unavailable { class, .. } | Error::Io { class, .. } => *class,
            Error::NotBackedUp(why) => why.class(),
            Error::Busy { .. } => Class::Busy,
            Error::Overloaded => Class::Overloaded,
            Error::Cancelled | Error::DeadlineExceeded { .. } => Class::Cancelled,
            Error::DiskFull { .. } | Error::NoRoom { .. } => Class::DiskFull,
            Error::ReadOnly { .. } => Class::Permission,
            Error::Corrupt { code: Some(c) } => classify(*c, None, Phase::Run),
            Error::BadCopy(_) | Error::Corrupt { code: None } | Error::WalDamaged { .. } => {
                Class::Corrupt
            }
            Error::TooNew { .. } => Class::TooNew,
            Error::NotOurs { .. } | Error::Misplaced(_) => Class::Misplaced,
            Error::QuarantineFull { .. } => Class::QuarantineFull,
            Error::SplitBrain => Class::SplitBrain,
            Error::Path { .. } => Class::Path,
            Error::Constraint { .. } => Class::Constraint,
            Error::Sql { .. } | Error::NoRows | Error::Nested | Error::SchemaDiffers => {
                Class::Misuse
            }
            Error::Panicked => Class::Panicked,
            Error::Closed => Class::Closed,
        }
    }

    /// SQLite's extended result code.
    pub fn code(&self) -> Option<i32> {
        match self {
            Error::Unavailable { code, .. }
            | Error::DiskFull { code, .. }
            | Error::ReadOnly { code, .. }
            | Error::Corrupt { code }
            | Error::Io { code, .. }
            | Error::Sql { code, .. } => *code,
            Error::Busy { code } | Error::Constraint { code } => Some(*code),
            Error::NotBackedUp(why) => why.code(),
            _ => None,
        }
    }

    /// The system's own error number, `GetLastError` on Windows.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Unavailable { errno, .. }
            | Error::DiskFull { errno, .. }
            | Error::ReadOnly { errno, .. }
            | Error::Path { errno, .. }
            | Error::Io { errno, .. } => *errno,
            Error::NotBackedUp(why) => why.errno(),
            _ => None,
        }
    }

    /// The same call may work later without anybody changing it. An open breaker is transient
    /// whatever opened it, because it says itself when to come back.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Unavailable { .. }) || self.class().is_transient()
    }

    /// Worth a crash report, if the person has agreed to any: a developer may learn something from it.
    /// What goes away by waiting never is, and nor is what only the person can mend. A file that stays
    /// unusable is told once, as an [`crate::Incident`].
    pub fn is_reportable(&self) -> bool {
        // Cannot-open is waited for or mended by the person, whatever its class.
        let waited_for = self.is_transient() || self.code().is_some_and(|code| code & 0xff == 14);
        let tells_of_a_bug = match self.class() {
            Class::Corrupt
            | Class::DerivedCorrupt
            | Class::SplitBrain
            | Class::Misplaced
            | Class::Constraint
            | Class::Misuse
            | Class::Panicked => true,
            Class::Busy
            | Class::Overloaded
            | Class::Cancelled
            | Class::TransientIo
            | Class::ShmUnavailable
            | Class::DurabilityLost
            | Class::DiskFull
            | Class::Resource
            | Class::Memory
            | Class::QuarantineFull
            | Class::Permission
            | Class::Path
            | Class::TooNew
            | Class::Closed => false,
        };
        // That no row matches is an answer, and another program's file is nobody's bug.
        let is_answer = matches!(
            self,
            Error::NoRows | Error::NotOurs { .. } | Error::Misplaced(Misplaced::Vanished)
        );
        tells_of_a_bug && !waited_for && !is_answer
    }

    /// Names the failure of an SQLite call.
    pub(crate) fn from_code(code: i32, errno: Option<i32>, phase: Phase) -> Error {
        let class = classify(code, errno, phase);
        let code_known = Some(code);
        match class {
            Class::Busy => Error::Busy { code },
            Class::Cancelled => match held::deadline_hit() {
                Some(limit) if code & 0xff == 9 => Error::DeadlineExceeded { limit },
                _ => Error::Cancelled,
            },
            Class::DiskFull => Error::DiskFull {
                code: code_known,
                errno,
            },
            Class::Permission => Error::ReadOnly {
                code: code_known,
                errno,
            },
            Class::Corrupt | Class::DerivedCorrupt => Error::Corrupt { code: code_known },
            Class::Path => Error::Path {
                problem: PathProblem::Refused,
                errno,
            },
            Class::Constraint => Error::Constraint { code },
            Class::Misuse => Error::Sql {
                code: code_known,
                message: None,
            },
            class => Error::Io {
                class,
                code: code_known,
                errno,
            },
        }
    }

    /// The path, or a part of it, cannot be a name here.
    pub(crate) fn bad_name() -> Error {
        Error::Path {
            problem: PathProblem::BadName,
            errno: None,
        }
    }

    /// Names a failure of the standard library met beside SQLite.
    pub fn from_io(error: &std::io::Error) -> Error {
        let errno = error.raw_os_error();
        match classify_io(error) {
            Class::DiskFull => Error::DiskFull { code: None, errno },
            Class::Permission => Error::ReadOnly { code: None, errno },
            Class::Path => Error::Path {
                problem: match error.kind() {
                    std::io::ErrorKind::NotADirectory => PathProblem::ParentNotAFolder,
                    std::io::ErrorKind::IsADirectory => PathProblem::IsFolder,
                    std::io::ErrorKind::InvalidFilename | std::io::ErrorKind::InvalidInput => {
                        PathProblem::BadName
                    }
                    _ => PathProblem::Refused,
                },
                errno,
            },
            class => Error::Io {
                class,
                code: None,
                errno,
            },
        }
    }

    pub(crate) fn from_sqlite(error: &rusqlite::Error, errno: Option<i32>, phase: Phase) -> Error {
        use rusqlite::Error as E;
        match error {
            E::SqliteFailure(failure, message) => {
                match Error::from_code(failure.extended_code, errno, phase) {
                    Error::Sql { code, .. } => Error::Sql {
                        code,
                        message: message
                            .as_deref()
                            .filter(|m| m.starts_with("no such "))
                            .map(Box::from),
                    },
                    other => other,
                }
            }
            E::SqlInputError { error, msg, .. } => {
                match Error::from_code(error.extended_code, errno, phase) {
                    Error::Sql { code, .. } => Error::Sql {
                        code,
                        message: Some(msg.as_str().into()),
                    },
                    other => other,
                }
            }
            E::QueryReturnedNoRows => Error::NoRows,
            E::InvalidParameterName(name) | E::InvalidColumnName(name) => Error::Sql {
                code: None,
                message: Some(name.as_str().into()),
            },
            E::InvalidColumnType(index, _, kind) => Error::Sql {
                code: None,
                message: Some(format!("column {index} holds {kind}").into()),
            },
            E::FromSqlConversionFailure(index, kind, _) => Error::Sql {
                code: None,
                message: Some(format!("column {index} ({kind}) does not convert").into()),
            },
            E::IntegralValueOutOfRange(index, _) => Error::Sql {
                code: None,
                message: Some(format!("column {index} is out of range").into()),
            },
            E::InvalidParameterCount(given, wanted) => Error::Sql {
                code: None,
                message: Some(format!("{given} parameters given, {wanted} wanted").into()),
            },
            E::InvalidColumnIndex(index) => Error::Sql {
                code: None,
                message: Some(format!("there is no column {index}").into()),
            },
            _ => Error::Sql {
                code: None,
                message: None,
            },
        }
    }
}

/// Classifies once, where the failure enters. Inside a kept operation the failure is also noted
/// for the keeper, which acts on it whatever the operation makes of it.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let named = Error::from_sqlite(&error, held::system_errno(&error), Phase::Run);
        held::note(&named);
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transient_code_is_never_reportable() {
        let errnos = std::iter::once(None).chain((0..134).map(Some));
        for errno in errnos {
            for code in [
                1546, 4874, 14, 5386, 4618, 5130, 5, 261, 517, 10, 266, 778, 13, 7, 15,
            ] {
                for phase in [Phase::Open, Phase::Run, Phase::Checkpoint] {
                    let error = Error::from_code(code, errno, phase);
                    assert!(
                        !error.is_reportable(),
                        "{code} with errno {errno:?} while {phase:?}: {error:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_never_reportable_whatever_opened_the_breaker() {
        for class in [Class::Corrupt, Class::TransientIo, Class::Panicked] {
            let refused = Error::Unavailable {
                class,
                retry_in: Duration::ZERO,
                code: Some(11),
                errno: None,
            };
            assert!(!refused.is_reportable(), "{class:?} was told already");
        }
    }

    #[test]
    fn what_a_developer_can_learn_from_is_reportable() {
        for error in [
            Error::Corrupt { code: Some(11) },
            Error::SplitBrain,
            Error::Panicked,
            Error::Nested,
            Error::Constraint { code: 787 },
        ] {
            assert!(error.is_reportable(), "{error:?}");
        }
        for error in [
            Error::NoRows,
            Error::Closed,
            Error::Cancelled,
            Error::Overloaded,
            Error::NotOurs { found: 1 },
        ] {
            assert!(!error.is_reportable(), "{error:?} is an answer");
        }
    }
}
