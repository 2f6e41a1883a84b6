use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HealthState {
    Ok,
    /// Not looked at yet, or it can't be looked at now, which is not the same as well.
    Unknown,
    /// The check itself broke: nothing is known, and that is a fault of Oldgrowth's.
    Crashed,
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
    /// Does the memory's file read as it should, page by page, index by index?
    #[serde(rename = "integrity")]
    Integrity,
    /// Does every row belong to something?
    #[serde(rename = "orphans")]
    Orphans,
    /// Is what waits for a summary getting one?
    #[serde(rename = "tree")]
    Tree,
    /// Does each sentence of a summary stand in its sources?
    #[serde(rename = "faithful")]
    Faithful,
    /// Something is written, found, cited, forgotten and proved gone.
    #[serde(rename = "round_trip")]
    RoundTrip,
    /// Are the folders and files there that things were read from?
    #[serde(rename = "sources")]
    Sources,
    /// Does the memory lie where a program may keep a database?
    #[serde(rename = "place")]
    Place,
    /// May only this person read the memory's folder?
    #[serde(rename = "permissions")]
    Permissions,
    /// Does the computer's clock go forward?
    #[serde(rename = "clock")]
    Clock,
    /// Are crash reports sent, and what is held?
    #[serde(rename = "crash_reports")]
    CrashReports,
    /// Does the model that was chosen answer?
    #[serde(rename = "models")]
    Models,
    /// Can passages be compared by what they mean?
    #[serde(rename = "meaning")]
    Meaning,
}

/// What a component belongs to, for reading them in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ComponentGroup {
    Store,
    Index,
    Work,
    Sources,
    Backup,
    App,
    Privacy,
}

/// What a finding rests on: a thing and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Evidence {
    pub label: String,
    pub value: String,
    /// What stands in a report instead, where the value names a file, a folder or a person. Null when
    /// the value may be shared as it is.
    pub redacted: Option<String>,
}

/// What a fix could cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FixRisk {
    /// It changes nothing that is kept.
    None,
    /// It makes anew what can be made anew from the rows.
    Low,
    /// It changes or sets aside what is remembered; a backup is made first.
    Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FixCode {
    /// Tries to open the store now.
    TryAgain,
    /// Folds the log into the main file.
    FoldLog,
    /// Makes the word index anew from the passages.
    RebuildIndex,
    /// Puts passages that are missing into the word index and the tree.
    FinishMissing,
    /// Sets aside rows that belong to nothing.
    SetAsideOrphans,
    /// Makes summaries that do not stand in their sources anew.
    RebuildSummaries,
    /// Has all passages read anew for what they mean.
    RebuildVectors,
    /// Queues what failed once more.
    RetryFailed,
    /// Gives work that nobody does any more back to the queue.
    ReleaseStuck,
    /// Ends imports of which nothing is left to do.
    CloseEmptyImports,
    BackUpNow,
    VerifyBackup,
    /// Lets only this person read the memory's folder again.
    RepairPermissions,
    /// No longer watches folders that are gone.
    StopWatching,
    /// Puts the newest good backup in the memory's place. What is there is set aside.
    RestoreBackup,
    /// Opens a copy of the memory for reading.
    OpenCopy,
    /// Begins an empty memory in a folder beside this one, which stays as it is.
    StartFresh,
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
    pub group: ComponentGroup,
    /// It takes long or writes, so it runs by the week or when somebody asks, never by itself at a start.
    pub on_demand: bool,
    /// When it was last well. Null when that is not known.
    pub last_ok: Option<String>,
    /// When it was last looked at, and how long that took.
    pub checked_at: Option<String>,
    #[ts(type = "number | null")]
    pub took_ms: Option<u64>,
    /// It is being looked at now.
    pub running: bool,
    /// The unwell component that this one waits for. It is folded under that one.
    pub waits_for: Option<ComponentCode>,
    pub evidence: Vec<Evidence>,
    /// Those that may mend it, the one to try first in front.
    pub fixes: Vec<FixCode>,
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
