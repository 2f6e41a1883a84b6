-- Content that was superseded and comes back is told from its earlier copies by their number. Without this
-- each new document read through all there are to count them.
CREATE INDEX documents_superseded_content ON documents (sha256) WHERE superseded_at IS NOT NULL;

-- How far an import has come is counted in the index alone.
DROP INDEX jobs_batch;
CREATE INDEX jobs_batch ON jobs (batch_id, state, outcome, bytes, source_id) WHERE batch_id IS NOT NULL;

-- When a summary was last made is asked whenever one has failed.
CREATE INDEX nodes_sealed ON nodes (sealed_at);
