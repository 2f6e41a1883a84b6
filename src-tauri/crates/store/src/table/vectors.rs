//! Vectors of passages, one of each that is searched; how far they were made, and of which none could be made.

use oldgrowth_domain::UnixMs;
use rusqlite::{Params, named_params};

use super::canary::FIRST_KEY;
use super::extraction::FailureReason;
use super::words::{Filter, Kind, passes, passing};
use super::{parsed, time};
use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey, VectorKey, Write};

/// A vector is of a passage and so many of its document's on each side.
pub const NEIGHBOURS: u32 = 2;

/// Where the embedding stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedding {
    pub model: String,
    /// The last passage that it has come to.
    pub up_to: ChunkKey,
}

/// A passage that the embedding comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToEmbed {
    pub chunk: ChunkKey,
    /// It is searched, and this model has not embedded it.
    pub is_due: bool,
}

/// A passage or one of its neighbours, as it is embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    pub chunk: ChunkKey,
    pub ordinal: u32,
    pub author: Option<String>,
    pub happened_at: Option<UnixMs>,
    pub text: String,
}

/// A vector as it is kept: each component is to be multiplied by the scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    pub scale: f32,
    pub components: Vec<i8>,
}

/// A vector that is kept, where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeptVector<'r> {
    pub key: VectorKey,
    pub chunk: ChunkKey,
    pub scale: f32,
    /// Signed bytes.
    pub components: &'r [u8],
}

/// How much is to be embedded yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToCome {
    /// At most so many passages: those that are searched no more are among them.
    pub passages: u64,
    /// Those that could not be embedded.
    pub failed: u32,
}

impl Embedding {
    /// The key before that of the first passage.
    const BEFORE: i64 = FIRST_KEY - 1;
}

