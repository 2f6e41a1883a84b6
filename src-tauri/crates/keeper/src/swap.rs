//! Puts a finished file in the place of a database whose files move into quarantine. A note beside the
//! database says what is under way, so that the next open finishes it or takes it back.
//!
//! ```text
//!   set announced ─► note written ─► old files moved ─► new file named ─► note removed
//!         │               └────── ended here: finished, or taken back if the new file is not whole
//!         └ ended here: as before, beside an empty set
//! ```

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ambient::Ambient;
use crate::attached::{Attached, attached};
use crate::error::{Error, Misplaced};
use crate::files;
use crate::place::{Place, size_of, with_suffix};
use crate::preserve::{self, PARTS, Part, Set, Why};

const VERSION: u32 = 1;
const NOTE_BYTES_MAX: u64 = 64 * 1024;
/// Files of one name that a set may have to take, if others went on writing after a crash.
const LATER_MAX: u32 = 100;

/// What is under way. Names only, so that it cannot lead anywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    version: u32,
    /// The new file, beside the database.
    new: String,
    new_bytes: u64,
    new_sha256: String,
    /// The folder in quarantine to which the files go.
    set: String,
    /// The database had a main file.
    had_main: bool,
}

/// Puts `new` in the place of the database. It lies beside it, is whole, synced and checked, and needs no
/// sidecars. When this fails everything is as it was, or the next open sees to it.
///
/// This process must have no connection to the database, and no other may be attached. `announced` hears of
/// the set before anything is moved, and may call it off.
pub(crate) fn swap(
    place: &Place,
    new: &Path,
    why: &Why<'_>,
    ambient: &Ambient,
    announced: &mut dyn FnMut(&Set) -> ControlFlow<()>,
) -> Result<Set, Error> {
    debug_assert!(place.is_let_go(), "moving a file in use would split it");
    let name = new.file_name().and_then(|name| name.to_str());
    let new_sha256 = files::sha256(new).map_err(|e| Error::from_io(&e))?;
    let set = preserve::announce(place, why, ambient)?;
    if announced(&set).is_break() {
        if let Err(left) = preserve::call_off(&set) {
            tracing::warn!(class = %left.class(), "a swap that was called off has left its traces");
        }
        return Err(Error::Cancelled);
    }
    let note = Note {
        version: VERSION,
        new: name.ok_or_else(Error::bad_name)?.to_owned(),
        new_bytes: size_of(new).unwrap_or(0),
        new_sha256,
        set: set.id.clone(),
        had_main: size_of(&place.main).is_some(),
    };
    if let Err(error) = write_note(place, &note) {
        // Nothing has been moved, so what cannot be removed now does no harm.
        if let Err(left) = remove_note(place).and_then(|()| preserve::call_off(&set)) {
            tracing::warn!(class = %left.class(), "a swap that was not begun has left its traces");
        }
        return Err(error);
    }
    match go_on(place, &set.folder, new) {
        Ok(()) => {
            tracing::warn!(
                reason = why.reason,
                "the database was replaced; the former is in quarantine"
            );
            if let Err(error) = remove_note(place) {
                // The next open sees that all is done.
                tracing::warn!(class = %error.class(), "the note of a finished swap stays");
            }
            Ok(set)
        }
        Err(error) => {
            // With its name the new file has taken the place: the old WAL must never come beside it.
            let undone = match is_there(new) {
                Ok(true) => take_back(place, &set.folder),
                Ok(false) => Err(error.clone()),
                Err(unknown) => Err(unknown),
            };
            if let Err(left) = undone {
                tracing::warn!(class = %left.class(), "a swap was cut short; the next open sees to it");
            }
            Err(error)
        }
    }
}

/// One was begun, and what became of it is not written down yet.
pub(crate) fn is_under_way(place: &Place) -> bool {
    size_of(&note_path(place)).is_some()
}

/// Ends a swap that was cut short. Called before anything else looks at the files, while this process
/// has no connection to them.
pub(crate) fn finish_interrupted(place: &Place) -> Result<(), Error> {
    if !is_under_way(place) {
        return Ok(());
    }
    if !place.is_let_go() || attached(place) != Attached::Nobody {
        return Err(Error::Busy { code: 5 });
    }
    let Some(note) = read_note(place)? else {
        // It has its name only when it is whole, so it was harmed later. Without knowing more, a
        // database that is there is let alone.
        return if size_of(&place.main).is_some() {
            remove_note(place)
        } else {
            Err(Error::Misplaced(Misplaced::MainMissing))
        };
    };
    let home = place.folder().ok_or_else(Error::bad_name)?;
    let new = home.join(&note.new);
    let set = place
        .quarantine()
        .ok_or_else(Error::bad_name)?
        .join(&note.set);
    let main_is_there = size_of(&place.main).is_some();
    let main_has_gone = !note.had_main || size_of(&kept(&set, place, Part::Main)?).is_some();
    tracing::warn!("a swap that was cut short is being ended");
    if main_is_there && main_has_gone {
        // The new file has its name. Should another one lie there, it is not for us to replace.
        return remove_note(place);
    }
    if is_whole(&new, &note)? {
        go_on(place, &set, &new)?;
        remove_note(place)
    } else {
        take_back(place, &set)
    }
}

