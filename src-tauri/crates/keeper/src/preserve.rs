//! Puts the files of a database into quarantine: as copies before anything is done to them, or moved
//! when another set takes their place.
//!
//! Nothing is touched before its copy is complete, synced and compared; the manifest comes last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rusqlite::Connection;

use crate::ambient::Clock;
use crate::copying;
use crate::error::{BadCopy, Error, PathProblem, QuarantineLimit};
use crate::files::{self, Digest};
use crate::place::{self, Place};
use crate::quarantine::{
    AUTOMATIC_EVERY_MS, FileFacts, Kept, MANIFEST, MOVED, MadeBy, Manifest, QuarantineSet, Reason,
    SNAPSHOT, SetState, WalFacts, Weighed, draft_name, list, look, remove, to_evict,
};
use crate::stamp;

/// What must be free for each byte that is copied: the disk should not be full afterwards.
const FREE_PER_COPIED: u64 = 2;

/// Why a set is made, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    pub(crate) made_by: MadeBy,
    pub(crate) reason: Reason,
    pub(crate) code: Option<i32>,
    pub(crate) errno: Option<i32>,
    pub(crate) wal: Option<WalFacts>,
    /// What is copied is about to become the only one of its kind.
    pub(crate) holds_only_copy: bool,
}

impl Why {
    pub(crate) fn automatic(reason: Reason) -> Why {
        Why {
            made_by: MadeBy::Automatic,
            reason,
            code: None,
            errno: None,
            wal: None,
            holds_only_copy: false,
        }
    }

    pub(crate) fn by_person(reason: Reason) -> Why {
        Why {
            made_by: MadeBy::Person,
            ..Why::automatic(reason)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Wal,
    Shm,
    Journal,
}

impl Part {
    /// In the order in which they are moved: what belongs to the main file goes before it.
    pub(crate) const ALL: [Part; 4] = [Part::Wal, Part::Journal, Part::Shm, Part::Main];

    fn of(self, place: &Place) -> &Path {
        match self {
            Part::Main => &place.main,
            Part::Wal => &place.wal,
            Part::Shm => &place.shm,
            Part::Journal => &place.journal,
        }
    }
}

/// Copies the files that are there into a new set. An automatic call finds the set made before if
/// the files have not changed since.
///
/// This process must have no connection to the database, and nobody else may be writing to it: the main
/// file and `-shm` are opened, which would drop SQLite's locks.
///
/// Fails with `DiskFull` without having made anything if less than twice the set is free, and with
/// `QuarantineFull` if sets that only a person may discard leave no room.
pub(crate) fn preserve(
    place: &Place,
    why: &Why,
    clock: &dyn Clock,
) -> Result<QuarantineSet, Error> {
    let originals = originals(place)?;
    let sets = list(place)?;
    if why.made_by == MadeBy::Automatic {
        if let Some(same) = find_same(&sets, &originals)? {
            return Ok(same);
        }
        refuse_too_soon(&sets, clock)?;
    }
    let bytes = originals.iter().map(|o| o.bytes).sum();
    let evicted = room_for(&sets, bytes, bytes)?;
    refuse_without_space(place, bytes)?;

    let making = Making::start(place, clock)?;
    let mut facts = Vec::with_capacity(originals.len());
    for original in &originals {
        facts.push(making.copy(original)?);
    }
    let set = making.finish(&manifest(place, why, clock, facts))?;
    evict(place, &evicted);
    Ok(set)
}

/// Like `preserve` beside a connection of this process: the `-wal`, which no lock is on, is copied, and
/// what SQLite reads is written anew. The connection must be in no transaction that has written.
pub(crate) fn preserve_connected(
    place: &Place,
    why: &Why,
    clock: &dyn Clock,
    connection: &Connection,
) -> Result<QuarantineSet, Error> {
    let wal = original(&place.wal)?;
    let sets = list(place)?;
    if why.made_by == MadeBy::Automatic {
        refuse_too_soon(&sets, clock)?;
    }
    let main_bytes = place::size_of(&place.main).unwrap_or(0);
    let bytes = main_bytes + wal.as_ref().map_or(0, |w| w.bytes);
    let evicted = room_for(&sets, bytes, bytes)?;
    refuse_without_space(place, bytes)?;

    let making = Making::start(place, clock)?;
    let mut facts = Vec::new();
    // While this snapshot is read the WAL may grow, but it is not begun anew.
    let reading = copying::Snapshot::start(connection)?;
    if let Some(wal) = &wal {
        facts.push(making.copy_growing(wal)?);
    }
    let snapshot = making.folder.join(SNAPSHOT);
    copying::copy_whole(connection, &snapshot)?;
    drop(reading);
    let digest = digest(&snapshot)?;
    facts.push(FileFacts {
        name: SNAPSHOT.to_owned(),
        bytes: digest.bytes,
        sha256: digest.sha256,
        device: None,
        inode: None,
        modified_unix_ns: None,
        kept: Kept::Snapshot,
    });
    let set = making.finish(&manifest(place, why, clock, facts))?;
    evict(place, &evicted);
    Ok(set)
}

/// Moves files of the database into a set that `preserve` or `begin_moved_as` has made. From the first
/// step on the set counts as holding the only copy. What has been moved already is passed over, so a call that
/// was cut short can be made again.
///
/// This process must have no connection to the database.
pub(crate) fn move_aside(place: &Place, set_folder: &Path, which: &[Part]) -> Result<(), Error> {
    let moved = set_folder.join(MOVED);
    make_moved(set_folder)?;
    for part in Part::ALL.into_iter().filter(|part| which.contains(part)) {
        let from = part.of(place);
        let (Some(name), Some(home)) = (from.file_name(), place.folder()) else {
            return Err(bad_name());
        };
        if fs::symlink_metadata(from).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
            continue;
        }
        files::rename_new(from, &moved.join(name)).map_err(|e| Error::from_io(&e))?;
        // Each name is on the disk before the next is touched: after a power loss too the main file
        // has gone only if its WAL has.
        sync(&moved)?;
        sync(home)?;
    }
    Ok(())
}

/// Moves files of a set back to where they were, the main file first, so that its WAL never lies
/// beside another. What is not there is passed over.
pub(crate) fn move_back(place: &Place, set_folder: &Path) -> Result<(), Error> {
    let moved = set_folder.join(MOVED);
    for part in Part::ALL.into_iter().rev() {
        let to = part.of(place);
        let (Some(name), Some(home)) = (to.file_name(), place.folder()) else {
            return Err(bad_name());
        };
        let from = moved.join(name);
        if fs::symlink_metadata(&from).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
            continue;
        }
        files::rename_new(&from, to).map_err(|e| Error::from_io(&e))?;
        sync(home)?;
        sync(&moved)?;
    }
    Ok(())
}

