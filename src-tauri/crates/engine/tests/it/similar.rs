//! What is similar to a memory, and whom and what it names.

use std::sync::Arc;

use oldgrowth_engine::ports::{Embedder, Side, no_connection_held};
use oldgrowth_engine::{Asker, Error, Result, Similar};
use oldgrowth_models::Rules;

use crate::embedding::{Letters, Several, embedded};
use crate::rig::{Place, Rig};

/// Counts some words: texts are as near as they speak of the same.
pub(crate) struct Subjects;

const SUBJECTS: [&str; 6] = ["boat", "harbour", "garden", "tax", "bread", "lamp"];

impl Embedder for Subjects {
    fn id(&self) -> &str {
        "subjects"
    }

    fn embed(&self, _side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        let of = |text: &&str| {
            let text = text.to_lowercase();
            let count = |word: &str| 0.1 + text.matches(word).count() as f32;
            let vector = SUBJECTS.map(count);
            let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
            vector.iter().map(|n| n / length).collect()
        };
        Ok(texts.iter().map(of).collect())
    }
}

fn similar(rig: &Rig, id: &str) -> Vec<String> {
    match rig.engine.near(id, None).unwrap().similar {
        Similar::Known(found) => found.into_iter().map(|one| one.chunk.text).collect(),
        other => panic!("it is known: {other:?}"),
    }
}

#[test]
fn similar_memories_are_others_the_nearest_first_and_each_says_something_new() {
    let place = Place::new();
    let long = [
        "# Boats\n\nThe boat lies in the harbour.",
        "# Harbour\n\nIn the harbour lies a boat.",
    ];
    place.write("long.md", &long.join("\n\n"));
    let rig = place.start_embedding(1, Arc::new(Subjects));
    rig.import_to_the_end();
    for text in [
        "The garden needs water.",
        "A boat left the harbour at dawn.",
        "A BOAT left the harbour, at dawn!",
        "The new boat has a lamp.",
        "Bread, and the tax.",
        "The tax is due.",
        "He bakes bread.",
        "Water for the garden.",
    ] {
        rig.note(text);
    }
    embedded(&rig, &place);
    let boats = &rig.holding("harbour")[0];
    let long = rig.holding("lies");
    assert!(!long.is_empty(), "the file was read");
    let found = similar(&rig, long[0].chunk.id.as_str());
    assert_eq!(
        found,
        [
            "A boat left the harbour at dawn.",
            "The new boat has a lamp."
        ],
        "neither its own document, nor the same words twice, nor what has nothing to do with it"
    );
    let found = similar(&rig, boats.document.id.as_str());
    assert!(!found.is_empty(), "of a document it is its first passage");
}

#[test]
fn what_has_no_vector_is_similar_to_nothing_that_is_known_and_that_is_said() {
    let place = Place::new();
    let model = Arc::new(Letters::gated("one"));
    let rig = place.start_embedding(1, model.clone());
    model.gate.hold_call(1);
    let note = rig.note("The boat has a lamp.").document;
    let near = rig.engine.near(note.as_str(), None).unwrap();
    assert!(
        matches!(near.similar, Similar::ToCome),
        "{:?}",
        near.similar
    );
    model.gate.open();
    embedded(&rig, &place);
    let near = rig.engine.near(note.as_str(), None).unwrap();
    assert!(matches!(&near.similar, Similar::Known(none) if none.is_empty()));
    drop(rig);
    let another = Arc::new(Letters::gated("another"));
    another.gate.hold_call(1);
    {
        let rig = place.start_embedding(1, another.clone());
        let near = rig.engine.near(note.as_str(), None).unwrap();
        assert!(
            matches!(near.similar, Similar::ToCome),
            "vectors of another model are compared with none of its own: {:?}",
            near.similar
        );
        another.gate.open();
    }
    let rig = place.start(1);
    let other = rig.note("Nobody embeds this.").document;
    let near = rig.engine.near(other.as_str(), None).unwrap();
    assert!(matches!(near.similar, Similar::No), "{:?}", near.similar);
    place.write("a.md", "First the boat.");
    rig.import_to_the_end();
    let first = rig.holding("first")[0].chunk.id.to_string();
    place.write("a.md", "Second the boat.");
    rig.import_to_the_end();
    let near = rig.engine.near(&first, None).unwrap();
    assert!(matches!(near.similar, Similar::No), "it was replaced");
    let gone = rig.engine.near("ch_00000000000000000000000000000000", None);
    assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
}

