//! What every importer makes of the bytes it is given, and all that the rest of the product sees.

use crate::time::UnixMs;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    Markdown,
    PlainText,
    Html,
}

impl Format {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::PlainText => "text",
            Self::Html => "html",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Markdown, Self::PlainText, Self::Html]
            .into_iter()
            .find(|f| f.as_str() == name)
    }
}

/// A document as its importer understood it. All text is in Unicode normal form C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalDocument {
    /// Never empty: the document's own title, its first heading, or its file name.
    pub title: String,
    /// The date that the document states about itself, if it does.
    pub stated_at: Option<UnixMs>,
    /// In reading order. Empty for a document with no text in it.
    pub blocks: Vec<Block>,
    /// What was lost or guessed while reading, for the import's report.
    pub warnings: Vec<Warning>,
}

/// A paragraph, a heading, a list, a fenced block: what a reader would not split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub kind: BlockKind,
    /// Verbatim for plain text and Markdown; the visible text for HTML. Lines are joined by `\n`.
    /// Never blank.
    pub text: String,
    pub lines: LineRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// `level` counts from 1.
    Heading {
        level: u8,
    },
    Body,
}

/// Lines of the original file, counted from 1, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    pub first: u32,
    pub last: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The bytes were not valid in the encoding found; this many characters were replaced.
    ReplacedCharacters(usize),
    /// Null characters were dropped.
    DroppedNulls(usize),
    /// Elements nested deeper than the limit were read as if they were flat.
    FlattenedNesting,
}
