//! Where the memory lives, as the wire says it.

use std::path::Path;

use oldgrowth_domain::UnixMs;
use oldgrowth_wire::{CopyLeft, CopyLeftKind, MoveProgress, Place};

use super::pointer::{Begun, MARK, Old};
use super::target::{fixed, on_other_disk, own_files};
use super::{Workspace, is_memory, text};

/// What there is, looked up by name alone.
pub(crate) fn view(workspace: &Workspace, moving: Option<MoveProgress>) -> Place {
    let folder = workspace.folder_named();
    let pointer = workspace.pointer();
    let usual = pointer.map_or(folder.as_path(), |pointer| pointer.usual());
    let note = pointer.map(|pointer| pointer.read().unwrap_or_default());
    let left = note.as_ref().map_or_else(Vec::new, |note| {
        let old = note.old.iter().filter_map(old_copy);
        // What is being copied at this moment is no leftover.
        let half = note.begun.iter().filter(|_| moving.is_none());
        old.chain(half.filter_map(half_copy)).collect()
    });
    Place {
        there: workspace.folder().is_ok_and(|folder| folder.is_dir()),
        bytes: own_files(&folder).iter().map(|file| file.bytes).sum(),
        other_disk: on_other_disk(usual, &folder),
        usual: text(usual),
        fixed: pointer.is_none().then(|| fixed().message),
        folder: text(&folder),
        left,
        moving,
    }
}

/// A copy that was removed by hand is gone; one whose disk isn't connected is not.
fn old_copy(old: &Old) -> Option<CopyLeft> {
    let there = is_memory(&old.folder);
    if !there && is_reachable(&old.folder) {
        return None;
    }
    Some(CopyLeft {
        folder: text(&old.folder),
        kind: CopyLeftKind::Old,
        there,
        bytes: old.files.iter().map(|file| file.bytes).sum(),
        moved_at: UnixMs(old.unix_ms).to_rfc3339(),
    })
}

fn half_copy(begun: &Begun) -> Option<CopyLeft> {
    let draft = begun.draft();
    let there = draft.is_dir();
    if !there && is_reachable(&begun.to) {
        return None;
    }
    let named = if begun.to.join(MARK).exists() || is_memory(&begun.to) {
        own_files(&begun.to)
    } else {
        Vec::new()
    };
    let drafted = own_files(&draft);
    Some(CopyLeft {
        folder: text(&begun.to),
        kind: CopyLeftKind::Half,
        there,
        bytes: named.iter().chain(&drafted).map(|file| file.bytes).sum(),
        moved_at: UnixMs(begun.unix_ms).to_rfc3339(),
    })
}

/// The folder or the one above it is there, so that what is missing from it is gone.
fn is_reachable(folder: &Path) -> bool {
    folder.is_dir() || folder.parent().is_some_and(Path::is_dir)
}
