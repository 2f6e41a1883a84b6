//! Who speaks in conversations.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::Source;

use crate::{Engine, Error, Result};

/// The most people that one look brings.
const PEOPLE_MAX: u32 = 200;

#[derive(Clone, Debug)]
pub struct Person {
    /// As it stands at what they said: the person of this memory is "You".
    pub name: String,
    pub passages: u32,
    pub conversations: u32,
    pub first_at: Option<UnixMs>,
    pub last_at: Option<UnixMs>,
    pub sources: Vec<Source>,
}

#[derive(Clone, Debug, Default)]
pub struct People {
    pub people: Vec<Person>,
    /// There are more, who say less.
    pub more: bool,
}

impl Engine {
    /// Those who say most, most first.
    pub fn people(&self) -> Result<People> {
        self.core().store.read(Lane::Interactive, |r| {
            let sources = r.sources()?;
            // One more than is told, to know whether there are more.
            let mut authors = r.authors(PEOPLE_MAX + 1)?;
            let more = authors.len() > PEOPLE_MAX as usize;
            authors.truncate(PEOPLE_MAX as usize);
            let people = authors
                .into_iter()
                .map(|author| Person {
                    name: author.name,
                    passages: author.passages,
                    conversations: author.documents,
                    first_at: author.first_at,
                    last_at: author.last_at,
                    sources: sources
                        .iter()
                        .filter(|source| author.sources.contains(&source.key))
                        .cloned()
                        .collect(),
                })
                .collect();
            Ok::<_, Error>(People { people, more })
        })
    }
}
