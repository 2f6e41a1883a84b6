//! May anything be called?

use std::io;

use oldgrowth_folder::Folder;
use serde::{Deserialize, Serialize};

const NAME: &str = "settings.json";
const BYTES_MAX: u64 = 4 * 1024;
const VERSION: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Online,
    /// The person wants nothing to be called.
    Offline,
    /// What the person wants can't be read, so nothing is called.
    Unreadable,
}

#[derive(Serialize, Deserialize)]
struct Settings {
    version: u32,
    offline: bool,
}

impl Switch {
    #[must_use]
    pub fn is_online(self) -> bool {
        self == Self::Online
    }

    /// Read before each call, since another process may have changed it. Nobody who has not chosen is offline.
    pub(crate) fn read(folder: &Folder) -> Self {
        let settings = match folder.read(NAME, BYTES_MAX) {
            Ok(None) => return Self::Online,
            Ok(Some(bytes)) => serde_json::from_slice::<Settings>(&bytes).ok(),
            Err(_) => None,
        };
        match settings.filter(|settings| settings.version == VERSION) {
            Some(Settings { offline: false, .. }) => Self::Online,
            Some(Settings { offline: true, .. }) => Self::Offline,
            None => Self::Unreadable,
        }
    }

    /// The lock is held.
    pub(crate) fn write(folder: &Folder, offline: bool) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(&Settings {
            version: VERSION,
            offline,
        })?;
        bytes.push(b'\n');
        folder.replace_durably(NAME, &bytes)
    }
}
