//! Vectors of passages: one of each, gone with its passage, and known as new by a key that no other ever had.

use oldgrowth_domain::canonical::{Format, LineRange};
use oldgrowth_domain::chunking::ChunkDraft;
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{Happened, UnixMs};
use oldgrowth_store::table::documents::{Document, NewDocument};
use oldgrowth_store::table::extraction::FailureReason;
use oldgrowth_store::table::orphans::Orphan;
use oldgrowth_store::table::sources::Origin;
use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::{ChunkKey, Error, Lane, Read, SourceKey, Store, VectorKey, Write};

use crate::place::{NOW, fresh, keeper, raw, with_store};

const MODEL: &str = "little-1";

fn draft(ordinal: u32, text: &str) -> ChunkDraft {
    ChunkDraft {
        text: text.to_owned(),
        headings: Vec::new(),
        lines: LineRange { first: 1, last: 1 },
        author: (ordinal == 0).then(|| "Marta".to_owned()),
        said_at: Some(UnixMs(i64::from(ordinal) * 1_000)),
    }
}

fn notes(w: &Write<'_>) -> Result<SourceKey, Error> {
    Ok(w.ensure_source(Origin::Notes, "Notes", NOW)?.key)
}

fn document(w: &Write<'_>, source: SourceKey, passages: &[&str]) -> Result<Document, Error> {
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
        w.insert_chunk(None, &document, ordinal, &draft(ordinal, text))?;
    }
    Ok(document)
}

fn vector(of: i8) -> Vector {
    Vector {
        scale: 0.5,
        components: vec![of, -of, 0, 127],
    }
}

/// Embeds all that is due, each passage as its key.
fn embed_all(w: &Write<'_>, model: &str) -> Result<Vec<i64>, Error> {
    let mut made = Vec::new();
    while let [next] = w.to_embed(model, 1)?.as_slice() {
        if next.is_due {
            let key = next.chunk.get();
            w.put_vector(next.chunk, model, &vector(i8::try_from(key).unwrap()))?;
            made.push(key);
        }
        w.note_embedded(model, next.chunk)?;
    }
    Ok(made)
}

/// The passages that have a vector of this model, with the keys of these.
fn kept(r: &Read<'_>, model: &str) -> Result<Vec<(i64, i64)>, Error> {
    let mut rows = Vec::new();
    let after = VectorKey::from_payload(0);
    r.each_vector_after(model, after, 1_000, |row| {
        assert_eq!(row.scale, 0.5);
        assert_eq!(row.components.len(), 4);
        rows.push((row.chunk.get(), row.key.get()));
    })?;
    Ok(rows)
}

#[test]
fn a_passage_has_one_vector_and_the_next_takes_its_place_under_a_new_key() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let kept = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["one", "two"])?;
            assert_eq!(w.left_to_embed(MODEL)?.passages, 2);
            let made = embed_all(w, MODEL)?;
            assert_eq!(made.len(), 2, "each once");
            assert!(!w.has_to_embed(MODEL)?);
            assert_eq!(w.left_to_embed(MODEL)?.passages, 0);
            let first = ChunkKey::from_payload(made[0]);
            assert_eq!(
                w.vector_of(first)?,
                Some((MODEL.to_owned(), vector(made[0] as i8)))
            );
            assert!(w.put_vector(first, MODEL, &vector(99))?);
            let other = Vector {
                scale: 1.0,
                components: vec![1; 5],
            };
            assert!(!w.put_vector(first, MODEL, &other)?, "of another length");
            assert_eq!(w.vector_of(first)?, Some((MODEL.to_owned(), vector(99))));
            kept(w, MODEL)
        });
        let kept: Result<_, Error> = kept;
        let keys: Vec<i64> = kept.unwrap().into_iter().map(|(_, key)| key).collect();
        assert_eq!(keys, [2, 3], "what took the place of another is new");
    });
}

#[test]
fn keys_of_vectors_are_never_used_again() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let last = store.write(|w| {
            let source = notes(w)?;
            let of = document(w, source, &["one", "two"])?;
            embed_all(w, MODEL)?;
            w.forget_vectors_of(of.key)?;
            assert_eq!(kept(w, MODEL)?, []);
            w.last_vector()
        });
        assert_eq!(last.unwrap(), VectorKey::from_payload(2));
        let again: Result<_, Error> = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["three"])?;
            embed_all(w, MODEL)?;
            kept(w, MODEL)
        });
        assert_eq!(again.unwrap(), [(3, 3)]);
        let gone: Result<_, Error> = store.read(Lane::Interactive, |r| {
            Ok((
                r.has_vector(VectorKey::from_payload(2), ChunkKey::from_payload(2))?,
                r.has_vector(VectorKey::from_payload(3), ChunkKey::from_payload(3))?,
                r.has_vector(VectorKey::from_payload(3), ChunkKey::from_payload(2))?,
            ))
        });
        assert_eq!(gone.unwrap(), (false, true, false));
    });
}

#[test]
fn vectors_go_with_the_documents_of_a_source_and_their_keys_are_embedded_anew() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["one", "two"])?;
            embed_all(w, MODEL)?;
            w.put_embedding_failure(ChunkKey::from_payload(2), FailureReason::Panic)?;
            w.delete_documents_of(source)?;
            assert_eq!(kept(w, MODEL)?, []);
            assert_eq!(w.left_to_embed(MODEL)?.failed, 0);
            document(w, source, &["three"])?;
            assert_eq!(embed_all(w, MODEL)?, [1], "another has the key by now");
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
    let broken = raw(folder.path())
        .prepare("PRAGMA foreign_key_check")
        .unwrap()
        .exists([]);
    assert!(!broken.unwrap());
}

