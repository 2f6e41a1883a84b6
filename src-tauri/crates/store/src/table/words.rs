//! The word index.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::words::index_text;
use rusqlite::named_params;

use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey, Write};

/// Which passages may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter<'f> {
    pub source: Option<SourceKey>,
    /// Who said it; capital letters make no difference.
    pub author: Option<&'f str>,
    /// Both included. A passage without a date is left out when either is set.
    pub from: Option<UnixMs>,
    pub to: Option<UnixMs>,
}

impl Filter<'_> {
    fn is_open(self) -> bool {
        self == Self::default()
    }
}

/// A passage that holds some of the words, with its BM25 score: higher is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordHit {
    pub chunk: ChunkKey,
    pub score: f64,
}

impl Read<'_> {
    /// The best `limit` passages that hold any of these words. Each word is looked for as it is
    /// written: if the index would split it, its parts must stand side by side.
    pub fn search_words(
        &self,
        words: &[String],
        filter: Filter<'_>,
        limit: u32,
    ) -> Result<Vec<WordHit>> {
        // By the function, not by the column `rank`: that one is worked out again for each row read.
        const ALL: &str = "
            SELECT rowid, bm25(words) AS cost FROM words WHERE words MATCH :query ORDER BY cost LIMIT :limit";
        const FILTERED: &str = "
            SELECT w.rowid, bm25(words) AS cost
            FROM words w JOIN chunks c ON c.id = w.rowid
            WHERE words MATCH :query
              AND (:from IS NULL OR c.happened_at >= :from)
              AND (:to IS NULL OR c.happened_at <= :to)
              AND (:author IS NULL OR c.author = :author COLLATE NOCASE)
              AND (:source IS NULL OR EXISTS (
                    SELECT 1 FROM places p WHERE p.document_id = c.document_id AND p.source_id = :source))
            ORDER BY cost LIMIT :limit";
        let Some(query) = match_any(words) else {
            return Ok(Vec::new());
        };
        let hit = |row: &rusqlite::Row<'_>| {
            Ok(WordHit {
                chunk: row.get(0)?,
                score: -row.get::<_, f64>(1)?,
            })
        };
        if filter.is_open() {
            return self.rows(ALL, named_params! { ":query": query, ":limit": limit }, hit);
        }
        let params = named_params! {
            ":query": query,
            ":from": filter.from.map(|at| at.0),
            ":to": filter.to.map(|at| at.0),
            ":author": filter.author,
            ":source": filter.source,
            ":limit": limit,
        };
        self.rows(FILTERED, params, hit)
    }
}

impl Write<'_> {
    /// Enters a passage into the word index. To be done after the other writes of a transaction: a
    /// statement that needs a savepoint makes the index write out what it has gathered.
    pub fn index_words(
        &self,
        chunk: ChunkKey,
        title: &str,
        headings: &[String],
        text: &str,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO words (rowid, head, body) VALUES (:id, :head, :body)";
        let head = index_text(&format!("{title}\n{}", headings.join("\n")));
        self.insert(
            SQL,
            named_params! { ":id": chunk, ":head": head, ":body": index_text(text) },
        )?;
        Ok(())
    }

    /// Takes all passages of a document out of the word index.
    pub fn unindex_document(&self, document: DocumentKey) -> Result<usize> {
        const SQL: &str = "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE document_id = :document)";
        self.execute(SQL, named_params! { ":document": document })
    }
}

/// An FTS5 expression for "any of these", each quoted so that nothing in it is an operator.
fn match_any(words: &[String]) -> Option<String> {
    let quoted: Vec<String> = words
        .iter()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"", word.replace(['"', '\0'], " ")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_an_operator() {
        let words = ["a\"b", "NEAR", "*", "c-d"].map(str::to_owned);
        assert_eq!(
            match_any(&words).as_deref(),
            Some("\"a b\" OR \"NEAR\" OR \"c-d\"")
        );
        assert_eq!(match_any(&["--".to_owned()]), None, "nothing to look for");
    }
}
