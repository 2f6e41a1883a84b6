//! A document that the doctor writes, finds and forgets to see that all of it works. Its rows bear a key that
//! no other row ever has, a negative one, by which every search, list and count of the person's leaves
//! them out.

use oldgrowth_domain::canonical::LineRange;
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{ChunkId, DocumentId, SourceId, UnixMs, text};
use rusqlite::named_params;

use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey, Write};

/// The key of each of its rows.
const KEY: i64 = -1;

/// Rows of the person's begin with this key: in an empty table the next one after [`KEY`] has it.
pub(crate) const FIRST_KEY: i64 = 0;

/// What it is found by at its place.
const ITEM: &str = "canary";

/// No folder has such a name, for it is no path.
const ROOT: &str = "oldgrowth:canary";

impl SourceKey {
    /// The reserved source.
    pub const CANARY: Self = Self(KEY);
}

impl ChunkKey {
    /// The one passage in it.
    pub const CANARY: Self = Self(KEY);
}

impl DocumentKey {
    pub const CANARY: Self = Self(KEY);
}

/// The first key that a search looks at: the reserved one is met only by who asks for its source.
pub(crate) fn first_key(source: Option<SourceKey>) -> i64 {
    if source == Some(SourceKey::CANARY) {
        KEY
    } else {
        FIRST_KEY
    }
}

impl Read<'_> {
    /// How many rows of it there are, over all tables and the word index.
    pub fn canary_rows(&self) -> Result<u32> {
        const SQL: &str = "
            SELECT (SELECT count(*) FROM sources WHERE id = :key) + (SELECT count(*) FROM documents WHERE id = :key)
                 + (SELECT count(*) FROM chunks WHERE id = :key) + (SELECT count(*) FROM places WHERE source_id = :key)
                 + (SELECT count(*) FROM words_docsize WHERE id = :key)
                 + (SELECT count(*) FROM words_near_docsize WHERE id = :key)";
        self.one(SQL, named_params! { ":key": KEY }, |row| row.get(0))
    }
}

impl Write<'_> {
    /// Writes it, with its words in the index. None may be there.
    pub fn write_canary(&self, title: &str, body: &str, now: UnixMs) -> Result<()> {
        const SOURCE: &str = "
            INSERT INTO sources (id, public_id, kind, root, name, created_at)
            VALUES (:key, :public_id, 'samples', :root, :title, :now)";
        const DOCUMENT: &str = "
            INSERT INTO documents (id, public_id, source_id, sha256, format, title, bytes, happened_basis,
                                   imported_at, chunk_rule)
            VALUES (:key, :public_id, :key, :sha256, 'text', :title, :bytes, 'unknown', :now, 0)";
        const CHUNK: &str = "
            INSERT INTO chunks (id, public_id, document_id, ordinal, text, headings, line_first, line_last, tokens)
            VALUES (:key, :public_id, :key, 0, :body, '', :first, :last, :tokens)";
        const PLACE: &str = "
            INSERT INTO places (source_id, item, document_id, seen_at) VALUES (:key, :item, :key, :now)";
        let sha256 = content_hash(&[ROOT, title, body]);
        let source = SourceId::derived(&[ROOT.as_bytes()]);
        let document = DocumentId::derived(&[ROOT.as_bytes(), sha256.as_bytes()]);
        let chunk = ChunkId::derived(&[document.as_str().as_bytes()]);
        let lines = LineRange { first: 1, last: 1 };
        self.insert(
            SOURCE,
            named_params! {
                ":key": KEY, ":public_id": source.as_str(), ":root": ROOT, ":title": title, ":now": now.0,
            },
        )?;
        self.insert(
            DOCUMENT,
            named_params! {
                ":key": KEY, ":public_id": document.as_str(), ":sha256": sha256, ":title": title,
                ":bytes": i64::try_from(body.len()).unwrap_or(i64::MAX), ":now": now.0,
            },
        )?;
        self.insert(
            CHUNK,
            named_params! {
                ":key": KEY, ":public_id": chunk.as_str(), ":body": body, ":first": lines.first,
                ":last": lines.last, ":tokens": text::tokens(body),
            },
        )?;
        self.execute(
            PLACE,
            named_params! { ":key": KEY, ":item": ITEM, ":now": now.0 },
        )?;
        self.index_words(ChunkKey::CANARY)
    }

    /// Removes it whole, or what an earlier one has left. Answers how many rows there were.
    pub fn forget_canary(&self) -> Result<u32> {
        const PLACES: &str = "DELETE FROM places WHERE source_id = :key";
        const CHUNKS: &str = "DELETE FROM chunks WHERE id = :key";
        const DOCUMENTS: &str = "DELETE FROM documents WHERE id = :key";
        const SOURCES: &str = "DELETE FROM sources WHERE id = :key";
        let rows = self.canary_rows()?;
        if rows > 0 {
            self.unindex_words(ChunkKey::CANARY)?;
            for sql in [PLACES, CHUNKS, DOCUMENTS, SOURCES] {
                self.execute(sql, named_params! { ":key": KEY })?;
            }
        }
        Ok(rows)
    }
}

/// Is this where it was put?
pub fn is_canary(place: &super::places::Place) -> bool {
    place.root.as_deref() == Some(ROOT) && place.item == ITEM
}
