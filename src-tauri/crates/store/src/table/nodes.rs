//! Sealed summaries, their children, and where each of their sentences came from.

use std::ops::Range;

use oldgrowth_domain::{NodeId, UnixMs};
use rusqlite::{Row, named_params};

use super::buffer_items::Member;
use super::trees::Branch;
use super::{parsed, time};
use crate::{ChunkKey, DocumentKey, NodeKey, Read, Result, TreeKey, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub key: NodeKey,
    pub id: NodeId,
    pub tree: TreeKey,
    pub level: u32,
    pub text: String,
    pub tokens: u32,
    /// How many passages are under it, at any depth.
    pub passages: u32,
    pub first_happened_at: Option<UnixMs>,
    pub last_happened_at: Option<UnixMs>,
    pub summariser: String,
    pub degraded: bool,
    pub sealed_at: UnixMs,
}

/// A summary to be kept: everything about a node but its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub text: String,
    pub tokens: u32,
    pub passages: u32,
    pub first_happened_at: Option<UnixMs>,
    pub last_happened_at: Option<UnixMs>,
    pub summariser: String,
    pub degraded: bool,
    pub spans: Vec<Span>,
}

/// A sentence of a summary and the words of a passage that it came from, as byte ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: Range<usize>,
    pub chunk: ChunkKey,
    pub source: Range<usize>,
}

