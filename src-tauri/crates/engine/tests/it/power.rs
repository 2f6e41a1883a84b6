//! Passages are embedded while the computer is plugged in, and wait on its battery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oldgrowth_engine::ports::Power;
use oldgrowth_engine::{ComponentState, FixCode, HealthCode};

use crate::checks::found;
use crate::embedding::{Letters, assert_embedded, embedded, kept};
use crate::rig::Place;
use crate::vectors_anew::compared;

#[derive(Default)]
struct Plug {
    is_out: AtomicBool,
    asked: AtomicUsize,
}

impl Power for Plug {
    fn is_on_battery(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.is_out.load(Ordering::SeqCst)
    }
}

#[test]
fn on_its_battery_a_computer_embeds_nothing_and_goes_on_by_itself_when_it_is_plugged_in() {
    let place = Place::new();
    let model = Arc::new(Letters::of("one"));
    let plug = Arc::new(Plug::default());
    plug.is_out.store(true, Ordering::SeqCst);
    let rig = place.start_embedding_on(1, model.clone(), plug.clone());
    rig.note("Marta was here.");
    let meaning = || rig.engine.activity().unwrap().meaning_to_come;
    rig.at_work_until("that it is seen", || {
        meaning().is_some_and(|left| left.on_battery)
    });
    let done = rig.engine.wait_until_embedded(|| true).unwrap();
    assert!(!done, "nobody waits for what waits for the plug");
    assert_eq!(model.texts.lock().len(), 0);
    assert_eq!(rig.holding("Marta").len(), 1, "words find it");
    let row = found(&rig, HealthCode::Meaning);
    assert_eq!(row.state, ComponentState::Ok);
    assert!(
        row.next.unwrap().contains("battery"),
        "and health says why it waits"
    );
    let asked = plug.asked.load(Ordering::SeqCst);
    rig.note("Tom was here.");
    rig.idle();
    assert_eq!(
        plug.asked.load(Ordering::SeqCst),
        asked,
        "it is not asked at every turn"
    );
    plug.is_out.store(false, Ordering::SeqCst);
    rig.later(Duration::from_secs(60));
    rig.engine.look_after_jobs().unwrap();
    embedded(&rig, &place);
    assert_embedded(&place, "one");
    assert_eq!(meaning(), None);
}

#[test]
fn who_is_unplugged_meanwhile_stops_before_the_next_page() {
    let place = Place::new();
    place.write_many(40);
    let plug = Arc::new(Plug::default());
    let model = Arc::new(Letters::gated("one"));
    model.gate.hold_call(5);
    let rig = place.start_embedding_on(1, model.clone(), plug.clone());
    rig.import();
    model.gate.wait_held();
    plug.is_out.store(true, Ordering::SeqCst);
    place.clock.advance(Duration::from_secs(60));
    model.gate.open();
    let left = || rig.engine.embedding_left().unwrap().unwrap();
    rig.at_work_until("that it is seen", || left().on_battery);
    let kept = kept(&place.raw()).len();
    assert_eq!((kept, left().passages), (32, 8), "the page is kept");
}

#[test]
fn on_its_battery_nothing_is_made_once_more_to_be_compared_and_what_is_to_be_made_anew_waits() {
    let place = Place::new();
    place.write_many(3);
    let plug = Arc::new(Plug::default());
    let model = Arc::new(Letters::of("one"));
    let rig = place.start_embedding_on(1, model.clone(), plug.clone());
    rig.import_to_the_end();
    embedded(&rig, &place);
    assert_eq!(compared(&rig).0, "3");
    plug.is_out.store(true, Ordering::SeqCst);
    place.clock.advance(Duration::from_secs(60));
    let texts = model.texts.lock().len();
    let nothing = (String::new(), None, ComponentState::Ok);
    assert_eq!(compared(&rig), nothing);
    assert_eq!(model.texts.lock().len(), texts, "the model was not asked");
    let plan = rig.engine.plan_fix(FixCode::RebuildVectors).unwrap();
    let waits = |step: &String| step.contains("once this computer is plugged in");
    assert!(plan.steps.iter().any(waits), "{plan:?}");
}
