//! A model that is chosen reads what was found together with the question: it decides on the order, or nothing is other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_engine::ports::{Clock, Embedder, Reranker, no_connection_held};
use oldgrowth_engine::{Asked, Error, Hit, Meaning, Result, WhyPart};
use oldgrowth_testkit::WallClock;
use parking_lot::Mutex;

use crate::embedding::Several;
use crate::rig::{Place, Rig};
use crate::stand_ins::Gate;

/// Finds that what says this word answers best; does as it is told, and remembers.
#[derive(Default)]
struct Reads {
    word: &'static str,
    is_chosen: AtomicBool,
    gate: Gate,
    is_away: AtomicBool,
    says_too_little: AtomicBool,
    read: Mutex<Vec<(String, Vec<String>)>>,
}

impl Reads {
    fn of(word: &'static str) -> Arc<Self> {
        Arc::new(Self {
            word,
            is_chosen: AtomicBool::new(true),
            ..Self::default()
        })
    }

    fn calls(&self) -> usize {
        self.read.lock().len()
    }
}

impl Reranker for Reads {
    fn id(&self) -> Option<String> {
        let is_chosen = self.is_chosen.load(Ordering::SeqCst);
        is_chosen.then(|| "reads".to_owned())
    }

    fn rerank(&self, question: &str, texts: &[&str]) -> Result<Vec<f32>> {
        no_connection_held()?;
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        self.read.lock().push((question.to_owned(), texts.clone()));
        self.gate.pass();
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Error::Model {
                code: "test",
                retry_in: None,
            });
        }
        let score = |text: &String| {
            if text.contains(self.word) { 7.5 } else { -3.0 }
        };
        let said = texts.iter().map(score);
        let skips = usize::from(self.says_too_little.load(Ordering::SeqCst));
        Ok(said.skip(skips).collect())
    }
}

fn start(place: &Place, reads: &Arc<Reads>) -> Rig {
    let nobody = Several::of(Vec::<Arc<dyn Embedder>>::new(), "nobody");
    let rig = place.start_asking(0, nobody, Some(reads.clone()));
    for text in [
        "The boat left. The boat came back. A boat, a boat.",
        "A boat is in the harbour, and nobody knows since when it has been there.",
        "Ada painted the boat green in May, after the long winter in the old shed of the yard.",
        "Rain on Tuesday.",
    ] {
        rig.note(text);
    }
    rig
}

fn asked(text: &str, typing: bool) -> Asked {
    Asked {
        text: text.to_owned(),
        limit: 10,
        typing,
        ..Asked::default()
    }
}

fn texts(hits: &[(Hit, oldgrowth_engine::Surroundings)]) -> Vec<String> {
    let texts = hits.iter().map(|(hit, _)| hit.chunk.text.clone());
    texts.collect()
}

fn recall(rig: &Rig, text: &str) -> Vec<String> {
    texts(&rig.engine.recall(&asked(text, false)).unwrap().hits)
}

#[test]
fn what_the_model_finds_to_answer_best_comes_first_and_it_is_told_why() {
    let place = Place::new();
    let reads = Reads::of("painted");
    reads.is_chosen.store(false, Ordering::SeqCst);
    let rig = start(&place, &reads);
    let before = recall(&rig, "boat");
    assert_eq!(
        (before.len(), reads.calls()),
        (3, 0),
        "nobody has chosen it"
    );
    assert!(
        !before[0].contains("painted"),
        "by its words it is no first"
    );
    reads.is_chosen.store(true, Ordering::SeqCst);
    let answer = rig.engine.recall(&asked("boat", false)).unwrap();
    let after = texts(&answer.hits);
    assert!(after[0].contains("painted"), "{after:?}");
    assert_eq!(after[1..], before[..2], "the others keep their order");
    let (question, read) = reads.read.lock()[0].clone();
    assert_eq!(
        (question.as_str(), &read),
        ("boat", &before),
        "what was found"
    );
    let first = &answer.hits[0].0;
    let why = rig
        .engine
        .why(first.chunk.id.as_str(), &asked("boat", false))
        .unwrap();
    let part = why
        .parts
        .iter()
        .find(|(part, _)| *part == WhyPart::Reranked);
    assert!(part.is_some_and(|(_, score)| *score > 0.0), "{why:?}");
    let words: f64 = why.words.iter().filter_map(|word| word.score).sum();
    let parts: f64 = why.parts.iter().map(|(_, score)| score).sum();
    assert!((words + parts - why.score).abs() < 1e-9, "they add up");
    assert_eq!(
        (why.rank, reads.calls()),
        (Some(1), 1),
        "it is not asked twice"
    );
}

#[test]
fn a_model_that_does_not_answer_leaves_everything_as_it_was() {
    let place = Place::new();
    let reads = Reads::of("painted");
    reads.is_chosen.store(false, Ordering::SeqCst);
    let rig = start(&place, &reads);
    let plain = recall(&rig, "boat");
    reads.is_chosen.store(true, Ordering::SeqCst);
    reads.is_away.store(true, Ordering::SeqCst);
    assert_eq!(recall(&rig, "boat"), plain, "it is away");
    reads.is_away.store(false, Ordering::SeqCst);
    reads.says_too_little.store(true, Ordering::SeqCst);
    assert_eq!(recall(&rig, "boat"), plain, "a score too few is none");
    reads.says_too_little.store(false, Ordering::SeqCst);
    reads.gate.hold_call(1);
    let clock = WallClock::start();
    assert_eq!(recall(&rig, "boat"), plain, "nobody waits for long");
    let waited = clock.monotonic();
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    reads.gate.open();
    assert_ne!(recall(&rig, "boat"), plain, "who asks again has it");
    assert_eq!(reads.calls(), 3);
}

#[test]
fn nothing_is_read_for_what_is_still_being_written_or_for_a_single_answer() {
    let place = Place::new();
    let reads = Reads::of("painted");
    let rig = start(&place, &reads);
    let typed = |text: &str| rig.engine.recall(&asked(text, true)).unwrap();
    assert_eq!(typed("bo").meaning, Meaning::ToCome);
    assert_eq!(typed("boat").meaning, Meaning::ToCome);
    assert_eq!(reads.calls(), 0);
    let again = typed("boat");
    assert_eq!((again.meaning, reads.calls()), (Meaning::No, 1));
    assert!(again.hits[0].0.chunk.text.contains("painted"));
    recall(&rig, "rain");
    recall(&rig, "volcano");
    let words = Asked {
        by_words_alone: true,
        ..asked("boat harbour", false)
    };
    rig.engine.recall(&words).unwrap();
    assert_eq!(reads.calls(), 1, "there is nothing to put in order");
}

#[test]
fn fifty_texts_are_read_and_no_more_than_the_beginning_of_each() {
    let place = Place::new();
    let reads = Reads::of("number 49 ");
    let rig = start(&place, &reads);
    for number in 0..70 {
        let long = format!("The cart number {number} goes to the mill. ").repeat(60);
        rig.note(&long);
    }
    recall(&rig, "cart mill");
    let read = reads.read.lock();
    assert_eq!(read[0].1.len(), 50);
    let longest = read[0].1.iter().map(|text| text.chars().count()).max();
    assert_eq!(longest, Some(1_000));
}
