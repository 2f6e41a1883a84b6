//! The passages nearest to a question are those that the rows say, whatever is in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_engine::{Asked, Error, Meaning, Nearest};
use oldgrowth_models::BuiltIn;
use oldgrowth_store::table::words::{Filter, Kind};
use oldgrowth_store::{Canceller, Lane, SourceKey};
use oldgrowth_testkit::SeededRandom;
use rusqlite::Connection;

use crate::embedding::{Letters, Several, assert_embedded, embedded, kept, letters};
use crate::rig::{Place, Rig, file_name, file_text};

const ALL: Filter<'static> = Filter {
    source: None,
    author: None,
    from: None,
    to: None,
    kind: None,
    tag: None,
};

fn near(rig: &Rig, text: &str, filter: Filter<'_>, limit: usize) -> Vec<Nearest> {
    let found = rig
        .engine
        .nearest_to_question(text, filter, limit, &Canceller::default());
    found.unwrap().expect("there is an embedder")
}

/// As bytes and a scale, by the rule of the rows.
fn bytes(vector: &[f32]) -> (f32, Vec<i8>) {
    let most = vector.iter().fold(0.0_f32, |most, n| most.max(n.abs()));
    let scale = most / 127.0;
    let byte = |n: &f32| (n / scale).round() as i8;
    (scale, vector.iter().map(byte).collect())
}

/// What the rows say, one after the other: the nearest of those that this condition lets through.
fn by_the_rows(
    raw: &Connection,
    id: &str,
    text: &str,
    which: &str,
    limit: usize,
) -> Vec<(i64, f32)> {
    let (scale, question) = bytes(&letters(id, text));
    let sql = format!(
        "SELECT v.id, v.chunk_id, v.scale, v.components FROM vectors v
         JOIN vector_models m ON m.id = v.model_id JOIN chunks c ON c.id = v.chunk_id
         JOIN documents d ON d.id = c.document_id JOIN sources s ON s.id = d.source_id
         WHERE m.name = ?1 AND d.superseded_at IS NULL AND {which}"
    );
    let mut rows = raw.prepare(&sql).unwrap();
    let near = rows.query_map([id], |row| {
        let (scale_of_row, components): (f64, Vec<u8>) = (row.get(2)?, row.get(3)?);
        let product: i32 = components
            .iter()
            .zip(&question)
            .map(|(a, b)| i32::from(a.cast_signed()) * i32::from(*b))
            .sum();
        let near = product as f32 * scale_of_row as f32 * scale;
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, near))
    });
    let mut near: Vec<_> = near.unwrap().map(rusqlite::Result::unwrap).collect();
    near.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    near.truncate(limit);
    near.into_iter()
        .map(|(_, chunk, near)| (chunk, near))
        .collect()
}

fn assert_nearest(place: &Place, rig: &Rig, id: &str, question: &str) {
    let raw = place.raw();
    let notes = Filter {
        kind: Some(Kind::Note),
        ..ALL
    };
    let read = Filter {
        kind: Some(Kind::Document),
        ..ALL
    };
    for (filter, which) in [
        (ALL, "1"),
        (notes, "s.kind = 'notes'"),
        (read, "s.kind <> 'notes'"),
    ] {
        for limit in [1, 5, 1_000] {
            let found = near(rig, question, filter, limit);
            let found: Vec<_> = found
                .iter()
                .map(|one| (one.chunk.get(), one.nearness))
                .collect();
            let wanted = by_the_rows(&raw, id, question, which, limit);
            assert_eq!(found, wanted, "{question}, {which}, {limit}");
        }
    }
}

#[test]
fn the_nearest_passages_are_those_that_the_rows_say() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start_embedding(2, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    rig.note("Ada repaired the old boat in the harbour.");
    embedded(&rig, &place);
    for question in ["Who repaired the boat?", "boat7", "harbour", ""] {
        assert_nearest(&place, &rig, "one", question);
    }
    assert_eq!(rig.engine.vectors_in_memory(), 61);
    assert!(near(&rig, "boat", ALL, 0).is_empty());
}

