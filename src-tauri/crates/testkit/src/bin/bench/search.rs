//! Search at a hundred thousand passages: the product's answer, with text, title, place, marks and
//! quote, against the bare full-text query that brings keys.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::words::question_words;
use oldgrowth_engine::Asked;
use oldgrowth_engine::ports::Summariser;
use oldgrowth_models::Extractive;
use oldgrowth_store::Store;
use oldgrowth_testkit::{Corpus, TestEngine, WallClock};
use rusqlite::{Connection, params};

use crate::read::open;
use crate::table::{Table, millis, say};
use crate::{median, timed};

const P50_MAX: Duration = Duration::from_millis(30);
const P99_MAX: Duration = Duration::from_millis(100);

const QUERIES: usize = 300;
pub(crate) const LIMIT: u32 = 20;
const PARAGRAPHS: usize = 12;
/// Messages of a conversation.
const MESSAGES: usize = 20;
/// The two ways to ask FTS5 for an order. The first works each score out twice.
const BY: [&str; 2] = ["rank", "bm25(words)"];
/// Passages that a note of so many paragraphs comes to, near enough.
const PASSAGES_A_NOTE: usize = 8;

/// A memory of about so many passages, and words that are found in it.
pub(crate) struct Filled {
    pub(crate) test: TestEngine,
    pub(crate) passages: u32,
    corpus: Corpus,
    _folders: [tempfile::TempDir; 2],
}

impl Filled {
    /// Of notes.
    pub(crate) fn with(passages: usize) -> Self {
        Self::summarised_by(passages, Arc::new(Extractive))
    }

    /// Of notes, by this summariser.
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    pub(crate) fn summarised_by(passages: usize, summariser: Arc<dyn Summariser>) -> Self {
        Self::of(summariser, |corpus, folder| {
            corpus
                .write_notes(folder, passages / PASSAGES_A_NOTE, PARAGRAPHS)
                .expect("the notes are written");
        })
    }

    /// Of conversations, in which each passage is weighed by more than its words.
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    fn with_conversations(passages: usize) -> Self {
        Self::of(Arc::new(Extractive), |corpus, folder| {
            let export = corpus.conversations(passages / MESSAGES, MESSAGES);
            std::fs::write(folder.join("conversations.json"), export)
                .expect("the export is written");
        })
    }

    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    fn of(summariser: Arc<dyn Summariser>, write: impl FnOnce(&Corpus, &Path)) -> Self {
        let corpus = Corpus::new(2);
        let texts = tempfile::tempdir().expect("a temporary folder");
        write(&corpus, texts.path());
        let workspace = tempfile::tempdir().expect("a temporary folder");
        let test = TestEngine::with(workspace.path(), 2, WallClock::start(), summariser);
        let (time, _) = timed(|| {
            test.engine
                .start_import(&[texts.path().to_path_buf()])
                .expect("the import starts");
            test.engine
                .wait_until_idle(|| true)
                .expect("the import ends");
        });
        let ledger = test.engine.ledger().expect("the ledger");
        let passages = ledger.iter().map(|row| row.coverage.chunks).sum();
        say(&format!(
            "  {passages} passages imported and sealed in {:.0} s",
            time.as_secs_f64()
        ));
        Self {
            test,
            passages,
            corpus,
            _folders: [texts, workspace],
        }
    }

    /// The question of this number: three to seven words.
    pub(crate) fn question(&self, at: usize) -> Asked {
        let words: Vec<&str> = (0..3 + at % 5)
            .map(|_| self.corpus.telling_word())
            .collect();
        Asked {
            text: words.join(" "),
            limit: LIMIT,
            ..Asked::default()
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, passages: usize) {
    let filled = Filled::with(passages);
    let (test, kept) = (&filled.test, filled.passages);
    let connection = open(&test.workspace.join(Store::FILE));
    let mut ours = Vec::new();
    let mut plain = BY.map(|_| (Vec::new(), Vec::new()));
    for asked in (0..QUERIES).map(|at| filled.question(at)) {
        let words = question_words(&asked.text);
        let expression: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let expression = expression.join(" OR ");
        let bare = BY.map(|by| timed(|| keys(&connection, by, &expression)));
        let (time, hits) = timed(|| test.engine.search(&asked).expect("the search works"));
        for ((plain_time, keys), (times, ratios)) in bare.iter().zip(&mut plain) {
            assert_eq!(
                hits.hits.is_empty(),
                keys.is_empty(),
                "both find something or nothing"
            );
            ratios.push(Duration::from_secs_f64(
                time.as_secs_f64() / plain_time.as_secs_f64(),
            ));
            times.push(*plain_time);
        }
        ours.push(time);
    }
    let slowest = slowest_of_a_hundred(&ours);
    let ours = median(ours);
    for (by, (times, ratios)) in BY.iter().zip(plain) {
        let (bare, ratio) = (median(times), median(ratios).as_secs_f64());
        table.row(
            &format!("search at {kept} passages, against the bare full-text query by {by}"),
            &millis(ours),
            &millis(bare),
            &format!("within 1.3 times: {ratio:.2} times"),
            ratio <= 1.3,
        );
    }
    rows(table, &format!("search at {kept} passages"), ours, slowest);
    drop(filled);
    measure_conversations(table, passages);
}

fn rows(table: &mut Table, what: &str, p50: Duration, p99: Duration) {
    row(table, &format!("{what}, p50"), p50, None, P50_MAX);
    row(table, &format!("{what}, p99"), p99, None, P99_MAX);
}

/// A time beside that of the plain way, and the most that it may be.
pub(crate) fn row(
    table: &mut Table,
    what: &str,
    time: Duration,
    plain: Option<Duration>,
    most: Duration,
) {
    let plain = plain.map_or_else(|| "n/a".to_owned(), millis);
    let bar = format!("under {} ms", most.as_millis());
    table.row(what, &millis(time), &plain, &bar, time < most);
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn measure_conversations(table: &mut Table, passages: usize) {
    let filled = Filled::with_conversations(passages);
    let times: Vec<Duration> = (0..QUERIES)
        .map(|at| filled.question(at))
        .map(|asked| timed(|| filled.test.engine.search(&asked).expect("the search works")).0)
        .collect();
    let slowest = slowest_of_a_hundred(&times);
    let what = format!("search among {} messages of conversations", filled.passages);
    rows(table, &what, median(times), slowest);
}

/// The time that one of a hundred takes longer than.
pub(crate) fn slowest_of_a_hundred(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn keys(connection: &Connection, by: &str, expression: &str) -> Vec<i64> {
    let sql = format!("SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY {by} LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql).expect("the query is right");
    let rows = statement
        .query_map(params![expression, LIMIT], |row| row.get(0))
        .expect("it runs");
    rows.collect::<rusqlite::Result<_>>()
        .expect("the rows are read")
}
