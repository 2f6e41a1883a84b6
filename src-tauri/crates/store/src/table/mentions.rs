//! Where passages name somebody or something.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::entities::EntityKind;
use rusqlite::named_params;

use super::entities::{Entity, entity};
use crate::{ChunkKey, DocumentKey, EntityKey, Read, Result, SourceKey, Write};

/// A stretch of a passage, and who or what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub kind: EntityKind,
    pub name: String,
    /// In bytes of the passage's text.
    pub range: Range<usize>,
}

/// The passage in which something is mentioned.
#[derive(Clone, Copy, Debug)]
pub(super) struct In {
    pub(super) chunk: ChunkKey,
    pub(super) document: DocumentKey,
    pub(super) happened_at: Option<UnixMs>,
}

/// What is added to the counts of an entity.
#[derive(Default)]
struct Added {
    mentions: u32,
    documents: u32,
    first_at: Option<i64>,
    last_at: Option<i64>,
    /// The document that was counted last.
    document: Option<DocumentKey>,
}

/// What is taken out of the counts of an entity.
#[derive(Default)]
struct Taken {
    mentions: u32,
    documents: BTreeSet<DocumentKey>,
    first_at: Option<i64>,
    last_at: Option<i64>,
}

/// Whom the passages mentioned whose mentions were taken out.
#[must_use]
pub(super) struct TakenOut {
    entities: BTreeSet<EntityKey>,
    /// Those of them that are to be counted anew.
    unsure: BTreeSet<EntityKey>,
}

