//! Quarantine: sets of files as they were before anything was done about them.
//!
//! A set is a folder `quarantine/<utc>-<random>/` beside the database. Its files are copies, or the
//! originals themselves where they had to leave their place. The manifest is written when all copies
//! are on the disk and verified, so a folder without one is unfinished; originals are moved after that.
//!
//! Sets made by themselves are few: the oldest that hold nothing but copies make room. A set that holds
//! the only copy of something, or that a person asked for, goes only when a person says so.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::ambient::Ambient;
use crate::error::{Error, PathProblem};
use crate::file::KeptFile;
use crate::files;
use crate::place::{self, Place};
use crate::platform;
use crate::wal::WalScan;

const MANIFEST: &str = "manifest.json";
const MANIFEST_VERSION: u32 = 1;
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
const SETS_MAX: usize = 3;
/// All sets together may take this many times the database.
const BYTES_FACTOR_MAX: u64 = 2;
/// What even a small database may have in quarantine.
const BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Free space that a copy needs, in times of what is copied: it and as much again to go on with.
const SPACE_FACTOR: u64 = 2;
const NAMES_TRIED_MAX: usize = 100;

/// Why a set is kept aside.
pub(crate) struct Why<'a> {
    pub(crate) reason: &'static str,
    pub(crate) code: Option<i32>,
    pub(crate) errno: Option<i32>,
    pub(crate) wal: Option<&'a WalScan>,
    pub(crate) made_by: MadeBy,
    /// Something in it cannot be found anywhere else.
    pub(crate) holds_only_copy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeBy {
    Itself,
    Person,
}

/// One of the files of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Wal,
    Shm,
    Journal,
}

/// In the order in which they leave their place: the WAL before the file it belongs to.
pub(crate) const PARTS: [Part; 4] = [Part::Wal, Part::Journal, Part::Shm, Part::Main];

/// What is kept aside and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The name of its folder.
    pub id: String,
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// This call made it; otherwise the same state was kept aside before.
    pub(crate) made_now: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub version: u32,
    pub reason: String,
    pub made_unix_ms: i64,
    pub made_by: MadeBy,
    pub holds_only_copy: bool,
    pub code: Option<i32>,
    pub errno: Option<i32>,
    /// The name of the database, without its folder.
    pub database: String,
    pub files: Vec<KeptCopy>,
    pub wal: Option<WalNote>,
    pub sqlite_version: String,
    pub keeper_version: String,
    pub free_bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCopy {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal digits; empty for what is no file, such as a folder, which moves as it is.
    pub sha256: String,
    /// Device and inode of the original.
    pub identity: (u64, u64),
    pub modified_unix_ms: i64,
    /// It is the original.
    pub moved: bool,
}

/// What a look into the WAL has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalNote {
    pub verdict: String,
    pub bytes: u64,
    pub header_ok: bool,
    pub salts: (u32, u32),
    pub checkpoint_seq: u32,
    pub commits_valid: u32,
    pub commits_behind: u32,
}

impl Part {
    pub(crate) fn path(self, place: &Place) -> &Path {
        match self {
            Part::Main => &place.main,
            Part::Wal => &place.wal,
            Part::Shm => &place.shm,
            Part::Journal => &place.journal,
        }
    }
}

impl Set {
    /// The copy of a part, which may not have been there.
    pub(crate) fn path(&self, place: &Place, part: Part) -> Option<PathBuf> {
        let name = part.path(place).file_name()?;
        let path = self.folder.join(name);
        place::size_of(&path).map(|_| path)
    }

    /// The copy of the main file. `None` where it is missing, empty or a folder: with a log alone SQLite would
    /// begin anew.
    pub fn main(&self) -> Option<PathBuf> {
        let path = self.folder.join(&self.manifest.database);
        let meta = fs::symlink_metadata(&path).ok()?;
        (meta.is_file() && meta.len() > place::EMPTY_BYTES_MAX).then_some(path)
    }

    pub fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }

    fn makes_room(&self) -> bool {
        self.manifest.made_by == MadeBy::Itself
            && !self.manifest.holds_only_copy
            && self.manifest.files.iter().all(|file| !file.moved)
    }
}

impl KeptFile {
    /// What is kept aside, newest first. Folders without a readable manifest are left out and alone.
    pub fn quarantine(&self) -> Vec<Set> {
        list(&self.place)
    }

    /// Removes a set for good, because a person said so.
    pub fn discard(&self, id: &str) -> Result<(), Error> {
        list(&self.place)
            .iter()
            .find(|set| set.id == id)
            .ok_or(Error::NoRows)
            .and_then(remove)
    }
}

