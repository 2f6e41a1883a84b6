//! Puts a finished file in the place of a database whose files move into quarantine. A journal beside the
//! database says what is under way, so that the next open can finish it or take it back.
//!
//! ```text
//!   restore.json written ──► set begun ──► old files moved ──► new file named ──► restore.json removed
//!        │ ended here: taken back  │ ended here: finished, the new file being whole since before
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ambient::Clock;
use crate::backup::bad_name;
use crate::error::{BadCopy, Error};
use crate::files;
use crate::place::{Place, with_suffix};
use crate::preserve::{Part, Why, begin_moved_as, discard_empty, move_aside, move_back};
use crate::quarantine::{MANIFEST, MOVED, QuarantineSet, look};
use crate::stamp;

#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    /// The name of the set the files go to.
    set: String,
    /// The name of the new file, in the folder of backups.
    new: String,
}

/// `new` is whole, synced, needs no sidecars and lies in the folder of backups. When this fails, either
/// everything is as before or the next open ends the swap.
///
/// This process must have no connection to the database, and no other may be attached.
pub(crate) fn swap(
    place: &Place,
    new: &Path,
    why: &Why,
    clock: &dyn Clock,
) -> Result<QuarantineSet, Error> {
    let journal = Journal {
        set: stamp::unique(clock),
        new: new
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(bad_name)?
            .to_owned(),
    };
    write_journal(place, &journal)?;
    let swapped = begin_moved_as(place, why, clock, &journal.set)
        .and_then(|set| finish(place, &set.folder, new).and_then(|()| look(set.folder, set.id)));
    if swapped.is_err() {
        // What cannot be taken back now is settled by the next open.
        take_back(place, &journal).ok();
    }
    swapped
}

/// Ends a swap that was cut short: before the new file could take its place everything goes back, after
/// that it is completed. Called before anything else looks at the files.
///
/// This process must have no connection to the database.
pub(crate) fn finish_interrupted(place: &Place) -> Result<(), Error> {
    let path = journal_path(place);
    let bytes = match files::read_small(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::from_io(&e)),
    };
    // It was given its name when it was whole, so this is nobody's to guess about.
    let journal: Journal =
        serde_json::from_slice(&bytes).map_err(|_| Error::BadCopy(BadCopy::Manifest))?;
    let (set, new) = paths(place, &journal)?;
    let main_moved = moved_main(place, &set)?;
    match (is_there(&set.join(MANIFEST))?, is_there(&new)?) {
        (true, true) => finish(place, &set, &new),
        (true, false) if is_there(&place.main)? && is_there(&main_moved)? => remove_journal(place),
        _ => take_back(place, &journal),
    }
}

/// Every step may have been done before.
fn finish(place: &Place, set: &Path, new: &Path) -> Result<(), Error> {
    let home = place.folder().ok_or_else(bad_name)?;
    move_aside(place, set, &Part::ALL)?;
    files::rename_new(new, &place.main).map_err(|e| Error::from_io(&e))?;
    files::sync_folder(home).map_err(|e| Error::from_io(&e))?;
    remove_journal(place)
}

fn take_back(place: &Place, journal: &Journal) -> Result<(), Error> {
    let (set, new) = paths(place, journal)?;
    if is_there(&place.main)? && is_there(&moved_main(place, &set)?)? {
        // The new file is in its place already.
        return remove_journal(place);
    }
    move_back(place, &set)?;
    discard_empty(&set)?;
    remove_journal(place)?;
    files::remove_own(&new).map_err(|e| Error::from_io(&e))
}

fn write_journal(place: &Place, journal: &Journal) -> Result<(), Error> {
    let failed = |e: io::Error| Error::from_io(&e);
    let home = place.folder().ok_or_else(bad_name)?;
    let path = journal_path(place);
    let draft = with_suffix(&path, ".tmp");
    let text = serde_json::to_vec(journal).map_err(|e| failed(e.into()))?;
    files::remove_own(&draft).map_err(failed)?;
    let written = files::write_new(&draft, &text)
        .and_then(|()| files::rename_new(&draft, &path))
        .and_then(|()| files::sync_folder(home));
    if written.is_err() {
        // Nothing has been moved, so a journal that stays says only that nothing is to be done.
        files::remove_own(&draft).ok();
        files::remove_own(&path).ok();
    }
    written.map_err(failed)
}

fn remove_journal(place: &Place) -> Result<(), Error> {
    let home = place.folder().ok_or_else(bad_name)?;
    files::remove_own(&journal_path(place))
        .and_then(|()| files::sync_folder(home))
        .map_err(|e| Error::from_io(&e))
}

fn journal_path(place: &Place) -> PathBuf {
    place.main.with_file_name("restore.json")
}

/// Names only: a journal cannot lead anywhere else.
fn paths(place: &Place, journal: &Journal) -> Result<(PathBuf, PathBuf), Error> {
    let is_name = |name: &str| Path::new(name).file_name() == Some(name.as_ref());
    match (place.quarantine(), place.backups()) {
        (Some(quarantine), Some(backups)) if is_name(&journal.set) && is_name(&journal.new) => {
            Ok((quarantine.join(&journal.set), backups.join(&journal.new)))
        }
        _ => Err(Error::BadCopy(BadCopy::Manifest)),
    }
}

fn moved_main(place: &Place, set: &Path) -> Result<PathBuf, Error> {
    let name = place.main.file_name().ok_or_else(bad_name)?;
    Ok(set.join(MOVED).join(name))
}

fn is_there(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::from_io(&e)),
    }
}