/// Each step may have been done before.
fn go_on(place: &Place, set: &Path, new: &Path) -> Result<(), Error> {
    let home = place.folder().ok_or_else(Error::bad_name)?;
    for part in PARTS {
        let from = part.path(place);
        if is_there(from)? {
            let to = free_name(kept(set, place, part)?)?;
            files::rename_new(from, &to).map_err(failed)?;
            // Each name is on the disk before the next one goes: after a power loss too, the main
            // file has left only if its WAL has.
            files::sync_folder(set)
                .and_then(|()| files::sync_folder(home))
                .map_err(failed)?;
        }
    }
    files::rename_new(new, &place.main)
        .and_then(|()| files::sync_folder(home))
        .map_err(failed)
}

/// The main file first, so that its WAL never lies there alone.
fn take_back(place: &Place, set: &Path) -> Result<(), Error> {
    let home = place.folder().ok_or_else(Error::bad_name)?;
    for part in PARTS.into_iter().rev() {
        let (from, to) = (kept(set, place, part)?, part.path(place));
        // What somebody has made there since is newer than ours, which then stays in quarantine.
        if is_there(&from)? && !is_there(to)? {
            files::rename_new(&from, to).map_err(failed)?;
            files::sync_folder(home)
                .and_then(|()| files::sync_folder(set))
                .map_err(failed)?;
        }
    }
    if let Some(set) = preserve::list(place).iter().find(|s| s.folder == set) {
        preserve::call_off(set)?;
    }
    remove_note(place)
}

/// Where a part lies once it is in the set.
fn kept(set: &Path, place: &Place, part: Part) -> Result<PathBuf, Error> {
    let name = part.path(place).file_name().ok_or_else(Error::bad_name)?;
    Ok(set.join(name))
}

/// Somebody may have gone on with the old file after a crash, and so has made another WAL.
fn free_name(wanted: PathBuf) -> Result<PathBuf, Error> {
    if !is_there(&wanted)? {
        return Ok(wanted);
    }
    for n in 1..=LATER_MAX {
        let other = with_suffix(&wanted, &format!(".later-{n}"));
        if !is_there(&other)? {
            return Ok(other);
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

fn is_whole(new: &Path, note: &Note) -> Result<bool, Error> {
    if size_of(new) != Some(note.new_bytes) {
        return Ok(false);
    }
    let found = files::sha256(new).map_err(failed)?;
    Ok(found == note.new_sha256)
}

fn write_note(place: &Place, note: &Note) -> Result<(), Error> {
    let home = place.folder().ok_or_else(Error::bad_name)?;
    let text = serde_json::to_vec(note).map_err(|e| failed(io::Error::other(e)))?;
    let path = note_path(place);
    let draft = with_suffix(&path, ".tmp");
    files::remove_own(&draft)
        .and_then(|()| files::write_new(&draft, &text))
        .and_then(|()| files::rename_new(&draft, &path))
        .and_then(|()| files::sync_folder(home))
        .map_err(failed)
}

/// `None` if it cannot be understood.
fn read_note(place: &Place) -> Result<Option<Note>, Error> {
    let path = note_path(place);
    if size_of(&path).is_some_and(|bytes| bytes > NOTE_BYTES_MAX) {
        return Ok(None);
    }
    let text = fs::read(path).map_err(failed)?;
    let is_name = |name: &str| Path::new(name).file_name() == Some(name.as_ref());
    Ok(serde_json::from_slice::<Note>(&text)
        .ok()
        .filter(|note| note.version == VERSION && is_name(&note.new) && is_name(&note.set)))
}

fn remove_note(place: &Place) -> Result<(), Error> {
    let home = place.folder().ok_or_else(Error::bad_name)?;
    let path = note_path(place);
    files::remove_own(&with_suffix(&path, ".tmp"))
        .and_then(|()| files::remove_own(&path))
        .and_then(|()| files::sync_folder(home))
        .map_err(failed)
}

fn note_path(place: &Place) -> PathBuf {
    with_suffix(&place.main, ".swap")
}

fn is_there(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed(e)),
    }
}

fn failed(error: io::Error) -> Error {
    Error::from_io(&error)
}
