//! Whom and what the memory names, and where.

use oldgrowth_domain::EntityId;
use oldgrowth_domain::entities::EntityKind;
use oldgrowth_store::table::entities::Entity;
use oldgrowth_store::table::extraction::Left;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{ChunkKey, EntityKey, Lane, Read};

use crate::recall::Hit;
use crate::tree::topic_row_id;
use crate::{Engine, Error, Result};

/// The most that one look brings.
const NAMES_MAX: u32 = 500;
const PASSAGES_MAX: u32 = 100;

/// Of so many of the newest passages it is told how they call it, and whom else they name.
const LOOKED_AT_PASSAGES: u32 = 500;
const BESIDE_MAX: usize = 12;
const WRITTEN_AS_MAX: usize = 8;

/// Some of those that are named, in their order.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// How many there are of each kind that there is.
    pub counts: Vec<(EntityKind, u32)>,
    /// How many there are of the kind that was asked for, with what was asked for in a name.
    pub total: u32,
    pub names: Vec<Entity>,
    /// What is yet to be looked through. None where nobody looks.
    pub left: Option<Left>,
}

/// Somebody or something, and where it is named.
#[derive(Clone, Debug)]
pub struct Name {
    pub entity: Entity,
    /// As it is written, the commonest first.
    pub written_as: Vec<String>,
    /// Where it is named, in how many documents of each.
    pub sources: Vec<(Source, u32)>,
    /// Whom and what the same passages name, in how many of them.
    pub beside: Vec<(Entity, u32)>,
    /// Some of the passages, the newest first. What they match is the name.
    pub passages: Vec<Hit>,
    pub passages_total: u32,
    /// The id of its row in the tree, where it has one as a topic.
    pub topic: Option<String>,
}

impl Engine {
    /// Those of a kind, the most mentioned first: all, or those with this in a name, whatever its case and accents.
    pub fn names(&self, kind: EntityKind, part: &str, offset: u32, limit: u32) -> Result<Names> {
        let core = self.core();
        let limit = limit.clamp(1, NAMES_MAX);
        let part = part.trim();
        core.store.read(Lane::Interactive, |r| {
            let counts = r.entity_counts()?;
            let of_kind = counts.iter().find(|(of, _)| *of == kind);
            let (total, names) = if part.is_empty() {
                let total = of_kind.map_or(0, |(_, count)| *count);
                (total, r.entities(kind, offset, limit)?)
            } else {
                let names = r.entities_called(kind, part, offset, limit)?;
                (r.entities_called_count(kind, part)?, names)
            };
            let left = match &core.extractor {
                Some(extractor) => Some(r.left_to_extract(extractor.id())?),
                None => None,
            };
            Ok::<_, Error>(Names {
                counts,
                total,
                names,
                left,
            })
        })
    }

    /// # Errors
    /// [`Error::NotFound`] when nothing names it, or no longer.
    pub fn name(&self, id: &EntityId, offset: u32, limit: u32) -> Result<Name> {
        let limit = limit.clamp(1, PASSAGES_MAX);
        self.core().store.read(Lane::Interactive, |r| {
            let entity = r.entity_by_id(id)?.ok_or(Error::NotFound)?;
            let key = entity.key;
            let newest = r.passages_naming(key, 0, LOOKED_AT_PASSAGES)?;
            let mut written_as: Vec<String> = r
                .written_as(key, &newest)?
                .into_iter()
                .map(|(written, _)| written)
                .collect();
            written_as.truncate(WRITTEN_AS_MAX);
            let mut sources = Vec::new();
            for (source, documents) in r.sources_naming(key)? {
                sources.push((r.source(source)?, documents));
            }
            let mut passages = Vec::new();
            for chunk in r.passages_naming(key, offset, limit)? {
                passages.push(passage(r, key, chunk)?);
            }
            Ok::<_, Error>(Name {
                topic: r.topic(id)?.map(|topic| topic_row_id(&topic.id)),
                beside: r.named_beside(key, &newest, BESIDE_MAX)?,
                passages_total: r.passages_naming_count(key)?,
                entity,
                written_as,
                sources,
                passages,
            })
        })
    }
}

fn passage(r: &Read<'_>, key: EntityKey, chunk: ChunkKey) -> Result<Hit> {
    let chunk = r.chunk(chunk)?;
    let document = r.document(chunk.document)?;
    let matches = r.mentions_in(key, chunk.key)?;
    Ok(Hit {
        source: r.source(document.source)?.id,
        place: r.place_of(document.key)?,
        tags: r.tags_of(document.key)?,
        quote: matches.first().cloned().unwrap_or_default(),
        matches,
        score: 0.0,
        same_elsewhere: 0,
        chunk,
        document,
    })
}
