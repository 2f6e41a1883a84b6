use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of failure it is. There is a code only where a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ErrorCode {
    /// The call itself is wrong: a bad date, an empty question, an unknown id's form.
    Usage,
    /// There is no such memory, row or import.
    NotFound,
    /// Nothing among the named paths can be imported.
    NothingToImport,
    /// The store can't be used at the moment; it is tried again by itself.
    Unavailable,
    /// The disk is full or nearly so. Reading still works.
    DiskFull,
    /// The store may only be read.
    ReadOnly,
    /// The store needs a person: damaged, too new, in the wrong place.
    NeedsPerson,
    /// Too much at once; the same call will do in a moment.
    Busy,
    /// Another process owns this workspace and can't be reached.
    HeldByAnother,
    /// The folder in which the memory lives is not there: its disk may not be connected.
    PlaceMissing,
    /// The memory is being moved to another folder; calls are answered again when that has ended.
    Moving,
    /// It was called off, as asked.
    Cancelled,
    /// A fault of ours.
    Internal,
}

/// A failure, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WireError {
    pub code: ErrorCode,
    /// What happened, and why.
    pub message: String,
    /// What to do about it, where there is something.
    pub hint: Option<String>,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for WireError {}
