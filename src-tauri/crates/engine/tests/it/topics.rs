//! Who is named often and lately gets a tree of what names them: each passage once, whatever comes in between.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::entities::EntityKind::{self, Email, Person};
use oldgrowth_domain::sealing::LEAF_ITEMS_MAX;
use oldgrowth_engine::ports::{Extractor, Named, Passage, no_connection_held};
use oldgrowth_engine::{
    At, ComponentState, FixCode, HealthCode, Page, Result, Row, RowKind, Shown,
};
use oldgrowth_models::Extractive;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::SourceKind;
use oldgrowth_testkit::TestEngine;

use crate::fixes::{mend, state};
use crate::fixes_of_copies::{laid_out, sweep};
use crate::rig::{Place, Rig, TODAY};
use crate::salvaged::{LAST_PAGE, spoil};

const LEAF: usize = LEAF_ITEMS_MAX as usize;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Finds these names and no other.
pub(crate) struct Known {
    pub(crate) id: &'static str,
    pub(crate) names: &'static [(EntityKind, &'static str)],
}

pub(crate) const ALL: Known = Known {
    id: "known-1",
    names: &[
        (Person, "Marta"),
        (Person, "Tom"),
        (Email, "ada@example.org"),
    ],
};

impl Extractor for Known {
    fn id(&self) -> &str {
        self.id
    }

    fn extract(&self, passages: &[Passage<'_>]) -> Result<Vec<Vec<Named>>> {
        no_connection_held()?;
        let find = |text: &str| {
            let of = |(kind, name): &(EntityKind, &'static str)| {
                let found = text.match_indices(name).map(|(at, found)| Named {
                    range: at..at + found.len(),
                    kind: *kind,
                    name: (*name).to_owned(),
                });
                found.collect::<Vec<_>>()
            };
            self.names.iter().flat_map(of).collect()
        };
        Ok(passages.iter().map(|one| find(one.text)).collect())
    }
}

fn start(place: &Place, known: Known) -> Rig {
    place.start_whole(2, Arc::new(Extractive), Arc::new(known))
}

/// Notes of this name, so many days ago.
fn mention(place: &Place, rig: &Rig, name: &str, numbers: std::ops::Range<usize>, days_ago: i64) {
    for number in numbers {
        let at = UnixMs(TODAY - days_ago * 86_400_000 - number as i64 * 1_000).to_rfc3339();
        let text = format!(
            "{name} moored boat{number} at the quay before the wind turned in the harbour."
        );
        place.say(rig, &text, &at);
    }
}

fn topics(rig: &Rig) -> Vec<Row> {
    rig.engine.tree(&At::Topics, 0, 100).unwrap().rows
}

fn titles(rig: &Rig) -> Vec<String> {
    topics(rig).into_iter().map(|row| row.title).collect()
}

#[test]
fn who_is_named_often_and_lately_gets_a_tree_of_what_names_them() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF + 4, 2);
    mention(&place, &rig, "Tom", 100..105, 2);
    mention(&place, &rig, "Old Tom", 200..240, 800);
    mention(&place, &rig, "Mail of ada@example.org", 300..340, 1);
    rig.grown();
    place.assert_gathered();
    assert_eq!(
        titles(&rig),
        ["Marta"],
        "neither who is named seldom, nor who was long ago, nor anybody's address"
    );
    let roots = rig.engine.tree(&At::Roots, 0, 10).unwrap();
    let kinds: Vec<RowKind> = roots.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [RowKind::Branch, RowKind::Branch, RowKind::Source]);
    let marta = &topics(&rig)[0];
    assert_eq!(marta.passages as usize, LEAF + 4, "all that names her");
    let below = rig
        .engine
        .tree(&At::parse(&marta.id).unwrap(), 0, 10)
        .unwrap();
    let kinds: Vec<RowKind> = below.rows.iter().map(|row| row.kind).collect();
    assert_eq!(
        kinds,
        [RowKind::Waiting, RowKind::Summary],
        "as under a source"
    );
    let waiting = rig
        .engine
        .tree(&At::parse(&below.rows[0].id).unwrap(), 0, 10)
        .unwrap();
    assert_eq!(waiting.total, 4);
    assert!(waiting.rows.iter().all(|row| row.kind == RowKind::Chunk));
    let summary = &below.rows[1];
    let Shown::Summary(shown) = rig.engine.show(&summary.id, Page::default()).unwrap() else {
        panic!("a summary's id shows a summary")
    };
    assert_eq!(shown.of, (marta.id.clone(), "Marta".to_owned()));
    assert!(shown.sentences.iter().all(|one| one.text.contains("Marta")));
    let view = rig
        .engine
        .tree(&At::parse(&summary.id).unwrap(), 0, 1)
        .unwrap();
    let path: Vec<&str> = view
        .path
        .iter()
        .map(|step| step.title.as_str())
        .take(2)
        .collect();
    assert_eq!(path, ["Topics", "Marta"]);
    let positions: Vec<u32> = view.trail.iter().map(|step| step.position).collect();
    assert_eq!(
        positions,
        [1, 0, 1],
        "after the days, the first topic, after what waits"
    );
    let name = rig
        .engine
        .names(Person, "Marta", 0, 1)
        .unwrap()
        .names
        .remove(0);
    let name = rig.engine.name(&name.id, 0, 1).unwrap();
    assert_eq!(
        name.topic,
        Some(marta.id.clone()),
        "the name leads to its tree"
    );
}

