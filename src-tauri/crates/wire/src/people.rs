use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Somebody who speaks in conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Person {
    /// As in the `author` of a passage; the person of this memory is "You".
    pub author: String,
    pub passages: u32,
    /// In which they speak.
    pub conversations: u32,
    /// When they spoke first and last; null when nothing that they said has a date.
    pub first_at: Option<String>,
    pub last_at: Option<String>,
    pub sources: Vec<PersonSource>,
}

/// A source in which somebody speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PersonSource {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct People {
    /// Those who say most, most first; at most 200.
    pub people: Vec<Person>,
    /// There are more than these, who say less.
    pub more: bool,
}
