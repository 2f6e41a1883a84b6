//! An import is queued whole before anything is read.

use std::sync::Arc;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::{Error, Event, Page};
use oldgrowth_models::Extractive;

use crate::rig::{Place, file_name};
use crate::stand_ins::GatedFiles;

#[test]
fn parent_and_children_are_there_before_anything_is_read() {
    let place = Place::new();
    place.write_many(3);
    place.write("empty.md", "");
    let rig = place.start(0);
    let batch = rig.import();
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(view.batch.state, BatchState::Running, "it is under way");
    assert_eq!(
        (view.total(), view.ended()),
        (4, 1),
        "three to read, and one that the plan has passed over already"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM documents"),
        0,
        "nothing was read"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'ready' AND length(payload) > 20"),
        3,
        "each child knows what it is to read"
    );
}

#[test]
fn an_import_of_which_one_child_cannot_be_written_leaves_nothing() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(0);
    rig.note("The store is made.");
    let before = place.count("SELECT count(*) FROM sources");
    place
        .raw()
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON jobs WHEN NEW.item = '002.md'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .unwrap();
    let refused = rig.engine.start_import(&[rig.path().to_path_buf()]);
    assert!(
        matches!(refused, Err(Error::Store(_))),
        "it is told: {refused:?}"
    );
    for table in ["batches", "jobs"] {
        assert_eq!(
            place.count(&format!("SELECT count(*) FROM {table}")),
            0,
            "neither the parent nor the children before it stay"
        );
    }
    assert_eq!(
        place.count("SELECT count(*) FROM sources"),
        before,
        "nor the source made for it"
    );
    place.raw().execute_batch("DROP TRIGGER refuse").unwrap();
    rig.import();
    assert_eq!(
        place.count("SELECT count(*) FROM jobs"),
        3,
        "and afterwards it works"
    );
}

#[test]
fn one_item_that_cannot_be_written_does_not_take_its_neighbours_along() {
    let place = Place::new();
    place.write_many(6);
    let rig = place.start(0);
    rig.note("The store is made.");
    place
        .raw()
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON places WHEN NEW.item = '002.md'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .unwrap();
    let batch = rig.import();
    drop(rig);
    let rig = place.start(1);
    rig.until("the five others", || {
        rig.engine.batch(&batch).unwrap().progress.new == 5
    });
    assert_eq!(
        rig.engine.batch(&batch).unwrap().batch.state,
        BatchState::Running,
        "the sixth is tried again"
    );
    place.raw().execute_batch("DROP TRIGGER refuse").unwrap();
    rig.later(std::time::Duration::from_secs(40));
    assert_eq!(
        rig.until_ended(&batch).progress.new,
        6,
        "and is kept when it can be"
    );
    rig.idle();
    place.assert_whole();
}

#[test]
fn what_is_told_as_committed_is_found_at_once() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    let engine = Arc::downgrade(&rig.engine);
    let missing = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let noting = Arc::clone(&missing);
    rig.engine.subscribe(move |event| {
        let (Event::Committed(told), Some(engine)) = (event, engine.upgrade()) else {
            return;
        };
        if engine
            .show(told.document.as_str(), Page::default())
            .is_err()
        {
            noting.lock().push(told.path.clone());
        }
    });
    rig.import_to_the_end();
    assert_eq!(
        *missing.lock(),
        Vec::<String>::new(),
        "told only after the commit"
    );
    let told = rig.events();
    let told = told
        .iter()
        .filter(|event| matches!(event, Event::Committed(_)));
    assert_eq!(told.count(), 40, "each once");
}

#[test]
fn the_same_import_again_changes_nothing() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(2);
    rig.import_to_the_end();
    let rows = || {
        [
            "documents",
            "chunks",
            "places",
            "nodes",
            "buffer_items",
            "words_docsize",
            "node_spans",
        ]
        .map(|table| place.count(&format!("SELECT count(*) FROM {table}")))
    };
    let before = rows();
    let again = rig.import_to_the_end();
    assert_eq!(again.progress.unchanged, 20, "each is known by its content");
    assert_eq!(rows(), before, "and no row was made");
    place.assert_whole();
}

#[test]
fn a_stop_gives_back_what_has_not_begun_and_a_start_goes_on() {
    let place = Place::new();
    place.write_many(40);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(3);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    let engine = Arc::clone(&rig.engine);
    std::thread::scope(|scope| {
        scope.spawn(|| engine.stop());
        // The stop may come before or after the gate opens; either way it ends cleanly.
        files.gate.open();
    });
    drop(rig);
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'running'"),
        0,
        "nobody holds anything any more"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE attempts > 1"),
        0,
        "and no attempt was burned by stopping"
    );
    let rig = place.start(2);
    rig.idle();
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 40),
        "the next engine takes it up"
    );
    assert!(
        !rig.found(&format!("boat{}", 39)).is_empty(),
        "{} too",
        file_name(39)
    );
    place.assert_whole();
}
