//! In which order passages answer: what was said beside them, in which conversation, by whom.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::{Asked, FixCode, Hit, Note, WhyPart};
use oldgrowth_store::Lane;

use crate::fixes::mend;
use crate::rig::{Place, Rig};

/// What was said, and by whom.
type Said<'s> = (&'s str, &'s str);

fn conversation(id: &str, said: &[Said<'_>]) -> serde_json::Value {
    let mut mapping = serde_json::Map::new();
    let mut parent = None;
    for (number, (author, text)) in said.iter().enumerate() {
        let message = serde_json::json!({
            "author": { "role": "user", "name": author }, "create_time": 1_700_000_000 + number,
            "content": { "content_type": "text", "parts": [text] },
        });
        mapping.insert(
            number.to_string(),
            serde_json::json!({ "parent": parent, "message": message }),
        );
        parent = Some(number.to_string());
    }
    serde_json::json!({
        "id": id, "title": id, "create_time": 1_700_000_000, "update_time": 1_700_000_000, "mapping": mapping,
        "current_node": parent,
    })
}

fn import(place: &Place, rig: &Rig, conversations: &[serde_json::Value]) {
    let export = serde_json::Value::from(conversations).to_string();
    let path = place.write("conversations.json", &export);
    rig.engine.start_import(&[path]).unwrap();
    rig.idle();
}

fn texts(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.chunk.text.as_str()).collect()
}

fn two_conversations() -> [serde_json::Value; 2] {
    [
        conversation(
            "boats",
            &[
                ("Ana", "Good morning!"),
                ("Ben", "Which colour did you choose for the boat?"),
                ("Ana", "Dark green, after all those years."),
                ("Ben", "The boat will look splendid in the harbour then."),
                ("Ana", "Let us hope for a dry weekend."),
            ],
        ),
        conversation(
            "cakes",
            &[
                ("Ana", "I baked a cake in the shape of a boat."),
                ("Ben", "Was it sweet?"),
            ],
        ),
    ]
}

#[test]
fn a_reply_is_found_by_the_words_that_it_answers() {
    let place = Place::new();
    let rig = place.start(2);
    import(&place, &rig, &two_conversations());
    let hits = rig.found("colour of the boat");
    let reply = hits
        .iter()
        .position(|hit| hit.chunk.text.starts_with("Dark green"));
    assert!(
        reply.is_some_and(|at| at <= 2),
        "it has none of the words and stands right after them: {:?}",
        texts(&hits)
    );
    assert!(
        hits[reply.unwrap()].matches.is_empty(),
        "nothing is marked that is not there"
    );
    place.assert_whole();
}

#[test]
fn in_other_texts_only_what_holds_a_word_answers() {
    let place = Place::new();
    let long = "filling ".repeat(140);
    place.write(
        "plain.md",
        &format!("The boat is green.\n\n{long}\n\n{long}\n\nThe harbour is deep."),
    );
    let rig = place.start(2);
    rig.import_to_the_end();
    let hits = rig.found("boat");
    assert_eq!(hits.len(), 1, "and no neighbour of it: {:?}", texts(&hits));
}

#[test]
fn who_is_named_is_meant_where_others_speak_too() {
    let place = Place::new();
    let rig = place.start(2);
    let said = "We saw the heron at the mill";
    import(
        &place,
        &rig,
        &[conversation(
            "herons",
            &[
                ("Ana Berg", &format!("{said}.")),
                ("Ben", "So it has come back to the river at last, I gather."),
                (
                    "Ana Berg",
                    "It was the first one of this year, and it stood very still.",
                ),
                ("Ben", &format!("{said}!")),
            ],
        )],
    );
    let first = |question: &str| rig.found(question)[0].chunk.author.clone();
    assert_eq!(
        first("What heron did Ben see at the mill?").as_deref(),
        Some("Ben")
    );
    assert_eq!(
        first("Ana\u{2019}s heron at the mill").as_deref(),
        Some("Ana Berg")
    );
    let asked = Asked {
        text: "What heron did Ben and Ana see at the mill?".to_owned(),
        limit: 20,
        ..Asked::default()
    };
    for hit in rig.engine.search(&asked).unwrap().hits {
        let why = rig.engine.why(hit.chunk.id.as_str(), &asked).unwrap();
        let named = why.parts.iter().any(|(part, _)| *part == WhyPart::Author);
        assert!(!named, "where two are named neither is meant");
    }
}

