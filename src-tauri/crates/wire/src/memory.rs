use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The public id of a passage, a document, a summary, a source or an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Id {
    pub id: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Search {
    pub query: String,
    /// 1 to 200; 20 when absent.
    pub limit: Option<u32>,
    /// A source's id or name.
    pub source: Option<String>,
    /// Who said it: "You". Of messages only.
    pub author: Option<String>,
    /// First day or instant: `2024-05-03` or RFC 3339. What has no date is left out when this or `to` is set.
    pub from: Option<String>,
    /// Last day or instant, included.
    pub to: Option<String>,
    /// Only passages of this kind.
    pub kind: Option<MemoryKind>,
    /// Only what has this tag; capital letters make no difference.
    pub tag: Option<String>,
}

/// What a passage belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MemoryKind {
    /// Read from a file of its own.
    Document,
    /// Typed in.
    Note,
    /// Read from the export of a chat service.
    Conversation,
}

/// Who asks again before the answer is there, such as a box that is typed into. A newer question of the
/// same asker calls the older one off, which is then answered with `cancelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Asker {
    /// Any name that nobody else uses.
    pub name: String,
    /// Grows with each of its questions.
    pub turn: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Question {
    pub question: String,
    /// 1 to 50; 8 when absent.
    pub limit: Option<u32>,
    pub source: Option<String>,
    pub author: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only passages of this kind.
    pub kind: Option<MemoryKind>,
    /// Only what has this tag; capital letters make no difference.
    pub tag: Option<String>,
    /// The last word may be unfinished: words that begin with it count as well. False when absent.
    pub typing: Option<bool>,
    pub asker: Option<Asker>,
}

/// A stretch of a text, in UTF-16 code units as JavaScript counts them: `text.slice(start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// Where the words stand in the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Locator {
    /// The file; of a conversation its key, as in `chatgpt:` and the service's own id; null for a note
    /// that was typed in.
    pub path: Option<String>,
    /// Counted from 1, both included: lines of a file, and messages of a conversation.
    pub line_first: u32,
    pub line_last: u32,
}

/// A passage found by its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Hit {
    pub chunk: String,
    pub document: String,
    pub source: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// Who said it, of a message: "You", "ChatGPT".
    pub author: Option<String>,
    pub locator: Locator,
    /// Those of its document.
    pub tags: Vec<String>,
    /// Null when nobody knows.
    pub happened_at: Option<String>,
    pub text: String,
    /// Higher is better. Comparable within one answer only.
    pub score: f64,
    /// The words of the question, where they stand in `text`.
    pub matches: Vec<Span>,
    /// The sentence of `text` that answers best.
    pub quote: Span,
    /// How many other passages say exactly the same and were folded into this one.
    pub same_elsewhere: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Hits {
    pub hits: Vec<Hit>,
    /// The words that were looked for, after the common ones were dropped.
    pub terms: Vec<String>,
}

/// A step on the way from the root of the tree down to a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TreeStep {
    pub id: String,
    pub title: String,
}

/// A passage of an answer, in its surroundings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnswerHit {
    #[serde(flatten)]
    pub hit: Hit,
    /// The passage just before it in the same document.
    pub before: Option<String>,
    /// The passage just after it in the same document.
    pub after: Option<String>,
    /// From the source down: the summaries that hold it.
    pub tree: Vec<TreeStep>,
    /// A sentence of the nearest summary that speaks of it, if it has been summarised.
    pub summary: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Answer {
    pub hits: Vec<AnswerHit>,
    pub terms: Vec<String>,
    /// Said when there is no hit: what was looked for and where.
    pub nothing: Option<String>,
    /// When filters let nothing through: what there is behind them.
    pub behind: Option<Behind>,
    /// When nothing was found: how many passages can't be found by their words yet.
    pub unsearched: u32,
    pub meaning: Meaning,
    /// Summaries of what several of the hits are part of, the most telling first; at most 3.
    pub summaries: Vec<AnswerSummary>,
    /// Said when the question speaks of days that nothing is of: the hits are of others.
    pub nothing_then: Option<String>,
    /// The model that would write an answer, and the address of its server. Null while none is chosen that may be asked.
    pub writer: Option<String>,
}

