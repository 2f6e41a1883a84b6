//! What is made of passages is what the rows say: made once more from them, it is the same.

use std::collections::BTreeSet;

use oldgrowth_domain::calendar::Day;
use oldgrowth_domain::words::{fold, index_text};
use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_engine::{ComponentState, HealthCode};
use rusqlite::Connection;

use crate::embedding::assert_embedded;
use crate::fixes::state;
use crate::rig::{Place, Rig};
use crate::topics::Known;

impl Place {
    /// The word index, the names and the vectors hold just what these models and the rows make of each passage that is
    /// searched; and the doctor says so too.
    pub(crate) fn assert_indexed(&self, rig: &Rig, known: &Known, embedder: &str) {
        let raw = self.raw();
        let passages = passages(&raw);
        assert_words(&raw, &passages);
        assert_names(&raw, &passages, known);
        for sql in [
            "SELECT count(*) FROM embedding_failures",
            "SELECT count(*) FROM extraction_failures",
        ] {
            assert_eq!(self.count(sql), 0, "{sql}: no passage is to blame");
        }
        assert_embedded(self, embedder);
        for code in [HealthCode::Orphans, HealthCode::Coverage] {
            assert_eq!(state(rig, code), ComponentState::Ok, "{code:?}");
        }
    }
}

struct Passage {
    key: i64,
    document: i64,
    ordinal: i64,
    title: String,
    headings: String,
    /// When it was said, as somebody has stated it.
    stated: Option<i64>,
    happened_at: Option<i64>,
    author: Option<String>,
    text: String,
}

fn passages(raw: &Connection) -> Vec<Passage> {
    let mut rows = raw
        .prepare(
            "SELECT c.id, c.document_id, c.ordinal, d.title, c.headings, c.happened_at, c.author, c.text,
                    d.happened_basis = 'stated'
             FROM chunks c JOIN documents d ON d.id = c.document_id
             WHERE d.superseded_at IS NULL AND c.id >= 0 ORDER BY c.document_id, c.ordinal",
        )
        .unwrap();
    let rows = rows.query_map([], |row| {
        let (happened_at, author): (Option<i64>, Option<String>) = (row.get(5)?, row.get(6)?);
        let is_stated = author.is_some() || row.get(8)?;
        Ok(Passage {
            key: row.get(0)?,
            document: row.get(1)?,
            ordinal: row.get(2)?,
            title: row.get(3)?,
            headings: row.get(4)?,
            stated: happened_at.filter(|_| is_stated),
            happened_at,
            author,
            text: row.get(7)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Enters all passages into lists of the test's own, and compares them word by word.
fn assert_words(raw: &Connection, passages: &[Passage]) {
    const SAME: &str = r#"
        SELECT (SELECT count(*) FROM (SELECT term, doc, col, "offset" FROM there
                                      EXCEPT SELECT term, doc, col, "offset" FROM wanted)),
               (SELECT count(*) FROM (SELECT term, doc, col, "offset" FROM wanted
                                      EXCEPT SELECT term, doc, col, "offset" FROM there))"#;
    for list in ["words", "words_near"] {
        let made: String = raw
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE name = ?1",
                [list],
                |row| row.get(0),
            )
            .unwrap();
        let (_, made) = made.split_once("USING").unwrap();
        raw.execute_batch(&format!(
            "CREATE VIRTUAL TABLE temp.again USING{made};
             CREATE VIRTUAL TABLE temp.there USING fts5vocab(main, {list}, instance);
             CREATE VIRTUAL TABLE temp.wanted USING fts5vocab(temp, again, instance);"
        ))
        .unwrap();
        for of in passages {
            if let Some((head, body)) = entry(passages, of, list == "words_near") {
                raw.execute(
                    "INSERT INTO again (rowid, head, body) VALUES (?1, ?2, ?3)",
                    (of.key, head, body),
                )
                .unwrap();
            }
        }
        let differ: (i64, i64) = raw
            .query_row(SAME, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(differ, (0, 0), "{list}: too many words, and too few");
        raw.execute_batch("DROP TABLE there; DROP TABLE wanted; DROP TABLE again")
            .unwrap();
    }
}

/// Head and body. In the second list stands only what somebody has said, between its neighbours.
fn entry(passages: &[Passage], of: &Passage, near: bool) -> Option<(String, String)> {
    let day = of.stated.and_then(|at| Day::of(UnixMs(at), &TimeZone::UTC));
    let day = day.map(Day::in_words).unwrap_or_default();
    let head = index_text(&format!("{}\n{}\n{day}", of.title, of.headings));
    let body = index_text(&of.text);
    if !near {
        return Some((head, body));
    }
    of.author.as_ref()?;
    let neighbour = |ordinal: i64| {
        let there = passages
            .iter()
            .find(|one| (one.document, one.ordinal) == (of.document, ordinal));
        let said = there.map(|one| {
            let author = one.author.as_deref().unwrap_or_default();
            index_text(&format!("{author}\n{}", one.text))
        });
        said.unwrap_or_default()
    };
    let (before, after) = (neighbour(of.ordinal - 1), neighbour(of.ordinal + 1));
    Some((head, [before, body, after].join("\n")))
}

/// A mention: in which passage and document, when, from where to where, and of whom.
type Mention = (i64, i64, Option<i64>, i64, i64, String, String);

fn assert_names(raw: &Connection, passages: &[Passage], known: &Known) {
    let mut rows = raw
        .prepare(
            "SELECT m.chunk_id, m.document_id, m.happened_at, m.text_start, m.text_end, e.kind, a.folded
             FROM mentions m JOIN entities e ON e.id = m.entity_id JOIN aliases a ON a.entity_id = e.id",
        )
        .unwrap();
    let there: Vec<Mention> = rows
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut wanted = BTreeSet::new();
    for of in passages {
        for (kind, name) in known.names {
            for (at, found) in of.text.match_indices(name) {
                let (start, end) = (at as i64, (at + found.len()) as i64);
                let whom = (kind.as_str().to_owned(), fold(name));
                wanted.insert((
                    of.key,
                    of.document,
                    of.happened_at,
                    start,
                    end,
                    whom.0,
                    whom.1,
                ));
            }
        }
    }
    assert_eq!(there.len(), wanted.len(), "each is there once");
    let there: BTreeSet<Mention> = there.into_iter().collect();
    assert_eq!(there, wanted, "what each passage names");
    let left_over: i64 = raw
        .query_row(
            "SELECT count(*) FROM aliases WHERE entity_id NOT IN (SELECT entity_id FROM mentions)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left_over, 0, "nobody is known whom nothing names");
}
