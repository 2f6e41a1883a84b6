//! Tags: short names of the person's own that an import puts to what it brings.

use crate::text::nfc;

/// The longest tag, in characters, and the most that one import brings.
pub const TAG_CHARS_MAX: usize = 64;
pub const TAGS_MAX: usize = 16;

/// Two that differ in nothing but capital letters are the same.
#[derive(Clone, Debug)]
pub struct Tag {
    written: String,
    folded: String,
}

/// Why these are no tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTags {
    #[error("“{0}” can't be a tag")]
    NotATag(String),
    #[error("these are {0} tags, which is too many")]
    TooMany(usize),
}

impl Tag {
    /// Without the space around it and the `#` before it. None when nothing is left, when it is too long, or
    /// when it holds a comma or anything that ends or controls a line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = nfc(text.trim().trim_start_matches('#').trim());
        let ends = |c: char| c == ',' || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let chars = written.chars().count();
        if chars == 0 || chars > TAG_CHARS_MAX || written.contains(ends) {
            return None;
        }
        let folded = written.to_lowercase();
        Some(Self { written, folded })
    }

    /// These tags, each once.
    pub fn list(given: &[String]) -> Result<Vec<Self>, BadTags> {
        let mut tags = Vec::new();
        for text in given {
            let tag = Self::parse(text).ok_or_else(|| BadTags::NotATag(text.clone()))?;
            join(&mut tags, &[tag]);
        }
        if tags.len() > TAGS_MAX {
            return Err(BadTags::TooMany(tags.len()));
        }
        Ok(tags)
    }

    /// As the person wrote it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// What it is compared by.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Tag {}

/// Adds those that are not there yet.
pub fn join(tags: &mut Vec<Tag>, more: &[Tag]) {
    for tag in more {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(given: &[&str]) -> Result<Vec<String>, BadTags> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let tags = Tag::list(&given)?;
        Ok(tags.iter().map(|tag| tag.written().to_owned()).collect())
    }

    #[test]
    fn a_tag_is_trimmed_and_needs_no_number_sign() {
        assert_eq!(
            list(&["  #family ", "two words", "##Ö 1"]).unwrap(),
            ["family", "two words", "Ö 1"]
        );
    }

    #[test]
    fn tags_that_differ_in_capital_letters_are_one() {
        assert_eq!(
            list(&["Übung", "übung", "ÜBUNG", "#Übung"]).unwrap(),
            ["Übung"],
            "as it was written first"
        );
        assert_eq!(
            Tag::parse("u\u{308}bung"),
            Tag::parse("Übung"),
            "or in how its letters are made"
        );
    }

    #[test]
    fn what_is_empty_too_long_or_more_than_a_line_is_no_tag() {
        let longest = "ä".repeat(TAG_CHARS_MAX);
        assert_eq!(list(&[&longest]).unwrap(), std::slice::from_ref(&longest));
        for bad in [
            "",
            " ",
            "#",
            "# ",
            "a,b",
            "a\nb",
            "a\tb",
            "a\u{2028}b",
            "a\0",
            &format!("{longest}ä"),
        ] {
            assert_eq!(
                list(&[bad]),
                Err(BadTags::NotATag(bad.to_owned())),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn an_import_takes_so_many_and_no_more() {
        let many: Vec<String> = (0..=TAGS_MAX).map(|at| format!("tag {at}")).collect();
        assert_eq!(Tag::list(&many), Err(BadTags::TooMany(TAGS_MAX + 1)));
        assert_eq!(
            Tag::list(many.split_at(TAGS_MAX).0).unwrap().len(),
            TAGS_MAX
        );
    }
}
