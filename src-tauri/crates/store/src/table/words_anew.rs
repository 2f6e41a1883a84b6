//! The word index, made anew beside the one in use and put in its place when it is whole. Searches meanwhile
//! go on in the old one, and so does what is written.

use rusqlite::named_params;

use super::canary::FIRST_KEY;
use crate::{ChunkKey, Read, Result, Write};

/// What the lists are made as.
macro_rules! list {
    ($name:literal) => {
        concat!(
            "CREATE VIRTUAL TABLE IF NOT EXISTS ",
            $name,
            " USING fts5 (
                head, body,
                content = '', contentless_delete = 1,
                tokenize = \"porter unicode61 remove_diacritics 2 categories 'L* N* Co Mc Mn'\"
            )"
        )
    };
}

impl Read<'_> {
    /// How many passages are to be in the word index.
    pub fn searched_passages(&self) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM documents d CROSS JOIN chunks c ON c.document_id = d.id
            WHERE d.superseded_at IS NULL AND c.id >= :first";
        self.one(SQL, named_params! { ":first": FIRST_KEY }, |row| row.get(0))
    }

    /// The keys of searched passages after this one, at most so many.
    pub fn searched_after(&self, after: ChunkKey, limit: u32) -> Result<Vec<ChunkKey>> {
        const SQL: &str = "
            SELECT c.id FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            WHERE c.id > :after AND d.superseded_at IS NULL ORDER BY c.id LIMIT :limit";
        let after = after.get().max(FIRST_KEY - 1);
        self.rows(
            SQL,
            named_params! { ":after": after, ":limit": limit },
            |row| row.get(0),
        )
    }

    /// Is the word index there, both lists of it?
    pub fn has_words(&self) -> Result<bool> {
        const SQL: &str =
            "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('words', 'words_near')";
        self.one(SQL, [], |row| row.get(0))
    }

    /// Is a new index being made, or has one been left half made?
    pub fn has_words_anew(&self) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name IN ('words_anew', 'words_near_anew'))";
        self.one(SQL, [], |row| row.get(0))
    }
}

impl Read<'_> {
    /// There are passages, and the index holds none of them, or its second list was never made of what is there.
    pub fn words_are_to_be_made(&self) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM chunks WHERE id >= :first)
               AND (NOT EXISTS (SELECT 1 FROM words_docsize WHERE id >= :first)
                    OR NOT EXISTS (SELECT 1 FROM words_near_docsize WHERE id = -2))";
        self.one(SQL, named_params! { ":first": FIRST_KEY }, |row| row.get(0))
    }
}

impl Write<'_> {
    /// Puts an empty list where there is none, so that what comes can be entered.
    pub fn make_words(&self) -> Result<()> {
        const OWN: &str = list!("words");
        const NEAR: &str = list!("words_near");
        for sql in [OWN, NEAR] {
            self.execute(sql, [])?;
        }
        Ok(())
    }

    /// Begins a new index; what an earlier try has left goes.
    pub fn begin_words_anew(&self) -> Result<()> {
        const OWN: &str = list!("words_anew");
        const NEAR: &str = list!("words_near_anew");
        // Under this key, which no passage has, the list says that it was made of all there is.
        const MADE: &str = "INSERT INTO words_near_anew (rowid, head, body) VALUES (-2, '', '')";
        self.drop_words_anew()?;
        for sql in [OWN, NEAR, MADE] {
            self.execute(sql, [])?;
        }
        Ok(())
    }

    pub fn drop_words_anew(&self) -> Result<()> {
        const OWN: &str = "DROP TABLE IF EXISTS words_anew";
        const NEAR: &str = "DROP TABLE IF EXISTS words_near_anew";
        for sql in [OWN, NEAR] {
            self.execute(sql, [])?;
        }
        Ok(())
    }

    /// Enters these passages, as far as they are still searched.
    pub fn index_words_anew(&self, chunks: &[ChunkKey]) -> Result<()> {
        const OWN: &str = "INSERT INTO words_anew (rowid, head, body) VALUES (:id, :head, :body)";
        const NEAR: &str =
            "INSERT INTO words_near_anew (rowid, head, body) VALUES (:id, :head, :body)";
        for chunk in chunks {
            self.enter(*chunk, OWN, NEAR)?;
        }
        Ok(())
    }

    /// Brings the new index up to date with what was written and taken back meanwhile, and puts it in the
    /// place of the old one, which goes.
    pub fn put_words_anew(&self) -> Result<()> {
        const MISSING: &str = "
            SELECT c.id FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            LEFT JOIN words_anew_docsize w ON w.id = c.id
            WHERE d.superseded_at IS NULL AND w.id IS NULL AND c.id >= :first";
        const LEFT: &str = "
            SELECT w.id FROM words_anew_docsize w
            LEFT JOIN chunks c ON c.id = w.id LEFT JOIN documents d ON d.id = c.document_id
            WHERE d.id IS NULL OR d.superseded_at IS NOT NULL";
        const FORGET: [&str; 2] = [
            "DELETE FROM words_anew WHERE rowid = :id",
            "DELETE FROM words_near_anew WHERE rowid = :id",
        ];
        const PUT: [&str; 4] = [
            "DROP TABLE IF EXISTS words",
            "DROP TABLE IF EXISTS words_near",
            "ALTER TABLE words_anew RENAME TO words",
            "ALTER TABLE words_near_anew RENAME TO words_near",
        ];
        let missing: Vec<ChunkKey> =
            self.rows(MISSING, named_params! { ":first": FIRST_KEY }, |row| {
                row.get(0)
            })?;
        self.index_words_anew(&missing)?;
        let left: Vec<ChunkKey> = self.rows(LEFT, [], |row| row.get(0))?;
        for chunk in left {
            for sql in FORGET {
                self.execute(sql, named_params! { ":id": chunk })?;
            }
        }
        for sql in PUT {
            self.execute(sql, [])?;
        }
        Ok(())
    }
}
