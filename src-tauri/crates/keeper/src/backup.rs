//! Backups: whole copies of the database in one file each, checked before they have their name.
//!
//! ```text
//!   backups/chunks-20261121T070111Z.db     opens alone, with any SQLite
//!   backups/chunks-20261121T070111Z.json   what is in it; written before the other has its name
//! ```

mod draft;
mod manifest;
mod rotation;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use parking_lot::MutexGuard;
use rusqlite::Connection;

use crate::copying::{self, Contents, CopyProgress};
use crate::disk::guard_bytes;
use crate::error::{BadCopy, Error, PathProblem};
use crate::file::{KeptFile, look_inside};
use crate::files;
use crate::held::connection_is_held;
use crate::migrate::open_error;
use crate::place::{Place, size_of, with_suffix};

use draft::Draft;
pub use manifest::{Backup, BackupFacts, BackupKind};
use rotation::Aged;

/// Free space that a backup needs beyond the guard, in percent of the database.
const NEEDED_PERCENT: u64 = 110;
/// The steps to a newer schema may write the database anew, beside the copy of it.
const NEEDED_FOR_MIGRATION_PERCENT: u64 = 300;

/// The files of the backups of a database: each copy, the note beside it, and the mark of a bad one.
pub(crate) fn files_of(place: &Place) -> Vec<PathBuf> {
    let Some(folder) = place.backups() else {
        return Vec::new();
    };
    manifest::list(&folder, &stem_of(&place.main))
        .iter()
        .flat_map(|backup| {
            [manifest::FILE, manifest::MANIFEST, manifest::FAILED]
                .map(|ending| manifest::path(&folder, &backup.name, ending))
        })
        .collect()
}

impl KeptFile {
    /// Makes a backup in the folder `backups` beside the database, checks it, and lets older ones go
    /// that are not needed any more. `progress` is asked after each 256 pages whether to go on; it
    /// runs while this thread holds a connection. Stopped, nothing stays.
    ///
    /// `NoRoom` if the disk would be too full with it. `Overloaded` while another long hold or backup
    /// has its turn: the caller comes back. `BadCopy` if what was copied is no sound database.
    pub fn backup(
        &self,
        kind: BackupKind,
        progress: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
    ) -> Result<Backup, Error> {
        let _turn = self.turn_while_open()?;
        let folder = self.place.backups().ok_or_else(Error::bad_name)?;
        let draft = Draft::start(folder, self.stem(), self.ambient.clock.unix_ms())?;
        let pages = self.copy_out(draft.path(), progress)?;
        let backup = draft.finish(kind, self.database_name(), pages)?;
        self.rotate();
        Ok(backup)
    }

    /// Writes a copy to a place that a person chose, which must be free. It is theirs: nothing here lists
    /// or removes it.
    pub fn backup_to(
        &self,
        to: &Path,
        progress: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        refuse_taken(to)?;
        let _turn = self.turn_while_open()?;
        let unfinished = Unfinished(with_suffix(to, &format!(".{}.tmp", std::process::id())));
        self.copy_out(&unfinished.0, progress)?;
        copying::check(&unfinished.0)?;
        give_name(&unfinished.0, to)
    }

    /// The backups of this database, newest first, those included that cannot be read.
    pub fn backups(&self) -> Vec<Backup> {
        let folder = self.place.backups();
        folder.map_or_else(Vec::new, |folder| manifest::list(&folder, &self.stem()))
    }

    /// Reads a backup through and compares it with what was written down when it was made. What is
    /// found wanting is marked, and not counted on any more; what has been put right is again.
    ///
    /// # Errors
    /// [`Error::BadCopy`] when it is not what it was; others when it can't be read just now, which marks nothing.
    pub fn verify(&self, backup: &Backup) -> Result<(), Error> {
        let verified = verify(backup);
        self.note_verified(backup, &verified);
        verified
    }

    /// As `verify`, of a copy to a name that is free, so that the backup itself is read only once. What is not as
    /// it was written down is for the caller to remove.
    pub(crate) fn copy_verified(&self, backup: &Backup, to: &Path) -> Result<(), Error> {
        let copied = copy_verified(backup, to);
        if copied.is_ok() {
            self.note_verified(backup, &copied);
        } else {
            // Whether the backup is to blame, or the disk that the copy is on, the backup itself tells.
            self.verify(backup)?;
        }
        copied
    }

