//! Bytes to a canonical document.

use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::{chat, html, markdown, plain_text, text_encoding};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// No word in it: white space, markup, or characters that are not shown.
    #[error("has no text in it")]
    Empty,
    /// Not as the service of its format writes conversations.
    #[error("is not a conversation as its service writes them")]
    NotUnderstood,
}

/// Reads a whole file, or one conversation of an export. `file_name` is its last name, or the stem of it; it becomes the title when
/// the document has none of its own.
///
/// The caller isolates panics: parsers of other people's formats are not trusted to have none.
pub fn read(format: Format, file_name: &str, bytes: &[u8]) -> Result<CanonicalDocument, ReadError> {
    let stem = stem(file_name);
    let document = match format {
        Format::Markdown => markdown::read(&stem, text_encoding::decode(bytes, None)),
        Format::PlainText => plain_text::read(&stem, text_encoding::decode(bytes, None)),
        Format::Html => html::read(&stem, bytes),
        Format::ChatGpt | Format::Claude => {
            chat::read(format, bytes).map_err(|_| ReadError::NotUnderstood)?
        }
    };
    if document.blocks.is_empty() {
        Err(ReadError::Empty)
    } else {
        Ok(document)
    }
}

/// The text of a whole file, in whose lines [`read`] counts.
pub fn text(format: Format, bytes: &[u8]) -> String {
    let declared = match format {
        Format::Html => html::declared_encoding(bytes),
        _ => None,
    };
    text_encoding::decode(bytes, declared).text
}

/// The name without its extension, on one line. What follows the last dot is an extension if it is
/// a few letters: `notes.md` has one, `release 1.2` has none.
fn stem(file_name: &str) -> String {
    let is_extension =
        |e: &str| (1..=8).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphabetic());
    let stem = match file_name.rsplit_once('.') {
        Some((stem, extension)) if is_extension(extension) && !stem.is_empty() => stem,
        _ => file_name,
    };
    let line: String = stem
        .nfc()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match line.trim() {
        "" => "Untitled".to_owned(),
        line => line.to_owned(),
    }
}
