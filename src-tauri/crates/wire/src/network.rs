//! What was called over the network, and whether anything may be.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CallPurpose {
    CrashReport,
    /// Passages are summarised by a model that the person has chosen.
    Summary,
    /// A model that the person has chosen answers a question, since they asked it to.
    Answer,
    /// Texts become vectors.
    Embedding,
    /// Passages are put in order for a question.
    Rerank,
    /// A model's server is asked which models it has, or tried. Nothing of a memory is sent.
    ModelTrial,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CallOutcome {
    UnderWay,
    Answered,
    /// That computer is there, and nothing on it takes calls.
    Refused,
    /// Nobody answers: no network, or no such name.
    Unreachable,
    TimedOut,
    /// Who answered could not prove to be who was asked. Nothing of the call itself was said.
    NotSafe,
    /// Its name led to another computer, and it was not meant for another. Nobody was connected to.
    NotHere,
    /// Nobody wanted the answer any more.
    Stopped,
    /// The connection broke.
    CutOff,
    /// The answer was too large, or none that could be understood.
    BadAnswer,
    /// It was not noted how it ended. It may have arrived.
    NoEnd,
}

/// A call to another computer. What was said is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NetworkCall {
    pub at: String,
    /// With its port, if that is not the usual one.
    pub host: String,
    pub purpose: CallPurpose,
    pub outcome: CallOutcome,
    /// Of an answer, whatever it says.
    pub status: Option<u16>,
    /// All that went over the connection, in bytes. Null while that is not known.
    #[ts(type = "number | null")]
    pub sent_bytes: Option<u64>,
    #[ts(type = "number | null")]
    pub received_bytes: Option<u64>,
}

/// All calls to one computer for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NetworkHost {
    pub host: String,
    pub purpose: CallPurpose,
    pub calls: u32,
    pub last_at: String,
    /// Of those calls of which it is known.
    #[ts(type = "number")]
    pub sent_bytes: u64,
    #[ts(type = "number")]
    pub received_bytes: u64,
    /// Calls of which it is not known how much was sent.
    pub uncounted: u32,
}

/// Which calls to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct NetworkAt {
    /// Those to this computer alone.
    pub host: Option<String>,
    /// Those for this alone.
    pub purpose: Option<CallPurpose>,
    pub offset: u32,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Network {
    /// Nothing is called.
    pub offline: bool,
    /// Nobody chose that: what was chosen can't be read.
    pub unreadable: bool,
    /// The oldest call that is known. Null when there was none.
    pub since: Option<String>,
    /// For so many days calls are known.
    pub days: u32,
    /// The one that was called last comes first.
    pub hosts: Vec<NetworkHost>,
    /// The calls that were asked for.
    pub calls: Vec<NetworkCall>,
    /// How many there are of those.
    pub calls_in_all: u32,
    /// Why the list can't be read. Then nothing of it is told.
    pub problem: Option<String>,
    /// Lines of the list that could not be read.
    pub unread_lines: u32,
    /// Where the list and the switch lie.
    pub folder: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfflineChoice {
    pub on: bool,
}