#[test]
fn what_is_new_is_found_and_what_is_gone_is_not_though_it_was_in_memory() {
    let place = Place::new();
    place.write_many(30);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "one", "boat3");
    for number in 0..20 {
        place.write(&file_name(number), &file_text(number, "second"));
    }
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "one", "boat3");
    assert_embedded(&place, "one");
    assert_eq!(
        rig.engine.vectors_in_memory(),
        30,
        "what was met and is gone is not kept for ever"
    );
}

#[test]
fn with_an_embedder_of_another_model_only_its_own_vectors_are_compared() {
    let place = Place::new();
    place.write_many(40);
    {
        let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
        rig.import_to_the_end();
        embedded(&rig, &place);
    }
    let model = Arc::new(Letters::gated("two"));
    model.gate.hold_call(33);
    let rig = place.start_embedding(1, model.clone());
    model.gate.wait_held();
    assert_nearest(&place, &rig, "two", "boat3");
    assert_eq!(rig.engine.vectors_in_memory(), 32);
    model.gate.open();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "two", "boat3");
}

#[test]
fn while_another_model_reads_all_passages_the_one_before_answers_until_fewer_are_its_own() {
    let place = Place::new();
    place.write_many(80);
    let one = Arc::new(Letters::of("one"));
    let two = Arc::new(Letters::gated("two"));
    two.gate.hold_call(33);
    let models = Several::of(vec![one, two.clone()], "one");
    let rig = place.start_asking(1, models.clone(), None);
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "one", "boat3");
    models.choose(&rig, "two");
    two.gate.wait_held();
    let by = |id: &str| kept(&place.raw()).iter().filter(|one| one.1 == id).count();
    assert_eq!((by("one"), by("two")), (48, 32));
    assert_nearest(&place, &rig, "one", "boat3");
    assert!(two.texts.lock().iter().all(|text| text.contains("note")));
    two.gate.open();
    embedded(&rig, &place);
    assert_embedded(&place, "two");
    assert_nearest(&place, &rig, "two", "boat3");
    assert!(two.texts.lock().iter().any(|text| text == "boat3"));
    two.gate.hold_call(1);
    models.choose(&rig, "one");
    embedded(&rig, &place);
    assert_embedded(&place, "one");
    assert_nearest(&place, &rig, "one", "boat4");
    two.gate.open();
}

#[test]
fn what_is_still_being_written_is_told_to_no_network() {
    let place = Place::new();
    place.write_many(5);
    let far = Arc::new(Letters::far("far"));
    let rig = place.start_embedding(1, far.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    far.texts.lock().clear();
    let asked = |text: &str, typing| {
        let asked = Asked {
            text: text.to_owned(),
            limit: 5,
            typing,
            ..Asked::default()
        };
        rig.engine.recall(&asked).unwrap().meaning
    };
    // What was written is taken back, letter by letter: it may go on anew.
    for text in ["boa", "boat", "boa", "boat"] {
        assert_eq!(asked(text, true), Meaning::ToCome, "{text}");
    }
    assert!(
        far.texts.lock().is_empty(),
        "nobody knows whether it goes on"
    );
    assert_eq!(asked("boat", true), Meaning::Yes, "nothing followed");
    assert_eq!(asked("who left", false), Meaning::Yes, "it was meant so");
    assert_eq!(*far.texts.lock(), ["boat", "who left"]);
}

#[test]
fn after_a_backup_is_put_back_its_vectors_are_compared_and_no_others() {
    let place = Place::new();
    place.write_many(10);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    let made = rig.engine.make_backup(None).unwrap();
    for number in 0..10 {
        place.write(&file_name(number), &file_text(number, "second"));
    }
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "one", "boat3");
    rig.engine.restore(&made.backup.id).unwrap();
    embedded(&rig, &place);
    assert_nearest(&place, &rig, "one", "boat3");
    assert_embedded(&place, "one");
}

