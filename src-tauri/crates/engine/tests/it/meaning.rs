//! What a question means counts in search and recall, as far as it is known, and what an answer says of that is so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oldgrowth_engine::ports::{Embedder, Side, no_connection_held};
use oldgrowth_engine::{Asked, Error, Meaning, Result, WhyPart};

use crate::embedding::embedded;
use crate::rig::{Place, Rig};
use crate::stand_ins::Gate;

/// What is spoken of, by words that mean it.
const SUBJECTS: [&[&str]; 3] = [
    &["bicycle", "cycling", "wheels"],
    &["soup", "dinner", "cooking"],
    &["storm", "thunder", "expiring"],
];

/// Knows a few subjects by their words.
#[derive(Default)]
struct Subjects {
    gate: Gate,
    is_gone: AtomicBool,
}

impl Embedder for Subjects {
    fn id(&self) -> &str {
        "subjects"
    }

    fn embed(&self, _: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        self.gate.pass();
        if self.is_gone.load(Ordering::SeqCst) {
            return Err(Error::Model {
                code: "weights_unusable",
                retry_in: None,
            });
        }
        let vector = |text: &&str| {
            let mut vector = vec![0.1_f32; SUBJECTS.len() + 1];
            for (component, words) in vector.iter_mut().zip(SUBJECTS) {
                if words.iter().any(|word| text.contains(word)) {
                    *component += 1.0;
                }
            }
            vector
        };
        Ok(texts.iter().map(vector).collect())
    }
}

fn asked(text: &str) -> Asked {
    Asked {
        text: text.to_owned(),
        limit: 20,
        ..Asked::default()
    }
}

fn filled(place: &Place, model: &Arc<Subjects>) -> Rig {
    let rig = place.start_embedding(1, model.clone());
    for text in [
        "Anna mended both wheels on Monday.",
        "The pot of dinner was too hot for the guests.",
        "We heard thunder all night, far away.",
        "The lease of the garden is expiring in May.",
    ] {
        rig.note(text);
    }
    rig
}

#[test]
fn what_holds_no_word_of_the_question_is_found_by_what_it_means_and_says_so() {
    let place = Place::new();
    let rig = filled(&place, &Arc::default());
    embedded(&rig, &place);
    let question = asked("my bicycle");
    let hits = rig.engine.search(&question).unwrap();
    assert_eq!(hits.meaning, Meaning::Yes);
    let first = hits.hits.first().unwrap();
    assert_eq!(first.chunk.text, "Anna mended both wheels on Monday.");
    assert!(first.matches.is_empty(), "it holds none of the words");
    let why = rig
        .engine
        .why(&first.chunk.id.to_string(), &question)
        .unwrap();
    assert_eq!(why.rank, Some(1));
    let [(WhyPart::Meaning, meaning)] = why.parts.as_slice() else {
        panic!("by nothing else: {:?}", why.parts)
    };
    assert!((meaning - first.score).abs() < 1e-9, "the parts add up");
    assert_eq!(why.answers, 0, "no passage has the word");
}

#[test]
fn a_passage_stands_at_the_score_that_its_parts_add_up_to() {
    let place = Place::new();
    let rig = filled(&place, &Arc::default());
    embedded(&rig, &place);
    let question = asked("dinner with thunder and wheels");
    let hits = rig.engine.search(&question).unwrap().hits;
    assert!(hits.len() >= 3, "{hits:?}");
    for hit in hits {
        let why = rig
            .engine
            .why(&hit.chunk.id.to_string(), &question)
            .unwrap();
        let words: f64 = why.words.iter().filter_map(|word| word.score).sum();
        let parts: f64 = why.parts.iter().map(|(_, score)| score).sum();
        assert!((why.score - hit.score).abs() < 1e-9, "as it was ranked");
        assert!((words + parts - hit.score).abs() < 1e-9, "{why:?}");
    }
}

#[test]
fn until_all_is_embedded_an_answer_says_that_it_is_not() {
    let place = Place::new();
    let model = Arc::new(Subjects::default());
    let without = place.start(0);
    without.note("Anna mended both wheels on Monday.");
    assert_eq!(
        without.engine.search(&asked("wheels")).unwrap().meaning,
        Meaning::No,
        "nobody knows what anything means"
    );
    drop(without);
    let rig = place.start_embedding(0, model);
    let hits = rig.engine.search(&asked("wheels")).unwrap();
    assert_eq!((hits.hits.len(), hits.meaning), (1, Meaning::Partly));
    let answer = rig.engine.recall(&asked("cycling")).unwrap();
    assert_eq!((answer.hits.len(), answer.meaning), (0, Meaning::Partly));
}

#[test]
fn whoever_types_waits_for_no_model_that_is_being_loaded_and_has_it_the_next_time() {
    let place = Place::new();
    let model = Arc::new(Subjects::default());
    let rig = filled(&place, &model);
    embedded(&rig, &place);
    model.gate.hold_call(1);
    let typed = Asked {
        typing: true,
        ..asked("cycling")
    };
    let first = rig.engine.search(&typed).unwrap();
    assert_eq!((first.hits.len(), first.meaning), (0, Meaning::ToCome));
    model.gate.open();
    rig.until("the model has answered", || {
        rig.engine.search(&typed).unwrap().meaning == Meaning::Yes
    });
    assert!(!rig.engine.search(&typed).unwrap().hits.is_empty());
}

#[test]
fn with_a_model_that_can_not_be_used_words_answer() {
    let place = Place::new();
    let model = Arc::new(Subjects::default());
    let rig = filled(&place, &model);
    embedded(&rig, &place);
    model.is_gone.store(true, Ordering::SeqCst);
    let hits = rig.engine.search(&asked("thunder")).unwrap();
    assert_eq!((hits.hits.len(), hits.meaning), (1, Meaning::No));
}

#[test]
fn the_beginning_of_a_word_is_found_by_the_word_though_others_are_near() {
    let place = Place::new();
    let rig = filled(&place, &Arc::default());
    embedded(&rig, &place);
    // The index holds "expir".
    let typed = Asked {
        typing: true,
        ..asked("expiri")
    };
    let hits = rig.engine.search(&typed).unwrap().hits;
    let holding = hits.iter().find(|hit| !hit.matches.is_empty());
    let holding = holding.expect("one holds the word");
    assert_eq!(
        holding.chunk.text,
        "The lease of the garden is expiring in May."
    );
}