#[test]
fn in_a_conversation_the_words_and_the_other_parts_add_up_to_the_score() {
    let place = Place::new();
    let rig = place.start(2);
    import(&place, &rig, &two_conversations());
    let asked = Asked {
        text: "What did Ben say of the colour of the boat?".to_owned(),
        limit: 20,
        ..Asked::default()
    };
    let hits = rig.engine.search(&asked).unwrap().hits;
    assert!(
        hits.len() >= 5,
        "those that hold a word or stand beside one"
    );
    let mut parts = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        let why = rig.engine.why(hit.chunk.id.as_str(), &asked).unwrap();
        let words: f64 = why.words.iter().filter_map(|word| word.score).sum();
        let others: f64 = why.parts.iter().map(|(_, score)| score).sum();
        assert!(
            (words + others - hit.score).abs() < 1e-9,
            "of {}",
            hit.chunk.text
        );
        assert!((why.score - hit.score).abs() < 1e-9, "as it was ranked");
        assert_eq!(why.rank, u32::try_from(at + 1).ok(), "where it stands");
        assert_eq!(why.answers as usize, hits.len(), "of all that answer");
        parts.extend(why.parts);
    }
    for part in [
        WhyPart::Near,
        WhyPart::Thread,
        WhyPart::Author,
        WhyPart::Question,
        WhyPart::Length,
    ] {
        let score = parts.iter().find(|(known, _)| *known == part);
        assert!(
            score.is_some_and(|(_, score)| *score != 0.0),
            "{part:?} counts"
        );
    }
    let greeting = Asked {
        text: "sweet".to_owned(),
        ..asked
    };
    let far = rig
        .engine
        .why(hits[0].chunk.id.as_str(), &greeting)
        .unwrap();
    assert_eq!(
        far.words[0].score, None,
        "what lacks a word has no part of it"
    );
}

#[test]
fn a_memory_of_before_the_second_list_gets_it_by_itself() {
    let place = Place::new();
    {
        let rig = place.start(2);
        import(&place, &rig, &two_conversations());
    }
    place.raw().execute_batch("DELETE FROM words_near").unwrap();
    {
        let rig = place.start(0);
        assert_eq!(
            rig.found("colour").len(),
            1,
            "found by its own words meanwhile"
        );
        let ledger = rig.engine.ledger().unwrap();
        let coverage = ledger.iter().map(|row| row.coverage.indexed).sum::<u32>();
        assert_eq!(coverage, 7, "and none is called unsearched");
    }
    let rig = place.start(2);
    rig.note("Something comes meanwhile.");
    rig.until("the list is made", || {
        place.count("SELECT count(*) FROM words_near_docsize WHERE id >= 0") == 7
    });
    rig.idle();
    assert_eq!(rig.found("colour").len(), 3, "with what stands beside it");
    place.assert_whole();
}

