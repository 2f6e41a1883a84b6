//! What takes room, by SQLite's own account of its file.

use oldgrowth_engine::{Note, SettingChange, StorageParts};
use oldgrowth_store::Store;
use oldgrowth_testkit::TestEngine;

use crate::rig::Place;

#[test]
fn what_is_counted_adds_up_to_the_files() {
    let workspace = tempfile::tempdir().unwrap();
    let test = TestEngine::start(workspace.path(), 0);
    let texts = [
        "The spare key is under the fern.",
        "Où est la clé de rechange ?",
    ];
    for text in texts {
        let note = Note {
            text: text.to_owned(),
            title: None,
            happened_at: None,
        };
        test.engine.add_note(note).unwrap();
    }
    let backup = test.engine.make_backup(None).unwrap();
    let storage = test.engine.storage(true).unwrap();
    let [source] = storage.sources.as_slice() else {
        panic!("one source, the notes")
    };
    let counted = source.counted.unwrap();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    assert_eq!(source.of.documents, 2);
    assert_eq!(
        (counted.passages, counted.text_bytes),
        (2, bytes as u64),
        "in bytes, not in characters"
    );
    assert_eq!(storage.backup_bytes, backup.backup.bytes);

    let inside = storage.inside.unwrap();
    let StorageParts {
        texts,
        word_index,
        summaries,
        names,
        meaning,
        work,
        free,
        rest,
    } = inside;
    let told = texts + word_index + summaries + names + meaning + work + free + rest;
    assert_eq!(told, storage.main_bytes, "the parts are the whole");
    assert!(texts > 0 && word_index > 0, "{inside:?}");
    let main = test.workspace.join(Store::FILE);
    test.engine.stop();
    let keeper_lets_go = test;
    drop(keeper_lets_go);
    let file = std::fs::metadata(&main).unwrap().len();
    assert_eq!(file, storage.main_bytes, "and the whole is the file");
}

#[test]
fn after_a_restore_nothing_is_told_of_what_was_counted_before() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let backup = rig.engine.make_backup(None).unwrap();
    rig.note("Another lamp.");
    assert!(rig.engine.storage(true).unwrap().counted_at.is_some());
    rig.engine.restore(&backup.backup.id).unwrap();
    // Without a long read nothing can be counted anew.
    rig.engine
        .change_setting(SettingChange::LongReadsMax(Some(0)))
        .unwrap();
    let storage = rig.engine.storage(false).unwrap();
    assert_eq!(
        (storage.inside, storage.counted_at),
        (None, None),
        "that was another file"
    );
    assert_eq!(storage.sources[0].of.documents, 1);
    assert_eq!(
        storage.sources[0].counted, None,
        "and had two passages where this one has one"
    );
}
