-- Conversations are documents too. A column's CHECK can't be changed, so the column gives way to another
-- one that has the wider CHECK; the default is there for the rows of before, until they are filled.
ALTER TABLE documents ADD COLUMN kind TEXT NOT NULL DEFAULT 'text'
    CHECK (kind IN ('markdown', 'text', 'html', 'chatgpt', 'claude'));
UPDATE documents SET kind = format;
ALTER TABLE documents DROP COLUMN format;
ALTER TABLE documents RENAME COLUMN kind TO format;

-- When what was found at a place last changed, by its own account. An export of before says less than
-- what is kept already.
ALTER TABLE places ADD COLUMN version_at INTEGER;
