//! One owner per workspace. The system frees the lock when its holder dies, however it dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::platform;

const LOCK_FILE: &str = ".lock";
/// Beside the lock file, because Windows lets nobody read a locked one.
const OWNER_FILE: &str = ".owner";
/// A look at the holder takes the lock for an instant, so a refusal is asked for again. Who looks is
/// another process and tells nobody when it is done, so there is nothing to wait on but time.
const TRIES_MAX: u32 = 4;
const TRY_EVERY: Duration = Duration::from_millis(5);
const OWNER_BYTES_MAX: u64 = 16 * 1024;

/// Who holds a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
    pub started_unix_ms: i64,
    /// Where it can be spoken to.
    pub endpoint: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// `None`: the holder has not written down who it is.
    #[error("the workspace is held by another process")]
    HeldBy(Option<Holder>),
    #[error("the workspace cannot be locked: {0}")]
    Io(#[from] io::Error),
}

/// Held for as long as the value lives.
#[derive(Debug)]
pub struct WorkspaceLock {
    /// Absent where the workspace is only read and has no lock file.
    _file: Option<File>,
    reads_only: bool,
}

impl WorkspaceLock {
    /// Takes the workspace or says who has it. Makes the folder, private, if it is missing.
    pub fn acquire(dir: &Path, holder: &Holder) -> Result<WorkspaceLock, LockError> {
        let (file, named) = take(dir, holder)?;
        Ok(WorkspaceLock::owned(dir, file, named))
    }

    /// As [`WorkspaceLock::acquire`]. Where the folder refuses to be written to and `database` lies there, the
    /// workspace is taken to be read: shared with all who only read it, and kept from whoever would write.
    ///
    /// A lock file that is there is locked, for which it need not be written to. Without one that this account
    /// may open nothing is locked. On a volume that is read-only nobody can write. Elsewhere another account
    /// may begin to at any time, and that is safe too: nothing of ours writes, SQLite's own locks keep a
    /// reader and a writer apart, and what was read where SQLite could take no lock is given to nobody
    /// once the files have changed. Whoever holds such a lock keeps its files with [`Keeper::reading`].
    ///
    /// [`Keeper::reading`]: crate::Keeper::reading
    pub fn acquire_or_read(
        dir: &Path,
        holder: &Holder,
        database: &Path,
    ) -> Result<WorkspaceLock, LockError> {
        let only_read = |error: &io::Error| refuses_writing(error) && database.exists();
        match take(dir, holder) {
            Ok((file, Err(error))) if only_read(&error) => {
                // Given back first: a lock is shared, or it is not.
                drop(file);
                share(dir)
            }
            Err(LockError::Io(error)) if only_read(&error) => share(dir),
            Ok((file, named)) => Ok(WorkspaceLock::owned(dir, file, named)),
            Err(error) => Err(error),
        }
    }

    fn owned(dir: &Path, file: File, named: io::Result<()>) -> WorkspaceLock {
        // The lock is what counts. On a full disk the name can't be written, but reading still works.
        if let Err(error) = named {
            tracing::warn!(kind = ?error.kind(), "the holder's name could not be written");
            forget_owner(dir);
        }
        WorkspaceLock {
            _file: Some(file),
            reads_only: false,
        }
    }

    /// The workspace may only be read.
    pub fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// Whether a workspace that was taken to be read could be taken whole by now, as far as its rights go.
    pub fn may_be_whole(dir: &Path) -> bool {
        let mut lock = OpenOptions::new();
        let lock = lock.read(true).write(true).open(dir.join(LOCK_FILE));
        if lock.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
            return false;
        }
        let draft = dir.join(owner_draft());
        open_private(&draft).is_ok() && platform::patiently(|| fs::remove_file(&draft)).is_ok()
    }

    /// Says anew who holds the workspace, and for what.
    pub fn rename(&self, dir: &Path, holder: &Holder) {
        if let Err(error) = write_owner(dir, holder) {
            tracing::warn!(kind = ?error.kind(), "the holder's name could not be written");
        }
    }

    /// Who holds the workspace now, if anybody does and has said so.
    pub fn holder(dir: &Path) -> Option<Holder> {
        let file = File::open(dir.join(LOCK_FILE)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read_owner(dir),
            _ => None,
        }
    }
}

/// Locks the workspace, and answers with the lock whether its holder could be named.
fn take(dir: &Path, holder: &Holder) -> Result<(File, io::Result<()>), LockError> {
    platform::make_folder(dir)?;
    for path in [dir.to_path_buf(), dir.join(LOCK_FILE)] {
        if platform::narrow(&path) > 0 {
            tracing::warn!("the workspace could be entered by others; its rights are narrowed");
        }
    }
    let file = open_private(&dir.join(LOCK_FILE))?;
    held_by_us(dir, || file.try_lock())?;
    let named = write_owner(dir, holder);
    Ok((file, named))
}

/// Takes a workspace that only can be read.
fn share(dir: &Path) -> Result<WorkspaceLock, LockError> {
    let file = match File::open(dir.join(LOCK_FILE)) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound || refuses_writing(&error) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(file) = &file {
        held_by_us(dir, || file.try_lock_shared())?;
    }
    Ok(WorkspaceLock {
        _file: file,
        reads_only: true,
    })
}

/// Tries a few times, or says who has it.
fn held_by_us(
    dir: &Path,
    mut lock: impl FnMut() -> Result<(), TryLockError>,
) -> Result<(), LockError> {
    for tried in 1.. {
        match lock() {
            Ok(()) => break,
            Err(TryLockError::Error(e)) => return Err(e.into()),
            Err(TryLockError::WouldBlock) if tried < TRIES_MAX => platform::pause(TRY_EVERY),
            Err(TryLockError::WouldBlock) => return Err(LockError::HeldBy(read_owner(dir))),
        }
    }
    Ok(())
}

/// The volume is read-only, or this account has no right.
fn refuses_writing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
    )
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    platform::keep_private(&mut options);
    options.open(path)
}

/// Replaced whole, so that nobody reads half of it. Only the holder of the lock writes it.
fn write_owner(dir: &Path, holder: &Holder) -> io::Result<()> {
    let temp = dir.join(owner_draft());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    platform::keep_private(&mut options);
    let text = format!(
        "pid={}\nname={}\nstarted_unix_ms={}\nendpoint={}\n",
        holder.pid,
        one_line(&holder.name),
        holder.started_unix_ms,
        one_line(&holder.endpoint),
    );
    platform::patiently(|| options.open(&temp))?.write_all(text.as_bytes())?;
    platform::patiently(|| fs::rename(&temp, dir.join(OWNER_FILE)))
}

/// No name is better than that of a holder long gone.
fn forget_owner(dir: &Path) {
    for name in [OWNER_FILE.to_owned(), owner_draft()] {
        match platform::patiently(|| fs::remove_file(dir.join(&name))) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(kind = ?error.kind(), "an old holder's name stays"),
        }
    }
}

fn owner_draft() -> String {
    format!("{OWNER_FILE}-{}", std::process::id())
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn read_owner(dir: &Path) -> Option<Holder> {
    let path = dir.join(OWNER_FILE);
    let meta = fs::metadata(&path).ok()?;
    if meta.len() > OWNER_BYTES_MAX {
        return None;
    }
    let text = platform::patiently(|| fs::read_to_string(&path)).ok()?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    Some(Holder {
        pid: field("pid")?.parse().ok()?,
        name: field("name")?.to_owned(),
        started_unix_ms: field("started_unix_ms")?.parse().ok()?,
        endpoint: field("endpoint")?.to_owned(),
    })
}
