//! Backups beside the database: made through SQLite while it is in use, proved by opening them, and thinned
//! out by age.
//!
//! ```text
//!   backups/20261121T070111Z-1a2b3c4d.db        one file that needs no other
//!   backups/20261121T070111Z-1a2b3c4d.json      what it is; without it the file is kept but not known
//!   backups/*.tmp                               unfinished, and removed by the next backup
//! ```

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::ambient::Clock;
use crate::copying::{self, Progress, Snapshot};
use crate::error::{BadCopy, Error, PathProblem};
use crate::facts::JournalMode;
use crate::file::KeptFile;
use crate::files;
use crate::held::connection_is_held;
use crate::open::open_reader;
use crate::place::{self, Place, with_suffix};
use crate::rotation::{self, Kept};
use crate::soundness::{RowCounts, Sound, prove};
use crate::stamp;

const GUARD_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// The part of the volume that stays free.
const GUARD_PER_VOLUME: u64 = 100;
/// All backups together, in databases and as a part of the free space.
const KEPT_PER_DATABASE: u64 = 2;
const KEPT_PER_FREE: u64 = 10;
/// Before a migration there must be room for the copy, for the migrated file and for its WAL.
const MIGRATION_SPACE: u64 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub path: PathBuf,
    /// `None` if it is missing or cannot be read. Such a backup is never removed.
    pub manifest: Option<BackupManifest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    pub made_unix_ms: i64,
    pub kind: BackupKind,
    pub schema_version: i32,
    pub application_id: i32,
    pub bytes: u64,
    pub sha256: String,
    pub rows: RowCounts,
    pub source_pages: u32,
    pub sqlite_version: String,
    pub app_version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// By a person, or daily.
    Recent,
    /// Before the steps that lead away from this version.
    BeforeMigration { version: i32 },
}

impl KeptFile {
    /// Makes a backup while the file is in use. `progress` is asked every 256 pages whether to go on;
    /// stopped, it fails with `Cancelled` and leaves nothing. With too little space it fails with `DiskFull`
    /// before it has written anything.
    pub fn backup(
        &self,
        kind: BackupKind,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Backup, Error> {
        let _alone = self.copying.try_lock().ok_or(Error::Overloaded)?;
        self.with_own_reader(|source| {
            make(
                &self.place,
                source,
                kind,
                self.ambient.clock.as_ref(),
                progress,
            )
        })
    }

    /// Writes a backup to a place that a person chose, where nothing may be. It is never thinned out.
    pub fn backup_to(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Backup, Error> {
        refuse_taken(path)?;
        self.with_own_reader(|source| {
            let bytes = place::size_of(&self.place.main).unwrap_or(0);
            refuse_without_space(path, bytes.saturating_add(bytes / 10))?;
            let draft = Draft::new(with_suffix(path, ".tmp"))?;
            let made_unix_ms = self.ambient.clock.unix_ms();
            let manifest = fill(&draft, source, BackupKind::Recent, made_unix_ms, progress)?;
            draft.take_name(path)?;
            Ok(Backup {
                path: path.to_path_buf(),
                manifest: Some(manifest),
            })
        })
    }

    /// Those beside the database, oldest first.
    pub fn backups(&self) -> Result<Vec<Backup>, Error> {
        list(&self.place)
    }

    /// Reads all of a backup and opens it, as a restore would.
    pub fn verify(&self, backup: &Backup) -> Result<(), Error> {
        verify(backup).map(drop)
    }

    /// Runs `op` in one snapshot on a connection that nobody else uses, so that no reader of the pool is
    /// held for long. Without shared memory there is only the writer's.
    pub(crate) fn with_own_reader<T>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        // A reservation of the hub's belongs here: this holds a snapshot for long.
        let hub = self.hub()?;
        let _stays = self.opening.keep_in_place();
        if hub.mode == JournalMode::WalExclusive {
            let writer = hub.writer.lock();
            let conn = writer.as_ref().ok_or(Error::Overloaded)?;
            let _snapshot = Snapshot::start(&conn.connection)?;
            return op(&conn.connection);
        }
        let reader = open_reader(&self.place, &self.ambient.clock)?;
        self.count_connection();
        let _snapshot = Snapshot::start(&reader.connection)?;
        op(&reader.connection)
    }
}

/// The backup without which no migration begins.
pub(crate) fn before_migration(
    place: &Place,
    source: &Connection,
    version: i32,
    clock: &dyn Clock,
) -> Result<(), Error> {
    let bytes = place::size_of(&place.main).unwrap_or(0) + place::size_of(&place.wal).unwrap_or(0);
    refuse_without_space(&place.main, bytes.saturating_mul(MIGRATION_SPACE))?;
    let _snapshot = Snapshot::start(source)?;
    let kind = BackupKind::BeforeMigration { version };
    make(place, source, kind, clock, &mut |_| {
        ControlFlow::Continue(())
    })
    .map(drop)
}

pub(crate) fn list(place: &Place) -> Result<Vec<Backup>, Error> {
    let mut backups: Vec<Backup> = names_in(place)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .map(|path| Backup {
            manifest: files::read_small(&path.with_extension("json"))
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            path,
        })
        .collect();
    backups.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(backups)
}

pub(crate) fn verify(backup: &Backup) -> Result<Sound, Error> {
    let manifest = backup
        .manifest
        .as_ref()
        .ok_or(Error::BadCopy(BadCopy::Manifest))?;
    let digest = match files::digest(&backup.path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Error::BadCopy(BadCopy::Missing));
        }
        digest => digest.map_err(|e| Error::from_io(&e))?,
    };
    if (digest.bytes, &digest.sha256) != (manifest.bytes, &manifest.sha256) {
        return Err(Error::BadCopy(BadCopy::Bytes));
    }
    let sound = prove(&backup.path)?;
    if sound.rows != manifest.rows {
        return Err(Error::BadCopy(BadCopy::Rows));
    }
    Ok(sound)
}

