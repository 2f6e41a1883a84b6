//! The nearest passages to a question among a hundred thousand, looked up in the rows, against a plain look through the
//! same vectors in numbers of 32 bits.

use std::sync::Arc;

use oldgrowth_domain::canonical::{Format, LineRange};
use oldgrowth_domain::chunking::ChunkDraft;
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{Happened, UnixMs};
use oldgrowth_engine::ports::{Embedder, Side};
use oldgrowth_store::table::documents::NewDocument;
use oldgrowth_store::table::sources::Origin;
use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::table::words::Filter;
use oldgrowth_store::{Canceller, Error, Write};
use oldgrowth_testkit::{SeededRandom, TestEngine};

use crate::table::{Table, millis, say};
use crate::{median, timed};

const WIDTH: usize = 384;
const MODEL: &str = "bench-1";
const DOCUMENT_PASSAGES: usize = 1_000;
const ROUNDS: usize = 41;
const LIMIT: usize = 200;

/// Every question means the same to it.
struct Fixed(Vec<f32>);

impl Embedder for Fixed {
    fn id(&self) -> &str {
        MODEL
    }

    fn embed(&self, _: Side, texts: &[&str]) -> oldgrowth_engine::Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|_| self.0.clone()).collect())
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, passages: usize) {
    let random = SeededRandom::new(3);
    let workspace = tempfile::tempdir().expect("a temporary folder");
    let question = Arc::new(Fixed(vector(&random)));
    let test = TestEngine::embedding(workspace.path(), 0, question.clone());
    let vectors: Arc<Vec<Vec<f32>>> = Arc::new((0..passages).map(|_| vector(&random)).collect());
    for first in (0..passages).step_by(DOCUMENT_PASSAGES) {
        let vectors = Arc::clone(&vectors);
        let written = test.store.write(move |w| keep(w, &vectors, first));
        written.expect("the vectors are kept");
    }
    let nearest = || {
        let canceller = Canceller::default();
        test.engine
            .nearest_to_question("Who?", Filter::default(), LIMIT, &canceller)
            .expect("the store is read")
            .expect("there is an embedder")
    };
    let (first, _) = timed(nearest);
    say(&format!(
        "  {passages} vectors, brought into memory in {:.0} ms",
        first.as_secs_f64() * 1_000.0
    ));
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (time, found) = timed(nearest);
        ours.push(time);
        let (time, scanned) = timed(|| scan(&vectors, &question.0));
        plain.push(time);
        assert_eq!(found.len(), scanned.len(), "both find as many");
    }
    let (ours, plain) = (median(ours), median(plain));
    table.row(
        &format!(
            "the {LIMIT} nearest of {passages} passages, against numbers of 32 bits one after the other"
        ),
        &millis(ours),
        &millis(plain),
        "no longer",
        ours <= plain,
    );
}

/// Of the length 1.
pub(crate) fn vector(random: &SeededRandom) -> Vec<f32> {
    let number = |_| (random.below(20_001) as f32 - 10_000.0) / 10_000.0;
    let numbers: Vec<f32> = (0..WIDTH).map(number).collect();
    let length = numbers.iter().map(|n| n * n).sum::<f32>().sqrt();
    numbers.iter().map(|n| n / length).collect()
}

/// A document of as many passages, with their vectors.
fn keep(w: &Write<'_>, vectors: &[Vec<f32>], first: usize) -> Result<(), Error> {
    let now = UnixMs(1_795_000_000_000);
    let source = w.ensure_source(Origin::Folder("/notes"), "Notes", now)?;
    let document = w.insert_document(&NewDocument {
        source: source.key,
        sha256: content_hash(&[&first.to_string()]),
        format: Format::PlainText,
        title: String::new(),
        bytes: 1,
        happened: Happened::Stated(now),
        imported_at: now,
        chunk_rule: 1,
    })?;
    let of_this = vectors.iter().skip(first).take(DOCUMENT_PASSAGES);
    for (ordinal, vector) in (0_u32..).zip(of_this) {
        let draft = ChunkDraft {
            text: format!("Passage {first} {ordinal}."),
            headings: Vec::new(),
            lines: LineRange { first: 1, last: 1 },
            author: None,
            said_at: None,
        };
        let (chunk, _) = w.insert_chunk(None, &document, ordinal, &draft)?;
        let most = vector.iter().fold(0.0_f32, |most, n| most.max(n.abs()));
        let scale = most / 127.0;
        let components = vector.iter().map(|n| (n / scale).round() as i8).collect();
        w.put_vector(chunk, MODEL, &Vector { scale, components })?;
        w.note_embedded(MODEL, chunk)?;
    }
    Ok(())
}

fn scan(vectors: &[Vec<f32>], question: &[f32]) -> Vec<(f32, usize)> {
    let product = |row: &Vec<f32>| row.iter().zip(question).map(|(a, b)| a * b).sum::<f32>();
    let mut near: Vec<(f32, usize)> = vectors.iter().map(product).zip(0..).collect();
    near.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    near.truncate(LIMIT);
    near
}
