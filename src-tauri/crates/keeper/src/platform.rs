//! What differs by system, and nothing else: each function is the same promise, kept by other means.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
pub(crate) mod volume;
#[cfg(windows)]
mod windows;

#[cfg(any(windows, test))]
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(crate) use system::{
    errno, file_id, is_read_only_volume, keep_private, make_folder, narrow, patiently,
    raise_open_files_limit, rename_to_new, rights, sight, space, sync_folder, wait_for_scanners,
};

/// Programs that look into every file that changes hold it for an instant, so on Windows a name cannot
/// always be changed at once. These are SQLite's own numbers (os_win.c, `winIoerrRetry`).
#[cfg(any(windows, test))]
const TRIES_MAX: u32 = 10;
#[cfg(any(windows, test))]
const TRY_LATER: Duration = Duration::from_millis(25);

/// What makes one file that file, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) volume: u64,
    pub(crate) index: u64,
}

/// Who may look at a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    windows,
    expect(
        dead_code,
        reason = "rights there are those of the person's own folder"
    )
)]
pub(crate) enum Sight {
    /// Its owner alone, who is us.
    Private,
    /// Others too.
    Open,
    /// It is another account's, or shared by many on purpose.
    Foreign,
}

/// The room on a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    /// For us, which may be less than what is free for the system's own account.
    pub(crate) free_bytes: u64,
    pub(crate) total_bytes: u64,
    /// How many more files can be made. `None` where only bytes limit that.
    pub(crate) free_files: Option<u64>,
}

/// Lets some time pass while nothing can be waited for: another process holds what is wanted and tells
/// nobody when it is done. A stray wake-up only makes it shorter, so callers count their tries.
pub(crate) fn pause(time: Duration) {
    thread::park_timeout(time);
}

/// The part of a path that exists.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|part| part.exists())
}

/// Tries again, waiting longer each time, while `step` fails in a way that `passes` by itself.
#[cfg(any(windows, test))]
fn retried<T>(
    passes: impl Fn(&io::Error) -> bool,
    pause: impl Fn(Duration),
    mut step: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut tried = 1;
    loop {
        match step() {
            Err(error) if tried < TRIES_MAX && passes(&error) => {
                pause(TRY_LATER.saturating_mul(tried));
                tried += 1;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests;