impl Read<'_> {
    pub fn embedding(&self) -> Result<Option<Embedding>> {
        const SQL: &str = "SELECT model, up_to FROM embedding WHERE id = 1";
        self.row(SQL, [], |row| {
            Ok(Embedding {
                model: row.get(0)?,
                up_to: row.get(1)?,
            })
        })
    }

    /// The passages that come next for this model, at most so many; they begin where it stands.
    pub fn to_embed(&self, model: &str, limit: u32) -> Result<Vec<ToEmbed>> {
        const SQL: &str = "
            SELECT c.id, d.superseded_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM vectors v JOIN vector_models m ON m.id = v.model_id
                                     WHERE v.chunk_id = c.id AND m.name = :model)
            FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            WHERE c.id > :after ORDER BY c.id LIMIT :limit";
        let after = self.embedded_up_to(model)?;
        let params = named_params! { ":model": model, ":after": after, ":limit": limit };
        self.rows(SQL, params, |row| {
            Ok(ToEmbed {
                chunk: row.get(0)?,
                is_due: row.get(1)?,
            })
        })
    }

    /// Is there a passage that this model has not come to?
    pub fn has_to_embed(&self, model: &str) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM chunks c CROSS JOIN documents d ON d.id = c.document_id WHERE c.id > :after)";
        let after = self.embedded_up_to(model)?;
        self.one(SQL, named_params! { ":after": after }, |row| row.get(0))
    }

    /// How much is yet to be embedded by this model: told by the keys, for to count a million takes seconds.
    pub fn left_to_embed(&self, model: &str) -> Result<ToCome> {
        const LEFT: &str = "
            SELECT coalesce((SELECT max(id) FROM chunks), -1)
                   - max(:after, coalesce((SELECT min(id) FROM chunks WHERE id >= :first), :first) - 1)";
        const FAILED: &str = "SELECT count(*) FROM embedding_failures";
        let after = self.embedded_up_to(model)?;
        let params = named_params! { ":after": after, ":first": FIRST_KEY };
        let left: i64 = self.one(LEFT, params, |row| row.get(0))?;
        Ok(ToCome {
            passages: u64::try_from(left).unwrap_or(0),
            failed: self.one(FAILED, [], |row| row.get(0))?,
        })
    }

    /// Are there vectors of another model?
    pub fn has_other_vectors(&self, model: &str) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM vector_models m WHERE m.name <> :model
                           AND EXISTS (SELECT 1 FROM vectors v WHERE v.model_id = m.id))";
        self.one(SQL, named_params! { ":model": model }, |row| row.get(0))
    }

    /// The models that there are vectors of, with how many: the one with the most first.
    pub fn vectors_made(&self) -> Result<Vec<(String, u64)>> {
        const SQL: &str = "
            SELECT name, made FROM (
                SELECT m.id, m.name, (SELECT count(*) FROM vectors v WHERE v.model_id = m.id) AS made
                FROM vector_models m)
            WHERE made > 0 ORDER BY made DESC, id";
        self.rows(SQL, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// A passage with [`NEIGHBOURS`] of its document's on each side, in reading order. None when it is not searched any
    /// more.
    pub fn around(&self, chunk: ChunkKey) -> Result<Vec<Around>> {
        // The time of a file is nothing that anybody has said.
        const SQL: &str = "
            SELECT n.id, n.ordinal, n.author,
                   iif(n.author IS NOT NULL OR d.happened_basis = 'stated', n.happened_at, NULL), n.text
            FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            CROSS JOIN chunks n ON n.document_id = c.document_id
                               AND n.ordinal BETWEEN c.ordinal - :neighbours AND c.ordinal + :neighbours
            WHERE c.id = :chunk AND d.superseded_at IS NULL ORDER BY n.ordinal";
        let params = named_params! { ":chunk": chunk, ":neighbours": NEIGHBOURS };
        self.rows(SQL, params, |row| {
            Ok(Around {
                chunk: row.get(0)?,
                ordinal: row.get(1)?,
                author: row.get(2)?,
                happened_at: time(row.get(3)?),
                text: row.get(4)?,
            })
        })
    }

    /// The key of the last vector that was ever kept: a smaller one that is not there has gone, and for good.
    pub fn last_vector(&self) -> Result<VectorKey> {
        const SQL: &str = "
            SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'vectors'), 0),
                       coalesce((SELECT max(id) FROM vectors), 0))";
        self.one(SQL, [], |row| row.get(0))
    }

    /// The first and the last that are there. None where there are none.
    pub fn first_and_last_vector(&self) -> Result<Option<(VectorKey, VectorKey)>> {
        const SQL: &str = "
            SELECT first, last FROM (SELECT (SELECT min(id) FROM vectors) AS first, (SELECT max(id) FROM vectors) AS last)
            WHERE first IS NOT NULL";
        self.row(SQL, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub fn vector_count(&self) -> Result<u64> {
        const SQL: &str = "SELECT count(*) FROM vectors";
        let count: i64 = self.one(SQL, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Shows at most `limit` of this model's vectors with larger keys, in their order. Answers the key of the last that
    /// was looked at; none when there are no more.
    pub fn each_vector_after(
        &self,
        model: &str,
        after: VectorKey,
        limit: u32,
        mut each: impl FnMut(KeptVector<'_>),
    ) -> Result<Option<VectorKey>> {
        const SQL: &str = "
            SELECT v.id, v.chunk_id, v.scale, v.components, m.name = :model
            FROM vectors v CROSS JOIN vector_models m ON m.id = v.model_id
            WHERE v.id > :after ORDER BY v.id LIMIT :limit";
        let params = named_params! { ":model": model, ":after": after, ":limit": limit };
        let seen = self.rows(SQL, params, |row| {
            let key = row.get(0)?;
            if row.get(4)? {
                each(KeptVector {
                    key,
                    chunk: row.get(1)?,
                    scale: row.get(2)?,
                    components: row.get_ref(3)?.as_blob()?,
                });
            }
            Ok(key)
        })?;
        Ok(seen.last().copied())
    }

    /// Is this vector there, and of this passage?
    pub fn has_vector(&self, key: VectorKey, chunk: ChunkKey) -> Result<bool> {
        const SQL: &str =
            "SELECT EXISTS (SELECT 1 FROM vectors WHERE id = :key AND chunk_id = :chunk)";
        let params = named_params! { ":key": key, ":chunk": chunk };
        self.one(SQL, params, |row| row.get(0))
    }

    /// May this passage answer? By the rules by which words are searched.
    pub fn may_answer(&self, chunk: ChunkKey, filter: Filter<'_>) -> Result<bool> {
        const SQL: &str = concat!(
            "SELECT EXISTS (SELECT 1 FROM chunks c WHERE c.id = :chunk AND ",
            passes!(),
            ")"
        );
        if filter.is_open() {
            return Ok(true);
        }
        let params = passing!(filter, ":chunk": chunk);
        self.one(SQL, params, |row| row.get(0))
    }

    /// All passages that may answer, in no order: quicker than [`Read::may_answer`] of each where they are few. None
    /// where no index leads to them.
    pub fn all_that_may_answer(&self, filter: Filter<'_>) -> Result<Option<Vec<ChunkKey>>> {
        const TAGGED: &str = concat!(
            "SELECT c.id FROM document_tags o CROSS JOIN chunks c ON c.document_id = o.document_id
             WHERE o.folded = :tag AND ",
            passes!()
        );
        const PLACED: &str = concat!(
            "SELECT c.id FROM places o CROSS JOIN chunks c ON c.document_id = o.document_id
             WHERE o.source_id = :source AND ",
            passes!()
        );
        const SAID: &str = concat!(
            "SELECT c.id FROM chunks c WHERE c.author = :name AND ",
            passes!()
        );
        let all = |sql: &'static str| self.rows(sql, passing!(filter), |row| row.get(0));
        match filter {
            Filter { tag: Some(_), .. } => all(TAGGED).map(Some),
            Filter {
                source: Some(_), ..
            } => all(PLACED).map(Some),
            Filter {
                author: Some(author),
                ..
            } => {
                // The index knows capital letters.
                let mut said = Vec::new();
                for name in self.author_names(u32::MAX)? {
                    if name.eq_ignore_ascii_case(author) {
                        let of = passing!(filter, ":name": name);
                        said.extend(self.rows(SAID, of, |row| row.get::<_, ChunkKey>(0))?);
                    }
                }
                Ok(Some(said))
            }
            _ => Ok(None),
        }
    }

    /// The vector of a passage, and the name of its model.
    pub fn vector_of(&self, chunk: ChunkKey) -> Result<Option<(String, Vector)>> {
        const SQL: &str = "
            SELECT m.name, v.scale, v.components FROM vectors v JOIN vector_models m ON m.id = v.model_id
            WHERE v.chunk_id = :chunk";
        self.row(SQL, named_params! { ":chunk": chunk }, |row| {
            let components = row.get_ref(2)?.as_blob()?;
            let vector = Vector {
                scale: row.get(1)?,
                components: components.iter().map(|byte| byte.cast_signed()).collect(),
            };
            Ok((row.get(0)?, vector))
        })
    }

    /// Why a passage has no vector, where it could not be embedded.
    pub fn embedding_failure(&self, chunk: ChunkKey) -> Result<Option<FailureReason>> {
        const SQL: &str = "SELECT reason FROM embedding_failures WHERE chunk_id = :chunk";
        self.row(SQL, named_params! { ":chunk": chunk }, |row| {
            let reason: String = row.get(0)?;
            parsed(FailureReason::parse(&reason), 0)
        })
    }

    /// What another one has embedded is embedded again.
    fn embedded_up_to(&self, model: &str) -> Result<i64> {
        let stands = self.embedding()?.filter(|stands| stands.model == model);
        Ok(stands.map_or(Embedding::BEFORE, |stands| stands.up_to.0))
    }
}

impl Write<'_> {
    /// Keeps the vector of a passage in the place of the one it had. False, and nothing is changed, when vectors of this
    /// model are of another length.
    pub fn put_vector(&self, chunk: ChunkKey, model: &str, vector: &Vector) -> Result<bool> {
        const MODEL: &str = "INSERT INTO vector_models (name, width) VALUES (:name, :width) ON CONFLICT (name) DO NOTHING";
        const FIND: &str = "SELECT id FROM vector_models WHERE name = :name AND width = :width";
        const INSERT: &str = "
            INSERT INTO vectors (chunk_id, model_id, scale, components) VALUES (:chunk, :model, :scale, :components)";
        let width = i64::try_from(vector.components.len()).unwrap_or(i64::MAX);
        let named = named_params! { ":name": model, ":width": width };
        self.execute(MODEL, named)?;
        let found: Option<i64> = self.row(FIND, named, |row| row.get(0))?;
        let Some(model) = found else { return Ok(false) };
        self.take_vectors(&[chunk])?;
        let bytes: Vec<u8> = vector
            .components
            .iter()
            .map(|c| c.cast_unsigned())
            .collect();
        let params = named_params! {
            ":chunk": chunk, ":model": model, ":scale": f64::from(vector.scale), ":components": bytes,
        };
        self.execute(INSERT, params)?;
        Ok(true)
    }

    /// Notes that a passage could not be embedded.
    pub fn put_embedding_failure(&self, chunk: ChunkKey, reason: FailureReason) -> Result<()> {
        const SQL: &str =
            "INSERT INTO embedding_failures (chunk_id, reason) VALUES (:chunk, :reason)";
        self.take_vectors(&[chunk])?;
        self.execute(
            SQL,
            named_params! { ":chunk": chunk, ":reason": reason.as_str() },
        )?;
        Ok(())
    }

    /// Has all passages embedded by this model. What another could not embed is forgotten: this one may.
    pub fn begin_embedding(&self, model: &str) -> Result<()> {
        const FORGET: &str = "DELETE FROM embedding_failures";
        self.execute(FORGET, [])?;
        self.note_embedded(model, ChunkKey(Embedding::BEFORE))
    }

    /// Notes how far a model has come.
    pub fn note_embedded(&self, model: &str, up_to: ChunkKey) -> Result<()> {
        const SQL: &str = "
            INSERT INTO embedding (id, model, up_to) VALUES (1, :model, :up_to)
            ON CONFLICT (id) DO UPDATE SET model = excluded.model, up_to = excluded.up_to";
        self.execute(SQL, named_params! { ":model": model, ":up_to": up_to })?;
        Ok(())
    }

    /// Forgets the vectors of a document, for it is searched no more.
    pub fn forget_vectors_of(&self, document: DocumentKey) -> Result<()> {
        let chunks = self.chunk_keys(document)?;
        self.take_vectors(&chunks)
    }

    /// As [`Write::forget_vectors_of`], of all documents of a source.
    pub(super) fn forget_vectors_of_source(&self, source: SourceKey) -> Result<()> {
        const VECTORS: &str = "
            DELETE FROM vectors WHERE chunk_id IN (
                SELECT c.id FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
                WHERE d.source_id = :source)";
        const FAILURES: &str = "
            DELETE FROM embedding_failures WHERE chunk_id IN (
                SELECT c.id FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
                WHERE d.source_id = :source)";
        for sql in [VECTORS, FAILURES] {
            self.execute(sql, named_params! { ":source": source })?;
        }
        Ok(())
    }

    /// Has the passages around this place of a document embedded again: one has come back there, and vectors are of
    /// neighbours too.
    pub fn embed_anew_around(&self, document: DocumentKey, ordinal: u32) -> Result<()> {
        const SQL: &str = "
            SELECT id FROM chunks
            WHERE document_id = :document AND ordinal BETWEEN :ordinal - :neighbours AND :ordinal + :neighbours";
        let of =
            named_params! { ":document": document, ":ordinal": ordinal, ":neighbours": NEIGHBOURS };
        let chunks: Vec<ChunkKey> = self.rows(SQL, of, |row| row.get(0))?;
        self.take_vectors(&chunks)?;
        match chunks.iter().min() {
            Some(first) => self.embed_anew_from(first.0),
            None => Ok(()),
        }
    }

    /// Has the passages from this key on looked at again; those that have their vectors keep them.
    pub(super) fn embed_anew_from(&self, key: i64) -> Result<()> {
        const SQL: &str = "UPDATE embedding SET up_to = max(-1, min(up_to, :key - 1))";
        self.execute(SQL, named_params! { ":key": key })?;
        Ok(())
    }

    /// Takes out what `Read::orphans` has named of vectors.
    pub(super) fn take_stray_vector(&self, row: &str) -> Result<()> {
        const VECTOR: &str = "DELETE FROM vectors WHERE id = :key";
        const FAILURE: &str = "DELETE FROM embedding_failures WHERE chunk_id = :key";
        let (kind, key) = row.split_once(' ').unwrap_or_default();
        let Ok(key) = key.parse::<i64>() else {
            return Ok(());
        };
        match kind {
            "vector" => drop(self.execute(VECTOR, named_params! { ":key": key })?),
            "unembeddable" => drop(self.execute(FAILURE, named_params! { ":key": key })?),
            "passage" => self.embed_anew_from(key)?,
            _ => {}
        }
        Ok(())
    }

    /// Takes out vectors with keys up to this one, the largest first and at most so many, and has their passages
    /// embedded again. Answers how many were taken: none when there are no more, and where a damage keeps them.
    pub fn take_vectors_up_to(&self, last: VectorKey, limit: u32) -> Result<u32> {
        const SQL: &str = "
            DELETE FROM vectors WHERE id IN (SELECT id FROM vectors WHERE id <= :last ORDER BY id DESC LIMIT :limit)
            RETURNING chunk_id";
        self.embed_anew_without(SQL, named_params! { ":last": last, ":limit": limit })
    }

    /// Forgets which passages could not be embedded, and has them embedded again. Answers how many they were.
    pub fn forget_embedding_failures(&self) -> Result<u32> {
        const SQL: &str = "DELETE FROM embedding_failures RETURNING chunk_id";
        self.embed_anew_without(SQL, [])
    }

    /// The statement answers the passages of what it takes out.
    fn embed_anew_without(&self, taking: &'static str, of: impl Params) -> Result<u32> {
        let taken: Vec<ChunkKey> = self.rows(taking, of, |row| row.get(0))?;
        if let Some(first) = taken.iter().min() {
            self.embed_anew_from(first.0)?;
        }
        Ok(u32::try_from(taken.len()).unwrap_or(u32::MAX))
    }

    /// The last passages are gone, and others will have their keys: those are to be embedded.
    pub(super) fn clamp_embedding(&self) -> Result<()> {
        const SQL: &str = "
            UPDATE embedding SET up_to = max(-1, coalesce((SELECT max(id) FROM chunks), -1))
            WHERE up_to > coalesce((SELECT max(id) FROM chunks), -1)";
        self.execute(SQL, [])?;
        Ok(())
    }

    /// Forgets all vectors. They are made anew, from the first passage on.
    pub fn forget_vectors(&self) -> Result<()> {
        const VECTORS: &str = "DELETE FROM vectors";
        const MODELS: &str = "DELETE FROM vector_models";
        const FAILURES: &str = "DELETE FROM embedding_failures";
        const STATE: &str = "DELETE FROM embedding";
        for sql in [VECTORS, MODELS, FAILURES, STATE] {
            self.execute(sql, [])?;
        }
        Ok(())
    }

    fn take_vectors(&self, chunks: &[ChunkKey]) -> Result<()> {
        const VECTORS: &str = "DELETE FROM vectors WHERE chunk_id = :chunk";
        const FAILURES: &str = "DELETE FROM embedding_failures WHERE chunk_id = :chunk";
        for chunk in chunks {
            let of = named_params! { ":chunk": chunk };
            self.execute(VECTORS, of)?;
            self.execute(FAILURES, of)?;
        }
        Ok(())
    }
}