/// A summary above several hits of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnswerSummary {
    pub id: String,
    pub title: String,
    /// What it is of: a source, a topic or a stretch of days.
    pub of: TreeStep,
    /// How many passages are under it.
    pub passages: u32,
    /// Which of the hits, counted from 1.
    pub hits: Vec<u32>,
    /// What it says of them.
    pub text: String,
}

/// A question, and how much room there is for what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct BriefAsked {
    /// Its limit is how many passages are chosen from; 50 when absent.
    pub question: Question,
    /// In characters of the texts; 100 to 1,000,000.
    pub chars: u32,
}

/// What was found, as much as there is room for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Brief {
    /// The best first.
    pub pieces: Vec<BriefPiece>,
    /// How many characters their texts have.
    pub chars: u32,
    /// How many passages that were found are neither told nor summed up.
    pub left_out: u32,
    pub terms: Vec<String>,
    /// Said when nothing was found.
    pub nothing: Option<String>,
    /// As in `Answer`.
    pub nothing_then: Option<String>,
    pub meaning: Meaning,
}

/// An answer that a model has written from passages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Written {
    /// The model that wrote it, and the address of its server.
    pub by: String,
    /// Its sentences, each with the passages that bear it out.
    pub sentences: Vec<BriefPiece>,
    /// So many sentences were left out, since no passage bears them out.
    pub left_out: u32,
    /// Said when there is no sentence.
    pub nothing: Option<String>,
}

/// A passage, the sentence of one that answers best, or a summary of several; or a sentence of a written answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BriefPiece {
    pub text: String,
    /// The summary whose words these are, if they are a summary's.
    pub summary: Option<TreeStep>,
    /// The passages in which these words stand, in the order of the words; one at least.
    pub cites: Vec<Cite>,
}

/// A passage that is named to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Cite {
    pub chunk: String,
    /// The document's title.
    pub title: String,
    pub locator: Locator,
    pub happened_at: Option<String>,
}

/// Did it count what the question means, beside its words?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Meaning {
    No,
    /// Not yet: the same question has it soon.
    ToCome,
    /// As far as passages were read for it; there are others.
    Partly,
    Yes,
}

/// How many passages hold words of the question without one of the filters; null for those not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Behind {
    pub source: Option<u32>,
    pub author: Option<u32>,
    pub dates: Option<u32>,
    pub kind: Option<u32>,
    pub tag: Option<u32>,
    /// Without any filter.
    pub all: u32,
}

/// A tag, and how many documents have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TagCount {
    pub tag: String,
    pub documents: u32,
}

/// One passage of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Chunk {
    pub id: String,
    pub text: String,
    pub headings: Vec<String>,
    /// Who said it, of a message.
    pub author: Option<String>,
    pub locator: Locator,
}

/// A memory, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
pub enum Shown {
    Document {
        id: String,
        source: String,
        source_name: String,
        title: String,
        format: String,
        happened_at: Option<String>,
        /// "stated", "file_time" or "unknown".
        happened_basis: String,
        imported_at: String,
        sha256: String,
        /// The file, or null for a note that was typed in.
        path: Option<String>,
        tags: Vec<String>,
        /// One page of its passages, in reading order.
        chunks: Vec<Chunk>,
        /// How many passages come before this page.
        first: u32,
        /// How many there are in all.
        total: u32,
        /// The passage that was asked for, when the id was a passage's.
        asked: Option<String>,
        tree: Vec<TreeStep>,
        /// Newer version of the same file, when this one has been replaced.
        replaced_by: Option<String>,
    },
    Summary {
        id: String,
        source: String,
        source_name: String,
        level: u32,
        /// Made by which summariser.
        summariser: String,
        degraded: bool,
        sealed_at: String,
        first_happened_at: Option<String>,
        last_happened_at: Option<String>,
        sentences: Vec<SummarySentence>,
        tree: Vec<TreeStep>,
        passages: u32,
    },
}

/// A sentence of a summary with the words it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SummarySentence {
    pub text: String,
    pub chunk: String,
    pub document: String,
    pub title: String,
    pub locator: Locator,
    /// The whole passage.
    pub passage: String,
    /// The words of the passage that the sentence came from.
    pub words: Span,
}
