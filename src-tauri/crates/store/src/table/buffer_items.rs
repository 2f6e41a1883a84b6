//! What waits to be sealed.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::sealing::{self, Fill};
use rusqlite::named_params;

use super::chunks::{Chunk, chunk};
use super::time;
use super::trees::Branch;
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

/// What the nodes without a parent hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopNodeSums {
    pub passages: u32,
    pub first_happened_at: Option<UnixMs>,
    pub last_happened_at: Option<UnixMs>,
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

    /// How many nodes of a tree have no parent yet.
    pub fn top_node_count(&self, tree: TreeKey) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM buffer_items WHERE tree_id = :tree AND level > 0";
        self.one(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }

    /// What the nodes without a parent hold together.
    pub fn top_node_sums(&self, tree: TreeKey) -> Result<TopNodeSums> {
        const SQL: &str = "
            SELECT coalesce(sum(n.passages), 0), min(n.first_happened_at), max(n.last_happened_at)
            FROM buffer_items b JOIN nodes n ON n.id = b.child_id
            WHERE b.tree_id = :tree AND b.level > 0";
        self.one(SQL, named_params! { ":tree": tree }, |row| {
            Ok(TopNodeSums {
                passages: row.get(0)?,
                first_happened_at: time(row.get(1)?),
                last_happened_at: time(row.get(2)?),
            })
        })
    }

    /// Some of the nodes that have no parent yet, highest level first.
    pub fn top_nodes(&self, tree: TreeKey, offset: u32, limit: u32) -> Result<Vec<NodeKey>> {
        // What is passed over is passed over in the index alone.
        const SQL: &str = "
            SELECT b.child_id
            FROM (SELECT id FROM buffer_items WHERE tree_id = :tree AND level > 0
                  ORDER BY level DESC, id LIMIT :limit OFFSET :offset) page
            CROSS JOIN buffer_items b ON b.id = page.id
            ORDER BY b.level DESC, b.id";
        let params = named_params! { ":tree": tree, ":offset": offset, ":limit": limit };
        self.rows(SQL, params, |row| row.get(0))
    }

    /// How many of the nodes without a parent come before this one, which is one of them.
    pub fn top_node_position(&self, node: NodeKey) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM buffer_items own JOIN buffer_items b ON b.tree_id = own.tree_id
            WHERE own.child_id = :node AND (b.level > own.level OR (b.level = own.level AND b.id < own.id))";
        self.one(SQL, named_params! { ":node": node }, |row| row.get(0))
    }

    pub fn waiting_chunk_count(&self, tree: TreeKey) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM buffer_items WHERE tree_id = :tree AND level = 0";
        self.one(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }

    pub fn waiting_chunks(&self, tree: TreeKey, offset: u32, limit: u32) -> Result<Vec<Chunk>> {
        // What is passed over is passed over in the index alone.
        const SQL: &str = "
            SELECT c.id, c.public_id, c.document_id, c.ordinal, c.text, c.headings, c.line_first,
                   c.line_last, c.happened_at, c.tokens, c.author
            FROM (SELECT id FROM buffer_items WHERE tree_id = :tree AND level = 0
                  ORDER BY id LIMIT :limit OFFSET :offset) page
            CROSS JOIN buffer_items b ON b.id = page.id
            CROSS JOIN chunks c ON c.id = b.chunk_id
            ORDER BY b.id";
        self.rows(
            SQL,
            named_params! { ":tree": tree, ":offset": offset, ":limit": limit },
            chunk,
        )
    }

    /// How many passages of its source's tree have waited for longer than this one; none when it waits no more.
    pub fn waiting_position(&self, chunk: ChunkKey) -> Result<Option<u32>> {
        const SQL: &str = "
            SELECT (SELECT count(*) FROM buffer_items b
                    WHERE b.tree_id = own.tree_id AND b.level = 0 AND b.id < own.id)
            FROM buffer_items own WHERE own.chunk_id = :chunk AND own.branch = 0";
        self.row(SQL, named_params! { ":chunk": chunk }, |row| row.get(0))
    }

    /// Buffers with at least two items whose oldest came before this instant. Those of days are not among them: a
    /// day that is over is summed up whole.
    pub fn buffers_older_than(&self, instant: UnixMs) -> Result<Vec<(TreeKey, u32)>> {
        const SQL: &str = "
            SELECT tree_id, level FROM buffer_items WHERE branch <> 1 GROUP BY tree_id, level
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
            INSERT INTO buffer_items (tree_id, level, chunk_id, child_id, tokens, appended_at, branch)
            VALUES (:tree, :level, :chunk, :child, :tokens, :now,
                    coalesce((SELECT CASE kind WHEN 'period' THEN 1 WHEN 'topic' THEN 2 END
                              FROM trees WHERE id = :tree), 0))";
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

    /// Takes a document's passages out of the buffers of its source.
    pub fn take_document_from_buffers(&self, document: DocumentKey) -> Result<usize> {
        const SQL: &str = "
            DELETE FROM buffer_items
            WHERE branch = 0 AND chunk_id IN (SELECT id FROM chunks WHERE document_id = :document)";
        self.execute(SQL, named_params! { ":document": document })
    }

    /// Takes a passage out of the buffers that it waits in, in one branch. Answers the trees that these are of.
    pub fn take_chunk_from_buffers(&self, chunk: ChunkKey, branch: Branch) -> Result<Vec<TreeKey>> {
        const SQL: &str = "
            DELETE FROM buffer_items
            WHERE chunk_id = :chunk AND branch = :branch AND (:tree IS NULL OR tree_id = :tree)
            RETURNING tree_id";
        let params = named_params! {
            ":chunk": chunk, ":branch": branch.number(), ":tree": branch.tree(),
        };
        self.rows(SQL, params, |row| row.get(0))
    }

    pub fn take_node_from_buffers(&self, node: NodeKey) -> Result<()> {
        const SQL: &str = "DELETE FROM buffer_items WHERE child_id = :node";
        self.execute(SQL, named_params! { ":node": node })?;
        Ok(())
    }
}

pub(super) fn item(row: &rusqlite::Row<'_>) -> rusqlite::Result<BufferItem> {
    Ok(BufferItem {
        key: row.get(0)?,
        level: row.get(1)?,
        member: super::parsed(Member::from_columns(row.get(2)?, row.get(3)?), 2)?,
    })
}
