//! Rows that belong to nothing: counted, taken out as text from which they can be put back, and put back.

use oldgrowth_domain::UnixMs;
use rusqlite::named_params;

use super::buffer_items::Member;
use crate::{DocumentKey, Error, NodeKey, Read, Result, TreeKey, Write};

/// What kind of row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Orphan {
    /// A place at which a document is said to have been found, which is not there.
    Place,
    /// A tag of a document that is not there.
    Tag,
    /// What waits in a buffer, or stands under a summary, and is not there or not searched any more.
    Buffered,
    Child,
    /// A sentence's way back to a passage that is not there or not searched any more.
    Span,
    /// A summary of nothing.
    EmptyNode,
    /// A passage of a document that is not there.
    Chunk,
    /// An entry of the word index for a passage that is not there or not searched any more.
    Words,
    /// Something that is said to be named in a passage that is not there or not searched any more, or that is
    /// named nowhere.
    Mention,
    /// A stretch of days or a topic without its tree, a tree without either, a passage that is not at just one day, or
    /// that is in the tree of a topic and does not name it.
    Gathered,
    /// A vector of a passage that is not there or not searched any more, or of another length than its model's; or a
    /// passage that should have one and has none.
    Vector,
}

/// What other rows name and is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub documents: u64,
    pub passages: u64,
}

/// One kind of row in SQL: how the strays are found, written out, taken out and put back.
struct Kind {
    orphan: Orphan,
    /// Rows of `x`, each as its columns in JSON.
    list: &'static str,
    delete: &'static str,
    insert: &'static str,
}

