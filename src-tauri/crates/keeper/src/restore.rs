//! Brings back what a backup holds: beside the database, or in its place.
//!
//! A file that comes from elsewhere is never written over one that is there. It is copied, proved and
//! migrated under another name first, so that the time without a database is that of a few renames.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::backup::{
    Backup, BackupManifest, Draft, bad_name, refuse_taken, refuse_without_space, verify,
};
use crate::copying;
use crate::error::{BadCopy, Error};
use crate::file::{KeptFile, Lane};
use crate::files;
use crate::held::connection_is_held;
use crate::migrate::{Schema, check, migrate, open_error};
use crate::place::{Place, size_of, with_suffix};
use crate::preserve::{Why, preserve_connected};
use crate::quarantine::{self, QuarantineSet, Reason};
use crate::raw;
use crate::soundness::{Sound, count_rows, prove, prove_open};
use crate::stamp;
use crate::swap::swap;

/// How long a swap waits for reads and backups under way.
const QUIET_WAIT: Duration = Duration::from_secs(15);

/// What takes the place of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One of `backups()`, checked against its manifest.
    Backup(Backup),
    /// Any file of ours: an export, a set in quarantine, a backup without a manifest.
    File(PathBuf),
    /// What was salvaged from the present files.
    Salvaged(PathBuf),
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Source::Backup(backup) => &backup.path,
            Source::File(path) | Source::Salvaged(path) => path,
        }
    }

    fn manifest(&self) -> Option<&BackupManifest> {
        match self {
            Source::Backup(backup) => backup.manifest.as_ref(),
            Source::File(_) | Source::Salvaged(_) => None,
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Source::Backup(_) | Source::File(_) => Reason::Restored,
            Source::Salvaged(_) => Reason::Salvaged,
        }
    }
}

/// What a person should see before they choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub schema_version: i32,
    pub made_unix_ms: Option<i64>,
    /// When the present files were last written.
    pub here_written_unix_ms: Option<i64>,
    /// What would be set aside, in bytes.
    pub here_bytes: u64,
    pub tables: Vec<TablePreview>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePreview {
    pub name: String,
    /// `None` where the table is not there.
    pub rows_there: Option<u64>,
    /// `None` also where the present file cannot be read.
    pub rows_here: Option<u64>,
}

impl TablePreview {
    /// Rows that only the present file has, by count, and that would be set aside with it.
    pub fn rows_set_aside(&self) -> u64 {
        let here = self.rows_here.unwrap_or(0);
        here.saturating_sub(self.rows_there.unwrap_or(0))
    }
}

impl KeptFile {
    /// Reads all of a source and compares it with what is here. Nothing is changed.
    pub fn preview(&self, source: &Source) -> Result<Preview, Error> {
        let there = examine(source, &self.schema)?;
        let here = self
            .read(Lane::Background, |tx| count_rows(tx.connection()))
            .ok();
        let present = here.as_ref();
        let names: BTreeSet<&String> = there
            .rows
            .keys()
            .chain(present.into_iter().flatten().map(|(name, _)| name))
            .collect();
        let tables = names
            .into_iter()
            .map(|name| TablePreview {
                name: name.clone(),
                rows_there: there.rows.get(name).copied(),
                rows_here: present.and_then(|rows| rows.get(name).copied()),
            })
            .collect();
        Ok(Preview {
            schema_version: there.schema_version,
            made_unix_ms: source.manifest().map(|m| m.made_unix_ms),
            here_written_unix_ms: [&self.place.main, &self.place.wal]
                .into_iter()
                .filter_map(|path| written_unix_ms(path))
                .max(),
            here_bytes: set_bytes(&self.place),
            tables,
        })
    }

    /// Writes a source to a path where nothing is, neither a file nor a sidecar of one.
    pub fn restore_to(&self, source: &Source, path: &Path) -> Result<(), Error> {
        refuse_taken(path)?;
        examine(source, &self.schema)?;
        let bytes = size_of(source.path()).unwrap_or(0);
        refuse_without_space(path, bytes)?;
        let draft = Draft::new(with_suffix(path, ".tmp"))?;
        copy_source(source, &draft)?;
        draft.take_name(path)
    }

    /// Puts a source in the place of the database, which moves into quarantine and can be restored from
    /// there. Calls made meanwhile wait. After an error the database is as it was, or the next open ends
    /// what was begun.
    pub fn restore(&self, source: &Source) -> Result<QuarantineSet, Error> {
        // `attached` belongs here once it is at hand: another process would go on with the old files.
        self.restore_unless(source, &|_| false)
    }

