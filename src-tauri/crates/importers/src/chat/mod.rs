//! The exports that chat services make for a person: a JSON array with one conversation an element.

mod chatgpt;
mod claude;
mod json;
mod list;
mod meaning;
mod numbers;
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
    let value: Value = serde_json::from_slice(&numbers::readable(bytes))
        .map_err(|_| ConversationError::NotUnderstood)?;
    match format {
        Format::Claude => claude::conversation(&value),
        _ => chatgpt::conversation(&value),
    }
    .map(thread::Conversation::into_document)
    .ok_or(ConversationError::NotUnderstood)
}

/// A conversation that is known to be the one that was looked for.
pub(crate) struct Understood {
    pub(crate) document: CanonicalDocument,
    /// Of what is read of it, in lower-case hexadecimal. A later export may write the same conversation
    /// in another way, with fields that nobody reads; it is the same still.
    pub(crate) sha256: String,
    /// When it says to have last changed.
    pub(crate) updated: Option<UnixMs>,
}

pub(crate) fn understand(
    format: Format,
    key: &str,
    bytes: &[u8],
) -> Result<Understood, ConversationError> {
    match list::listing_of(bytes) {
        Some(found) if found.key == key => {
            let document = read(format, bytes)?;
            Ok(Understood {
                sha256: meaning::digest(key, &document),
                document,
                updated: found.updated,
            })
        }
        _ => Err(ConversationError::AnotherOne),
    }
}
