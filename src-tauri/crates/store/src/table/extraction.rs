//! How far the passages were looked through for what they name, and in which nothing could be looked for.

use oldgrowth_domain::{ChunkId, UnixMs};
use rusqlite::named_params;

use super::canary::FIRST_KEY;
use super::mentions::{In, Mention};
use super::{parsed, time};
use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey, Write};

/// Where the looking through stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// What looks, and its version.
    pub extractor: String,
    /// The last passage that it has looked through.
    pub up_to: ChunkKey,
}

/// A passage that is to be looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToExtract {
    pub chunk: ChunkKey,
    pub id: ChunkId,
    pub document: DocumentKey,
    pub happened_at: Option<UnixMs>,
    pub author: Option<String>,
    /// None when its document was superseded: what is not searched is not looked through.
    pub text: Option<String>,
}

/// Why nothing could be looked for in a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// The extractor panicked on it.
    Panic,
    /// The extractor refused it.
    Refused,
}

/// A passage that was looked through, and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    pub chunk: ChunkKey,
    pub id: ChunkId,
    pub document: DocumentKey,
    pub happened_at: Option<UnixMs>,
    pub found: std::result::Result<Vec<Mention>, FailureReason>,
}

/// How much is to be looked through yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    pub passages: u32,
    /// Those in which nothing could be looked for.
    pub failed: u32,
}

impl FailureReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Refused => "refused",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Panic, Self::Refused]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

impl Extraction {
    /// The key before that of the first passage.
    const BEFORE: i64 = FIRST_KEY - 1;
}

impl Read<'_> {
    pub fn extraction(&self) -> Result<Option<Extraction>> {
        const SQL: &str = "SELECT extractor, up_to FROM extraction WHERE id = 1";
        self.row(SQL, [], |row| {
            Ok(Extraction {
                extractor: row.get(0)?,
                up_to: row.get(1)?,
            })
        })
    }

    /// The passages that come next for this extractor, at most so many; they begin where it stands.
    pub fn to_extract(&self, extractor: &str, limit: u32) -> Result<Vec<ToExtract>> {
        const SQL: &str = "
            SELECT c.id, c.public_id, c.document_id, c.happened_at, c.author,
                   CASE WHEN d.superseded_at IS NULL THEN c.text END
            FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            WHERE c.id > :after ORDER BY c.id LIMIT :limit";
        let after = self.extracted_up_to(extractor)?;
        let params = named_params! { ":after": after, ":limit": limit };
        self.rows(SQL, params, |row| {
            let id: String = row.get(1)?;
            Ok(ToExtract {
                chunk: row.get(0)?,
                id: parsed(ChunkId::parse(&id), 1)?,
                document: row.get(2)?,
                happened_at: time(row.get(3)?),
                author: row.get(4)?,
                text: row.get(5)?,
            })
        })
    }

    /// Is there a passage that this extractor has not come to?
    pub fn has_to_extract(&self, extractor: &str) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM chunks c CROSS JOIN documents d ON d.id = c.document_id WHERE c.id > :after)";
        let after = self.extracted_up_to(extractor)?;
        self.one(SQL, named_params! { ":after": after }, |row| row.get(0))
    }

    pub fn left_to_extract(&self, extractor: &str) -> Result<Left> {
        // Passages stand in the order of their documents in an index, without their texts.
        const LEFT: &str = "
            SELECT count(*) FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
            WHERE d.superseded_at IS NULL AND c.id > :after";
        const FAILED: &str = "SELECT count(*) FROM extraction_failures";
        let failed = self.one(FAILED, [], |row| row.get(0))?;
        if !self.has_to_extract(extractor)? {
            return Ok(Left {
                passages: 0,
                failed,
            });
        }
        let after = self.extracted_up_to(extractor)?;
        let passages = self.one(LEFT, named_params! { ":after": after }, |row| row.get(0))?;
        Ok(Left { passages, failed })
    }

    /// What another one has looked through is looked through again.
    fn extracted_up_to(&self, extractor: &str) -> Result<i64> {
        let stands = self
            .extraction()?
            .filter(|stands| stands.extractor == extractor);
        Ok(stands.map_or(Extraction::BEFORE, |stands| stands.up_to.0))
    }
}

