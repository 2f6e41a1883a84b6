//! Passages are embedded, each once and as what stands in the rows, whatever comes in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oldgrowth_domain::calendar::{Day, Period, Rank};
use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_engine::ports::{Clock, Embedder, Embedders, Side, no_connection_held};
use oldgrowth_engine::{ComponentState, Error, FixCode, FixOutcome, HealthCode, Result};
use oldgrowth_testkit::{SeededRandom, WallClock};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::checks::found;
use crate::fixes::{leave_strays, mend, state};
use crate::rig::{DEADLINE, Place, Rig, file_name, file_text};
use crate::stand_ins::Gate;

pub(crate) const WIDTH: usize = 16;

/// Makes a vector of a text's letters, the same each time and another with each id; does as it is told, and remembers.
#[derive(Default)]
pub(crate) struct Letters {
    id: &'static str,
    pub(crate) gate: Gate,
    gated: bool,
    /// Texts with this word make it panic, or are refused.
    pub(crate) panics_at: Option<&'static str>,
    pub(crate) refuses_at: Option<&'static str>,
    /// So many calls find it away.
    pub(crate) away: AtomicUsize,
    /// Its file is not there: it refuses everything.
    is_gone: bool,
    /// Another length for texts with this word.
    longer_at: Option<&'static str>,
    /// It is asked over a network.
    is_far: bool,
    /// How many texts came with each call.
    pub(crate) calls: Mutex<Vec<usize>>,
    /// Looks at the memory at each call.
    witness: Mutex<Option<Witness>>,
    seen: Mutex<Vec<i64>>,
    pub(crate) texts: Mutex<Vec<String>>,
}

type Witness = Box<dyn Fn() -> i64 + Send>;

impl Letters {
    pub(crate) fn of(id: &'static str) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    pub(crate) fn far(id: &'static str) -> Self {
        Self {
            is_far: true,
            ..Self::of(id)
        }
    }

    /// Its calls pass the gate.
    pub(crate) fn gated(id: &'static str) -> Self {
        Self {
            gated: true,
            ..Self::of(id)
        }
    }
}

pub(crate) fn letters(id: &str, text: &str) -> Vec<f32> {
    let mut vector = [0.01_f32; WIDTH];
    for (at, byte) in id.bytes().chain(text.bytes()).enumerate() {
        vector[(at * 7 + usize::from(byte)) % WIDTH] += f32::from(byte % 13) - 6.0;
    }
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    vector.iter().map(|n| n / length).collect()
}

impl Embedder for Letters {
    fn id(&self) -> &str {
        self.id
    }

    fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        self.calls.lock().push(texts.len());
        if side == Side::Passage {
            let seen = self.witness.lock().as_ref().map(|look| look());
            self.seen.lock().extend(seen);
        }
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
            word.is_some_and(|word| texts.iter().any(|text| text.contains(word)))
        };
        assert!(!holds(self.panics_at), "an embedder that panics, as told");
        if self.is_gone || holds(self.refuses_at) {
            return Err(Error::Model {
                code: "test",
                retry_in: None,
            });
        }
        let embedded = texts.iter().map(|text| {
            let mut vector = letters(self.id, text);
            if self.longer_at.is_some_and(|word| text.contains(word)) {
                vector.push(0.1);
            }
            vector
        });
        let embedded = embedded.collect();
        self.texts
            .lock()
            .extend(texts.iter().map(|text| (*text).to_owned()));
        Ok(embedded)
    }

    fn at_once(&self) -> usize {
        if self.is_far { 32 } else { 1 }
    }

    fn is_far(&self) -> bool {
        self.is_far
    }
}

/// Those who can be asked, and which of them is chosen.
pub(crate) struct Several {
    all: Vec<Arc<dyn Embedder>>,
    pub(crate) chosen: Mutex<&'static str>,
}

impl Several {
    pub(crate) fn of(all: Vec<Arc<dyn Embedder>>, chosen: &'static str) -> Arc<Self> {
        Arc::new(Self {
            all,
            chosen: Mutex::new(chosen),
        })
    }

    pub(crate) fn choose(&self, rig: &Rig, id: &'static str) {
        *self.chosen.lock() = id;
        rig.engine.models_changed();
    }
}

impl Embedders for Several {
    fn chosen(&self) -> Option<Arc<dyn Embedder>> {
        let id = *self.chosen.lock();
        self.named(id)
    }

    fn named(&self, id: &str) -> Option<Arc<dyn Embedder>> {
        self.all.iter().find(|one| one.id() == id).cloned()
    }

    fn rest_all(&self) {}
}

