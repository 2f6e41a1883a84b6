//! A small folder of the person's own, which several processes share: private, locked while it is changed, each
//! file replaced in one step or added to in whole lines.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Another process changes the folder for moments only. Whoever waits longer gives up: a failure that
/// can't be recorded must not become a program that hangs.
const LOCK_TRIES: u32 = 100;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(10);

const LOCK: &str = "lock";

#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// The end of a file, as far as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub bytes: Vec<u8>,
    /// There is more before it, and its first line may be half of one.
    pub is_cut: bool,
}

impl Folder {
    /// Makes nothing yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Nothing of ours was ever written.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        !self.0.is_dir()
    }

    /// Keeps other processes and threads from changing the folder while the value lives.
    ///
    /// # Errors
    /// When the folder can't be made or written to, or another holds the lock for a second.
    pub fn lock(&self) -> io::Result<File> {
        let file = self.lock_file(LOCK)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_TRY_EVERY),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// A further lock of this name, for what takes longer; `None` when another has it.
    ///
    /// # Errors
    /// When the folder can't be made or written to.
    pub fn try_lock(&self, name: &str) -> io::Result<Option<File>> {
        let file = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn open(&self, name: &str) -> io::Result<Option<File>> {
        match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        self.make()?;
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(self.0.join(name))
    }

    /// A file whole; `None` when it is not there. One that is larger was not written by us.
    ///
    /// # Errors
    /// When it can't be read, or is larger.
    pub fn read(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some(bytes))
    }

    /// So many bytes of a file's beginning; `None` when it is not there.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read_head(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// So many bytes of a file's end; `None` when it is not there.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read_tail(&self, name: &str, bytes_max: u64) -> io::Result<Option<Tail>> {
        let Some(mut file) = self.open(name)? else {
            return Ok(None);
        };
        let before = file.metadata()?.len().saturating_sub(bytes_max);
        file.seek(SeekFrom::Start(before))?;
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(Some(Tail {
            bytes,
            is_cut: before > 0,
        }))
    }

    /// Either the earlier file is there afterwards or this one, whole. The lock is held.
    ///
    /// # Errors
    /// When it can't be written; then the earlier one is there.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.replaced(name, bytes).map(drop)
    }

    /// The same, and once this has answered it is this one, though the power fails.
    ///
    /// # Errors
    /// As for [`Folder::replace`]; but when the disk fails to keep its name, either may be there.
    pub fn replace_durably(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.replaced(name, bytes)?;
        sync_name(&self.0, &file)
    }

    fn replaced(&self, name: &str, bytes: &[u8]) -> io::Result<File> {
        let draft = self.0.join(format!("{name}.new"));
        let mut file =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        put_in_place(&draft, &self.0.join(name))?;
        Ok(file)
    }

    /// Copies a file to a name that is free, so that it stays though the power fails. The lock is held.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken; otherwise when it can't be copied, and then nothing is there.
    pub fn copy_new(&self, name: &str, to: &str) -> io::Result<()> {
        let mut source = File::open(self.0.join(name))?;
        let path = self.0.join(to);
        let mut copy = private(OpenOptions::new().write(true).create_new(true)).open(&path)?;
        let copied = io::copy(&mut source, &mut copy)
            .and_then(|_bytes| copy.sync_all())
            .and_then(|()| sync_name(&self.0, &copy));
        if copied.is_err() {
            drop(copy);
            fs::remove_file(path).ok();
        }
        copied
    }

    /// As [`Folder::copy_new`], to this name or, where that is taken, to the first free one with a number behind it.
    ///
    /// # Errors
    /// When it can't be copied; then nothing new is there.
    pub fn copy_aside(&self, name: &str, to: &str) -> io::Result<()> {
        let mut aside = to.to_owned();
        let mut number = 1_u32;
        loop {
            match self.copy_new(name, &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                    aside = format!("{to}.{number}");
                }
                copied => return copied,
            }
        }
    }

    /// Adds a line, which ends with its own end, on a line of its own: what a process has left half written is
    /// not joined with it. Answers how long the file is now. The lock is held.
    ///
    /// # Errors
    /// When it can't be added whole; what was added of it is taken back as far as the disk allows.
    pub fn append(&self, name: &str, line: &[u8]) -> io::Result<u64> {
        self.append_with(name, line, |_| Ok(()))
    }

    /// The same, and it stays though the power fails, the file's name with it.
    ///
    /// # Errors
    /// As for [`Folder::append`].
    pub fn append_durably(&self, name: &str, line: &[u8]) -> io::Result<u64> {
        self.append_with(name, line, |file| {
            file.sync_data()?;
            sync_name(&self.0, file)
        })
    }

    /// Adds a line to a file of which at most two are kept, this one and the one before. The lock is held.
    ///
    /// # Errors
    /// As for [`Folder::append`].
    pub fn append_to_two(
        &self,
        name: &str,
        before: &str,
        line: &[u8],
        bytes_max: u64,
    ) -> io::Result<()> {
        let path = self.0.join(name);
        let len = fs::metadata(&path).map_or(0, |meta| meta.len());
        if len > 0 && len.saturating_add(line.len() as u64) > bytes_max {
            put_in_place(&path, &self.0.join(before))?;
        }
        self.append(name, line).map(drop)
    }

    fn append_with(
        &self,
        name: &str,
        line: &[u8],
        finish: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<u64> {
        let path = self.0.join(name);
        let mut file =
            private(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
        let len = file.seek(SeekFrom::End(0))?;
        let mut last = [b'\n'];
        if len > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        if last != [b'\n'] {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line);
        let added = file.write_all(&bytes).and_then(|()| finish(&file));
        if let Err(error) = added {
            // Whoever comes next begins a line of its own in any case.
            file.set_len(len).ok();
            return Err(error);
        }
        Ok(len + bytes.len() as u64)
    }

    /// Of a file that is not there too. The lock is held.
    ///
    /// # Errors
    /// When it is there still.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Of all that lies in it.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    fn make(&self) -> io::Result<()> {
        if self.is_missing() {
            #[cfg(unix)]
            let missing: Vec<&Path> = {
                let folders = self.0.ancestors();
                folders.take_while(|folder| !folder.is_dir()).collect()
            };
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&self.0)?;
            // The name of each lies in the one above.
            #[cfg(unix)]
            for made in missing {
                made.parent().map_or(Ok(()), sync_folder)?;
            }
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&self.0)?.permissions().mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(())
    }
}