    pub(crate) fn restore_unless(
        &self,
        source: &Source,
        is_attached: &dyn Fn(&Place) -> bool,
    ) -> Result<QuarantineSet, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        let alone = self.copying.try_lock().ok_or(Error::Overloaded)?;
        let new = self.prepare(source)?;
        let set = self.while_closed(|| {
            if is_attached(&self.place) {
                return Err(Error::Busy { code: 5 });
            }
            let path = new.leave();
            let why = Why::by_person(source.reason());
            swap(&self.place, &path, &why, self.ambient.clock.as_ref())
        });
        drop(alone);
        // Whatever came of it, the file is in use again, and says itself how it is.
        let reopened = self.open_now();
        let set = set?;
        reopened?;
        Ok(set)
    }

    /// The sets in quarantine, oldest first.
    pub fn quarantined(&self) -> Result<Vec<QuarantineSet>, Error> {
        quarantine::list(&self.place)
    }

    /// Copies the present state into quarantine, for a person who is about to try something.
    pub fn set_aside_copy(&self) -> Result<QuarantineSet, Error> {
        let _alone = self.copying.try_lock().ok_or(Error::Overloaded)?;
        self.with_own_reader(|connection| {
            let why = Why::by_person(Reason::Asked);
            let clock = self.ambient.clock.as_ref();
            preserve_connected(&self.place, &why, clock, connection)
        })
    }

    /// Removes a set for good. Only a person decides that.
    pub fn discard_quarantined(&self, id: &str) -> Result<(), Error> {
        let sets = quarantine::list(&self.place)?;
        match sets.iter().find(|set| set.id == id) {
            Some(set) => quarantine::remove(&self.place, set),
            None => Err(Error::BadCopy(BadCopy::Missing)),
        }
    }

    /// Copies, migrates and proves the source under a name of its own.
    fn prepare(&self, source: &Source) -> Result<Draft, Error> {
        examine(source, &self.schema)?;
        let failed = |e: std::io::Error| Error::from_io(&e);
        let backups = self.place.backups().ok_or_else(bad_name)?;
        let bytes = size_of(source.path()).unwrap_or(0);
        // The copy, and what migrating it may add.
        refuse_without_space(&self.place.main, bytes.saturating_mul(2))?;
        files::make_folder(&backups).map_err(failed)?;
        let name = stamp::unique(self.ambient.clock.as_ref());
        let draft = Draft::new(backups.join(format!("{name}.db.tmp")))?;
        copy_source(source, &draft)?;
        let mut connection = raw::open(&draft.path, true)?;
        migrate(&mut connection, &self.schema)?;
        prove_open(&connection)?;
        connection
            .close()
            .map_err(|(connection, e)| open_error(&connection, &e))?;
        files::sync_file(&draft.path).map_err(failed)?;
        files::sync_folder(&backups).map_err(failed)?;
        Ok(draft)
    }

    /// Runs `op` while this process has no connection to the file and makes none.
    fn while_closed<T>(&self, op: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _replacing = self.opening.replace(QUIET_WAIT).ok_or(Error::Overloaded)?;
        let hub = self.hub.write().take();
        if let Some(hub) = hub {
            drop(hub.retire(true));
        }
        // Hubs given up before may still be read from.
        let closing: Vec<_> = {
            let writers = self.writers.lock();
            writers.iter().map(|(hub, _)| hub.clone()).collect()
        };
        if !closing.iter().all(|hub| hub.wait_for_readers(QUIET_WAIT)) {
            return Err(Error::Overloaded);
        }
        if !self.join_writers() {
            return Err(Error::Overloaded);
        }
        op()
    }
}

/// Proves a source and that it is of a program and a version that can be used here.
fn examine(source: &Source, schema: &Schema) -> Result<Sound, Error> {
    let sound = match source {
        Source::Backup(backup) => verify(backup)?,
        Source::File(path) | Source::Salvaged(path) => prove(path)?,
    };
    let connection = raw::open(source.path(), false)?;
    check(&connection, schema)?;
    Ok(sound)
}

fn copy_source(source: &Source, draft: &Draft) -> Result<(), Error> {
    let connection = raw::open(source.path(), false)?;
    let _snapshot = copying::Snapshot::start(&connection)?;
    copying::copy_whole(&connection, &draft.path)
}

fn set_bytes(place: &Place) -> u64 {
    [&place.main, &place.wal, &place.journal]
        .into_iter()
        .filter_map(|path| size_of(path))
        .sum()
}

fn written_unix_ms(path: &Path) -> Option<i64> {
    let written = std::fs::symlink_metadata(path).ok()?.modified().ok()?;
    let since = written.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}
