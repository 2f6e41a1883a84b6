//! What the person has chosen, kept in a small file of the workspace beside the memory, so that it
//! can be read and mended when the memory can't be opened.
//!
//! A value that makes no sense is never obeyed and never overwritten by itself: the default is used,
//! and health says so.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use oldgrowth_store::Reservations;
use serde_json::{Map, Value};

use crate::{Engine, Error, Result, beside};

/// The file's name in the workspace.
pub const SETTINGS_FILE: &str = "settings.json";

/// A larger file was not written by us.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// More long reads at once than this help nobody and keep the log of the store from being emptied.
const LONG_READS_MOST: u32 = 64;

const LONG_READS_MAX: &str = "long_reads_max";

/// A whole number that may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberSetting {
    /// What the person has set, if it makes sense.
    pub chosen: Option<u32>,
    pub in_use: u32,
    pub default: u32,
    /// The largest that may be set; the smallest is 0.
    pub most: u32,
    pub problem: Option<SettingProblem>,
}

/// Why what is in the file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingProblem {
    /// Negative, broken, too large, or no number at all.
    NotSensible,
    /// The whole file can't be read as settings.
    FileUnreadable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many long reads, such as backups, may be under way at once. 0 lets none begin.
    pub long_reads_max: NumberSetting,
}

/// A change of one setting. `None` goes back to the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingChange {
    LongReadsMax(Option<u32>),
}

impl Engine {
    /// As they are in use now.
    pub fn settings(&self) -> Settings {
        *self.core().settings.lock()
    }

    /// Keeps a change and puts it to use at once. Answers what is in use then.
    pub fn change_setting(&self, change: SettingChange) -> Result<Settings> {
        let core = self.core();
        let SettingChange::LongReadsMax(value) = change;
        if value.is_some_and(|value| value > LONG_READS_MOST) {
            return Err(Error::SettingTooLarge {
                most: LONG_READS_MOST,
            });
        }
        let settings = {
            let mut settings = core.settings.lock();
            keep(
                &core.workspace,
                LONG_READS_MAX,
                value.map(Value::from),
                core.now().0,
            )
            .map_err(|error| {
                tracing::warn!(kind = ?error.kind(), "the settings could not be kept");
                Error::SettingsNotKept
            })?;
            *settings = Settings::load(&core.workspace);
            *settings
        };
        core.store
            .set_reservation_cap(settings.long_reads_max.to_use());
        self.status();
        Ok(settings)
    }
}

impl Settings {
    /// Never fails: what can't be read is a problem of the setting, and the default is used.
    pub(crate) fn load(workspace: &Path) -> Self {
        let values = read_settings(workspace);
        Self {
            long_reads_max: NumberSetting::of(
                values
                    .as_ref()
                    .ok()
                    .map(|values| values.get(LONG_READS_MAX)),
                Reservations::cap_default(),
                LONG_READS_MOST,
            ),
        }
    }
}

impl NumberSetting {
    /// `found` is `None` for a file that can't be read, and what it holds otherwise.
    fn of(found: Option<Option<&Value>>, default: u32, most: u32) -> Self {
        let (chosen, problem) = match found {
            None => (None, Some(SettingProblem::FileUnreadable)),
            Some(None | Some(Value::Null)) => (None, None),
            Some(Some(value)) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                match number.filter(|number| *number <= most) {
                    Some(number) => (Some(number), None),
                    None => (None, Some(SettingProblem::NotSensible)),
                }
            }
        };
        Self {
            chosen,
            in_use: chosen.unwrap_or(default),
            default,
            most,
            problem,
        }
    }

    /// What the keeper is told: its own default unless the person chose.
    pub(crate) fn to_use(self) -> Option<u32> {
        self.chosen
    }
}

/// Everything that the file says.
pub(crate) fn read_settings(workspace: &Path) -> io::Result<Map<String, Value>> {
    read(&workspace.join(SETTINGS_FILE))
}

fn read(path: &Path) -> io::Result<Map<String, Value>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(serde_json::from_slice(&text)?)
}

