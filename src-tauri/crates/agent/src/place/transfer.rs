//! Copies a closed memory to another folder and proves the copy.
//!
//! Everything is copied into a draft, a folder of ours in the new place, whose list says what was meant to
//! be in it. When the draft has been proved it is declared whole, and its entries get their names.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use oldgrowth_keeper::{Keeper, relocate};
use oldgrowth_store::table::totals::Totals;
use oldgrowth_store::{Lane, Store};
use oldgrowth_wire::{ErrorCode, MoveStage, WireError};
use serde::{Deserialize, Serialize};

use super::Workspace;
use super::pointer::{Begun, Copied, MARK};
use super::target::own_files;
use crate::system::ambient;
use crate::words::{explain_store, wire_error};

/// What the draft's name begins with; the move's id follows.
pub(super) const DRAFT: &str = ".oldgrowth-moving-";

const LIST: &str = "list.json";
const WHOLE: &str = "whole";

/// Each byte is copied, and read again.
const TIMES: u64 = 2;

/// What SQLite may leave beside a main file that was opened to be proved.
const BESIDE_MAIN: [&str; 3] = ["-wal", "-shm", "-journal"];

#[derive(Debug)]
pub(crate) struct Transfer {
    from: PathBuf,
    begun: Begun,
}

/// What was meant to be in the draft.
#[derive(Serialize, Deserialize)]
struct List {
    files: Vec<PathBuf>,
}

#[derive(Debug)]
pub(crate) enum Failed {
    Stopped,
    /// A step on a file of either place.
    Io(io::Error),
    NoRoom(String),
    /// The copy is not what was copied.
    Differs,
    Store(oldgrowth_store::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Told the stage, the bytes that are done and all there are; says whether to go on.
pub(crate) type Tell<'t> = dyn FnMut(MoveStage, u64, u64) -> ControlFlow<()> + 't;

impl Transfer {
    pub(crate) fn new(from: PathBuf, begun: Begun) -> Self {
        Self { from, begun }
    }

    /// Copies and proves all files of the memory, which nobody has open, and gives them their names.
    pub(crate) fn run(&self, totals: Totals, tell: &mut Tell<'_>) -> Result<Vec<Copied>, Failed> {
        relocate::may_be_copied(&self.from.join(Store::FILE))
            .map_err(|error| Failed::Store(error.into()))?;
        let own = own_files(&self.from);
        let bytes: u64 = own.iter().map(|file| file.bytes).sum();
        if let Some((needed, free)) = relocate::room_for(&self.begun.to, bytes)
            && free < needed
        {
            return Err(Failed::NoRoom(room_words(bytes, needed, free)));
        }
        let draft = self.begun.draft();
        fs::create_dir(&draft)?;
        let list = List {
            files: own.iter().map(|file| file.path.clone()).collect(),
        };
        relocate::write_new(
            &draft.join(LIST),
            &serde_json::to_vec(&list).map_err(io::Error::from)?,
        )?;
        relocate::sync_folder(&draft)?;
        relocate::sync_folder(&self.begun.to)?;

        let of = bytes * TIMES;
        let mut done = 0;
        let mut copied = Vec::with_capacity(own.len());
        for file in &own {
            let to = draft.join(&file.path);
            if let Some(folder) = to.parent() {
                relocate::make_folder(folder)?;
            }
            let sha256 = relocate::copy_hashed(&self.from.join(&file.path), &to, &mut |piece| {
                done += piece;
                tell(MoveStage::Copying, done, of)
            })?;
            copied.push(Copied {
                path: file.path.clone(),
                bytes: file.bytes,
                sha256: sha256.ok_or(Failed::Stopped)?,
            });
        }
        for folder in folders_of(&list.files) {
            relocate::sync_folder(&draft.join(folder))?;
        }
        for file in &copied {
            let path = draft.join(&file.path);
            let sha256 = relocate::hash(&path, &mut |piece| {
                done += piece;
                tell(MoveStage::Proving, done, of)
            })?;
            let is_same = sha256.ok_or(Failed::Stopped)? == file.sha256
                && fs::symlink_metadata(&path)?.len() == file.bytes;
            if !is_same {
                return Err(Failed::Differs);
            }
        }
        // Whoever calls it off later is too late: what follows takes moments.
        if tell(MoveStage::Proving, of, of).is_break() {
            return Err(Failed::Stopped);
        }
        if totals_in(&draft).map_err(Failed::Store)? != totals {
            return Err(Failed::Differs);
        }
        self.give_names(&draft, &list)?;
        Ok(copied)
    }

    fn give_names(&self, draft: &Path, list: &List) -> Result<(), Failed> {
        relocate::write_new(&draft.join(WHOLE), b"")?;
        relocate::sync_folder(draft)?;
        for name in first_names(&list.files) {
            relocate::rename_new(&draft.join(&name), &self.begun.to.join(&name))?;
        }
        relocate::sync_folder(draft)?;
        relocate::sync_folder(&self.begun.to)?;
        Ok(())
    }
}

/// The rows of the store in a draft, which is opened as it always is and closed again.
fn totals_in(draft: &Path) -> Result<Totals, oldgrowth_store::Error> {
    let keeper = Keeper::new(ambient());
    let totals = Store::of_draft(&keeper, draft)
        .and_then(|store| store.read(Lane::Background, |read| read.totals()));
    keeper.shut_down();
    totals
}

/// What a process that was killed while it wrote the mark has left: `.oldgrowth.`, its number and `.tmp`.
fn half_marks(folder: &Path) -> Vec<PathBuf> {
    let is_one = |name: &str| {
        let number = name
            .strip_prefix(MARK)
            .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".tmp"));
        number.is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_one))
        .map(|entry| entry.path())
        .collect()
}

