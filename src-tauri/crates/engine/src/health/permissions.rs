//! May only this person read the memory's folder?

use std::path::PathBuf;

use oldgrowth_store::Rights;

use super::rows::{Row, counted};
use super::{FixCode, HealthCode};
use crate::engine::Core;
use crate::workspace_files;

/// How many are named one by one.
const NAMED_MAX: usize = 5;

impl Core {
    /// Who may look at the memory, and at what lies beside it.
    pub(crate) fn rights(&self) -> Rights {
        self.store.rights(&self.private_paths())
    }

    /// What is for this person alone besides the store: the memory's folder, and the files in it.
    pub(crate) fn private_paths(&self) -> Vec<PathBuf> {
        let mut paths = workspace_files(&self.workspace);
        paths.push(self.workspace.clone());
        paths
    }
}

pub(super) fn look(core: &Core) -> Row {
    let rights = core.rights();
    let seen = rights.seen.to_string();
    let open = rights.open.len() as u64;
    let foreign = rights.foreign.len() as u64;
    let row = if open > 0 {
        Row::warn(
            format!(
                "{} of the memory can be looked at by other people who use this computer.",
                counted(open, "folder or file", "folders or files")
            ),
            "Let only your own account read them again.",
        )
        .mended_by(FixCode::RepairPermissions)
    } else if foreign > 0 {
        Row::warn(
            format!(
                "{} of the memory belong to another account, or to a folder that many share.",
                counted(foreign, "folder or file", "folders or files")
            ),
            if core.place_is_fixed {
                "Make them your own, or copy the memory to a folder of yours and start Oldgrowth with that one."
            } else {
                "Make them your own, or move the memory to a folder of yours under Settings."
            },
        )
    } else if rights.seen == 0 {
        Row {
            waits_for: Some(HealthCode::Store),
            ..Row::unknown("There is no memory here yet.")
        }
    } else {
        Row::ok("Only your own account can read the memory's folder.")
    };
    let mut row = row.seen("Folders and files looked at", seen);
    let open = rights.open.iter().map(|path| (path, "Open to others"));
    let foreign = rights.foreign.iter();
    let foreign = foreign.map(|path| (path, "Another account's, or shared"));
    for (path, label) in open.chain(foreign).take(NAMED_MAX) {
        let below = path.strip_prefix(&core.workspace).unwrap_or(path);
        let said = below.to_string_lossy();
        row = match below.file_name() {
            None => row.seen(label, "the folder itself"),
            // The names in a memory's folder are ours.
            Some(ours) if below != path => row.seen_privately(label, said, ours.to_string_lossy()),
            Some(_) => row.seen_privately(label, said, "a file elsewhere"),
        };
    }
    row
}