/// Neither the file nor one of its sidecars may be there.
pub(crate) fn refuse_taken(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::symlink_metadata(with_suffix(path, suffix)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::from_io(&e)),
            Ok(_) => {
                return Err(Error::Path {
                    problem: PathProblem::Taken,
                    errno: None,
                });
            }
        }
    }
    Ok(())
}

/// `bytes` and the guard must be free on the volume of this file.
pub(crate) fn refuse_without_space(path: &Path, bytes: u64) -> Result<(), Error> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let part = place::volume_bytes(folder).unwrap_or(0) / GUARD_PER_VOLUME;
    let needed = bytes.saturating_add(part.max(GUARD_BYTES_MIN));
    if place::free_bytes(folder).is_some_and(|free| free < needed) {
        return Err(Error::DiskFull {
            code: None,
            errno: None,
        });
    }
    Ok(())
}

fn make(
    place: &Place,
    source: &Connection,
    kind: BackupKind,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Backup, Error> {
    let failed = |e: io::Error| Error::from_io(&e);
    let (Some(backups), Some(home)) = (place.backups(), place.folder()) else {
        return Err(bad_name());
    };
    let bytes = place::size_of(&place.main).unwrap_or(0);
    refuse_without_space(&place.main, bytes.saturating_add(bytes / 10))?;
    files::make_folder(&backups).map_err(failed)?;
    files::sync_folder(home).map_err(failed)?;
    sweep(place)?;

    let name = stamp::unique(clock);
    let path = backups.join(format!("{name}.db"));
    let draft = Draft::new(backups.join(format!("{name}.db.tmp")))?;
    let manifest = fill(&draft, source, kind, clock.unix_ms(), progress)?;
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| failed(e.into()))?;
    let note = Draft::new(backups.join(format!("{name}.json.tmp")))?;
    files::write_new(&note.path, &text).map_err(failed)?;
    // The manifest first: a file under its final name then always has one.
    note.take_name(&backups.join(format!("{name}.json")))?;
    draft.take_name(&path)?;
    thin_out(place, &path);
    Ok(Backup {
        path,
        manifest: Some(manifest),
    })
}

