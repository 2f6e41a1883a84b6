//! What reaches a disk, in the order in which it was handed over.

use std::sync::Arc;

/// One step towards the disk. `file` is the name below the claimed folder.
#[derive(Debug, Clone)]
pub enum Event {
    Write {
        file: Arc<str>,
        at: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        file: Arc<str>,
        len: u64,
    },
    /// All before it on this file is on the disk, its name included.
    Sync {
        file: Arc<str>,
    },
    /// The name may come back after a power loss unless the folder was synced.
    Delete {
        file: Arc<str>,
        folder_synced: bool,
    },
    /// Not of the disk: the run marks a place, such as an acknowledgement.
    Mark(u64),
}
