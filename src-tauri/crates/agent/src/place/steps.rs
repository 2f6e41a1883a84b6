//! What the pointer says of a move: that it was begun, has become true, or was undone.

use std::path::Path;

use oldgrowth_wire::{ErrorCode, WireError};

use super::pointer::{Begun, Copied, Note, Old, Pointer};
use crate::words::wire_error;

/// The one step by which a move becomes true.
pub(crate) fn commit(
    pointer: &Pointer,
    begun: &Begun,
    from: &Path,
    files: Vec<Copied>,
) -> Result<(), WireError> {
    let mut note = pointer.read()?;
    note.lead_to(pointer, &begun.to, &begun.id)
        .map_err(|error| unnoted(&error))?;
    note.old.push(Old {
        folder: from.to_owned(),
        unix_ms: begun.unix_ms,
        files,
    });
    pointer.write(&note).map_err(|error| unnoted(&error))
}

/// Until the pointer leads back, the new folder is the one in use, and nothing of it may be undone.
pub(crate) fn lead_back(
    pointer: &Pointer,
    before: Result<Note, WireError>,
    begun: &Begun,
) -> Result<(), WireError> {
    before.and_then(|before| {
        pointer
            .lead_back(&before, &begun.to, &begun.id)
            .map_err(|error| unnoted(&error))
    })
}

/// Removes what a move has made in the new place. What can't be removed now stays named, so that a
/// person can have it removed later.
pub(crate) fn undo(pointer: &Pointer, begun: &Begun, made: bool) {
    let undone = if made { begun.undo() } else { Ok(()) };
    let forgotten = undone.and_then(|()| {
        let mut note = pointer.read().map_err(std::io::Error::other)?;
        note.begun.retain(|other| other != begun);
        pointer.write(&note)
    });
    if let Err(error) = forgotten {
        tracing::warn!(kind = ?error.kind(), "a move that failed has left a part of a copy");
    }
}

pub(crate) fn unnoted(error: &std::io::Error) -> WireError {
    wire_error(
        ErrorCode::ReadOnly,
        format!(
            "where the memory lives could not be written down: {}",
            error.kind()
        ),
        Some("check the rights and the free space of your own folder; nothing has changed"),
    )
}
