//! What passages name: the counts say what the rows say, and the rows can't say what makes no sense.

use oldgrowth_domain::canonical::{Format, LineRange};
use oldgrowth_domain::chunking::ChunkDraft;
use oldgrowth_domain::entities::EntityKind::{self, Organisation, Person};
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{Happened, UnixMs};
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::NewDocument;
use oldgrowth_store::table::entities::Entity;
use oldgrowth_store::table::extraction::{Extracted, Extraction, FailureReason};
use oldgrowth_store::table::mentions::Mention;
use oldgrowth_store::table::orphans::Orphan;
use oldgrowth_store::table::sources::Origin;
use oldgrowth_store::{DocumentKey, Error, Lane, SourceKey, Store, Write};

use crate::place::{NOW, fresh, raw, with_store};

const RULES: &str = "rules-1";

fn notes(w: &Write<'_>) -> Result<SourceKey, Error> {
    Ok(w.ensure_source(Origin::Notes, "Notes", NOW)?.key)
}

/// A document of these passages, each a thousand milliseconds after the one before.
fn document(w: &Write<'_>, source: SourceKey, passages: &[&str]) -> Result<DocumentKey, Error> {
    let new = NewDocument {
        source,
        sha256: content_hash(passages),
        format: Format::PlainText,
        title: String::new(),
        bytes: 1,
        happened: Happened::Stated(NOW),
        imported_at: NOW,
        chunk_rule: 1,
    };
    let document = w.insert_document(&new)?;
    for (ordinal, text) in (0_u32..).zip(passages) {
        let draft = ChunkDraft {
            text: (*text).to_owned(),
            headings: Vec::new(),
            lines: LineRange { first: 1, last: 1 },
            author: None,
            said_at: Some(UnixMs(i64::from(ordinal) * 1_000)),
        };
        w.insert_chunk(None, &document, ordinal, &draft)?;
    }
    Ok(document.key)
}

fn mention(kind: EntityKind, name: &str, text: &str) -> Vec<Mention> {
    let stretches = text.match_indices(name);
    stretches
        .map(|(at, found)| Mention {
            kind,
            name: name.to_owned(),
            range: at..at + found.len(),
        })
        .collect()
}

/// Looks for these names in a passage.
fn extracted(chunk: &Chunk, names: &[(EntityKind, &str)]) -> Extracted {
    let found = names
        .iter()
        .flat_map(|(kind, name)| mention(*kind, name, &chunk.text));
    Extracted {
        chunk: chunk.key,
        id: chunk.id.clone(),
        document: chunk.document,
        happened_at: chunk.happened_at,
        found: Ok(found.collect()),
    }
}

const NAMES: [(EntityKind, &str); 3] = [
    (Person, "Marta"),
    (Person, "Ödön"),
    (Organisation, "Vitest"),
];

/// Keeps what a document's passages name.
fn keep(w: &Write<'_>, document: DocumentKey) -> Result<Option<u32>, Error> {
    let chunks = w.chunks_from(document, 0, u32::MAX)?;
    let all: Vec<_> = chunks.iter().map(|one| extracted(one, &NAMES)).collect();
    w.keep_extracted(w.extraction()?.as_ref(), RULES, &all)
}

fn listed(store: &Store, kind: EntityKind) -> Vec<(String, u32, u32)> {
    let row = |one: Entity| (one.name, one.mentions, one.documents);
    store
        .read(Lane::Interactive, |r| r.entities(kind, 0, 10))
        .unwrap()
        .into_iter()
        .map(row)
        .collect()
}

fn assert_adds_up(store: &Store) {
    let strays = store
        .read(Lane::Interactive, |r| r.orphans(Orphan::Mention))
        .unwrap();
    assert_eq!(strays, Vec::<String>::new(), "the counts are the rows'");
}

