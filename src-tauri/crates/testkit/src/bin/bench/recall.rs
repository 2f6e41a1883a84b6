//! Recall as a person has it, by words and by meaning, against words alone: what is asked differs each time and is embedded
//! by the built-in model. The vectors of passages are drawn by chance: to look through them takes as long, and to embed a
//! million passages would take hours.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_engine::ports::{Embedder, Side};
use oldgrowth_engine::{Asked, Meaning, Result};
use oldgrowth_models::BuiltIn;
use oldgrowth_testkit::{Corpus, SeededRandom, TestEngine};

use crate::growing::{copy_all, memory_of};
use crate::grown::{self, MILLION};
use crate::nearest::vector;
use crate::search::{LIMIT, row, slowest_of_a_hundred};
use crate::table::{Table, say};
use crate::{median, timed};

const QUERIES: usize = 300;
const P50_MAX: Duration = Duration::from_millis(60);
const P99_MAX: Duration = Duration::from_millis(150);
/// Of the p50 and of the p99.
const OF_A_MILLION_MAX: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(600)];
const FIRST_MAX: Duration = Duration::from_secs(2);
const RSS_BYTES_MAX: u64 = 900 * 1_000_000;

/// Questions are embedded, and passages have what chance gives them.
struct Questions(BuiltIn);

impl Embedder for Questions {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        if side == Side::Question {
            return self.0.embed(side, texts);
        }
        let hashed = BuildHasherDefault::<DefaultHasher>::default();
        let chance = |text: &&str| vector(&SeededRandom::new(hashed.hash_one(text)));
        Ok(texts.iter().map(chance).collect())
    }

    fn at_once(&self) -> usize {
        usize::MAX
    }
}

/// The model of this program, if its weights are beside it.
fn questions() -> Option<Arc<dyn Embedder>> {
    let program = std::env::current_exe().ok()?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let Some(model) = BuiltIn::of_program(&program, threads) else {
        say("  the weights of the embedder are not here, so recall is left out");
        return None;
    };
    Some(Arc::new(Questions(model)))
}

/// A memory of notes and conversations, half of each.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, passages: usize) {
    let Some(model) = questions() else {
        return;
    };
    let corpus = Corpus::new(2);
    let texts = tempfile::tempdir().expect("a temporary folder");
    let workspace = tempfile::tempdir().expect("a temporary folder");
    corpus
        .write_notes(texts.path(), passages / 16, 12)
        .expect("the notes are written");
    let export = corpus.conversations(passages / 40, 20);
    std::fs::write(texts.path().join("conversations.json"), export).expect("the export is written");
    let test = TestEngine::embedding(workspace.path(), 2, model);
    let paths = [texts.path().to_path_buf()];
    test.engine.start_import(&paths).expect("the import starts");
    measure_one(table, &test, &corpus, [P50_MAX, P99_MAX]);
}

/// The large memory, in a copy of its own.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure_million(table: &mut Table) {
    let Some(model) = questions() else {
        return;
    };
    let whole = grown::workspace(MILLION);
    let beside: &Path = whole.parent().expect("it is in a folder");
    let copy = tempfile::tempdir_in(beside).expect("a temporary folder");
    copy_all(&whole, copy.path());
    let test = TestEngine::embedding(copy.path(), 2, model);
    let corpus = Corpus::new(2);
    measure_one(table, &test, &corpus, OF_A_MILLION_MAX);
    let Some(bytes) = memory_of(std::process::id(), "VmRSS:") else {
        say("  what a process takes is not told by this system");
        return;
    };
    table.row(
        "recall among 1,100,000 passages: memory of the process, with all vectors at hand",
        &format!("{} MB", bytes / 1_000_000),
        "n/a",
        &format!("under {} MB", RSS_BYTES_MAX / 1_000_000),
        bytes < RSS_BYTES_MAX,
    );
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn measure_one(table: &mut Table, test: &TestEngine, corpus: &Corpus, most: [Duration; 2]) {
    let engine = &test.engine;
    let (time, ()) = timed(|| {
        engine.wait_until_idle(|| true).expect("the import ends");
        let embedded = engine.wait_until_embedded(|| true);
        assert!(
            embedded.expect("all have their vectors"),
            "somebody embeds them"
        );
    });
    let passages = engine.totals().expect("it is counted").chunks;
    say(&format!(
        "  {passages} passages with vectors in {:.0} s",
        time.as_secs_f64()
    ));
    let asked = |at: usize, by_words_alone: bool| {
        let words = (0..3 + at % 5).map(|_| corpus.telling_word());
        Asked {
            text: words.collect::<Vec<_>>().join(" "),
            limit: LIMIT,
            by_words_alone,
            ..Asked::default()
        }
    };
    let ask = |asked: &Asked| timed(|| engine.recall(asked).expect("it is answered"));
    let (first, answer) = ask(&asked(0, false));
    say(&format!(
        "  the first answer after {} ms, meaning {:?}",
        first.as_millis(),
        answer.meaning
    ));
    let what = format!("recall by words and meaning among {passages} passages");
    let of_first = format!("{what}, the first with nothing at hand");
    row(table, &of_first, first, None, FIRST_MAX);
    while ask(&asked(0, false)).1.meaning != Meaning::Yes {}
    let (mut both, mut words) = (Vec::new(), Vec::new());
    for at in 0..QUERIES {
        words.push(ask(&asked(at, true)).0);
        let (time, answer) = ask(&asked(at, false));
        assert_eq!(answer.meaning, Meaning::Yes, "it was known in time");
        both.push(time);
    }
    let p99 = [&both, &words].map(|times| slowest_of_a_hundred(times));
    let p50 = [both, words].map(median);
    for (name, [time, plain], most) in [("p50", p50, most[0]), ("p99", p99, most[1])] {
        let what = format!("{what}, against words alone, {name}");
        row(table, &what, time, Some(plain), most);
    }
}
