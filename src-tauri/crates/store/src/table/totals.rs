//! How many rows the store has of what a person knows.

use crate::{Read, Result};

/// Compared to prove that a copy of the store is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub sources: u64,
    pub documents: u64,
    pub chunks: u64,
    pub nodes: u64,
    pub jobs: u64,
    pub mentions: u64,
    pub tags: u64,
}

impl Read<'_> {
    pub fn totals(&self) -> Result<Totals> {
        const SQL: &str = "
            SELECT (SELECT count(*) FROM sources WHERE id >= 0), (SELECT count(*) FROM documents WHERE id >= 0),
                   (SELECT count(*) FROM chunks WHERE id >= 0), (SELECT count(*) FROM nodes),
                   (SELECT count(*) FROM jobs), (SELECT count(*) FROM mentions),
                   (SELECT count(*) FROM document_tags)";
        self.one(SQL, [], |row| {
            let count = |column| row.get(column).map(i64::unsigned_abs);
            Ok(Totals {
                sources: count(0)?,
                documents: count(1)?,
                chunks: count(2)?,
                nodes: count(3)?,
                jobs: count(4)?,
                mentions: count(5)?,
                tags: count(6)?,
            })
        })
    }
}
