-- The second list of the word index: of what somebody has said its words with those of the passages right before and
-- after it. Where something is there already it is made by itself; until then the list does not hold the key -2, which no
-- passage has.
CREATE VIRTUAL TABLE words_near USING fts5 (
    head, body,
    content = '', contentless_delete = 1,
    tokenize = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mc Mn'"
);
INSERT INTO words_near (rowid, head, body)
SELECT -2, '', '' WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE author IS NOT NULL);
