//! What is written down beside a backup, and how it is found again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::place::size_of;

const VERSION: u32 = 1;
const BYTES_MAX: u64 = 1024 * 1024;
pub(super) const FILE: &str = "db";
pub(super) const MANIFEST: &str = "json";
/// A later look has found the backup wanting.
pub(super) const FAILED: &str = "failed";

/// One backup as it lies in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What it is called, without an ending: the database, the moment in UTC.
    pub name: String,
    pub file: PathBuf,
    pub bytes: u64,
    /// As its manifest says, else its name, else the time of its file.
    pub made_unix_ms: i64,
    /// `None` if its manifest is missing or cannot be read. Nothing removes such a backup.
    pub facts: Option<BackupFacts>,
    /// Verifying it has failed once.
    pub failed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFacts {
    pub version: u32,
    pub kind: BackupKind,
    pub made_unix_ms: i64,
    /// The name of the database, without its folder.
    pub database: String,
    pub schema_version: i32,
    pub application_id: i32,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
    /// By table.
    pub rows: BTreeMap<String, u64>,
    pub source_pages: u64,
    pub sqlite_version: String,
    pub keeper_version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// Asked for by a person, or the one of the day.
    Recent,
    /// Made before the steps to a newer schema.
    BeforeMigration,
    /// Written by a version that knows more kinds.
    #[serde(other)]
    Other,
}

/// The backups of the database `stem` in `folder`, newest first.
pub(super) fn list(folder: &Path, stem: &str) -> Vec<Backup> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut backups: Vec<Backup> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|file| Some(file.strip_suffix(".db")?.to_owned()))
        .filter(|name| is_of(name, stem))
        .map(|name| look(folder, name))
        .collect();
    backups.sort_by(|a, b| (b.made_unix_ms, &b.name).cmp(&(a.made_unix_ms, &a.name)));
    backups
}

pub(super) fn look(folder: &Path, name: String) -> Backup {
    let file = path(folder, &name, FILE);
    let facts = read(&path(folder, &name, MANIFEST));
    let told = facts.as_ref().map(|facts| facts.made_unix_ms);
    Backup {
        bytes: size_of(&file).unwrap_or(0),
        made_unix_ms: told
            .or_else(|| named_unix_ms(&name))
            .or_else(|| written_unix_ms(&file))
            .unwrap_or(0),
        facts,
        failed: size_of(&path(folder, &name, FAILED)).is_some(),
        file,
        name,
    }
}

pub(super) fn write(path: &Path, facts: &BackupFacts) -> Result<(), Error> {
    let text =
        serde_json::to_vec_pretty(facts).map_err(|e| Error::from_io(&io::Error::other(e)))?;
    files::write_new(path, &text).map_err(|e| Error::from_io(&e))
}

fn read(path: &Path) -> Option<BackupFacts> {
    if size_of(path)? > BYTES_MAX {
        return None;
    }
    let facts: BackupFacts = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (facts.version == VERSION).then_some(facts)
}

pub(super) fn version() -> u32 {
    VERSION
}

pub(super) fn path(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}

/// The moment in the name of a backup.
fn named_unix_ms(name: &str) -> Option<i64> {
    name.rsplit('-').take(2).find_map(files::unix_ms_of_stamp)
}

fn written_unix_ms(file: &Path) -> Option<i64> {
    let at = fs::symlink_metadata(file).ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// `<stem>-20261121T070111Z`, with a number after it where a second has seen several.
pub(super) fn is_of(name: &str, stem: &str) -> bool {
    let Some(rest) = name.strip_prefix(stem).and_then(|r| r.strip_prefix('-')) else {
        return false;
    };
    let (moment, number) = rest.split_once('-').unwrap_or((rest, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(number)
        && moment
            .strip_suffix('Z')
            .and_then(|m| m.split_once('T'))
            .is_some_and(|(day, time)| digits(day) && digits(time))
}
