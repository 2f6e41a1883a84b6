-- A source may be a service's conversations or the sample memories too, and a folder may be watched. The
-- checks of a table can't be changed, so it is made anew with the rows it had; what refers to it is counted
-- as broken in between and whole again at the end.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE sources_before AS SELECT * FROM sources;
DROP TABLE sources;
CREATE TABLE sources (
    id             INTEGER PRIMARY KEY,
    public_id      TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL CHECK (kind IN ('folder', 'notes', 'chats', 'samples')),
    root           TEXT    UNIQUE,
    service        TEXT    UNIQUE CHECK (service IN ('chatgpt', 'claude')),
    name           TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_import_at INTEGER,
    watched_since  INTEGER,
    last_batch_id  INTEGER, -- the newest import that had to do with it: among a million jobs it is found by reading all
    CHECK ((kind IN ('folder', 'samples')) = (root IS NOT NULL)),
    CHECK ((kind = 'chats') = (service IS NOT NULL)),
    CHECK (kind = 'folder' OR watched_since IS NULL)
) STRICT;
INSERT INTO sources (id, public_id, kind, root, name, created_at, last_import_at, last_batch_id)
SELECT id, public_id, kind, root, name, created_at, last_import_at,
       (SELECT max(batch_id) FROM jobs WHERE source_id = sources_before.id)
FROM sources_before;
DROP TABLE sources_before;

-- Who said it. Of a conversation's passages it stood only among the headings, last.
ALTER TABLE chunks ADD COLUMN author TEXT CHECK (author <> '');
UPDATE chunks SET author = nullif(substr(headings, instr(headings, char(10)) + 1), '')
WHERE document_id IN (SELECT id FROM documents WHERE format IN ('chatgpt', 'claude'));
CREATE INDEX chunks_author ON chunks (author, document_id, happened_at) WHERE author IS NOT NULL;

-- Content that was superseded and comes back is told from its earlier copies by their number. Without this
-- each new document read through all there are to count them.
CREATE INDEX documents_superseded_content ON documents (sha256) WHERE superseded_at IS NOT NULL;

-- How far an import has come is counted in the index alone.
DROP INDEX jobs_batch;
CREATE INDEX jobs_batch ON jobs (batch_id, state, outcome, bytes, source_id) WHERE batch_id IS NOT NULL;

-- When a summary was last made is asked whenever one has failed.
CREATE INDEX nodes_sealed ON nodes (sealed_at);

-- Why an import was begun: what a watched folder has begun stands apart from what a person asked for.
ALTER TABLE batches ADD COLUMN cause TEXT NOT NULL DEFAULT 'named' CHECK (cause IN ('named', 'again', 'folder'));

-- What was not read is little, and counted with every other count.
CREATE INDEX jobs_unread ON jobs (source_id, item, id) WHERE outcome = 'skipped' OR state = 'failed';
