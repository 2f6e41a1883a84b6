//! The few steps that are done to files beside SQLite. Each one is a place where torture may strike,
//! each leaves what it made on the disk before it answers, and none replaces anything.
//!
//! Nothing here may be given the main file or `-shm` of a database to which this process has a
//! connection: closing them would drop SQLite's locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::fault::point;
use crate::platform;
use crate::platform::keep_private;

pub(crate) const PIECE_BYTES: usize = 256 * 1024;

/// Makes a folder for us alone, with its missing parents.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    point("make_folder")?;
    platform::make_folder(folder)
}

/// Writes a file that is not there yet, for us alone.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    point("write_new")?;
    let mut file = new_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Copies onto a name that is not taken. Returns the number of bytes.
pub(crate) fn copy_new(from: &Path, to: &Path) -> io::Result<u64> {
    point("copy_new")?;
    let mut source = File::open(from)?;
    let mut copy = new_private(to)?;
    let bytes = io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    Ok(bytes)
}

/// Like `copy_new`. Returns the hash of what was read too, in hexadecimal digits.
pub(crate) fn copy_new_hashed(from: &Path, to: &Path) -> io::Result<(u64, String)> {
    let mut source = Hashed {
        inner: File::open(from)?,
        hasher: Sha256::new(),
    };
    let bytes = copy_new_from(&mut source, to)?;
    Ok((bytes, hexadecimal(&source.hasher.finalize())))
}

/// Hashes what is read through it.
struct Hashed {
    inner: File,
    hasher: Sha256,
}

impl Read for Hashed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hasher.update(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Like `copy_new`, from what is not a file by name.
pub(crate) fn copy_new_from(source: &mut dyn Read, to: &Path) -> io::Result<u64> {
    point("copy_new_from")?;
    let mut copy = new_private(to)?;
    let bytes = io::copy(source, &mut copy)?;
    copy.sync_all()?;
    Ok(bytes)
}

/// Leaves on the disk what another has written into a file.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    point("sync_file")?;
    // Windows syncs only what may be written.
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// Gives a file another name, which must be free. `sync_folder` makes it last.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    point("rename_new")?;
    platform::rename_to_new(from, to)
}

/// Makes the names in a folder survive a power loss.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    point("sync_folder")?;
    platform::sync_folder(folder)
}

/// Changes a file that this very process has made and no connection is open to.
pub(crate) fn edit_own(
    path: &Path,
    edit: &mut dyn FnMut(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    point("edit_own")?;
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    edit(&mut file)?;
    file.sync_all()
}

/// Removes a file that this very process has made and nobody needs: never data of a person.
pub(crate) fn remove_own(path: &Path) -> io::Result<()> {
    point("remove_own")?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The hash of a file's bytes, in hexadecimal digits.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    point("sha256")?;
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0_u8; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            n => hasher.update(piece.get(..n).unwrap_or_default()),
        }
    }
    Ok(hexadecimal(&hasher.finalize()))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        hex.push_str(&format!("{byte:02x}"));
        hex
    })
}

/// A moment as part of a name: `20261121T070111Z`.
pub(crate) fn utc_stamp(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}

/// The moment that [`utc_stamp`] has written.
pub(crate) fn unix_ms_of_stamp(stamp: &str) -> Option<i64> {
    let moment = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    let there = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(there.timestamp().as_millisecond())
}

fn new_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    keep_private(&mut options);
    options.open(path)
}
