//! Calls about backups and what is kept aside.

use std::path::{Path, PathBuf};

use oldgrowth_engine::{Engine, Error};
use oldgrowth_wire::{self as wire, ErrorCode, WireError};

use super::Reply;
use crate::views;
use crate::words::{explain, megabytes, wire_error};

pub(super) fn list(engine: &Engine) -> Reply<wire::Copies> {
    Ok(views::copies::copies(engine.copies()))
}

pub(super) fn make(engine: &Engine, make: &wire::BackupMake) -> Reply<wire::Backup> {
    let to = make.to.as_deref().map(free_path).transpose()?;
    let made = engine
        .make_backup(to.as_deref())
        .map_err(|error| explain_copy(&error))?;
    Ok(views::copies::backup(made))
}

pub(super) fn verify(engine: &Engine, id: &wire::Id) -> Reply<wire::Backup> {
    let verified = engine
        .verify_backup(&id.id)
        .map_err(|error| explain_copy(&error))?;
    Ok(views::copies::backup(verified))
}

pub(super) fn preview(engine: &Engine, id: wire::Id) -> Reply<wire::RestorePreview> {
    let preview = engine
        .preview_restore(&id.id)
        .map_err(|error| explain_read(engine, &id.id, &error))?;
    Ok(views::copies::preview(id.id, preview))
}

pub(super) fn restore_to(engine: &Engine, to: &wire::RestoreTo) -> Reply<wire::Empty> {
    let path = free_path(&to.to)?;
    engine
        .restore_to(&to.id, &path)
        .map_err(|error| explain_read(engine, &to.id, &error))?;
    Ok(wire::Empty {})
}

pub(super) fn restore(engine: &Engine, id: &wire::Id) -> Reply<wire::Restored> {
    let set_aside = engine
        .restore(&id.id)
        .map_err(|error| explain_read(engine, &id.id, &error))?;
    Ok(wire::Restored { set_aside })
}

pub(super) fn discard(engine: &Engine, id: &wire::Id) -> Reply<wire::Copies> {
    let copies = engine
        .discard_kept_aside(&id.id)
        .map_err(|error| explain_copy(&error))?;
    Ok(views::copies::copies(copies))
}

/// A place where nothing is. The keeper looks again when it gives the finished file its name.
fn free_path(named: &str) -> Reply<PathBuf> {
    let path = PathBuf::from(named);
    if !path.is_absolute() {
        return Err(wire_error(
            ErrorCode::Usage,
            "the place for a copy must be an absolute path",
            None,
        ));
    }
    if path.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let folder = path.parent().filter(|folder| folder.is_dir());
    if folder.is_none_or(|folder| folder == Path::new("")) {
        return Err(wire_error(
            ErrorCode::Usage,
            "the folder for the copy is not there",
            Some("make it first, or name another"),
        ));
    }
    Ok(path)
}

fn taken() -> WireError {
    wire_error(
        ErrorCode::Usage,
        "there is something at this path already, and nothing is written over",
        Some("name a path at which nothing is"),
    )
}

/// Of a copy that was to be read: what was tried, and whether there is another.
fn explain_read(engine: &Engine, id: &str, error: &Error) -> WireError {
    let explained = explain_copy(error);
    let is_bad = matches!(error, Error::Store(error) if error.is_bad_copy());
    if !is_bad {
        return explained;
    }
    let copies = engine.copies();
    let is_set = copies.kept_aside.iter().any(|set| set.id == id);
    let message = if is_set {
        "these files were read through, and nothing that could be got out of them is a memory"
            .to_owned()
    } else {
        explained.message
    };
    let others = copies.backups.iter().any(|view| !view.unsound)
        || copies
            .kept_aside
            .iter()
            .any(|set| set.restorable && set.id != id);
    let hint = match (others, is_set) {
        (true, false) => return wire_error(explained.code, message, explained.hint.as_deref()),
        (true, true) => {
            "nothing has been changed, and they stay kept aside; restore another copy: Settings, Backup shows which there are, and so does oldgrowth restore"
        }
        (false, _) => {
            "nothing has been changed, and there is no other copy; the Doctor says what is left to do, and so does oldgrowth doctor --fix restore_backup"
        }
    };
    wire_error(explained.code, message, Some(hint))
}

pub(super) fn explain_copy(error: &Error) -> WireError {
    use oldgrowth_keeper::{Error as Kept, PathProblem};
    let Error::Store(oldgrowth_store::Error::Keeper(kept)) = error else {
        return match error {
            Error::NotFound => wire_error(
                ErrorCode::NotFound,
                "there is no such backup, and nothing of this name is kept aside",
                Some("Settings, Backup shows what there is, and so does oldgrowth restore"),
            ),
            error => explain(error),
        };
    };
    match kept {
        Kept::NoRoom {
            needed_bytes,
            free_bytes,
        } => wire_error(
            ErrorCode::DiskFull,
            format!(
                "there is too little room: {} are needed, {} are free",
                megabytes(*needed_bytes),
                megabytes(*free_bytes)
            ),
            Some("free some space, or write the copy to another disk; nothing has been changed"),
        ),
        Kept::Path {
            problem: PathProblem::Taken,
            ..
        } => taken(),
        Kept::Path {
            problem: PathProblem::FolderNotEmpty,
            ..
        } => wire_error(
            ErrorCode::NeedsPerson,
            "a folder with something in it is kept aside there, and no folder is removed with what is in it",
            Some("look into it, empty it, and try again; nothing has been changed"),
        ),
        Kept::BadCopy(why) => wire_error(
            ErrorCode::NeedsPerson,
            format!("this copy can't be used: {why}"),
            Some(
                "nothing has been changed; Settings, Backup shows what other copies there are, and so does oldgrowth restore",
            ),
        ),
        Kept::TooNew { .. } => wire_error(
            ErrorCode::NeedsPerson,
            "this copy was made by a newer Oldgrowth",
            Some("update Oldgrowth; nothing has been changed"),
        ),
        Kept::NotOurs { .. } => wire_error(
            ErrorCode::NeedsPerson,
            "this copy belongs to another program",
            Some("nothing has been changed"),
        ),
        Kept::Busy { .. } => wire_error(
            ErrorCode::Busy,
            "another program has the memory's file open",
            Some("close it and try again; nothing has been changed"),
        ),
        Kept::Overloaded => wire_error(
            ErrorCode::Busy,
            "another long read of the memory is under way",
            Some("try again when it has ended; nothing has been changed"),
        ),
        _ => explain(error),
    }
}
