//! Which file systems of macOS lie on another machine.

use std::path::Path;

use super::existing;

/// `MNT_LOCAL` of mount.h: the file system is stored on this machine.
const LOCAL: u32 = 0x1000;

pub(crate) fn is_network(path: &Path) -> Option<bool> {
    let volume = rustix::fs::statfs(existing(path)?).ok()?;
    Some(volume.f_flags & LOCAL == 0)
}
