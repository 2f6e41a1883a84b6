//! A full buffer becomes a summary; nothing that came meanwhile is lost, and every sentence says
//! where it is from.

use std::sync::Arc;

use oldgrowth_domain::sealing::{FAN_IN, LEAF_ITEMS_MAX, STALE_MS};
use oldgrowth_engine::{At, RowKind, Shown};
use oldgrowth_importers::FilesOnDisk;

use crate::rig::{Place, Rig, file_text};
use crate::stand_ins::GatedSummariser;

const LEAF: usize = LEAF_ITEMS_MAX as usize;

fn notes(rig: &Rig, from: usize, count: usize) {
    for number in from..from + count {
        rig.note(&file_text(number, "only"));
    }
}

fn levels(place: &Place) -> Vec<(i64, i64)> {
    let raw = place.raw();
    let mut rows = raw
        .prepare("SELECT level, count(*) FROM nodes GROUP BY level ORDER BY level")
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn passages_that_come_while_a_seal_is_thought_out_stay_in_the_buffer() {
    let place = Place::new();
    let model = Arc::new(GatedSummariser::default());
    model.gate.hold_call(1);
    let rig = place.start_with(1, Arc::new(FilesOnDisk::default()), model.clone());
    notes(&rig, 0, LEAF);
    model.gate.wait_held();
    notes(&rig, LEAF, 5);
    assert_eq!(
        place.count("SELECT count(*) FROM buffer_items"),
        (LEAF + 5) as i64,
        "nothing has moved while the model thinks, and nobody had to wait for it"
    );
    model.gate.open();
    rig.idle();
    assert_eq!(levels(&place), [(1, 1)], "one summary");
    assert_eq!(
        place.count("SELECT count(*) FROM node_children"),
        LEAF as i64,
        "of the passages it had read"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM buffer_items WHERE chunk_id IS NOT NULL"),
        5,
        "the others wait for the next"
    );
    place.assert_whole();
}

#[test]
fn a_buffer_filled_twice_over_while_a_seal_is_thought_out_is_sealed_twice() {
    let place = Place::new();
    let model = Arc::new(GatedSummariser::default());
    model.gate.hold_call(1);
    let rig = place.start_with(1, Arc::new(FilesOnDisk::default()), model.clone());
    notes(&rig, 0, LEAF);
    model.gate.wait_held();
    notes(&rig, LEAF, LEAF + 1);
    model.gate.open();
    rig.idle();
    assert_eq!(
        levels(&place),
        [(1, 2)],
        "what came asks for a seal of its own"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM buffer_items WHERE level = 0"),
        1,
        "and one is left over"
    );
    place.assert_whole();
}

#[test]
fn two_seals_of_the_same_passages_make_one_summary() {
    let place = Place::new();
    let model = Arc::new(GatedSummariser::default());
    model.gate.hold_call(1);
    let rig = place.start_with(2, Arc::new(FilesOnDisk::default()), model.clone());
    notes(&rig, 0, LEAF);
    model.gate.wait_held();
    // Asks once more, and the other worker is quicker.
    notes(&rig, LEAF, 1);
    rig.until("the other's summary", || !levels(&place).is_empty());
    model.gate.open();
    rig.idle();
    assert_eq!(
        levels(&place),
        [(1, 1)],
        "the slower one finds its rows moved"
    );
    place.assert_whole();
}

#[test]
fn two_workers_at_one_buffer_take_no_passage_twice() {
    let place = Place::new();
    place.write_many(5 * LEAF + 3);
    let rig = place.start(4);
    rig.import_to_the_end();
    place.assert_whole();
    assert_eq!(levels(&place), [(1, 5)], "as many summaries as are due");
}

#[test]
fn summaries_are_summed_up_again_to_the_root() {
    let place = Place::new();
    let enough = LEAF * FAN_IN as usize + 2;
    place.write_many(enough);
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(
        levels(&place),
        [(1, i64::from(FAN_IN)), (2, 1)],
        "a level for each fan-in"
    );
    place.assert_whole();
    assert_eq!(
        place.count("SELECT passages FROM nodes WHERE level = 2"),
        (LEAF * FAN_IN as usize) as i64,
        "the top counts all that is under it"
    );
    walk_down(&rig);
}

/// From the root of the tree to a passage, and from a sentence of the top to its passage.
fn walk_down(rig: &Rig) {
    let roots = rig.engine.tree(&At::Roots, 0, 10).unwrap();
    let source = At::parse(&roots.rows[0].id).unwrap();
    let below = rig.engine.tree(&source, 0, 10).unwrap();
    let top = below
        .rows
        .iter()
        .find(|row| row.kind == RowKind::Summary)
        .unwrap();
    let Shown::Summary(shown) = rig.engine.show(&top.id).unwrap() else {
        panic!("a summary's id shows a summary")
    };
    assert!(!shown.sentences.is_empty(), "the top says something");
    let mut at = At::parse(&top.id).unwrap();
    for _ in 0..2 {
        let view = rig.engine.tree(&at, 0, 10).unwrap();
        assert!(view.total > 0, "every summary has something under it");
        let Some(next) = At::parse(&view.rows[0].id) else {
            assert_eq!(view.rows[0].kind, RowKind::Chunk, "down to the passages");
            return;
        };
        at = next;
    }
    let view = rig.engine.tree(&at, 0, 100).unwrap();
    assert_eq!(view.rows[0].kind, RowKind::Chunk, "down to the passages");
    assert_eq!(view.path.len(), 3, "with every step on the way");
}

#[test]
fn a_summary_is_shorter_than_what_it_sums_up() {
    let place = Place::new();
    place.write_many(LEAF * 9);
    let rig = place.start(2);
    rig.import_to_the_end();
    let raw = place.raw();
    let mut rows = raw
        .prepare(
            "SELECT length(x.text), sum(length(coalesce(c.text, k.text)))
             FROM nodes x JOIN node_children n ON n.node_id = x.id
             LEFT JOIN chunks c ON c.id = n.chunk_id LEFT JOIN nodes k ON k.id = n.child_id
             GROUP BY x.id",
        )
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    for row in rows {
        let (said, read): (i64, i64) = row.unwrap();
        assert!(said > 0, "it says something");
        assert!(said <= read / 2, "{said} characters about {read}");
    }
}

#[test]
fn a_buffer_that_waited_long_enough_is_sealed_though_it_is_not_full() {
    let place = Place::new();
    let rig = place.start(0);
    notes(&rig, 0, 3);
    drop(rig);
    let week = std::time::Duration::from_millis(STALE_MS.unsigned_abs());
    place
        .clock
        .advance(week - std::time::Duration::from_secs(1));
    let rig = place.start(1);
    rig.idle();
    assert_eq!(levels(&place), [], "not before its time");
    drop(rig);
    place.clock.advance(std::time::Duration::from_secs(1));
    let rig = place.start(1);
    rig.until("the seal", || !levels(&place).is_empty());
    rig.idle();
    assert_eq!(levels(&place), [(1, 1)], "after a week");
    place.assert_whole();
}

#[test]
fn sentences_over_broken_lines_and_many_scripts_keep_their_spans() {
    let place = Place::new();
    let texts = [
        "Ein Satz mit Umlauten: äöüß, der über\nzwei Zeilen geht. Noch einer danach.",
        "我的護照放在書桌的抽屜裡。明天要去領事館。",
        "नमस्ते, यह एक छोटा वाक्य है। दूसरा वाक्य भी यहाँ है।",
        "Emoji 😀👩‍👩‍👧 in the middle of a sentence. And after it 🇵🇹 another.",
        "مرحبا، هذه جملة قصيرة. وهذه جملة أخرى.",
    ];
    for number in 0..LEAF {
        place.write(
            &format!("{number}.txt"),
            &format!("{} Number {number} of them.\n", texts[number % texts.len()]),
        );
    }
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(levels(&place), [(1, 1)], "sealed");
    place.assert_whole();
}
