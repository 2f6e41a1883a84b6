//! Reads one planned item whole.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use oldgrowth_engine::ports::FilePart;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::chat::{self, ConversationError};
use crate::detect::detect;
use crate::export::{self, EXPORT_BYTES_MAX};
use crate::guard::{self, Allowed, FILE_BYTES_MAX, Forbidden, Guard};
use crate::hex::hex;
use crate::parts::PartReaders;
use crate::reason::SkipReason;

/// A whole file, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: Vec<u8>,
    /// Of `bytes`, in lower-case hexadecimal; of a conversation, of what is read of it.
    pub sha256: String,
    /// The file system's own, however odd; `None` where it keeps none.
    pub modified: Option<UnixMs>,
    /// When a conversation last changed, where it says so.
    pub version_at: Option<UnixMs>,
    pub format: Format,
    /// A conversation is understood to know what it says; a file is not yet.
    pub document: Option<CanonicalDocument>,
}

/// Why an item could not be fetched. Each concerns this item alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    #[error("is not there any more")]
    Vanished,
    #[error("may not be read by this user")]
    NotAllowed,
    #[error("changed while it was being read")]
    ChangedWhileReading,
    /// The file is now one that a plan would leave out.
    #[error(transparent)]
    Refused(SkipReason),
}

impl FetchError {
    pub fn code(self) -> &'static str {
        self.reason().code()
    }

    pub fn message(self) -> String {
        self.to_string()
    }

    pub fn hint(self) -> &'static str {
        self.reason().hint()
    }

    pub fn reason(self) -> SkipReason {
        match self {
            Self::Vanished => SkipReason::Vanished,
            Self::NotAllowed => SkipReason::NotAllowed,
            Self::ChangedWhileReading => SkipReason::ChangedWhileReading,
            Self::Refused(reason) => reason,
        }
    }
}

impl From<SkipReason> for FetchError {
    fn from(reason: SkipReason) -> Self {
        match reason {
            SkipReason::Vanished | SkipReason::BrokenLink => Self::Vanished,
            SkipReason::NotAllowed => Self::NotAllowed,
            SkipReason::ChangedWhileReading => Self::ChangedWhileReading,
            other => Self::Refused(other),
        }
    }
}

/// Reads the file and tells its format anew, since it may have changed after it was planned. A
/// file that changes while it is read is read once more.
pub fn fetch(path: &Path, forbidden: &Forbidden) -> Result<Fetched, FetchError> {
    let guard = Guard::new(forbidden);
    match fetch_once(&guard, path) {
        Err(FetchError::ChangedWhileReading) => fetch_once(&guard, path),
        result => result,
    }
}

/// Reads one conversation of an export. Is it another one by now that stands in its place, the file has
/// changed since it was planned.
pub fn fetch_part(
    readers: &PartReaders,
    path: &Path,
    part: &FilePart,
    forbidden: &Forbidden,
) -> Result<Fetched, FetchError> {
    let guard = Guard::new(forbidden);
    let (folder, name) = place_of(&guard, path)?;
    let allowed = guard.judge_up_to(&folder.join(name), EXPORT_BYTES_MAX)?;
    let bytes = match part.entry {
        Some(entry) => readers.read(&guard, &allowed, entry, part)?,
        None => export::read_part(guard.open(&allowed)?, part)?,
    };
    let format = part
        .key
        .split_once(':')
        .and_then(|(service, _)| Format::parse(service))
        .ok_or(SkipReason::NotAConversation)?;
    let understood = chat::understand(format, &part.key, &bytes).map_err(|error| match error {
        ConversationError::AnotherOne => SkipReason::ChangedWhileReading,
        ConversationError::NotUnderstood => SkipReason::NotAConversation,
    })?;
    Ok(Fetched {
        bytes,
        sha256: understood.sha256,
        modified: allowed.modified,
        version_at: understood.updated,
        format,
        document: Some(understood.document),
    })
}

fn fetch_once(guard: &Guard, path: &Path) -> Result<Fetched, FetchError> {
    let (folder, name) = place_of(guard, path)?;
    let allowed = guard.judge(&folder.join(name))?;
    let bytes = read_unchanged(guard, &allowed)?;
    let format = match detect(&name.to_string_lossy(), &bytes) {
        // It was something else when it was planned.
        Ok(Format::ChatGpt | Format::Claude) => return Err(FetchError::ChangedWhileReading),
        Ok(format) => format,
        Err(kind) => return Err(FetchError::Refused(SkipReason::NotSupported(kind.0))),
    };
    Ok(Fetched {
        sha256: hex(&Sha256::digest(&bytes)),
        bytes,
        modified: allowed.modified,
        version_at: None,
        format,
        document: None,
    })
}

/// The folder without links, and the name in it.
fn place_of<'p>(guard: &Guard, path: &'p Path) -> Result<(PathBuf, &'p OsStr), FetchError> {
    // The folder may have become a workspace, or a link into one, since the plan was made.
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|e| SkipReason::from_io(&e))?;
    if guard.in_workspace(&folder) {
        return Err(FetchError::Refused(SkipReason::OwnStore));
    }
    let name = path.file_name().ok_or(SkipReason::NotAFile)?;
    Ok((folder, name))
}

fn read_unchanged(guard: &Guard, allowed: &Allowed) -> Result<Vec<u8>, FetchError> {
    let failed = |error: io::Error| FetchError::from(SkipReason::from_io(&error));
    let file = guard.open(allowed)?;
    // One byte more than is allowed tells a file at the limit from one that grows past it.
    let mut bytes = Vec::with_capacity(usize::try_from(allowed.bytes).unwrap_or_default());
    (&file)
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let read = bytes.len() as u64;
    let after = file.metadata().map_err(failed)?;
    if read > FILE_BYTES_MAX {
        return Err(FetchError::Refused(SkipReason::TooLarge {
            bytes: after.len().max(read),
        }));
    }
    if read != allowed.bytes || after.len() != read || guard::modified(&after) != allowed.modified {
        return Err(FetchError::ChangedWhileReading);
    }
    Ok(bytes)
}
