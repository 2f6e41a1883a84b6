//! Tags travel from an import to its documents, and so to what is found of them.

use std::path::{Path, PathBuf};

use oldgrowth_domain::tags::Tag;
use oldgrowth_engine::{Asked, BatchView, Behind, Page, Shown};
use oldgrowth_store::table::sources::SourceKind;

use crate::rig::{Place, Rig};

fn tags(given: &[&str]) -> Vec<Tag> {
    let given: Vec<String> = given.iter().map(|tag| (*tag).to_owned()).collect();
    Tag::list(&given).unwrap()
}

fn import(rig: &Rig, path: &Path, given: &[&str]) -> BatchView {
    let view = rig
        .engine
        .start_tagged_import(&[path.to_path_buf()], &tags(given))
        .unwrap();
    rig.idle();
    rig.engine.batch(&view.batch.id).unwrap()
}

/// The tags of the only passage with this word.
fn tags_of(rig: &Rig, word: &str) -> Vec<String> {
    let hits = rig.found(word);
    assert_eq!(hits.len(), 1, "one passage says {word}");
    hits[0].tags.clone()
}

fn asked(words: &str, tag: &str) -> Asked {
    Asked {
        text: words.to_owned(),
        limit: 20,
        tag: Tag::parse(tag),
        ..Asked::default()
    }
}

fn found(rig: &Rig, words: &str, tag: &str) -> Vec<String> {
    let hits = rig.engine.search(&asked(words, tag)).unwrap().hits;
    hits.into_iter().map(|hit| hit.chunk.text).collect()
}

fn counted(rig: &Rig) -> Vec<(String, u32)> {
    let tags = rig.engine.tags().unwrap().into_iter();
    tags.map(|one| (one.tag, one.documents)).collect()
}

fn folder_of(place: &Place, name: &str, files: &[(&str, &str)]) -> PathBuf {
    for (file, text) in files {
        place.write(&format!("{name}/{file}"), text);
    }
    place.notes.path().join(name)
}

const CHAT: &str = r#"[{"title": "Lamps", "create_time": 1700000000, "update_time": 1700000050, "mapping": {
    "q": {"message": {"author": {"role": "user"}, "create_time": 1700000010,
          "content": {"content_type": "text", "parts": ["Which lamp is the oldest?"]}}}},
    "current_node": "q", "id": "lamps"}]"#;

#[test]
fn what_an_import_brings_has_its_tags_and_is_found_by_them() {
    let place = Place::new();
    let home = folder_of(
        &place,
        "home",
        &[
            ("a.md", "The kettle is copper."),
            ("b.md", "The lamp is brass."),
            ("conversations.json", CHAT),
        ],
    );
    let work = folder_of(
        &place,
        "work",
        &[("a.md", "The kettle of the office is tin.")],
    );
    let rig = place.start(2);
    import(&rig, &home, &["Küche", "#silver"]);
    import(&rig, &work, &[]);
    assert_eq!(tags_of(&rig, "copper"), ["Küche", "silver"]);
    assert_eq!(
        tags_of(&rig, "oldest"),
        ["Küche", "silver"],
        "a conversation too"
    );
    assert_eq!(tags_of(&rig, "tin"), [""; 0]);
    assert_eq!(
        found(&rig, "kettle", "KÜCHE"),
        ["The kettle is copper."],
        "capital letters make no difference"
    );
    assert_eq!(found(&rig, "kettle", "garden"), [""; 0]);
    assert_eq!(
        counted(&rig),
        [("Küche".to_owned(), 3), ("silver".to_owned(), 3)]
    );
    let document = rig.found("copper")[0].document.id.clone();
    let Shown::Document(shown) = rig.engine.show(document.as_str(), Page::default()).unwrap()
    else {
        panic!("a document's id shows a document")
    };
    assert_eq!(shown.tags, ["Küche", "silver"]);
    place.assert_whole();
}

#[test]
fn what_a_tag_hides_is_counted() {
    let place = Place::new();
    let tagged = folder_of(&place, "tagged", &[("a.md", "The lamp is brass.")]);
    let other = folder_of(
        &place,
        "other",
        &[("a.md", "A kettle."), ("b.md", "My kettle.")],
    );
    let rig = place.start(1);
    import(&rig, &tagged, &["silver"]);
    import(&rig, &other, &[]);
    let answer = rig.engine.recall(&asked("kettle", "silver")).unwrap();
    assert!(answer.hits.is_empty());
    assert_eq!(
        answer.behind,
        Some(Behind {
            tag: Some(2),
            all: 2,
            ..Behind::default()
        })
    );
}

