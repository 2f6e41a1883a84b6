//! A model that is chosen writes an answer: it is told what was found, and what it says is believed as far as that says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oldgrowth_engine::ports::{Statement, Writer, no_connection_held};
use oldgrowth_engine::{Asked, Asker, Error, Result, Written};
use oldgrowth_store::Lane;
use parking_lot::Mutex;

use crate::rig::{Place, Rig};
use crate::stand_ins::Gate;

/// Says what it is told to, of the passages with certain words.
#[derive(Default)]
struct Says {
    is_chosen: AtomicBool,
    is_away: AtomicBool,
    gate: Gate,
    says: Vec<(&'static str, &'static [&'static str])>,
    read: Mutex<Vec<(String, Vec<String>)>>,
}

impl Says {
    fn this(says: &[(&'static str, &'static [&'static str])]) -> Arc<Self> {
        Arc::new(Self {
            is_chosen: AtomicBool::new(true),
            says: says.to_vec(),
            ..Self::default()
        })
    }
}

impl Writer for Says {
    fn id(&self) -> Option<String> {
        let is_chosen = self.is_chosen.load(Ordering::SeqCst);
        is_chosen.then(|| "says".to_owned())
    }

    fn answer(&self, question: &str, passages: &[&str]) -> Result<Vec<Statement>> {
        no_connection_held()?;
        let given: Vec<String> = passages.iter().map(|text| (*text).to_owned()).collect();
        self.read.lock().push((question.to_owned(), given.clone()));
        self.gate.pass();
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Error::Model {
                code: "timed_out",
                retry_in: None,
            });
        }
        let number = |word: &&str| given.iter().position(|text| text.contains(word));
        let statement = |(text, by): &(&str, &[&str])| Statement {
            text: (*text).to_owned(),
            // One that is not there, where no passage has the word.
            passages: by.iter().map(|by| number(by).unwrap_or(99)).collect(),
        };
        Ok(self.says.iter().map(statement).collect())
    }
}

fn start(place: &Place, says: &Arc<Says>) -> Rig {
    let rig = place.start_writing(says.clone());
    for text in [
        "Ada painted the boat green in May 2024.",
        "The boat cost 140 euros, paint and all.",
        "The garden needs rain.",
    ] {
        rig.note(text);
    }
    rig
}

fn asked(text: &str) -> Asked {
    Asked {
        text: text.to_owned(),
        ..Asked::default()
    }
}

fn write(rig: &Rig, text: &str) -> Result<Written> {
    rig.engine.write_answer(&asked(text))
}

#[test]
fn each_sentence_of_a_written_answer_is_what_a_passage_says() {
    let place = Place::new();
    let says = Says::this(&[
        ("Ada painted the boat in May 2024.", &["painted"]),
        ("It cost 140 euros.", &["cost", "painted"]),
        ("It cost 150 euros.", &["cost"]),
        ("Berta paid for it.", &["cost"]),
        ("Ada painted the boat green.", &[]),
        ("Ada painted the boat green.", &["elephant"]),
        ("The boat cost 140 euros.", &["painted"]),
        ("  ", &["painted"]),
    ]);
    let rig = start(&place, &says);
    let written = write(&rig, "What of the boat?").unwrap();
    let told: Vec<(&str, BTreeSet<&str>)> = written
        .sentences
        .iter()
        .map(|sentence| {
            let texts = sentence.hits.iter();
            let texts = texts.map(|at| written.hits[*at].chunk.text.as_str());
            (sentence.text.as_str(), texts.collect())
        })
        .collect();
    let (painted, cost) = (
        "Ada painted the boat green in May 2024.",
        "The boat cost 140 euros, paint and all.",
    );
    assert_eq!(
        told,
        [
            (
                "Ada painted the boat in May 2024.",
                BTreeSet::from([painted])
            ),
            ("It cost 140 euros.", BTreeSet::from([cost, painted])),
        ]
    );
    assert_eq!((written.left_out, written.by.as_str()), (6, "says"));
    let read = says.read.lock();
    let (question, passages) = read.first().unwrap();
    assert_eq!(question, "What of the boat?");
    assert_eq!(passages.len(), 2, "what was found, and nothing else");
}

#[test]
fn nobody_is_asked_who_is_not_chosen_or_for_whom_nothing_was_found() {
    let place = Place::new();
    let says = Says::this(&[]);
    let rig = start(&place, &says);
    let nothing = write(&rig, "What of the elephant?").unwrap();
    assert!(nothing.sentences.is_empty() && nothing.hits.is_empty());
    assert!(matches!(write(&rig, "?!"), Err(Error::NothingAsked)));
    says.is_chosen.store(false, Ordering::SeqCst);
    assert!(matches!(write(&rig, "boat"), Err(Error::NoWriter)));
    assert_eq!(rig.engine.recall(&asked("boat")).unwrap().writer, None);
    assert!(says.read.lock().is_empty());
    says.is_chosen.store(true, Ordering::SeqCst);
    let writer = rig.engine.recall(&asked("boat")).unwrap().writer;
    assert_eq!(writer.as_deref(), Some("says"));
    let without = place.start(0);
    assert!(matches!(write(&without, "boat"), Err(Error::NoWriter)));
}

#[test]
fn a_model_that_is_away_is_told_and_asked_anew() {
    let place = Place::new();
    let says = Says::this(&[("The boat is green.", &["painted"])]);
    let rig = start(&place, &says);
    says.is_away.store(true, Ordering::SeqCst);
    let away = write(&rig, "boat");
    assert!(
        matches!(away, Err(Error::NotWritten { code: "timed_out" })),
        "{away:?}"
    );
    says.is_away.store(false, Ordering::SeqCst);
    assert_eq!(write(&rig, "boat").unwrap().sentences.len(), 1);
    let inside = rig.store.read(Lane::Background, |_| write(&rig, "boat"));
    assert!(matches!(
        inside,
        Err(Error::HeldConnection | Error::Store(_))
    ));
}

#[test]
fn whoever_asks_anew_calls_off_what_is_being_written_and_searches_go_on_meanwhile() {
    let place = Place::new();
    let says = Says::this(&[("The boat is green.", &["painted"])]);
    let rig = start(&place, &says);
    says.gate.hold_call(1);
    let turn = |turn| Asked {
        asker: Some(Asker {
            name: "answer".to_owned(),
            turn,
        }),
        ..asked("boat")
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| rig.engine.write_answer(&turn(1)));
        says.gate.wait_held();
        assert_eq!(rig.engine.search(&asked("garden")).unwrap().hits.len(), 1);
        rig.note("Nothing waits for it.");
        let second = scope.spawn(|| rig.engine.write_answer(&turn(2)));
        let first = first.join().unwrap();
        assert!(matches!(first, Err(Error::Cancelled)), "{first:?}");
        says.gate.open();
        assert_eq!(second.join().unwrap().unwrap().sentences.len(), 1);
    });
    assert_eq!(says.read.lock().len(), 1, "the same was asked once");
}
