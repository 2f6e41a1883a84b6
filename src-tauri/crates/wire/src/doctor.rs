use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ComponentCode, FixCode, FixRisk, HealthState};

/// Which checks to run now. None named: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ChecksAsked {
    pub codes: Vec<ComponentCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FixAsked {
    pub code: FixCode,
}

/// What a fix would do. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FixPlan {
    /// Names this plan. It is carried out only while it still says the truth.
    pub id: String,
    pub code: FixCode,
    pub risk: FixRisk,
    /// One sentence: what it will come to.
    pub summary: String,
    /// What is done, in order, with its numbers.
    pub steps: Vec<String>,
    /// About how long it takes. Null where that can't be said.
    #[ts(type = "number | null")]
    pub about_ms: Option<u64>,
    pub backup_first: bool,
    pub undo: bool,
    /// Nothing is left to be done: the plan is empty.
    pub nothing_to_do: bool,
}

/// Carries out a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FixApply {
    pub code: FixCode,
    /// The plan's id.
    pub plan: String,
}

/// A fix moved on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FixProgress {
    pub code: FixCode,
    /// What it is doing now, in plain words.
    pub doing: String,
    #[ts(type = "number")]
    pub done: u64,
    /// 0 while it is not known.
    #[ts(type = "number")]
    pub total: u64,
}

/// What a fix has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FixOutcome {
    Done,
    /// It ended before all was done. What was done is whole.
    InPart,
    /// All of it was done, and what it is to mend is unwell still.
    StillUnwell,
    /// It was begun, and whether it ended is not known.
    Unknown,
}

/// What a fix has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FixReceipt {
    pub id: String,
    pub code: FixCode,
    pub at: String,
    /// One sentence: what it has come to.
    pub summary: String,
    /// What was done, with its numbers.
    pub done: Vec<String>,
    /// Until when it can be undone. Null when it can't, or not any more.
    pub undo_until: Option<String>,
    pub undone_at: Option<String>,
    pub outcome: FixOutcome,
    /// Where a copy lies that was laid out to be read.
    pub folder: Option<String>,
}

/// A page of what has happened, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct TimelineAt {
    /// Entries before this one's number; null begins with the newest.
    #[ts(type = "number | null")]
    pub before: Option<u64>,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Timeline {
    pub entries: Vec<TimelineEntry>,
    /// Are there older ones?
    pub more: bool,
    /// The worst state of each of the last days, oldest first.
    pub days: Vec<TimelineDay>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineDay {
    /// As `2026-03-01`, of the computer's own calendar.
    pub day: String,
    /// Null for a day on which nothing was running.
    pub state: Option<HealthState>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineEntry {
    /// Grows by one with each entry.
    #[ts(type = "number")]
    pub number: u64,
    pub at: String,
    pub what: Happened,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
pub enum Happened {
    /// A component changed its state.
    Health {
        code: ComponentCode,
        from: HealthState,
        to: HealthState,
        cause: String,
    },
    /// Oldgrowth was started; `updated_from` names the version before, where it was another.
    Started {
        version: String,
        updated_from: Option<String>,
    },
    /// The run before ended without being closed.
    EndedBadly,
    /// Oldgrowth itself broke.
    Crash { place: String },
    Import {
        batch: String,
        label: String,
        added: u32,
        failed: u32,
    },
    Fix {
        receipt: String,
        code: FixCode,
        summary: String,
        undone: bool,
    },
}

/// Whether a report names files and folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ReportAsked {
    pub names: bool,
}

/// The health of everything, to hand on to somebody who helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Report {
    /// A short name to quote.
    pub id: String,
    /// For a person.
    pub text: String,
    /// The same for a program, as JSON.
    pub json: String,
}
