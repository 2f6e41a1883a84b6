//! What an answer is part of, and what of it is told where there is little room.

use std::collections::BTreeSet;
use std::sync::Arc;

use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_engine::ports::{Embedder, Side, no_connection_held};
use oldgrowth_engine::{
    Answer, Asked, BRIEF_CHARS_MAX, BRIEF_PASSAGES, Brief, Error, Note, Result,
};
use oldgrowth_models::Extractive;

use crate::embedding::embedded;
use crate::rig::{Place, Rig};

fn asked(text: &str, limit: u32) -> Asked {
    Asked {
        text: text.to_owned(),
        limit,
        ..Asked::default()
    }
}

fn recalled(rig: &Rig, text: &str) -> Answer {
    rig.engine.recall(&asked(text, 8)).unwrap()
}

fn brief(rig: &Rig, text: &str, chars: u32) -> Brief {
    rig.engine
        .brief(&asked(text, BRIEF_PASSAGES), chars)
        .unwrap()
}

/// The passages under a summary, at any depth, by the rows.
fn under(place: &Place, node: &str) -> BTreeSet<String> {
    let raw = place.raw();
    let mut rows = raw
        .prepare(
            "WITH RECURSIVE below(node) AS (SELECT id FROM nodes WHERE public_id = ?1 UNION ALL
               SELECT n.child_id FROM node_children n JOIN below ON n.node_id = below.node
               WHERE n.child_id IS NOT NULL)
             SELECT c.public_id FROM node_children n JOIN below ON n.node_id = below.node
             JOIN chunks c ON c.id = n.chunk_id",
        )
        .unwrap();
    let rows = rows.query_map([node], |row| row.get(0)).unwrap();
    rows.map(std::result::Result::unwrap).collect()
}

#[test]
fn an_answer_tells_the_summaries_that_several_of_its_passages_are_part_of() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start_growing(2, Arc::new(Extractive), || TimeZone::UTC);
    rig.import_to_the_end();
    rig.grown();
    let answer = recalled(&rig, "harbour");
    assert!(!answer.summaries.is_empty(), "sixty passages are summed up");
    assert!(answer.summaries.len() <= 3, "few are told");
    let mut told = BTreeSet::new();
    for summary in &answer.summaries {
        let below = under(&place, summary.node.id.as_str());
        let of: Vec<usize> = (0..answer.hits.len())
            .filter(|at| below.contains(answer.hits[*at].0.chunk.id.as_str()))
            .collect();
        assert_eq!(summary.answers, of, "just those that stand under it");
        assert!(of.len() >= 2, "it is of several of them");
        assert!(told.insert(of), "none says what another says of the same");
        assert!(!summary.text.is_empty() && !summary.title.is_empty());
    }
    let one = recalled(&rig, "boat7");
    assert!(!one.hits.is_empty());
    assert!(one.summaries.is_empty(), "one passage has its own place");
}

#[test]
fn whatever_the_room_it_is_kept_and_every_word_stands_in_a_passage_that_is_cited() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start_growing(2, Arc::new(Extractive), || TimeZone::UTC);
    rig.import_to_the_end();
    rig.grown();
    let mut summed_up = 0;
    for chars in [0, 100, 150, 400, 900, 2_000, 5_000, u32::MAX] {
        let brief = brief(&rig, "harbour", chars);
        let long = brief.pieces.iter().map(|one| one.text.chars().count());
        let long = u32::try_from(long.sum::<usize>()).unwrap();
        assert_eq!(brief.chars, long);
        assert!(
            long <= chars.clamp(100, BRIEF_CHARS_MAX),
            "{long} in {chars}"
        );
        assert!(!brief.pieces.is_empty(), "something fits into {chars}");
        let mut cited = BTreeSet::new();
        for piece in &brief.pieces {
            assert!(!piece.cited.is_empty(), "whatever is told is cited");
            match &piece.summary {
                None => {
                    let chunk = &piece.cited[0].chunk;
                    assert!(chunk.text.contains(&piece.text));
                    assert!(cited.insert(chunk.id.to_string()), "each once");
                }
                Some(summary) => {
                    summed_up += 1;
                    let below = under(&place, &summary.id);
                    for sentence in piece.text.lines() {
                        let stands = piece.cited.iter().any(|one| {
                            let flat: Vec<&str> = one.chunk.text.split_whitespace().collect();
                            flat.join(" ").contains(sentence)
                                && below.contains(one.chunk.id.as_str())
                        });
                        assert!(stands, "{sentence}");
                    }
                }
            }
        }
        if chars >= 100_000 {
            assert_eq!((brief.left_out, brief.pieces.len()), (0, 50));
        }
    }
    assert!(summed_up > 0, "what does not fit together is summed up");
}

#[test]
fn a_summary_whose_passage_is_lost_is_not_told_and_takes_no_answer_along() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start_growing(2, Arc::new(Extractive), || TimeZone::UTC);
    rig.import_to_the_end();
    rig.grown();
    let room = (100..4_000).step_by(100).find_map(|room| {
        let pieces = brief(&rig, "harbour", room).pieces;
        let summary = pieces.into_iter().find(|one| one.summary.is_some())?;
        Some((room, summary))
    });
    let (room, told) = room.expect("what does not fit together is summed up");
    let lost = &told.cited.last().unwrap().chunk.id;
    place
        .raw()
        .execute_batch(&format!(
            "PRAGMA foreign_keys = 0; DELETE FROM chunks WHERE public_id = '{lost}'"
        ))
        .unwrap();
    let after = brief(&rig, "harbour", room);
    assert!(!after.pieces.is_empty(), "the rest is told");
    let id = told.summary.map(|of| of.id);
    for piece in &after.pieces {
        assert_ne!(piece.summary.as_ref().map(|of| &of.id), id.as_ref());
    }
}