/// Keeps the whole set aside: what is named in `moves` leaves its place, the rest is copied. Only while
/// this process has no connection to the database and nobody else has one. A state that is kept aside
/// already is found again instead.
pub(crate) fn preserve(
    place: &Place,
    why: &Why<'_>,
    moves: &[Part],
    ambient: &Ambient,
) -> Result<Set, Error> {
    debug_assert!(
        place.is_let_go(),
        "closing a copy's source would drop locks"
    );
    let there = parts_there(place)?;
    if let Some(known) = list(place)
        .into_iter()
        .find(|set| is_of(place, set, why, &there))
    {
        move_originals(place, &known, moves)?;
        return Ok(known);
    }
    let bytes = there.iter().map(|(_, meta)| meta.len()).sum();
    make_room(place, why, bytes)?;
    let set = copy(place, why, &there, moves, ambient)?;
    move_originals(place, &set, moves)?;
    tracing::warn!(reason = why.reason, bytes, "a set of files was kept aside");
    Ok(set)
}

/// Makes the set into which all files of the database are about to be moved, and moves none: that is
/// for the swap, which writes down first what it is about to do. It takes no room on the disk.
pub(crate) fn announce(place: &Place, why: &Why<'_>, ambient: &Ambient) -> Result<Set, Error> {
    debug_assert!(place.is_let_go(), "closing a hashed file would drop locks");
    copy(place, why, &parts_there(place)?, &PARTS, ambient)
}

/// Takes back `announce`. A set into which something has been moved stays.
pub(crate) fn call_off(set: &Set) -> Result<(), Error> {
    let holds_nothing = fs::read_dir(&set.folder)
        .and_then(|mut entries| {
            entries.try_fold(true, |nothing, entry| {
                Ok(nothing && entry?.file_name() == MANIFEST)
            })
        })
        .map_err(|e| Error::from_io(&e))?;
    if holds_nothing { remove(set) } else { Ok(()) }
}

/// Removes a set that a check has made of a file which turned out to be sound.
pub(crate) fn discard_copy(set: &Set) -> Result<(), Error> {
    if set.made_now && set.makes_room() {
        remove(set)
    } else {
        Ok(())
    }
}

/// All finished sets, newest first.
pub(crate) fn list(place: &Place) -> Vec<Set> {
    let Some(Ok(folders)) = place.quarantine().map(fs::read_dir) else {
        return Vec::new();
    };
    let mut sets: Vec<Set> = folders
        .filter_map(|entry| read(entry.ok()?.path(), place))
        .collect();
    sets.sort_by(|a, b| (b.manifest.made_unix_ms, &b.id).cmp(&(a.manifest.made_unix_ms, &a.id)));
    sets
}

