//! What is no longer found at any place leaves the indexes, the buffers and the tree; what quoted it
//! is made anew.

use std::sync::Arc;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_domain::sealing::{FAN_IN, LEAF_ITEMS_MAX};
use oldgrowth_engine::Shown;
use oldgrowth_importers::FilesOnDisk;

use crate::rig::{Place, Rig, file_name, file_text};
use crate::stand_ins::GatedSummariser;

const LEAF: usize = LEAF_ITEMS_MAX as usize;

fn change(place: &Place, number: usize, version: &str) {
    place.write(&file_name(number), &file_text(number, version));
}

fn said(place: &Place) -> String {
    let raw = place.raw();
    let mut rows = raw.prepare("SELECT text FROM nodes").unwrap();
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

fn remakes_under_way(place: &Place) -> i64 {
    place.count("SELECT count(*) FROM jobs WHERE kind = 'remake' AND state IN ('ready', 'running')")
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one() {
    let place = Place::new();
    place.write("a.md", "The kettle is copper.");
    let rig = place.start(1);
    rig.import_to_the_end();
    let old = rig.found("kettle")[0].document.id.clone();
    place.write("a.md", "The teapot is copper.");
    let view = rig.import_to_the_end();
    assert_eq!(view.progress.changed, 1, "told as a change");
    assert_eq!(
        rig.found("kettle").len(),
        0,
        "the old words are gone from the index"
    );
    let now = rig.found("teapot")[0].document.id.clone();
    let Shown::Document(shown) = rig.engine.show(old.as_str()).unwrap() else {
        panic!("a document's id shows a document")
    };
    assert_eq!(
        shown.chunks[0].text, "The kettle is copper.",
        "it can still be read"
    );
    assert_eq!(
        shown.replaced_by,
        Some(now),
        "and says what has taken its place"
    );
    place.assert_whole();
}

#[test]
fn content_that_comes_back_is_found_again() {
    let place = Place::new();
    let rig = place.start(1);
    for round in 0..3 {
        place.write("a.md", "The kettle is copper.");
        rig.import_to_the_end();
        assert_eq!(rig.found("kettle").len(), 1, "round {round}");
        place.write("a.md", "The teapot is copper.");
        rig.import_to_the_end();
        assert_eq!(
            (rig.found("kettle").len(), rig.found("teapot").len()),
            (0, 1),
            "round {round}"
        );
        place.assert_whole();
    }
}

#[test]
fn two_files_that_change_places_are_both_found() {
    let place = Place::new();
    place.write("a.md", "The kettle is copper.");
    place.write("b.md", "The teapot is silver.");
    let rig = place.start(1);
    rig.import_to_the_end();
    place.write("a.md", "The teapot is silver.");
    place.write("b.md", "The kettle is copper.");
    let view = rig.import_to_the_end();
    assert_eq!(
        (view.batch.state, view.progress.changed),
        (BatchState::Done, 2),
        "although each is known by the other's content when it is read"
    );
    assert_eq!(
        (rig.found("kettle").len(), rig.found("teapot").len()),
        (1, 1),
        "none is lost"
    );
    place.assert_whole();
}

#[test]
fn the_same_content_at_two_places_is_one_document_until_both_have_moved_on() {
    let place = Place::new();
    place.write("a.md", "The kettle is copper.");
    place.write("deep/b.md", "The kettle is copper.");
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(
        place.count("SELECT count(*) FROM documents"),
        1,
        "one content"
    );
    assert_eq!(place.count("SELECT count(*) FROM places"), 2, "two places");
    place.write("a.md", "The teapot is copper.");
    rig.import_to_the_end();
    assert_eq!(rig.found("kettle").len(), 1, "one place holds it still");
    place.write("deep/b.md", "The samovar is copper.");
    rig.import_to_the_end();
    assert_eq!(rig.found("kettle").len(), 0, "none holds it any more");
    assert_eq!(rig.found("copper").len(), 2, "the two new ones are there");
    place.assert_whole();
}

#[test]
fn summaries_that_quoted_it_are_made_anew_up_to_the_root() {
    let place = Place::new();
    let count = LEAF * FAN_IN as usize;
    place.write_many(count);
    let rig = place.start(2);
    rig.import_to_the_end();
    let quoted: Vec<usize> = (0..count)
        .filter(|number| said(&place).contains(&format!("boat{number} ")))
        .collect();
    assert!(!quoted.is_empty(), "something is quoted");
    for number in &quoted {
        change(&place, *number, "second");
    }
    rig.import_to_the_end();
    place.assert_whole();
    assert_eq!(
        place.count("SELECT max(level) FROM nodes"),
        2,
        "the root is still there"
    );
    let said = said(&place);
    for number in quoted {
        assert!(
            !said.contains(&format!("The first note says that boat{number} left")),
            "no summary repeats what no longer holds: {number}"
        );
    }
}

#[test]
fn a_node_that_has_lost_all_its_passages_goes() {
    let place = Place::new();
    place.write_many(LEAF);
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(place.count("SELECT count(*) FROM nodes"), 1, "sealed");
    for number in 0..LEAF - 1 {
        change(&place, number, "second");
    }
    rig.import_to_the_end();
    place.assert_whole();
    change(&place, LEAF - 1, "second");
    rig.import_to_the_end();
    place.assert_whole();
    assert!(
        !said(&place).contains("The first note"),
        "nothing of it is said any more"
    );
    assert_eq!(
        rig.found("second").len(),
        LEAF,
        "all the new ones are found"
    );
}

/// Imports the folder while the summariser is held up, and lets it go on afterwards.
fn import_meanwhile(rig: &Rig, model: &GatedSummariser) {
    let batch = rig.import();
    rig.until_ended(&batch);
    model.gate.open();
    rig.idle();
}

#[test]
fn a_document_superseded_while_its_seal_is_thought_out_is_not_in_the_summary() {
    let place = Place::new();
    place.write_many(LEAF);
    let model = Arc::new(GatedSummariser::default());
    model.gate.hold_call(1);
    let rig = place.start_with(2, Arc::new(FilesOnDisk::default()), model.clone());
    rig.import();
    model.gate.wait_held();
    for number in 0..LEAF {
        change(&place, number, "second");
    }
    import_meanwhile(&rig, &model);
    assert_eq!(
        place.count("SELECT count(*) FROM nodes"),
        1,
        "it began anew"
    );
    assert!(
        !said(&place).contains("The first note"),
        "from what holds now"
    );
    place.assert_whole();
}

#[test]
fn a_document_superseded_while_its_summary_is_made_anew_is_not_in_it() {
    let place = Place::new();
    place.write_many(LEAF);
    let model = Arc::new(GatedSummariser::default());
    let rig = place.start_with(2, Arc::new(FilesOnDisk::default()), model.clone());
    rig.import_to_the_end();
    model.gate.hold_call(1);
    change(&place, 0, "second");
    rig.import();
    model.gate.wait_held();
    for number in 1..8 {
        change(&place, number, "second");
    }
    import_meanwhile(&rig, &model);
    for number in 0..8 {
        assert!(
            !said(&place).contains(&format!("The first note says that boat{number} left")),
            "{number} is not quoted"
        );
    }
    place.assert_whole();
}

/// The summary below is made anew, and is done with it, between the reading and the writing of the
/// one above.
#[test]
fn a_summary_made_anew_while_the_one_above_it_is_thought_out_is_read_again() {
    let place = Place::new();
    let count = LEAF * FAN_IN as usize;
    place.write_many(count - 1);
    let model = Arc::new(GatedSummariser::default());
    let rig = place.start_with(2, Arc::new(FilesOnDisk::default()), model.clone());
    rig.import_to_the_end();
    // The next call but one sums up the summaries.
    model.gate.hold_call(2);
    change(&place, count - 1, "first");
    rig.import();
    model.gate.wait_held();
    assert_eq!(
        place.count("SELECT max(level) FROM nodes"),
        1,
        "it is not written yet"
    );
    let quoted: Vec<usize> = (0..count)
        .filter(|number| said(&place).contains(&format!("boat{number} ")))
        .collect();
    for number in &quoted {
        change(&place, *number, "second");
    }
    let batch = rig.import();
    rig.until_ended(&batch);
    rig.until("the summaries below", || remakes_under_way(&place) == 0);
    model.gate.open();
    rig.idle();
    assert_eq!(place.count("SELECT max(level) FROM nodes"), 2, "now it is");
    place.assert_whole();
}