#[test]
fn names_are_counted_by_mentions_and_documents_and_go_with_them() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        let [first, second] = store
            .write(|w| {
                let notes = notes(w)?;
                let first = document(
                    w,
                    notes,
                    &["Marta saw Ödön. Marta left.", "Marta of Vitest"],
                )?;
                let second = document(w, notes, &["Nobody", "Marta, again"])?;
                for each in [first, second] {
                    assert!(keep(w, each)?.is_some(), "it stands as it was read");
                }
                Ok::<_, Error>([first, second])
            })
            .unwrap();
        assert_eq!(
            listed(store, Person),
            [("Marta".to_owned(), 4, 2), ("Ödön".to_owned(), 1, 1)],
            "the most mentioned first"
        );
        assert_adds_up(store);
        store
            .read(Lane::Interactive, |r| {
                let called = r.entities_called(Person, "ODO", 0, 10)?;
                assert_eq!(called.len(), 1, "without regard to case and accents");
                assert_eq!(r.entities_called_count(Person, "ma")?, 1);
                let marta = r.entities(Person, 0, 1)?.remove(0);
                assert_eq!(
                    (marta.first_at, marta.last_at),
                    (Some(UnixMs(0)), Some(UnixMs(1_000))),
                    "the passages' own times"
                );
                assert_eq!(r.entity_by_id(&marta.id)?.as_ref(), Some(&marta));
                assert_eq!(r.passages_naming_count(marta.key)?, 3);
                let passages = r.passages_naming(marta.key, 0, 10)?;
                let texts: Result<Vec<_>, _> = passages
                    .iter()
                    .map(|key| r.chunk(*key).map(|chunk| chunk.text))
                    .collect();
                assert_eq!(
                    texts?,
                    [
                        "Marta, again",
                        "Marta of Vitest",
                        "Marta saw Ödön. Marta left."
                    ],
                    "the newest first"
                );
                let beside = r.named_beside(marta.key, &passages, 10)?;
                let beside: Vec<_> = beside.iter().map(|(one, n)| (&*one.name, *n)).collect();
                assert_eq!(beside, [("Ödön", 1), ("Vitest", 1)]);
                assert_eq!(
                    r.written_as(marta.key, &passages)?,
                    [("Marta".to_owned(), 4)]
                );
                assert_eq!(
                    r.sources_naming(marta.key)?.first().map(|one| one.1),
                    Some(2)
                );
                Ok::<_, Error>(())
            })
            .unwrap();
        store
            .write(move |w| {
                w.supersede_document(first, None, NOW)?;
                w.forget_mentions_of(first)
            })
            .unwrap();
        assert_eq!(listed(store, Person), [("Marta".to_owned(), 1, 1)]);
        assert_eq!(
            listed(store, Organisation),
            [],
            "nobody mentions it any more"
        );
        assert_adds_up(store);
        store
            .write(move |w| {
                w.supersede_document(second, None, NOW)?;
                w.forget_mentions_of(second)
            })
            .unwrap();
        for table in ["entities", "aliases", "mentions"] {
            let rows: i64 = raw(folder.path())
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(rows, 0, "{table}");
        }
    });
}

#[test]
fn what_is_looked_through_again_takes_the_place_of_what_was_known() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let notes = notes(w)?;
                let document = document(w, notes, &["Marta of Vitest", "Marta alone"])?;
                keep(w, document)?;
                let chunks = w.chunks_from(document, 0, 1)?;
                let again = extracted(&chunks[0], &[(Organisation, "Marta of Vitest")]);
                let before = w.extraction()?;
                let kept =
                    w.keep_extracted(before.as_ref(), "rules-2", std::slice::from_ref(&again))?;
                assert_eq!(kept, Some(1));
                let stands = w.extraction()?.unwrap();
                assert_eq!(
                    (stands.extractor.as_str(), stands.up_to),
                    ("rules-2", chunks[0].key),
                    "from the first one on"
                );
                assert_eq!(w.left_to_extract("rules-2")?.passages, 1);
                assert_eq!(w.left_to_extract(RULES)?.passages, 2, "to another one");
                let kept = w.keep_extracted(before.as_ref(), "rules-2", &[again])?;
                assert_eq!(kept, None, "it has come further than when it was read");
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(
            listed(store, Person),
            [("Marta".to_owned(), 1, 1)],
            "what was not come to yet stays as it was"
        );
        assert_eq!(
            listed(store, Organisation),
            [("Marta of Vitest".to_owned(), 1, 1)]
        );
        assert_adds_up(store);
    });
}

#[test]
fn a_passage_that_is_no_longer_what_was_looked_through_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let samples = Origin::Samples("/samples");
                let samples = w.ensure_source(samples, "Samples", NOW)?.key;
                let gone = document(w, samples, &["Marta was here"])?;
                let read = w.chunks_from(gone, 0, 1)?.remove(0);
                let page = [extracted(&read, &NAMES)];
                w.delete_documents_of(samples)?;
                assert_eq!(w.keep_extracted(None, RULES, &page)?, None, "it is gone");
                let new = document(w, samples, &["Ödön has its key"])?;
                let new = w.chunks_from(new, 0, 1)?.remove(0);
                assert_eq!(new.key, read.key, "keys are used again");
                assert_eq!(w.keep_extracted(None, RULES, &page)?, None, "another's now");
                let page = [extracted(&new, &NAMES)];
                assert_eq!(w.keep_extracted(None, RULES, &page)?, Some(1));
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(listed(store, Person), [("Ödön".to_owned(), 1, 1)]);
    });
}

#[test]
fn passages_whose_keys_are_used_again_are_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let own = document(w, notes(w)?, &["Marta"])?;
                keep(w, own)?;
                let samples = w
                    .ensure_source(Origin::Samples("/samples"), "Samples", NOW)?
                    .key;
                let sample = document(w, samples, &["Ödön", "Vitest"])?;
                keep(w, sample)?;
                assert_eq!(w.left_to_extract(RULES)?.passages, 0);
                w.delete_documents_of(samples)?;
                assert_eq!(w.left_to_extract(RULES)?.passages, 0, "of what is left");
                document(w, samples, &["Vitest", "Ödön"])?;
                assert_eq!(w.left_to_extract(RULES)?.passages, 2, "the new ones");
                assert_eq!(w.to_extract(RULES, 9)?.len(), 2);
                Ok::<_, Error>(())
            })
            .unwrap();
        assert_eq!(listed(store, Person), [("Marta".to_owned(), 1, 1)]);
        assert_adds_up(store);
    });
}