impl Write<'_> {
    /// Keeps what these passages mention, in the place of what was known of them, and that the looking through
    /// has come to the last of them. Answers how many mentions there are; none, and nothing is changed, when it
    /// no longer stands as `before`, or one of the passages is no longer what was looked through.
    pub fn keep_extracted(
        &self,
        before: Option<&Extraction>,
        extractor: &str,
        looked_through: &[Extracted],
    ) -> Result<Option<u32>> {
        const STANDS: &str = "
            SELECT d.superseded_at IS NULL FROM chunks c JOIN documents d ON d.id = c.document_id
            WHERE c.id = :chunk AND c.public_id = :id AND c.document_id = :document";
        const FAILED: &str = "
            INSERT INTO extraction_failures (chunk_id, reason) VALUES (:chunk, :reason)";
        const STATE: &str = "
            INSERT INTO extraction (id, extractor, up_to) VALUES (1, :extractor, :up_to)
            ON CONFLICT (id) DO UPDATE SET extractor = excluded.extractor, up_to = excluded.up_to";
        let Some(last) = looked_through.last() else {
            return Ok(None);
        };
        if self.extraction()?.as_ref() != before {
            return Ok(None);
        }
        let mut searched = Vec::with_capacity(looked_through.len());
        for one in looked_through {
            let params = named_params! {
                ":chunk": one.chunk, ":id": one.id.as_str(), ":document": one.document,
            };
            match self.row(STANDS, params, |row| row.get(0))? {
                None => return Ok(None),
                Some(true) => searched.push(one),
                Some(false) => {}
            }
        }
        if before.is_none() {
            self.forget_extraction()?;
        }
        let chunks: Vec<ChunkKey> = looked_through.iter().map(|one| one.chunk).collect();
        let taken = self.take_mentions(&chunks)?;
        self.take_failures(&chunks)?;
        let found = searched.iter().filter_map(|one| {
            let place = In {
                chunk: one.chunk,
                document: one.document,
                happened_at: one.happened_at,
            };
            one.found.as_deref().ok().map(|found| (place, found))
        });
        let kept = self.add_mentions(found)?;
        self.settle_taken(taken)?;
        for one in searched {
            if let Err(reason) = one.found {
                let params = named_params! { ":chunk": one.chunk, ":reason": reason.as_str() };
                self.execute(FAILED, params)?;
            }
        }
        self.execute(
            STATE,
            named_params! { ":extractor": extractor, ":up_to": last.chunk },
        )?;
        Ok(Some(kept))
    }

    /// Forgets what a document mentions, for it is searched no more.
    pub fn forget_mentions_of(&self, document: DocumentKey) -> Result<()> {
        const SQL: &str = "SELECT id FROM chunks WHERE document_id = :document";
        let chunks = self.rows(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })?;
        self.forget_mentions_in(&chunks)
    }

    /// As [`Write::forget_mentions_of`], of all documents of a source.
    pub(super) fn forget_mentions_of_source(&self, source: SourceKey) -> Result<()> {
        const SQL: &str = "
            SELECT c.id FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
            WHERE d.source_id = :source";
        let chunks = self.rows(SQL, named_params! { ":source": source }, |row| row.get(0))?;
        self.forget_mentions_in(&chunks)
    }

    fn forget_mentions_in(&self, chunks: &[ChunkKey]) -> Result<()> {
        let taken = self.take_mentions(chunks)?;
        self.settle_taken(taken)?;
        self.take_failures(chunks)
    }

    fn take_failures(&self, chunks: &[ChunkKey]) -> Result<()> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM extraction_failures)";
        const SQL: &str = "DELETE FROM extraction_failures WHERE chunk_id = :chunk";
        if self.one(ANY, [], |row| row.get(0))? {
            for chunk in chunks {
                self.execute(SQL, named_params! { ":chunk": chunk })?;
            }
        }
        Ok(())
    }

    /// The last passages are gone, and others will have their keys: those are to be looked through.
    pub(super) fn clamp_extraction(&self) -> Result<()> {
        const SQL: &str = "
            UPDATE extraction SET up_to = max(-1, coalesce((SELECT max(id) FROM chunks), -1))
            WHERE up_to > coalesce((SELECT max(id) FROM chunks), -1)";
        self.execute(SQL, [])?;
        self.clamp_days()?;
        self.clamp_embedding()
    }

    /// Forgets all that passages mention. It is made anew, from the first passage on.
    pub fn forget_extraction(&self) -> Result<()> {
        const MENTIONS: &str = "DELETE FROM mentions";
        const ALIASES: &str = "DELETE FROM aliases";
        const ENTITIES: &str = "DELETE FROM entities";
        const FAILURES: &str = "DELETE FROM extraction_failures";
        const STATE: &str = "DELETE FROM extraction";
        for sql in [MENTIONS, ALIASES, ENTITIES, FAILURES, STATE] {
            self.execute(sql, [])?;
        }
        Ok(())
    }
}
