//! Tags of documents, and those whose document is not there.

use oldgrowth_domain::Happened;
use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::id::content_hash;
use oldgrowth_store::table::documents::NewDocument;
use oldgrowth_store::table::orphans::Orphan;
use oldgrowth_store::table::sources::Origin;
use oldgrowth_store::{Error, Lane, Store};

use crate::place::{NOW, fresh, raw, with_store};

fn strays(store: &Store) -> Vec<String> {
    store
        .read(Lane::Interactive, |r| r.orphans(Orphan::Tag))
        .unwrap()
}

#[test]
fn a_tag_without_its_document_is_set_aside_and_put_back_when_that_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    raw(folder.path())
        .execute_batch(
            "PRAGMA foreign_keys = 0;
             INSERT INTO document_tags (document_id, folded, tag) VALUES (1, 'küche', 'Küche')",
        )
        .unwrap();
    with_store(folder.path(), |store| {
        let found = strays(store);
        let [row] = found.as_slice() else {
            panic!("one row belongs to nothing: {found:?}")
        };
        let put_back = |row: &str| {
            let row = row.to_owned();
            store.write(move |w| w.put_orphan_back(Orphan::Tag, &row))
        };
        let taken = row.clone();
        store
            .write(move |w| w.take_orphan(Orphan::Tag, &taken))
            .unwrap();
        assert_eq!(strays(store), [""; 0]);
        assert!(!put_back(row).unwrap(), "what it belongs to is not there");
        let tags = store.write(|w| {
            let new = NewDocument {
                source: w.ensure_source(Origin::Notes, "Notes", NOW)?.key,
                sha256: content_hash(&["kettle"]),
                format: Format::PlainText,
                title: String::new(),
                bytes: 1,
                happened: Happened::Unknown,
                imported_at: NOW,
                chunk_rule: 1,
            };
            let document = w.insert_document(&new)?.key;
            Ok::<_, Error>((document, w.tags_of(document)?))
        });
        let (document, before) = tags.unwrap();
        assert_eq!(before, [""; 0]);
        assert!(put_back(row).unwrap(), "now it is");
        let tags = store.read(Lane::Interactive, |r| r.tags_of(document));
        assert_eq!(tags.unwrap(), ["Küche"]);
    });
}
