//! Copies of the whole store: backups, and what the keeper keeps aside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use oldgrowth_domain::UnixMs;

use crate::{Result, Store};

/// How far a copy has come, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u32,
    pub of: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The name of its file without the ending; it begins with the time.
    pub id: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// `None` when the note beside it is missing or can't be read.
    pub note: Option<BackupNote>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupNote {
    pub made_at: UnixMs,
    /// Made by itself before the schema was changed.
    pub before_update: bool,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// A set of files kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    pub id: String,
    pub folder: PathBuf,
    pub made_at: Option<UnixMs>,
    pub reason: AsideReason,
    pub by_person: bool,
    pub only_copy: bool,
    pub bytes: u64,
    /// It holds a main file.
    pub restorable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AsideReason {
    LogDamaged,
    LogForeign,
    MainMissing,
    MainEmpty,
    NotSound,
    HotJournal,
    /// The file was moved or replaced while it was open.
    SplitBrain,
    /// A copy was put in its place.
    Restored,
    /// What could be salvaged of it was put in its place.
    Salvaged,
    Asked,
    /// Of another version, or its note can't be read.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub made_at: Option<UnixMs>,
    pub schema_version: i32,
    pub here_written_at: Option<UnixMs>,
    pub here_bytes: u64,
    pub tables: Vec<TablePreview>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePreview {
    pub table: String,
    pub there: Option<u64>,
    pub here: Option<u64>,
}

impl Store {
    /// Newest first.
    pub fn backups(&self) -> Result<Vec<Backup>> {
        Ok(Vec::new())
    }

    /// Newest first.
    pub fn kept_aside(&self) -> Result<Vec<KeptAside>> {
        Ok(Vec::new())
    }

    /// Makes a backup in its folder, or at a path where nothing is. `progress` says whether to go on;
    /// a backup that is stopped leaves nothing.
    pub fn make_backup(
        &self,
        _to: Option<&Path>,
        _progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Backup> {
        Err(oldgrowth_keeper::Error::Closed.into())
    }

    /// Reads all of a backup and opens it.
    pub fn verify_backup(&self, _backup: &Backup) -> Result<()> {
        Ok(())
    }

    /// What a copy would bring and set aside. `None` when there is no such copy.
    pub fn preview_copy(&self, _id: &str) -> Result<Option<Preview>> {
        Ok(None)
    }

    /// Writes a copy to a path where nothing is. False when there is no such copy.
    pub fn copy_to(&self, _id: &str, _path: &Path) -> Result<bool> {
        Ok(false)
    }

    /// Puts a copy in the store's place. Answers the set in which what was there is kept, or `None` when
    /// there is no such copy.
    pub fn put_back(&self, _id: &str) -> Result<Option<String>> {
        Ok(None)
    }

    /// Removes a set for good. False when there is none of this name.
    pub fn discard_aside(&self, _id: &str) -> Result<bool> {
        Ok(false)
    }

    /// Goes on without what lies behind a damage in the log.
    pub fn accept_damage(&self) -> Result<()> {
        Ok(self.file.accept_damage()?)
    }

    /// Where the backups of a workspace lie.
    pub fn backups_folder(&self) -> PathBuf {
        self.folder().join("backups")
    }

    /// When the store's files were last written. Looked up beside SQLite, by name alone.
    pub fn written_at(&self) -> Option<UnixMs> {
        let main = self.facts().path;
        let beside = |suffix: &str| {
            let mut name = main.clone().into_os_string();
            name.push(suffix);
            modified(Path::new(&name))
        };
        beside("").max(beside("-wal"))
    }

    /// When the store was made.
    pub fn made_at(&self) -> Option<UnixMs> {
        let mut mark = self.facts().path.into_os_string();
        mark.push(".made");
        modified(Path::new(&mark))
    }

    fn folder(&self) -> PathBuf {
        let main = self.facts().path;
        main.parent().map_or_else(PathBuf::new, Path::to_path_buf)
    }
}

fn modified(path: &Path) -> Option<UnixMs> {
    let at = std::fs::symlink_metadata(path).ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMs(i64::try_from(since.as_millis()).ok()?))
}