/// Writes the file anew with one value changed. Values of other versions stay; a file that can't be
/// read is kept under another name.
pub(crate) fn keep(
    workspace: &Path,
    name: &str,
    value: Option<Value>,
    now_unix_ms: i64,
) -> io::Result<()> {
    let path = workspace.join(SETTINGS_FILE);
    let mut values = match read(&path) {
        Ok(values) => values,
        Err(error) if error.kind() == io::ErrorKind::InvalidData || is_no_json(&error) => {
            fs::rename(&path, beside(workspace, "unreadable", now_unix_ms))?;
            Map::new()
        }
        Err(error) => return Err(error),
    };
    match value {
        Some(value) => values.insert(name.to_owned(), value),
        None => values.remove(name),
    };
    let half_made = beside(workspace, "new", now_unix_ms);
    let mut text = serde_json::to_vec_pretty(&values)?;
    text.push(b'\n');
    let mut file = beside::private()
        .create(true)
        .truncate(true)
        .open(&half_made)?;
    file.write_all(&text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&half_made, &path)
}

/// The files of the settings, those included that were set aside because they could not be read.
pub(crate) fn files(workspace: &Path) -> Vec<PathBuf> {
    let is_ours = |name: &str| {
        name == SETTINGS_FILE
            || (name.starts_with("settings.unreadable-") && name.ends_with(".json"))
    };
    fs::read_dir(workspace)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|file| file.file_name().to_str().is_some_and(is_ours))
        .map(|file| file.path())
        .collect()
}

fn is_no_json(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
    )
}

fn beside(workspace: &Path, what: &str, now_unix_ms: i64) -> PathBuf {
    workspace.join(format!("settings.{what}-{now_unix_ms}.json"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(value: &Value) -> NumberSetting {
        NumberSetting::of(Some(Some(value)), 2, LONG_READS_MOST)
    }

    #[test]
    fn what_makes_no_sense_is_not_obeyed() {
        for value in [
            json!(-1),
            json!(1.5),
            json!("3"),
            json!("many"),
            json!(true),
            json!([3]),
            json!({}),
            json!(u64::MAX),
            json!(LONG_READS_MOST + 1),
        ] {
            let setting = setting(&value);
            assert_eq!(
                (setting.in_use, setting.to_use(), setting.problem),
                (2, None, Some(SettingProblem::NotSensible)),
                "the default, and a word about it: {value}"
            );
        }
    }

    #[test]
    fn nought_is_a_choice_and_nothing_is_none() {
        assert_eq!(
            setting(&json!(0)).to_use(),
            Some(0),
            "none may pass, as the person wants it"
        );
        for absent in [None, Some(&Value::Null)] {
            let setting = NumberSetting::of(Some(absent), 2, LONG_READS_MOST);
            assert_eq!((setting.in_use, setting.problem), (2, None), "{absent:?}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_know_and_sets_garbage_aside() {
        let workspace = tempfile::tempdir().unwrap();
        let path = workspace.path().join(SETTINGS_FILE);
        fs::write(
            &path,
            r#"{"of_a_later_version": [1, 2], "long_reads_max": -3}"#,
        )
        .unwrap();
        keep(workspace.path(), LONG_READS_MAX, Some(5.into()), 1).unwrap();
        assert_eq!(
            read(&path).unwrap(),
            *json!({"of_a_later_version": [1, 2], "long_reads_max": 5})
                .as_object()
                .unwrap(),
            "only the one value has changed"
        );
        fs::write(&path, "half a fi").unwrap();
        assert_eq!(
            Settings::load(workspace.path()).long_reads_max.problem,
            Some(SettingProblem::FileUnreadable)
        );
        keep(workspace.path(), LONG_READS_MAX, Some(7.into()), 2).unwrap();
        assert_eq!(Settings::load(workspace.path()).long_reads_max.in_use, 7);
        assert_eq!(
            fs::read_to_string(workspace.path().join("settings.unreadable-2.json")).unwrap(),
            "half a fi",
            "what somebody wrote by hand is still there"
        );
    }
}
