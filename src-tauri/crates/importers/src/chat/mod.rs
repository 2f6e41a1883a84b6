//! The exports that chat services make for a person: a JSON array with one conversation an element.

mod chatgpt;
mod claude;
mod json;
mod list;
mod meaning;
mod thread;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use serde_json::Value;
use thiserror::Error;

pub(crate) use list::{Listed, ListingEnd, list, sniff};

/// One conversation may be this long in its export's JSON. Longer ones are not read.
pub const CONVERSATION_BYTES_MAX: u64 = 32 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ConversationError {
    #[error("is not the conversation that was looked for")]
    AnotherOne,
    #[error("is not a conversation as its service writes them")]
    NotUnderstood,
}

/// Reads one conversation, an element of an export. A document without blocks has no text in it.
pub(crate) fn read(format: Format, bytes: &[u8]) -> Result<CanonicalDocument, ConversationError> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|_| ConversationError::NotUnderstood)?;
    match format {
        Format::Claude => claude::conversation(&value),
        _ => chatgpt::conversation(&value),
    }
    .map(thread::Conversation::into_document)
    .ok_or(ConversationError::NotUnderstood)
}

/// A digest of what is read of the conversation `key`, in lower-case hexadecimal, and when it says to
/// have last changed. A later export may write the same conversation in another way, with fields that
/// nobody reads; it is the same still.
pub(crate) fn digest(
    format: Format,
    key: &str,
    bytes: &[u8],
) -> Result<(String, Option<UnixMs>), ConversationError> {
    match list::listing_of(bytes) {
        Some(found) if found.key == key => {
            Ok((meaning::digest(key, &read(format, bytes)?), found.updated))
        }
        _ => Err(ConversationError::AnotherOne),
    }
}
