//! What waits to be sealed.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::sealing::{self, Fill};
use rusqlite::named_params;

use super::chunks::{Chunk, chunk};
use super::time;
use crate::{BufferKey, ChunkKey, DocumentKey, NodeKey, Read, Result, TreeKey, Write};

/// A thing that a tree gathers: a passage or, above the leaves, a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    Chunk(ChunkKey),
    Node(NodeKey),
}

impl Member {
    pub(crate) fn from_columns(chunk: Option<ChunkKey>, node: Option<NodeKey>) -> Option<Self> {
        match (chunk, node) {
            (Some(chunk), None) => Some(Self::Chunk(chunk)),
            (None, Some(node)) => Some(Self::Node(node)),
            _ => None,
        }
    }

    pub(crate) fn columns(self) -> (Option<ChunkKey>, Option<NodeKey>) {
        match self {
            Self::Chunk(chunk) => (Some(chunk), None),
            Self::Node(node) => (None, Some(node)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferItem {
    pub key: BufferKey,
    pub level: u32,
    pub member: Member,
}

impl Read<'_> {
    /// How full a buffer is, counting no further than one seal takes: more than due is due.
    pub fn buffer_fill(&self, tree: TreeKey, level: u32) -> Result<Fill> {
        const SQL: &str = "
            SELECT count(*), coalesce(sum(tokens), 0), min(appended_at)
            FROM (SELECT tokens, appended_at FROM buffer_items
                  WHERE tree_id = :tree AND level = :level ORDER BY id LIMIT :enough)";
        let params =
            named_params! { ":tree": tree, ":level": level, ":enough": sealing::take(level) };
        self.one(SQL, params, |row| {
            Ok(Fill {
                level,
                items: row.get(0)?,
                tokens: row.get(1)?,
                oldest: time(row.get(2)?),
            })
        })
    }

    /// The oldest items of a buffer, oldest first.
    pub fn buffer_front(&self, tree: TreeKey, level: u32, limit: u32) -> Result<Vec<BufferItem>> {
        const SQL: &str = "
            SELECT id, level, chunk_id, child_id FROM buffer_items
            WHERE tree_id = :tree AND level = :level ORDER BY id LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":tree": tree, ":level": level, ":limit": limit },
            item,
        )
    }

    /// The nodes of a tree that have no parent yet, highest level first.
    pub fn top_nodes(&self, tree: TreeKey) -> Result<Vec<NodeKey>> {
        const SQL: &str = "
            SELECT child_id FROM buffer_items WHERE tree_id = :tree AND level > 0 ORDER BY level DESC, id";
        self.rows(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }

    pub fn waiting_chunk_count(&self, tree: TreeKey) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM buffer_items WHERE tree_id = :tree AND level = 0";
        self.one(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }

    pub fn waiting_chunks(&self, tree: TreeKey, offset: u32, limit: u32) -> Result<Vec<Chunk>> {
        const SQL: &str = "
            SELECT c.id, c.public_id, c.document_id, c.ordinal, c.text, c.headings, c.line_first,
                   c.line_last, c.happened_at, c.tokens, c.author
            FROM buffer_items b JOIN chunks c ON c.id = b.chunk_id
            WHERE b.tree_id = :tree AND b.level = 0 ORDER BY b.id LIMIT :limit OFFSET :offset";
        self.rows(
            SQL,
            named_params! { ":tree": tree, ":offset": offset, ":limit": limit },
            chunk,
        )
    }

    /// Buffers with at least two items whose oldest came before this instant.
    pub fn buffers_older_than(&self, instant: UnixMs) -> Result<Vec<(TreeKey, u32)>> {
        const SQL: &str = "
            SELECT tree_id, level FROM buffer_items GROUP BY tree_id, level
            HAVING count(*) >= 2 AND min(appended_at) <= :instant";
        self.rows(SQL, named_params! { ":instant": instant.0 }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

impl Write<'_> {
    pub fn append_to_buffer(
        &self,
        tree: TreeKey,
        level: u32,
        member: Member,
        tokens: u32,
        now: UnixMs,
    ) -> Result<()> {
        const SQL: &str = "
            INSERT INTO buffer_items (tree_id, level, chunk_id, child_id, tokens, appended_at)
            VALUES (:tree, :level, :chunk, :child, :tokens, :now)";
        let (chunk, child) = member.columns();
        self.insert(
            SQL,
            named_params! {
                ":tree": tree, ":level": level, ":chunk": chunk, ":child": child, ":tokens": tokens, ":now": now.0,
            },
        )?;
        Ok(())
    }

    /// Takes one item out; false when it is no longer there.
    pub fn take_from_buffer(&self, key: BufferKey) -> Result<bool> {
        const SQL: &str = "DELETE FROM buffer_items WHERE id = :id";
        Ok(self.execute(SQL, named_params! { ":id": key })? == 1)
    }

    pub fn take_document_from_buffers(&self, document: DocumentKey) -> Result<usize> {
        const SQL: &str = "
            DELETE FROM buffer_items WHERE chunk_id IN (SELECT id FROM chunks WHERE document_id = :document)";
        self.execute(SQL, named_params! { ":document": document })
    }

    pub fn take_node_from_buffers(&self, node: NodeKey) -> Result<()> {
        const SQL: &str = "DELETE FROM buffer_items WHERE child_id = :node";
        self.execute(SQL, named_params! { ":node": node })?;
        Ok(())
    }
}

fn item(row: &rusqlite::Row<'_>) -> rusqlite::Result<BufferItem> {
    Ok(BufferItem {
        key: row.get(0)?,
        level: row.get(1)?,
        member: super::parsed(Member::from_columns(row.get(2)?, row.get(3)?), 2)?,
    })
}
