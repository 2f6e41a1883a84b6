//! Copies of the whole store: backups, and what the keeper keeps aside.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use oldgrowth_domain::UnixMs;
use oldgrowth_keeper::{
    BackupKind, BadCopy, CopyProgress, MadeBy, Set, Source, complete_salvaged, read_copy, relocate,
    salvage,
};

use crate::open::SCHEMA;
use crate::table::orphans::Gone;
use crate::table::totals::Totals;
use crate::{Error, Read, Result, Store, Write, salvaged};

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
    /// It was read through and was not what it should be.
    pub failed: bool,
    pub made_at: UnixMs,
    /// `None` when the note beside it is missing or can't be read.
    pub note: Option<BackupNote>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupNote {
    /// Made by itself before the schema was changed.
    pub before_update: bool,
    /// Rows by table; empty when they were not written down.
    pub rows: BTreeMap<String, u64>,
}

/// A set of files kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    pub id: String,
    pub folder: PathBuf,
    pub made_at: UnixMs,
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
    LogTorn,
    LogForeign,
    MainMissing,
    MainEmpty,
    NotSound,
    HotJournal,
    /// The file was moved or replaced while it was open.
    SplitBrain,
    /// A copy was put in its place.
    Replaced,
    /// Of another version, or its note can't be read.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub made_at: Option<UnixMs>,
    pub schema_version: i32,
    /// It would be brought up to date on the way.
    pub is_older: bool,
    pub here_written_at: Option<UnixMs>,
    pub here_bytes: u64,
    pub tables: Vec<TablePreview>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePreview {
    pub table: String,
    pub there: Option<u64>,
    pub here: Option<u64>,
    /// Rows here that are newer than all that is there.
    pub newer_here: u64,
}

/// A file that was made from what can be read of the store's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvage {
    /// Its word index holds nothing yet.
    pub empty_index: bool,
    /// Nothing stood in the files that could not be read.
    pub all_read: bool,
    /// So many documents have their passages and not their names.
    pub unnamed: u64,
}

/// A copy that was put in the store's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// In which what was there is kept.
    pub set: String,
    /// It was made from what can be read of a damaged one.
    pub salvaged: bool,
    /// And its word index holds nothing yet.
    pub empty_index: bool,
}

/// What was done with a copy.
struct WithCopy<T> {
    done: T,
    made_at: Option<UnixMs>,
    salvaged: bool,
    empty_index: bool,
}

/// What is in a copy, and what it names that is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InCopy {
    pub there: Totals,
    pub gone: Gone,
}

/// A copy, found by its name.
struct Found {
    source: Source,
    made_at: Option<UnixMs>,
    /// Kept for as long as the source is used.
    salvaged: Option<Salvaged>,
}

/// A file that was made from a damaged set. It goes when it is dropped; the set stays.
struct Salvaged {
    folder: PathBuf,
    file: PathBuf,
    empty_index: bool,
}

impl Store {
    /// Newest first.
    pub fn backups(&self) -> Vec<Backup> {
        self.file.backups().into_iter().map(Backup::of).collect()
    }

    /// Newest first.
    pub fn kept_aside(&self) -> Vec<KeptAside> {
        self.file
            .quarantine()
            .into_iter()
            .map(KeptAside::of)
            .collect()
    }