#[test]
fn what_names_a_topic_later_comes_to_its_tree_once() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF, 1);
    rig.grown();
    mention(&place, &rig, "Marta and Marta again", 50..53, 1);
    rig.grown();
    drop(rig);
    let rig = start(&place, ALL);
    rig.grown();
    assert_eq!(
        topics(&rig)[0].passages as usize,
        LEAF + 3,
        "each once, named twice or not"
    );
    place.assert_gathered();
}

#[test]
fn a_topic_that_is_named_no_more_stays_as_it_is_until_it_is_named_again() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF, 1);
    rig.grown();
    let before = topics(&rig)[0].clone();
    assert_eq!(before.preview, "", "it grows");
    for _ in 0..3 {
        place.clock.advance(DAY * 60);
        rig.engine.look_after_jobs().unwrap();
        rig.grown();
    }
    let cold = topics(&rig)[0].clone();
    assert_eq!(
        (cold.id.clone(), cold.passages),
        (before.id.clone(), before.passages),
        "readable"
    );
    assert_ne!(cold.preview, "", "and said to be cold");
    mention(&place, &rig, "Marta", 50..51, 3);
    rig.grown();
    assert_eq!(
        topics(&rig)[0].passages,
        before.passages,
        "once is not enough"
    );
    mention(&place, &rig, "Marta", 60..60 + LEAF, -179);
    rig.grown();
    let warm = topics(&rig)[0].clone();
    assert_eq!(warm.preview, "", "it grows again");
    assert_eq!(
        warm.passages as usize,
        2 * LEAF + 1,
        "with what came meanwhile"
    );
    place.assert_gathered();
}

#[test]
fn what_is_removed_leaves_its_topics_at_once_and_an_empty_topic_goes() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF, 1);
    let samples = tempfile::tempdir().unwrap();
    let date = UnixMs(TODAY - 86_400_000).to_rfc3339();
    for number in 0..LEAF * 2 {
        let who = if number % 2 == 0 { "Marta" } else { "Tom" };
        let text = format!(
            "---\ndate: {date}\n---\n{who} read sample{number} aloud to everybody on the quay.\n"
        );
        std::fs::write(samples.path().join(format!("{number}.md")), text).unwrap();
    }
    rig.engine.start_samples(samples.path()).unwrap();
    rig.grown();
    assert_eq!(titles(&rig), ["Marta", "Tom"]);
    place.assert_gathered();
    let ledger = rig.engine.ledger().unwrap();
    let mut of_samples = ledger
        .into_iter()
        .filter(|row| row.source.kind == SourceKind::Samples);
    let id = of_samples.next().unwrap().source.id;
    rig.engine.pause_work().unwrap();
    rig.engine.remove_source(&id).unwrap();
    assert_eq!(
        place.count("SELECT count(*) FROM nodes WHERE text LIKE '%sample%'"),
        0,
        "nothing says it any more"
    );
    rig.engine.resume_work().unwrap();
    rig.grown();
    assert_eq!(titles(&rig), ["Marta"], "of him nothing is left");
    assert_eq!(topics(&rig)[0].passages as usize, LEAF);
    place.assert_gathered();
}

#[test]
fn what_another_extractor_finds_no_more_leaves_its_topic() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF, 1);
    mention(&place, &rig, "Tom", 50..50 + LEAF, 1);
    rig.grown();
    assert_eq!(titles(&rig), ["Marta", "Tom"]);
    drop(rig);
    let rig = start(
        &place,
        Known {
            id: "known-2",
            names: &[(Person, "Marta"), (Person, "boat5")],
        },
    );
    rig.grown();
    assert_eq!(titles(&rig), ["Marta"], "nobody is named Tom by this one");
    place.assert_gathered();
}

