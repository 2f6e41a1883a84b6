//! Documents, one row for each distinct content.

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::{DocumentId, Happened, UnixMs};
use rusqlite::{Row, named_params};

use super::chunks::chunk_id;
use super::parsed;
use crate::{DocumentKey, Read, Result, SourceKey, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub key: DocumentKey,
    pub id: DocumentId,
    pub source: SourceKey,
    pub sha256: String,
    pub format: Format,
    pub title: String,
    pub bytes: u64,
    pub happened: Happened,
    pub imported_at: UnixMs,
    pub superseded_at: Option<UnixMs>,
    pub replaced_by: Option<DocumentKey>,
}

#[derive(Clone, Debug)]
pub struct NewDocument {
    pub source: SourceKey,
    pub sha256: String,
    pub format: Format,
    pub title: String,
    pub bytes: u64,
    pub happened: Happened,
    pub imported_at: UnixMs,
    pub chunk_rule: u32,
}

impl Read<'_> {
    pub fn document(&self, key: DocumentKey) -> Result<Document> {
        self.document_if_there(key)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows.into())
    }

    /// None for one that a damage has taken, though something refers to it still.
    pub fn document_if_there(&self, key: DocumentKey) -> Result<Option<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents WHERE id = :id";
        self.row(SQL, named_params! { ":id": key }, document)
    }

    pub fn document_by_id(&self, id: &DocumentId) -> Result<Option<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, document)
    }

    pub fn live_document_by_content(&self, sha256: &str) -> Result<Option<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents WHERE sha256 = :sha256 AND superseded_at IS NULL";
        self.row(SQL, named_params! { ":sha256": sha256 }, document)
    }

    /// The living document that happened just before this one in its source, if this one has a date.
    pub fn document_before(&self, of: &Document) -> Result<Option<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents
            WHERE source_id = :source AND superseded_at IS NULL AND (happened_at, id) < (:at, :id)
            ORDER BY happened_at DESC, id DESC LIMIT 1";
        self.row(
            SQL,
            named_params! { ":source": of.source, ":at": of.happened.at().map(|at| at.0), ":id": of.key },
            document,
        )
    }

    /// As [`Read::document_before`], just after it.
    pub fn document_after(&self, of: &Document) -> Result<Option<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents
            WHERE source_id = :source AND superseded_at IS NULL AND (happened_at, id) > (:at, :id)
            ORDER BY happened_at, id LIMIT 1";
        self.row(
            SQL,
            named_params! { ":source": of.source, ":at": of.happened.at().map(|at| at.0), ":id": of.key },
            document,
        )
    }

    /// What this document took the place of, newest first.
    pub fn documents_replaced_by(&self, key: DocumentKey, limit: u32) -> Result<Vec<Document>> {
        const SQL: &str = "
            SELECT id, public_id, source_id, sha256, format, title, bytes, happened_at, happened_basis,
                   imported_at, superseded_at, replaced_by
            FROM documents WHERE replaced_by = :id ORDER BY id DESC LIMIT :limit";
        self.rows(SQL, named_params! { ":id": key, ":limit": limit }, document)
    }
}

