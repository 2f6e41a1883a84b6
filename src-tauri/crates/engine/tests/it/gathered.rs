//! What must hold of what is gathered beside the sources.

use crate::rig::Place;

impl Place {
    /// What must hold once nothing is left to do.
    pub(crate) fn assert_gathered(&self) {
        self.assert_whole();
        let raw = self.raw();
        for (fact, sql) in GATHERED {
            let broken: i64 = raw.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(broken, 0, "{fact}");
        }
    }
}

/// What holds beside the rules of the sources, and how many rows break it.
const GATHERED: [(&str, &str); 11] = [
    (
        "a live passage with a date is at one day, and no other passage is",
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE (d.superseded_at IS NULL AND c.happened_at IS NOT NULL) <>
             (SELECT count(*) FROM buffer_items b WHERE b.chunk_id = c.id AND b.branch = 1)
           + (SELECT count(*) FROM node_children n WHERE n.chunk_id = c.id AND n.branch = 1)",
    ),
    (
        "a passage is at its own day",
        "SELECT count(*) FROM (
            SELECT b.chunk_id AS chunk, b.tree_id AS tree FROM buffer_items b WHERE b.branch = 1 AND b.chunk_id IS NOT NULL
            UNION ALL
            SELECT n.chunk_id, x.tree_id FROM node_children n JOIN nodes x ON x.id = n.node_id
            WHERE n.branch = 1 AND n.chunk_id IS NOT NULL)
         JOIN chunks c ON c.id = chunk JOIN periods p ON p.tree_id = tree
         WHERE p.rank <> 0 OR p.first_day <> (SELECT c.happened_at / 86400000)",
    ),
    (
        "no summary is without something under it",
        "SELECT count(*) FROM nodes x WHERE NOT EXISTS (SELECT 1 FROM node_children n WHERE n.node_id = x.id)",
    ),
    (
        "what a summary quotes is under it",
        "SELECT count(*) FROM node_spans s WHERE s.chunk_id NOT IN (
            WITH RECURSIVE below(node) AS (SELECT s.node_id UNION ALL
              SELECT n.child_id FROM node_children n JOIN below ON n.node_id = below.node
              WHERE n.child_id IS NOT NULL)
            SELECT n.chunk_id FROM node_children n JOIN below ON n.node_id = below.node
            WHERE n.chunk_id IS NOT NULL)",
    ),
    (
        "a stretch of days that was summed up is under the wider one",
        "SELECT count(*) FROM periods p LEFT JOIN node_children n ON n.child_id = p.root_id
         LEFT JOIN periods w ON w.root_id = n.node_id
         WHERE p.rank < 3 AND p.root_id IS NOT NULL AND p.changed = 0
           AND (w.rank IS NULL OR w.rank <> p.rank + 1 OR p.first_day NOT BETWEEN w.first_day AND w.last_day)",
    ),
    (
        "no stretch of days is empty",
        "SELECT count(*) FROM periods p WHERE root_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM buffer_items b WHERE b.tree_id = p.tree_id)",
    ),
    (
        "a name's counts are those of its mentions, and none is without",
        "SELECT count(*) FROM entities e WHERE mentions = 0 OR (mentions, documents, first_at, last_at) IS NOT (
            SELECT count(*), count(DISTINCT document_id), min(happened_at), max(happened_at)
            FROM mentions WHERE entity_id = e.id)",
    ),
    (
        "a passage that names a topic is in its tree once",
        "SELECT count(*) FROM topics t JOIN entities e ON e.public_id = t.entity
         JOIN (SELECT DISTINCT entity_id, chunk_id FROM mentions) m ON m.entity_id = e.id
         WHERE t.hot = 1
           AND (SELECT count(*) FROM buffer_items b WHERE b.chunk_id = m.chunk_id AND b.tree_id = t.tree_id)
             + (SELECT count(*) FROM node_children n JOIN nodes x ON x.id = n.node_id
                WHERE n.chunk_id = m.chunk_id AND x.tree_id = t.tree_id) <> 1",
    ),
    (
        "a passage in a topic's tree names it",
        "SELECT count(*) FROM (
            SELECT b.chunk_id AS chunk, b.tree_id AS tree FROM buffer_items b WHERE b.branch = 2 AND b.chunk_id IS NOT NULL
            UNION ALL
            SELECT n.chunk_id, x.tree_id FROM node_children n JOIN nodes x ON x.id = n.node_id
            WHERE n.branch = 2 AND n.chunk_id IS NOT NULL)
         WHERE NOT EXISTS (SELECT 1 FROM topics t JOIN entities e ON e.public_id = t.entity
                           JOIN mentions m ON m.entity_id = e.id WHERE t.tree_id = tree AND m.chunk_id = chunk)",
    ),
    (
        "what waits and what is summed up is of the branch that its tree is of",
        "SELECT count(*) FROM (
            SELECT b.branch AS branch, b.tree_id AS tree FROM buffer_items b UNION ALL
            SELECT n.branch, x.tree_id FROM node_children n JOIN nodes x ON x.id = n.node_id)
         WHERE branch IS NOT (SELECT CASE kind WHEN 'source' THEN 0 WHEN 'period' THEN 1 WHEN 'topic' THEN 2 END
                              FROM trees t WHERE t.id = tree)",
    ),
    (
        "no tree is without what it is of",
        "SELECT count(*) FROM trees t
         WHERE (t.kind = 'period') <> EXISTS (SELECT 1 FROM periods p WHERE p.tree_id = t.id)
            OR (t.kind = 'topic') <> EXISTS (SELECT 1 FROM topics o WHERE o.tree_id = t.id)",
    ),
];