#[test]
fn what_few_passages_a_filter_lets_through_is_found_behind_very_many_that_are_nearer() {
    let place = Place::new();
    // Each paragraph is as long as a passage may be.
    let paragraph = |number: usize| format!("{} {number}", "boats sail ".repeat(70));
    let many: Vec<String> = (0..1_200).map(paragraph).collect();
    place.write("many.md", &many.join("\n\n"));
    let message = serde_json::json!({
        "author": { "role": "user", "name": "Ada" }, "create_time": 1_700_000_000,
        "content": { "content_type": "text", "parts": ["Zebras eat figs."] },
    });
    let export = serde_json::json!([{
        "id": "talk", "title": "talk", "create_time": 1_700_000_000, "update_time": 1_700_000_000,
        "mapping": { "0": { "parent": null, "message": message } }, "current_node": "0",
    }]);
    place.write("conversations.json", &export.to_string());
    let rig = place.start_embedding(2, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    rig.note("Quite another text.");
    embedded(&rig, &place);
    let raw = place.raw();
    assert!(place.count("SELECT count(*) FROM vectors") > 1_150);
    let notes = place.count("SELECT id FROM sources WHERE kind = 'notes'");
    let source = Filter {
        source: Some(SourceKey::from_payload(notes)),
        ..ALL
    };
    let said = Filter {
        author: Some("aDA"),
        ..ALL
    };
    let kind = Filter {
        kind: Some(Kind::Note),
        ..ALL
    };
    for (filter, which) in [
        (source, "s.kind = 'notes'"),
        (said, "c.author = 'Ada'"),
        (kind, "s.kind = 'notes'"),
    ] {
        let found = near(&rig, &paragraph(7), filter, 200);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.chunk.get(), one.nearness))
            .collect();
        let wanted = by_the_rows(&raw, "one", &paragraph(7), which, 200);
        assert_eq!((found.len(), &found), (1, &wanted), "{which}");
    }
}

#[test]
fn a_question_that_is_called_off_waits_for_no_model_and_one_that_is_not_waits_two_seconds() {
    let place = Place::new();
    let model = Arc::new(Letters::gated("one"));
    let rig = place.start_embedding(0, model.clone());
    model.gate.hold_call(1);
    let canceller = Canceller::default();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| rig.engine.nearest_to_question("Who?", ALL, 5, &canceller));
        model.gate.wait_held();
        canceller.cancel();
        let found = asked.join().unwrap();
        assert!(matches!(found, Err(Error::Cancelled)), "{found:?}");
    });
    model.gate.open();
    model.gate.hold_call(1);
    let found = rig
        .engine
        .nearest_to_question("Where?", ALL, 5, &Canceller::default());
    assert_eq!(found.unwrap(), None, "words alone answer");
    model.gate.open();
    rig.engine.stop();
    let found = rig
        .engine
        .nearest_to_question("When?", ALL, 5, &Canceller::default());
    assert_eq!(found.unwrap(), None, "nothing is begun any more");
}

#[test]
fn a_question_is_embedded_once_and_never_with_a_connection_held() {
    let place = Place::new();
    let model = Arc::new(Letters::of("one"));
    let rig = place.start_embedding(0, model.clone());
    for _ in 0..3 {
        assert_eq!(near(&rig, "Who is it?", ALL, 5), []);
    }
    assert_eq!(*model.texts.lock(), ["Who is it?"]);
    let inside = rig.store.read(Lane::Background, |_| {
        let canceller = Canceller::default();
        rig.engine.nearest_to_question("Where?", ALL, 5, &canceller)
    });
    assert!(matches!(inside, Err(Error::HeldConnection)), "{inside:?}");
    let without = place.start(0);
    let canceller = Canceller::default();
    let found = without
        .engine
        .nearest_to_question("Who?", ALL, 5, &canceller);
    assert_eq!(found.unwrap(), None, "nobody embeds");
}

#[test]
fn searches_amid_imports_bring_passages_that_are_there() {
    let place = Place::new();
    place.write_many(30);
    let rig = place.start_embedding(2, Arc::new(Letters::of("one")));
    rig.import();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for seed in 1..=3_u64 {
            let (rig, done) = (&rig, &done);
            scope.spawn(move || {
                let random = SeededRandom::new(seed);
                while !done.load(Ordering::SeqCst) {
                    let question = format!("boat{}", random.below(30));
                    let found = near(rig, &question, ALL, 5);
                    let mut times: BTreeMap<i64, usize> = BTreeMap::new();
                    for one in &found {
                        *times.entry(one.chunk.get()).or_default() += 1;
                    }
                    assert!(times.values().all(|times| *times == 1), "{found:?}");
                }
            });
        }
        for round in 0..6 {
            for number in 0..30 {
                place.write(
                    &file_name(number),
                    &file_text(number, ["second", "third"][round % 2]),
                );
            }
            rig.import_to_the_end();
        }
        embedded(&rig, &place);
        done.store(true, Ordering::SeqCst);
    });
    assert_nearest(&place, &rig, "one", "boat3");
    assert_embedded(&place, "one");
}

