//! May only this person read the memory's folder?

use super::rows::{Row, counted};
use super::{FixCode, HealthCode};
use crate::engine::Core;

pub(super) fn look(core: &Core) -> Row {
    let rights = core.store.rights(std::slice::from_ref(&core.workspace));
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
            "Make them your own, or move the memory to a folder of yours under Settings.",
        )
    } else if rights.seen == 0 {
        Row {
            waits_for: Some(HealthCode::Store),
            ..Row::unknown("There is no memory here yet.")
        }
    } else {
        Row::ok("Only your own account can read the memory's folder.")
    };
    let named = |path: &std::path::PathBuf| {
        let below = path.strip_prefix(&core.workspace).unwrap_or(path);
        below.to_string_lossy().into_owned()
    };
    let mut row = row.seen("Folders and files looked at", seen);
    for path in rights.open.iter().chain(&rights.foreign).take(5) {
        // The names in a memory's folder are ours.
        let name = named(path);
        let name = if name.is_empty() {
            "the folder itself".to_owned()
        } else {
            name
        };
        row = row.seen("Open to others", name);
    }
    row
}
