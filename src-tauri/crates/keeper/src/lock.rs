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
    _file: File,
}

impl WorkspaceLock {
    /// Takes the workspace or says who has it. Makes the folder, private, if it is missing.
    pub fn acquire(dir: &Path, holder: &Holder) -> Result<WorkspaceLock, LockError> {
        platform::make_folder(dir)?;
        for path in [dir.to_path_buf(), dir.join(LOCK_FILE)] {
            if platform::narrow(&path) > 0 {
                tracing::warn!("the workspace could be entered by others; its rights are narrowed");
            }
        }
        let file = open_private(&dir.join(LOCK_FILE))?;
        for tried in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(e)) => return Err(e.into()),
                Err(TryLockError::WouldBlock) if tried < TRIES_MAX => {
                    platform::pause(TRY_EVERY);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::HeldBy(read_owner(dir)));
                }
            }
        }
        // The lock is what counts. On a full disk the name can't be written, but reading still works.
        if let Err(error) = write_owner(dir, holder) {
            tracing::warn!(kind = ?error.kind(), "the holder's name could not be written");
            forget_owner(dir);
        }
        Ok(WorkspaceLock { _file: file })
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
    options.open(&temp)?.write_all(text.as_bytes())?;
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
