//! Whom and what the memory names.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Hit;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NameKind {
    Person,
    Organisation,
    Place,
    Email,
    Link,
    /// `@name`.
    Handle,
    /// `#name`.
    Tag,
    Date,
    Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct NamesAsked {
    pub kind: NameKind,
    /// Only those with this in their name, whatever its case and accents.
    pub part: Option<String>,
    /// How many to pass over.
    pub offset: Option<u32>,
    /// 1 to 500; 100 when absent.
    pub limit: Option<u32>,
}

/// Somebody or something that passages name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NameRow {
    pub id: String,
    pub kind: NameKind,
    pub name: String,
    pub mentions: u32,
    /// In which it is mentioned.
    pub documents: u32,
    /// When it is mentioned first and last; null when no mention has a date.
    pub first_at: Option<String>,
    pub last_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NameCount {
    pub kind: NameKind,
    pub count: u32,
}

/// What is yet to be done before all names are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NamesLeft {
    /// Passages that are still to be looked through.
    pub passages: u32,
    /// Passages in which no names could be looked for; a fault of ours.
    pub failed: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Names {
    /// Of each kind that there is, how many.
    pub counts: Vec<NameCount>,
    /// How many there are of what was asked for.
    pub total: u32,
    /// Some of them, the most mentioned first.
    pub names: Vec<NameRow>,
    pub left: NamesLeft,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct NameAt {
    pub id: String,
    /// How many passages to pass over.
    pub offset: Option<u32>,
    /// 1 to 100; 20 when absent.
    pub limit: Option<u32>,
}

/// A source in which something is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NameSource {
    pub id: String,
    pub name: String,
    pub documents: u32,
}

/// Whom or what the same passages name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NameBeside {
    pub name: NameRow,
    /// In how many of them.
    pub passages: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Name {
    pub name: NameRow,
    /// As passages write it, the commonest first.
    pub written_as: Vec<String>,
    pub sources: Vec<NameSource>,
    /// People, organisations and places, the most often named with it first; at most 12.
    pub beside: Vec<NameBeside>,
    /// Some of the passages, the newest first. Their matches are the name.
    pub passages: Vec<Hit>,
    pub passages_total: u32,
    /// The id of its row in the tree. Null unless it was named often and lately.
    pub topic: Option<String>,
}
