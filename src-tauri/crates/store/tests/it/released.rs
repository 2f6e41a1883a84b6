//! A released schema stays readable: files as they were written by each version, with rows in them.

use oldgrowth_domain::BatchId;
use oldgrowth_domain::calendar::Day;
use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::entities::EntityKind;
use oldgrowth_domain::jobs::{BatchState, Cause};
use oldgrowth_store::table::buffer_items::{BufferItem, Member};
use oldgrowth_store::table::extraction::FailureReason;
use oldgrowth_store::table::orphans::Orphan;
use oldgrowth_store::table::sources::SourceKind;
use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::table::words::{List, Wanted};
use oldgrowth_store::{ChunkKey, Error, Lane, SCHEMA_VERSION, Store};
use rusqlite::Connection;

use crate::place::{NOW, raw, with_store};

/// A dump of a whole file, one for each released version.
const RELEASED: [(i32, &str); 7] = [
    (1, include_str!("../fixtures/v01.sql")),
    (2, include_str!("../fixtures/v02.sql")),
    (3, include_str!("../fixtures/v03.sql")),
    (4, include_str!("../fixtures/v04.sql")),
    (5, include_str!("../fixtures/v05.sql")),
    (6, include_str!("../fixtures/v06.sql")),
    (7, include_str!("../fixtures/v07.sql")),
];

fn restore(folder: &std::path::Path, dump: &str) {
    let file = folder.join(Store::FILE);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let raw: Connection = raw(folder);
    // The rows are whole together, not one by one.
    raw.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF")
        .unwrap();
    raw.execute_batch(dump).unwrap();
    raw.close().unwrap();
}

