use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Locator, Question};

/// A passage, and the question that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct WhyAsked {
    pub chunk: String,
    /// As it was asked, its filters included.
    pub question: Question,
}

/// Why a passage answers a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Why {
    /// In the order of the question.
    pub words: Vec<WhyWord>,
    /// How many passages can be found at all.
    pub passages: u32,
    /// How many of them hold a word of the question or stand beside one that does, within its filters.
    pub answers: u32,
    /// Its place among the answers, equal ones counted once; 1 is the best. Null when it is far down.
    pub rank: Option<u32>,
    /// The sum of its words' scores and of its parts. Comparable within one question only.
    pub score: f64,
    /// The score of the best answer.
    pub best: f64,
    /// What counted besides its words, each once.
    pub parts: Vec<WhyPart>,
    pub happened_at: Option<String>,
    /// "stated", "file_time" or "unknown".
    pub happened_basis: String,
    /// Other passages that say exactly the same, within the filters; at most 50.
    pub same: Vec<SamePassage>,
}

/// A word of a question, and what it does for a passage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhyWord {
    pub word: String,
    /// The forms in which it stands in the passage, its headings or the title.
    pub forms: Vec<String>,
    /// How often it stands in the title of the document, in the headings and in the text.
    pub title: u32,
    pub headings: u32,
    pub text: u32,
    /// How many passages of the memory hold it.
    pub passages: u32,
    /// Its part of the passage's score; null if the passage lacks it.
    pub score: Option<f64>,
}

/// What a passage is found by, besides its own words, and what that counted for; it may be negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhyPart {
    pub what: WhyPartOf,
    pub score: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WhyPartOf {
    /// What was said right before and after it.
    Near,
    /// How near what it says is to what is asked.
    Meaning,
    /// How well the rest of its conversation answers.
    Thread,
    /// The question names who said it.
    Author,
    /// It asks something itself.
    Question,
    /// Short remarks count for less.
    Length,
    /// It is of the days that the question speaks of.
    Time,
    /// A model of a server has read it together with the question.
    Reranked,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SamePassage {
    pub chunk: String,
    pub document: String,
    pub title: String,
    pub source: String,
    pub source_name: String,
    pub locator: Locator,
    pub happened_at: Option<String>,
}
