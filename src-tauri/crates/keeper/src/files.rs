//! The few steps that are done to files beside SQLite. Each one is a place where torture may strike,
//! each leaves what it made on the disk before it answers, and none replaces anything.
//!
//! Nothing here may be given the main file or `-shm` of a database to which this process has a
//! connection: closing them would drop SQLite's locks.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::fault::point;
use crate::place;

const DIGEST_CHUNK_BYTES: usize = 128 * 1024;
/// A manifest with the counts of some thousand tables fits.
const SMALL_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Makes a folder for us alone, with its missing parents.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    point("make_folder")?;
    place::make_folder(folder)
}

/// Makes one folder that is not there yet, for us alone.
pub(crate) fn make_new_folder(folder: &Path) -> io::Result<()> {
    point("make_new_folder")?;
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
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

/// Makes what another has written into a file survive a power loss.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    point("sync_file")?;
    // Windows syncs only what may be written.
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// Gives a file another name, which must be free. `sync_folder` makes it last.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    point("rename_new")?;
    place::rename_to_new(from, to)
}

/// Makes the names in a folder survive a power loss.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    point("sync_folder")?;
    place::sync_folder(folder)
}

/// Removes a file that this very process has made and nobody needs: never data of a person.
pub(crate) fn remove_own(path: &Path) -> io::Result<()> {
    point("remove_own")?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Removes a folder that has been emptied; one that still holds something stays.
pub(crate) fn remove_own_folder(folder: &Path) -> io::Result<()> {
    point("remove_own_folder")?;
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// What a file holds, as its number of bytes and a hash that tells it from any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Reads a whole file once.
pub(crate) fn digest(path: &Path) -> io::Result<Digest> {
    point("digest")?;
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut chunk = vec![0_u8; DIGEST_CHUNK_BYTES];
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(chunk.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    Ok(Digest {
        bytes,
        sha256: hex(&hash.finalize()),
    })
}

/// Reads a file of ours that is small by its nature; a larger one is not it.
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(SMALL_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SMALL_FILE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}

fn new_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
