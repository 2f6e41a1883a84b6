//! What passages are compared by is made anew when somebody asks for it: what is said before, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use oldgrowth_engine::{
    ComponentState, Error, Event, FixCode, FixOutcome, FixPlan, HealthCode, Receipt,
};

use crate::checks::found;
use crate::embedding::{Letters, Several, assert_embedded, embedded, kept};
use crate::rig::{Place, Rig};

fn plan(rig: &Rig) -> FixPlan {
    rig.engine.plan_fix(FixCode::RebuildVectors).unwrap()
}

fn apply(rig: &Rig, plan: &FixPlan) -> Receipt {
    rig.engine
        .apply_fix(FixCode::RebuildVectors, &plan.id)
        .unwrap()
}

fn says(plan: &FixPlan, words: &str) -> bool {
    plan.steps.iter().any(|step| step.contains(words))
}

#[test]
fn what_goes_to_a_server_again_is_said_before_and_agreed_to_for_that_server_alone() {
    let place = Place::new();
    place.write_many(3);
    let near = Arc::new(Letters::of("near"));
    let far = Arc::new(Letters::far("far"));
    let other = Arc::new(Letters::far("other"));
    let several = Several::of(vec![near, far.clone(), other], "near");
    let rig = place.start_asking(1, several.clone(), None);
    rig.import_to_the_end();
    embedded(&rig, &place);
    let here = plan(&rig);
    assert!(!says(&here, "server"), "{here:?}");
    several.choose(&rig, "far");
    embedded(&rig, &place);
    let sent = plan(&rig);
    assert!(
        says(&sent, "texts of 3 passages go to the server"),
        "{sent:?}"
    );
    assert!(says(&sent, "the day's limits"), "{sent:?}");
    let refused = rig.engine.apply_fix(FixCode::RebuildVectors, &here.id);
    assert!(
        matches!(refused, Err(Error::PlanStale)),
        "who was told of no server: {refused:?}"
    );
    several.choose(&rig, "other");
    let refused = rig.engine.apply_fix(FixCode::RebuildVectors, &sent.id);
    assert!(
        matches!(refused, Err(Error::PlanStale)),
        "nor of this one: {refused:?}"
    );
    several.choose(&rig, "far");
    embedded(&rig, &place);
    let texts = far.texts.lock().len();
    assert_eq!(apply(&rig, &sent).outcome, FixOutcome::Done);
    embedded(&rig, &place);
    let sent = far.texts.lock().len() - texts;
    assert!(sent >= 3, "all of them went there: {sent}");
    assert_embedded(&place, "far");
}

#[test]
fn nothing_is_taken_out_where_nobody_is_left_to_make_it_anew() {
    let place = Place::new();
    place.write_many(3);
    let several = Several::of(vec![Arc::new(Letters::of("one"))], "one");
    let rig = place.start_asking(1, several.clone(), None);
    rig.import_to_the_end();
    embedded(&rig, &place);
    let agreed = plan(&rig);
    let cleared = several.clone();
    rig.engine.subscribe(move |event| {
        if let Event::Fix(progress) = event
            && progress.doing.starts_with("Taking out")
        {
            *cleared.chosen.lock() = "";
        }
    });
    let receipt = apply(&rig, &agreed);
    assert_eq!(receipt.summary, "Nothing was taken out.");
    assert!(receipt.done[0].contains("no model any more"), "{receipt:?}");
    assert_eq!(kept(&place.raw()).len(), 3);
    let now = plan(&rig);
    assert!(now.nothing_to_do, "{now:?}");
}

#[test]
fn where_only_failures_are_left_the_words_speak_of_them() {
    let place = Place::new();
    let mut model = Letters::of("one");
    model.refuses_at = Some("boat");
    let rig = place.start_embedding(1, Arc::new(model));
    rig.note("The boat leaves.");
    embedded(&rig, &place);
    assert_eq!(kept(&place.raw()).len(), 0);
    let planned = plan(&rig);
    assert!(
        says(&planned, "1 passage that could not be read"),
        "{planned:?}"
    );
    assert!(!says(&planned, "0 passages"), "{planned:?}");
    let receipt = apply(&rig, &planned);
    assert_eq!(
        receipt.summary,
        "1 passage is tried again that could not be read for it."
    );
    embedded(&rig, &place);
    let left = rig.engine.embedding_left().unwrap().unwrap();
    assert_eq!((left.passages, left.failed), (0, 1), "it was tried");
}

#[test]
fn what_was_taken_out_is_in_no_memory_and_comes_again_once_work_goes_on() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    let first = rig.holding("boat1")[0].chunk.id.to_string();
    rig.engine.near(&first, None).unwrap();
    assert_eq!(rig.engine.vectors_in_memory(), 3);
    rig.engine.pause_work().unwrap();
    let planned = plan(&rig);
    assert!(says(&planned, "no longer paused"), "{planned:?}");
    apply(&rig, &planned);
    assert_eq!(kept(&place.raw()).len(), 0);
    assert_eq!(rig.engine.vectors_in_memory(), 0);
    rig.engine.resume_work().unwrap();
    embedded(&rig, &place);
    assert_embedded(&place, "one");
}

/// How many vectors were made once more, and how many of these were wrong.
pub(crate) fn compared(rig: &Rig) -> (String, Option<String>, ComponentState) {
    let row = found(rig, HealthCode::Orphans);
    let seen = |name: &str| {
        let mut all = row.evidence.iter();
        let one = all.find(|one| one.label == name);
        one.map(|one| one.value.clone())
    };
    let vectors = seen("Vectors made once more").unwrap_or_default();
    (vectors, seen("Of these not of their passages"), row.state)
}

#[test]
fn a_text_that_is_refused_by_now_makes_no_vector_wrong() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start_embedding(1, Arc::new(Letters::of("one")));
    rig.import_to_the_end();
    embedded(&rig, &place);
    drop(rig);
    let mut model = Letters::of("one");
    model.refuses_at = Some("boat2");
    model.panics_at = Some("boat3");
    let rig = place.start_embedding(1, Arc::new(model));
    let ok = ComponentState::Ok;
    assert_eq!(compared(&rig), ("3".to_owned(), None, ok));
}

#[test]
fn what_was_compared_before_the_model_was_away_counts() {
    let place = Place::new();
    place.write_many(8);
    let model = Arc::new(Letters::gated("one"));
    let rig = place.start_embedding(1, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    place
        .raw()
        .execute_batch("UPDATE vectors SET components = zeroblob(16)")
        .unwrap();
    model.gate.hold_call(3);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| compared(&rig));
        model.gate.wait_held();
        model.away.store(usize::MAX, Ordering::SeqCst);
        model.gate.open();
        let (vectors, wrong, state) = looking.join().unwrap();
        assert_eq!((vectors.as_str(), wrong.as_deref()), ("2", Some("2")));
        assert_eq!(state, ComponentState::Warn);
    });
}

#[test]
fn vectors_are_compared_in_pieces_and_as_many_of_them_after_all_were_made_anew() {
    let place = Place::new();
    place.write_many(60);
    let model = Arc::new(Letters::far("one"));
    let rig = place.start_embedding(1, model.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    apply(&rig, &plan(&rig));
    embedded(&rig, &place);
    model.calls.lock().clear();
    let ok = ComponentState::Ok;
    assert_eq!(compared(&rig), ("48".to_owned(), None, ok));
    assert_eq!(*model.calls.lock(), [32, 16]);
}