impl Begun {
    pub(super) fn draft(&self) -> PathBuf {
        self.to.join(format!("{DRAFT}{}", self.id))
    }

    /// The move has become true, so that nothing of its draft is needed any more.
    pub(crate) fn forget_draft(&self) {
        forget_draft(&self.draft());
    }

    /// Removes what a move has made in the new place and nothing else: what is on the draft's list, in
    /// the draft, or under its own name once the draft was whole. A folder with anything else in it
    /// stays, and the answer is an error.
    pub(crate) fn undo(&self) -> io::Result<()> {
        let draft = self.draft();
        if draft.is_dir() {
            let list = match fs::read(draft.join(LIST)) {
                Ok(text) => serde_json::from_slice(&text).map_err(io::Error::from)?,
                // The list comes first, so nothing was copied yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound => List { files: Vec::new() },
                Err(error) => return Err(error),
            };
            if draft.join(WHOLE).exists() {
                relocate::remove_copy(&self.to.join(MARK))?;
                for half_written in half_marks(&self.to) {
                    relocate::remove_copy(&half_written)?;
                }
                for name in first_names(&list.files) {
                    let (in_draft, named) = (draft.join(&name), self.to.join(&name));
                    // Nothing else can have taken it from a whole draft, and a name is only given when free.
                    if in_draft.symlink_metadata().is_err() && named.symlink_metadata().is_ok() {
                        relocate::rename_new(&named, &in_draft)?;
                    }
                }
            }
            let main = draft.join(Store::FILE);
            for suffix in BESIDE_MAIN {
                let mut beside = main.clone().into_os_string();
                beside.push(suffix);
                relocate::remove_copy(Path::new(&beside))?;
            }
            remove_files(&draft, list.files.iter())?;
            relocate::remove_copy(&draft.join(WHOLE))?;
            relocate::remove_copy(&draft.join(LIST))?;
            fs::remove_dir(&draft)?;
        }
        // Windows keeps a lock's file for as long as the lock is held; an empty folder with one in it
        // is no harm.
        if self.fresh {
            for name in [".lock", ".owner", ".owner.sock", Store::MARK] {
                relocate::remove_copy(&self.to.join(name)).ok();
            }
        }
        if self.made {
            fs::remove_dir(&self.to).ok();
        }
        Ok(())
    }
}

