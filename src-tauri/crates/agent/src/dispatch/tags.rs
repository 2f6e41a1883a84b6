//! Tags, as they are named from outside.

use oldgrowth_domain::tags::{BadTags, TAG_CHARS_MAX, TAGS_MAX, Tag};
use oldgrowth_engine::Engine;
use oldgrowth_wire::{self as wire, ErrorCode, WireError};

use super::Reply;
use crate::words::{explain, wire_error};

pub(super) fn list(engine: &Engine) -> Reply<Vec<wire::TagCount>> {
    let tags = engine.tags().map_err(|e| explain(&e))?;
    Ok(tags
        .into_iter()
        .map(|one| wire::TagCount {
            tag: one.tag,
            documents: one.documents,
        })
        .collect())
}

pub(super) fn to_give(tags: &[String]) -> Reply<Vec<Tag>> {
    Tag::list(tags).map_err(|bad| {
        let hint = match &bad {
            BadTags::NotATag(_) => what_a_tag_is(),
            BadTags::TooMany(_) => format!("an import takes {TAGS_MAX} at most"),
        };
        usage(&bad, &hint)
    })
}

pub(super) fn to_look_for(tag: &str) -> Reply<Tag> {
    Tag::parse(tag).ok_or_else(|| usage(&BadTags::NotATag(tag.to_owned()), &what_a_tag_is()))
}

fn what_a_tag_is() -> String {
    format!("a tag is 1 to {TAG_CHARS_MAX} characters in one line, without commas")
}

fn usage(bad: &BadTags, hint: &str) -> WireError {
    wire_error(ErrorCode::Usage, bad.to_string(), Some(hint))
}
