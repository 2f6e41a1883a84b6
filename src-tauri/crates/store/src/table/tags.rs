//! The person's own tags of documents.

use oldgrowth_domain::tags::Tag;
use rusqlite::named_params;

use crate::{DocumentKey, Read, Result, Write};

/// A tag, and how many documents have it that are found today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    pub tag: String,
    pub documents: u32,
}

impl Read<'_> {
    /// In the order of their letters.
    pub fn tags_of(&self, document: DocumentKey) -> Result<Vec<String>> {
        const SQL: &str =
            "SELECT tag FROM document_tags WHERE document_id = :document ORDER BY folded";
        self.rows(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }

    /// The first so many, in the order of their letters. Of one that was written in several ways it is one of them.
    pub fn tags(&self, limit: u32) -> Result<Vec<TagCount>> {
        const SQL: &str = "
            SELECT min(t.tag), count(*)
            FROM document_tags t INDEXED BY document_tags_tag CROSS JOIN documents d ON d.id = t.document_id
            WHERE d.superseded_at IS NULL GROUP BY t.folded ORDER BY t.folded LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, |row| {
            Ok(TagCount {
                tag: row.get(0)?,
                documents: row.get(1)?,
            })
        })
    }
}

impl Write<'_> {
    /// Gives a document these tags, besides those that it has.
    pub fn tag_document(&self, document: DocumentKey, tags: &[Tag]) -> Result<()> {
        const SQL: &str = "
            INSERT INTO document_tags (document_id, folded, tag) VALUES (:document, :folded, :tag)
            ON CONFLICT DO NOTHING";
        for tag in tags {
            self.execute(
                SQL,
                named_params! { ":document": document, ":folded": tag.folded(), ":tag": tag.written() },
            )?;
        }
        Ok(())
    }

    /// Gives a document the tags of another too, which keeps them.
    pub fn take_over_tags(&self, from: DocumentKey, to: DocumentKey) -> Result<()> {
        const SQL: &str = "
            INSERT INTO document_tags (document_id, folded, tag)
            SELECT :to, folded, tag FROM document_tags WHERE document_id = :from
            ON CONFLICT DO NOTHING";
        self.execute(SQL, named_params! { ":from": from, ":to": to })?;
        Ok(())
    }
}
