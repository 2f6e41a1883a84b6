-- Passages are gathered by their days too, and by whom they name. A tree may belong to either, so its table is made anew with
-- the rows it had; what refers to it is counted as broken in between and whole again at the end.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE trees_before AS SELECT * FROM trees;
DROP TABLE trees;
CREATE TABLE trees (
    id        INTEGER PRIMARY KEY,
    kind      TEXT    NOT NULL CHECK (kind IN ('source', 'period', 'topic')),
    source_id INTEGER UNIQUE REFERENCES sources (id),
    CHECK ((kind = 'source') = (source_id IS NOT NULL))
) STRICT;
INSERT INTO trees (id, kind, source_id) SELECT id, kind, source_id FROM trees_before;
DROP TABLE trees_before;

-- Where a passage waits and where it is summed up, it is once for its source, once for its day, and once for each
-- topic: 0, 1 and 2. Of a node it is the branch that its tree is of.
CREATE TABLE buffer_items_before AS SELECT * FROM buffer_items;
DROP TABLE buffer_items;
CREATE TABLE buffer_items (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tree_id     INTEGER NOT NULL REFERENCES trees (id),
    level       INTEGER NOT NULL CHECK (level >= 0),
    chunk_id    INTEGER REFERENCES chunks (id),
    child_id    INTEGER UNIQUE REFERENCES nodes (id),
    tokens      INTEGER NOT NULL CHECK (tokens >= 0),
    appended_at INTEGER NOT NULL,
    branch      INTEGER NOT NULL DEFAULT 0 CHECK (branch BETWEEN 0 AND 2),
    CHECK ((chunk_id IS NULL) <> (child_id IS NULL)),
    CHECK ((level = 0) = (child_id IS NULL))
) STRICT;
INSERT INTO buffer_items (id, tree_id, level, chunk_id, child_id, tokens, appended_at)
SELECT id, tree_id, level, chunk_id, child_id, tokens, appended_at FROM buffer_items_before;
DROP TABLE buffer_items_before;
CREATE INDEX buffer_items_order ON buffer_items (tree_id, level, id);
CREATE UNIQUE INDEX buffer_items_chunk ON buffer_items (chunk_id, branch, iif(branch = 2, tree_id, 0))
    WHERE chunk_id IS NOT NULL;

ALTER TABLE node_children ADD COLUMN branch INTEGER NOT NULL DEFAULT 0 CHECK (branch BETWEEN 0 AND 2);
DROP INDEX node_children_chunk;
CREATE INDEX node_children_chunk ON node_children (chunk_id, branch) WHERE chunk_id IS NOT NULL;
CREATE UNIQUE INDEX node_children_day ON node_children (chunk_id) WHERE branch = 1 AND chunk_id IS NOT NULL;

-- A day, a week, a month or a year: its tree, and the summary on top of it once there is one. That waits in the tree
-- of the wider stretch, or in its own where there is none wider, until it is summed up there.
CREATE TABLE periods (
    tree_id   INTEGER NOT NULL UNIQUE REFERENCES trees (id),
    rank      INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 3),
    first_day INTEGER NOT NULL, -- counted from 1970-01-01
    last_day  INTEGER NOT NULL CHECK (last_day >= first_day),
    root_id   INTEGER UNIQUE REFERENCES nodes (id),
    changed   INTEGER NOT NULL CHECK (changed IN (0, 1)), -- since it was summed up
    PRIMARY KEY (rank, first_day)
) STRICT, WITHOUT ROWID;
CREATE INDEX periods_changed ON periods (rank, first_day) WHERE changed = 1;

-- How far the passages were put to their days, in the order of their keys, and by which clock.
CREATE TABLE days (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    zone  TEXT    NOT NULL CHECK (zone <> ''),
    up_to INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

-- Whom and what passages name often and lately: a tree of the passages that name it. It is known by the public id of the
-- name, for names are found anew now and then.
CREATE TABLE topics (
    entity  TEXT    NOT NULL PRIMARY KEY,
    tree_id INTEGER NOT NULL UNIQUE REFERENCES trees (id),
    kind    TEXT    NOT NULL CHECK (kind IN ('person', 'organisation', 'tag')),
    name    TEXT    NOT NULL CHECK (name <> ''),
    hot     INTEGER NOT NULL CHECK (hot IN (0, 1)), -- what is said of it comes to its tree
    hotness REAL    NOT NULL,
    seen_at INTEGER NOT NULL, -- when that was found
    changed INTEGER NOT NULL CHECK (changed IN (0, 1)) -- its tree may not hold just what names it
) STRICT, WITHOUT ROWID;
CREATE INDEX topics_changed ON topics (entity) WHERE changed = 1;
CREATE INDEX topics_name ON topics (name, entity);

-- How far it was looked at whom passages name, in the order of their keys, and by which extractor that was found.
CREATE TABLE topics_seen (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    extractor TEXT    NOT NULL CHECK (extractor <> ''),
    up_to     INTEGER NOT NULL CHECK (up_to >= -1)
) STRICT;

-- The person's own tags: of a document each once, whatever its capital letters. What comes to a source later has
-- the tags of its source, which stand there one a line.
CREATE TABLE document_tags (
    document_id INTEGER NOT NULL REFERENCES documents (id),
    folded      TEXT    NOT NULL CHECK (folded <> ''),
    tag         TEXT    NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    PRIMARY KEY (document_id, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_tags_tag ON document_tags (folded, tag);
ALTER TABLE sources ADD COLUMN tags TEXT NOT NULL DEFAULT '';