    fn note_verified(&self, backup: &Backup, verified: &Result<(), Error>) {
        let mark = backup.file.with_extension(manifest::FAILED);
        let noted = match verified {
            Err(Error::BadCopy(how)) if *how != BadCopy::Missing && !backup.failed => {
                files::write_new(&mark, b"")
            }
            Ok(()) if backup.failed => files::remove_own(&mark),
            _ => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(kind = ?error.kind(), "how a backup was found could not be noted");
        }
    }

    /// Before the first step to a newer schema, on the connection that will make it. Without a backup
    /// the steps are not made. The same state is copied once, however often the steps fail.
    pub(crate) fn back_up_before_migration(&self, connection: &Connection) -> Result<(), Error> {
        let _turn = self.vault.try_lock().ok_or(Error::Overloaded)?;
        let folder = self.place.backups().ok_or_else(Error::bad_name)?;
        let pages = self.refuse_without_room(connection, &folder, NEEDED_FOR_MIGRATION_PERCENT)?;
        let draft = Draft::start(folder, self.stem(), self.ambient.clock.unix_ms())?;
        copying::copy(connection, draft.path(), &mut |_| ControlFlow::Continue(()))?;
        let same = files::sha256(draft.path()).map_err(|e| Error::from_io(&e))?;
        let is_same = |b: &Backup| {
            b.facts
                .as_ref()
                .is_some_and(|f| f.sha256 == same && !b.failed)
        };
        if let Some(known) = self.backups().iter().find(|b| is_same(b))
            && self.verify(known).is_ok()
        {
            return Ok(());
        }
        draft.finish(BackupKind::BeforeMigration, self.database_name(), pages)?;
        self.rotate();
        Ok(())
    }

