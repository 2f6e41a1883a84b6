//! The word index: two lists of the same passages, the second with the words of their neighbours.

use oldgrowth_domain::calendar::Day;
use oldgrowth_domain::words::index_text;
use oldgrowth_domain::{TimeZone, UnixMs};
use rusqlite::named_params;

use super::canary::{FIRST_KEY, first_key};
use crate::{ChunkKey, DocumentKey, Read, Result, SourceKey, Write};

/// What a passage belongs to, as people tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Read from a file of its own.
    Document,
    /// Typed in.
    Note,
    /// Read from the export of a chat service.
    Conversation,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Note => "note",
            Self::Conversation => "conversation",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Document, Self::Note, Self::Conversation]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Which passages may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter<'f> {
    pub source: Option<SourceKey>,
    /// Who said it; capital letters make no difference.
    pub author: Option<&'f str>,
    /// Both included. A passage without a date is left out when either is set.
    pub from: Option<UnixMs>,
    pub to: Option<UnixMs>,
    pub kind: Option<Kind>,
    /// A tag of its document, folded.
    pub tag: Option<&'f str>,
}

/// What a passage `c` must be to pass a filter, as a part of a statement.
macro_rules! passes {
    () => {
        "(:from IS NULL OR c.happened_at >= :from)
           AND (:to IS NULL OR c.happened_at <= :to)
           AND (:author IS NULL OR c.author = :author COLLATE NOCASE)
           AND (:source IS NULL OR EXISTS (
                 SELECT 1 FROM places p WHERE p.document_id = c.document_id AND p.source_id = :source))
           AND (:kind IS NULL OR :kind = (
                 SELECT CASE WHEN d.format IN ('chatgpt', 'claude') THEN 'conversation'
                             WHEN s.kind = 'notes' THEN 'note' ELSE 'document' END
                 FROM documents d JOIN sources s ON s.id = d.source_id WHERE d.id = c.document_id))
           AND (:tag IS NULL OR EXISTS (
                 SELECT 1 FROM document_tags t WHERE t.document_id = c.document_id AND t.folded = :tag))"
    };
}
pub(super) use passes;

/// The parameters of a statement with [`passes`], and these.
macro_rules! passing {
    ($filter:expr $(, $name:literal: $value:expr)* $(,)?) => {
        named_params! {
            ":from": $filter.from.map(|at| at.0),
            ":to": $filter.to.map(|at| at.0),
            ":author": $filter.author,
            ":source": $filter.source,
            ":kind": $filter.kind.map(Kind::as_str),
            ":tag": $filter.tag,
            $($name: $value),*
        }
    };
}
pub(super) use passing;

/// A statement about the passages of a list that hold what is wanted and may answer.
macro_rules! filtered {
    ($list:literal, $select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM ",
            $list,
            " w JOIN chunks c ON c.id = w.rowid WHERE ",
            $list,
            " MATCH :query AND w.rowid >= :first AND ",
            passes!(),
            " ",
            $rest
        )
    };
}

impl Filter<'_> {
    pub fn is_open(self) -> bool {
        self == Self::default()
    }
}

/// What is looked for: any of the words. Each is looked for as it is written: if the index would split
/// it, its parts must stand side by side.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    pub words: &'w [String],
    /// Words that only begin with this count as well: somebody may still be writing it.
    pub begun: Option<&'w str>,
}

impl<'w> Wanted<'w> {
    pub fn whole(words: &'w [String]) -> Self {
        Self { words, begun: None }
    }
}

/// A passage that holds some of the words, with its BM25 score: higher is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordHit {
    pub chunk: ChunkKey,
    pub score: f64,
}

/// The lists of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The words of a passage, with its title, its headings and its date.
    Own,
    /// The same, with the words of the passages right before and after it in its document. Only of what
    /// somebody has said: in other texts the neighbours of what is meant are not what is meant.
    Near,
}