/// Waits until all is embedded. Time passes meanwhile, or who is away would never come back.
pub(crate) fn embedded(rig: &Rig, place: &Place) {
    let clock = WallClock::start();
    let done = rig.engine.wait_until_embedded(|| {
        place.clock.advance(Duration::from_millis(250));
        clock.monotonic() < DEADLINE
    });
    assert!(done.unwrap(), "all is embedded");
}

fn failed(rig: &Rig) -> u32 {
    rig.engine.embedding_left().unwrap().unwrap().failed
}

/// What a passage is to be embedded as, of texts that are short enough to be taken whole: by the rows themselves.
pub(crate) fn windows(raw: &Connection) -> BTreeMap<i64, String> {
    let mut passages = raw
        .prepare(
            "SELECT c.id, c.document_id, c.ordinal, c.author,
                    iif(c.author IS NOT NULL OR d.happened_basis = 'stated', c.happened_at, NULL), c.text
             FROM chunks c JOIN documents d ON d.id = c.document_id
             WHERE d.superseded_at IS NULL AND c.id >= 0 ORDER BY c.document_id, c.ordinal",
        )
        .unwrap();
    type Passage = (i64, i64, i64, Option<String>, Option<i64>, String);
    let passages: Vec<Passage> = passages
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })
        .unwrap()
        .map(rusqlite::Result::unwrap)
        .collect();
    let window = |of: &Passage| {
        let mut lines = Vec::new();
        let day = of.4.and_then(|at| Day::of(UnixMs(at), &TimeZone::UTC));
        if let Some(day) = day.and_then(|day| Period::of(Rank::Day, day)) {
            lines.push(format!("[{}]", day.title()));
        }
        for one in &passages {
            if one.1 == of.1 && one.2.abs_diff(of.2) <= 2 {
                let author = one.3.as_ref().map(|author| format!("{author}: "));
                lines.push(format!("{}{}", author.unwrap_or_default(), one.5));
            }
        }
        lines.join("\n")
    };
    passages.iter().map(|of| (of.0, window(of))).collect()
}

/// The vectors there are: of which passage, by which model, and what they come to.
pub(crate) fn kept(raw: &Connection) -> Vec<(i64, String, Vec<f32>)> {
    let mut rows = raw
        .prepare(
            "SELECT v.chunk_id, m.name, v.scale, v.components FROM vectors v
             JOIN vector_models m ON m.id = v.model_id ORDER BY v.id",
        )
        .unwrap();
    rows.query_map([], |row| {
        let (scale, bytes): (f64, Vec<u8>) = (row.get(2)?, row.get(3)?);
        let number = |byte: &u8| f32::from(byte.cast_signed()) * scale as f32;
        Ok((row.get(0)?, row.get(1)?, bytes.iter().map(number).collect()))
    })
    .unwrap()
    .map(rusqlite::Result::unwrap)
    .collect()
}

/// Each searched passage has one vector, of what stands in the rows; nothing else has any.
pub(crate) fn assert_embedded(place: &Place, id: &str) {
    let raw = place.raw();
    let windows = windows(&raw);
    let kept = kept(&raw);
    let of: Vec<i64> = kept.iter().map(|(chunk, ..)| *chunk).collect();
    let mut sorted = of.clone();
    sorted.sort_unstable();
    let all: Vec<i64> = windows.keys().copied().collect();
    assert_eq!(sorted, all, "one of each that is searched, and no other");
    for (chunk, model, vector) in kept {
        assert_eq!(model, id);
        let wanted = letters(id, &windows[&chunk]);
        let most = wanted.iter().fold(0.0_f32, |most, n| most.max(n.abs()));
        for (found, wanted) in vector.iter().zip(&wanted) {
            let apart = (found - wanted).abs();
            assert!(apart <= most / 127.0 * 0.51, "{chunk}: {found} {wanted}");
        }
        assert_eq!(vector.len(), wanted.len());
    }
}

fn long_note(lines: usize, version: &str) -> String {
    let line = |n: usize| format!("The {version} line {n} tells of boats. ").repeat(25);
    (0..lines).map(|n| line(n) + "\n\n").collect()
}

