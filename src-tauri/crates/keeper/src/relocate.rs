//! What a database needs to be taken to another folder: which files are its own, and the steps that copy
//! and prove them. Each of its files is copied byte by byte while nobody has it open; what others have
//! put beside them is not known here and stays where it is.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::attached::{Attached, attached};
use crate::disk::guard_bytes;
use crate::error::Error;
use crate::fault::point;
use crate::file::KeptFile;
use crate::files::{self, PIECE_BYTES, hexadecimal};
use crate::place::{self, Place, size_of};
use crate::platform::volume::Volume;
use crate::platform::{self, keep_private};
use crate::{backup, preserve};

/// What a file of a database is to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BelongsTo {
    /// The main file, its log and its marks.
    Database,
    Backup,
    /// A set in quarantine.
    Aside,
}

/// A file that is the database's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    pub path: PathBuf,
    pub bytes: u64,
    pub of: BelongsTo,
}

/// The files of a database, of its backups and of what is kept aside, by name alone. `-shm` holds
/// nothing and is left out, as is every file that is nobody's.
pub fn belongings(main: &Path) -> Vec<Belonging> {
    let place = Place::new(main.to_path_buf());
    let own = [&place.main, &place.wal, &place.journal, &place.made]
        .into_iter()
        .map(|path| (path.clone(), BelongsTo::Database));
    let backups = backup::files_of(&place)
        .into_iter()
        .map(|path| (path, BelongsTo::Backup));
    let aside = preserve::files_of(&place)
        .into_iter()
        .map(|path| (path, BelongsTo::Aside));
    own.chain(backups)
        .chain(aside)
        .filter(|(path, _)| path.symlink_metadata().is_ok_and(|meta| meta.is_file()))
        .map(|(path, of)| Belonging {
            bytes: size_of(&path).unwrap_or(0),
            path,
            of,
        })
        .collect()
}

/// Nothing that was begun with the database waits to be ended by the next open, and this process has
/// let go of it: its files may be read one by one.
pub fn may_be_copied(main: &Path) -> Result<(), Error> {
    let place = Place::new(place::canonical(main)?);
    if !place.is_let_go() || crate::swap::is_under_way(&place) {
        return Err(Error::Busy { code: 5 });
    }
    Ok(())
}

impl KeptFile {
    /// Copies the main file and its log as they are into a folder that is there: for what SQLite can't read all
    /// of. What is open is closed meanwhile, and calls wait as for any open; what can't be opened stays so.
    ///
    /// `Busy` if another process is attached or something begun waits for the next open, `Overloaded` if
    /// somebody goes on using the file.
    pub fn copy_files_to(&self, folder: &Path) -> Result<(), Error> {
        let copy = || {
            may_be_copied(&self.place.main)?;
            for from in [&self.place.main, &self.place.wal] {
                if let Some(name) = from.file_name().filter(|_| from.is_file()) {
                    copy_hashed(from, &folder.join(name), &mut |_| ControlFlow::Continue(()))
                        .map_err(|e| Error::from_io(&e))?;
                }
            }
            Ok(())
        };
        if !self.is_open() && self.place.is_let_go() {
            return copy();
        }
        self.while_closed(|| match attached(&self.place) {
            Attached::Nobody => copy(),
            Attached::Somebody { .. } | Attached::Unknown => Err(Error::Busy { code: 5 }),
        })
    }
}

/// Copies onto a name that is not taken, with the time of the original, and syncs. Answers the hash of
/// what was read, or `None` when `piece`, which is told the bytes of each piece, wants it to stop.
pub fn copy_hashed(
    from: &Path,
    to: &Path,
    piece: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> io::Result<Option<String>> {
    point("move_copy")?;
    let mut source = File::open(from)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    keep_private(&mut options);
    let mut copy = options.open(to)?;
    let hash = read_through(&mut source, &mut |bytes| {
        copy.write_all(bytes)?;
        Ok(piece(bytes.len() as u64))
    })?;
    if hash.is_some() {
        if let Ok(modified) = source.metadata().and_then(|meta| meta.modified()) {
            copy.set_times(FileTimes::new().set_modified(modified))?;
        }
        copy.sync_all()?;
    }
    Ok(hash)
}

/// The hash of a file's bytes, in hexadecimal digits; `None` when `piece` wants it to stop.
pub fn hash(
    path: &Path,
    piece: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> io::Result<Option<String>> {
    point("move_hash")?;
    read_through(&mut File::open(path)?, &mut |bytes| {
        Ok(piece(bytes.len() as u64))
    })
}

fn read_through(
    source: &mut File,
    each: &mut dyn FnMut(&[u8]) -> io::Result<ControlFlow<()>>,
) -> io::Result<Option<String>> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; PIECE_BYTES];
    loop {
        let read = source.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(Some(hexadecimal(&hasher.finalize())));
        };
        hasher.update(bytes);
        if each(bytes)?.is_break() {
            return Ok(None);
        }
    }
}

/// Makes a folder for us alone, with its missing parents.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    files::make_folder(folder)
}

/// Writes a file that is not there yet, for us alone.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::write_new(path, bytes)
}

/// Puts a file in the place of an earlier one in one step that lasts: either is there, whole, whatever
/// happens.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let draft = place::with_suffix(path, &format!(".{}.tmp", std::process::id()));
    files::remove_own(&draft)?;
    files::write_new(&draft, bytes)?;
    point("move_replace")?;
    platform::patiently(|| std::fs::rename(&draft, path))?;
    files::sync_folder(folder)
}

/// Gives a file or a folder another name, which must be free.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    files::rename_new(from, to)
}

/// Makes the names in a folder survive a power loss.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    files::sync_folder(folder)
}

/// Removes a file of which the caller knows that it is a copy of ours. No file is no failure.
pub fn remove_copy(path: &Path) -> io::Result<()> {
    files::remove_own(path)
}

/// What copying so many bytes to a folder takes, with what stays free for writing, and what is free
/// there. `None` where the system does not say.
pub fn room_for(folder: &Path, bytes: u64) -> Option<(u64, u64)> {
    let space = platform::space(folder)?;
    let needed = bytes.saturating_add(guard_bytes(space.total_bytes, 0));
    Some((needed, space.free_bytes))
}

/// Of the place that the path names or would name.
pub fn volume_of(path: &Path) -> Volume {
    Volume::of(path)
}

/// Nobody can change anything there while it is so.
pub fn is_read_only(folder: &Path) -> bool {
    platform::is_read_only_volume(folder)
}

/// Whether two paths that exist lie on one volume; `None` where the system does not tell.
pub fn on_one_volume(one: &Path, other: &Path) -> Option<bool> {
    Some(platform::file_id(one)?.volume == platform::file_id(other)?.volume)
}
