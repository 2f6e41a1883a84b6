//! What a row of health says, and what a fix is called.

use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Reservations;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthCode {
    Store,
    Sidecars,
    Space,
    Jobs,
    Coverage,
    /// How many reads may be long at once.
    LongReads,
    /// Is the SQLite in this program one to trust?
    Sqlite,
    /// Is there a copy, and how old is it?
    Backup,
    /// Was something kept aside that a person should look at?
    KeptAside,
    /// Are the watched folders there, and does the system tell of their changes?
    WatchedFolders,
    /// Does the memory's file read as it should, page by page, index by index?
    Integrity,
    /// Does every row belong to something?
    Orphans,
    /// Is what waits for a summary getting one?
    Tree,
    /// Does each sentence of a summary stand in its sources?
    Faithful,
    /// Something is written, found, cited, forgotten and proved gone.
    RoundTrip,
    /// Are the folders there that things were read from?
    Sources,
    /// Does the memory lie where a program may keep a database?
    Place,
    /// May only this person read the memory's folder?
    Permissions,
    /// Does the computer's clock go forward?
    Clock,
    /// Are crash reports sent, and what is held?
    CrashReports,
    /// Does the model that was chosen answer?
    Models,
    /// Can passages be compared by what they mean?
    Meaning,
}

/// What a component belongs to, for reading them in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthGroup {
    Store,
    Index,
    Work,
    Sources,
    Backup,
    App,
    Privacy,
}

impl HealthCode {
    pub const ALL: [Self; 22] = [
        Self::Store,
        Self::Sidecars,
        Self::Space,
        Self::Jobs,
        Self::Coverage,
        Self::LongReads,
        Self::Sqlite,
        Self::Backup,
        Self::KeptAside,
        Self::WatchedFolders,
        Self::Integrity,
        Self::Orphans,
        Self::Tree,
        Self::Faithful,
        Self::RoundTrip,
        Self::Sources,
        Self::Place,
        Self::Permissions,
        Self::Clock,
        Self::CrashReports,
        Self::Models,
        Self::Meaning,
    ];

    pub fn group(self) -> HealthGroup {
        match self {
            Self::Store
            | Self::Sidecars
            | Self::Space
            | Self::LongReads
            | Self::Integrity
            | Self::Orphans
            | Self::Place => HealthGroup::Store,
            Self::Coverage | Self::Tree | Self::Faithful | Self::RoundTrip | Self::Meaning => {
                HealthGroup::Index
            }
            Self::Jobs | Self::Models => HealthGroup::Work,
            Self::WatchedFolders | Self::Sources => HealthGroup::Sources,
            Self::Backup | Self::KeptAside => HealthGroup::Backup,
            Self::Sqlite | Self::Clock => HealthGroup::App,
            Self::Permissions | Self::CrashReports => HealthGroup::Privacy,
        }
    }

    /// How long something must have been so before anybody hears of it: what is over before was a moment's
    /// lock or a disk that was asleep. The folders that are watched have waits of their own.
    pub(crate) fn time_to_visible(self, state: ComponentState) -> Duration {
        match (self, state) {
            (Self::Store, ComponentState::Warn | ComponentState::Fail) => Duration::from_secs(3),
            _ => Duration::ZERO,
        }
    }

    /// It takes long or writes, so it is looked at by the week or when somebody asks, never at a start.
    pub fn on_demand(self) -> bool {
        matches!(
            self,
            Self::Integrity | Self::Orphans | Self::Faithful | Self::RoundTrip
        )
    }
}

/// Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    Ok,
    /// Not looked at yet, which is not the same as well.
    Unknown,
    /// The check itself broke.
    Crashed,
    Warn,
    Fail,
}

/// What a finding rests on: a thing and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub label: String,
    pub value: String,
    /// What stands in a report instead, where the value is not fit to be shared.
    pub redacted: Option<String>,
}

/// What a fix could cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixRisk {
    /// It changes nothing that is kept.
    None,
    /// It makes anew what can be made anew from the rows.
    Low,
    /// It changes or sets aside what is remembered; a backup is made first.
    Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixCode {
    TryAgain,
    FoldLog,
    RebuildIndex,
    FinishMissing,
    SetAsideOrphans,
    RebuildSummaries,
    RebuildVectors,
    RetryFailed,
    ReleaseStuck,
    CloseEmptyImports,
    BackUpNow,
    VerifyBackup,
    RepairPermissions,
    StopWatching,
    RestoreBackup,
    OpenCopy,
    StartFresh,
}

impl FixCode {
    pub(crate) fn risk(self) -> FixRisk {
        match self {
            Self::TryAgain
            | Self::FoldLog
            | Self::BackUpNow
            | Self::VerifyBackup
            | Self::OpenCopy
            | Self::RetryFailed
            | Self::ReleaseStuck
            | Self::CloseEmptyImports
            | Self::StopWatching
            | Self::StartFresh => FixRisk::None,
            Self::RebuildIndex
            | Self::FinishMissing
            | Self::RepairPermissions
            | Self::RebuildSummaries
            | Self::RebuildVectors => FixRisk::Low,
            Self::SetAsideOrphans | Self::RestoreBackup => FixRisk::Data,
        }
    }

    /// Can it be undone for a while, if what it found can be put back?
    pub(crate) fn can_be_undone(self) -> bool {
        matches!(
            self,
            Self::StopWatching | Self::StartFresh | Self::SetAsideOrphans | Self::RestoreBackup
        )
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub code: HealthCode,
    pub state: ComponentState,
    /// In plain words.
    pub cause: String,
    pub since: UnixMs,
    /// What the person can do, or what happens by itself.
    pub next: Option<String>,
    pub last_ok: Option<UnixMs>,
    pub checked_at: Option<UnixMs>,
    pub took: Option<Duration>,
    /// It is being looked at now.
    pub running: bool,
    /// The unwell component that this one waits for.
    pub waits_for: Option<HealthCode>,
    pub evidence: Vec<Evidence>,
    pub fixes: Vec<FixCode>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub headline: String,
    pub state: ComponentState,
    pub components: Vec<Component>,
    /// Grows with each change of any row.
    pub seq: u64,
    pub reservations: Reservations,
}