#[test]
fn each_passage_is_embedded_with_its_neighbours_after_the_import() {
    let place = Place::new();
    place.write("a.md", "Marta met Ödön.\n");
    place.write("b.md", &long_note(6, "first"));
    let model = Arc::new(Letters::of("one"));
    let rig = place.start_embedding(2, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    let texts = model.texts.lock().clone();
    assert_eq!(texts.len(), 7, "{texts:?}");
    let long: Vec<&String> = texts.iter().filter(|text| text.contains("boats")).collect();
    assert!(
        long.iter()
            .any(|text| text.contains("line 0") && text.contains("line 1"))
    );
    let kept = kept(&place.raw());
    assert_eq!(kept.len(), 7);
    let left = rig.engine.embedding_left().unwrap().unwrap();
    assert_eq!((left.passages, left.failed, left.away), (0, 0, None));
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
}

#[test]
fn paused_work_embeds_nothing_until_it_is_resumed() {
    let place = Place::new();
    let model = Arc::new(Letters::of("one"));
    let rig = place.start_embedding(1, model.clone());
    rig.engine.pause_work().unwrap();
    rig.note("Marta was here.");
    let done = rig.engine.wait_until_embedded(|| true).unwrap();
    assert!(!done, "nobody waits for what is paused");
    let left = rig.engine.embedding_left().unwrap().unwrap();
    assert_eq!((left.passages, model.texts.lock().len()), (1, 0));
    rig.engine.resume_work().unwrap();
    embedded(&rig, &place);
    assert_embedded(&place, "one");
}

#[test]
fn a_text_that_can_not_be_embedded_is_passed_over_and_takes_no_other_along() {
    let place = Place::new();
    for name in ["a", "b", "c", "d", "e"] {
        place.write(&format!("{name}.md"), &format!("The {name} note.\n"));
    }
    place.write("f.md", "A note that frightens.\n");
    place.write("g.md", "A note that disgusts.\n");
    place.write("h.md", "A note that is larger.\n");
    let model = Arc::new(Letters {
        panics_at: Some("frightens"),
        refuses_at: Some("disgusts"),
        longer_at: Some("larger"),
        ..Letters::of("one")
    });
    let rig = place.start_embedding(1, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!((kept(&place.raw()).len(), failed(&rig)), (5, 3));
    let reasons = place.count("SELECT count(*) FROM embedding_failures WHERE reason = 'panic'");
    assert_eq!(reasons, 1);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    drop(rig);
    let rig = place.start_embedding(1, Arc::new(Letters::of("two")));
    embedded(&rig, &place);
    assert_eq!(failed(&rig), 0, "another model can");
    assert_embedded(&place, "two");
}

#[test]
fn a_model_that_is_away_is_asked_again_and_blames_no_passage() {
    let place = Place::new();
    place.write_many(4);
    let model = Arc::new(Letters {
        away: AtomicUsize::new(3),
        ..Letters::of("one")
    });
    let rig = place.start_embedding(1, model);
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!(failed(&rig), 0);
    assert_embedded(&place, "one");
}

#[test]
fn a_model_that_can_not_be_loaded_blames_no_passage_and_is_told() {
    let place = Place::new();
    place.write_many(4);
    let gone = Arc::new(Letters {
        is_gone: true,
        ..Letters::of("one")
    });
    let rig = place.start_embedding(1, gone.clone());
    rig.import_to_the_end();
    let left = || rig.engine.embedding_left().unwrap().unwrap();
    rig.at_work_until("that it was asked in vain", || left().away.is_some());
    assert_eq!((left().passages, left().failed), (4, 0));
    assert_eq!(left().away, Some("test"));
    let asked = || gone.calls.lock().len();
    let before = asked();
    rig.later(Duration::from_secs(9 * 60));
    rig.note("There is more to be done.");
    rig.import_to_the_end();
    assert_eq!(asked(), before, "it would refuse once more");
    rig.later(Duration::from_secs(2 * 60));
    rig.at_work_until("that it is asked again", || asked() > before);
    drop(rig);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    embedded(&rig, &place);
    assert_embedded(&place, "one");
}

#[test]
fn what_changes_while_it_is_embedded_is_embedded_as_it_is() {
    let place = Place::new();
    place.write_many(6);
    let model = Arc::new(Letters::gated("one"));
    model.gate.hold_call(1);
    let rig = place.start_embedding(2, model.clone());
    rig.import();
    model.gate.wait_held();
    for number in 0..3 {
        place.write(&file_name(number), &file_text(number, "second"));
    }
    rig.import_to_the_end();
    model.gate.open();
    embedded(&rig, &place);
    assert_embedded(&place, "one");
}

#[test]
fn what_is_asked_for_meanwhile_comes_first() {
    let place = Place::new();
    place.write_many(40);
    let model = Arc::new(Letters::gated("one"));
    let file = place.workspace.path().join(oldgrowth_store::Store::FILE);
    *model.witness.lock() = Some(Box::new(move || documents(&file)));
    model.gate.hold_call(2);
    let rig = place.start_embedding(1, model.clone());
    rig.import();
    model.gate.wait_held();
    rig.engine
        .start_import(&[place.write("late/late.md", "A late note.\n")])
        .unwrap();
    model.gate.open();
    embedded(&rig, &place);
    let seen = model.seen.lock().clone();
    assert_eq!(seen.get(..3), Some(&[40, 40, 41][..]), "{seen:?}");
    assert_embedded(&place, "one");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test looks at the rows behind the keeper's back"
)]
fn documents(file: &Path) -> i64 {
    let raw = Connection::open(file).unwrap();
    raw.busy_timeout(Duration::from_secs(10)).unwrap();
    raw.query_row("SELECT count(*) FROM documents", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn another_model_takes_over_passage_by_passage() {
    let place = Place::new();
    place.write_many(40);
    {
        let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
        rig.import_to_the_end();
        embedded(&rig, &place);
        assert_embedded(&place, "one");
    }
    let model = Arc::new(Letters::gated("two"));
    // The first page is kept by then.
    model.gate.hold_call(33);
    let rig = place.start_embedding(1, model.clone());
    model.gate.wait_held();
    let by = |id: &str| {
        let kept = kept(&place.raw());
        kept.iter().filter(|(_, model, _)| model == id).count()
    };
    assert_eq!(
        (by("one"), by("two")),
        (8, 32),
        "the others are there still"
    );
    model.gate.open();
    embedded(&rig, &place);
    assert_embedded(&place, "two");
}

#[test]
fn a_model_over_a_network_is_given_many_passages_at_once() {
    let place = Place::new();
    place.write_many(70);
    let far = Arc::new(Letters {
        refuses_at: Some("boat7 "),
        ..Letters::far("far")
    });
    let rig = place.start_embedding(1, far.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!(failed(&rig), 1, "one takes no other along");
    let calls = far.calls.lock().clone();
    let most = calls.iter().filter(|texts| **texts > 1).count();
    assert!(calls.contains(&32) && most <= 4, "{calls:?}");
    assert_eq!(kept(&place.raw()).len(), 69);
}

#[test]
fn vectors_that_do_not_add_up_are_found_by_the_doctor_and_made_anew() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    leave_strays(&place);
    place
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             DELETE FROM vectors WHERE id = 2;
             UPDATE vectors SET components = x'01' WHERE id = 3;
             UPDATE vectors SET model_id = 99 WHERE id = 4;
             INSERT INTO vectors (chunk_id, model_id, scale, components)
             SELECT id, 1, 1, zeroblob(16) FROM chunks WHERE public_id = 'ch_ghost';",
        )
        .unwrap();
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Warn);
    mend(&rig, FixCode::SetAsideOrphans);
    embedded(&rig, &place);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    assert_embedded(&place, "one");
}

#[test]
fn vectors_of_other_texts_are_found_by_the_doctor_and_all_are_made_anew() {
    let place = Place::new();
    place.write_many(8);
    let model = Arc::new(Letters::gated("one"));
    let rig = place.start_embedding(1, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    // As a damage might leave them, or a model of the same name that is another one: each has the vector of the next.
    place
        .raw()
        .execute_batch(
            "CREATE TEMP TABLE there AS SELECT id, scale, components FROM vectors;
             UPDATE vectors SET (scale, components) = (
                SELECT scale, components FROM there WHERE there.id = 1 + vectors.id % 8);",
        )
        .unwrap();
    let before = found(&rig, HealthCode::Orphans);
    assert_eq!(before.state, ComponentState::Warn);
    assert!(before.cause.contains("Of 8 passages"), "{}", before.cause);
    assert_eq!(before.fixes, [FixCode::RebuildVectors]);
    model.gate.hold_call(1);
    let plan = rig.engine.plan_fix(FixCode::RebuildVectors).unwrap();
    assert!(
        plan.steps.iter().any(|step| step.contains("8 passages")),
        "{plan:?}"
    );
    assert_eq!(kept(&place.raw()).len(), 8, "a plan changes nothing");
    std::thread::scope(|scope| {
        let fixing = scope.spawn(|| rig.engine.apply_fix(FixCode::RebuildVectors, &plan.id));
        model.gate.wait_held();
        assert_eq!(kept(&place.raw()).len(), 0, "they are to come");
        assert_eq!(rig.holding("boat3").len(), 1, "words find meanwhile");
        model.gate.open();
        let receipt = fixing.join().unwrap().unwrap();
        assert_eq!(receipt.outcome, FixOutcome::Done);
        assert!(receipt.summary.contains('8'), "{}", receipt.summary);
        assert_eq!(rig.engine.receipts().first(), Some(&receipt));
    });
    embedded(&rig, &place);
    assert_embedded(&place, "one");
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    assert_eq!(failed(&rig), 0);
}

#[test]
fn a_model_that_is_away_makes_no_vector_wrong() {
    let place = Place::new();
    place.write_many(3);
    let model = Arc::new(Letters::of("one"));
    let rig = place.start_embedding(1, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    model.away.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    drop(rig);
    let rig = place.start(0);
    assert_eq!(
        state(&rig, HealthCode::Orphans),
        ComponentState::Ok,
        "nor does it when nobody embeds"
    );
    let plan = rig.engine.plan_fix(FixCode::RebuildVectors).unwrap();
    assert!(plan.nothing_to_do, "who would make them anew?");
}

/// A document of several passages, embedded, of which the fourth is lost afterwards. Answers the vectors that all of them
/// had, by their places.
fn with_a_gap(place: &Place) -> Vec<Vec<f32>> {
    let line = "word ".repeat(70);
    let text: String = (0..7)
        .map(|n| format!("# Part {n}\n\nOf {n}. {line}\n\n"))
        .collect();
    place.write("a.md", &text);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, place);
    let before = by_places(place);
    assert_eq!(before.len(), 7);
    drop(rig);
    place
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             DELETE FROM vectors;
             DELETE FROM embedding;
             DELETE FROM buffer_items WHERE chunk_id IN (SELECT id FROM chunks WHERE ordinal = 3);
             DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE ordinal = 3);
             DELETE FROM chunks WHERE ordinal = 3;",
        )
        .unwrap();
    before
}

