-- Why an import was begun: what a watched folder has begun stands apart from what a person asked for.
ALTER TABLE batches ADD COLUMN cause TEXT NOT NULL DEFAULT 'named' CHECK (cause IN ('named', 'again', 'folder'));

-- The newest import that had to do with a source. Among a million jobs it is found by reading them all.
ALTER TABLE sources ADD COLUMN last_batch_id INTEGER;
UPDATE sources SET last_batch_id = (SELECT max(batch_id) FROM jobs WHERE source_id = sources.id);

-- What was not read is little, and counted with every other count.
CREATE INDEX jobs_unread ON jobs (source_id, item, id) WHERE outcome = 'skipped' OR state = 'failed';