#[test]
fn content_that_is_known_gets_the_tags_as_well_and_is_told_as_unchanged() {
    let place = Place::new();
    let path = place.write("a.md", "The kettle is copper.");
    let rig = place.start(1);
    import(&rig, &path, &["Silver"]);
    let again = import(&rig, &path, &["silver", "brass"]);
    assert_eq!((again.progress.unchanged, again.progress.changed), (1, 0));
    assert_eq!(
        tags_of(&rig, "copper"),
        ["brass", "Silver"],
        "each once, as it was written first"
    );
    import(&rig, &path, &[]);
    assert_eq!(tags_of(&rig, "copper").len(), 2, "none is taken away");
}

#[test]
fn a_new_version_takes_over_the_tags_of_the_one_it_replaces() {
    let place = Place::new();
    let path = place.write("a.md", "The kettle is copper.");
    let copy = place.write("b.md", "The kettle is copper.");
    let rig = place.start(1);
    import(&rig, &path, &["silver"]);
    place.write("a.md", "The teapot is tin.");
    import(&rig, &path, &["brass"]);
    assert_eq!(tags_of(&rig, "teapot"), ["brass", "silver"]);
    assert_eq!(
        counted(&rig),
        [("brass".to_owned(), 1), ("silver".to_owned(), 1)],
        "what was replaced counts no more"
    );
    import(&rig, &copy, &["copper"]);
    import(&rig, &path, &[]);
    assert_eq!(
        tags_of(&rig, "kettle"),
        ["copper"],
        "what comes back is another document"
    );
    place.assert_whole();
}

#[test]
fn a_file_that_differs_from_its_copy_has_the_tags_of_both() {
    let place = Place::new();
    let path = place.write("a.md", "The kettle is copper.");
    place.write("b.md", "The kettle is copper.");
    let rig = place.start(1);
    import(&rig, place.notes.path(), &["silver"]);
    place.write("a.md", "The teapot is tin.");
    import(&rig, &path, &[]);
    assert_eq!(
        tags_of(&rig, "teapot"),
        ["silver"],
        "though the other is still there"
    );
    assert_eq!(tags_of(&rig, "kettle"), ["silver"]);
}

#[test]
fn what_comes_to_a_folder_later_has_the_tags_of_its_source() {
    let place = Place::new();
    place.write("a.md", "The kettle is copper.");
    let rig = place.start(1);
    import(&rig, place.notes.path(), &["silver"]);
    let source = rig.engine.ledger().unwrap()[0].source.clone();
    assert_eq!(source.tags, tags(&["silver"]));
    place.write("sub/b.md", "The lamp is brass.");
    place.write("conversations.json", CHAT);
    rig.engine.read_again(&source.id).unwrap();
    rig.idle();
    assert_eq!(tags_of(&rig, "brass"), ["silver"]);
    assert_eq!(
        tags_of(&rig, "oldest"),
        ["silver"],
        "what is said in an export there too"
    );
    import(&rig, &place.notes.path().join("sub"), &["garden"]);
    assert_eq!(tags_of(&rig, "brass"), ["garden", "silver"]);
    assert_eq!(
        rig.engine.ledger().unwrap()[0].source.tags,
        tags(&["silver"]),
        "a folder in it says nothing of the whole"
    );
}

#[test]
fn the_tags_of_one_file_are_not_those_of_its_folder() {
    let place = Place::new();
    let path = place.write("a.md", "The kettle is copper.");
    let rig = place.start(1);
    import(&rig, &path, &["silver"]);
    place.write("b.md", "The lamp is brass.");
    import(&rig, place.notes.path(), &[]);
    assert_eq!(tags_of(&rig, "copper"), ["silver"]);
    assert_eq!(tags_of(&rig, "brass"), [""; 0]);
}

#[test]
fn an_import_that_is_cut_off_goes_on_with_its_tags() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    rig.engine.pause_work().unwrap();
    rig.engine
        .start_tagged_import(&[place.notes.path().to_path_buf()], &tags(&["silver"]))
        .unwrap();
    drop(rig);
    let rig = place.start(2);
    assert_eq!(counted(&rig), [], "nothing has been read yet");
    rig.engine.resume_work().unwrap();
    rig.idle();
    assert_eq!(counted(&rig), [("silver".to_owned(), 40)]);
}

#[test]
fn what_is_removed_takes_its_tags_along() {
    let place = Place::new();
    place.write("a.md", "The kettle is copper.");
    let rig = place.start(1);
    rig.engine.start_samples(place.notes.path()).unwrap();
    rig.idle();
    import(&rig, place.notes.path(), &["silver"]);
    assert_eq!(counted(&rig), [("silver".to_owned(), 1)]);
    let mut ledger = rig.engine.ledger().unwrap().into_iter();
    let samples = ledger.find(|row| row.source.kind == SourceKind::Samples);
    rig.engine
        .remove_source(&samples.unwrap().source.id)
        .unwrap();
    assert_eq!(counted(&rig), []);
    assert_eq!(place.count("SELECT count(*) FROM document_tags"), 0);
    place.assert_whole();
}