fn by_places(place: &Place) -> Vec<Vec<f32>> {
    let raw = place.raw();
    let mut places = raw
        .prepare("SELECT id FROM chunks ORDER BY ordinal")
        .unwrap();
    let places = places.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    let mut kept: BTreeMap<i64, Vec<f32>> = kept(&raw)
        .into_iter()
        .map(|(chunk, _, vector)| (chunk, vector))
        .collect();
    places
        .filter_map(|chunk| kept.remove(&chunk.unwrap()))
        .collect()
}

#[test]
fn a_passage_that_comes_back_between_others_has_them_embedded_anew() {
    let place = Place::new();
    let whole = with_a_gap(&place);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    embedded(&rig, &place);
    let with_gap = by_places(&place);
    assert_eq!(with_gap.len(), 6);
    assert_ne!(with_gap[2], whole[2], "a neighbour is missing");
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!(by_places(&place), whole, "all of it is as it was");
}

#[test]
fn a_passage_that_comes_back_while_its_neighbours_are_embedded_is_taken_in() {
    let place = Place::new();
    let whole = with_a_gap(&place);
    let model = Arc::new(Letters::gated("one"));
    model.gate.hold_call(1);
    let rig = place.start_embedding(2, model.clone());
    model.gate.wait_held();
    rig.import_to_the_end();
    model.gate.open();
    embedded(&rig, &place);
    assert_eq!(by_places(&place), whole);
}

