//! The engine's port for being told of changes, on this machine's disk.
//!
//! On Linux each folder is watched for itself: what is left out by rule costs no watch, links are not
//! followed, and the memory's own folder is never among them. Elsewhere the system watches a folder with
//! all that is below it, and what lies in a forbidden folder is passed over by its path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode};
use notify::{Error, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use oldgrowth_engine::ports::{Forbidden, Watch, WatchProblem, Watches};

use crate::file_id::FileId;

/// Is told by the system of the person who runs this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct WatchesOnDisk;

impl Watches for WatchesOnDisk {
    fn watch(
        &self,
        root: &Path,
        forbidden: &Forbidden,
        stirred: Box<dyn Fn() + Send + Sync>,
    ) -> Result<Box<dyn Watch>, WatchProblem> {
        if is_of_another_machine(root) {
            return Err(WatchProblem::OtherMachine);
        }
        let own = forbidden.directories.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let is_news = event.map_or(true, |event| changes_something(&event, &own));
            if is_news {
                stirred();
            }
        })
        .map_err(|error| problem(&error))?;
        let mut watch = WatchOnDisk {
            watcher,
            folders: HashMap::new(),
        };
        if !EACH_FOLDER {
            watch.add(root, RecursiveMode::Recursive)?;
        }
        Ok(Box::new(watch))
    }
}

/// Is each folder watched for itself?
const EACH_FOLDER: bool = cfg!(target_os = "linux");

struct WatchOnDisk {
    watcher: RecommendedWatcher,
    folders: HashMap<PathBuf, Option<FileId>>,
}

impl WatchOnDisk {
    fn add(&mut self, folder: &Path, mode: RecursiveMode) -> Result<(), WatchProblem> {
        self.watcher
            .watch(folder, mode)
            .map_err(|error| problem(&error))
    }

    fn add_one(&mut self, folder: &Path) -> Result<(), WatchProblem> {
        match EACH_FOLDER {
            true => self.add(folder, RecursiveMode::NonRecursive),
            false => Ok(()),
        }
    }
}

impl Watch for WatchOnDisk {
    fn follow(&mut self, folders: &[PathBuf]) -> Result<bool, WatchProblem> {
        // Another folder may have taken the place of one that is watched.
        let wanted: HashMap<PathBuf, Option<FileId>> = folders
            .iter()
            .map(|folder| (folder.clone(), FileId::of_path(folder).ok()))
            .collect();
        let before = std::mem::take(&mut self.folders);
        let was_empty = before.is_empty();
        let mut grown = false;
        for folder in before.keys().filter(|_| EACH_FOLDER) {
            let stays = wanted.get(folder) == before.get(folder);
            // One that was removed is watched no longer already.
            if !stays && let Err(error) = self.watcher.unwatch(folder) {
                tracing::debug!(kind = ?error.kind, "a folder was not watched any more");
            }
        }
        for (folder, id) in wanted {
            if before.get(&folder) != Some(&id) {
                grown = true;
                match self.add_one(&folder) {
                    // It went away since it was listed.
                    Err(WatchProblem::Refused) if !folder.exists() => continue,
                    added => added?,
                }
            }
            self.folders.insert(folder, id);
        }
        Ok(grown && (EACH_FOLDER || was_empty))
    }
}

/// Reading a file changes nothing in it.
fn changes_something(event: &Event, own: &[PathBuf]) -> bool {
    let read_only = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    };
    let is_own = |path: &PathBuf| own.iter().any(|folder| path.starts_with(folder));
    let all_own = !event.paths.is_empty() && event.paths.iter().all(is_own);
    event.need_rescan() || !(read_only || all_own)
}

fn problem(error: &Error) -> WatchProblem {
    match &error.kind {
        ErrorKind::MaxFilesWatch => WatchProblem::TooMany,
        // The number of watchers, or of open files, is limited too.
        ErrorKind::Io(io) if matches!(io.raw_os_error(), Some(23 | 24 | 28)) && cfg!(unix) => {
            WatchProblem::TooMany
        }
        _ => WatchProblem::Refused,
    }
}

/// Changes that another machine makes on a shared file system are told to nobody here.
#[cfg(target_os = "linux")]
fn is_of_another_machine(root: &Path) -> bool {
    /// NFS, SMB, SMB2, CIFS, 9P, AFS, Ceph, Coda, and FUSE, under which sshfs and its kin run.
    const KINDS: [u32; 9] = [
        0x6969,
        0x517B,
        0xFE53_4D42,
        0xFF53_4D42,
        0x0102_1997,
        0x5346_414F,
        0x00C3_6400,
        0x7375_7245,
        0x6573_5546,
    ];
    // The number has 32 bits; how wide the field is differs by processor.
    rustix::fs::statfs(root).is_ok_and(|stat| KINDS.contains(&(stat.f_type as u32)))
}

/// A share is named by its machine.
#[cfg(windows)]
fn is_of_another_machine(root: &Path) -> bool {
    use std::path::{Component, Prefix};
    matches!(
        root.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    )
}

/// The system says when a folder can't be watched.
#[cfg(not(any(target_os = "linux", windows)))]
fn is_of_another_machine(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_our_own_files_are_no_news() {
        let own = [PathBuf::from("/home/ada/notes/.memory")];
        let event = |kind, path: &str| Event::new(kind).add_path(PathBuf::from(path));
        for (event, news) in [
            (
                event(
                    EventKind::Create(notify::event::CreateKind::File),
                    "/home/ada/notes/a.md",
                ),
                true,
            ),
            (
                event(
                    EventKind::Access(AccessKind::Open(AccessMode::Read)),
                    "/home/ada/notes/a.md",
                ),
                false,
            ),
            (
                event(
                    EventKind::Access(AccessKind::Close(AccessMode::Write)),
                    "/home/ada/notes/a.md",
                ),
                true,
            ),
            (
                event(EventKind::Any, "/home/ada/notes/.memory/chunks.db-wal"),
                false,
            ),
        ] {
            assert_eq!(changes_something(&event, &own), news, "{event:?}");
        }
    }
}