    /// Makes a backup in its folder, or at a path where nothing is. `progress` says whether to go on;
    /// a backup that is stopped leaves nothing.
    pub fn make_backup(
        &self,
        to: Option<&Path>,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Backup> {
        let mut asked = |come: CopyProgress| {
            let goes_on = progress(Progress {
                done: come.done,
                of: come.of,
            });
            if goes_on {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let Some(to) = to else {
            let made = self.file.backup(BackupKind::Recent, &mut asked)?;
            return Ok(Backup::of(made));
        };
        self.file.backup_to(to, &mut asked)?;
        Ok(Backup {
            id: to
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path: to.to_path_buf(),
            bytes: std::fs::metadata(to).map_or(0, |file| file.len()),
            failed: false,
            made_at: modified(to).unwrap_or(UnixMs(0)),
            note: Some(BackupNote {
                before_update: false,
                rows: BTreeMap::new(),
            }),
        })
    }

    /// Reads all of a backup and opens it. False when there is none of this name.
    pub fn verify_backup(&self, id: &str) -> Result<bool> {
        let backups = self.file.backups();
        let Some(backup) = backups.iter().find(|backup| backup.name == id) else {
            return Ok(false);
        };
        self.file.verify(backup)?;
        Ok(true)
    }

    /// What a copy would bring and set aside. `None` when there is no such copy.
    pub fn preview_copy(&self, id: &str) -> Result<Option<Preview>> {
        let Some(previewed) = self.with(id, |source| Ok(self.file.preview(source)?))? else {
            return Ok(None);
        };
        let preview = previewed.done;
        let facts = self.file.facts();
        Ok(Some(Preview {
            made_at: previewed.made_at.or(preview.made_unix_ms.map(UnixMs)),
            schema_version: preview.schema_version,
            is_older: preview.is_older,
            here_written_at: self.written_at(),
            here_bytes: facts.main_bytes.unwrap_or(0) + facts.wal_bytes.unwrap_or(0),
            tables: preview
                .tables
                .into_iter()
                .map(|table| TablePreview {
                    table: table.name,
                    there: table.rows_there,
                    here: table.rows_here,
                    newer_here: table.newer_here,
                })
                .collect(),
        }))
    }

    /// Writes a copy to a path where nothing is. False when there is no such copy.
    pub fn copy_to(&self, id: &str, path: &Path) -> Result<bool> {
        let copied = self.with(id, |source| Ok(self.file.restore_to(source, path)?))?;
        Ok(copied.is_some())
    }

    /// Makes a file at a path where nothing is from what can be read of the store's own files, which are
    /// copied first and stay as they are; whoever calls meanwhile waits. Fails while somebody goes on using
    /// them, and when nothing can be got out of them.
    pub fn salvage_to(&self, path: &Path, now: UnixMs) -> Result<Salvage> {
        let folder = path.with_extension("salvaging");
        let salvaged = self.copy_and_salvage(&folder, path, now);
        remove_salvaged(&folder.join("made"));
        remove_salvaged(&folder);
        salvaged
    }

    /// Counts what is in a copy that was written to a path and that nobody has open.
    pub fn count_copy(path: &Path) -> Result<InCopy> {
        read_copy(path, |tx| {
            let r = Read::new(tx.connection());
            Ok::<_, Error>(InCopy {
                there: r.totals()?,
                gone: r.gone()?,
            })
        })
    }

    /// Puts a copy in the store's place. `None` when there is no such copy. `announced` hears of that set before anything is moved into it, is not to call
    /// the store, and may call it off.
    pub fn put_back(
        &self,
        id: &str,
        announced: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Option<Restored>> {
        let restored = self.with(id, |source| {
            let mut is_begun = false;
            let done = self.file.restore_announcing(source, &mut |set| {
                is_begun = true;
                announced(&set.id)
            });
            // What is under way is not begun once more with something else.
            match done {
                Err(error) if !is_begun => Err(error.into()),
                done => Ok(done),
            }
        })?;
        let Some(restored) = restored else {
            return Ok(None);
        };
        Ok(Some(Restored {
            set: restored.done?.id,
            salvaged: restored.salvaged,
            empty_index: restored.empty_index,
        }))
    }

    /// Removes a set for good. False when there is none of this name.
    pub fn discard_aside(&self, id: &str) -> Result<bool> {
        if !self.file.quarantine().iter().any(|set| set.id == id) {
            return Ok(false);
        }
        self.file.discard(id)?;
        Ok(true)
    }

    /// Goes on without what lies behind a damage in the log.
    pub fn accept_damage(&self) -> Result<()> {
        Ok(self.file.accept_damage()?)
    }

    /// Does something with a copy. Of a set that is damaged it is done with what
    /// can be salvaged of it. None when there is no such copy.
    fn with<T>(
        &self,
        id: &str,
        mut op: impl FnMut(&Source) -> Result<T>,
    ) -> Result<Option<WithCopy<T>>> {
        let Some(found) = self.find(id)? else {
            return Ok(None);
        };
        let mut salvaged = found.salvaged.is_some();
        let mut empty_index = found.salvaged.as_ref().is_some_and(|made| made.empty_index);
        let done = match (op(&found.source), &found.source) {
            (Err(error), Source::Set(set)) if error.is_bad_copy() => {
                let into = self.folder().join(format!("salvaged-{id}"));
                // Where nothing can be read of it, it is the copy that is to blame.
                let made = Salvaged::of(set, into).map_err(|error| match error.is_transient() {
                    // As on a full disk: it says nothing of the copy.
                    true => error,
                    false => oldgrowth_keeper::Error::BadCopy(BadCopy::Unsound).into(),
                })?;
                (salvaged, empty_index) = (true, made.empty_index);
                op(&Source::File(made.file.clone()))
            }
            (done, _) => done,
        };
        Ok(Some(WithCopy {
            done: done?,
            made_at: found.made_at,
            salvaged,
            empty_index,
        }))
    }

    /// A backup or a set by its name. Of a set whose log is damaged it is what can be salvaged.
    fn find(&self, id: &str) -> Result<Option<Found>> {
        let backup = self.file.backups().into_iter().find(|one| one.name == id);
        if let Some(backup) = backup {
            return Ok(Some(Found {
                made_at: Some(UnixMs(backup.made_unix_ms)),
                source: Source::Backup(backup),
                salvaged: None,
            }));
        }
        let Some(set) = self.file.quarantine().into_iter().find(|one| one.id == id) else {
            return Ok(None);
        };
        let made_at = Some(UnixMs(set.manifest.made_unix_ms));
        let damaged = set
            .manifest
            .wal
            .as_ref()
            .is_some_and(|wal| wal.commits_behind > 0);
        if !damaged {
            return Ok(Some(Found {
                made_at,
                source: Source::Set(set),
                salvaged: None,
            }));
        }
        let into = self.folder().join(format!("salvaged-{id}"));
        let salvaged = Salvaged::of(&set, into)?;
        Ok(Some(Found {
            made_at,
            source: Source::File(salvaged.file.clone()),
            salvaged: Some(salvaged),
        }))
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

    fn copy_and_salvage(&self, folder: &Path, to: &Path, now: UnixMs) -> Result<Salvage> {
        let io = |error: std::io::Error| oldgrowth_keeper::Error::from_io(&error);
        let main = self.facts().path;
        let name = main.file_name().unwrap_or_default().to_string_lossy();
        relocate::make_folder(folder).map_err(io)?;
        self.file.copy_files_to(folder)?;
        let made = salvage(folder, &name, None, Some(&SCHEMA), &folder.join("made"))?;
        let (lacked, unnamed) = complete(&made.path, now)?;
        relocate::rename_new(&made.path, to).map_err(io)?;
        let all_read = lacked.is_empty()
            && made.lost_ranges.is_empty()
            && made.rows_refused == 0
            && made.doubtful_pages == 0
            && made.not_remade.is_empty();
        Ok(Salvage {
            empty_index: has_empty_index(&made, &lacked),
            all_read,
            unnamed,
        })
    }
}

fn modified(path: &Path) -> Option<UnixMs> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if meta.is_dir() {
        return None;
    }
    let at = meta.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMs(i64::try_from(since.as_millis()).ok()?))
}

impl Salvaged {
    fn of(set: &Set, folder: PathBuf) -> Result<Self> {
        // What a process that was killed has left there was made from the set, as this will be.
        remove_salvaged(&folder);
        let made = salvage(
            &set.folder,
            &set.manifest.database,
            None,
            Some(&SCHEMA),
            &folder,
        )?;
        let (lacked, _) = complete(&made.path, UnixMs(set.manifest.made_unix_ms))?;
        Ok(Self {
            folder,
            empty_index: has_empty_index(&made, &lacked),
            file: made.path,
        })
    }
}

/// The word index keeps no content that it could be made from.
fn has_empty_index(made: &oldgrowth_keeper::Salvaged, lacked: &[String]) -> bool {
    let lists = ["words", "words_near"];
    !made.to_refill.is_empty() || lacked.iter().any(|name| lists.contains(&name.as_str()))
}

/// Makes a salvaged file one that can be used. Answers what it lacked, and how many documents had lost their names.
fn complete(file: &Path, now: UnixMs) -> Result<(Vec<String>, u64)> {
    complete_salvaged(file, &SCHEMA, |tx| {
        let w = Write::new(tx.connection());
        // Keys of passages that were lost are used again, so nothing tells which were looked through, put to a day or embedded.
        w.forget_extraction()?;
        w.forget_days()?;
        w.forget_topics()?;
        w.forget_vectors()?;
        salvaged::take_in(&w, now)
    })
}

impl Drop for Salvaged {
    fn drop(&mut self) {
        remove_salvaged(&self.folder);
    }
}

/// Removes the files that salvaging has made, and their folder when nothing else is in it.
fn remove_salvaged(folder: &Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files {
        if let Err(error) = std::fs::remove_file(file.path()) {
            tracing::debug!(kind = ?error.kind(), "a salvaged file stays");
        }
    }
    if folder.exists() && std::fs::remove_dir(folder).is_err() {
        tracing::debug!("the folder of a salvaged file stays");
    }
}

impl Backup {
    fn of(backup: oldgrowth_keeper::Backup) -> Self {
        Self {
            id: backup.name,
            path: backup.file,
            bytes: backup.bytes,
            failed: backup.failed,
            made_at: UnixMs(backup.made_unix_ms),
            note: backup.facts.map(|facts| BackupNote {
                before_update: facts.kind == BackupKind::BeforeMigration,
                rows: facts.rows,
            }),
        }
    }
}

impl KeptAside {
    fn of(set: Set) -> Self {
        let manifest = &set.manifest;
        Self {
            made_at: UnixMs(manifest.made_unix_ms),
            reason: AsideReason::parse(&manifest.reason),
            by_person: manifest.made_by == MadeBy::Person,
            only_copy: manifest.holds_only_copy && set.bytes() > 0,
            bytes: set.bytes(),
            restorable: set.main().is_some(),
            id: set.id,
            folder: set.folder,
        }
    }
}

impl AsideReason {
    fn parse(reason: &str) -> Self {
        match reason {
            "wal_damaged" => Self::LogDamaged,
            "wal_torn" => Self::LogTorn,
            "wal_foreign" => Self::LogForeign,
            "main_missing" => Self::MainMissing,
            "main_empty" => Self::MainEmpty,
            "not_sound" => Self::NotSound,
            "hot_journal" => Self::HotJournal,
            "split_brain" => Self::SplitBrain,
            "replaced" => Self::Replaced,
            _ => Self::Unknown,
        }
    }
}
