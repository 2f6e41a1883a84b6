//! What every importer makes of the bytes it is given, and all that the rest of the product sees.

use crate::time::UnixMs;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    Markdown,
    PlainText,
    Html,
    /// One conversation of the export that ChatGPT makes for a person.
    ChatGpt,
    /// One conversation of the export that Claude makes for a person.
    Claude,
}

impl Format {
    const ALL: [Self; 5] = [
        Self::Markdown,
        Self::PlainText,
        Self::Html,
        Self::ChatGpt,
        Self::Claude,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::PlainText => "text",
            Self::Html => "html",
            Self::ChatGpt => "chatgpt",
            Self::Claude => "claude",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == name)
    }

    /// Of a conversation: with whom it was held, as the service writes its own name.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::ChatGpt => Some("ChatGPT"),
            Self::Claude => Some("Claude"),
            Self::Markdown | Self::PlainText | Self::Html => None,
        }
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
    /// Verbatim for plain text, Markdown and messages; the visible text for HTML. Lines are joined
    /// by `\n`. Never blank.
    pub text: String,
    pub lines: LineRange,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// `level` counts from 1.
    Heading {
        level: u8,
    },
    Body,
    /// A whole message of a conversation: never joined with another one.
    Message(Message),
}

/// Who said a message, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A name, or the part played: "You", "ChatGPT".
    pub author: String,
    pub at: Option<UnixMs>,
    /// Does it lie on a branch of the conversation that was left for another one?
    pub left_branch: bool,
}

/// Lines of the original file, counted from 1, both ends included. In a conversation it is messages
/// that are counted: the first is 1.
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
    /// So many messages lie on branches that were left. They are kept, after the others.
    LeftBranches(usize),
    /// So many parts of messages were not kept.
    LeftOut(LeftOut, usize),
    /// So many messages came more than once and were kept once.
    RepeatedMessages(usize),
    /// So many messages say no time.
    UndatedMessages(usize),
}

/// What of a conversation is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeftOut {
    Image,
    Recording,
    /// A file that was added, of which the export holds no text.
    Attachment,
    /// What the assistant asked of a tool, and what that answered.
    ToolStep,
    /// What the assistant noted for itself on the way to its answer.
    Thinking,
    /// What the service told the assistant, and what it does not show.
    Hidden,
    /// A message or part of a kind that isn't known.
    Unknown,
}
