//! Passages are looked through for what they name: each once, whatever comes in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oldgrowth_domain::entities::EntityKind::{self, Person};
use oldgrowth_engine::ports::{Clock, Extractor, Named, Passage, no_connection_held};
use oldgrowth_engine::{ComponentState, Engine, Error, FixCode, HealthCode, Name, Names, Result};
use oldgrowth_models::Rules;
use oldgrowth_store::Lane;
use oldgrowth_testkit::{TestEngine, WallClock};
use parking_lot::Mutex;

use crate::fixes::{leave_strays, mend, state};
use crate::fixes_of_copies::{laid_out, sweep};
use crate::rig::{DEADLINE, Place, Rig};
use crate::salvaged::{LAST_PAGE, spoil};
use crate::stand_ins::Gate;

/// Finds words that begin with a capital and says how it was asked.
#[derive(Default)]
struct Capitals {
    id: &'static str,
    gate: Gate,
    gated: bool,
    /// Passages with this word make it panic, refuse, or be away once.
    panics_at: Option<&'static str>,
    refuses_at: Option<&'static str>,
    away: AtomicUsize,
    /// How many passages each call held.
    calls: Mutex<Vec<usize>>,
}

impl Capitals {
    fn of(id: &'static str) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    fn passages(&self) -> usize {
        self.calls.lock().iter().sum()
    }
}

impl Extractor for Capitals {
    fn id(&self) -> &str {
        self.id
    }

    fn extract(&self, passages: &[Passage<'_>]) -> Result<Vec<Vec<Named>>> {
        no_connection_held()?;
        self.calls.lock().push(passages.len());
        if self.gated {
            self.gate.pass();
        }
        if self.away.load(Ordering::SeqCst) > 0 {
            self.away.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::Model {
                code: "away",
                retry_in: Some(Duration::from_millis(1)),
            });
        }
        let holds = |word: Option<&str>| {
            word.is_some_and(|word| passages.iter().any(|one| one.text.contains(word)))
        };
        assert!(!holds(self.panics_at), "an extractor that panics, as told");
        if holds(self.refuses_at) {
            return Err(Error::Model {
                code: "test",
                retry_in: None,
            });
        }
        Ok(passages.iter().map(|one| capitals(one.text)).collect())
    }
}

fn capitals(text: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let name = word.trim_matches(|c: char| !c.is_alphanumeric());
        if name.starts_with(char::is_uppercase) {
            let start = at + word.find(name).unwrap();
            found.push(Named {
                range: start..start + name.len(),
                kind: Person,
                name: name.to_owned(),
            });
        }
        at += word.len();
    }
    found
}

/// Waits until all is looked through. Time passes meanwhile, or who is away would never come back.
fn extracted(rig: &Rig, place: &Place) {
    let clock = WallClock::start();
    let done = rig.engine.wait_until_extracted(|| {
        place.clock.advance(Duration::from_millis(250));
        clock.monotonic() < DEADLINE
    });
    assert!(done.unwrap(), "all is looked through");
}

fn named(engine: &Engine) -> BTreeMap<String, (u32, u32)> {
    let found = engine.names(Person, "", 0, 500).unwrap();
    let row =
        |one: oldgrowth_store::table::entities::Entity| (one.name, (one.mentions, one.documents));
    found.names.into_iter().map(row).collect()
}

fn left(engine: &Engine) -> (u32, u32) {
    let left = engine.names(Person, "", 0, 1).unwrap().left.unwrap();
    (left.passages, left.failed)
}

fn found(engine: &Engine, name: &str) -> Name {
    let Names { names, .. } = engine.names(Person, name, 0, 1).unwrap();
    engine.name(&names.first().unwrap().id, 0, 20).unwrap()
}

/// What is counted is what the rows say, and what stands in the texts.
fn assert_adds_up(place: &Place) {
    place.assert_whole();
    let counts = place.count(
        "SELECT count(*) FROM entities e WHERE (mentions, documents) <>
           (SELECT count(*), count(DISTINCT document_id) FROM mentions m WHERE m.entity_id = e.id)
            OR mentions = 0 OR NOT EXISTS (SELECT 1 FROM aliases a WHERE a.entity_id = e.id)",
    );
    assert_eq!(counts, 0, "each is counted as often as it is mentioned");
    let astray = place.count(
        "SELECT count(*) FROM mentions m JOIN chunks c ON c.id = m.chunk_id JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NOT NULL OR c.document_id <> m.document_id OR c.happened_at IS NOT m.happened_at
            OR m.text_end > length(CAST(c.text AS BLOB))",
    );
    assert_eq!(astray, 0, "and only where it is searched");
}