impl Read<'_> {
    pub fn documents_of(&self, source: SourceKey) -> Result<Vec<DocumentKey>> {
        const SQL: &str = "SELECT id FROM documents WHERE source_id = :source";
        self.rows(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    /// The living documents of other sources that were found in this one too.
    pub fn guests_of(&self, source: SourceKey) -> Result<Vec<DocumentKey>> {
        const SQL: &str = "
            SELECT DISTINCT d.id FROM places p JOIN documents d ON d.id = p.document_id
            WHERE p.source_id = :source AND d.source_id <> :source AND d.superseded_at IS NULL";
        self.rows(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    /// Of the living documents of a source, those that are found in another one too, with the first such.
    pub fn documents_elsewhere(&self, source: SourceKey) -> Result<Vec<(DocumentKey, SourceKey)>> {
        const SQL: &str = "
            SELECT d.id, min(p.source_id) FROM documents d
            JOIN places p ON p.document_id = d.id AND p.source_id <> d.source_id
            WHERE d.source_id = :source AND d.superseded_at IS NULL
            GROUP BY d.id ORDER BY d.id";
        self.rows(SQL, named_params! { ":source": source }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

impl Write<'_> {
    /// Removes the documents of a source with their tags, their passages from the word index with what they mention
    /// and their vectors, and the passages themselves. Nothing of a tree may hold one of these any more.
    pub fn delete_documents_of(&self, source: SourceKey) -> Result<usize> {
        const WORDS: &str = "
            DELETE FROM words WHERE rowid IN (SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id
                                               WHERE d.source_id = :source)";
        const NEAR: &str = "
            DELETE FROM words_near WHERE rowid IN (SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id
                                                   WHERE d.source_id = :source)";
        const CHUNKS: &str = "
            DELETE FROM chunks WHERE document_id IN (SELECT id FROM documents WHERE source_id = :source)";
        const REPLACED: &str = "
            UPDATE documents SET replaced_by = NULL
            WHERE replaced_by IN (SELECT id FROM documents WHERE source_id = :source)";
        const JOBS: &str = "
            UPDATE jobs SET document_id = NULL
            WHERE document_id IN (SELECT id FROM documents WHERE source_id = :source)";
        const TAGS: &str = "
            DELETE FROM document_tags WHERE document_id IN (SELECT id FROM documents WHERE source_id = :source)";
        const DOCUMENTS: &str = "DELETE FROM documents WHERE source_id = :source";
        let of = named_params! { ":source": source };
        self.forget_mentions_of_source(source)?;
        self.forget_vectors_of_source(source)?;
        for sql in [WORDS, NEAR, CHUNKS, REPLACED, JOBS, TAGS] {
            self.execute(sql, of)?;
        }
        self.clamp_extraction()?;
        self.execute(DOCUMENTS, of)
    }

    /// Gives a document that was made for passages whose own was lost what is known of it again, if these passages
    /// are of this content. `passages` is how many it has.
    pub fn reclaim_document(&self, new: &NewDocument, passages: u32) -> Result<Option<Document>> {
        const SQL: &str = "
            UPDATE documents
            SET public_id = :public_id, sha256 = :sha256, format = :format, title = :title, bytes = :bytes,
                happened_at = :happened_at, happened_basis = :happened_basis, chunk_rule = :chunk_rule
            WHERE id = :id";
        let id = self.document_id_for(&new.sha256)?;
        let mut found = None;
        for ordinal in 0..passages {
            found = self.chunk_by_id(&chunk_id(&id, ordinal))?;
            if found.is_some() {
                break;
            }
        }
        let Some(found) = found else { return Ok(None) };
        if self.document(found.document)?.id == id {
            return Ok(None);
        }
        self.execute(
            SQL,
            named_params! {
                ":id": found.document,
                ":public_id": id.as_str(),
                ":sha256": new.sha256,
                ":format": new.format.as_str(),
                ":title": new.title,
                ":bytes": i64::try_from(new.bytes).unwrap_or(i64::MAX),
                ":happened_at": new.happened.at().map(|at| at.0),
                ":happened_basis": basis(new.happened),
                ":chunk_rule": new.chunk_rule,
            },
        )?;
        self.document(found.document).map(Some)
    }

    /// The same whenever the same content is read. Content that was superseded and has come back is a document of
    /// its own. At most one is alive.
    fn document_id_for(&self, sha256: &str) -> Result<DocumentId> {
        const EARLIER: &str =
            "SELECT count(*) FROM documents WHERE sha256 = :sha256 AND superseded_at IS NOT NULL";
        let earlier: i64 = self.one(EARLIER, named_params! { ":sha256": sha256 }, |row| {
            row.get(0)
        })?;
        Ok(DocumentId::derived(&[
            sha256.as_bytes(),
            &earlier.to_be_bytes(),
        ]))
    }

    pub fn insert_document(&self, new: &NewDocument) -> Result<Document> {
        // Above what a damage may have left that refers to documents which are gone.
        const SQL: &str = "
            INSERT INTO documents (id, public_id, source_id, sha256, format, title, bytes, happened_at,
                                   happened_basis, imported_at, chunk_rule)
            VALUES (1 + max(ifnull((SELECT max(id) FROM documents), 0),
                            ifnull((SELECT max(document_id) FROM places), 0),
                            ifnull((SELECT max(document_id) FROM chunks), 0)),
                    :public_id, :source, :sha256, :format, :title, :bytes, :happened_at,
                    :happened_basis, :imported_at, :chunk_rule)";
        let id = self.document_id_for(&new.sha256)?;
        let key = self.insert(
            SQL,
            named_params! {
                ":public_id": id.as_str(),
                ":source": new.source,
                ":sha256": new.sha256,
                ":format": new.format.as_str(),
                ":title": new.title,
                ":bytes": i64::try_from(new.bytes).unwrap_or(i64::MAX),
                ":happened_at": new.happened.at().map(|at| at.0),
                ":happened_basis": basis(new.happened),
                ":imported_at": new.imported_at.0,
                ":chunk_rule": new.chunk_rule,
            },
        )?;
        self.document(DocumentKey(key))
    }

    /// Puts a document under another source. Its passages must leave the tree of the one and enter that of
    /// the other in the same transaction.
    pub fn move_document(&self, key: DocumentKey, to: SourceKey) -> Result<()> {
        const SQL: &str = "UPDATE documents SET source_id = :to WHERE id = :id";
        self.execute(SQL, named_params! { ":id": key, ":to": to })?;
        Ok(())
    }

    /// Takes a document out of the living ones. Its passages must leave the indexes and the tree in
    /// the same transaction.
    pub fn supersede_document(
        &self,
        key: DocumentKey,
        by: Option<DocumentKey>,
        now: UnixMs,
    ) -> Result<()> {
        const SQL: &str =
            "UPDATE documents SET superseded_at = :now, replaced_by = :by WHERE id = :id";
        self.execute(SQL, named_params! { ":id": key, ":by": by, ":now": now.0 })?;
        Ok(())
    }
}

pub fn basis(happened: Happened) -> &'static str {
    match happened {
        Happened::Stated(_) => "stated",
        Happened::FileTime(_) => "file_time",
        Happened::Unknown => "unknown",
    }
}

fn happened(at: Option<i64>, basis: &str) -> Option<Happened> {
    match (at, basis) {
        (Some(at), "stated") => Some(Happened::Stated(UnixMs(at))),
        (Some(at), "file_time") => Some(Happened::FileTime(UnixMs(at))),
        (None, "unknown") => Some(Happened::Unknown),
        _ => None,
    }
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let id: String = row.get(1)?;
    let format: String = row.get(4)?;
    let bytes: i64 = row.get(6)?;
    let basis: String = row.get(8)?;
    Ok(Document {
        key: row.get(0)?,
        id: parsed(DocumentId::parse(&id), 1)?,
        source: row.get(2)?,
        sha256: row.get(3)?,
        format: parsed(Format::parse(&format), 4)?,
        title: row.get(5)?,
        bytes: bytes.unsigned_abs(),
        happened: parsed(happened(row.get(7)?, &basis), 8)?,
        imported_at: UnixMs(row.get(9)?),
        superseded_at: super::time(row.get(10)?),
        replaced_by: row.get(11)?,
    })
}
