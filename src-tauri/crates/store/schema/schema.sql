-- What the steps come to, version 7. Written by the store's tests when OLDGROWTH_WRITE_SNAPSHOTS is set.

CREATE TABLE aliases (
    kind      TEXT    NOT NULL CHECK (kind IN ('person', 'organisation', 'place', 'email', 'link', 'handle', 'tag',
                                               'date', 'money')),
    folded    TEXT    NOT NULL CHECK (folded <> ''),
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    PRIMARY KEY (kind, folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX aliases_entity ON aliases (entity_id);

CREATE TABLE batches (
    id         INTEGER PRIMARY KEY,
    public_id  TEXT    NOT NULL UNIQUE,
    label      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    created_at INTEGER NOT NULL,
    ended_at   INTEGER, cause TEXT NOT NULL DEFAULT 'named' CHECK (cause IN ('named', 'again', 'folder')),
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;

CREATE INDEX batches_running ON batches (id) WHERE state = 'running';

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

CREATE UNIQUE INDEX buffer_items_chunk ON buffer_items (chunk_id, branch, iif(branch = 2, tree_id, 0))
    WHERE chunk_id IS NOT NULL;

CREATE INDEX buffer_items_order ON buffer_items (tree_id, level, id);

CREATE TABLE chunks (
    id          INTEGER PRIMARY KEY,
    public_id   TEXT    NOT NULL UNIQUE,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    ordinal     INTEGER NOT NULL CHECK (ordinal >= 0),
    text        TEXT    NOT NULL CHECK (text <> ''),
    headings    TEXT    NOT NULL, -- one a line, outermost first
    line_first  INTEGER NOT NULL CHECK (line_first >= 1),
    line_last   INTEGER NOT NULL CHECK (line_last >= line_first),
    happened_at INTEGER,
    tokens      INTEGER NOT NULL CHECK (tokens >= 0), author TEXT CHECK (author <> ''),
    UNIQUE (document_id, ordinal)
) STRICT;

CREATE INDEX chunks_author ON chunks (author, document_id, happened_at) WHERE author IS NOT NULL;

CREATE TABLE days (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    zone  TEXT    NOT NULL CHECK (zone <> ''),
    up_to INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

CREATE TABLE document_tags (
    document_id INTEGER NOT NULL REFERENCES documents (id),
    folded      TEXT    NOT NULL CHECK (folded <> ''),
    tag         TEXT    NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    PRIMARY KEY (document_id, folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_tags_tag ON document_tags (folded, tag);

CREATE TABLE documents (
    id             INTEGER PRIMARY KEY,
    public_id      TEXT    NOT NULL UNIQUE,
    source_id      INTEGER NOT NULL REFERENCES sources (id),
    sha256         TEXT    NOT NULL CHECK (length(sha256) = 64),
    title          TEXT    NOT NULL,
    bytes          INTEGER NOT NULL CHECK (bytes >= 0),
    happened_at    INTEGER,
    happened_basis TEXT    NOT NULL CHECK (happened_basis IN ('stated', 'file_time', 'unknown')),
    imported_at    INTEGER NOT NULL,
    chunk_rule     INTEGER NOT NULL,
    superseded_at  INTEGER,
    replaced_by    INTEGER REFERENCES documents (id), format TEXT NOT NULL DEFAULT 'text'
    CHECK (format IN ('markdown', 'text', 'html', 'chatgpt', 'claude')),
    CHECK ((happened_at IS NULL) = (happened_basis = 'unknown')),
    CHECK (replaced_by IS NULL OR superseded_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX documents_live_content ON documents (sha256) WHERE superseded_at IS NULL;

CREATE INDEX documents_replaced_by ON documents (replaced_by) WHERE replaced_by IS NOT NULL;

CREATE INDEX documents_source ON documents (source_id);

CREATE INDEX documents_superseded_content ON documents (sha256) WHERE superseded_at IS NOT NULL;

CREATE TABLE embedding (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    model TEXT    NOT NULL CHECK (model <> ''),
    up_to INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

CREATE TABLE embedding_failures (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id),
    reason   TEXT    NOT NULL CHECK (reason IN ('panic', 'refused'))
) STRICT, WITHOUT ROWID;

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

CREATE TABLE extraction (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    extractor TEXT    NOT NULL CHECK (extractor <> ''),
    up_to     INTEGER NOT NULL CHECK (up_to >= -1) -- the last passage's key; -1 before the first
) STRICT;

CREATE TABLE extraction_failures (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id),
    reason   TEXT    NOT NULL CHECK (reason IN ('panic', 'refused'))
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id           INTEGER PRIMARY KEY,
    batch_id     INTEGER REFERENCES batches (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('import_item', 'seal', 'remake')),
    state        TEXT    NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed', 'cancelled')),
    priority     INTEGER NOT NULL,
    source_id    INTEGER REFERENCES sources (id),
    item         TEXT,
    dedupe_key   TEXT,
    payload      TEXT    NOT NULL,
    bytes        INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    deferrals    INTEGER NOT NULL DEFAULT 0 CHECK (deferrals >= 0),
    available_at INTEGER NOT NULL,
    lease_token  INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER,
    ended_at     INTEGER,
    outcome      TEXT    CHECK (outcome IN ('new', 'changed', 'unchanged', 'skipped', 'sealed', 'nothing')),
    reason_code  TEXT,
    reason       TEXT,
    document_id  INTEGER REFERENCES documents (id),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'done') = (outcome IS NOT NULL)),
    CHECK ((kind = 'import_item') = (batch_id IS NOT NULL AND source_id IS NOT NULL AND item IS NOT NULL))
) STRICT;

CREATE INDEX jobs_batch ON jobs (batch_id, state, outcome, bytes, source_id) WHERE batch_id IS NOT NULL;

CREATE INDEX jobs_claim ON jobs (priority, available_at, id) WHERE state = 'ready';

CREATE INDEX jobs_failed ON jobs (ended_at) WHERE state = 'failed';

CREATE INDEX jobs_item ON jobs (source_id, item, id) WHERE source_id IS NOT NULL;

CREATE INDEX jobs_lease ON jobs (lease_until) WHERE state = 'running';

CREATE INDEX jobs_unread ON jobs (source_id, item, id) WHERE outcome = 'skipped' OR state = 'failed';

CREATE UNIQUE INDEX jobs_waiting_twin ON jobs (dedupe_key) WHERE state = 'ready';

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

CREATE TABLE node_children (
    node_id  INTEGER NOT NULL REFERENCES nodes (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    chunk_id INTEGER REFERENCES chunks (id),
    child_id INTEGER UNIQUE REFERENCES nodes (id), branch INTEGER NOT NULL DEFAULT 0 CHECK (branch BETWEEN 0 AND 2),
    PRIMARY KEY (node_id, position),
    CHECK ((chunk_id IS NULL) <> (child_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX node_children_chunk ON node_children (chunk_id, branch) WHERE chunk_id IS NOT NULL;

CREATE UNIQUE INDEX node_children_day ON node_children (chunk_id) WHERE branch = 1 AND chunk_id IS NOT NULL;

CREATE TABLE node_spans (
    node_id     INTEGER NOT NULL REFERENCES nodes (id),
    sentence    INTEGER NOT NULL CHECK (sentence >= 0),
    text_start  INTEGER NOT NULL CHECK (text_start >= 0),
    text_end    INTEGER NOT NULL CHECK (text_end > text_start),
    chunk_id    INTEGER NOT NULL REFERENCES chunks (id),
    chunk_start INTEGER NOT NULL CHECK (chunk_start >= 0),
    chunk_end   INTEGER NOT NULL CHECK (chunk_end > chunk_start),
    PRIMARY KEY (node_id, sentence)
) STRICT, WITHOUT ROWID;

CREATE INDEX node_spans_chunk ON node_spans (chunk_id);

CREATE TABLE nodes (
    id                INTEGER PRIMARY KEY,
    public_id         TEXT    NOT NULL UNIQUE,
    tree_id           INTEGER NOT NULL REFERENCES trees (id),
    level             INTEGER NOT NULL CHECK (level >= 1),
    text              TEXT    NOT NULL,
    tokens            INTEGER NOT NULL CHECK (tokens >= 0),
    passages          INTEGER NOT NULL CHECK (passages >= 0),
    first_happened_at INTEGER,
    last_happened_at  INTEGER,
    summariser        TEXT    NOT NULL,
    degraded          INTEGER NOT NULL CHECK (degraded IN (0, 1)),
    sealed_at         INTEGER NOT NULL
) STRICT;

CREATE INDEX nodes_sealed ON nodes (sealed_at);

CREATE INDEX nodes_tree ON nodes (tree_id, level);

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

CREATE TABLE places (
    source_id   INTEGER NOT NULL REFERENCES sources (id),
    item        TEXT    NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    seen_at     INTEGER NOT NULL, version_at INTEGER,
    PRIMARY KEY (source_id, item)
) STRICT, WITHOUT ROWID;

CREATE INDEX places_document ON places (document_id);

CREATE TABLE pruned_jobs (
    id          INTEGER PRIMARY KEY,
    batch_id    INTEGER NOT NULL REFERENCES batches (id),
    source_id   INTEGER NOT NULL REFERENCES sources (id),
    state       TEXT    NOT NULL CHECK (state IN ('done', 'failed', 'cancelled')),
    outcome     TEXT    CHECK (outcome IN ('new', 'changed', 'unchanged', 'skipped', 'sealed', 'nothing')),
    reason_code TEXT,
    reason      TEXT,
    items       INTEGER NOT NULL CHECK (items >= 1),
    bytes       INTEGER NOT NULL CHECK (bytes >= 0),
    CHECK ((state = 'done') = (outcome IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX pruned_jobs_group
    ON pruned_jobs (batch_id, source_id, state, coalesce(outcome, ''), coalesce(reason_code, ''));

CREATE INDEX pruned_jobs_source ON pruned_jobs (source_id);

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
    last_batch_id  INTEGER, tags TEXT NOT NULL DEFAULT '', -- the newest import that had to do with it: among a million jobs it is found by reading all
    CHECK ((kind IN ('folder', 'samples')) = (root IS NOT NULL)),
    CHECK ((kind = 'chats') = (service IS NOT NULL)),
    CHECK (kind = 'folder' OR watched_since IS NULL)
) STRICT;

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

CREATE TABLE topics_seen (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    extractor TEXT    NOT NULL CHECK (extractor <> ''),
    up_to     INTEGER NOT NULL CHECK (up_to >= -1)
) STRICT;

CREATE TABLE trees (
    id        INTEGER PRIMARY KEY,
    kind      TEXT    NOT NULL CHECK (kind IN ('source', 'period', 'topic')),
    source_id INTEGER UNIQUE REFERENCES sources (id),
    CHECK ((kind = 'source') = (source_id IS NOT NULL))
) STRICT;

CREATE TABLE vector_models (
    id    INTEGER PRIMARY KEY,
    name  TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    width INTEGER NOT NULL CHECK (width > 0)
) STRICT;

CREATE TABLE vectors (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    chunk_id   INTEGER NOT NULL UNIQUE REFERENCES chunks (id),
    model_id   INTEGER NOT NULL REFERENCES vector_models (id),
    scale      REAL    NOT NULL CHECK (scale >= 0),
    components BLOB    NOT NULL CHECK (length(components) > 0) -- each a signed byte, to be multiplied by the scale
) STRICT;

CREATE INDEX vectors_model ON vectors (model_id);

CREATE VIRTUAL TABLE words USING fts5 (
    head, body,
    content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mc Mn'"
);

CREATE VIRTUAL TABLE words_near USING fts5 (
    head, body,
    content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mc Mn'"
);