/// In the order in which they can be taken out: what refers to something first.
const KINDS: [Kind; 7] = [
    Kind {
        orphan: Orphan::Place,
        list: "
            SELECT json_object('source_id', x.source_id, 'item', x.item, 'document_id', x.document_id,
                               'seen_at', x.seen_at, 'version_at', x.version_at)
            FROM places x
            WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = x.document_id)
               OR NOT EXISTS (SELECT 1 FROM sources s WHERE s.id = x.source_id)",
        delete: "
            DELETE FROM places
            WHERE source_id = json_extract(:row, '$.source_id') AND item = json_extract(:row, '$.item')",
        insert: "
            INSERT OR IGNORE INTO places (source_id, item, document_id, seen_at, version_at)
            VALUES (json_extract(:row, '$.source_id'), json_extract(:row, '$.item'),
                    json_extract(:row, '$.document_id'), json_extract(:row, '$.seen_at'),
                    json_extract(:row, '$.version_at'))",
    },
    Kind {
        orphan: Orphan::Tag,
        list: "
            SELECT json_object('document_id', x.document_id, 'folded', x.folded, 'tag', x.tag) FROM document_tags x
            WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = x.document_id)",
        delete: "
            DELETE FROM document_tags
            WHERE document_id = json_extract(:row, '$.document_id') AND folded = json_extract(:row, '$.folded')",
        insert: "
            INSERT OR IGNORE INTO document_tags (document_id, folded, tag)
            VALUES (json_extract(:row, '$.document_id'), json_extract(:row, '$.folded'),
                    json_extract(:row, '$.tag'))",
    },
    Kind {
        orphan: Orphan::Buffered,
        list: "
            SELECT json_object('id', x.id, 'tree_id', x.tree_id, 'level', x.level, 'chunk_id', x.chunk_id,
                               'child_id', x.child_id, 'tokens', x.tokens, 'appended_at', x.appended_at, 'branch', x.branch)
            FROM buffer_items x
            WHERE NOT EXISTS (SELECT 1 FROM trees t WHERE t.id = x.tree_id)
               OR (x.child_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = x.child_id))
               OR (x.chunk_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM chunks c JOIN documents d ON d.id = c.document_id
                    WHERE c.id = x.chunk_id AND d.superseded_at IS NULL))",
        delete: "DELETE FROM buffer_items WHERE id = json_extract(:row, '$.id')",
        insert: "
            INSERT OR IGNORE INTO buffer_items (id, tree_id, level, chunk_id, child_id, tokens, appended_at, branch)
            VALUES (json_extract(:row, '$.id'), json_extract(:row, '$.tree_id'), json_extract(:row, '$.level'),
                    json_extract(:row, '$.chunk_id'), json_extract(:row, '$.child_id'),
                    json_extract(:row, '$.tokens'), json_extract(:row, '$.appended_at'),
                    coalesce(json_extract(:row, '$.branch'), 0))",
    },
    Kind {
        orphan: Orphan::Child,
        list: "
            SELECT json_object('node_id', x.node_id, 'position', x.position, 'chunk_id', x.chunk_id,
                               'child_id', x.child_id, 'branch', x.branch)
            FROM node_children x
            WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = x.node_id)
               OR (x.child_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = x.child_id))
               OR (x.chunk_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM chunks c JOIN documents d ON d.id = c.document_id
                    WHERE c.id = x.chunk_id AND d.superseded_at IS NULL))",
        delete: "
            DELETE FROM node_children
            WHERE node_id = json_extract(:row, '$.node_id') AND position = json_extract(:row, '$.position')",
        insert: "
            INSERT OR IGNORE INTO node_children (node_id, position, chunk_id, child_id, branch)
            VALUES (json_extract(:row, '$.node_id'), json_extract(:row, '$.position'),
                    json_extract(:row, '$.chunk_id'), json_extract(:row, '$.child_id'),
                    coalesce(json_extract(:row, '$.branch'), 0))",
    },
    Kind {
        orphan: Orphan::Span,
        list: "
            SELECT json_object('node_id', x.node_id, 'sentence', x.sentence, 'text_start', x.text_start,
                               'text_end', x.text_end, 'chunk_id', x.chunk_id, 'chunk_start', x.chunk_start,
                               'chunk_end', x.chunk_end)
            FROM node_spans x
            WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = x.node_id)
               OR NOT EXISTS (SELECT 1 FROM chunks c WHERE c.id = x.chunk_id)",
        delete: "
            DELETE FROM node_spans
            WHERE node_id = json_extract(:row, '$.node_id') AND sentence = json_extract(:row, '$.sentence')",
        insert: "
            INSERT OR IGNORE INTO node_spans (node_id, sentence, text_start, text_end, chunk_id, chunk_start, chunk_end)
            VALUES (json_extract(:row, '$.node_id'), json_extract(:row, '$.sentence'),
                    json_extract(:row, '$.text_start'), json_extract(:row, '$.text_end'),
                    json_extract(:row, '$.chunk_id'), json_extract(:row, '$.chunk_start'),
                    json_extract(:row, '$.chunk_end'))",
    },
    Kind {
        orphan: Orphan::EmptyNode,
        list: "
            SELECT json_object('id', x.id, 'public_id', x.public_id, 'tree_id', x.tree_id, 'level', x.level,
                               'text', x.text, 'tokens', x.tokens, 'passages', x.passages,
                               'first_happened_at', x.first_happened_at, 'last_happened_at', x.last_happened_at,
                               'summariser', x.summariser, 'degraded', x.degraded, 'sealed_at', x.sealed_at)
            FROM nodes x
            WHERE NOT EXISTS (SELECT 1 FROM node_children n WHERE n.node_id = x.id)
              AND NOT EXISTS (SELECT 1 FROM node_children n WHERE n.child_id = x.id)
              AND NOT EXISTS (SELECT 1 FROM buffer_items b WHERE b.child_id = x.id)
              AND NOT EXISTS (SELECT 1 FROM node_spans s WHERE s.node_id = x.id)
              AND x.degraded = 0",
        delete: "DELETE FROM nodes WHERE id = json_extract(:row, '$.id')",
        insert: "
            INSERT OR IGNORE INTO nodes (id, public_id, tree_id, level, text, tokens, passages, first_happened_at,
                                         last_happened_at, summariser, degraded, sealed_at)
            VALUES (json_extract(:row, '$.id'), json_extract(:row, '$.public_id'), json_extract(:row, '$.tree_id'),
                    json_extract(:row, '$.level'), json_extract(:row, '$.text'), json_extract(:row, '$.tokens'),
                    json_extract(:row, '$.passages'), json_extract(:row, '$.first_happened_at'),
                    json_extract(:row, '$.last_happened_at'), json_extract(:row, '$.summariser'),
                    json_extract(:row, '$.degraded'), json_extract(:row, '$.sealed_at'))",
    },
    Kind {
        orphan: Orphan::Chunk,
        list: "
            SELECT json_object('id', x.id, 'public_id', x.public_id, 'document_id', x.document_id,
                               'ordinal', x.ordinal, 'text', x.text, 'headings', x.headings,
                               'line_first', x.line_first, 'line_last', x.line_last,
                               'happened_at', x.happened_at, 'tokens', x.tokens, 'author', x.author)
            FROM chunks x
            WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = x.document_id)",
        delete: "DELETE FROM chunks WHERE id = json_extract(:row, '$.id')",
        insert: "
            INSERT OR IGNORE INTO chunks (id, public_id, document_id, ordinal, text, headings, line_first, line_last,
                                          happened_at, tokens, author)
            VALUES (json_extract(:row, '$.id'), json_extract(:row, '$.public_id'),
                    json_extract(:row, '$.document_id'), json_extract(:row, '$.ordinal'),
                    json_extract(:row, '$.text'), json_extract(:row, '$.headings'),
                    json_extract(:row, '$.line_first'), json_extract(:row, '$.line_last'),
                    json_extract(:row, '$.happened_at'), json_extract(:row, '$.tokens'),
                    json_extract(:row, '$.author'))",
    },
];

