//! Which file a name leads to, whatever the name.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file's identity on this computer: the same for every hard and symbolic link to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The device on Unix, the volume's serial number on Windows.
    pub device: u64,
    /// The inode on Unix, the file's index on its volume on Windows.
    pub inode: u64,
}

impl FileId {
    /// The file at the end of all links. On Unix nothing is opened to find out.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        platform::of_path(path)
    }

    pub fn of_file(file: &File) -> io::Result<Self> {
        platform::of_file(file)
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::FileId;

    pub(super) fn of_path(path: &Path) -> io::Result<FileId> {
        Ok(of_metadata(&std::fs::metadata(path)?))
    }

    pub(super) fn of_file(file: &File) -> io::Result<FileId> {
        Ok(of_metadata(&file.metadata()?))
    }

    fn of_metadata(metadata: &Metadata) -> FileId {
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Windows keeps its locks with the handle, so that a look through a second handle drops none.
#[cfg(windows)]
mod platform {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use winapi_util::{Handle, HandleRef, file};

    use super::FileId;

    pub(super) fn of_path(path: &Path) -> io::Result<FileId> {
        Ok(of_information(&file::information(Handle::from_path_any(
            path,
        )?)?))
    }

    pub(super) fn of_file(file: &File) -> io::Result<FileId> {
        Ok(of_information(&file::information(HandleRef::from_file(
            file,
        ))?))
    }

    fn of_information(information: &file::Information) -> FileId {
        FileId {
            device: information.volume_serial_number(),
            inode: information.file_index(),
        }
    }
}
