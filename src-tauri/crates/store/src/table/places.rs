//! Where a document's content was last seen.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use rusqlite::named_params;

use super::time;
use crate::{DocumentKey, Read, Result, SourceKey, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source's folder; none for notes and conversations.
    pub root: Option<String>,
    /// The service that a conversation was held with.
    pub service: Option<Format>,
    /// The path below the folder, with forward slashes; of a conversation its key.
    pub item: String,
}

/// What was last found at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub document: DocumentKey,
    /// When it last changed, by its own account.
    pub version_at: Option<UnixMs>,
}

/// What is known of a file from the last time it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    pub sha256: String,
    pub bytes: u64,
    pub seen_at: UnixMs,
    /// The time that the file bore, where that is what its date was taken from.
    pub modified: Option<UnixMs>,
}

impl Read<'_> {
    /// What was last kept of the file at a place.
    pub fn known_file(&self, source: SourceKey, item: &str) -> Result<Option<KnownFile>> {
        const SQL: &str = "
            SELECT d.sha256, d.bytes, p.seen_at,
                   CASE d.happened_basis WHEN 'file_time' THEN d.happened_at END
            FROM places p JOIN documents d ON d.id = p.document_id
            WHERE p.source_id = :source AND p.item = :item";
        self.row(
            SQL,
            named_params! { ":source": source, ":item": item },
            |row| {
                Ok(KnownFile {
                    sha256: row.get(0)?,
                    bytes: row.get::<_, i64>(1)?.unsigned_abs(),
                    seen_at: UnixMs(row.get(2)?),
                    modified: time(row.get(3)?),
                })
            },
        )
    }

    /// The files of a source at which something is kept, with what. Conversations are no files.
    pub fn files_of(&self, source: SourceKey) -> Result<Vec<(String, DocumentKey)>> {
        const SQL: &str = "
            SELECT p.item, p.document_id FROM places p JOIN documents d ON d.id = p.document_id
            WHERE p.source_id = :source AND d.format NOT IN ('chatgpt', 'claude')";
        self.rows(SQL, named_params! { ":source": source }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// How many files of a source an import of all of it, begun at this instant, has not met again: what
    /// it did not touch, and whose content it has found nowhere else.
    pub fn files_not_met(
        &self,
        source: SourceKey,
        batch: crate::BatchKey,
        begun: UnixMs,
    ) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM places p JOIN documents d ON d.id = p.document_id
            WHERE p.source_id = :source AND p.seen_at < :begun AND d.format NOT IN ('chatgpt', 'claude')
              AND NOT EXISTS (SELECT 1 FROM places q
                               WHERE q.document_id = p.document_id AND q.seen_at >= :begun)
              AND NOT EXISTS (SELECT 1 FROM jobs j
                               WHERE j.source_id = p.source_id AND j.item = p.item AND j.batch_id = :batch)";
        let params = named_params! { ":source": source, ":batch": batch, ":begun": begun.0 };
        self.one(SQL, params, |row| row.get(0))
    }

    pub fn placed_at(&self, source: SourceKey, item: &str) -> Result<Option<Placed>> {
        const SQL: &str =
            "SELECT document_id, version_at FROM places WHERE source_id = :source AND item = :item";
        self.row(
            SQL,
            named_params! { ":source": source, ":item": item },
            |row| {
                Ok(Placed {
                    document: row.get(0)?,
                    version_at: time(row.get(1)?),
                })
            },
        )
    }

    /// One of the places of a document, always the same one. A superseded document has none.
    pub fn place_of(&self, document: DocumentKey) -> Result<Option<Place>> {
        const SQL: &str = "
            SELECT s.root, s.service, p.item FROM places p JOIN sources s ON s.id = p.source_id
            WHERE p.document_id = :document ORDER BY p.source_id, p.item LIMIT 1";
        self.row(SQL, named_params! { ":document": document }, |row| {
            let service: Option<String> = row.get(1)?;
            Ok(Place {
                root: row.get(0)?,
                service: service.as_deref().and_then(Format::parse),
                item: row.get(2)?,
            })
        })
    }

    /// All the places of a document, with the source of each, in the order of [`Read::place_of`].
    pub fn places_of(&self, document: DocumentKey, limit: u32) -> Result<Vec<(SourceKey, Place)>> {
        const SQL: &str = "
            SELECT s.root, s.service, p.item, p.source_id FROM places p JOIN sources s ON s.id = p.source_id
            WHERE p.document_id = :document ORDER BY p.source_id, p.item LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":document": document, ":limit": limit },
            |row| {
                let service: Option<String> = row.get(1)?;
                let place = Place {
                    root: row.get(0)?,
                    service: service.as_deref().and_then(Format::parse),
                    item: row.get(2)?,
                };
                Ok((row.get(3)?, place))
            },
        )
    }

    /// Another source in which an item of this name has been found. Meant for names that are the same in
    /// every source, as those of conversations are.
    pub fn other_source_of_item(&self, item: &str, than: SourceKey) -> Result<Option<SourceKey>> {
        const SQL: &str = "
            SELECT s.id FROM sources s CROSS JOIN places p ON p.source_id = s.id AND p.item = :item
            WHERE s.id <> :than ORDER BY s.id LIMIT 1";
        self.row(SQL, named_params! { ":item": item, ":than": than }, |row| {
            row.get(0)
        })
    }

    pub fn has_place(&self, document: DocumentKey) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM places WHERE document_id = :document)";
        self.one(SQL, named_params! { ":document": document }, |row| {
            row.get(0)
        })
    }
}

