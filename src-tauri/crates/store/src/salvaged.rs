//! What can be read of a damaged memory and belongs to nothing that is left of it is given something to belong to.

use oldgrowth_domain::chunking::CHUNK_RULE_VERSION;
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{DocumentId, UnixMs};
use rusqlite::named_params;

use crate::table::sources::Origin;
use crate::{DocumentKey, Result, SourceKey, Write};

/// The notes, which is where a text belongs that comes from nowhere.
const NOTES: &str = "Notes";

/// Makes a document for the passages whose own was lost, with the key that they refer to: under the name of the file
/// that it was read from, where that is known. What was kept under sources that were lost goes to the notes. Answers
/// how many documents were made.
pub(crate) fn take_in(w: &Write<'_>, now: UnixMs) -> Result<u64> {
    const UNDER_LOST: &str = "
        SELECT EXISTS (SELECT 1 FROM documents WHERE source_id NOT IN (SELECT id FROM sources))
            OR EXISTS (SELECT 1 FROM places WHERE source_id NOT IN (SELECT id FROM sources))
            OR EXISTS (SELECT 1 FROM trees WHERE source_id NOT IN (SELECT id FROM sources))
            OR EXISTS (SELECT 1 FROM buffer_items WHERE tree_id NOT IN (SELECT id FROM trees))
            OR EXISTS (SELECT 1 FROM nodes WHERE tree_id NOT IN (SELECT id FROM trees))";
    const DOCUMENTS: &str =
        "UPDATE documents SET source_id = :notes WHERE source_id NOT IN (SELECT id FROM sources)";
    // Two of one name: the second leads nowhere, as both did.
    const PLACES: &str = "
        UPDATE OR IGNORE places SET source_id = :notes WHERE source_id NOT IN (SELECT id FROM sources)";
    // What was gathered under them is gathered there.
    const WAITING: &str = "
        UPDATE buffer_items SET tree_id = :tree
        WHERE tree_id NOT IN (SELECT t.id FROM trees t JOIN sources s ON s.id = t.source_id)";
    const SUMMARIES: &str = "
        UPDATE nodes SET tree_id = :tree
        WHERE tree_id NOT IN (SELECT t.id FROM trees t JOIN sources s ON s.id = t.source_id)";
    const TREES: &str = "DELETE FROM trees WHERE source_id NOT IN (SELECT id FROM sources)";
    const WITHOUT: &str = "
        SELECT c.document_id, sum(length(CAST(c.text AS BLOB))),
               (SELECT p.item FROM places p WHERE p.document_id = c.document_id LIMIT 1),
               (SELECT p.source_id FROM places p JOIN sources s ON s.id = p.source_id
                WHERE p.document_id = c.document_id LIMIT 1)
        FROM chunks c WHERE c.document_id > 0 AND c.document_id NOT IN (SELECT id FROM documents)
        GROUP BY c.document_id";
    const INSERT: &str = "
        INSERT INTO documents (id, public_id, source_id, sha256, format, title, bytes, happened_basis, imported_at,
                               chunk_rule)
        VALUES (:id, :public_id, :source, :sha256, 'text', :title, :bytes, 'unknown', :now, :chunk_rule)";
    const PLACE: &str = "
        INSERT OR IGNORE INTO places (source_id, item, document_id, seen_at)
        SELECT :source, :item, :document, :now
        WHERE NOT EXISTS (SELECT 1 FROM places WHERE document_id = :document AND source_id = :source)";
    // Where all of it was known to belong elsewhere.
    const TREE_OF_NOTHING: &str = "
        DELETE FROM trees WHERE source_id = :notes
          AND NOT EXISTS (SELECT 1 FROM nodes WHERE tree_id = trees.id)
          AND NOT EXISTS (SELECT 1 FROM buffer_items WHERE tree_id = trees.id)";
    const NOTES_OF_NOTHING: &str = "
        DELETE FROM sources WHERE id = :notes
          AND NOT EXISTS (SELECT 1 FROM documents WHERE source_id = :notes)
          AND NOT EXISTS (SELECT 1 FROM places WHERE source_id = :notes)
          AND NOT EXISTS (SELECT 1 FROM trees WHERE source_id = :notes)
          AND NOT EXISTS (SELECT 1 FROM jobs WHERE source_id = :notes)";
    let without: Vec<(DocumentKey, i64, Option<String>, Option<SourceKey>)> =
        w.rows(WITHOUT, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let under_lost: bool = w.one(UNDER_LOST, [], |row| row.get(0))?;
    if without.is_empty() && !under_lost {
        w.detach_jobs_of_gone_documents()?;
        return Ok(0);
    }
    w.detach_jobs_of_gone_documents()?;
    let notes = w.ensure_source(Origin::Notes, NOTES, now)?.key;
    for sql in [DOCUMENTS, PLACES] {
        w.execute(sql, named_params! { ":notes": notes })?;
    }
    let tree = w.ensure_tree(notes)?;
    for sql in [WAITING, SUMMARIES] {
        w.execute(sql, named_params! { ":tree": tree })?;
    }
    w.execute(TREES, [])?;
    let made = without.len() as u64;
    for (document, bytes, item, source) in without {
        let mark = content_hash(&["saved", &document.get().to_string()]);
        let item = item.unwrap_or_else(|| mark.clone());
        let name = item.rsplit(['/', '\\']).next().unwrap_or(&item);
        let title = if item == mark {
            format!("Saved text {}", document.get())
        } else {
            name.to_owned()
        };
        w.execute(
            INSERT,
            named_params! {
                ":id": document,
                ":public_id": DocumentId::derived(&[mark.as_bytes()]).as_str(),
                ":source": source.unwrap_or(notes),
                ":sha256": mark,
                ":title": title,
                ":bytes": bytes,
                ":now": now.0,
                ":chunk_rule": CHUNK_RULE_VERSION,
            },
        )?;
        w.execute(
            PLACE,
            named_params! {
                ":source": source.unwrap_or(notes), ":item": item, ":document": document, ":now": now.0,
            },
        )?;
    }
    for sql in [TREE_OF_NOTHING, NOTES_OF_NOTHING] {
        w.execute(sql, named_params! { ":notes": notes })?;
    }
    Ok(made)
}
