//! The folder of the reports: private, locked while it is changed, each file replaced in one step.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Another process changes the folder for moments only. Whoever waits longer gives up: a failure that
/// can't be recorded must not become a program that hangs.
const LOCK_TRIES: u32 = 100;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(10);

#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Nothing of ours was ever written.
    pub(crate) fn is_missing(&self) -> bool {
        !self.0.is_dir()
    }

    /// Keeps other processes and threads from changing the folder while the value lives.
    pub(crate) fn lock(&self) -> io::Result<File> {
        let file = self.lock_file("lock")?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_TRY_EVERY),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// One process sends at a time; `None` when another does.
    pub(crate) fn try_lock_sending(&self) -> io::Result<Option<File>> {
        let file = self.lock_file("sending.lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        self.make()?;
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(self.0.join(name))
    }

    /// A file whole; `None` when it is not there. One that is larger was not written by us.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        file.take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some(bytes))
    }

    /// Either the earlier file is there afterwards or this one, whole. The lock is held.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = self.0.join(format!("{name}.new"));
        let mut file =
            private(OpenOptions::new().write(true).create(true).truncate(true)).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(draft, self.0.join(name))
    }

    /// Adds to a file of which at most two are kept, this one and the one before. The lock is held.
    pub(crate) fn append(
        &self,
        name: &str,
        before: &str,
        bytes: &[u8],
        bytes_max: u64,
    ) -> io::Result<()> {
        let path = self.0.join(name);
        let len = fs::metadata(&path).map_or(0, |meta| meta.len());
        if len > 0 && len.saturating_add(bytes.len() as u64) > bytes_max {
            fs::rename(&path, self.0.join(before))?;
        }
        private(OpenOptions::new().append(true).create(true))
            .open(&path)?
            .write_all(bytes)
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    fn make(&self) -> io::Result<()> {
        if self.is_missing() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&self.0)?;
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
