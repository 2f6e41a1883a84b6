-- What passages name. All of it is made of the passages and can be made again: nothing here is anybody's word.
CREATE TABLE entities (
    id        INTEGER PRIMARY KEY,
    public_id TEXT    NOT NULL UNIQUE,
    kind      TEXT    NOT NULL CHECK (kind IN ('person', 'organisation', 'place', 'email', 'link', 'handle', 'tag',
                                               'date', 'money')),
    name      TEXT    NOT NULL CHECK (name <> ''),
    -- Counted from its mentions, in the transaction that changes them: a list in the order of these is a list by index.
    mentions  INTEGER NOT NULL CHECK (mentions >= 0),
    documents INTEGER NOT NULL CHECK (documents BETWEEN 0 AND mentions),
    first_at  INTEGER,
    last_at   INTEGER,
    CHECK ((first_at IS NULL) = (last_at IS NULL)),
    CHECK (first_at <= last_at)
) STRICT;
CREATE INDEX entities_order ON entities (kind, mentions DESC, id);

-- What each is called, without regard to case and accents. Two of a kind never share a name.
CREATE TABLE aliases (
    kind      TEXT    NOT NULL CHECK (kind IN ('person', 'organisation', 'place', 'email', 'link', 'handle', 'tag',
                                               'date', 'money')),
    folded    TEXT    NOT NULL CHECK (folded <> ''),
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    PRIMARY KEY (kind, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_entity ON aliases (entity_id);

-- Where. Of passages that are searched alone, as in the word index.
CREATE TABLE mentions (
    entity_id   INTEGER NOT NULL REFERENCES entities (id),
    document_id INTEGER NOT NULL, -- the passage's own
    chunk_id    INTEGER NOT NULL REFERENCES chunks (id),
    text_start  INTEGER NOT NULL CHECK (text_start >= 0), -- in bytes
    text_end    INTEGER NOT NULL CHECK (text_end > text_start),
    happened_at INTEGER, -- the passage's own
    PRIMARY KEY (entity_id, document_id, chunk_id, text_start)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_chunk ON mentions (chunk_id);

-- How far the passages were looked through, in the order of their keys, and by what. Without the row nothing that is
-- said above holds, and it is made anew.
CREATE TABLE extraction (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    extractor TEXT    NOT NULL CHECK (extractor <> ''),
    up_to     INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

-- Passages in which nothing could be looked for.
CREATE TABLE extraction_failures (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id),
    reason   TEXT    NOT NULL CHECK (reason IN ('panic', 'refused'))
) STRICT, WITHOUT ROWID;
