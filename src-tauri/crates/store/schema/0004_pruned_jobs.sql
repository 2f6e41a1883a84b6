-- The items of old imports that have been tried again since, counted: their own rows are removed, and what
-- an import says of itself stays true.
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
