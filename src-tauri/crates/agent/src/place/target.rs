//! What is the memory's own, and whether it can be moved to a folder. Nothing is changed here.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use oldgrowth_keeper::Volume;
use oldgrowth_keeper::relocate::{self, BelongsTo};
use oldgrowth_store::Store;
use oldgrowth_wire::{
    ErrorCode, MoveItem, MovePlan, MoveProblem, MoveRefusal, MoveWarning, MoveWhat, WireError,
};

use super::pointer::{MARK, Note, POINTER};
use super::transfer::{DRAFT, room_words};
use super::{Workspace, text};
use crate::models::MODELS;
use crate::network::NETWORK;
use crate::reporting::REPORTS;

/// Entries of a folder that are looked at when what is not ours is counted.
const ENTRIES_MAX: usize = 20_000;

/// What a workspace has besides a memory. A folder with nothing else is as good as empty.
const BESIDES: [&str; 9] = [
    ".lock",
    ".owner",
    ".owner.sock",
    POINTER,
    MARK,
    REPORTS,
    NETWORK,
    MODELS,
    Store::MARK,
];

/// A file of the memory, by its path in the memory's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) what: MoveWhat,
}

/// All files of a memory: the store's, its backups and what it keeps aside, and the settings.
pub(super) fn own_files(workspace: &Path) -> Vec<Own> {
    let store = relocate::belongings(&workspace.join(Store::FILE))
        .into_iter()
        .map(|file| {
            let what = match file.of {
                BelongsTo::Database => MoveWhat::Store,
                BelongsTo::Backup => MoveWhat::Backups,
                BelongsTo::Aside => MoveWhat::KeptAside,
            };
            (file.path, file.bytes, what)
        });
    let settings = oldgrowth_engine::workspace_files(workspace)
        .into_iter()
        .filter_map(|path| {
            let bytes = path
                .symlink_metadata()
                .ok()
                .filter(|meta| meta.is_file())?
                .len();
            Some((path, bytes, MoveWhat::Settings))
        });
    store
        .chain(settings)
        .filter_map(|(path, bytes, what)| {
            let path = path.strip_prefix(workspace).ok()?.to_owned();
            Some(Own { path, bytes, what })
        })
        .collect()
}

/// A memory lies there, or has lain there.
pub(crate) fn is_memory(folder: &Path) -> bool {
    let main = folder.join(Store::FILE);
    let mut made = main.clone().into_os_string();
    made.push(".made");
    main.exists() || Path::new(&made).exists()
}

/// A folder to move to, as it was before.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) folder: PathBuf,
    /// It was not there.
    pub(crate) made: bool,
    /// Nothing was in it, if it was there.
    pub(crate) fresh: bool,
}

impl Target {
    pub(crate) fn of(to: &Path) -> io::Result<Self> {
        let folder = resolved(to)?;
        let made = !folder.exists();
        let fresh = made || names_in(&folder)?.is_empty();
        Ok(Self {
            folder,
            made,
            fresh,
        })
    }
}

/// What moving the memory would do.
pub(crate) fn plan(workspace: &Workspace, to: &Path) -> MovePlan {
    let named = workspace.folder_named();
    let from = named.canonicalize().unwrap_or(named);
    let own = own_files(&from);
    let bytes: u64 = own.iter().map(|file| file.bytes).sum();
    let resolved = resolved(to);
    let room = resolved
        .as_ref()
        .ok()
        .and_then(|to| relocate::room_for(to, bytes));
    let refusal = refusal(workspace, &from, resolved.as_ref(), bytes, room).err();
    let to = resolved.unwrap_or_else(|_| to.to_owned());
    MovePlan {
        warnings: if refusal.is_none() {
            warnings(workspace, &to)
        } else {
            Vec::new()
        },
        refusal,
        items: items(&own),
        bytes,
        needed_bytes: room.map(|(needed, _)| needed),
        free_bytes: room.map(|(_, free)| free),
        foreign_files: foreign_files(&from, &own),
        from: text(&from),
        to: text(&to),
    }
}

