use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Asker, Meaning, NameRow, Span};

/// A memory, and which of a document's passages to bring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ShowAt {
    /// The id of a passage, a document or a summary.
    pub id: String,
    /// How many passages come before the first one to bring. When absent, the page lies around the
    /// passage that was asked for, or at the start.
    pub from: Option<u32>,
    /// 1 to 200; 60 when absent.
    pub limit: Option<u32>,
}

/// A document, named to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DocumentLink {
    pub id: String,
    pub title: String,
    pub happened_at: Option<String>,
    pub imported_at: String,
}

/// A place at which a content was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DocumentPlace {
    pub source: String,
    pub source_name: String,
    /// Null for a note that was typed in.
    pub path: Option<String>,
}

/// Which document's surroundings are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct NearAsked {
    /// The id of a document, or of a passage of it.
    pub id: String,
    pub asker: Option<Asker>,
}

/// What stands near a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Near {
    /// What happened just before and just after it in the same source.
    pub before: Option<DocumentLink>,
    pub after: Option<DocumentLink>,
    /// The version that took its place.
    pub newer: Option<DocumentLink>,
    /// The versions whose place it took, newest first.
    pub older: Vec<DocumentLink>,
    /// Everywhere this very content was found, the one it is shown with first.
    pub places: Vec<DocumentPlace>,
    /// One passage of each document that says something similar as the passage that was asked about, or as the
    /// document's first; the nearest first, at most 5.
    pub similar: Vec<SimilarPassage>,
    /// Is that known?
    pub similar_by: Meaning,
    /// The people, organisations, places and tags that this passage names, in its order; at most 12.
    pub names: Vec<NameRow>,
}

/// A passage that says something similar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SimilarPassage {
    pub chunk: String,
    /// The document's title.
    pub title: String,
    pub happened_at: Option<String>,
    /// How it begins.
    pub preview: String,
}

/// Letters to find in one document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FindAsked {
    /// The id of a document, or of a passage of it.
    pub id: String,
    /// Found whatever their case and accents.
    pub letters: String,
    pub asker: Option<Asker>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundInDocument {
    /// The passages that hold them, in reading order.
    pub passages: Vec<FoundIn>,
    /// There are more places than are told.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FoundIn {
    pub chunk: String,
    /// How many passages come before it in the document.
    pub ordinal: u32,
    /// Where they stand in the passage's text.
    pub places: Vec<Span>,
}

/// How a file is now, compared with what was read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum OriginalState {
    /// Not one byte has changed, or for a conversation not one word.
    Same,
    /// It has changed, and the passage stands in it word for word.
    Moved,
    /// It has changed, and the passage no longer stands in it word for word.
    Changed,
    Gone,
    Unreadable,
    /// A newer version of the document has taken its place in the file.
    Replaced,
    /// It was typed in, so there is no file.
    Typed,
    /// Nothing tells any more in which file it stood.
    Unknown,
}

/// What the parts of an original are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Unit {
    Line,
    Message,
}

/// A passage in the file it was read from, as the file is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Original {
    pub state: OriginalState,
    /// Why it can't be read, and what to do about it, if that is so.
    pub problem: Option<String>,
    pub hint: Option<String>,
    pub path: Option<String>,
    pub unit: Unit,
    /// The lines or messages around the passage, in order.
    pub parts: Vec<OriginalPart>,
    /// How many lines or messages there are in all.
    pub total: u32,
    /// The address of a conversation at its service. To be copied, never opened.
    pub link: Option<String>,
}

/// A line of a file, or a message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OriginalPart {
    /// Counted from 1.
    pub number: u32,
    pub text: String,
    /// The text goes on, but is too long to be shown.
    pub is_cut: bool,
    /// It belongs to the passage.
    pub is_passage: bool,
    /// Of a message: who said it, and when.
    pub author: Option<String>,
    pub at: Option<String>,
}
