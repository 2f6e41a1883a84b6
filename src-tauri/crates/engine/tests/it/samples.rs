//! The sample memories leave as if they had never been there.

use oldgrowth_engine::{Error, Removal};
use oldgrowth_store::table::sources::SourceKind;
use oldgrowth_testkit::SeededRandom;

use crate::rig::{Place, Rig, file_text};

const TABLES: [&str; 10] = [
    "sources",
    "documents",
    "places",
    "chunks",
    "words_docsize",
    "trees",
    "nodes",
    "node_children",
    "node_spans",
    "buffer_items",
];

fn rows(place: &Place) -> Vec<i64> {
    let count = |table: &&str| place.count(&format!("SELECT count(*) FROM {table}"));
    TABLES.iter().map(count).collect()
}

fn samples_of(rig: &Rig) -> oldgrowth_domain::SourceId {
    let ledger = rig.engine.ledger().unwrap();
    let samples = ledger
        .into_iter()
        .find(|row| row.source.kind == SourceKind::Samples);
    samples.unwrap().source.id
}

fn sample_folder(files: &[(String, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn many(from: usize, to: usize) -> Vec<(String, String)> {
    (from..to)
        .map(|number| (format!("{number}.md"), file_text(number, "sample")))
        .collect()
}

#[test]
fn sample_memories_go_without_a_trace_and_come_back() {
    let place = Place::new();
    place.write("own.md", "The heron stands in the reeds.\n");
    let rig = place.start(2);
    rig.import_to_the_end();
    let (before, batches) = (rows(&place), rig.engine.batches().unwrap().len());
    let folder = sample_folder(&many(0, 60));
    rig.engine.start_samples(folder.path()).unwrap();
    rig.idle();
    let id = samples_of(&rig);
    let there = rows(&place);
    assert_eq!(rig.found("boat7").len(), 1, "they can be found");
    let preview = rig.engine.removal(&id).unwrap();
    assert_eq!(
        (preview.documents, preview.passages, preview.kept),
        (60, 60, 0)
    );
    assert!(preview.summaries > 0, "there is a tree to take away");
    assert_eq!(
        rig.engine.remove_source(&id).unwrap(),
        preview,
        "what was said is what was done"
    );
    assert_eq!(
        rows(&place),
        before,
        "no row of theirs is left in {TABLES:?}"
    );
    assert!(rig.found("boat7").is_empty(), "nothing is found of them");
    assert_eq!(
        rig.engine.batches().unwrap().len(),
        batches,
        "their import is gone too"
    );
    assert_eq!(rig.found("heron").len(), 1, "what is not theirs stays");
    rig.idle();
    place.assert_whole();
    rig.engine.start_samples(folder.path()).unwrap();
    rig.idle();
    assert_eq!(samples_of(&rig), id, "the same source");
    assert_eq!(rows(&place), there, "and all of it is back");
    place.assert_whole();
}

#[test]
fn what_another_source_holds_too_stays_in_that_ones_tree() {
    let place = Place::new();
    let folder = sample_folder(&many(0, 40));
    let rig = place.start(2);
    rig.engine.start_samples(folder.path()).unwrap();
    rig.idle();
    for number in 0..20 {
        place.write(&format!("copy{number}.md"), &file_text(number, "sample"));
    }
    rig.import_to_the_end();
    let id = samples_of(&rig);
    assert_eq!(
        rig.engine.removal(&id).unwrap(),
        Removal {
            documents: 20,
            passages: 20,
            summaries: rig.engine.removal(&id).unwrap().summaries,
            kept: 20
        }
    );
    rig.engine.remove_source(&id).unwrap();
    rig.idle();
    let ledger = rig.engine.ledger().unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!(
        (ledger[0].coverage.documents, ledger[0].coverage.in_tree),
        (20, 20),
        "moved, and in step"
    );
    assert!(!rig.found("boat3").is_empty() && rig.found("boat33").is_empty());
    place.assert_whole();
}

#[test]
fn other_sources_are_refused() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.note("A note.");
    let before = rows(&place);
    for row in rig.engine.ledger().unwrap() {
        let refused = rig.engine.remove_source(&row.source.id);
        assert!(matches!(refused, Err(Error::NotRemovable)), "{refused:?}");
    }
    assert_eq!(rows(&place), before, "nothing was touched");
}

#[test]
fn whatever_was_shared_changed_or_under_way_no_orphan_is_left() {
    for seed in 0..12 {
        let random = SeededRandom::new(seed);
        let place = Place::new();
        let folder = sample_folder(&many(0, 30));
        let rig = place.start(2);
        for step in 0..6 {
            for _ in 0..10 {
                let number = random.below(40);
                let version = ["sample", "sample", "other"][random.below(3)];
                match random.below(2) {
                    0 => place.write(&format!("{number}.md"), &file_text(number, version)),
                    _ => {
                        let path = folder.path().join(format!("{number}.md"));
                        std::fs::write(&path, file_text(number, version)).unwrap();
                        path
                    }
                };
            }
            match random.below(2) {
                0 => rig.engine.start_samples(folder.path()).map(drop),
                _ => rig
                    .engine
                    .start_import(&[place.notes.path().to_path_buf()])
                    .map(drop),
            }
            .ok();
            if step % 2 == 0 {
                rig.idle();
            }
        }
        rig.engine.start_samples(folder.path()).unwrap();
        if seed % 2 == 0 {
            rig.idle();
        }
        rig.engine.remove_source(&samples_of(&rig)).unwrap();
        rig.idle();
        place.assert_whole();
        let left = place.count("SELECT count(*) FROM sources WHERE kind = 'samples'");
        assert_eq!(left, 0, "seed {seed}");
        let orphans = place.count(
            "SELECT (SELECT count(*) FROM trees t LEFT JOIN sources s ON s.id = t.source_id WHERE s.id IS NULL)
                  + (SELECT count(*) FROM batches b WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.batch_id = b.id))",
        );
        assert_eq!(orphans, 0, "seed {seed}");
    }
}

#[test]
fn a_source_is_renamed_and_says_what_it_did_not_read() {
    let place = Place::new();
    place.write_many(2);
    place.write("empty.md", "");
    place.write("picture.bin", "\u{0}\u{1}\u{2}");
    let rig = place.start(1);
    rig.import_to_the_end();
    let source = rig.engine.ledger().unwrap().remove(0).source;
    rig.engine
        .rename_source(&source.id, "  My\nwalks ")
        .unwrap();
    assert_eq!(rig.engine.ledger().unwrap()[0].source.name, "My walks");
    for bad in ["", " \t", &"x".repeat(121)] {
        let refused = rig.engine.rename_source(&source.id, bad);
        assert!(matches!(refused, Err(Error::BadName { .. })), "{bad:?}");
    }
    rig.import_to_the_end();
    assert_eq!(
        rig.engine.ledger().unwrap()[0].source.name,
        "My walks",
        "an import doesn't take it away"
    );
    let all = rig.engine.unread(&source.id, None, 0).unwrap();
    assert_eq!(all.total, 2);
    let items: Vec<&str> = all.items.iter().map(|item| item.item.as_str()).collect();
    assert_eq!(items, ["empty.md", "picture.bin"]);
    assert!(
        all.items.iter().all(|item| item.reason.is_some()),
        "each with its reason"
    );
    let empty = rig.engine.unread(&source.id, Some("empty"), 0).unwrap();
    assert_eq!((empty.total, empty.items.len()), (1, 1));
    assert!(
        rig.engine
            .unread(&source.id, None, 2)
            .unwrap()
            .items
            .is_empty(),
        "no third"
    );
}

#[test]
fn a_plan_says_what_is_known_already_and_can_be_called_off() {
    let place = Place::at_this_moment();
    place.write_many(4);
    let rig = place.start(1);
    rig.import_to_the_end();
    place.write("new.md", "New.\n");
    place.write("001.md", "Another size.\n");
    rig.later(std::time::Duration::from_secs(60));
    let plan = rig
        .engine
        .plan_import(&[place.notes.path().to_path_buf()])
        .unwrap();
    let known = plan.known.unwrap();
    assert_eq!((known.new, known.changed, known.unchanged), (1, 1, 3));
}

#[test]
fn an_import_that_stays_without_its_samples_tells_what_is_left_of_it() {
    let place = Place::new();
    let rig = place.start(1);
    let samples = place.write("samples/heron.md", "A sample heron.\n");
    rig.engine.start_samples(samples.parent().unwrap()).unwrap();
    rig.idle();
    place.write("own.md", "The reeds are our own.\n");
    place.write("samples/heron.md", "Another sample heron.\n");
    let import = rig.import_to_the_end();
    assert_eq!((import.total(), import.progress.new), (2, 1));
    rig.engine.remove_source(&samples_of(&rig)).unwrap();
    rig.idle();
    let left = rig.engine.batch(&import.batch.id).unwrap();
    assert_eq!((left.total(), left.progress.changed), (1, 0));
}