#[test]
fn a_memory_tells_whom_and_what_it_names_in_its_order_and_few() {
    let place = Place::new();
    let rig = place.start_extracting(1, Arc::new(Rules));
    let text = "Tom Weber wrote from Lisbon. He met Marta Kovács there, and Tom Weber paid €12.50. #travel";
    let note = rig.note(text).document;
    rig.idle();
    let many: String = (0..30).map(|at| format!("#tag{at} ")).collect();
    let many = rig.note(&many).document;
    let clock = place.clock.clone();
    rig.engine
        .wait_until_extracted(|| {
            clock.advance(std::time::Duration::from_millis(250));
            true
        })
        .unwrap();
    let names = rig.engine.near(note.as_str(), None).unwrap().names;
    let names: Vec<_> = names.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        ["Tom Weber", "Lisbon", "Marta Kovács", "#travel"],
        "each once, and no sum of money"
    );
    assert_eq!(
        rig.engine.near(many.as_str(), None).unwrap().names.len(),
        12
    );
}

#[test]
fn while_another_model_takes_over_the_one_before_says_what_is_similar() {
    let place = Place::new();
    let two = Arc::new(Letters::gated("two"));
    let several = Several::of(vec![Arc::new(Subjects), two.clone()], "subjects");
    let rig = place.start_asking(1, several.clone(), None);
    let boat = rig.note("The boat has a lamp.").document;
    rig.note("A lamp for the boat.");
    rig.note("The garden, the tax, and bread.");
    embedded(&rig, &place);
    let before = similar(&rig, boat.as_str());
    assert_eq!(before, ["A lamp for the boat."]);
    two.gate.hold_call(1);
    several.choose(&rig, "two");
    two.gate.wait_held();
    assert_eq!(similar(&rig, boat.as_str()), before);
    two.gate.open();
}

#[test]
fn a_document_of_very_many_passages_hides_no_other() {
    let place = Place::new();
    let parts = |many: usize, of: &str| -> String {
        let rest = "word ".repeat(70);
        let part = |at| format!("# Part {at}\n\nThe {of} of number {at}. {rest}\n\n");
        (0..many).map(part).collect()
    };
    place.write("boats.md", &parts(1_050, "boat"));
    place.write("gardens.md", &parts(100, "garden"));
    let rig = place.start_embedding(1, Arc::new(Subjects));
    rig.import_to_the_end();
    rig.note("A boat.");
    embedded(&rig, &place);
    let found = rig.holding("boat number");
    let mut found = found.iter().map(|hit| &hit.document);
    let boats = found.find(|document| document.title != "A boat.").unwrap();
    assert_eq!(similar(&rig, boats.id.as_str()), ["A boat."]);
}

#[test]
fn the_memory_that_is_opened_next_calls_the_one_before_off() {
    let place = Place::new();
    let rig = place.start(1);
    let note = rig.note("The boat has a lamp.").document;
    let opened = |turn| {
        let asker = Asker {
            name: "window".to_owned(),
            turn,
        };
        rig.engine.near(note.as_str(), Some(&asker))
    };
    assert!(opened(2).is_ok());
    let late = opened(1);
    assert!(matches!(late, Err(Error::Cancelled)), "{late:?}");
    assert!(rig.engine.near(note.as_str(), None).is_ok());
}