fn items(own: &[Own]) -> Vec<MoveItem> {
    [
        MoveWhat::Store,
        MoveWhat::Backups,
        MoveWhat::KeptAside,
        MoveWhat::Settings,
    ]
    .into_iter()
    .map(|what| {
        let of_kind = own.iter().filter(|file| file.what == what);
        MoveItem {
            what,
            files: u32::try_from(of_kind.clone().count()).unwrap_or(u32::MAX),
            bytes: of_kind.map(|file| file.bytes).sum(),
        }
    })
    .filter(|item| item.files > 0)
    .collect()
}

fn refusal(
    workspace: &Workspace,
    from: &Path,
    to: Result<&PathBuf, &io::Error>,
    bytes: u64,
    room: Option<(u64, u64)>,
) -> Result<(), MoveRefusal> {
    let Some(pointer) = workspace.pointer() else {
        return Err(fixed());
    };
    let to = to.map_err(|_| {
        refused(
            MoveProblem::Unusable,
            "this folder can't be found or made",
            Some("name a folder by its whole path; the folder above it must be there"),
        )
    })?;
    if to.to_str().is_none() {
        return Err(refused(
            MoveProblem::Unusable,
            "the name of this folder isn't valid Unicode, so it can't be written down",
            Some("choose another folder"),
        ));
    }
    if to == from {
        return Err(refused(
            MoveProblem::SamePlace,
            "the memory lives there already",
            None,
        ));
    }
    if to.starts_with(from) {
        return Err(refused(
            MoveProblem::InsideItself,
            "this folder lies inside the memory's own folder",
            Some("choose a folder outside of it"),
        ));
    }
    if from.starts_with(to) {
        return Err(refused(
            MoveProblem::AroundItself,
            "the memory's own folder lies inside this one",
            Some("choose an empty folder, or make a new one in it"),
        ));
    }
    let note = pointer.read().unwrap_or_default();
    if to.exists() {
        is_free(to, &note)?;
    }
    may_be_written(to)?;
    if let Some((needed, free)) = room
        && free < needed
    {
        return Err(MoveRefusal {
            problem: MoveProblem::NoRoom,
            message: room_words(bytes, needed, free),
            hint: Some("free some space there, or choose another disk".to_owned()),
        });
    }
    Ok(())
}

/// A folder in which nothing is that a person could miss.
fn is_free(to: &Path, note: &Note) -> Result<(), MoveRefusal> {
    if !to.is_dir() {
        return Err(refused(
            MoveProblem::NotAFolder,
            "this is a file",
            Some("choose an empty folder, or name a new one"),
        ));
    }
    let is_left = note.old.iter().any(|old| old.folder == to);
    let names = names_in(to).map_err(|_| {
        refused(
            MoveProblem::ReadOnly,
            "this account may not look into this folder",
            Some("choose another folder"),
        )
    })?;
    let draft = names
        .iter()
        .any(|name| name.to_string_lossy().starts_with(DRAFT));
    if draft || (is_left && is_memory(to)) {
        return Err(refused(
            MoveProblem::CopyLeft,
            "this folder holds a copy of your memory that an earlier move has left",
            Some("remove that copy first, or choose another folder"),
        ));
    }
    if is_memory(to) {
        return Err(refused(
            MoveProblem::OtherMemory,
            "another memory lives in this folder",
            Some("open that one instead, or choose an empty folder"),
        ));
    }
    let ours = |name: &OsStr| name.to_str().is_some_and(|name| BESIDES.contains(&name));
    if names.iter().all(|name| ours(name)) {
        return Ok(());
    }
    Err(refused(
        MoveProblem::NotEmpty,
        "there are files in this folder",
        Some("choose an empty folder, or name a new one; nothing is ever put among your own files"),
    ))
}