#[test]
fn whatever_comes_between_each_passage_has_the_vector_of_what_stands_there() {
    let cases = std::env::var("OLDGROWTH_CASES").ok();
    let cases: u64 = cases.and_then(|n| n.parse().ok()).unwrap_or(40);
    for seed in 1..=cases {
        history(seed);
    }
}

fn history(seed: u64) {
    let random = SeededRandom::new(seed);
    let place = Place::new();
    place.write_many(3);
    let mut id = "one";
    let mut rig = place.start_embedding(2, Arc::new(Letters::of(id)));
    for _ in 0..10 {
        match random.below(7) {
            0..=2 => {
                for _ in 0..1 + random.below(6) {
                    let number = random.below(12);
                    let version = ["first", "second", "third"][random.below(3)];
                    place.write(&file_name(number), &file_text(number, version));
                }
                rig.import();
            }
            3 => {
                let name = place.notes.path().join(file_name(random.below(12)));
                // It may not be there.
                drop(std::fs::remove_file(name));
                rig.import();
            }
            4 => {
                rig.note(&file_text(random.below(50), "noted"));
            }
            5 => {
                drop(rig);
                id = ["one", "two"][random.below(2)];
                rig = place.start_embedding(random.below(3), Arc::new(Letters::of(id)));
            }
            _ => {
                // Not with an engine that has no workers.
                if rig.engine.wait_until_idle(|| false).unwrap() {
                    place.assert_whole();
                }
            }
        }
    }
    drop(rig);
    let rig = place.start_embedding(2, Arc::new(Letters::of(id)));
    rig.import_to_the_end();
    embedded(&rig, &place);
    place.assert_whole();
    assert_embedded(&place, id);
    assert_eq!(failed(&rig), 0, "seed {seed}");
}