#[test]
fn what_passages_name_is_found_after_the_import_and_leads_back_to_them() {
    let place = Place::new();
    place.write("a.md", "Marta Kovács wrote from Lisbon.\n");
    place.write(
        "b.md",
        "We met Marta Kovács and Tom Weber in Lisbon on 2024-05-07.\n",
    );
    let rig = place.start_extracting(2, Arc::new(Rules));
    rig.import_to_the_end();
    extracted(&rig, &place);
    assert_eq!(left(&rig.engine), (0, 0));
    let people = named(&rig.engine);
    assert_eq!(people.get("Marta Kovács"), Some(&(2, 2)), "{people:?}");
    let places = rig.engine.names(EntityKind::Place, "lis", 0, 9).unwrap();
    assert_eq!((places.total, places.names.len()), (1, 1));
    let kinds: Vec<_> = places.counts.iter().map(|(kind, n)| (*kind, *n)).collect();
    assert!(kinds.contains(&(EntityKind::Date, 1)), "{kinds:?}");
    let marta = found(&rig.engine, "kovacs");
    assert_eq!(marta.passages_total, 2);
    assert_eq!(marta.written_as, ["Marta Kovács"]);
    assert_eq!(
        marta.sources.first().map(|(_, documents)| *documents),
        Some(2)
    );
    let beside: Vec<_> = marta
        .beside
        .iter()
        .map(|(one, n)| (&*one.name, *n))
        .collect();
    assert_eq!(beside, [("Lisbon", 2), ("Tom Weber", 1)]);
    for passage in &marta.passages {
        let [mark] = passage.matches.as_slice() else {
            panic!("it is named once in each")
        };
        assert_eq!(passage.chunk.text.get(mark.clone()), Some("Marta Kovács"));
    }
    assert_adds_up(&place);
    let gone = oldgrowth_domain::EntityId::derived(&[b"nobody"]);
    assert!(matches!(rig.engine.name(&gone, 0, 9), Err(Error::NotFound)));
}

#[test]
fn a_new_version_and_a_removal_take_their_names_along() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    place.write("b.md", "Marta alone.\n");
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.import_to_the_end();
    extracted(&rig, &place);
    let expect = |names: &[(&str, (u32, u32))]| {
        let names = names.iter().map(|(name, n)| ((*name).to_owned(), *n));
        assert_eq!(named(&rig.engine), names.collect());
        assert_adds_up(&place);
    };
    expect(&[("Marta", (2, 2)), ("Ödön", (1, 1))]);
    place.write("a.md", "Zoltán came instead.\n");
    rig.import_to_the_end();
    extracted(&rig, &place);
    expect(&[("Marta", (1, 1)), ("Zoltán", (1, 1))]);
    let samples = tempfile::tempdir().unwrap();
    std::fs::write(samples.path().join("s.md"), "Marta and Quentin.\n").unwrap();
    rig.engine.start_samples(samples.path()).unwrap();
    rig.idle();
    extracted(&rig, &place);
    expect(&[("Marta", (2, 2)), ("Quentin", (1, 1)), ("Zoltán", (1, 1))]);
    let sources = rig.engine.ledger().unwrap();
    let sample = sources
        .iter()
        .find(|row| row.source.kind == oldgrowth_store::table::sources::SourceKind::Samples);
    rig.engine
        .remove_source(&sample.unwrap().source.id)
        .unwrap();
    expect(&[("Marta", (1, 1)), ("Zoltán", (1, 1))]);
    // Their keys are used again.
    place.write("c.md", "Bruno has a key of before.\n");
    rig.import_to_the_end();
    extracted(&rig, &place);
    expect(&[("Bruno", (1, 1)), ("Marta", (1, 1)), ("Zoltán", (1, 1))]);
}

#[test]
fn each_passage_is_looked_through_once_over_restarts() {
    let place = Place::new();
    place.write_many(30);
    let first = Arc::new(Capitals::of("one"));
    let rig = place.start_extracting(2, first.clone());
    rig.import_to_the_end();
    extracted(&rig, &place);
    assert_eq!(first.passages(), 30);
    let before = named(&rig.engine);
    drop(rig);
    let second = Arc::new(Capitals::of("one"));
    let rig = place.start_extracting(2, second.clone());
    rig.note("Marta was here.");
    extracted(&rig, &place);
    assert_eq!(second.passages(), 1, "only what is new");
    assert_eq!(named(&rig.engine).len(), before.len() + 1);
    assert_adds_up(&place);
}

