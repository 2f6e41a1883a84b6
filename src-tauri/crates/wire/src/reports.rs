//! Crash reports: what is held, and whether it may be sent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// May reports be sent by themselves?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CrashReportsConsent {
    /// Nobody has chosen. Nothing is sent.
    Unasked,
    Yes,
    /// Nothing is sent, and nobody asks again.
    No,
}

/// A report that was not sent, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HeldCrashReport {
    pub id: String,
    pub at: String,
    /// What failed, by its class: `panic`, `page`, `corrupt`.
    pub class: String,
    /// Where in our code, if that is known.
    pub place: Option<String>,
    /// The person was asked about this one.
    pub asked: bool,
    /// The server did not want it, with this status.
    pub refused: Option<u16>,
    /// All that would be sent, byte for byte: three lines, each of them JSON.
    pub envelope: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CrashReports {
    pub consent: CrashReportsConsent,
    /// The question was shown once, whatever came of it.
    pub asked: bool,
    /// The computer that reports go to. Null when none is known: then nothing can be sent.
    pub host: Option<String>,
    /// The newest first.
    pub held: Vec<HeldCrashReport>,
    /// Nothing is sent while that is so, whatever was agreed to.
    pub offline: bool,
    pub last_sent_at: Option<String>,
    /// What waits is not tried before this.
    pub next_try_at: Option<String>,
    /// Where they and the crash log lie.
    pub folder: String,
    /// What would be sent of a failure that has not happened.
    pub example: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CrashReportsChoice {
    pub on: bool,
}
