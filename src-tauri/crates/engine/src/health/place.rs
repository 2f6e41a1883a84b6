//! Does the memory lie where a program may keep a database?

use oldgrowth_store::Volume;

use super::rows::Row;
use crate::engine::Core;

pub(super) fn look(core: &Core) -> Row {
    let emptied = core
        .emptied
        .iter()
        .any(|folder| core.workspace.starts_with(folder));
    let volume = core.store.volume();
    let kind = match volume {
        Volume::Local => "a disk of this computer",
        Volume::Network => "a network volume",
        Volume::SyncFolder => "a folder that is kept in sync",
        Volume::Unknown => "not known",
    };
    let move_it = if core.place_is_fixed {
        "Copy the memory to another folder while Oldgrowth is closed, and start it with that one. What is here stays until you remove it."
    } else {
        "Move the memory to another folder under Settings. What is here stays until you remove it."
    };
    let row = match volume {
        _ if emptied => Row::warn(
            "The memory lies in a folder for temporary files, which the system empties by itself.",
            move_it,
        ),
        Volume::SyncFolder => Row::warn(
            "The memory lies in a folder that a program keeps in sync. It copies the files one by one, and a copy of some of them is no memory.",
            move_it,
        ),
        Volume::Network => Row::warn(
            "The memory lies on a network volume, where it is slow and only one program at a time can use it.",
            move_it,
        ),
        Volume::Local | Volume::Unknown => {
            Row::ok("The memory lies where a program may keep a database.")
        }
    };
    row.seen_privately(
        "Folder",
        core.workspace.to_string_lossy(),
        "the memory's folder",
    )
    .seen("Volume", kind)
}
