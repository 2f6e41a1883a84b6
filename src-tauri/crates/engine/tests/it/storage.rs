//! What takes room, by SQLite's own account of its file.

use oldgrowth_engine::Note;
use oldgrowth_store::Store;
use oldgrowth_testkit::TestEngine;

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
    let told = inside.texts
        + inside.word_index
        + inside.summaries
        + inside.work
        + inside.free
        + inside.rest;
    assert_eq!(told, storage.main_bytes, "the parts are the whole");
    assert!(inside.texts > 0 && inside.word_index > 0, "{inside:?}");
    let main = test.workspace.join(Store::FILE);
    test.engine.stop();
    let keeper_lets_go = test;
    drop(keeper_lets_go);
    let file = std::fs::metadata(&main).unwrap().len();
    assert_eq!(file, storage.main_bytes, "and the whole is the file");
}