#[test]
fn every_released_file_opens_with_all_its_rows() {
    for (version, dump) in RELEASED {
        let folder = tempfile::tempdir().unwrap();
        restore(folder.path(), dump);
        with_store(folder.path(), |store| {
            store
                .read(Lane::Background, |r| {
                    let sources = r.sources()?;
                    assert_eq!(
                        sources.len(),
                        2,
                        "the notes and a folder, version {version}"
                    );
                    let words = ["passport".to_owned()];
                    let hits =
                        r.search_words(List::Own, Wanted::whole(&words), Default::default(), 10)?;
                    assert_eq!(hits.len(), 1, "its passages are found");
                    let chunk = r.chunk(hits.first().unwrap().chunk)?;
                    assert!(chunk.text.contains("passport"), "whole");
                    let coverage = r.source_coverage(sources.first().unwrap().key)?;
                    assert_eq!(
                        (coverage.chunks, coverage.indexed, coverage.in_tree),
                        (16, 16, 16),
                        "all of it searchable and in the tree"
                    );
                    assert_eq!(coverage.nodes, 1, "with its summary");
                    let placed = r.placed_at(sources.last().unwrap().key, "kettle.md")?;
                    let kettle = r.document(placed.unwrap().document)?;
                    assert_eq!(kettle.format, Format::Markdown, "as what it was read");
                    let placed = r.placed_at(sources.last().unwrap().key, "chatgpt:lamps")?;
                    assert_eq!(
                        placed.is_some(),
                        version >= 2,
                        "conversations are of version 2"
                    );
                    if let Some(placed) = placed {
                        assert_eq!(r.document(placed.document)?.format, Format::ChatGpt);
                        let said = r.chunks_from(placed.document, 0, u32::MAX)?;
                        let author = said.first().and_then(|chunk| chunk.author.as_deref());
                        assert_eq!(author, Some("You"), "with who said what");
                    }
                    let [notes, folder] = sources.as_slice() else {
                        unreachable!("they were counted");
                    };
                    assert_eq!(notes.kind, SourceKind::Notes, "each as what it was");
                    assert_eq!(folder.kind, SourceKind::Folder);
                    assert_eq!(
                        folder.watched_since.is_some(),
                        version >= 3,
                        "folders are watched since version 3"
                    );
                    let tags = r.tags_of(kettle.key)?;
                    let given = ["Küche", "silver"];
                    let given = if version >= 6 { &given[..] } else { &[] };
                    assert_eq!(tags, given, "documents have tags since version 6");
                    let later = folder.tags.iter().map(|tag| tag.written());
                    assert_eq!(later.collect::<Vec<_>>(), given, "and so do sources");
                    let batches = r.newest_batches(10)?;
                    let states: Vec<_> = batches.iter().map(|batch| batch.state).collect();
                    assert_eq!(
                        states,
                        [BatchState::Running, BatchState::Done, BatchState::Done],
                        "and its imports"
                    );
                    let progress = r.batch_progress(batches.last().unwrap().key)?;
                    let pruned = if version >= 4 { 42 } else { 0 };
                    assert_eq!(
                        progress.children.done,
                        2 + pruned,
                        "with what was pruned of them since version 4"
                    );
                    let named = r.entities(EntityKind::Organisation, 0, 10)?;
                    assert_eq!(
                        named.len(),
                        usize::from(version >= 5),
                        "what passages name is known since version 5"
                    );
                    if let Some(named) = named.first() {
                        let passages = r.passages_naming(named.key, 0, 10)?;
                        let passage = r.chunk(*passages.first().unwrap())?;
                        let at = r.mentions_in(named.key, passage.key)?;
                        let at = at.first().unwrap().clone();
                        assert_eq!(passage.text.get(at), Some("Kettle"), "and where");
                    }
                    assert_eq!(
                        r.has_to_sort("UTC")?,
                        version < 6,
                        "passages are put to their days since version 6"
                    );
                    assert!(r.has_to_sort("Europe/Berlin")?, "by one clock");
                    let saturday = Day(20_778);
                    let due = r.periods_due(Day(saturday.0 + 1), 10)?;
                    assert_eq!(due.len(), usize::from(version >= 6), "a week is due");
                    if let Some(week) = due.first() {
                        let waiting = r.waiting_of_period(*week, 10)?;
                        let [
                            BufferItem {
                                member: Member::Node(day),
                                ..
                            },
                        ] = waiting.as_slice()
                        else {
                            unreachable!("a day waits in it");
                        };
                        let of = r.period_of_root(*day)?.unwrap();
                        assert_eq!(of.period.first, saturday, "the day that it is of");
                        assert_eq!(r.members_of(*day)?.len(), 1, "with its passage");
                    }
                    let topics = r.topics(0, 10)?;
                    assert_eq!(topics.len(), usize::from(version >= 6), "as topics are");
                    if let Some(topic) = topics.first() {
                        assert!(
                            r.missing_in_topic(topic, 10)?.is_empty(),
                            "with its passage"
                        );
                        assert!(r.strays_in_topic(topic, 10)?.is_empty(), "and no other");
                    }
                    assert_eq!(
                        r.words_are_to_be_made()?,
                        version < 7,
                        "stated days stand in it since version 7, and what somebody said in a second list"
                    );
                    let left = r.left_to_extract("rules-1")?;
                    let all = if version >= 2 { 18 } else { 17 };
                    let left_of_all = if version >= 5 { (1, 1) } else { (all, 0) };
                    assert_eq!(
                        (left.passages, left.failed),
                        left_of_all,
                        "the others are to be looked through"
                    );
                    let first = r.searched_after(ChunkKey::CANARY, 2)?;
                    let kept = r.vector_of(*first.first().unwrap())?;
                    let vector = Vector {
                        scale: 0.007_812_5,
                        components: vec![127, 0, -64, -127],
                    };
                    let vector = (version >= 7).then(|| ("little-1".to_owned(), vector));
                    assert_eq!(kept, vector, "passages have vectors since version 7");
                    let failed = r.embedding_failure(*first.last().unwrap())?;
                    let refused = (version >= 7).then_some(FailureReason::Refused);
                    assert_eq!(failed, refused, "and some have none");
                    let next = r.to_embed("little-1", 1)?;
                    let due = next.first().map(|one| (one.chunk.get(), one.is_due));
                    let next = if version >= 7 { 3 } else { 1 };
                    assert_eq!(due, Some((next, true)), "the others are to be embedded");
                    assert!(r.orphans(Orphan::Vector)?.is_empty(), "all of it adds up");
                    Ok::<_, Error>(())
                })
                .unwrap();
            let written =
                store.write(|w| w.insert_batch(&BatchId::random(1), "new", Cause::Named, NOW));
            assert!(written.is_ok(), "and it can be written: {written:?}");
            let now = i32::try_from(SCHEMA_VERSION).unwrap();
            assert_eq!(store.facts().schema_version, Some(now), "brought up to now");
        });
    }
}

#[test]
fn every_released_version_has_its_file() {
    let versions: Vec<usize> = RELEASED
        .iter()
        .map(|(version, _)| *version as usize)
        .collect();
    assert_eq!(
        versions,
        (1..=SCHEMA_VERSION).collect::<Vec<_>>(),
        "none is left out"
    );
}