#[test]
fn a_process_that_ends_while_passages_are_looked_through_loses_only_that_page() {
    let place = Place::new();
    place.write_many(300);
    let gated = Arc::new(Capitals {
        gated: true,
        ..Capitals::of("one")
    });
    // Each file is a call, and a page is 256.
    gated.gate.hold_call(260);
    let rig = place.start_extracting(1, gated.clone());
    rig.import_to_the_end();
    gated.gate.wait_held();
    assert_eq!(left(&rig.engine).0, 44, "the first page is kept");
    rig.engine.begin_stop();
    gated.gate.open();
    drop(rig);
    let up_to = place.count("SELECT up_to FROM extraction");
    let keys = place.count("SELECT id FROM chunks ORDER BY id LIMIT 1 OFFSET 255");
    assert_eq!(up_to, keys, "and nothing of the second");
    let again = Arc::new(Capitals::of("one"));
    let rig = place.start_extracting(1, again.clone());
    extracted(&rig, &place);
    assert_eq!(again.passages(), 44, "which comes next time");
    assert_eq!(named(&rig.engine).get("The"), Some(&(300, 300)));
    assert_adds_up(&place);
}

#[test]
fn what_changes_while_it_is_looked_through_is_not_kept_as_it_was() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    let gated = Arc::new(Capitals {
        gated: true,
        ..Capitals::of("one")
    });
    gated.gate.hold_call(1);
    let rig = place.start_extracting(2, gated.clone());
    rig.import_to_the_end();
    gated.gate.wait_held();
    place.write("a.md", "Zoltán came instead.\n");
    // The other worker imports it meanwhile.
    rig.import_to_the_end();
    gated.gate.open();
    extracted(&rig, &place);
    let names: Vec<String> = named(&rig.engine).into_keys().collect();
    assert_eq!(names, ["Zoltán"], "what it was is searched no more");
    assert_adds_up(&place);
}

#[test]
fn another_extractor_begins_anew_and_what_is_known_stays_until_it_comes_to_it() {
    let place = Place::new();
    place.write_many(300);
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.import_to_the_end();
    extracted(&rig, &place);
    let before = named(&rig.engine);
    drop(rig);
    let other = Arc::new(Capitals {
        gated: true,
        ..Capitals::of("two")
    });
    other.gate.hold_call(260);
    let rig = place.start_extracting(1, other.clone());
    other.gate.wait_held();
    assert_eq!(named(&rig.engine), before, "old and new together are whole");
    assert_eq!(left(&rig.engine).0, 44);
    assert_adds_up(&place);
    other.gate.open();
    extracted(&rig, &place);
    assert_eq!(other.passages(), 300, "all of it");
    assert_eq!(named(&rig.engine), before);
    assert_adds_up(&place);
}

#[test]
fn a_passage_at_which_the_extractor_panics_takes_no_other_along() {
    for (panics_at, refuses_at) in [(Some("Kettle"), None), (None, Some("Kettle"))] {
        let place = Place::new();
        let long = "Marta wrote a long line about the harbour and the boats. ".repeat(15);
        place.write("a.md", &format!("{long}\n\nKettle. {long}\n\n{long}\n"));
        place.write("b.md", "Ödön was here.\n");
        let extractor = Arc::new(Capitals {
            panics_at,
            refuses_at,
            ..Capitals::of("one")
        });
        let rig = place.start_extracting(1, extractor.clone());
        rig.import_to_the_end();
        extracted(&rig, &place);
        let chunks = place.count("SELECT count(*) FROM chunks");
        assert!(chunks >= 4, "several passages in one document: {chunks}");
        let names: Vec<String> = named(&rig.engine).into_keys().collect();
        assert_eq!(names, ["Marta", "Ödön"], "the others are looked through");
        assert_eq!(left(&rig.engine), (0, 1), "and one is said to be not");
        let calls = extractor.passages();
        drop(rig);
        let rig = place.start_extracting(1, extractor.clone());
        extracted(&rig, &place);
        assert_eq!(extractor.passages(), calls, "it is not tried for ever");
        drop(rig);
        let rig = place.start_extracting(1, Arc::new(Capitals::of("two")));
        extracted(&rig, &place);
        assert_eq!(left(&rig.engine), (0, 0), "another one may know better");
        assert!(named(&rig.engine).contains_key("Kettle"));
        assert_adds_up(&place);
    }
}

#[test]
fn an_extractor_that_is_away_costs_nothing_and_is_asked_again() {
    let place = Place::new();
    place.write("a.md", "Marta alone.\n");
    let extractor = Arc::new(Capitals {
        away: AtomicUsize::new(3),
        ..Capitals::of("one")
    });
    let rig = place.start_extracting(1, extractor.clone());
    rig.import_to_the_end();
    extracted(&rig, &place);
    assert_eq!(named(&rig.engine).get("Marta"), Some(&(1, 1)));
    assert_eq!(extractor.passages(), 4);
    assert_eq!(left(&rig.engine), (0, 0), "nothing was given up");
}