/// Only trying tells on every system: a folder is made there and goes again.
fn may_be_written(to: &Path) -> Result<(), MoveRefusal> {
    let there = to.ancestors().find(|part| part.is_dir());
    let Some(folder) = there else {
        return Ok(());
    };
    // Two who ask at once must not be in each other's way.
    static PROBES: AtomicU64 = AtomicU64::new(0);
    let number = PROBES.fetch_add(1, Ordering::Relaxed);
    let probe = folder.join(format!(".oldgrowth-probe-{}-{number}", std::process::id()));
    let tried = fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe));
    match tried {
        Ok(()) if !relocate::is_read_only(folder) => Ok(()),
        // A full disk is told by its numbers.
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
        _ => Err(refused(
            MoveProblem::ReadOnly,
            "nothing can be written to this folder",
            Some("check its rights, or choose another folder"),
        )),
    }
}

fn warnings(workspace: &Workspace, to: &Path) -> Vec<MoveWarning> {
    let usual = workspace.pointer().map(|pointer| pointer.usual());
    let kind = match relocate::volume_of(to) {
        Volume::Network => Some(MoveWarning::Network),
        Volume::SyncFolder => Some(MoveWarning::SyncFolder),
        Volume::Local | Volume::Unknown => None,
    };
    let other = usual.is_some_and(|usual| on_other_disk(usual, to));
    kind.into_iter()
        .chain(other.then_some(MoveWarning::OtherDisk))
        .collect()
}

pub(super) fn on_other_disk(usual: &Path, folder: &Path) -> bool {
    let there = |path: &Path| {
        path.ancestors()
            .find(|part| part.exists())
            .map(Path::to_owned)
    };
    there(usual)
        .zip(there(folder))
        .and_then(|(usual, folder)| relocate::on_one_volume(&usual, &folder))
        == Some(false)
}

pub(crate) fn refusal_error(refusal: MoveRefusal) -> WireError {
    let code = match refusal.problem {
        MoveProblem::NoRoom => ErrorCode::DiskFull,
        MoveProblem::ReadOnly => ErrorCode::ReadOnly,
        _ => ErrorCode::Usage,
    };
    WireError {
        code,
        message: refusal.message,
        hint: refusal.hint,
    }
}

pub(crate) fn fixed() -> MoveRefusal {
    refused(
        MoveProblem::Fixed,
        "this memory's folder was named when Oldgrowth was started, so it can't be moved from here",
        Some("start Oldgrowth without naming a folder to move your own memory"),
    )
}

fn refused(problem: MoveProblem, message: &str, hint: Option<&str>) -> MoveRefusal {
    MoveRefusal {
        problem,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    }
}

/// The folder by its one true name, whether it is there or its parent is.
fn resolved(to: &Path) -> io::Result<PathBuf> {
    if !to.is_absolute() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if to.symlink_metadata().is_ok() {
        return to.canonicalize();
    }
    match (to.components().next_back(), to.parent()) {
        (Some(Component::Normal(name)), Some(parent)) => {
            let parent = parent.canonicalize()?;
            if parent.is_dir() {
                Ok(parent.join(name))
            } else {
                Err(io::ErrorKind::NotADirectory.into())
            }
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name()))
        .collect()
}

/// Files in the memory's folder that are none of its own. What comes and goes with an owner is not
/// counted.
fn foreign_files(workspace: &Path, own: &[Own]) -> u32 {
    let mut folders = vec![workspace.to_owned()];
    let mut looked_at = 0;
    let mut foreign = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            looked_at += 1;
            if looked_at > ENTRIES_MAX {
                return foreign;
            }
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                // The person's crash reports stay with the person, as do the list of calls and the models.
                let stays = [REPORTS, NETWORK, MODELS].map(|name| workspace.join(name));
                if !stays.contains(&path) {
                    folders.push(path);
                }
            } else if let Ok(path) = path.strip_prefix(workspace)
                && !own.iter().any(|file| file.path == path)
                && !comes_and_goes(path)
            {
                foreign += 1;
            }
        }
    }
    foreign
}

fn comes_and_goes(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let begins = |start: &str| name.starts_with(start);
    BESIDES.contains(&name.as_ref())
        || begins(".owner")
        || begins("place.json.")
        || begins("settings.new-")
        || name.ends_with("-shm")
        || name.ends_with(".tmp")
}
