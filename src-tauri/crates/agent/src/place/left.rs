//! Removes a copy that a move has left, because a person said so.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path};

use oldgrowth_keeper::relocate;
use oldgrowth_store::{Holder, WorkspaceLock};
use oldgrowth_wire::{ErrorCode, WireError};

use super::Workspace;
use super::pointer::{Begun, Note, Old, is_same};
use super::transfer::remove_files;
use crate::words::wire_error;

/// Only files that were made by us, only while they are as they were, and never the folder in use.
pub(crate) fn remove_left(
    workspace: &Workspace,
    folder: &Path,
    holder: &Holder,
) -> Result<(), WireError> {
    let pointer = workspace.pointer().ok_or_else(none)?;
    let mut note = pointer.read()?;
    if is_same(&workspace.folder_named(), folder) {
        return Err(wire_error(
            ErrorCode::Usage,
            "your memory lives in this folder",
            Some("only copies that a move has left can be removed"),
        ));
    }
    if let Some(begun) = note.begun.iter().find(|begun| begun.to == folder).cloned() {
        remove_half(&begun, &mut note, holder)?;
    } else if let Some(old) = note.old.iter().find(|old| old.folder == folder).cloned() {
        remove_old(&old, &mut note, holder)?;
    } else {
        return Err(none());
    }
    pointer.write(&note).map_err(|error| unwritten(&error))
}

fn remove_half(begun: &Begun, note: &mut Note, holder: &Holder) -> Result<(), WireError> {
    if begun.to.is_dir() {
        let _lock = taken(&begun.to, holder)?;
        begun.undo().map_err(|error| in_part(&error))?;
    }
    note.begun.retain(|other| other != begun);
    Ok(())
}

fn remove_old(old: &Old, note: &mut Note, holder: &Holder) -> Result<(), WireError> {
    if old.folder.is_dir() {
        let _lock = taken(&old.folder, holder)?;
        if let Some(changed) = first_changed(old).map_err(|error| in_part(&error))? {
            return Err(wire_error(
                ErrorCode::NeedsPerson,
                format!(
                    "{changed} in this folder has changed since the move, so nothing was removed"
                ),
                Some(
                    "it may hold what is nowhere else; look at it, and remove it by hand if you don't need it",
                ),
            ));
        }
        remove_files(&old.folder, old.files.iter().map(|file| &file.path))
            .map_err(|error| in_part(&error))?;
    }
    note.old.retain(|other| other != old);
    Ok(())
}

/// A file that is not what was copied. One that is gone already is no matter.
fn first_changed(old: &Old) -> io::Result<Option<String>> {
    for file in &old.files {
        let name = || Some(file.path.display().to_string());
        if !is_below(&file.path) || has_link(&old.folder, &file.path) {
            return Ok(name());
        }
        let path = old.folder.join(&file.path);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
            Ok(meta) if !meta.is_file() || meta.len() != file.bytes => return Ok(name()),
            Ok(_) => {}
        }
        let sha256 = relocate::hash(&path, &mut |_| ControlFlow::Continue(()))?;
        if sha256.as_ref() != Some(&file.sha256) {
            return Ok(name());
        }
    }
    // What was written since stands in a log that was not there.
    for suffix in ["-wal", "-journal"] {
        let mut beside = old
            .folder
            .join(oldgrowth_store::Store::FILE)
            .into_os_string();
        beside.push(suffix);
        let beside = Path::new(&beside);
        let listed = old
            .files
            .iter()
            .any(|file| old.folder.join(&file.path) == beside);
        if !listed && fs::symlink_metadata(beside).is_ok_and(|meta| meta.len() > 0) {
            return Ok(Some(beside.display().to_string()));
        }
    }
    Ok(None)
}

/// The pointer can be edited by hand, and must not lead out of the folder.
fn is_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
}

fn has_link(folder: &Path, path: &Path) -> bool {
    path.ancestors()
        .filter(|part| !part.as_os_str().is_empty())
        .any(|part| {
            folder
                .join(part)
                .symlink_metadata()
                .is_ok_and(|meta| meta.is_symlink())
        })
}

fn taken(folder: &Path, holder: &Holder) -> Result<WorkspaceLock, WireError> {
    WorkspaceLock::acquire(folder, holder).map_err(|error| match error {
        oldgrowth_store::LockError::HeldBy(_) => wire_error(
            ErrorCode::HeldByAnother,
            "another program has this copy open",
            Some("close it and try again; nothing was removed"),
        ),
        oldgrowth_store::LockError::Io(error) => in_part(&error),
    })
}

fn in_part(error: &io::Error) -> WireError {
    wire_error(
        ErrorCode::Unavailable,
        format!("not all of the copy could be removed: {}", error.kind()),
        Some("what is not ours is never removed; look into the folder, and try again"),
    )
}

fn unwritten(error: &io::Error) -> WireError {
    wire_error(
        ErrorCode::ReadOnly,
        format!(
            "that the copy is gone could not be written down: {}",
            error.kind()
        ),
        Some("check the rights and the free space of your own folder, and try again"),
    )
}

fn none() -> WireError {
    wire_error(
        ErrorCode::NotFound,
        "no move has left a copy in this folder",
        Some("oldgrowth place lists the copies there are"),
    )
}
