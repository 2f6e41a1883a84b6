//! The few steps that are done to files beside SQLite. Each one is a place where torture may strike,
//! each leaves what it made on the disk before it answers, and none replaces anything.
//!
//! Nothing here may be given the main file or `-shm` of a database to which this process has a
//! connection: closing them would drop SQLite's locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::fault::point;
use crate::place;

/// Makes a folder for us alone, with its missing parents.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    point("make_folder")?;
    place::make_folder(folder)
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
