//! What takes room in the store.

use oldgrowth_domain::SourceId;
use rusqlite::Row;

use super::parsed;
use crate::{Read, Result};

/// What a source's documents come to, by their rows alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceBytes {
    pub id: SourceId,
    pub name: String,
    pub root: Option<String>,
    /// Documents that are searched, and earlier versions of them.
    pub documents: u64,
    /// The size of what was read.
    pub original_bytes: u64,
}

/// The passages of a source, read one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    pub id: SourceId,
    pub passages: u64,
    pub text_bytes: u64,
}

/// A table or an index, with all of its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeBytes {
    /// The table that it is or belongs to.
    pub table: String,
    pub bytes: u64,
}

/// The main file by SQLite's own account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileBytes {
    pub all: u64,
    /// Pages that are used again before the file grows.
    pub free: u64,
}

impl Read<'_> {
    /// Costs one row for each document.
    pub fn source_bytes(&self) -> Result<Vec<SourceBytes>> {
        const SQL: &str = "
            SELECT s.public_id, s.name, s.root, count(d.id), coalesce(sum(d.bytes), 0)
            FROM sources s LEFT JOIN documents d ON d.source_id = s.id
            WHERE s.id >= 0 GROUP BY s.id ORDER BY 5 DESC, s.name";
        self.rows(SQL, [], |row| {
            Ok(SourceBytes {
                id: source_id(row)?,
                name: row.get(1)?,
                root: row.get(2)?,
                documents: count(row, 3)?,
                original_bytes: count(row, 4)?,
            })
        })
    }

    /// Reads every passage.
    pub fn source_text(&self) -> Result<Vec<SourceText>> {
        const SQL: &str = "
            SELECT s.public_id, count(*), sum(octet_length(c.text))
            FROM chunks c
            JOIN documents d ON d.id = c.document_id
            JOIN sources s ON s.id = d.source_id
            WHERE s.id >= 0 GROUP BY s.id";
        self.rows(SQL, [], |row| {
            Ok(SourceText {
                id: source_id(row)?,
                passages: count(row, 1)?,
                text_bytes: count(row, 2)?,
            })
        })
    }

    /// Reads every page.
    pub fn tree_bytes(&self) -> Result<Vec<TreeBytes>> {
        const SQL: &str = "
            SELECT coalesce(m.tbl_name, b.name), sum(b.pgsize)
            FROM dbstat b LEFT JOIN sqlite_schema m ON m.name = b.name
            WHERE b.aggregate = TRUE
            GROUP BY 1";
        self.rows(SQL, [], |row| {
            Ok(TreeBytes {
                table: row.get(0)?,
                bytes: count(row, 1)?,
            })
        })
    }

    pub fn file_bytes(&self) -> Result<FileBytes> {
        const SQL: &str = "
            SELECT page_count * page_size, freelist_count * page_size
            FROM pragma_page_count, pragma_page_size, pragma_freelist_count";
        self.one(SQL, [], |row| {
            Ok(FileBytes {
                all: count(row, 0)?,
                free: count(row, 1)?,
            })
        })
    }
}

fn source_id(row: &Row<'_>) -> rusqlite::Result<SourceId> {
    let id: String = row.get(0)?;
    parsed(SourceId::parse(&id), 0)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::unsigned_abs)
}