/// Removes the empty drafts of moves that became true just before the process ended.
pub(crate) fn sweep(workspace: &Workspace) {
    let (Some(pointer), Ok(folder)) = (workspace.pointer(), workspace.folder()) else {
        return;
    };
    let Ok(note) = pointer.read() else { return };
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let draft = entry.path();
        let is_draft = entry.file_name().to_string_lossy().starts_with(DRAFT);
        if is_draft
            && draft.join(WHOLE).exists()
            && !note.begun.iter().any(|begun| begun.draft() == draft)
        {
            forget_draft(&draft);
        }
    }
}

/// Removes a draft from which everything has got its name.
fn forget_draft(draft: &Path) {
    let removed = relocate::remove_copy(&draft.join(WHOLE))
        .and_then(|()| relocate::remove_copy(&draft.join(LIST)))
        .and_then(|()| match fs::remove_dir(draft) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        });
    if let Err(error) = removed {
        tracing::debug!(kind = ?error.kind(), "the draft's empty folder stays");
    }
}

/// Removes files, then the folders that they were in, as far as nothing else is in them.
pub(super) fn remove_files<'p>(
    folder: &Path,
    files: impl Iterator<Item = &'p PathBuf>,
) -> io::Result<()> {
    let files: Vec<PathBuf> = files.cloned().collect();
    for file in &files {
        relocate::remove_copy(&folder.join(file))?;
    }
    for empty in folders_of(&files).iter().rev() {
        match fs::remove_dir(folder.join(empty)) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
                ) =>
            {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The folders in which files lie, each after the one that it is in.
fn folders_of(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    files
        .iter()
        .flat_map(|file| file.ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(Path::to_owned)
        .collect()
}

/// What lies directly in the memory's folder.
fn first_names(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    files
        .iter()
        .filter_map(|file| file.components().next())
        .map(|name| PathBuf::from(name.as_os_str()))
        .collect()
}

/// The numbers of a disk that is too full.
pub(crate) fn room_words(bytes: u64, needed: u64, free: u64) -> String {
    let megabytes = |bytes: u64| format!("{} MB", bytes.div_ceil(1_000_000));
    format!(
        "there is too little room: the memory takes {}, {} are needed with what stays free for writing, {} are free",
        megabytes(bytes),
        megabytes(needed),
        megabytes(free)
    )
}

impl Failed {
    /// In words; the memory is where it was.
    pub(crate) fn explain(&self) -> WireError {
        const WHERE_IT_WAS: &str = "nothing has changed: the memory is where it was";
        let told = |code, message: String| wire_error(code, message, Some(WHERE_IT_WAS));
        match self {
            Self::Stopped => told(ErrorCode::Cancelled, "the move was called off".to_owned()),
            Self::NoRoom(words) => told(ErrorCode::DiskFull, words.clone()),
            Self::Differs => told(
                ErrorCode::Unavailable,
                "the copy is not what was copied, so it is not used".to_owned(),
            ),
            Self::Store(error) => {
                let why = explain_store(error);
                told(
                    why.code,
                    format!("the memory could not be copied: {}", why.message),
                )
            }
            Self::Io(error) => {
                let (code, why) = match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        (ErrorCode::DiskFull, "the disk is full".to_owned())
                    }
                    io::ErrorKind::PermissionDenied => (
                        ErrorCode::ReadOnly,
                        "this account may not write there".to_owned(),
                    ),
                    io::ErrorKind::ReadOnlyFilesystem => {
                        (ErrorCode::ReadOnly, "the disk is read-only".to_owned())
                    }
                    io::ErrorKind::AlreadyExists => (
                        ErrorCode::Usage,
                        "something else was put into the folder meanwhile".to_owned(),
                    ),
                    kind => (ErrorCode::Unavailable, kind.to_string()),
                };
                told(code, format!("the memory could not be copied: {why}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_mark_is_known_by_its_name_and_nothing_else_is_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            ".oldgrowth.16796.tmp",
            ".oldgrowth.mine.tmp",
            ".oldgrowth..tmp",
            ".oldgrowth",
            "notes.1.tmp",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(
            half_marks(folder.path()),
            [folder.path().join(".oldgrowth.16796.tmp")]
        );
    }
}