/// For the person's own eyes. On Windows the folder for local application data is theirs alone, and what
/// is made in it inherits that.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the name that a file was given in a folder survive a power loss.
#[cfg(unix)]
fn sync_name(folder: &Path, _file: &File) -> io::Result<()> {
    sync_folder(folder)
}

/// A folder can't be synced here. With a file the system writes out the file system's journal, in which its name is.
#[cfg(not(unix))]
fn sync_name(_folder: &Path, file: &File) -> io::Result<()> {
    file.sync_all()
}

/// On macOS the standard library asks for `F_FULLFSYNC`, so that the drive's own cache is written too. Some file
/// systems know no such thing, and some sync no folders: what they cannot do is not asked of them.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    let cannot = [Errno::INVAL, Errno::NOTSUP, Errno::NOTTY].map(|errno| errno.raw_os_error());
    let folder = File::open(folder)?;
    match folder.sync_all() {
        Err(error) if error.raw_os_error().is_some_and(|no| cannot.contains(&no)) => {}
        synced => return synced,
    }
    match rustix::fs::fsync(&folder) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOTTY) => Ok(()),
        synced => Ok(synced?),
    }
}

#[cfg(not(windows))]
fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Whoever reads the earlier file, a virus scanner too, keeps it in the way for an instant.
#[cfg(windows)]
fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..LOCK_TRIES {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::park_timeout(LOCK_TRY_EVERY);
            }
            done => return done,
        }
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests;
