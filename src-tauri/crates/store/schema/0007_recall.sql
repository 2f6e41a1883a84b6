-- The second list of the word index: of what somebody has said its words with those of the passages right before and
-- after it. The first takes in the days that were stated from here on. Where something is there already both are made by
-- themselves; until then this one does not hold the key -2, which no passage has.
CREATE VIRTUAL TABLE words_near USING fts5 (
    head, body,
    content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mc Mn'"
);
INSERT INTO words_near (rowid, head, body)
SELECT -2, '', '' WHERE NOT EXISTS (SELECT 1 FROM chunks);

-- Vectors of what passages say, by which the near ones are found. All of it is made of the passages and can be made again:
-- nothing here is anybody's word.
CREATE TABLE vector_models (
    id    INTEGER PRIMARY KEY,
    name  TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    width INTEGER NOT NULL CHECK (width > 0)
) STRICT;

-- One of each passage that is searched, of it and what stands around it. Keys grow with arrival and are never used again,
-- so whoever has seen all up to one knows what is new.
CREATE TABLE vectors (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    chunk_id   INTEGER NOT NULL UNIQUE REFERENCES chunks (id),
    model_id   INTEGER NOT NULL REFERENCES vector_models (id),
    scale      REAL    NOT NULL CHECK (scale >= 0),
    components BLOB    NOT NULL CHECK (length(components) > 0) -- each a signed byte, to be multiplied by the scale
) STRICT;
CREATE INDEX vectors_model ON vectors (model_id);

-- How far the passages were embedded, in the order of their keys, and by which model. What was embedded by another
-- before stays until its turn comes.
CREATE TABLE embedding (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    model TEXT    NOT NULL CHECK (model <> ''),
    up_to INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

-- Passages that this model could not embed.
CREATE TABLE embedding_failures (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id),
    reason   TEXT    NOT NULL CHECK (reason IN ('panic', 'refused'))
) STRICT, WITHOUT ROWID;
