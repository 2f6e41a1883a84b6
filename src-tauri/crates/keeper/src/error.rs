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
    #[error("the database cannot be written (code {code:?}, errno {errno:?})")]
    ReadOnly {
        code: Option<i32>,
        errno: Option<i32>,
    },
    #[error("the file is not a sound database (code {code:?})")]
    Corrupt { code: Option<i32> },
    #[error("the database is of version {found}, this program knows {supported}")]
    TooNew { found: i32, supported: i32 },
    #[error("the database belongs to another program (application id {found})")]
    NotOurs { found: i32 },
    /// Parts of the database are there without the part they belong to. Nothing was opened.
    #[error("the database file and its sidecars do not belong together: {0}")]
    Misplaced(Misplaced),
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
    /// The quarantine holds as much as it may, or was used too lately. A person can discard a set.
    #[error("no further set of files can be put into quarantine: {0}")]
    QuarantineFull(QuarantineLimit),
    /// What was copied does not read as what it was copied from, or as its manifest says.
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    #[error("it is a folder")]
    IsFolder,
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
pub enum QuarantineLimit {
    #[error("it holds as many sets as it may")]
    Sets,
    #[error("it holds as many bytes as it may")]
    Bytes,
    #[error("an automatic set was made less than a day ago")]
    TooSoon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCopy {
    #[error("its bytes differ")]
    Bytes,
    #[error("it is not a sound database")]
    Unsound,
    #[error("its rows are not those counted when it was made")]
    Rows,
    #[error("its manifest cannot be read")]
    Manifest,
    #[error("it is not there")]
    Missing,
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Error::Unavailable { class, .. } | Error::Io { class, .. } => *class,
            Error::Busy { .. } => Class::Busy,
            Error::Overloaded => Class::Overloaded,
            Error::Cancelled | Error::DeadlineExceeded { .. } => Class::Cancelled,
            Error::DiskFull { .. } => Class::DiskFull,
            Error::ReadOnly { .. } => Class::Permission,
            Error::Corrupt { code: Some(c) } => classify(*c, None, Phase::Run),
            Error::Corrupt { code: None } => Class::Corrupt,
            Error::TooNew { .. } => Class::TooNew,
            Error::NotOurs { .. } | Error::Misplaced(_) => Class::Misplaced,
            Error::Path { .. } => Class::Path,
            Error::QuarantineFull(_) => Class::QuarantineFull,
            Error::BadCopy(_) => Class::BadCopy,
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
            _ => None,
        }
    }

    /// The same call may work later without anybody changing it. An open breaker is transient
    /// whatever opened it, because it says itself when to come back.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Unavailable { .. }) || self.class().is_transient()
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

    /// Names a failure of the standard library met beside SQLite.
    pub(crate) fn from_io(error: &std::io::Error) -> Error {
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