impl Orphan {
    pub const ALL: [Self; 11] = [
        Self::Vector,
        Self::Mention,
        Self::Gathered,
        Self::Place,
        Self::Tag,
        Self::Buffered,
        Self::Child,
        Self::Span,
        Self::EmptyNode,
        Self::Chunk,
        Self::Words,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Tag => "tag",
            Self::Buffered => "buffered",
            Self::Child => "child",
            Self::Span => "span",
            Self::EmptyNode => "empty_node",
            Self::Chunk => "chunk",
            Self::Words => "words",
            Self::Mention => "mention",
            Self::Gathered => "gathered",
            Self::Vector => "vector",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    fn kind(self) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.orphan == self)
    }
}

/// A summary that hangs nowhere, though it says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loose {
    pub node: NodeKey,
    pub tree: TreeKey,
    pub level: u32,
    pub tokens: u32,
}

impl Read<'_> {
    /// A passage stands in a buffer or under a summary as long as it is searched, and a document has a place.
    pub fn gone(&self) -> Result<Gone> {
        const SQL: &str = "
            SELECT (SELECT count(*) FROM (SELECT document_id AS id FROM places UNION
                                          SELECT document_id FROM chunks) WHERE id NOT IN (SELECT id FROM documents)),
                   (SELECT count(*) FROM (SELECT chunk_id AS id FROM buffer_items WHERE chunk_id IS NOT NULL UNION
                                          SELECT chunk_id FROM node_children WHERE chunk_id IS NOT NULL)
                    WHERE id NOT IN (SELECT id FROM chunks))";
        self.one(SQL, [], |row| {
            Ok(Gone {
                documents: row.get::<_, i64>(0)?.unsigned_abs(),
                passages: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
    }

    /// Are passages of this document missing: all of them, or some before the last that is there?
    pub fn has_gap(&self, document: DocumentKey) -> Result<bool> {
        const SQL: &str = "
            SELECT (SELECT count(*) - 1 - max(ordinal) FROM chunks WHERE document_id = :document) IS NOT 0";
        self.one(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }

    /// The rows of a kind that belong to nothing, as JSON. Entries of the word index, what passages name, where
    /// they are gathered, and vectors are made of the passages and hold nothing that is to be written out; of them it is their keys.
    pub fn orphans(&self, of: Orphan) -> Result<Vec<String>> {
        const WORDS: &str = "
            SELECT CAST(w.id AS TEXT) FROM (SELECT id FROM words_docsize UNION
                                               SELECT id FROM words_near_docsize WHERE id <> -2) w
            LEFT JOIN chunks c ON c.id = w.id LEFT JOIN documents d ON d.id = c.document_id
            WHERE d.id IS NULL OR d.superseded_at IS NOT NULL";
        const MENTIONS: &str = "
            WITH searched AS MATERIALIZED (
                SELECT c.id FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
                WHERE d.superseded_at IS NULL)
            SELECT format('mention %d %d %d', entity_id, chunk_id, text_start) FROM mentions
            WHERE chunk_id NOT IN searched OR entity_id NOT IN (SELECT id FROM entities)
            UNION ALL
            SELECT format('entity %d', e.id) FROM entities e
            WHERE e.mentions = 0
               OR e.mentions <> (SELECT count(*) FROM mentions m WHERE m.entity_id = e.id)
               OR NOT EXISTS (SELECT 1 FROM aliases a WHERE a.entity_id = e.id)
            UNION ALL
            SELECT format('alias %d', entity_id) FROM aliases WHERE entity_id NOT IN (SELECT id FROM entities)
            UNION ALL
            SELECT format('failure %d', chunk_id) FROM extraction_failures WHERE chunk_id NOT IN searched";
        // What was not looked at yet, or is looked at anew, is nowhere for now. The years are those of the calendar.
        const GATHERED: &str = "
            SELECT format('period %d', p.tree_id) FROM periods p
            WHERE NOT EXISTS (SELECT 1 FROM trees t WHERE t.id = p.tree_id AND t.kind = 'period')
               OR (p.root_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = p.root_id))
            UNION ALL
            SELECT format('topic %d', o.tree_id) FROM topics o
            WHERE NOT EXISTS (SELECT 1 FROM trees t WHERE t.id = o.tree_id AND t.kind = 'topic')
            UNION ALL
            SELECT format('tree %d', t.id) FROM trees t
            WHERE (t.kind = 'period' AND NOT EXISTS (SELECT 1 FROM periods p WHERE p.tree_id = t.id))
               OR (t.kind = 'topic' AND NOT EXISTS (SELECT 1 FROM topics o WHERE o.tree_id = t.id))
            UNION ALL
            SELECT format('passage %d', c.id) FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
            WHERE d.superseded_at IS NULL AND c.id BETWEEN 0 AND (SELECT up_to FROM days)
              AND c.happened_at BETWEEN -377000000000000 AND 253000000000000
              AND (SELECT count(*) FROM buffer_items b WHERE b.chunk_id = c.id AND b.branch = 1)
                + (SELECT count(*) FROM node_children n WHERE n.chunk_id = c.id AND n.branch = 1) <> 1
            UNION ALL
            SELECT format('passage %d of topic %d', g.chunk_id, g.tree_id) FROM (
                SELECT chunk_id, tree_id FROM buffer_items WHERE branch = 2 AND chunk_id IS NOT NULL
                UNION ALL
                SELECT n.chunk_id, x.tree_id FROM node_children n CROSS JOIN nodes x ON x.id = n.node_id
                WHERE n.branch = 2 AND n.chunk_id IS NOT NULL) g
            CROSS JOIN topics o ON o.tree_id = g.tree_id
            CROSS JOIN topics_seen s JOIN extraction x ON x.extractor = s.extractor AND x.up_to >= s.up_to
            WHERE o.changed = 0 AND g.chunk_id <= s.up_to
              AND NOT EXISTS (SELECT 1 FROM entities e CROSS JOIN mentions m
                              ON m.entity_id = e.id AND m.chunk_id = g.chunk_id
                              WHERE e.public_id = o.entity)";
        // What the embedding has come to has a vector of its model, or is known to have none.
        const VECTORS: &str = "
            WITH searched AS MATERIALIZED (
                SELECT c.id FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
                WHERE d.superseded_at IS NULL)
            SELECT format('vector %d', v.id) FROM vectors v
            LEFT JOIN vector_models m ON m.id = v.model_id
            WHERE v.chunk_id NOT IN searched OR m.id IS NULL OR m.width <> length(v.components)
            UNION ALL
            SELECT format('unembeddable %d', chunk_id) FROM embedding_failures WHERE chunk_id NOT IN searched
            UNION ALL
            SELECT format('passage %d', s.id) FROM searched s
            WHERE s.id BETWEEN 0 AND (SELECT up_to FROM embedding)
              AND NOT EXISTS (SELECT 1 FROM vectors v CROSS JOIN vector_models m ON m.id = v.model_id
                              WHERE v.chunk_id = s.id AND m.name = (SELECT model FROM embedding))
              AND NOT EXISTS (SELECT 1 FROM embedding_failures f WHERE f.chunk_id = s.id)";
        let sql = match (of.kind(), of) {
            (Some(kind), _) => kind.list,
            (None, Orphan::Mention) => MENTIONS,
            (None, Orphan::Gathered) => GATHERED,
            (None, Orphan::Vector) => VECTORS,
            (None, _) => WORDS,
        };
        self.rows(sql, [], |row| row.get(0))
    }

    /// Summaries that are in no buffer and under no other.
    pub fn loose_nodes(&self) -> Result<Vec<Loose>> {
        // The summary of a stretch of days waits in the tree of the wider one.
        const SQL: &str = "
            SELECT x.id, coalesce((SELECT w.tree_id FROM periods p JOIN periods w
                                   ON w.rank = p.rank + 1 AND p.first_day BETWEEN w.first_day AND w.last_day
                                   WHERE p.root_id = x.id), x.tree_id), x.level, x.tokens FROM nodes x
            WHERE EXISTS (SELECT 1 FROM trees t WHERE t.id = x.tree_id)
              AND EXISTS (SELECT 1 FROM node_children n WHERE n.node_id = x.id)
              AND NOT EXISTS (SELECT 1 FROM node_children n WHERE n.child_id = x.id)
              AND NOT EXISTS (SELECT 1 FROM buffer_items b WHERE b.child_id = x.id)";
        self.rows(SQL, [], |row| {
            Ok(Loose {
                node: row.get(0)?,
                tree: row.get(1)?,
                level: row.get(2)?,
                tokens: row.get(3)?,
            })
        })
    }
}

impl Write<'_> {
    /// Takes a row out that [`Read::orphans`] has named.
    pub fn take_orphan(&self, of: Orphan, row: &str) -> Result<()> {
        const OWN: &str = "DELETE FROM words WHERE rowid = CAST(:row AS INTEGER)";
        const NEAR: &str = "DELETE FROM words_near WHERE rowid = CAST(:row AS INTEGER)";
        if of == Orphan::Mention {
            // Counts go by what was there: all of it is made anew.
            return self.forget_extraction();
        }
        if of == Orphan::Gathered {
            self.forget_days()?;
            return self.forget_topics();
        }
        if of == Orphan::Vector {
            return self.take_stray_vector(row);
        }
        if of == Orphan::EmptyNode {
            self.leave_period_of(row)?;
        }
        let sqls = of.kind().map_or(vec![OWN, NEAR], |kind| vec![kind.delete]);
        for sql in sqls {
            self.execute(sql, named_params! { ":row": row })?;
        }
        self.clamp_extraction()
    }

    /// Puts a row back. False when what it belongs to is still not there, or another has its key.
    pub fn put_orphan_back(&self, of: Orphan, row: &str) -> Result<bool> {
        let Some(kind) = of.kind() else {
            return Ok(false);
        };
        match self.execute(kind.insert, named_params! { ":row": row }) {
            Ok(rows) => {
                if of == Orphan::Chunk {
                    self.extract_anew_from(row)?;
                }
                Ok(rows == 1)
            }
            Err(Error::Keeper(error)) if error.class() == oldgrowth_keeper::Class::Constraint => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn leave_period_of(&self, row: &str) -> Result<()> {
        const KEY: &str = "SELECT json_extract(:row, '$.id')";
        let node = self.one(KEY, named_params! { ":row": row }, |row| row.get(0))?;
        self.leave_period(node)
    }

    /// Lets what is looked for in passages be looked for again from this one on, and put to its day; and has it and
    /// its neighbours embedded again.
    fn extract_anew_from(&self, row: &str) -> Result<()> {
        const SQL: &str = "
            UPDATE extraction SET up_to = max(-1, min(up_to, json_extract(:row, '$.id') - 1))";
        const KEYS: &str = "
            SELECT json_extract(:row, '$.id'), json_extract(:row, '$.document_id'), json_extract(:row, '$.ordinal')";
        self.execute(SQL, named_params! { ":row": row })?;
        let of = named_params! { ":row": row };
        let place = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (key, document, ordinal) = self.one(KEYS, of, place)?;
        self.sort_anew_from(key)?;
        self.embed_anew_around(document, ordinal)
    }

    /// Hangs a summary back into the buffer of its level.
    pub fn hang_node(&self, loose: Loose, now: UnixMs) -> Result<()> {
        const CHANGED: &str = "UPDATE periods SET changed = 1 WHERE tree_id = :tree";
        self.execute(CHANGED, named_params! { ":tree": loose.tree })?;
        self.append_to_buffer(
            loose.tree,
            loose.level,
            Member::Node(loose.node),
            loose.tokens,
            now,
        )
    }
}
