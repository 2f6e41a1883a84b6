//! Who speaks in conversations, counted from the passages.

use oldgrowth_domain::UnixMs;
use rusqlite::named_params;

use super::time;
use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub name: String,
    pub passages: u32,
    /// Conversations in which they speak.
    pub documents: u32,
    pub first_at: Option<UnixMs>,
    pub last_at: Option<UnixMs>,
    pub sources: Vec<SourceKey>,
}

/// What a passage is weighed by, besides its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub document: DocumentKey,
    pub source: SourceKey,
    /// Who said it, and the text of what was said.
    pub said: Option<(String, String)>,
    pub happened_at: Option<UnixMs>,
}

impl Read<'_> {
    /// Everybody who speaks, by name, at most so many.
    pub fn author_names(&self, limit: u32) -> Result<Vec<String>> {
        // From one name to the next: as quick with a million passages as with few.
        const SQL: &str = "
            WITH RECURSIVE names (name) AS (
                SELECT min(author) FROM chunks WHERE author IS NOT NULL
                UNION ALL
                SELECT (SELECT min(author) FROM chunks WHERE author > name AND author IS NOT NULL)
                FROM names WHERE name IS NOT NULL)
            SELECT name FROM names WHERE name IS NOT NULL LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, |row| row.get(0))
    }

    /// None for a passage that a damage has taken, or its document.
    pub fn standing(&self, chunk: ChunkKey) -> Result<Option<Standing>> {
        // The time of a file is nothing that anybody has said.
        const SQL: &str = "
            SELECT c.document_id, d.source_id, c.author, iif(c.author IS NOT NULL, c.text, NULL),
                   iif(c.author IS NOT NULL OR d.happened_basis = 'stated', c.happened_at, NULL)
            FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.id = :id";
        self.row(SQL, named_params! { ":id": chunk }, |row| {
            let (author, text): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            Ok(Standing {
                document: row.get(0)?,
                source: row.get(1)?,
                said: author.zip(text),
                happened_at: time(row.get(4)?),
            })
        })
    }

    /// Those who say most, most first. What has been replaced by a later version is not counted.
    pub fn authors(&self, limit: u32) -> Result<Vec<Author>> {
        // By document first: what is replaced is looked up once for each, not for each passage.
        const SQL: &str = "
            WITH said AS (
                SELECT author, document_id, count(*) AS passages, min(happened_at) AS first_at,
                       max(happened_at) AS last_at
                FROM chunks WHERE author IS NOT NULL GROUP BY author, document_id)
            SELECT author, sum(passages), count(*), min(first_at), max(last_at),
                   group_concat(DISTINCT d.source_id)
            FROM said JOIN documents d ON d.id = document_id AND d.superseded_at IS NULL
            GROUP BY author ORDER BY sum(passages) DESC, author LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, |row| {
            let sources: String = row.get(5)?;
            Ok(Author {
                name: row.get(0)?,
                passages: row.get(1)?,
                documents: row.get(2)?,
                first_at: time(row.get(3)?),
                last_at: time(row.get(4)?),
                sources: sources
                    .split(',')
                    .filter_map(|key| key.parse().ok().map(SourceKey))
                    .collect(),
            })
        })
    }
}