/// Copies, proves and describes.
fn fill(
    draft: &Draft,
    source: &Connection,
    kind: BackupKind,
    made_unix_ms: i64,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<BackupManifest, Error> {
    copying::copy(source, &draft.path, progress)?;
    let sound = prove(&draft.path)?;
    let digest = files::digest(&draft.path).map_err(|e| Error::from_io(&e))?;
    Ok(BackupManifest {
        made_unix_ms,
        kind,
        schema_version: sound.schema_version,
        application_id: sound.application_id,
        bytes: digest.bytes,
        sha256: digest.sha256,
        rows: sound.rows,
        source_pages: sound.pages,
        sqlite_version: rusqlite::version().to_owned(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Removes what has to go by age and number. The new backup is whole, so one that will not go is no
/// reason to fail.
fn thin_out(place: &Place, just_made: &Path) {
    let done = list(place).and_then(|backups| {
        let known: Vec<(&Backup, &BackupManifest)> = backups
            .iter()
            .filter_map(|b| b.manifest.as_ref().map(|m| (b, m)))
            .collect();
        let kept: Vec<Kept> = known
            .iter()
            .map(|(backup, manifest)| Kept {
                made_unix_ms: manifest.made_unix_ms,
                bytes: manifest.bytes,
                before_leaving: match manifest.kind {
                    BackupKind::Recent => None,
                    BackupKind::BeforeMigration { version } => Some(version),
                },
                just_made: backup.path == just_made,
            })
            .collect();
        for index in rotation::to_remove(&kept, bytes_max(place)) {
            if let Some((backup, _)) = known.get(index) {
                // Without its manifest a backup would stay for ever, so that goes last.
                files::remove_own(&backup.path).map_err(|e| Error::from_io(&e))?;
                files::remove_own(&backup.path.with_extension("json"))
                    .map_err(|e| Error::from_io(&e))?;
            }
        }
        Ok(())
    });
    if let Err(error) = done {
        tracing::warn!(%error, "old backups could not be thinned out");
    }
}

fn bytes_max(place: &Place) -> u64 {
    let database = place::size_of(&place.main).unwrap_or(0);
    let free = place.folder().and_then(place::free_bytes);
    let of_free = free.map_or(u64::MAX, |free| free / KEPT_PER_FREE);
    database.saturating_mul(KEPT_PER_DATABASE).min(of_free)
}

/// Removes what a process that ended left unfinished. Only one backup is made at a time.
fn sweep(place: &Place) -> Result<(), Error> {
    for path in names_in(place)? {
        let is_draft = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| DRAFT_ENDINGS.iter().any(|ending| name.ends_with(ending)));
        if is_draft {
            files::remove_own(&path).map_err(|e| Error::from_io(&e))?;
        }
    }
    Ok(())
}

const DRAFT_ENDINGS: [&str; 5] = [
    ".db.tmp",
    ".db.tmp-wal",
    ".db.tmp-shm",
    ".db.tmp-journal",
    ".json.tmp",
];

fn names_in(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let Some(folder) = place.backups() else {
        return Ok(Vec::new());
    };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::from_io(&e)),
    };
    entries
        .map(|entry| entry.map(|e| e.path()).map_err(|e| Error::from_io(&e)))
        .collect()
}

/// A file under a name that says it is unfinished. Dropped without its own name it goes away.
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
    named: bool,
}

impl Draft {
    pub(crate) fn new(path: PathBuf) -> Result<Draft, Error> {
        refuse_taken(&path)?;
        Ok(Draft { path, named: false })
    }

    /// Gives the finished file a name that is free, for good.
    pub(crate) fn take_name(mut self, name: &Path) -> Result<(), Error> {
        files::rename_new(&self.path, name).map_err(|e| Error::from_io(&e))?;
        self.named = true;
        match name.parent() {
            Some(folder) => files::sync_folder(folder).map_err(|e| Error::from_io(&e)),
            None => Ok(()),
        }
    }

    /// Leaves the file to somebody else, under the name it has.
    pub(crate) fn leave(mut self) -> PathBuf {
        self.named = true;
        std::mem::take(&mut self.path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.named {
            return;
        }
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // One that stays is removed by the next backup.
            files::remove_own(&with_suffix(&self.path, suffix)).ok();
        }
    }
}

pub(crate) fn bad_name() -> Error {
    Error::Path {
        problem: PathProblem::BadName,
        errno: None,
    }
}
