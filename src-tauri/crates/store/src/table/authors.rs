//! Who speaks in conversations, counted from the passages.

use oldgrowth_domain::UnixMs;
use rusqlite::named_params;

use super::time;
use crate::{Read, Result, SourceKey};

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

impl Read<'_> {
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