/// Makes the set into which the files are going to be moved. It copies nothing; `move_aside` follows.
///
/// This process must have no connection to the database.
pub(crate) fn begin_moved_as(
    place: &Place,
    why: &Why,
    clock: &dyn Clock,
    id: &str,
) -> Result<QuarantineSet, Error> {
    let originals = originals(place)?;
    let sets = list(place)?;
    let bytes = originals.iter().map(|o| o.bytes).sum();
    let evicted = room_for(&sets, bytes, bytes)?;
    let making = Making::start_as(place, id)?;
    make_moved(&making.folder)?;
    let mut facts = Vec::with_capacity(originals.len());
    for original in &originals {
        facts.push(original.facts(digest(&original.path)?, Kept::Moved));
    }
    let only_copy = Why {
        holds_only_copy: true,
        ..why.clone()
    };
    let set = making.finish(&manifest(place, &only_copy, clock, facts))?;
    evict(place, &evicted);
    Ok(set)
}

/// Removes a set into which nothing was moved. One that holds something moved stays as it is.
pub(crate) fn discard_empty(set_folder: &Path) -> Result<(), Error> {
    let failed = |e: io::Error| Error::from_io(&e);
    files::remove_own_folder(&set_folder.join(MOVED)).map_err(failed)?;
    files::remove_own(&set_folder.join(draft_name())).map_err(failed)?;
    files::remove_own(&set_folder.join(MANIFEST)).map_err(failed)?;
    files::remove_own_folder(set_folder).map_err(failed)
}

/// One file as it lies beside the database.
struct Original {
    path: PathBuf,
    name: String,
    bytes: u64,
    device: Option<u64>,
    inode: Option<u64>,
    modified_unix_ns: Option<i64>,
}

impl Original {
    fn facts(&self, digest: Digest, kept: Kept) -> FileFacts {
        FileFacts {
            name: self.name.clone(),
            bytes: digest.bytes,
            sha256: digest.sha256,
            device: self.device,
            inode: self.inode,
            modified_unix_ns: self.modified_unix_ns,
            kept,
        }
    }