impl Write<'_> {
    /// It is found nowhere any more.
    pub fn remove_places_of(&self, document: DocumentKey) -> Result<()> {
        const SQL: &str = "DELETE FROM places WHERE document_id = :document";
        self.execute(SQL, named_params! { ":document": document })?;
        Ok(())
    }

    /// Records a document at a place where none has been found before.
    pub fn insert_place(
        &self,
        source: SourceKey,
        item: &str,
        placed: Placed,
        now: UnixMs,
    ) -> Result<()> {
        // No upsert: that would run in a savepoint of its own, at which the word index writes out
        // what it has gathered, for each document instead of for each commit.
        const SQL: &str = "
            INSERT INTO places (source_id, item, document_id, seen_at, version_at)
            VALUES (:source, :item, :document, :now, :version_at)";
        let params = named_params! {
            ":source": source, ":item": item, ":document": placed.document, ":now": now.0,
            ":version_at": placed.version_at.map(|at| at.0),
        };
        self.execute(SQL, params)?;
        Ok(())
    }

    /// Forgets at which places of a source anything was found.
    pub fn delete_places_of(&self, source: SourceKey) -> Result<()> {
        const SQL: &str = "DELETE FROM places WHERE source_id = :source";
        self.execute(SQL, named_params! { ":source": source })?;
        Ok(())
    }

    /// Moves a place to a source in which there is none of this name.
    pub fn move_place(&self, item: &str, from: SourceKey, to: SourceKey) -> Result<()> {
        const SQL: &str =
            "UPDATE places SET source_id = :to WHERE source_id = :from AND item = :item";
        self.execute(
            SQL,
            named_params! { ":item": item, ":from": from, ":to": to },
        )?;
        Ok(())
    }

    /// Records what is now found at a known place.
    pub fn update_place(
        &self,
        source: SourceKey,
        item: &str,
        placed: Placed,
        now: UnixMs,
    ) -> Result<()> {
        const SQL: &str = "
            UPDATE places SET document_id = :document, seen_at = :now, version_at = :version_at
            WHERE source_id = :source AND item = :item";
        let params = named_params! {
            ":source": source, ":item": item, ":document": placed.document, ":now": now.0,
            ":version_at": placed.version_at.map(|at| at.0),
        };
        self.execute(SQL, params)?;
        Ok(())
    }
}
