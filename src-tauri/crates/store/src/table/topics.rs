//! Trees about whom and what passages name, and how often that was lately.

use oldgrowth_domain::entities::EntityKind;
use oldgrowth_domain::{EntityId, UnixMs};
use rusqlite::{Row, named_params};

use super::canary::FIRST_KEY;
use super::entities::{Entity, entity};
use super::extraction::Extraction;
use super::parsed;
use crate::{ChunkKey, EntityKey, Read, Result, TreeKey, Write};

/// A name with a tree. Names are found anew now and then, so it is known by its public id.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    pub tree: TreeKey,
    pub id: EntityId,
    pub kind: EntityKind,
    pub name: String,
    /// What is said of it comes to its tree. One that is not stays as it is, and can be read.
    pub hot: bool,
    pub hotness: f64,
    /// Its tree may not hold just the passages that name it.
    pub changed: bool,
}

impl Read<'_> {
    pub fn topic(&self, id: &EntityId) -> Result<Option<Topic>> {
        const SQL: &str = "
            SELECT tree_id, entity, kind, name, hot, hotness, changed FROM topics WHERE entity = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, topic)
    }

    pub fn topic_of_tree(&self, tree: TreeKey) -> Result<Option<Topic>> {
        const SQL: &str = "
            SELECT tree_id, entity, kind, name, hot, hotness, changed FROM topics WHERE tree_id = :tree";
        self.row(SQL, named_params! { ":tree": tree }, topic)
    }

    /// Some of the topics, by name.
    pub fn topics(&self, offset: u32, limit: u32) -> Result<Vec<Topic>> {
        const SQL: &str = "
            SELECT tree_id, entity, kind, name, hot, hotness, changed FROM topics
            ORDER BY name, entity LIMIT :limit OFFSET :offset";
        let params = named_params! { ":limit": limit, ":offset": offset };
        self.rows(SQL, params, topic)
    }

    pub fn topic_count(&self) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM topics";
        self.one(SQL, [], |row| row.get(0))
    }

    /// How many passages the trees of all topics hold together; one counts once for each that it names.
    pub fn topic_passages(&self) -> Result<u32> {
        const SQL: &str = "
            SELECT coalesce(sum(iif(b.level = 0, 1, n.passages)), 0)
            FROM topics t JOIN buffer_items b ON b.tree_id = t.tree_id LEFT JOIN nodes n ON n.id = b.child_id";
        self.one(SQL, [], |row| row.get(0))
    }

    /// How many topics come before this one.
    pub fn topic_position(&self, of: &Topic) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM topics WHERE (name, entity) < (:name, :id)";
        let params = named_params! { ":name": of.name, ":id": of.id.as_str() };
        self.one(SQL, params, |row| row.get(0))
    }

    /// How far passages were looked at for topics, in what this has found: the key of the last.
    pub fn topics_up_to(&self, stands: &Extraction) -> Result<ChunkKey> {
        const SQL: &str = "
            SELECT up_to FROM topics_seen WHERE id = 1 AND extractor = :extractor AND up_to <= :stands";
        let params = named_params! { ":extractor": stands.extractor, ":stands": stands.up_to };
        let up_to = self.row(SQL, params, |row| row.get(0))?;
        Ok(up_to.unwrap_or(ChunkKey(FIRST_KEY - 1)))
    }

    /// The key of the last of so many passages after this one, no further than `to`.
    pub fn stretch_of_chunks(&self, after: ChunkKey, to: ChunkKey, limit: u32) -> Result<ChunkKey> {
        const SQL: &str = "
            SELECT coalesce(max(id), :to)
            FROM (SELECT id FROM chunks WHERE id > :after AND id <= :to ORDER BY id LIMIT :limit)";
        let params = named_params! { ":after": after, ":to": to, ":limit": limit };
        self.one(SQL, params, |row| row.get(0))
    }

    /// People, organisations and tags that the passages of these keys name, the first one left out.
    pub fn named_between(&self, after: ChunkKey, to: ChunkKey) -> Result<Vec<Entity>> {
        const SQL: &str = "
            SELECT id, public_id, kind, name, mentions, documents, first_at, last_at FROM entities
            WHERE id IN (SELECT entity_id FROM mentions WHERE chunk_id > :after AND chunk_id <= :to)
              AND kind IN ('person', 'organisation', 'tag')";
        self.rows(SQL, named_params! { ":after": after, ":to": to }, entity)
    }

    /// Of the passages of these keys, the first one left out: those that name a hot topic whose tree is right but for
    /// them, with that tree and their tokens, the oldest first.
    pub fn to_come_between(
        &self,
        after: ChunkKey,
        to: ChunkKey,
    ) -> Result<Vec<(TreeKey, ChunkKey, u32)>> {
        const SQL: &str = "
            SELECT DISTINCT t.tree_id, c.id, c.tokens
            FROM mentions m CROSS JOIN entities e ON e.id = m.entity_id CROSS JOIN topics t ON t.entity = e.public_id
                 CROSS JOIN chunks c ON c.id = m.chunk_id
            WHERE m.chunk_id > :after AND m.chunk_id <= :to AND t.hot = 1 AND t.changed = 0
              AND NOT EXISTS (SELECT 1 FROM buffer_items b
                              WHERE b.chunk_id = c.id AND b.branch = 2 AND b.tree_id = t.tree_id)
              AND NOT EXISTS (SELECT 1 FROM node_children n CROSS JOIN nodes x ON x.id = n.node_id
                              WHERE n.chunk_id = c.id AND n.branch = 2 AND x.tree_id = t.tree_id)
            ORDER BY c.happened_at, c.id";
        self.rows(SQL, named_params! { ":after": after, ":to": to }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
    }

    /// When what passages tell of happened that name it, a passage each: of those of this instant or later. Where that is
    /// not known it is when they came.
    pub fn named_since(&self, key: EntityKey, since: UnixMs) -> Result<Vec<UnixMs>> {
        const SQL: &str = "
            SELECT coalesce(max(m.happened_at), d.imported_at)
            FROM mentions m CROSS JOIN documents d ON d.id = m.document_id
            WHERE m.entity_id = :id AND coalesce(m.happened_at, :since) >= :since
            GROUP BY m.document_id, m.chunk_id";
        let params = named_params! { ":id": key, ":since": since.0 };
        self.rows(SQL, params, |row| Ok(UnixMs(row.get(0)?)))
    }

    /// Some of those whose trees may not be right.
    pub fn changed_topics(&self, limit: u32) -> Result<Vec<Topic>> {
        const SQL: &str = "
            SELECT tree_id, entity, kind, name, hot, hotness, changed FROM topics
            WHERE changed = 1 ORDER BY entity LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, topic)
    }

    /// Some of the hot ones that were looked at before this instant.
    pub fn hot_topics_seen_before(&self, instant: UnixMs, limit: u32) -> Result<Vec<Topic>> {
        const SQL: &str = "
            SELECT tree_id, entity, kind, name, hot, hotness, changed FROM topics
            WHERE hot = 1 AND seen_at <= :instant ORDER BY seen_at LIMIT :limit";
        let params = named_params! { ":instant": instant.0, ":limit": limit };
        self.rows(SQL, params, topic)
    }

    /// Passages that name it and are not in its tree, the oldest first, with their tokens.
    pub fn missing_in_topic(&self, of: &Topic, limit: u32) -> Result<Vec<(ChunkKey, u32)>> {
        const SQL: &str = "
            SELECT c.id, c.tokens
            FROM entities e CROSS JOIN mentions m ON m.entity_id = e.id CROSS JOIN chunks c ON c.id = m.chunk_id
            WHERE e.public_id = :entity
              AND NOT EXISTS (SELECT 1 FROM buffer_items b
                              WHERE b.chunk_id = c.id AND b.branch = 2 AND b.tree_id = :tree)
              AND NOT EXISTS (SELECT 1 FROM node_children n CROSS JOIN nodes x ON x.id = n.node_id
                              WHERE n.chunk_id = c.id AND n.branch = 2 AND x.tree_id = :tree)
            GROUP BY c.id ORDER BY c.happened_at, c.id LIMIT :limit";
        let params = named_params! { ":entity": of.id.as_str(), ":tree": of.tree, ":limit": limit };
        self.rows(SQL, params, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Passages in its tree that do not name it.
    pub fn strays_in_topic(&self, of: &Topic, limit: u32) -> Result<Vec<ChunkKey>> {
        const SQL: &str = "
            SELECT b.chunk_id FROM buffer_items b
            WHERE b.tree_id = :tree AND b.level = 0
              AND NOT EXISTS (SELECT 1 FROM mentions m CROSS JOIN entities e ON e.id = m.entity_id
                              WHERE m.chunk_id = b.chunk_id AND e.public_id = :entity)
            UNION ALL
            SELECT n.chunk_id FROM nodes x CROSS JOIN node_children n ON n.node_id = x.id
            WHERE x.tree_id = :tree AND n.chunk_id IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM mentions m CROSS JOIN entities e ON e.id = m.entity_id
                              WHERE m.chunk_id = n.chunk_id AND e.public_id = :entity)
            LIMIT :limit";
        let params = named_params! { ":entity": of.id.as_str(), ":tree": of.tree, ":limit": limit };
        self.rows(SQL, params, |row| row.get(0))
    }

    /// The topics in whose trees this passage is.
    pub fn topics_with(&self, chunk: ChunkKey) -> Result<Vec<TreeKey>> {
        const SQL: &str = "
            SELECT tree_id FROM buffer_items WHERE chunk_id = :chunk AND branch = 2
            UNION
            SELECT x.tree_id FROM node_children n CROSS JOIN nodes x ON x.id = n.node_id
            WHERE n.chunk_id = :chunk AND n.branch = 2";
        self.rows(SQL, named_params! { ":chunk": chunk }, |row| row.get(0))
    }
}

