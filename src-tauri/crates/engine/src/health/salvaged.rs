//! A memory that was made from what could be read of a damaged one bears a mark: what is missing there is no
//! fault of the program.

use std::path::Path;

use crate::beside;

pub(crate) const FILE: &str = "salvaged.json";

/// What the damage took is missing without this mark too, so that it could not be made is no failure.
pub(crate) fn mark_as_salvaged(workspace: &Path) {
    if let Err(error) = beside::write(workspace, FILE, b"{}\n") {
        tracing::warn!(kind = ?error.kind(), "a salvaged copy could not be marked");
    }
}

pub(crate) fn is_salvaged(workspace: &Path) -> bool {
    workspace.join(FILE).is_file()
}