    /// Surely the file those facts were taken from, unchanged.
    fn is_untouched(&self, facts: &FileFacts) -> bool {
        self.inode.is_some()
            && self.modified_unix_ns.is_some()
            && (self.device, self.inode) == (facts.device, facts.inode)
            && self.modified_unix_ns == facts.modified_unix_ns
            && self.bytes == facts.bytes
    }
}

fn originals(place: &Place) -> Result<Vec<Original>, Error> {
    Part::ALL
        .into_iter()
        .filter_map(|part| original(part.of(place)).transpose())
        .collect()
}

/// What is no regular file holds nothing that could be lost.
fn original(path: &Path) -> Result<Option<Original>, Error> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => meta,
        Ok(_) => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::from_io(&e)),
    };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(bad_name)?;
    let (device, inode) = identity(&meta);
    let modified_unix_ns = meta
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok());
    Ok(Some(Original {
        path: path.to_path_buf(),
        name: name.to_owned(),
        bytes: meta.len(),
        device,
        inode,
        modified_unix_ns,
    }))
}

#[cfg(unix)]
fn identity(meta: &fs::Metadata) -> (Option<u64>, Option<u64>) {
    use std::os::unix::fs::MetadataExt;
    (Some(meta.dev()), Some(meta.ino()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> (Option<u64>, Option<u64>) {
    (None, None)
}

/// An automatic set of the very same files. `-shm` does not count: it holds nothing.
fn find_same(
    sets: &[QuarantineSet],
    originals: &[Original],
) -> Result<Option<QuarantineSet>, Error> {
    let mut digests: Vec<Option<Digest>> = vec![None; originals.len()];
    for set in sets.iter().rev().filter(|set| set.is_automatic()) {
        if is_same(set, originals, &mut digests)? {
            return Ok(Some(set.clone()));
        }
    }
    Ok(None)
}

fn is_same(
    set: &QuarantineSet,
    originals: &[Original],
    digests: &mut [Option<Digest>],
) -> Result<bool, Error> {
    let Some(manifest) = set.manifest() else {
        return Ok(false);
    };
    let counts = |name: &str| !name.ends_with("-shm");
    let kept = manifest.files.iter().filter(|f| counts(&f.name)).count();
    let there = originals.iter().filter(|o| counts(&o.name)).count();
    if kept != there {
        return Ok(false);
    }
    for (original, known) in originals.iter().zip(digests) {
        if !counts(&original.name) {
            continue;
        }
        let Some(facts) = manifest.files.iter().find(|f| f.name == original.name) else {
            return Ok(false);
        };
        let is_whole = set
            .file(&facts.name)
            .is_some_and(|copy| place::size_of(&copy) == Some(facts.bytes));
        if !is_whole || original.bytes != facts.bytes {
            return Ok(false);
        }
        if original.is_untouched(facts) {
            continue;
        }
        let found = match known {
            Some(found) => found,
            None => known.insert(digest(&original.path)?),
        };
        if found.sha256 != facts.sha256 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn refuse_too_soon(sets: &[QuarantineSet], clock: &dyn Clock) -> Result<(), Error> {
    let now = clock.unix_ms();
    let is_recent = |made: i64| (0..AUTOMATIC_EVERY_MS).contains(&now.saturating_sub(made));
    let any = sets
        .iter()
        .filter(|set| set.is_automatic())
        .filter_map(QuarantineSet::made_unix_ms)
        .any(is_recent);
    if any {
        return Err(Error::QuarantineFull(QuarantineLimit::TooSoon));
    }
    Ok(())
}

/// The sets that go once the new one is finished.
fn room_for(
    sets: &[QuarantineSet],
    coming_bytes: u64,
    database_bytes: u64,
) -> Result<Vec<QuarantineSet>, Error> {
    let weighed: Vec<Weighed> = sets
        .iter()
        .map(|set| Weighed {
            bytes: set.bytes,
            may_go: set.may_be_evicted(),
        })
        .collect();
    let going = to_evict(&weighed, coming_bytes, database_bytes).map_err(Error::QuarantineFull)?;
    Ok(going
        .into_iter()
        .filter_map(|index| sets.get(index).cloned())
        .collect())
}

/// The new set is whole, so an old one that will not go is no reason to fail.
fn evict(place: &Place, sets: &[QuarantineSet]) {
    for set in sets {
        if let Err(error) = remove(place, set) {
            tracing::warn!(%error, "an old quarantine set could not be removed");
        }
    }
}

fn refuse_without_space(place: &Place, bytes: u64) -> Result<(), Error> {
    let free = place.folder().and_then(place::free_bytes);
    if free.is_some_and(|free| free < bytes.saturating_mul(FREE_PER_COPIED)) {
        return Err(Error::DiskFull {
            code: None,
            errno: None,
        });
    }
    Ok(())
}

fn manifest(place: &Place, why: &Why, clock: &dyn Clock, files: Vec<FileFacts>) -> Manifest {
    Manifest {
        made_unix_ms: clock.unix_ms(),
        made_by: why.made_by,
        reason: why.reason,
        code: why.code,
        errno: why.errno,
        holds_only_copy: why.holds_only_copy,
        wal: why.wal.clone(),
        files,
        free_bytes: place.folder().and_then(place::free_bytes),
        sqlite_version: rusqlite::version().to_owned(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// A set being made. Dropped unfinished it goes away again, as far as the disk lets it.
struct Making<'p> {
    place: &'p Place,
    id: String,
    folder: PathBuf,
    finished: bool,
}

impl Making<'_> {
    fn start<'p>(place: &'p Place, clock: &dyn Clock) -> Result<Making<'p>, Error> {
        Making::start_as(place, &stamp::unique(clock))
    }

    fn start_as<'p>(place: &'p Place, id: &str) -> Result<Making<'p>, Error> {
        let (Some(quarantine), Some(home)) = (place.quarantine(), place.folder()) else {
            return Err(bad_name());
        };
        files::make_folder(&quarantine).map_err(|e| Error::from_io(&e))?;
        sync(home)?;
        let folder = quarantine.join(id);
        files::make_new_folder(&folder).map_err(|e| Error::from_io(&e))?;
        let making = Making {
            place,
            id: id.to_owned(),
            folder,
            finished: false,
        };
        sync(&quarantine)?;
        Ok(making)
    }

    fn copy(&self, original: &Original) -> Result<FileFacts, Error> {
        let before = digest(&original.path)?;
        let copy = self.folder.join(&original.name);
        files::copy_new(&original.path, &copy).map_err(|e| Error::from_io(&e))?;
        if digest(&copy)? != before {
            return Err(Error::BadCopy(BadCopy::Bytes));
        }
        Ok(original.facts(before, Kept::Copied))
    }

    /// Copies a file to whose end others may be adding: what is copied is what counts.
    fn copy_growing(&self, original: &Original) -> Result<FileFacts, Error> {
        let copy = self.folder.join(&original.name);
        files::copy_new(&original.path, &copy).map_err(|e| Error::from_io(&e))?;
        Ok(original.facts(digest(&copy)?, Kept::Copied))
    }

    fn finish(mut self, manifest: &Manifest) -> Result<QuarantineSet, Error> {
        let draft = self.folder.join(draft_name());
        let text =
            serde_json::to_vec_pretty(manifest).map_err(|e| Error::from_io(&io::Error::from(e)))?;
        files::write_new(&draft, &text).map_err(|e| Error::from_io(&e))?;
        sync(&self.folder)?;
        files::rename_new(&draft, &self.folder.join(MANIFEST)).map_err(|e| Error::from_io(&e))?;
        sync(&self.folder)?;
        self.finished = true;
        look(self.folder.clone(), std::mem::take(&mut self.id))
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let unfinished = QuarantineSet {
            id: String::new(),
            folder: self.folder.clone(),
            bytes: 0,
            state: SetState::Unfinished,
            holds_moved: false,
        };
        // What cannot be removed stays without a manifest, which says what it is.
        remove(self.place, &unfinished).ok();
    }
}

fn make_moved(set_folder: &Path) -> Result<(), Error> {
    match files::make_new_folder(&set_folder.join(MOVED)) {
        Ok(()) => sync(set_folder),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::from_io(&e)),
    }
}

fn digest(path: &Path) -> Result<Digest, Error> {
    files::digest(path).map_err(|e| Error::from_io(&e))
}

fn sync(folder: &Path) -> Result<(), Error> {
    files::sync_folder(folder).map_err(|e| Error::from_io(&e))
}

fn bad_name() -> Error {
    Error::Path {
        problem: PathProblem::BadName,
        errno: None,
    }
}

#[cfg(test)]
mod tests;
