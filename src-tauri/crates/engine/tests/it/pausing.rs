//! A person can pause the work: what is under way ends, what waits stays, and it stays so until they
//! resume it.

use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::ports::Clock;
use oldgrowth_engine::{ComponentState, Engine, Error, HealthCode, PausedBy, SETTINGS_FILE};
use oldgrowth_models::Extractive;

use crate::rig::{Place, TODAY};
use crate::stand_ins::GatedFiles;

fn jobs_row(engine: &Engine) -> (ComponentState, String) {
    let rows = engine.status().components;
    let row = rows.into_iter().find(|row| row.code == HealthCode::Jobs);
    row.map(|row| (row.state, row.cause)).unwrap()
}

fn waiting(place: &Place) -> i64 {
    place.count("SELECT count(*) FROM jobs WHERE state = 'ready'")
}

#[test]
fn an_import_that_is_started_while_the_work_is_paused_waits_until_it_is_resumed() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(2);
    rig.note("A boat that is kept already.");
    rig.idle();
    let work = rig.engine.pause_work().unwrap();
    assert_eq!(
        work.paused.map(|pause| (pause.since, pause.by)),
        Some((UnixMs(place.clock.unix_ms()), PausedBy::Person))
    );
    let batch = rig.import();
    assert!(
        !rig.engine.wait_until_idle(|| true).unwrap(),
        "whoever waits for the end is told that it does not come by itself"
    );
    assert_eq!(waiting(&place), 3, "nothing of it has begun");
    let (state, cause) = jobs_row(&rig.engine);
    assert_eq!(
        (state, cause.as_str()),
        (ComponentState::Ok, "Paused. 3 pieces of work wait."),
        "no failure, and not hidden"
    );
    assert_eq!(rig.found("kept already").len(), 1, "searches go on");
    assert_eq!(rig.engine.resume_work().unwrap().paused, None);
    let view = rig.until_ended(&batch);
    assert_eq!((view.batch.state, view.progress.new), (BatchState::Done, 3));
    rig.idle();
    place.assert_whole();
}

#[test]
fn pausing_outlives_the_process_and_says_since_when() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.engine.pause_work().unwrap();
    let batch = rig.import();
    drop(rig);
    place.clock.advance(std::time::Duration::from_secs(3_600));
    let rig = place.start(2);
    assert!(!rig.engine.wait_until_idle(|| true).unwrap());
    assert_eq!(waiting(&place), 3, "the next process begins nothing either");
    let paused = rig.engine.work_now().paused.unwrap();
    assert_eq!(paused.since, UnixMs(TODAY), "since the person's word");
    assert_eq!(
        rig.engine.pause_work().unwrap().paused,
        Some(paused),
        "pausing again changes nothing"
    );
    rig.engine.resume_work().unwrap();
    rig.engine.resume_work().unwrap();
    assert_eq!(rig.until_ended(&batch).batch.state, BatchState::Done);
    drop(rig);
    assert_eq!(
        place.start(1).engine.work_now().paused,
        None,
        "resuming is kept as well"
    );
}

#[test]
fn what_is_under_way_ends_and_what_its_worker_held_beside_it_goes_back() {
    let place = Place::new();
    place.write_many(6);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(3);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    rig.engine.pause_work().unwrap();
    files.gate.open();
    assert!(!rig.engine.wait_until_idle(|| true).unwrap());
    let progress = rig.engine.batch(&batch).unwrap().progress;
    assert_eq!(
        (progress.new, progress.children.waiting),
        (3, 3),
        "the third was being read and is kept; the fourth has not begun"
    );
    assert_eq!(
        place.count("SELECT sum(attempts) FROM jobs WHERE state = 'ready'"),
        0,
        "to be put back costs no attempt"
    );
    rig.engine.resume_work().unwrap();
    rig.idle();
    assert_eq!(rig.engine.batch(&batch).unwrap().progress.new, 6);
    place.assert_whole();
}

#[test]
fn a_pause_that_can_not_be_kept_is_none() {
    let place = Place::new();
    let rig = place.start(1);
    let file = place.workspace.path().join(SETTINGS_FILE);
    std::fs::create_dir(&file).unwrap();
    let refused = rig.engine.pause_work();
    assert!(
        matches!(refused, Err(Error::SettingsNotKept)),
        "it would not outlive the process: {refused:?}"
    );
    assert_eq!(rig.engine.work_now().paused, None, "and the work goes on");
}
