//! Reports that wait: for the person, for a network, or for good.

use std::io;

use oldgrowth_folder::Folder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::envelope;

const PREFIX: &str = "held-";
const SUFFIX: &str = ".json";
const VERSION: u32 = 1;

/// Of more, the oldest goes.
pub(crate) const REPORTS_MAX: usize = 20;
pub(crate) const REPORT_BYTES_MAX: u64 = 32 * 1024;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    version: u32,
    pub(crate) at_unix_ms: i64,
    /// The person was asked about this one.
    #[serde(default)]
    pub(crate) asked: bool,
    /// The server did not want it, with this status.
    #[serde(default)]
    pub(crate) refused: Option<u16>,
    /// The bytes that would leave.
    pub(crate) envelope: String,
}

impl Held {
    pub(crate) fn new(at_unix_ms: i64, envelope: String) -> Self {
        Self {
            version: VERSION,
            at_unix_ms,
            asked: false,
            refused: None,
            envelope,
        }
    }

    /// The person has been asked about it.
    pub(crate) fn asked(self) -> Self {
        Self {
            asked: true,
            ..self
        }
    }

    /// The server has said no to it.
    pub(crate) fn refused(self, status: u16) -> Self {
        Self {
            refused: Some(status),
            ..self
        }
    }

    /// The event in the envelope.
    pub(crate) fn event(&self) -> Option<Value> {
        serde_json::from_str(self.envelope.lines().nth(2)?).ok()
    }

    /// What leaves of it: the bytes in the envelope, but for what somebody has changed there. `None` when that left
    /// no event of ours.
    pub(crate) fn leaving(&self) -> Option<String> {
        envelope(&self.event()?)
    }

    pub(crate) fn id(&self) -> Option<String> {
        Some(self.event()?.get("event_id")?.as_str()?.to_owned())
    }
}

/// The newest first. What isn't one of ours is passed over.
pub(crate) fn list(folder: &Folder) -> Vec<Held> {
    let mut held: Vec<Held> = ids(folder)
        .iter()
        .filter_map(|id| read(folder, id))
        .collect();
    held.sort_by(|one, other| {
        (other.at_unix_ms, &other.envelope).cmp(&(one.at_unix_ms, &one.envelope))
    });
    held
}

pub(crate) fn read(folder: &Folder, id: &str) -> Option<Held> {
    let bytes = folder.read(&name(id)?, REPORT_BYTES_MAX).ok()??;
    serde_json::from_slice::<Held>(&bytes)
        .ok()
        .filter(|held| held.version == VERSION && held.id().as_deref() == Some(id))
        .filter(|held| held.leaving().is_some())
}

/// The lock is held.
pub(crate) fn write(folder: &Folder, held: &Held) -> io::Result<()> {
    let id = held.id().ok_or(io::ErrorKind::InvalidData)?;
    let bytes = serde_json::to_vec(held)?;
    if bytes.len() as u64 > REPORT_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    folder.replace(&name(&id).ok_or(io::ErrorKind::InvalidData)?, &bytes)
}

/// Makes room for one more. The lock is held.
pub(crate) fn make_room(folder: &Folder) -> io::Result<()> {
    let held = list(folder);
    for oldest in held.iter().skip(REPORTS_MAX.saturating_sub(1)) {
        if let Some(id) = oldest.id() {
            remove(folder, &id)?;
        }
    }
    Ok(())
}

/// The lock is held.
pub(crate) fn remove(folder: &Folder, id: &str) -> io::Result<()> {
    name(id).map_or(Ok(()), |name| folder.remove(&name))
}

pub(crate) fn ids(folder: &Folder) -> Vec<String> {
    folder
        .names()
        .iter()
        .filter_map(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX))
        .filter(|id| name(id).is_some())
        .map(str::to_owned)
        .collect()
}

/// `None` for what is no id of an event, and so no name of a file of ours.
fn name(id: &str) -> Option<String> {
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("{PREFIX}{id}{SUFFIX}"))
}
