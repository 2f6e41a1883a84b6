use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HealthState {
    Ok,
    /// Not looked at yet, which is not the same as well.
    Unknown,
    Warn,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub enum ComponentCode {
    /// Can the store be read and written?
    #[serde(rename = "store")]
    Store,
    /// Are the store's companion files what they should be?
    #[serde(rename = "sidecars")]
    Sidecars,
    /// Is there room on the disk?
    #[serde(rename = "space")]
    Space,
    /// Is the queue moving, and has nothing failed?
    #[serde(rename = "jobs")]
    Jobs,
    /// Can everything that was read be found, and is it in the tree?
    #[serde(rename = "coverage")]
    Coverage,
    /// How many reads are long, and how many may be?
    #[serde(rename = "long_reads")]
    LongReads,
    /// Is the SQLite in this program one to trust?
    #[serde(rename = "sqlite")]
    Sqlite,
    /// Is there a copy, and how old is it?
    #[serde(rename = "backup")]
    Backup,
    /// Was something kept aside that a person should look at?
    #[serde(rename = "kept_aside")]
    KeptAside,
    /// Are the watched folders there, and does the system tell of their changes?
    #[serde(rename = "watched_folders")]
    WatchedFolders,
}

/// One component's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Component {
    pub code: ComponentCode,
    pub state: HealthState,
    /// In plain words, what is the case: "2 files could not be read", "1,204 passages, all searchable".
    pub cause: String,
    /// Since when it has been in this state.
    pub since: String,
    /// What the person can do, or what happens by itself. Null when there is nothing to do.
    pub next: Option<String>,
}

/// Long reads of the store, such as backups: how many there are, and how many may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reservations {
    /// How many are under way.
    pub reserved: u32,
    /// How many may be. 0 lets none begin.
    pub cap: u32,
    /// Four fifths of the cap are taken. With a cap under 5 it is a warning only when somebody waits.
    pub near_cap: bool,
    /// How many were refused and come back.
    pub waiting: u32,
    /// How long the oldest has been under way.
    #[ts(type = "number | null")]
    pub oldest_ms: Option<u64>,
    /// No other may begin now.
    pub blocked: bool,
}

/// The health of everything. Every place that speaks of health speaks from this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Status {
    /// One sentence, made of the same rows.
    pub headline: String,
    /// The worst of the components.
    pub state: HealthState,
    pub components: Vec<Component>,
    pub reservations: Reservations,
    /// Grows with each change of any row.
    #[ts(type = "number")]
    pub seq: u64,
    /// The folder that holds this memory.
    pub workspace: String,
}