#[test]
fn whatever_comes_between_the_answers_are_those_of_the_rows() {
    let cases = std::env::var("OLDGROWTH_CASES").ok();
    let cases: u64 = cases.and_then(|n| n.parse().ok()).unwrap_or(25);
    for seed in 1..=cases {
        history(seed);
    }
}

fn history(seed: u64) {
    let random = SeededRandom::new(seed);
    let place = Place::new();
    place.write_many(8);
    let mut id = "one";
    let mut rig = place.start_embedding(2, Arc::new(Letters::of(id)));
    for step in 0..12 {
        match random.below(8) {
            0..=2 => {
                for _ in 0..1 + random.below(8) {
                    let number = random.below(15);
                    let version = ["first", "second", "third"][random.below(3)];
                    place.write(&file_name(number), &file_text(number, version));
                }
                rig.import();
            }
            3 => {
                // It may not be there.
                drop(std::fs::remove_file(
                    place.notes.path().join(file_name(random.below(15))),
                ));
                rig.import();
            }
            4 => {
                rig.note(&file_text(random.below(50), "noted"));
            }
            5 if random.below(2) == 0 => {
                drop(rig);
                id = ["one", "two"][random.below(2)];
                rig = place.start_embedding(2, Arc::new(Letters::of(id)));
            }
            6 => {
                embedded(&rig, &place);
                assert_nearest(&place, &rig, id, &format!("boat{step}"));
            }
            _ => {
                near(&rig, &format!("wind{step}"), ALL, 3);
            }
        }
    }
    embedded(&rig, &place);
    assert_nearest(&place, &rig, id, &format!("seed {seed}"));
    assert_embedded(&place, id);
}

#[test]
fn what_is_in_memory_is_given_back_when_nobody_asks() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    near(&rig, "boat3", ALL, 5);
    assert_eq!(rig.engine.vectors_in_memory(), 5);
    rig.later(Duration::from_secs(4 * 60));
    assert_eq!(
        rig.engine.vectors_in_memory(),
        5,
        "somebody has asked of late"
    );
    rig.later(Duration::from_secs(2 * 60));
    rig.at_work_until("that it is given back", || {
        rig.engine.vectors_in_memory() == 0
    });
    assert_nearest(&place, &rig, "one", "boat3");
}

/// The weights that the set-up has made. None on a computer where it could not.
fn weights() -> Option<std::path::PathBuf> {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights/e5-small.weights");
    file.is_file().then_some(file)
}

#[test]
fn the_built_in_model_finds_what_says_the_same_in_other_words_and_another_language() {
    let Some(weights) = weights() else {
        eprintln!("skipped: the weights of the built-in model are not here");
        return;
    };
    let place = Place::new();
    place.write("a.md", "Milk, bread and six eggs.\n");
    place.write(
        "b.md",
        "The document I travel with is valid until the spring of 2027.\n",
    );
    place.write("c.md", "Ada repaired the old boat in the harbour.\n");
    let model = BuiltIn::new(weights, std::num::NonZeroUsize::MIN);
    let rig = place.start_embedding(1, Arc::new(model));
    rig.import_to_the_end();
    embedded(&rig, &place);
    for (question, wanted) in [
        ("When does my passport expire?", "travel"),
        ("Wann läuft mein Reisepass ab?", "travel"),
        ("What do I need from the shop?", "Milk"),
        ("Who mended the ship?", "Ada"),
    ] {
        let found = near(&rig, question, ALL, 3);
        assert_eq!(found.len(), 3);
        let nearest = found.first().unwrap().chunk;
        let passage = rig.store.read(Lane::Interactive, |r| r.chunk(nearest));
        let text = passage.unwrap().text;
        assert!(text.contains(wanted), "{question}: {text}");
    }
}