impl Read<'_> {
    /// The best `limit` passages of a list that hold any of what is wanted.
    pub fn search_words(
        &self,
        list: List,
        wanted: Wanted<'_>,
        filter: Filter<'_>,
        limit: u32,
    ) -> Result<Vec<WordHit>> {
        // By the function, not by the column `rank`: that one is worked out again for each row read.
        const ALL: &str = "
            SELECT rowid, bm25(words) AS cost FROM words WHERE words MATCH :query AND rowid >= :first
            ORDER BY cost LIMIT :limit";
        const ALL_NEAR: &str = "
            SELECT rowid, bm25(words_near) AS cost FROM words_near WHERE words_near MATCH :query AND rowid >= :first
            ORDER BY cost LIMIT :limit";
        const FILTERED: &str = filtered!(
            "words",
            "SELECT w.rowid, bm25(words) AS cost",
            "ORDER BY cost LIMIT :limit"
        );
        const FILTERED_NEAR: &str = filtered!(
            "words_near",
            "SELECT w.rowid, bm25(words_near) AS cost",
            "ORDER BY cost LIMIT :limit"
        );
        let Some(query) = match_any(wanted) else {
            return Ok(Vec::new());
        };
        let hit = |row: &rusqlite::Row<'_>| {
            Ok(WordHit {
                chunk: row.get(0)?,
                score: -row.get::<_, f64>(1)?,
            })
        };
        if filter.is_open() {
            let sql = match list {
                List::Own => ALL,
                List::Near => ALL_NEAR,
            };
            let params = named_params! { ":query": query, ":limit": limit, ":first": FIRST_KEY };
            return self.rows(sql, params, hit);
        }
        let sql = match list {
            List::Own => FILTERED,
            List::Near => FILTERED_NEAR,
        };
        let params =
            passing!(filter, ":query": query, ":first": first_key(filter.source), ":limit": limit);
        self.rows(sql, params, hit)
    }

    /// How many passages hold any of what is wanted.
    pub fn count_words(&self, wanted: Wanted<'_>, filter: Filter<'_>) -> Result<u32> {
        const ALL: &str = "SELECT count(*) FROM words WHERE words MATCH :query AND rowid >= :first";
        const FILTERED: &str = filtered!("words", "SELECT count(*)", "");
        let Some(query) = match_any(wanted) else {
            return Ok(0);
        };
        if filter.is_open() {
            let params = named_params! { ":query": query, ":first": FIRST_KEY };
            return self.one(ALL, params, |row| row.get(0));
        }
        let params = passing!(filter, ":query": query, ":first": first_key(filter.source));
        self.one(FILTERED, params, |row| row.get(0))
    }

    /// How many passages hold nothing of what is wanted, and stand beside one that does.
    pub fn count_near(&self, wanted: Wanted<'_>, filter: Filter<'_>) -> Result<u32> {
        const SQL: &str = filtered!(
            "words_near",
            "SELECT count(*)",
            "AND w.rowid NOT IN (SELECT rowid FROM words WHERE words MATCH :query)"
        );
        let Some(query) = match_any(wanted) else {
            return Ok(0);
        };
        let params = passing!(filter, ":query": query, ":first": first_key(filter.source));
        self.one(SQL, params, |row| row.get(0))
    }

    /// The part of a passage's BM25 in a list that comes from what is wanted; none if the passage does not
    /// hold it there. BM25 adds up over the words, so the parts of all words of a question are its score.
    pub fn word_score(
        &self,
        list: List,
        wanted: Wanted<'_>,
        chunk: ChunkKey,
    ) -> Result<Option<f64>> {
        const OWN: &str =
            "SELECT -bm25(words) FROM words WHERE words MATCH :query AND rowid = :chunk";
        const NEAR: &str = "
            SELECT -bm25(words_near) FROM words_near WHERE words_near MATCH :query AND rowid = :chunk";
        let Some(query) = match_any(wanted) else {
            return Ok(None);
        };
        let sql = match list {
            List::Own => OWN,
            List::Near => NEAR,
        };
        self.row(
            sql,
            named_params! { ":query": query, ":chunk": chunk },
            |row| row.get(0),
        )
    }

    /// How many passages the index holds.
    pub fn indexed_passages(&self) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM words WHERE rowid >= :first";
        self.one(SQL, named_params! { ":first": FIRST_KEY }, |row| row.get(0))
    }

    /// Other passages that say exactly the same as this one, which holds these words.
    pub fn same_text(
        &self,
        chunk: ChunkKey,
        words: &[String],
        filter: Filter<'_>,
        limit: u32,
    ) -> Result<Vec<ChunkKey>> {
        const SQL: &str = filtered!(
            "words",
            "SELECT w.rowid",
            "AND c.id <> :chunk AND c.text = (SELECT text FROM chunks WHERE id = :chunk)
             ORDER BY w.rowid LIMIT :limit"
        );
        let quoted = quote(words);
        if quoted.is_empty() {
            return Ok(Vec::new());
        }
        let params = passing!(filter, ":query": quoted.join(" AND "), ":first": first_key(filter.source), ":chunk": chunk, ":limit": limit);
        self.rows(SQL, params, |row| row.get(0))
    }
}

/// What the index takes in of a passage.
pub(super) struct Entry {
    pub(super) head: String,
    pub(super) body: String,
    /// The body, between those of its neighbours. None of what nobody has said.
    pub(super) near: Option<String>,
}