impl Write<'_> {
    /// Gives a name a tree, or has the one that it has brought up to date.
    pub fn warm_topic(&self, of: &Entity, hotness: f64, now: UnixMs) -> Result<TreeKey> {
        const WARM: &str = "
            UPDATE topics SET hot = 1, hotness = :hotness, seen_at = :now, changed = 1 WHERE entity = :id
            RETURNING tree_id";
        const TREE: &str = "INSERT INTO trees (kind) VALUES ('topic')";
        const INSERT: &str = "
            INSERT INTO topics (entity, tree_id, kind, name, hot, hotness, seen_at, changed)
            VALUES (:id, :tree, :kind, :name, 1, :hotness, :now, 1)";
        let known = named_params! { ":id": of.id.as_str(), ":hotness": hotness, ":now": now.0 };
        if let Some(tree) = self.row(WARM, known, |row| row.get(0))? {
            return Ok(tree);
        }
        let tree = TreeKey(self.insert(TREE, [])?);
        self.execute(
            INSERT,
            named_params! {
                ":id": of.id.as_str(), ":tree": tree, ":kind": of.kind.as_str(), ":name": of.name,
                ":hotness": hotness, ":now": now.0,
            },
        )?;
        Ok(tree)
    }

    /// Notes how hot a topic is, and whether it still is.
    pub fn cool_topic(&self, tree: TreeKey, hotness: f64, hot: bool, now: UnixMs) -> Result<()> {
        const SQL: &str = "
            UPDATE topics SET hot = :hot, hotness = :hotness, seen_at = :now WHERE tree_id = :tree";
        self.execute(
            SQL,
            named_params! { ":tree": tree, ":hot": hot, ":hotness": hotness, ":now": now.0 },
        )?;
        Ok(())
    }

    pub fn set_topic_changed(&self, tree: TreeKey, changed: bool) -> Result<()> {
        const SQL: &str = "UPDATE topics SET changed = :changed WHERE tree_id = :tree";
        self.execute(SQL, named_params! { ":tree": tree, ":changed": changed })?;
        Ok(())
    }

    /// What passages name is found anew: no tree is known to be right.
    pub fn doubt_topics(&self) -> Result<()> {
        const SQL: &str = "UPDATE topics SET changed = 1";
        self.execute(SQL, [])?;
        Ok(())
    }

    pub fn note_topics(&self, extractor: &str, up_to: ChunkKey) -> Result<()> {
        const SQL: &str = "
            INSERT INTO topics_seen (id, extractor, up_to) VALUES (1, :extractor, :up_to)
            ON CONFLICT (id) DO UPDATE SET extractor = excluded.extractor, up_to = excluded.up_to";
        self.execute(
            SQL,
            named_params! { ":extractor": extractor, ":up_to": up_to },
        )?;
        Ok(())
    }

    /// Removes the tree of a topic in which nothing is any more.
    pub fn drop_empty_topic(&self, tree: TreeKey) -> Result<bool> {
        const TOPIC: &str = "
            DELETE FROM topics WHERE tree_id = :tree
              AND NOT EXISTS (SELECT 1 FROM buffer_items WHERE tree_id = :tree)
              AND NOT EXISTS (SELECT 1 FROM nodes WHERE tree_id = :tree)";
        const TREE: &str = "DELETE FROM trees WHERE id = :tree";
        let dropped = self.execute(TOPIC, named_params! { ":tree": tree })? == 1;
        if dropped {
            self.execute(TREE, named_params! { ":tree": tree })?;
        }
        Ok(dropped)
    }

    /// The last passages are gone, and others will have their keys.
    pub(super) fn clamp_topics(&self) -> Result<()> {
        const SQL: &str = "
            UPDATE topics_seen SET up_to = max(-1, coalesce((SELECT max(id) FROM chunks), -1))
            WHERE up_to > coalesce((SELECT max(id) FROM chunks), -1)";
        self.execute(SQL, [])?;
        Ok(())
    }

    /// Forgets all topics. They grow again, from the first passage on.
    pub fn forget_topics(&self) -> Result<()> {
        // A tree may be lost of which summaries are left.
        const NODES: &str = "
            SELECT n.id FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = 'topic'
            UNION SELECT node_id FROM node_children WHERE branch = 2";
        const BUFFERS: &str = "DELETE FROM buffer_items WHERE branch = 2";
        const CHILDREN: &str = "DELETE FROM node_children WHERE branch = 2";
        const TOPICS: &str = "DELETE FROM topics";
        const SEEN: &str = "DELETE FROM topics_seen";
        const TREES: &str = "DELETE FROM trees WHERE kind = 'topic'";
        self.forget_trees(NODES, &[BUFFERS, CHILDREN, TOPICS, SEEN], TREES)
    }
}

fn topic(row: &Row<'_>) -> rusqlite::Result<Topic> {
    let (id, kind): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(Topic {
        tree: row.get(0)?,
        id: parsed(EntityId::parse(&id), 1)?,
        kind: parsed(EntityKind::parse(&kind), 2)?,
        name: row.get(3)?,
        hot: row.get(4)?,
        hotness: row.get(5)?,
        changed: row.get(6)?,
    })
}