#[test]
fn a_passage_that_comes_back_stands_beside_its_neighbours_again() {
    let place = Place::new();
    let rig = place.start(2);
    import(&place, &rig, &two_conversations());
    let lost = "SELECT c.id FROM chunks c WHERE c.text LIKE 'Which colour%'";
    place
        .raw()
        .execute_batch(&format!(
            "PRAGMA foreign_keys = 0;
             DELETE FROM words WHERE rowid = ({lost}); DELETE FROM words_near WHERE rowid = ({lost});
             DELETE FROM buffer_items WHERE chunk_id = ({lost}); DELETE FROM chunks WHERE id = ({lost})"
        ))
        .unwrap();
    place
        .raw()
        .execute_batch(
            "DELETE FROM words_near WHERE rowid IN (SELECT id FROM chunks WHERE text LIKE 'Dark green%');
             INSERT INTO words_near (rowid, head, body) SELECT id, '', text FROM chunks WHERE text LIKE 'Dark green%'",
        )
        .unwrap();
    assert!(rig.holding("colour").is_empty(), "it is gone");
    import(&place, &rig, &two_conversations());
    let hits = rig.found("colour");
    assert!(
        texts(&hits).contains(&"Dark green, after all those years."),
        "its neighbour is found by it again: {:?}",
        texts(&hits)
    );
    place.assert_whole();
}

#[test]
fn a_date_is_among_the_words_of_what_was_said() {
    let place = Place::new();
    let rig = place.start(2);
    import(&place, &rig, &two_conversations());
    assert_eq!(
        rig.found("14 November 2023").len(),
        7,
        "of every passage: its day was stated"
    );
    place.write("undated.md", "Nobody says when this was.");
    rig.import_to_the_end();
    assert_eq!(
        rig.found("November").len(),
        7,
        "the time of a file is nobody's word"
    );
}

#[test]
fn what_is_of_the_days_that_are_asked_for_comes_first_and_nothing_is_left_out() {
    let place = Place::new();
    let rig = place.start(0);
    for (text, at) in [
        (
            "We walked to the lighthouse and back.",
            "2026-04-11T09:00:00Z",
        ),
        (
            "We walked to the lighthouse and the pier.",
            "2023-05-08T09:00:00Z",
        ),
        (
            "We walked to the lighthouse once more.",
            "2026-11-09T09:00:00Z",
        ),
        (
            "We walked to the lighthouse in the rain.",
            "2021-01-01T09:00:00Z",
        ),
    ] {
        let note = Note {
            text: text.to_owned(),
            title: Some("Walks".to_owned()),
            happened_at: UnixMs::parse_rfc3339(at),
        };
        rig.engine.add_note(note).unwrap();
    }
    for (question, first) in [
        ("Did we walk to the lighthouse last spring?", "back."),
        ("Did we walk to the lighthouse in May 2023?", "pier."),
        ("Did we walk to the lighthouse this month?", "more."),
    ] {
        let asked = Asked {
            text: question.to_owned(),
            limit: 20,
            ..Asked::default()
        };
        let hits = rig.engine.search(&asked).unwrap().hits;
        assert!(
            hits[0].chunk.text.ends_with(first),
            "{question}: {:?}",
            texts(&hits)
        );
        assert_eq!(hits.len(), 4, "the others follow");
        let why = rig.engine.why(hits[0].chunk.id.as_str(), &asked).unwrap();
        let parts: Vec<WhyPart> = why.parts.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts, [WhyPart::Time], "and it is told why");
        let words: f64 = why.words.iter().filter_map(|word| word.score).sum();
        assert!(
            (words + why.parts[0].1 - hits[0].score).abs() < 1e-9,
            "in full"
        );
    }
}

#[test]
fn a_passage_that_the_second_list_lacks_is_counted_and_put_there() {
    let place = Place::new();
    let rig = place.start(2);
    import(&place, &rig, &two_conversations());
    let entered = || {
        let covered = rig
            .store
            .read(Lane::Background, |r| r.coverage_of_documents(0, 100));
        let covered = covered.unwrap().into_iter();
        covered.map(|(_, part)| part.indexed).sum::<u32>()
    };
    assert_eq!(entered(), 7, "all that was said");
    place
        .raw()
        .execute_batch("DELETE FROM words_near WHERE rowid = (SELECT min(id) FROM chunks)")
        .unwrap();
    assert_eq!(entered(), 6, "one is in one list alone");
    mend(&rig, FixCode::FinishMissing);
    assert_eq!(entered(), 7, "and in both again");
    place.assert_whole();
}