impl Read<'_> {
    /// Made from the rows. None for a passage that is not searched.
    pub(super) fn entry(&self, chunk: ChunkKey) -> Result<Option<Entry>> {
        // The time of a file is nothing that anybody has said.
        const SQL: &str = "
            SELECT d.title, c.headings, iif(c.author IS NOT NULL OR d.happened_basis = 'stated', c.happened_at, NULL),
                   c.text, c.author IS NOT NULL, b.author, b.text, a.author, a.text
            FROM chunks c JOIN documents d ON d.id = c.document_id
            LEFT JOIN chunks b ON c.author IS NOT NULL AND b.document_id = c.document_id AND b.ordinal = c.ordinal - 1
            LEFT JOIN chunks a ON c.author IS NOT NULL AND a.document_id = c.document_id AND a.ordinal = c.ordinal + 1
            WHERE c.id = :id AND d.superseded_at IS NULL";
        self.row(SQL, named_params! { ":id": chunk }, |row| {
            let (title, headings): (String, String) = (row.get(0)?, row.get(1)?);
            // The index is the same wherever it is made, so its days are those of UTC.
            let day = row.get::<_, Option<i64>>(2)?.map(UnixMs);
            let day = day.and_then(|at| Day::of(at, &TimeZone::UTC));
            let day = day.map(Day::in_words).unwrap_or_default();
            let body = index_text(&row.get::<_, String>(3)?);
            let neighbour = |author: usize, text: usize| {
                let author: Option<String> = row.get(author)?;
                let text: Option<String> = row.get(text)?;
                let said = [author, text].map(Option::unwrap_or_default).join("\n");
                Ok::<_, rusqlite::Error>(index_text(&said))
            };
            let near = match row.get(4)? {
                true => Some([neighbour(5, 6)?, body.clone(), neighbour(7, 8)?].join("\n")),
                false => None,
            };
            Ok(Entry {
                head: index_text(&format!("{title}\n{headings}\n{day}")),
                body,
                near,
            })
        })
    }
}

impl Write<'_> {
    /// Enters a passage into the word index, as its rows are. To be done after the other writes of a
    /// transaction: a statement that needs a savepoint makes the index write out what it has gathered.
    pub fn index_words(&self, chunk: ChunkKey) -> Result<()> {
        const OWN: &str = "INSERT INTO words (rowid, head, body) VALUES (:id, :head, :body)";
        const NEAR: &str = "INSERT INTO words_near (rowid, head, body) VALUES (:id, :head, :body)";
        self.enter(chunk, OWN, NEAR)
    }

    pub(super) fn enter(
        &self,
        chunk: ChunkKey,
        own: &'static str,
        near: &'static str,
    ) -> Result<()> {
        if let Some(entry) = self.entry(chunk)? {
            self.insert(
                own,
                named_params! { ":id": chunk, ":head": entry.head, ":body": entry.body },
            )?;
            if let Some(said) = entry.near {
                self.insert(
                    near,
                    named_params! { ":id": chunk, ":head": entry.head, ":body": said },
                )?;
            }
        }
        Ok(())
    }

    /// Takes a passage out of the word index, as far as it is in it.
    pub fn unindex_words(&self, chunk: ChunkKey) -> Result<()> {
        const OWN: &str = "DELETE FROM words WHERE rowid = :id";
        const NEAR: &str = "DELETE FROM words_near WHERE rowid = :id";
        for sql in [OWN, NEAR] {
            self.execute(sql, named_params! { ":id": chunk })?;
        }
        Ok(())
    }

    /// Takes all passages of a document out of the word index.
    pub fn unindex_document(&self, document: DocumentKey) -> Result<()> {
        const OWN: &str = "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE document_id = :document)";
        const NEAR: &str = "DELETE FROM words_near WHERE rowid IN (SELECT id FROM chunks WHERE document_id = :document)";
        for sql in [OWN, NEAR] {
            self.execute(sql, named_params! { ":document": document })?;
        }
        Ok(())
    }
}

/// An FTS5 expression for "any of these", each quoted so that nothing in it is an operator.
fn match_any(wanted: Wanted<'_>) -> Option<String> {
    let mut quoted = quote(wanted.words);
    let begun = wanted.begun.map(str::to_owned);
    quoted.extend(
        quote(begun.as_slice())
            .iter()
            .map(|word| format!("{word}*")),
    );
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

fn quote(words: &[String]) -> Vec<String> {
    words
        .iter()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"", word.replace(['"', '\0'], " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_an_operator() {
        let words = ["a\"b", "NEAR", "*", "c-d"].map(str::to_owned);
        assert_eq!(
            match_any(Wanted {
                words: &words,
                begun: Some("x\"*")
            })
            .as_deref(),
            Some("\"a b\" OR \"NEAR\" OR \"c-d\" OR \"x *\"*")
        );
        assert_eq!(
            match_any(Wanted::whole(&["--".to_owned()])),
            None,
            "nothing to look for"
        );
    }
}