impl Read<'_> {
    /// How many passages mention it.
    pub fn passages_naming_count(&self, key: EntityKey) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM (SELECT 1 FROM mentions WHERE entity_id = :id GROUP BY document_id, chunk_id)";
        self.one(SQL, named_params! { ":id": key }, |row| row.get(0))
    }

    /// The passages that mention it, the newest first and those without a date last.
    pub fn passages_naming(
        &self,
        key: EntityKey,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<ChunkKey>> {
        const SQL: &str = "
            SELECT chunk_id FROM mentions WHERE entity_id = :id GROUP BY document_id, chunk_id
            ORDER BY max(happened_at) DESC, chunk_id DESC LIMIT :limit OFFSET :offset";
        let params = named_params! { ":id": key, ":limit": limit, ":offset": offset };
        self.rows(SQL, params, |row| row.get(0))
    }

    /// The stretches of a passage that mention it, in order.
    pub fn mentions_in(&self, key: EntityKey, chunk: ChunkKey) -> Result<Vec<Range<usize>>> {
        const SQL: &str = "
            SELECT text_start, text_end FROM mentions
            WHERE chunk_id = :chunk AND entity_id = :id ORDER BY text_start";
        let params = named_params! { ":id": key, ":chunk": chunk };
        self.rows(SQL, params, |row| {
            Ok(row.get::<_, usize>(0)?..row.get::<_, usize>(1)?)
        })
    }

    /// The people, organisations, places and tags that a passage mentions, in the order in which it first does, at most
    /// so many.
    pub fn named_in(&self, chunk: ChunkKey, limit: u32) -> Result<Vec<Entity>> {
        const SQL: &str = "
            SELECT e.id, e.public_id, e.kind, e.name, e.mentions, e.documents, e.first_at, e.last_at
            FROM (SELECT entity_id, min(text_start) AS at FROM mentions WHERE chunk_id = :chunk GROUP BY entity_id) m
            CROSS JOIN entities e ON e.id = m.entity_id
            WHERE e.kind IN ('person', 'organisation', 'place', 'tag') ORDER BY m.at, e.id LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":chunk": chunk, ":limit": limit },
            entity,
        )
    }

    /// The sources in which it is mentioned, by how many documents of each.
    pub fn sources_naming(&self, key: EntityKey) -> Result<Vec<(SourceKey, u32)>> {
        const SQL: &str = "
            SELECT source_id, count(*)
            FROM (SELECT DISTINCT document_id FROM mentions WHERE entity_id = :id) CROSS JOIN documents
                 ON id = document_id
            GROUP BY source_id ORDER BY 2 DESC, source_id";
        self.rows(SQL, named_params! { ":id": key }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// What these passages call it, letter by letter, the commonest first.
    pub fn written_as(&self, key: EntityKey, chunks: &[ChunkKey]) -> Result<Vec<(String, u32)>> {
        const SQL: &str = "
            SELECT substr(CAST(c.text AS BLOB), m.text_start + 1, m.text_end - m.text_start)
            FROM chunks c CROSS JOIN mentions m
                 ON m.entity_id = :id AND m.document_id = c.document_id AND m.chunk_id = c.id
            WHERE c.id = :chunk";
        let mut counted: BTreeMap<String, u32> = BTreeMap::new();
        for chunk in chunks {
            let params = named_params! { ":id": key, ":chunk": chunk };
            let all: Vec<Vec<u8>> = self.rows(SQL, params, |row| row.get(0))?;
            // What begins or ends within a character was not written by whoever wrote the passage.
            for written in all
                .into_iter()
                .filter_map(|one| String::from_utf8(one).ok())
            {
                *counted.entry(written).or_default() += 1;
            }
        }
        let mut counted: Vec<_> = counted.into_iter().collect();
        counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(counted)
    }

    /// The people, organisations and places that these passages mention beside it, with in how many of them,
    /// the most first.
    pub fn named_beside(
        &self,
        key: EntityKey,
        chunks: &[ChunkKey],
        limit: usize,
    ) -> Result<Vec<(Entity, u32)>> {
        const SQL: &str = "
            SELECT DISTINCT entity_id FROM mentions WHERE chunk_id = :chunk AND entity_id <> :id";
        const ENTITY: &str = "
            SELECT id, public_id, kind, name, mentions, documents, first_at, last_at FROM entities
            WHERE id = :id AND kind IN ('person', 'organisation', 'place')";
        let mut counted: BTreeMap<EntityKey, u32> = BTreeMap::new();
        for chunk in chunks {
            let params = named_params! { ":id": key, ":chunk": chunk };
            for other in self.rows(SQL, params, |row| row.get(0))? {
                *counted.entry(other).or_default() += 1;
            }
        }
        let mut counted: Vec<_> = counted.into_iter().collect();
        counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut beside = Vec::new();
        for (other, passages) in counted {
            if beside.len() == limit {
                break;
            }
            if let Some(found) = self.row(ENTITY, named_params! { ":id": other }, entity)? {
                beside.push((found, passages));
            }
        }
        Ok(beside)
    }
}

impl Write<'_> {
    /// Adds what passages mention, and counts it.
    pub(super) fn add_mentions<'m>(
        &self,
        found: impl Iterator<Item = (In, &'m [Mention])>,
    ) -> Result<u32> {
        const KNOWN: &str = "
            SELECT EXISTS (SELECT 1 FROM mentions WHERE entity_id = :entity AND document_id = :document)";
        const INSERT: &str = "
            INSERT OR IGNORE INTO mentions (entity_id, document_id, chunk_id, text_start, text_end, happened_at)
            VALUES (:entity, :document, :chunk, :start, :end, :at)";
        const COUNT: &str = "
            UPDATE entities
            SET mentions = mentions + :mentions, documents = documents + :documents,
                first_at = min(coalesce(first_at, :first), coalesce(:first, first_at)),
                last_at = max(coalesce(last_at, :last), coalesce(:last, last_at))
            WHERE id = :id";
        let mut known: BTreeMap<(EntityKind, &str), Option<EntityKey>> = BTreeMap::new();
        let mut added: BTreeMap<EntityKey, Added> = BTreeMap::new();
        let mut all = 0;
        for (place, mentions) in found {
            let at = place.happened_at.map(|at| at.0);
            for mention in mentions {
                let called = (mention.kind, mention.name.as_str());
                let entity = match known.get(&called) {
                    Some(entity) => *entity,
                    None => {
                        let entity = self.ensure_entity(mention.kind, &mention.name)?;
                        known.insert(called, entity);
                        entity
                    }
                };
                let Some(entity) = entity else { continue };
                let to = added.entry(entity).or_default();
                if to.document != Some(place.document) {
                    to.document = Some(place.document);
                    let params = named_params! { ":entity": entity, ":document": place.document };
                    let is_known: bool = self.one(KNOWN, params, |row| row.get(0))?;
                    to.documents += u32::from(!is_known);
                }
                let rows = self.execute(
                    INSERT,
                    named_params! {
                        ":entity": entity, ":document": place.document, ":chunk": place.chunk,
                        ":start": mention.range.start, ":end": mention.range.end, ":at": at,
                    },
                )?;
                let rows = u32::try_from(rows).unwrap_or(u32::MAX);
                to.mentions += rows;
                all += rows;
                to.first_at = to.first_at.into_iter().chain(at).min();
                to.last_at = to.last_at.max(at);
            }
        }
        for (entity, added) in added {
            self.execute(
                COUNT,
                named_params! {
                    ":id": entity, ":mentions": added.mentions, ":documents": added.documents,
                    ":first": added.first_at, ":last": added.last_at,
                },
            )?;
        }
        Ok(all)
    }

    /// Takes out what these passages mention, and counts that. To be ended with [`Write::settle_taken`], in the same
    /// transaction.
    pub(super) fn take_mentions(&self, chunks: &[ChunkKey]) -> Result<TakenOut> {
        const FIND: &str = "
            SELECT entity_id, document_id, count(*), min(happened_at), max(happened_at) FROM mentions
            WHERE chunk_id = :chunk GROUP BY entity_id, document_id";
        const DELETE: &str = "DELETE FROM mentions WHERE chunk_id = :chunk";
        let mut taken: BTreeMap<EntityKey, Taken> = BTreeMap::new();
        for chunk in chunks {
            let of = named_params! { ":chunk": chunk };
            let found = self.rows(FIND, of, |row| {
                let one = Taken {
                    documents: BTreeSet::from([row.get(1)?]),
                    mentions: row.get(2)?,
                    first_at: row.get(3)?,
                    last_at: row.get(4)?,
                };
                Ok((row.get(0)?, one))
            })?;
            if found.is_empty() {
                continue;
            }
            for (entity, one) in found {
                let all = taken.entry(entity).or_default();
                all.documents.extend(one.documents);
                all.mentions += one.mentions;
                all.first_at = all.first_at.into_iter().chain(one.first_at).min();
                all.last_at = all.last_at.max(one.last_at);
            }
            self.execute(DELETE, of)?;
        }
        let mut unsure = BTreeSet::new();
        for (entity, taken) in &taken {
            if !self.count_taken(*entity, taken)? {
                unsure.insert(*entity);
            }
        }
        Ok(TakenOut {
            entities: taken.into_keys().collect(),
            unsure,
        })
    }

    /// False when all of it is to be counted anew: it began or ended with these, or the counts were wrong before.
    fn count_taken(&self, entity: EntityKey, taken: &Taken) -> Result<bool> {
        const IS_LEFT: &str = "
            SELECT EXISTS (SELECT 1 FROM mentions WHERE entity_id = :entity AND document_id = :document)";
        const COUNT: &str = "
            UPDATE entities SET mentions = mentions - :mentions, documents = documents - :documents
            WHERE id = :entity AND mentions - :mentions >= documents - :documents AND documents >= :documents
              AND NOT coalesce(first_at = :first OR last_at = :last, 0)";
        let mut documents = 0_u32;
        for document in &taken.documents {
            let of = named_params! { ":entity": entity, ":document": document };
            let is_left: bool = self.one(IS_LEFT, of, |row| row.get(0))?;
            documents += u32::from(!is_left);
        }
        let counted = self.execute(
            COUNT,
            named_params! {
                ":entity": entity, ":mentions": taken.mentions, ":documents": documents,
                ":first": taken.first_at, ":last": taken.last_at,
            },
        )?;
        Ok(counted == 1)
    }

    /// What was taken out is taken out for good: whom nothing mentions any more is removed.
    pub(super) fn settle_taken(&self, taken: TakenOut) -> Result<()> {
        for entity in taken.entities {
            if taken.unsure.contains(&entity) {
                self.recount_entity(entity)?;
            }
            self.drop_unmentioned(entity)?;
        }
        Ok(())
    }
}
