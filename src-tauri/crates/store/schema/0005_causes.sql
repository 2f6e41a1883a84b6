-- Why an import was begun: what a watched folder has begun stands apart from what a person asked for.
ALTER TABLE batches ADD COLUMN cause TEXT NOT NULL DEFAULT 'named' CHECK (cause IN ('named', 'again', 'folder'));