#[test]
fn paused_work_looks_nothing_through_until_it_is_resumed() {
    let place = Place::new();
    let extractor = Arc::new(Capitals::of("one"));
    let rig = place.start_extracting(1, extractor.clone());
    rig.engine.pause_work().unwrap();
    rig.note("Marta was here.");
    let done = rig.engine.wait_until_extracted(|| true).unwrap();
    assert!(!done, "nobody waits for what is paused");
    assert_eq!((left(&rig.engine).0, extractor.passages()), (1, 0));
    assert!(
        rig.engine.activity().unwrap().names_to_come,
        "and it is told"
    );
    rig.engine.resume_work().unwrap();
    extracted(&rig, &place);
    assert!(!rig.engine.activity().unwrap().names_to_come);
    assert_eq!(named(&rig.engine).get("Marta"), Some(&(1, 1)));
}

#[test]
fn a_document_is_looked_through_whole_and_a_very_long_one_in_stretches() {
    let place = Place::new();
    let line = "Marta wrote a long line about the harbour and the boats. ".repeat(20);
    place.write("a.md", &format!("{line}\n\n").repeat(200));
    place.write("b.md", &format!("{line}\n\n").repeat(600));
    let extractor = Arc::new(Capitals::of("one"));
    let rig = place.start_extracting(1, extractor.clone());
    rig.import_to_the_end();
    extracted(&rig, &place);
    let mut calls = extractor.calls.lock().clone();
    calls.sort_unstable();
    assert_eq!(calls, [88, 200, 256, 256], "{calls:?}");
    assert_eq!(named(&rig.engine).get("Marta"), Some(&(16_000, 2)));
}

#[test]
fn names_that_do_not_add_up_are_found_by_the_doctor_and_made_anew() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.import_to_the_end();
    extracted(&rig, &place);
    let before = named(&rig.engine);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    place
        .raw()
        .execute_batch("UPDATE entities SET mentions = 7 WHERE name = 'Marta'")
        .unwrap();
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Warn);
    let (plan, _) = mend(&rig, FixCode::SetAsideOrphans);
    let made_anew = |step: &String| step.contains("made anew from the passages");
    assert!(plan.steps.iter().any(made_anew), "{plan:?}");
    extracted(&rig, &place);
    assert_eq!(named(&rig.engine), before);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    assert_adds_up(&place);
}

#[test]
fn a_passage_that_belongs_to_nothing_is_in_nobodys_way() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.import_to_the_end();
    leave_strays(&place);
    extracted(&rig, &place);
    assert_eq!(named(&rig.engine).len(), 2);
    mend(&rig, FixCode::SetAsideOrphans);
    rig.note("Zoltán has its key.");
    extracted(&rig, &place);
    assert_eq!(named(&rig.engine).len(), 3);
    assert_adds_up(&place);
}

#[test]
fn of_a_memory_that_was_salvaged_names_are_looked_for_from_the_first_passage_on() {
    let place = Place::new();
    place.write_many(60);
    {
        let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
        rig.import_to_the_end();
        extracted(&rig, &place);
        assert_eq!(named(&rig.engine).get("The"), Some(&(60, 60)));
    }
    spoil(&place, LAST_PAGE);
    let rig = place.start(1);
    let (_, receipt) = mend(&rig, FixCode::OpenCopy);
    let folder = laid_out(&receipt);
    let copy = TestEngine::start(&folder, 0);
    let there = copy.engine.totals().unwrap();
    assert!(there.chunks < 60, "the last ones were lost: {there:?}");
    assert_eq!(there.mentions, 0, "nothing is taken over");
    let left = copy
        .store
        .read(Lane::Interactive, |r| r.left_to_extract("one"));
    assert_eq!(
        u64::from(left.unwrap().passages),
        there.chunks,
        "and all is to be looked through"
    );
    drop(copy);
    sweep(&folder);
}

#[test]
fn what_does_not_hold_together_any_more_is_made_anew_by_itself() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.import_to_the_end();
    extracted(&rig, &place);
    drop(rig);
    place
        .raw()
        .execute_batch("PRAGMA foreign_keys = 0; DELETE FROM mentions; DELETE FROM entities;")
        .unwrap();
    let rig = place.start_extracting(1, Arc::new(Capitals::of("one")));
    rig.note("Marta again.");
    extracted(&rig, &place);
    assert_eq!(named(&rig.engine).get("Marta"), Some(&(2, 2)));
    assert_adds_up(&place);
}