impl Read<'_> {
    pub fn node(&self, key: NodeKey) -> Result<Option<Node>> {
        const SQL: &str = "
            SELECT id, public_id, tree_id, level, text, tokens, passages, first_happened_at, last_happened_at,
                   summariser, degraded, sealed_at
            FROM nodes WHERE id = :id";
        self.row(SQL, named_params! { ":id": key }, node)
    }

    pub fn node_by_id(&self, id: &NodeId) -> Result<Option<Node>> {
        const SQL: &str = "
            SELECT id, public_id, tree_id, level, text, tokens, passages, first_happened_at, last_happened_at,
                   summariser, degraded, sealed_at
            FROM nodes WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, node)
    }

    /// Summaries that are to be made anew and that no job is asked or was given up for, at most so many, those
    /// at the leaves first.
    pub fn degraded_nodes(&self, limit: u32) -> Result<Vec<NodeKey>> {
        const SQL: &str = "
            SELECT id FROM nodes
            WHERE degraded = 1
              AND 'remake:' || id NOT IN (
                  SELECT dedupe_key FROM jobs
                  WHERE kind = 'remake' AND state IN ('ready', 'running', 'failed') AND dedupe_key IS NOT NULL)
            ORDER BY level, id LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, |row| row.get(0))
    }

    pub fn members_of(&self, node: NodeKey) -> Result<Vec<Member>> {
        const SQL: &str =
            "SELECT chunk_id, child_id FROM node_children WHERE node_id = :node ORDER BY position";
        self.rows(SQL, named_params! { ":node": node }, |row| {
            parsed(Member::from_columns(row.get(0)?, row.get(1)?), 0)
        })
    }

    /// Some of a node's members, in their order.
    pub fn member_page(&self, node: NodeKey, offset: u32, limit: u32) -> Result<Vec<Member>> {
        const SQL: &str = "
            SELECT chunk_id, child_id FROM node_children
            WHERE node_id = :node ORDER BY position LIMIT :limit OFFSET :offset";
        let params = named_params! { ":node": node, ":offset": offset, ":limit": limit };
        self.rows(SQL, params, |row| {
            parsed(Member::from_columns(row.get(0)?, row.get(1)?), 0)
        })
    }

    /// How many of its node's members come before this one.
    pub fn member_position(&self, member: Member) -> Result<u32> {
        const OF_CHUNK: &str = "
            SELECT count(*) FROM node_children own JOIN node_children c
                ON c.node_id = own.node_id AND c.position < own.position
            WHERE own.chunk_id = :key AND own.branch = 0";
        const OF_NODE: &str = "
            SELECT count(*) FROM node_children own JOIN node_children c
                ON c.node_id = own.node_id AND c.position < own.position
            WHERE own.child_id = :key";
        match member {
            Member::Chunk(key) => {
                self.one(OF_CHUNK, named_params! { ":key": key }, |row| row.get(0))
            }
            Member::Node(key) => self.one(OF_NODE, named_params! { ":key": key }, |row| row.get(0)),
        }
    }

    pub fn member_count(&self, node: NodeKey) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM node_children WHERE node_id = :node";
        self.one(SQL, named_params! { ":node": node }, |row| row.get(0))
    }

    /// What sums this up: of a passage, in the tree of its source.
    pub fn parent_of(&self, member: Member) -> Result<Option<NodeKey>> {
        const OF_CHUNK: &str =
            "SELECT node_id FROM node_children WHERE chunk_id = :key AND branch = 0";
        const OF_NODE: &str = "SELECT node_id FROM node_children WHERE child_id = :key";
        match member {
            Member::Chunk(key) => {
                self.row(OF_CHUNK, named_params! { ":key": key }, |row| row.get(0))
            }
            Member::Node(key) => self.row(OF_NODE, named_params! { ":key": key }, |row| row.get(0)),
        }
    }

    /// All that stand above this passage, at any height: in the tree of its source, of its day, and of what it names.
    pub fn all_above(&self, chunk: ChunkKey) -> Result<Vec<NodeKey>> {
        // Also where a damage has led a tree back into itself, each comes once.
        const SQL: &str = "
            WITH RECURSIVE above (node) AS (
                SELECT node_id FROM node_children WHERE chunk_id = :chunk
                UNION
                SELECT c.node_id FROM above CROSS JOIN node_children c ON c.child_id = above.node)
            SELECT node FROM above";
        self.rows(SQL, named_params! { ":chunk": chunk }, |row| row.get(0))
    }

    /// At which level a summary is, and of how many passages. None where it is not there.
    pub fn height_and_passages(&self, node: NodeKey) -> Result<Option<(u32, u32)>> {
        const SQL: &str = "SELECT level, passages FROM nodes WHERE id = :node";
        self.row(SQL, named_params! { ":node": node }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    pub fn spans_of(&self, node: NodeKey) -> Result<Vec<Span>> {
        const SQL: &str = "
            SELECT text_start, text_end, chunk_id, chunk_start, chunk_end
            FROM node_spans WHERE node_id = :node ORDER BY sentence";
        self.rows(SQL, named_params! { ":node": node }, |row| {
            Ok(Span {
                text: row.get(0)?..row.get(1)?,
                chunk: row.get(2)?,
                source: row.get(3)?..row.get(4)?,
            })
        })
    }

    /// Nodes of sources that hold or quote a passage of this document.
    pub fn nodes_touching(&self, document: DocumentKey) -> Result<Vec<NodeKey>> {
        const SQL: &str = "
            SELECT n.node_id FROM node_children n JOIN chunks c ON c.id = n.chunk_id
            WHERE c.document_id = :document AND n.branch = 0
            UNION
            SELECT s.node_id FROM chunks c CROSS JOIN node_spans s ON s.chunk_id = c.id
            CROSS JOIN nodes x ON x.id = s.node_id CROSS JOIN trees t ON t.id = x.tree_id
            WHERE c.document_id = :document AND t.kind = 'source'";
        self.rows(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }

    /// Nodes of a branch that hold or quote this passage, with their levels.
    pub fn nodes_with(&self, chunk: ChunkKey, branch: Branch) -> Result<Vec<(u32, NodeKey)>> {
        const SQL: &str = "
            SELECT x.level, x.id FROM nodes x
            WHERE x.id IN (SELECT node_id FROM node_children WHERE chunk_id = :chunk AND branch = :branch
                           UNION SELECT node_id FROM node_spans WHERE chunk_id = :chunk)
              AND (SELECT CASE kind WHEN 'source' THEN 0 WHEN 'period' THEN 1 ELSE 2 END
                   FROM trees t WHERE t.id = x.tree_id) = :branch
              AND (:tree IS NULL OR x.tree_id = :tree)";
        let params = named_params! {
            ":chunk": chunk, ":branch": branch.number(), ":tree": branch.tree(),
        };
        self.rows(SQL, params, |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Read<'_> {
    /// The nodes of a tree, with their levels.
    pub fn nodes_of(&self, tree: TreeKey) -> Result<Vec<(NodeKey, u32)>> {
        const SQL: &str = "SELECT id, level FROM nodes WHERE tree_id = :tree";
        self.rows(SQL, named_params! { ":tree": tree }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

impl Write<'_> {
    pub fn insert_node(
        &self,
        id: &NodeId,
        tree: TreeKey,
        level: u32,
        members: &[Member],
        summary: &Summary,
        now: UnixMs,
    ) -> Result<NodeKey> {
        const SQL: &str = "
            INSERT INTO nodes (public_id, tree_id, level, text, tokens, passages, first_happened_at,
                               last_happened_at, summariser, degraded, sealed_at)
            VALUES (:public_id, :tree, :level, :text, :tokens, :passages, :first, :last, :summariser,
                    :degraded, :now)";
        let key = self.insert(
            SQL,
            named_params! {
                ":public_id": id.as_str(),
                ":tree": tree,
                ":level": level,
                ":text": summary.text,
                ":tokens": summary.tokens,
                ":passages": summary.passages,
                ":first": summary.first_happened_at.map(|at| at.0),
                ":last": summary.last_happened_at.map(|at| at.0),
                ":summariser": summary.summariser,
                ":degraded": summary.degraded,
                ":now": now.0,
            },
        )?;
        let key = NodeKey(key);
        self.insert_members(key, members)?;
        self.set_spans(key, &summary.spans)?;
        Ok(key)
    }

    fn insert_members(&self, node: NodeKey, members: &[Member]) -> Result<()> {
        const SQL: &str = "
            INSERT INTO node_children (node_id, position, chunk_id, child_id, branch)
            VALUES (:node, :position, :chunk, :child,
                    coalesce((SELECT CASE t.kind WHEN 'period' THEN 1 WHEN 'topic' THEN 2 END
                              FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE n.id = :node), 0))";
        for (position, member) in (0_u32..).zip(members) {
            let (chunk, child) = member.columns();
            self.execute(
                SQL,
                named_params! { ":node": node, ":position": position, ":chunk": chunk, ":child": child },
            )?;
        }
        Ok(())
    }

    /// Puts these under a node, in this order and at this level, in the place of those that were.
    pub fn set_members(&self, node: NodeKey, level: u32, members: &[Member]) -> Result<()> {
        const CLEAR: &str = "DELETE FROM node_children WHERE node_id = :node";
        const LEVEL: &str = "UPDATE nodes SET level = :level WHERE id = :node";
        self.execute(CLEAR, named_params! { ":node": node })?;
        self.execute(LEVEL, named_params! { ":node": node, ":level": level })?;
        self.insert_members(node, members)
    }

    /// Leaves these sentences of a summary, and marks it as one that is to be made anew.
    pub fn cut_summary(
        &self,
        node: NodeKey,
        text: &str,
        tokens: u32,
        spans: &[Span],
    ) -> Result<()> {
        const SQL: &str =
            "UPDATE nodes SET text = :text, tokens = :tokens, degraded = 1 WHERE id = :id";
        self.execute(
            SQL,
            named_params! { ":id": node, ":text": text, ":tokens": tokens },
        )?;
        self.set_spans(node, spans)
    }

    /// Takes a passage out of the nodes of a branch that hold it.
    pub fn take_chunk_from_nodes(&self, chunk: ChunkKey, branch: Branch) -> Result<()> {
        const SQL: &str = "
            DELETE FROM node_children
            WHERE chunk_id = :chunk AND branch = :branch
              AND (:tree IS NULL OR (SELECT x.tree_id FROM nodes x WHERE x.id = node_id) = :tree)";
        let params = named_params! {
            ":chunk": chunk, ":branch": branch.number(), ":tree": branch.tree(),
        };
        self.execute(SQL, params)?;
        Ok(())
    }

    /// Puts another summary in the place of a node's own.
    pub fn replace_summary(&self, node: NodeKey, summary: &Summary, now: UnixMs) -> Result<()> {
        const SQL: &str = "
            UPDATE nodes SET text = :text, tokens = :tokens, passages = :passages, first_happened_at = :first,
                             last_happened_at = :last, summariser = :summariser, degraded = :degraded,
                             sealed_at = :now
            WHERE id = :id";
        self.execute(
            SQL,
            named_params! {
                ":id": node,
                ":text": summary.text,
                ":tokens": summary.tokens,
                ":passages": summary.passages,
                ":first": summary.first_happened_at.map(|at| at.0),
                ":last": summary.last_happened_at.map(|at| at.0),
                ":summariser": summary.summariser,
                ":degraded": summary.degraded,
                ":now": now.0,
            },
        )?;
        self.set_spans(node, &summary.spans)
    }

    fn set_spans(&self, node: NodeKey, spans: &[Span]) -> Result<()> {
        const CLEAR: &str = "DELETE FROM node_spans WHERE node_id = :node";
        const SQL: &str = "
            INSERT INTO node_spans (node_id, sentence, text_start, text_end, chunk_id, chunk_start, chunk_end)
            VALUES (:node, :sentence, :text_start, :text_end, :chunk, :chunk_start, :chunk_end)";
        self.execute(CLEAR, named_params! { ":node": node })?;
        for (sentence, span) in (0_u32..).zip(spans) {
            self.execute(
                SQL,
                named_params! {
                    ":node": node,
                    ":sentence": sentence,
                    ":text_start": span.text.start,
                    ":text_end": span.text.end,
                    ":chunk": span.chunk,
                    ":chunk_start": span.source.start,
                    ":chunk_end": span.source.end,
                },
            )?;
        }
        Ok(())
    }

    pub fn mark_degraded(&self, node: NodeKey) -> Result<()> {
        const SQL: &str = "UPDATE nodes SET degraded = 1 WHERE id = :id";
        self.execute(SQL, named_params! { ":id": node })?;
        Ok(())
    }

    /// Takes a document's passages out of the nodes of its source that hold them.
    pub fn take_document_from_nodes(&self, document: DocumentKey) -> Result<usize> {
        const SQL: &str = "
            DELETE FROM node_children WHERE branch = 0 AND chunk_id IN (SELECT id FROM chunks WHERE document_id = :document)";
        self.execute(SQL, named_params! { ":document": document })
    }

    /// Takes out of a node what a damage has taken from the memory.
    pub fn take_lost_from_node(&self, node: NodeKey) -> Result<usize> {
        const SQL: &str = "
            DELETE FROM node_children
            WHERE node_id = :node
              AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.id = chunk_id)
              AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = child_id)";
        self.execute(SQL, named_params! { ":node": node })
    }

    /// Removes a node that has no children left, from wherever it hangs.
    pub fn remove_empty_node(&self, node: NodeKey) -> Result<()> {
        const SPANS: &str = "DELETE FROM node_spans WHERE node_id = :node";
        const CHILD: &str = "DELETE FROM node_children WHERE child_id = :node";
        const NODE: &str = "DELETE FROM nodes WHERE id = :node";
        self.take_node_from_buffers(node)?;
        self.leave_period(node)?;
        for sql in [SPANS, CHILD, NODE] {
            self.execute(sql, named_params! { ":node": node })?;
        }
        Ok(())
    }
}

fn node(row: &Row<'_>) -> rusqlite::Result<Node> {
    let id: String = row.get(1)?;
    Ok(Node {
        key: row.get(0)?,
        id: parsed(NodeId::parse(&id), 1)?,
        tree: row.get(2)?,
        level: row.get(3)?,
        text: row.get(4)?,
        tokens: row.get(5)?,
        passages: row.get(6)?,
        first_happened_at: time(row.get(7)?),
        last_happened_at: time(row.get(8)?),
        summariser: row.get(9)?,
        degraded: row.get(10)?,
        sealed_at: UnixMs(row.get(11)?),
    })
}