/// The files of all finished sets: what is named after the database, and the manifests.
pub(crate) fn files_of(place: &Place) -> Vec<PathBuf> {
    let is_ours = |set: &Set, path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name == MANIFEST || name.starts_with(&set.manifest.database))
    };
    list(place)
        .iter()
        .flat_map(|set| {
            let files = fs::read_dir(&set.folder).into_iter().flatten().flatten();
            files
                .map(|file| file.path())
                .filter(|path| is_ours(set, path))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn read(folder: PathBuf, place: &Place) -> Option<Set> {
    let path = folder.join(MANIFEST);
    if place::size_of(&path)? > MANIFEST_BYTES_MAX {
        return None;
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let ours = place.main.file_name()?.to_str()? == manifest.database;
    (ours && manifest.version == MANIFEST_VERSION).then_some(Set {
        id: folder.file_name()?.to_str()?.to_owned(),
        folder,
        manifest,
        made_now: false,
    })
}

fn parts_there(place: &Place) -> Result<Vec<(Part, Metadata)>, Error> {
    let mut there = Vec::new();
    for part in PARTS {
        match fs::symlink_metadata(part.path(place)) {
            // A link or folder in the place of a sidecar holds no data of the database.
            Ok(meta) if part != Part::Main && !meta.is_file() => {}
            // What a link leads to counts, and the link itself where it leads nowhere.
            Ok(meta) => there.push((part, fs::metadata(part.path(place)).unwrap_or(meta))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::from_io(&e)),
        }
    }
    Ok(there)
}

/// The set was made of these very files, and for the same reason.
fn is_of(place: &Place, set: &Set, why: &Why<'_>, there: &[(Part, Metadata)]) -> bool {
    // The shared index is made anew at each attachment and holds nothing.
    let lasting = |name: &str| !name.ends_with("-shm");
    let kept = set.manifest.files.iter().filter(|f| lasting(&f.name));
    let present: Vec<_> = there
        .iter()
        .filter(|(part, _)| *part != Part::Shm)
        .collect();
    set.manifest.reason == why.reason
        && kept.clone().count() == present.len()
        && kept.zip(&present).all(|(kept, (part, meta))| {
            kept.bytes == meta.len()
                && kept.identity == identity_of(part.path(place))
                && kept.modified_unix_ms == modified_unix_ms(meta)
        })
}

/// Removes the oldest sets of mere copies until one more of this size has its place.
fn make_room(place: &Place, why: &Why<'_>, bytes: u64) -> Result<(), Error> {
    let free = place.folder().and_then(place::free_bytes);
    if free.is_some_and(|free| free < bytes.saturating_mul(SPACE_FACTOR)) {
        return Err(Error::DiskFull {
            code: None,
            errno: None,
        });
    }
    if why.made_by == MadeBy::Person {
        return Ok(());
    }
    let mut sets = list(place);
    let bytes_max = bytes.saturating_mul(BYTES_FACTOR_MAX).max(BYTES_MIN);
    loop {
        let taken: u64 = sets.iter().map(Set::bytes).sum();
        if sets.len() < SETS_MAX && taken.saturating_add(bytes) <= bytes_max {
            return Ok(());
        }
        let Some(oldest) = sets.iter().rposition(Set::makes_room) else {
            return Err(Error::QuarantineFull {
                sets: u32::try_from(sets.len()).unwrap_or(u32::MAX),
            });
        };
        remove(&sets.remove(oldest))?;
    }
}

fn copy(
    place: &Place,
    why: &Why<'_>,
    there: &[(Part, Metadata)],
    moves: &[Part],
    ambient: &Ambient,
) -> Result<Set, Error> {
    let now = ambient.clock.unix_ms();
    let folder = new_folder(place, now).map_err(|e| Error::from_io(&e))?;
    let unfinished = Unfinished(Some(folder));
    let folder = unfinished.folder();
    let mut copies = Vec::with_capacity(there.len());
    for (part, meta) in there {
        let source = part.path(place);
        let name = source.file_name().unwrap_or_default();
        let moved = moves.contains(part);
        if !meta.is_file() && !moved {
            return Err(Error::Path {
                problem: PathProblem::NotAFile,
                errno: None,
            });
        }
        // A folder, or whatever else lies there, moves as it is. A pipe would be waited for.
        let sha256 = match meta.is_file() {
            true => files::sha256(source).map_err(|e| Error::from_io(&e))?,
            false => String::new(),
        };
        if !moved {
            let copy = folder.join(name);
            files::copy_new(source, &copy).map_err(|e| Error::from_io(&e))?;
            let copied = files::sha256(&copy).map_err(|e| Error::from_io(&e))?;
            if copied != sha256 {
                // A disk that reads the same bytes in two ways is failing.
                return Err(Error::from_io(&io::Error::other("the copy differs")));
            }
        }
        copies.push(KeptCopy {
            name: name.to_string_lossy().into_owned(),
            bytes: meta.len(),
            sha256,
            identity: identity_of(part.path(place)),
            modified_unix_ms: modified_unix_ms(meta),
            moved,
        });
    }
    finish(place, why, copies, unfinished, ambient)
}

/// Makes a set of files that only open handles may still reach.
pub(crate) fn preserve_open(
    place: &Place,
    why: &Why<'_>,
    parts: &mut [(Part, &mut dyn Read)],
    ambient: &Ambient,
) -> Result<Set, Error> {
    let now = ambient.clock.unix_ms();
    let unfinished = Unfinished(Some(
        new_folder(place, now).map_err(|e| Error::from_io(&e))?,
    ));
    let mut copies = Vec::with_capacity(parts.len());
    for (part, source) in parts {
        let name = part.path(place).file_name().unwrap_or_default();
        let copy = unfinished.folder().join(name);
        let bytes = files::copy_new_from(*source, &copy).map_err(|e| Error::from_io(&e))?;
        copies.push(KeptCopy {
            name: name.to_string_lossy().into_owned(),
            bytes,
            sha256: files::sha256(&copy).map_err(|e| Error::from_io(&e))?,
            identity: (0, 0),
            modified_unix_ms: now,
            moved: false,
        });
    }
    finish(place, why, copies, unfinished, ambient)
}

/// Writes the manifest, by which a folder of copies becomes a set.
fn finish(
    place: &Place,
    why: &Why<'_>,
    copies: Vec<KeptCopy>,
    unfinished: Unfinished,
    ambient: &Ambient,
) -> Result<Set, Error> {
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        reason: why.reason.to_owned(),
        made_unix_ms: ambient.clock.unix_ms(),
        made_by: why.made_by,
        holds_only_copy: why.holds_only_copy,
        code: why.code,
        errno: why.errno,
        database: place
            .main
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        files: copies,
        wal: why.wal.map(|wal| WalNote {
            verdict: format!("{:?}", wal.verdict),
            bytes: wal.bytes,
            header_ok: wal.header_ok,
            salts: wal.salts,
            checkpoint_seq: wal.checkpoint_seq,
            commits_valid: wal.commits_valid,
            commits_behind: wal.commits_after_break,
        }),
        sqlite_version: rusqlite::version().to_owned(),
        keeper_version: env!("CARGO_PKG_VERSION").to_owned(),
        free_bytes: place.folder().and_then(place::free_bytes),
    };
    let text =
        serde_json::to_vec_pretty(&manifest).map_err(|e| Error::from_io(&io::Error::other(e)))?;
    let folder = unfinished.folder();
    files::write_new(&folder.join(MANIFEST), &text)
        .and_then(|()| files::sync_folder(folder))
        .map_err(|e| Error::from_io(&e))?;
    let folder = unfinished.finish();
    Ok(Set {
        id: folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        folder,
        manifest,
        made_now: true,
    })
}

fn new_folder(place: &Place, now_unix_ms: i64) -> io::Result<PathBuf> {
    let Some(quarantine) = place.quarantine() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    files::make_folder(&quarantine)?;
    let stamp = files::utc_stamp(now_unix_ms);
    for _ in 0..NAMES_TRIED_MAX {
        let random = RandomState::new().build_hasher().finish() & 0xffff;
        let folder = quarantine.join(format!("{stamp}-{random:04x}"));
        if place::size_of(&folder).is_none() {
            files::make_folder(&folder)?;
            if let Some(beside) = place.folder() {
                files::sync_folder(beside)?;
            }
            files::sync_folder(&quarantine)?;
            return Ok(folder);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A folder that is being filled. Dropped unfinished its copies go away: this very call made them.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn folder(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    fn finish(mut self) -> PathBuf {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && let Err(error) = empty(&folder)
        {
            tracing::debug!(kind = ?error.kind(), "an unfinished set stays");
        }
    }
}

/// Lets the originals follow into their finished set. One that is there already has gone before.
fn move_originals(place: &Place, set: &Set, moves: &[Part]) -> Result<(), Error> {
    let mut moved = false;
    for part in PARTS.into_iter().filter(|part| moves.contains(part)) {
        let from = part.path(place);
        let Some(name) = from.file_name() else {
            continue;
        };
        let listed = set
            .manifest
            .files
            .iter()
            .any(|file| file.moved && Path::new(&file.name) == Path::new(name));
        if listed && place::size_of(from).is_some() {
            files::rename_new(from, &set.folder.join(name)).map_err(|e| Error::from_io(&e))?;
            moved = true;
        }
    }
    if moved {
        files::sync_folder(&set.folder)
            .and_then(|()| place.folder().map_or(Ok(()), files::sync_folder))
            .map_err(|e| Error::from_io(&e))?;
    }
    Ok(())
}

/// The manifest goes first: what is left then is no set. A set that holds a folder with something in it stays
/// as it is: no tree of files is removed here.
fn remove(set: &Set) -> Result<(), Error> {
    for entry in fs::read_dir(&set.folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_empty = |mut inside: fs::ReadDir| inside.next().is_none();
        if is_folder && !fs::read_dir(entry.path()).is_ok_and(is_empty) {
            return Err(Error::Path {
                problem: PathProblem::FolderNotEmpty,
                errno: None,
            });
        }
    }
    files::remove_own(&set.folder.join(MANIFEST))
        .and_then(|()| empty(&set.folder))
        .map_err(|e| Error::from_io(&e))
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir(entry.path())?;
        } else {
            files::remove_own(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// Volume and index of a file, zeros where the system does not say.
fn identity_of(path: &Path) -> (u64, u64) {
    platform::file_id(path).map_or((0, 0), |id| (id.volume, id.index))
}

fn modified_unix_ms(meta: &Metadata) -> i64 {
    meta.modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
