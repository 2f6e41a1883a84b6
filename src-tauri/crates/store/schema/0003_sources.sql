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
    CHECK ((kind IN ('folder', 'samples')) = (root IS NOT NULL)),
    CHECK ((kind = 'chats') = (service IS NOT NULL)),
    CHECK (kind = 'folder' OR watched_since IS NULL)
) STRICT;
INSERT INTO sources (id, public_id, kind, root, name, created_at, last_import_at)
SELECT id, public_id, kind, root, name, created_at, last_import_at FROM sources_before;
DROP TABLE sources_before;

-- Who said it. Of a conversation's passages it stood only among the headings, last.
ALTER TABLE chunks ADD COLUMN author TEXT CHECK (author <> '');
UPDATE chunks SET author = nullif(substr(headings, instr(headings, char(10)) + 1), '')
WHERE document_id IN (SELECT id FROM documents WHERE format IN ('chatgpt', 'claude'));
CREATE INDEX chunks_author ON chunks (author, document_id, happened_at) WHERE author IS NOT NULL;
