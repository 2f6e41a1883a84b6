//! Passages.

use oldgrowth_domain::canonical::LineRange;
use oldgrowth_domain::chunking::ChunkDraft;
use oldgrowth_domain::{ChunkId, DocumentId, UnixMs, text};
use rusqlite::{Row, named_params};

use super::documents::Document;
use super::{parsed, time};
use crate::{ChunkKey, DocumentKey, Read, Result, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub key: ChunkKey,
    pub id: ChunkId,
    pub document: DocumentKey,
    pub ordinal: u32,
    pub text: String,
    pub headings: Vec<String>,
    /// Who said it, where somebody is named.
    pub author: Option<String>,
    pub lines: LineRange,
    pub happened_at: Option<UnixMs>,
    pub tokens: u32,
}

impl Read<'_> {
    pub fn chunk(&self, key: ChunkKey) -> Result<Chunk> {
        self.chunk_if_there(key)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows.into())
    }

    /// None for one that a damage has taken, though something refers to it still.
    pub fn chunk_if_there(&self, key: ChunkKey) -> Result<Option<Chunk>> {
        const SQL: &str = "
            SELECT id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens,
                   author
            FROM chunks WHERE id = :id";
        self.row(SQL, named_params! { ":id": key }, chunk)
    }

    /// As [`Read::chunk_if_there`], without its text.
    pub fn has_chunk(&self, key: ChunkKey) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM chunks WHERE id = :id)";
        self.one(SQL, named_params! { ":id": key }, |row| row.get(0))
    }

    pub fn chunk_keys(&self, document: DocumentKey) -> Result<Vec<ChunkKey>> {
        const SQL: &str = "SELECT id FROM chunks WHERE document_id = :document";
        self.rows(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }

    pub fn chunk_by_id(&self, id: &ChunkId) -> Result<Option<Chunk>> {
        const SQL: &str = "
            SELECT id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens,
                   author
            FROM chunks WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, chunk)
    }

    /// At most `limit` of a document's passages in reading order, from this place in it on.
    pub fn chunks_from(&self, document: DocumentKey, from: u32, limit: u32) -> Result<Vec<Chunk>> {
        const SQL: &str = "
            SELECT id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens,
                   author
            FROM chunks WHERE document_id = :document AND ordinal >= :from ORDER BY ordinal LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":document": document, ":from": from, ":limit": limit },
            chunk,
        )
    }

    /// A document's passages in reading order, each with its length in tokens.
    pub fn chunk_lengths(&self, document: DocumentKey) -> Result<Vec<(ChunkKey, u32)>> {
        const SQL: &str =
            "SELECT id, tokens FROM chunks WHERE document_id = :document ORDER BY ordinal";
        self.rows(SQL, named_params! { ":document": document }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// The text of the passage at this place in the document's reading order.
    pub fn chunk_text_at(&self, document: DocumentKey, ordinal: u32) -> Result<Option<String>> {
        const SQL: &str =
            "SELECT text FROM chunks WHERE document_id = :document AND ordinal = :ordinal";
        self.row(
            SQL,
            named_params! { ":document": document, ":ordinal": ordinal },
            |row| row.get(0),
        )
    }

    pub fn chunk_count_of(&self, document: DocumentKey) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM chunks WHERE document_id = :document";
        self.one(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }
}

impl Write<'_> {
    /// A number above what a damage may have left that refers to passages which are gone. Those that are inserted
    /// without one after it follow it.
    pub fn free_chunk(&self) -> Result<ChunkKey> {
        const SQL: &str = "
            SELECT 1 + max(ifnull((SELECT max(id) FROM chunks), 0),
                           ifnull((SELECT max(id) FROM words_docsize), 0),
                           ifnull((SELECT max(id) FROM words_near_docsize), 0),
                           ifnull((SELECT max(chunk_id) FROM buffer_items WHERE chunk_id IS NOT NULL), 0),
                           ifnull((SELECT max(chunk_id) FROM node_children WHERE chunk_id IS NOT NULL), 0),
                           ifnull((SELECT max(chunk_id) FROM node_spans), 0),
                           ifnull((SELECT max(chunk_id) FROM mentions), 0),
                           ifnull((SELECT max(chunk_id) FROM vectors), 0))";
        self.one(SQL, [], |row| row.get(0))
    }

    /// Inserts a passage; answers its length in tokens too. Its words are to be indexed in the same
    /// transaction.
    pub fn insert_chunk(
        &self,
        key: Option<ChunkKey>,
        document: &Document,
        ordinal: u32,
        draft: &ChunkDraft,
    ) -> Result<(ChunkKey, u32)> {
        const SQL: &str = "
            INSERT INTO chunks (id, public_id, document_id, ordinal, text, headings, line_first, line_last,
                                happened_at, tokens, author)
            VALUES (:key, :public_id, :document, :ordinal, :text, :headings, :line_first, :line_last,
                    :happened_at, :tokens, :author)";
        let id = chunk_id(&document.id, ordinal);
        let tokens = text::tokens(&draft.text);
        let key = self.insert(
            SQL,
            named_params! {
                ":key": key,
                ":public_id": id.as_str(),
                ":document": document.key,
                ":ordinal": ordinal,
                ":text": draft.text,
                ":headings": draft.headings.join("\n"),
                ":line_first": draft.lines.first,
                ":line_last": draft.lines.last,
                ":happened_at": draft.said_at.or(document.happened.at()).map(|at| at.0),
                ":tokens": tokens,
                ":author": draft.author,
            },
        )?;
        Ok((ChunkKey(key), tokens))
    }
}

/// The same whenever the same content is read.
pub(super) fn chunk_id(document: &DocumentId, ordinal: u32) -> ChunkId {
    ChunkId::derived(&[document.as_str().as_bytes(), &ordinal.to_be_bytes()])
}

pub(crate) fn chunk(row: &Row<'_>) -> rusqlite::Result<Chunk> {
    let id: String = row.get(1)?;
    let headings: String = row.get(5)?;
    Ok(Chunk {
        key: row.get(0)?,
        id: parsed(ChunkId::parse(&id), 1)?,
        document: row.get(2)?,
        ordinal: row.get(3)?,
        text: row.get(4)?,
        headings: headings.lines().map(str::to_owned).collect(),
        lines: LineRange {
            first: row.get(6)?,
            last: row.get(7)?,
        },
        happened_at: time(row.get(8)?),
        tokens: row.get(9)?,
        author: row.get(10)?,
    })
}