    /// The turn of one backup or restore. Opening the file may need a backup itself, so that comes first.
    pub(crate) fn turn_while_open(&self) -> Result<MutexGuard<'_, ()>, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        self.hub()?;
        self.vault.try_lock().ok_or(Error::Overloaded)
    }

    /// Copies one moment of the database, and returns the number of its pages.
    fn copy_out(
        &self,
        to: &Path,
        progress: &mut dyn FnMut(CopyProgress) -> ControlFlow<()>,
    ) -> Result<u64, Error> {
        let reservation = self.reserve("backup").ok_or(Error::Overloaded)?;
        reservation.read(|tx| {
            // Only a read takes the snapshot.
            look_inside(tx)?;
            let folder = to.parent().ok_or_else(Error::bad_name)?;
            let pages = self.refuse_without_room(tx.connection(), folder, NEEDED_PERCENT)?;
            copying::copy(tx.connection(), to, &mut |come| {
                if reservation.is_called_off() {
                    ControlFlow::Break(())
                } else {
                    progress(come)
                }
            })?;
            Ok(pages)
        })
    }

    /// Returns the number of pages there are.
    fn refuse_without_room(
        &self,
        connection: &Connection,
        folder: &Path,
        percent: u64,
    ) -> Result<u64, Error> {
        let number = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, u64>(0))
                .map_err(|e| open_error(connection, &e))
        };
        let pages = number("page_count")?;
        let bytes = pages.saturating_mul(number("page_size")?);
        self.refuse_full(folder, bytes.saturating_mul(percent) / 100)?;
        Ok(pages)
    }

    /// `NoRoom` if these bytes would leave less than the guard free.
    pub(crate) fn refuse_full(&self, folder: &Path, bytes: u64) -> Result<(), Error> {
        let Some(room) = self.space.look(folder) else {
            return Ok(());
        };
        let needed_bytes = guard_bytes(room.total_bytes, 0).saturating_add(bytes);
        if room.free_bytes < needed_bytes {
            return Err(Error::NoRoom {
                needed_bytes,
                free_bytes: room.free_bytes,
            });
        }
        Ok(())
    }

    /// Lets surplus backups go. One that will not go is no failure of the backup just made.
    fn rotate(&self) {
        let all: Vec<(Backup, Aged)> = self
            .backups()
            .into_iter()
            .filter_map(|backup| aged(&backup).map(|aged| (backup, aged)))
            .collect();
        let ages: Vec<Aged> = all.iter().map(|(_, aged)| *aged).collect();
        let database_bytes = size_of(&self.place.main).unwrap_or(0);
        let folder = self.place.backups();
        let room = folder.and_then(|folder| self.space.look(&folder));
        let free_bytes = room.map(|room| room.free_bytes);
        for index in rotation::surplus(&ages, database_bytes, free_bytes) {
            if let Some((backup, _)) = all.get(index)
                && let Err(error) = remove(backup)
            {
                tracing::warn!(class = %error.class(), "an old backup could not be removed");
            }
        }
    }

    fn stem(&self) -> String {
        stem_of(&self.place.main)
    }

    fn database_name(&self) -> String {
        let name = self.place.main.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

fn stem_of(main: &Path) -> String {
    let stem = main.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn aged(backup: &Backup) -> Option<Aged> {
    let facts = backup.facts.as_ref()?;
    Some(Aged {
        made_unix_ms: facts.made_unix_ms,
        kind: facts.kind,
        schema_version: facts.schema_version,
        bytes: backup.bytes,
        sound: !backup.failed,
    })
}

fn verify(backup: &Backup) -> Result<(), Error> {
    let Some(bytes) = size_of(&backup.file) else {
        return Err(Error::BadCopy(BadCopy::Missing));
    };
    if let Some(facts) = &backup.facts {
        let sha256 = files::sha256(&backup.file).map_err(|e| Error::from_io(&e))?;
        compare_bytes(facts, bytes, &sha256)?;
    }
    compare_contents(backup, &copying::check(&backup.file)?)
}

fn copy_verified(backup: &Backup, to: &Path) -> Result<(), Error> {
    if size_of(&backup.file).is_none() {
        return Err(Error::BadCopy(BadCopy::Missing));
    }
    let (bytes, sha256) =
        files::copy_new_hashed(&backup.file, to).map_err(|e| Error::from_io(&e))?;
    if let Some(facts) = &backup.facts {
        compare_bytes(facts, bytes, &sha256)?;
    }
    compare_contents(backup, &copying::check(to)?)
}

fn compare_bytes(facts: &BackupFacts, bytes: u64, sha256: &str) -> Result<(), Error> {
    if (bytes, sha256) == (facts.bytes, facts.sha256.as_str()) {
        Ok(())
    } else {
        Err(Error::BadCopy(BadCopy::Bytes))
    }
}

fn compare_contents(backup: &Backup, found: &Contents) -> Result<(), Error> {
    let Some(facts) = &backup.facts else {
        // Nothing tells what it should hold, so that it is sound and holds something has to do. An empty
        // file is sound to SQLite.
        return match found.rows.is_empty() {
            true => Err(Error::BadCopy(BadCopy::Unsound)),
            false => Ok(()),
        };
    };
    let is_as_told = found.rows == facts.rows
        && found.schema_version == facts.schema_version
        && found.application_id == facts.application_id;
    if is_as_told {
        Ok(())
    } else {
        Err(Error::BadCopy(BadCopy::Rows))
    }
}

/// The database goes first: a manifest alone is nothing, and goes with the next sweep.
fn remove(backup: &Backup) -> Result<(), Error> {
    files::remove_own(&backup.file)
        .and_then(|()| files::remove_own(&backup.file.with_extension(manifest::MANIFEST)))
        .and_then(|()| files::remove_own(&backup.file.with_extension(manifest::FAILED)))
        .map_err(|e| Error::from_io(&e))
}

/// A new database may only come where neither one is nor a sidecar that would be taken for its own.
pub(crate) fn refuse_taken(path: &Path) -> Result<(), Error> {
    let taken = ["", "-wal", "-shm", "-journal"]
        .iter()
        .any(|suffix| size_of(&with_suffix(path, suffix)).is_some());
    if taken {
        return Err(Error::Path {
            problem: PathProblem::Taken,
            errno: None,
        });
    }
    Ok(())
}

/// The last step of a finished file.
pub(crate) fn give_name(finished: &Path, to: &Path) -> Result<(), Error> {
    refuse_taken(to)?;
    let folder = to.parent().ok_or_else(Error::bad_name)?;
    files::rename_new(finished, to)
        .and_then(|()| files::sync_folder(folder))
        .map_err(|e| Error::from_io(&e))
}

/// A file being written. What still lies there when it is dropped goes away.
pub(crate) struct Unfinished(pub(crate) PathBuf);

impl Unfinished {
    /// Others see to the file from now on.
    pub(crate) fn leave(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        copying::forget(&self.0);
    }
}
