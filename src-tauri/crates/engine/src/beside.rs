//! Small files beside the memory, that outlive the process and can be read when the memory can't.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A larger file was not written by us.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What the file holds; none when it is not there or can't be ours.
pub(crate) fn read(workspace: &Path, name: &str) -> Option<Vec<u8>> {
    let file = File::open(workspace.join(name)).ok()?;
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= FILE_BYTES_MAX).then_some(text)
}

/// Puts the file in place in one step: either the earlier one is there or this one, whole. After an error nothing
/// of it stays.
pub(crate) fn write(workspace: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let half_made = workspace.join(format!("{name}.new"));
    let mut file = private().create(true).truncate(true).open(&half_made)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    drop(file);
    let placed = written.and_then(|()| fs::rename(&half_made, workspace.join(name)));
    placed.inspect_err(|_| {
        if let Err(error) = fs::remove_file(&half_made) {
            tracing::debug!(kind = ?error.kind(), "a file that is half made stays");
        }
    })
}

/// The files there whose names begin and end so.
pub(crate) fn named(workspace: &Path, prefix: &str, ending: &str) -> Vec<PathBuf> {
    let is_so = |name: &str| name.starts_with(prefix) && name.ends_with(ending);
    let entries = fs::read_dir(workspace).into_iter().flatten().flatten();
    entries
        .filter(|file| file.file_name().to_str().is_some_and(is_so))
        .map(|file| file.path())
        .collect()
}

/// A file made with these is for us alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder for us alone, with its missing parents.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