#[test]
fn a_passage_that_does_not_fit_hides_none_after_it_and_what_says_nothing_new_is_left_out() {
    let place = Place::new();
    let rig = place.start(1);
    let long = "The kettle, the kettle and the kettle. ".to_owned() + &"Tea and bread. ".repeat(40);
    rig.note(&long);
    rig.note("A kettle stands on the stove.");
    rig.note("A KETTLE stands on the stove!");
    rig.note("No kettle stands on the stove.");
    let told = brief(&rig, "kettle", 200);
    let texts: BTreeSet<&str> = told.pieces.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts.contains("No kettle stands on the stove."),
        "{texts:?}"
    );
    assert_eq!(told.left_out, 1, "the long one");
    let all = brief(&rig, "kettle", 5_000);
    assert_eq!((all.pieces.len(), all.left_out), (3, 0));
    let one = brief(&rig, "bread", 100);
    assert_eq!(one.pieces.len(), 1, "at least the sentence that answers");
    assert_eq!(one.pieces[0].text, "Tea and bread.");
    let none = brief(&rig, "volcano", 500);
    assert!(none.pieces.is_empty() && none.left_out == 0);
    let nothing = rig.engine.brief(&asked("?!", BRIEF_PASSAGES), 500);
    assert!(matches!(nothing, Err(Error::NothingAsked)), "{nothing:?}");
}

/// Knows some things by two names each; what it does not know is as near to everything.
struct TwoNames;

const THINGS: [(&str, &str); 6] = [
    ("boat", "segler"),
    ("garden", "beete"),
    ("tax", "abgaben"),
    ("bread", "laib"),
    ("lamp", "leuchte"),
    ("dog", "hund"),
];

impl Embedder for TwoNames {
    fn id(&self) -> &str {
        "two names"
    }

    fn embed(&self, _side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        let of = |text: &&str| {
            let text = text.to_lowercase();
            let count = |(one, other): (&str, &str)| {
                0.1 + (text.matches(one).count() + text.matches(other).count()) as f32
            };
            let vector = THINGS.map(count);
            let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
            vector.iter().map(|n| n / length).collect()
        };
        Ok(texts.iter().map(of).collect())
    }
}

#[test]
fn what_means_nothing_finds_nothing_and_what_has_other_words_finds_what_it_means() {
    let place = Place::new();
    let rig = place.start_embedding(1, Arc::new(TwoNames));
    for text in [
        "The boat has a new sail.",
        "Tulips for the garden.",
        "The tax is due in May.",
        "Bread with seeds.",
        "The lamp stands on the desk, and the dog beside it.",
    ] {
        rig.note(text);
    }
    embedded(&rig, &place);
    for (question, text) in [
        ("Wo sind die Beete?", "Tulips for the garden."),
        ("Segler", "The boat has a new sail."),
    ] {
        for typing in [false, true] {
            let asked = Asked {
                typing,
                ..asked(question, 8)
            };
            let hits = rig.engine.recall(&asked).unwrap().hits;
            assert_eq!(hits[0].0.chunk.text, text, "{question}");
        }
    }
    for nonsense in ["xqzt wrrbk", "asdfgh jkl", "9071 55512", "щкжбг", "猋麤爨"] {
        let answer = recalled(&rig, nonsense);
        assert!(answer.hits.is_empty(), "{nonsense} is near to nothing");
        assert!(brief(&rig, nonsense, 500).pieces.is_empty());
        assert!(rig.found(nonsense).is_empty());
    }
    let hits = recalled(&rig, "xqzt boat").hits;
    assert!(!hits.is_empty(), "a word that stands there is looked for");
}

#[test]
fn a_question_about_days_that_nothing_is_of_is_told_so() {
    let place = Place::new();
    let rig = place.start_growing(1, Arc::new(Extractive), || TimeZone::UTC);
    for (text, day) in [
        ("The boat was repaired.", "2024-05-03T10:00:00Z"),
        ("The boat was sold.", "2024-07-09T10:00:00Z"),
    ] {
        let note = Note {
            text: text.to_owned(),
            title: None,
            happened_at: UnixMs::parse_rfc3339(day),
        };
        rig.engine.add_note(note).unwrap();
    }
    rig.grown();
    for (question, is_empty) in [
        ("What of the boat on 3 May 2024?", false),
        ("What of the boat on 4 May 2024?", true),
        ("What of the boat in July 2024?", false),
        ("What of the boat in June 2024?", true),
        ("What of the boat in 2019?", true),
        ("What of the boat?", false),
    ] {
        let answer = recalled(&rig, question);
        assert_eq!(answer.empty_days.is_some(), is_empty, "{question}");
        assert_eq!(answer.hits.len(), 2, "what is of other days is there too");
        let brief = brief(&rig, question, 500);
        assert_eq!(brief.empty_days, answer.empty_days, "{question}");
    }
    drop(rig);
    let rig = place.start(1);
    rig.note("The boat was painted on 4 May 2024.");
    let answer = recalled(&rig, "What of the boat on 4 May 2024?");
    assert_eq!(answer.empty_days, None, "not all was put to its day yet");
}
