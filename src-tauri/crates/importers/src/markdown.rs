//! Markdown: its top-level blocks, word for word.

use std::ops::Range;

use oldgrowth_domain::canonical::{BlockKind, CanonicalDocument};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use crate::front_matter::front_matter;
use crate::text_encoding::Decoded;
use crate::verbatim::Verbatim;

/// A longer list becomes one block for each of its items.
const LIST_BYTES_MAX: usize = 1200;

pub(crate) fn read(name: &str, decoded: Decoded) -> CanonicalDocument {
    let text = decoded.text.as_str();
    let stated = front_matter(text).unwrap_or_default();
    let (blocks, heading) = blocks(text, stated.length);
    CanonicalDocument {
        title: stated.title.or(heading).unwrap_or_else(|| name.to_owned()),
        stated_at: stated.stated_at,
        // A note that is nothing but its front matter is read as the text that it has.
        blocks: if blocks.is_empty() {
            Verbatim::new(text).finish()
        } else {
            blocks
        },
        warnings: decoded.warnings,
    }
}

/// The blocks after the first `skipped` bytes, and the text of the first heading among them.
fn blocks(text: &str, skipped: usize) -> (Vec<oldgrowth_domain::canonical::Block>, Option<String>) {
    let mut verbatim = Verbatim::new(text);
    if skipped > 0 {
        verbatim.pass_over(0, skipped);
    }
    let body = text.get(skipped..).unwrap_or_default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    let mut depth = 0_usize;
    let mut open: Option<(Top, Range<usize>)> = None;
    let mut items: Vec<Range<usize>> = Vec::new();
    let mut heading: Option<String> = None;
    let mut heading_text: Option<String> = None;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        let range = range.start + skipped..range.end + skipped;
        match event {
            Event::Start(tag) => {
                match (depth, &tag, &open) {
                    (0, _, _) => {
                        let top = Top::of(&tag);
                        if matches!(top, Top::Heading(_)) && heading.is_none() {
                            heading_text = Some(String::new());
                        }
                        open = Some((top, range));
                    }
                    (1, Tag::Item, Some((Top::List, list))) if list.len() > LIST_BYTES_MAX => {
                        items.push(range)
                    }
                    _ => {}
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some((top, whole)) = open.take()
                {
                    if items.is_empty() {
                        verbatim.take(top.kind(), whole.start, whole.end);
                    }
                    for item in items.drain(..) {
                        verbatim.take(BlockKind::Body, item.start, item.end);
                    }
                    if let Some(text) = heading_text.take() {
                        let title = text.split_whitespace().collect::<Vec<_>>().join(" ");
                        heading = (!title.is_empty()).then_some(title);
                    }
                }
            }
            Event::Text(piece) | Event::Code(piece) => {
                if let Some(text) = &mut heading_text {
                    text.push_str(&piece);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(text) = &mut heading_text {
                    text.push(' ');
                }
            }
            // A rule has no words.
            Event::Rule if depth == 0 => verbatim.pass_over(range.start, range.end),
            _ => {}
        }
    }
    (verbatim.finish(), heading)
}

/// What a top-level block is, as far as it matters here.
enum Top {
    Heading(u8),
    List,
    Other,
}

impl Top {
    fn of(tag: &Tag<'_>) -> Self {
        match tag {
            Tag::Heading { level, .. } => Self::Heading(match level {
                HeadingLevel::H1 => 1,
                HeadingLevel::H2 => 2,
                HeadingLevel::H3 => 3,
                HeadingLevel::H4 => 4,
                HeadingLevel::H5 => 5,
                HeadingLevel::H6 => 6,
            }),
            Tag::List(_) => Self::List,
            _ => Self::Other,
        }
    }

    fn kind(&self) -> BlockKind {
        match self {
            Self::Heading(level) => BlockKind::Heading { level: *level },
            Self::List | Self::Other => BlockKind::Body,
        }
    }
}