#[test]
fn a_memory_that_was_salvaged_begins_without_days_and_topics() {
    let place = Place::new();
    let rig = start(&place, ALL);
    mention(&place, &rig, "Marta", 0..LEAF * 4, 1);
    rig.grown();
    assert_eq!(titles(&rig), ["Marta"]);
    drop(rig);
    spoil(&place, LAST_PAGE);
    let rig = place.start(1);
    let (_, receipt) = mend(&rig, FixCode::OpenCopy);
    let folder = laid_out(&receipt);
    let copy = TestEngine::start(&folder, 0);
    let roots = copy.engine.tree(&At::Roots, 0, 10).unwrap();
    assert!(!roots.rows.is_empty(), "the sources are there");
    assert!(
        roots.rows.iter().all(|row| row.kind == RowKind::Source),
        "and what is made of the passages is made anew: {roots:?}"
    );
    let (to_sort, loose, mut broken) = copy
        .store
        .read(Lane::Interactive, |r| {
            let broken = r.broken_references()?;
            Ok::<_, oldgrowth_store::Error>((r.has_to_sort("UTC")?, r.loose_nodes()?.len(), broken))
        })
        .unwrap();
    assert!(to_sort, "from the first passage on");
    // The summaries of sources know passages that were lost.
    broken.retain(|one| one.to != "chunks");
    assert_eq!((loose, broken), (0, Vec::new()), "nothing hangs about");
    drop(copy);
    sweep(&folder);
}

#[test]
fn the_summary_of_a_topic_says_what_names_it_and_what_follows() {
    let place = Place::new();
    let rig = start(&place, ALL);
    for number in 0..LEAF {
        let at = UnixMs(TODAY - 2 * 86_400_000 - number as i64 * 1_000).to_rfc3339();
        let text = format!(
            "The baker of street{number} opened late in the morning. Marta sold boat{number} to a sailor from afar. \
             She rowed home before wind{number} had turned. The baker of street{number} closed late in the evening."
        );
        place.say(&rig, &text, &at);
    }
    rig.grown();
    place.assert_gathered();
    let raw = place.raw();
    let texts = |kind: &str| {
        let sql = "SELECT n.text FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = ?1";
        let mut found = raw.prepare(sql).unwrap();
        let texts = found.query_map([kind], |row| row.get::<_, String>(0));
        texts.unwrap().map(|text| text.unwrap()).collect::<Vec<_>>()
    };
    let of_topic = texts("topic");
    assert_eq!(of_topic.len(), 1, "one is full");
    for sentence in of_topic[0].lines() {
        let about = sentence.starts_with("Marta") || sentence.starts_with("She rowed");
        assert!(about, "{sentence}");
    }
    let of_source = texts("source").concat();
    assert!(
        of_source.contains("The baker"),
        "elsewhere it is told of too"
    );
}

#[test]
fn days_and_topics_that_do_not_add_up_are_found_by_the_doctor_and_made_anew() {
    const DAMAGES: [(&str, &str); 6] = [
        (
            "a passage is at no day",
            "DELETE FROM node_children WHERE branch = 1 AND chunk_id = (SELECT max(chunk_id) FROM node_children);",
        ),
        (
            "a passage is at two days",
            "INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at, branch)
             SELECT (SELECT min(tree_id) FROM periods WHERE rank = 0), 0, chunk_id, 1, 0, 1
             FROM node_children WHERE branch = 1 AND chunk_id IS NOT NULL LIMIT 1;",
        ),
        ("the days are gone", "DELETE FROM periods WHERE rank < 2;"),
        (
            "the summary of a day is gone",
            "UPDATE periods SET root_id = 7777 WHERE root_id = (SELECT min(root_id) FROM periods);",
        ),
        ("the topics are gone", "DELETE FROM topics;"),
        (
            "a passage is in a topic that it does not name",
            "INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at, branch)
             SELECT (SELECT tree_id FROM topics), 0, min(id), 1, 0, 2 FROM chunks
             WHERE text LIKE 'Nobody%';",
        ),
    ];
    for (what, damage) in DAMAGES {
        let place = Place::new();
        let rig = start(&place, ALL);
        mention(&place, &rig, "Nobody", 0..2, 2);
        mention(&place, &rig, "Marta", 0..LEAF + 2, 3);
        rig.grown();
        place.assert_gathered();
        assert_eq!(topics(&rig).len(), 1, "Marta is one");
        assert_eq!(
            state(&rig, HealthCode::Orphans),
            ComponentState::Ok,
            "before"
        );
        place
            .raw()
            .execute_batch(&format!("PRAGMA foreign_keys = 0; {damage}"))
            .unwrap();
        assert_eq!(
            state(&rig, HealthCode::Orphans),
            ComponentState::Warn,
            "{what}"
        );
        let (plan, _) = mend(&rig, FixCode::SetAsideOrphans);
        let made_anew = |step: &String| step.contains("days and topics");
        assert!(plan.steps.iter().any(made_anew), "{what}: {plan:?}");
        rig.grown();
        place.assert_gathered();
        assert_eq!(topics(&rig).len(), 1, "{what}: Marta is one again");
        assert_eq!(
            state(&rig, HealthCode::Orphans),
            ComponentState::Ok,
            "{what}"
        );
    }
}
