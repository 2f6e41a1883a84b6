use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SettingName {
    /// How many long reads, such as backups, may be under way at once. 0 lets none begin.
    LongReadsMax,
}

/// A whole number that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NumberSetting {
    /// What was set; null when the default is used.
    pub chosen: Option<u32>,
    pub in_use: u32,
    pub default: u32,
    /// The largest that can be set; the smallest is 0.
    pub most: u32,
    /// Why what is in the file is not used, in plain words.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Settings {
    pub long_reads_max: NumberSetting,
}

/// A change of one setting; without a value it goes back to its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct SettingChange {
    pub name: SettingName,
    pub value: Option<u32>,
}