#[test]
fn a_passage_in_which_nothing_could_be_looked_for_is_counted_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let document = document(w, notes(w)?, &["Marta", "Ödön"])?;
                let chunks = w.chunks_from(document, 0, 2)?;
                let mut page: Vec<_> = chunks.iter().map(|one| extracted(one, &NAMES)).collect();
                page[0].found = Err(FailureReason::Panic);
                w.keep_extracted(None, RULES, &page)?;
                let left = w.left_to_extract(RULES)?;
                assert_eq!((left.passages, left.failed), (0, 1));
                page[0].found = Ok(Vec::new());
                let stands = Extraction {
                    extractor: RULES.to_owned(),
                    up_to: chunks[1].key,
                };
                w.keep_extracted(Some(&stands), "rules-2", &page)?;
                assert_eq!(w.left_to_extract("rules-2")?.failed, 0);
                Ok::<_, Error>(())
            })
            .unwrap();
    });
}

#[test]
fn a_stretch_that_begins_within_a_character_is_no_way_to_write_a_name() {
    let folder = tempfile::tempdir().unwrap();
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let document = document(w, notes(w)?, &["Ödön"])?;
                let chunk = w.chunks_from(document, 0, 1)?.remove(0);
                let mut page = extracted(&chunk, &NAMES);
                page.found.as_mut().unwrap()[0].range = 1..3;
                w.keep_extracted(None, RULES, &[page])?;
                let odon = w.entities(Person, 0, 1)?.remove(0);
                assert_eq!(w.written_as(odon.key, &[chunk.key])?, []);
                Ok::<_, Error>(())
            })
            .unwrap();
    });
}

#[test]
fn what_does_not_add_up_is_found_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let damages = [
        "UPDATE entities SET mentions = 7 WHERE name = 'Marta'",
        "DELETE FROM aliases WHERE folded = 'marta'",
        "DELETE FROM entities WHERE name = 'Marta'",
        "DELETE FROM chunks WHERE text = 'Marta'",
        "UPDATE documents SET superseded_at = 1",
    ];
    for damage in damages {
        let folder = folder.path().join(format!("{:x}", damage.len()));
        std::fs::create_dir(&folder).unwrap();
        with_store(&folder, |store| {
            store
                .write(|w| {
                    let document = document(w, notes(w)?, &["Marta", "Ödön"])?;
                    keep(w, document).map(drop)
                })
                .unwrap();
            raw(&folder)
                .execute_batch(&format!("PRAGMA foreign_keys = 0; {damage}"))
                .unwrap();
            let strays = store
                .read(Lane::Interactive, |r| r.orphans(Orphan::Mention))
                .unwrap();
            assert!(!strays.is_empty(), "{damage}");
            store
                .write(move |w| {
                    for stray in &strays {
                        w.take_orphan(Orphan::Mention, stray)?;
                    }
                    assert_eq!(w.extraction()?, None, "from the first passage on");
                    Ok::<_, Error>(())
                })
                .unwrap();
            assert_adds_up(store);
        });
    }
}

#[test]
fn rows_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        store
            .write(|w| {
                let document = document(w, notes(w)?, &["Marta", "Ödön"])?;
                keep(w, document).map(drop)
            })
            .unwrap();
    });
    let raw = raw(folder.path());
    raw.execute_batch("PRAGMA foreign_keys = 1").unwrap();
    for (fact, sql) in [
        (
            "two of a kind with one name",
            "INSERT INTO aliases VALUES ('person', 'marta', 2)",
        ),
        (
            "a kind that is not known",
            "INSERT INTO aliases VALUES ('animal', 'rex', 1)",
        ),
        ("no name", "UPDATE entities SET name = ''"),
        (
            "more documents than mentions",
            "UPDATE entities SET documents = 3",
        ),
        (
            "a last time before the first",
            "UPDATE entities SET first_at = last_at + 1",
        ),
        (
            "an empty stretch",
            "UPDATE mentions SET text_end = text_start",
        ),
        (
            "somebody who is not there",
            "UPDATE mentions SET entity_id = 99",
        ),
        (
            "a passage that is not there",
            "UPDATE mentions SET chunk_id = 99",
        ),
        (
            "a passage that is named somewhere goes",
            "DELETE FROM chunks WHERE text = 'Marta'",
        ),
        (
            "a second row of where it stands",
            "INSERT INTO extraction VALUES (2, 'rules', 0)",
        ),
        (
            "a reason that is not known",
            "INSERT INTO extraction_failures VALUES (1, 'tired')",
        ),
    ] {
        let refused = raw.execute_batch(sql);
        assert!(refused.is_err(), "{fact}");
    }
}