#[test]
fn another_model_comes_to_all_of_them_and_what_is_there_stays_until_then() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["one", "two", "three"])?;
            embed_all(w, MODEL)?;
            let second = ChunkKey::from_payload(2);
            w.put_embedding_failure(second, FailureReason::Refused)?;
            assert_eq!(w.left_to_embed("other-1")?.passages, 3);
            w.begin_embedding("other-1")?;
            w.put_vector(ChunkKey::from_payload(1), "other-1", &vector(7))?;
            w.note_embedded("other-1", ChunkKey::from_payload(1))?;
            assert_eq!(w.embedding_failure(second)?, None, "the other one may");
            assert_eq!(kept(w, MODEL)?.len(), 1, "the third's is there still");
            assert_eq!(embed_all(w, "other-1")?, [2, 3]);
            assert_eq!((kept(w, MODEL)?.len(), kept(w, "other-1")?.len()), (0, 3));
            assert!(w.orphans(Orphan::Vector)?.is_empty());
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
}

#[test]
fn a_passage_that_comes_back_has_its_neighbours_embedded_anew_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            let of = document(w, source, &["0", "1", "2", "3", "4", "5", "6"])?;
            embed_all(w, MODEL)?;
            w.embed_anew_around(of.key, 5)?;
            assert_eq!(embed_all(w, MODEL)?, [4, 5, 6, 7], "two on each side");
            let around = w.around(ChunkKey::from_payload(2))?;
            let places: Vec<u32> = around.iter().map(|one| one.ordinal).collect();
            assert_eq!(places, [0, 1, 2, 3], "of its document alone");
            assert_eq!(around[0].author.as_deref(), Some("Marta"));
            w.supersede_document(of.key, None, NOW)?;
            assert_eq!(w.around(ChunkKey::from_payload(2))?, []);
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
}

#[test]
fn what_does_not_add_up_is_found_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            let first = document(w, source, &["one", "two"])?;
            document(w, source, &["three"])?;
            embed_all(w, MODEL)?;
            assert!(w.orphans(Orphan::Vector)?.is_empty());
            w.supersede_document(first.key, None, NOW)?;
            let found = w.orphans(Orphan::Vector)?;
            assert_eq!(found, ["vector 1", "vector 2"], "of what is not searched");
            for row in found {
                w.take_orphan(Orphan::Vector, &row)?;
            }
            assert!(w.orphans(Orphan::Vector)?.is_empty());
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
    let broken = raw(folder.path());
    broken
        .execute_batch("UPDATE vectors SET components = x'01' WHERE chunk_id = 3")
        .unwrap();
    drop(broken);
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            assert_eq!(w.orphans(Orphan::Vector)?, ["vector 3"], "cut off");
            w.take_orphan(Orphan::Vector, "vector 3")?;
            let missing = w.orphans(Orphan::Vector)?;
            assert_eq!(missing, ["passage 3"], "it was said to be embedded");
            w.take_orphan(Orphan::Vector, "passage 3")?;
            assert!(w.orphans(Orphan::Vector)?.is_empty());
            assert_eq!(embed_all(w, MODEL)?, [3]);
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
}

#[test]
fn a_page_of_vectors_goes_with_its_last_first_and_what_could_not_be_embedded_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["one", "two", "three", "four", "five"])?;
            embed_all(w, MODEL)?;
            w.put_embedding_failure(ChunkKey::from_payload(5), FailureReason::Refused)?;
            let up_to = VectorKey::from_payload(3);
            assert_eq!(w.take_vectors_up_to(up_to, 2)?, 2);
            assert_eq!(kept(w, MODEL)?, [(1, 1), (4, 4)], "the newer one stays");
            assert_eq!(w.left_to_embed(MODEL)?.failed, 1, "and so does a failure");
            assert_eq!(w.take_vectors_up_to(up_to, 2)?, 1);
            assert_eq!(w.take_vectors_up_to(up_to, 2)?, 0);
            assert_eq!(w.forget_embedding_failures()?, 1);
            assert_eq!(w.forget_embedding_failures()?, 0);
            assert_eq!(embed_all(w, MODEL)?, [1, 2, 3, 5]);
            Ok::<_, Error>(())
        });
        done.unwrap();
    });
}

#[test]
fn vectors_that_an_index_has_lost_are_taken_or_refused_and_never_offered_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    with_store(folder.path(), |store| {
        let done = store.write(|w| {
            let source = notes(w)?;
            document(w, source, &["one", "two"])?;
            embed_all(w, MODEL)
        });
        done.unwrap();
    });
    let broken = raw(folder.path());
    broken
        .execute_batch(
            "CREATE TABLE empty (chunk_id INTEGER UNIQUE) STRICT;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_empty_1')
             WHERE name = 'sqlite_autoindex_vectors_1';",
        )
        .unwrap();
    drop(broken);
    let by_passage =
        "SELECT count(*) FROM vectors INDEXED BY sqlite_autoindex_vectors_1 WHERE chunk_id = 1";
    let found: i64 = raw(folder.path())
        .query_row(by_passage, [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, 0, "the index has lost it");
    let keeper = keeper();
    let place = folder.path().canonicalize().unwrap();
    let store = Store::of_workspace(&keeper, &place).unwrap();
    let mut taken = 0;
    let ended = (0..3).any(|_| {
        let page = store.write(|w| w.take_vectors_up_to(VectorKey::from_payload(2), 1));
        taken += page.as_ref().copied().unwrap_or_default();
        !matches!(page, Ok(1..))
    });
    keeper.shut_down();
    assert!(ended && taken <= 2, "{taken} of 2");
}
