//! Plain text: paragraphs between blank lines.

use oldgrowth_domain::canonical::CanonicalDocument;

use crate::text_encoding::Decoded;
use crate::verbatim::Verbatim;

/// A longer first line is prose, underlined or not.
const TITLE_CHARS_MAX: usize = 120;

pub(crate) fn read(name: &str, decoded: Decoded) -> CanonicalDocument {
    CanonicalDocument {
        title: underlined_first_line(&decoded.text)
            .unwrap_or(name)
            .to_owned(),
        stated_at: None,
        blocks: Verbatim::new(&decoded.text).finish(),
        warnings: decoded.warnings,
    }
}

/// The first line with something on it, if the line below underlines it.
fn underlined_first_line(text: &str) -> Option<&str> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty());
    let (first, second) = (lines.next()?, lines.next()?);
    let underlined = second.len() >= 3
        && (second.bytes().all(|b| b == b'=') || second.bytes().all(|b| b == b'-'));
    let is_title =
        first.chars().count() <= TITLE_CHARS_MAX && first.chars().any(char::is_alphanumeric);
    (underlined && is_title).then_some(first)
}
