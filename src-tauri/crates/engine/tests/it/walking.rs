//! The tree is gone through page by page, and each row says where it stands.

use oldgrowth_domain::sealing::{FAN_IN, LEAF_ITEMS_MAX};
use oldgrowth_engine::{At, Page, Row, RowKind, Shown};

use crate::rig::{Place, Rig};

const LEAF: usize = LEAF_ITEMS_MAX as usize;

fn at(row: &Row) -> At {
    At::parse(&row.id).unwrap()
}

/// All rows at a place, read a few at a time. The page is no divisor of anything here.
fn paged(rig: &Rig, place: &At) -> Vec<Row> {
    const PAGE: u32 = 3;
    let mut rows = Vec::new();
    loop {
        let view = rig
            .engine
            .tree(place, u32::try_from(rows.len()).unwrap(), PAGE)
            .unwrap();
        let total = view.total as usize;
        rows.extend(view.rows);
        if rows.len() >= total {
            assert_eq!(rows.len(), total, "the pages hold what was counted");
            return rows;
        }
    }
}

/// Goes down everywhere, and asks each row from where it was reached for its way.
fn walk(rig: &Rig, place: &At, above: &[(String, u32)], passages: &mut usize) {
    let rows = paged(rig, place);
    let whole = rig.engine.tree(place, 0, 500).unwrap();
    let ids = |rows: &[Row]| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&rows), ids(&whole.rows), "no row twice, none left out");
    for (position, row) in rows.iter().enumerate() {
        let mut way = above.to_vec();
        way.push((row.id.clone(), u32::try_from(position).unwrap()));
        let asked = rig.engine.tree(&at(row), 0, 1).unwrap();
        let trail: Vec<(String, u32)> = asked
            .trail
            .into_iter()
            .map(|step| (step.id, step.position))
            .collect();
        assert_eq!(trail, way, "the way to a row is the one it was found by");
        match row.kind {
            RowKind::Chunk => *passages += 1,
            _ => {
                let before = *passages;
                assert_eq!(asked.total, row.children, "as many as the row said");
                walk(rig, &at(row), &way, passages);
                assert_eq!(
                    *passages - before,
                    row.passages as usize,
                    "and so are the passages"
                );
            }
        }
    }
}

#[test]
fn every_passage_is_reached_page_by_page_and_leads_back_to_where_it_was_found() {
    let place = Place::new();
    let files = LEAF * (FAN_IN as usize + 2) + 5;
    place.write_many(files);
    let rig = place.start(2);
    rig.import_to_the_end();
    rig.note("Something typed in, which waits alone in a source of its own.");
    let mut passages = 0;
    walk(&rig, &At::Roots, &[], &mut passages);
    assert_eq!(passages, files + 1);
}

#[test]
fn a_replaced_passage_is_nowhere_in_the_tree() {
    let place = Place::at_this_moment();
    place.write("a.md", "What was thought at first about the owl.");
    let rig = place.start(1);
    rig.import_to_the_end();
    let roots = rig.engine.tree(&At::Roots, 0, 1).unwrap();
    let waiting = rig.engine.tree(&at(&roots.rows[0]), 0, 1).unwrap();
    let old = rig.engine.tree(&at(&waiting.rows[0]), 0, 1).unwrap();
    place.write("a.md", "What is thought now, which is something else.");
    rig.import_to_the_end();
    let way = rig.engine.tree(&at(&old.rows[0]), 0, 1).unwrap();
    assert!(
        way.trail.is_empty() && way.rows.is_empty(),
        "no way leads there"
    );
}

#[test]
fn a_row_says_what_stands_below_the_heading_that_its_title_names() {
    let place = Place::new();
    place.write("a.md", "# Owls\n\nThey sat in the barn.\n");
    place.write("b.md", "# Heron\n");
    let rig = place.start(1);
    rig.import_to_the_end();
    let roots = rig.engine.tree(&At::Roots, 0, 1).unwrap();
    let waiting = rig.engine.tree(&at(&roots.rows[0]), 0, 1).unwrap();
    let passages = rig.engine.tree(&at(&waiting.rows[0]), 0, 2).unwrap();
    let said: Vec<_> = passages
        .rows
        .iter()
        .map(|row| (row.title.as_str(), row.preview.as_str()))
        .collect();
    assert_eq!(
        said,
        [("Owls", "They sat in the barn."), ("Heron", "# Heron")],
        "and what is nothing but a heading says that"
    );
}

#[test]
fn a_sentence_of_a_summary_comes_with_the_very_words_it_was_made_from() {
    let place = Place::new();
    place.write_many(LEAF);
    let rig = place.start(1);
    rig.import_to_the_end();
    let roots = rig.engine.tree(&At::Roots, 0, 1).unwrap();
    let below = rig.engine.tree(&at(&roots.rows[0]), 0, 1).unwrap();
    let Shown::Summary(shown) = rig.engine.show(&below.rows[0].id, Page::default()).unwrap() else {
        panic!("a summary's id shows a summary")
    };
    for sentence in shown.sentences {
        let words = &sentence.chunk.text[sentence.words];
        assert_eq!(words, sentence.text, "our own summaries quote");
    }
}
