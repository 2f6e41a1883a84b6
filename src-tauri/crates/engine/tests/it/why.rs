//! Why a passage answers, and questions that are still being written.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::{Asked, Asker, Error, Hit, Note};
use oldgrowth_store::table::words::Kind;

use crate::rig::{Place, Rig, TODAY};

fn asked(text: &str) -> Asked {
    Asked {
        text: text.to_owned(),
        limit: 20,
        ..Asked::default()
    }
}

fn typed(rig: &Rig, text: &str) -> Vec<Hit> {
    let asked = Asked {
        typing: true,
        ..asked(text)
    };
    rig.engine
        .recall(&asked)
        .unwrap()
        .hits
        .into_iter()
        .map(|(hit, _)| hit)
        .collect()
}

fn titled(rig: &Rig, title: &str, text: &str, at: i64) {
    rig.engine
        .add_note(Note {
            text: text.to_owned(),
            title: Some(title.to_owned()),
            happened_at: Some(UnixMs(at)),
        })
        .unwrap();
}

#[test]
fn the_parts_of_a_score_add_up_to_it() {
    let place = Place::new();
    place.write_many(30);
    let rig = place.start(2);
    rig.import_to_the_end();
    titled(
        &rig,
        "Passport office",
        "My passport expires soon. The passports of the harbour office are red.",
        TODAY,
    );
    let question = asked("passport expire harbour volcano");
    let hits = rig.engine.search(&question).unwrap().hits;
    let best = &hits[0];
    let why = rig.engine.why(best.chunk.id.as_str(), &question).unwrap();
    assert!(
        (why.score - best.score).abs() < 1e-9,
        "the very score that it was ranked by: {} {}",
        why.score,
        best.score
    );
    let sum: f64 = why.words.iter().filter_map(|word| word.score).sum();
    assert!(
        (sum - why.score).abs() < 1e-9,
        "and its words' parts add up to it: {sum}"
    );
    assert_eq!(
        (why.rank, why.best),
        (Some(1), best.score),
        "nothing is better"
    );
    assert_eq!(
        (why.passages, why.answers),
        (31, 31),
        "all there are, and all that hold a word of it"
    );
    let words: Vec<_> = why
        .words
        .iter()
        .map(|word| {
            (
                word.word.as_str(),
                word.forms.join(","),
                word.title,
                word.text,
                word.passages,
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            ("passport", "passport,passports".to_owned(), 1, 2, 1),
            ("expire", "expires".to_owned(), 0, 1, 1),
            ("harbour", "harbour".to_owned(), 0, 1, 31),
            ("volcano", String::new(), 0, 0, 0),
        ],
        "each word with its forms, where it stands and how rare it is"
    );
    assert_eq!(why.words[3].score, None, "what it lacks counts for nothing");
    assert!(
        why.words[0].score > why.words[2].score,
        "a rare word counts for more"
    );
    let last = hits.last().unwrap();
    let why = rig.engine.why(last.chunk.id.as_str(), &question).unwrap();
    assert!(
        why.rank.unwrap() > 1 && why.best > why.score,
        "and another is further down"
    );
}

#[test]
fn those_that_say_the_same_are_named_within_the_filters() {
    let place = Place::new();
    let rig = place.start(0);
    for (title, at) in [("One", TODAY), ("Two", TODAY - 1), ("Three", TODAY - 10)] {
        titled(&rig, title, "The lamp is broken.", at);
    }
    titled(
        &rig,
        "Four",
        "The lamp is broken, and so is the kettle.",
        TODAY,
    );
    let question = asked("lamp broken");
    let hit = rig
        .engine
        .search(&question)
        .unwrap()
        .hits
        .into_iter()
        .find(|hit| hit.same_elsewhere > 0)
        .unwrap();
    let why = rig.engine.why(hit.chunk.id.as_str(), &question).unwrap();
    assert_eq!(
        why.same.len(),
        hit.same_elsewhere as usize,
        "as many as were folded"
    );
    assert!(
        why.same
            .iter()
            .all(|same| same.chunk.text == hit.chunk.text && same.chunk.id != hit.chunk.id)
    );
    let recent = Asked {
        from: Some(UnixMs(TODAY - 1)),
        ..question
    };
    let hit = rig
        .engine
        .search(&recent)
        .unwrap()
        .hits
        .into_iter()
        .find(|hit| hit.same_elsewhere > 0)
        .unwrap();
    let why = rig.engine.why(hit.chunk.id.as_str(), &recent).unwrap();
    assert_eq!(
        (why.same.len(), why.answers),
        (1, 3),
        "the old one is out of the period"
    );
}

#[test]
fn an_unfinished_word_finds_what_it_begins() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("The passport is expiring in March.");
    rig.note("A lamp stands near the window.");
    for text in [
        "pas",
        "the pass",
        "passpor",
        "expir",
        "expiri",
        "expirin",
        "is the lamp expiring",
    ] {
        let hits = typed(&rig, text);
        assert!(!hits.is_empty(), "{text} finds something while it is typed");
        assert!(!hits[0].matches.is_empty(), "{text} is marked");
    }
    let hits = typed(&rig, "pas");
    assert_eq!(
        &hits[0].chunk.text[hits[0].matches[0].clone()],
        "passport",
        "the whole word"
    );
    assert!(
        typed(&rig, "pas ").is_empty(),
        "a word that is followed by a space is finished"
    );
    assert!(rig.found("pas").is_empty(), "and so is one that was asked");
    assert!(
        typed(&rig, "xylo").is_empty(),
        "what begins nothing finds nothing"
    );
    let asked = Asked {
        typing: true,
        ..asked("the pas")
    };
    let why = rig.engine.why(hits[0].chunk.id.as_str(), &asked).unwrap();
    assert_eq!(
        (why.words[0].forms.as_slice(), why.words[0].passages),
        (["passport".to_owned()].as_slice(), 1)
    );
    assert!(
        why.words[0].score.unwrap() > 0.0,
        "an unfinished word has its part"
    );
}

#[test]
fn a_question_that_was_overtaken_is_not_answered() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("The lamp is broken.");
    let turn = |name: &str, turn| Asked {
        asker: Some(Asker {
            name: name.to_owned(),
            turn,
        }),
        ..asked("lamp")
    };
    assert_eq!(rig.engine.recall(&turn("box", 2)).unwrap().hits.len(), 1);
    let late = rig.engine.recall(&turn("box", 1));
    assert!(
        matches!(late, Err(Error::Cancelled)),
        "the older one came late: {late:?}"
    );
    assert_eq!(
        rig.engine.recall(&turn("other", 1)).unwrap().hits.len(),
        1,
        "others are answered"
    );
    assert_eq!(
        rig.engine.recall(&turn("box", 3)).unwrap().hits.len(),
        1,
        "and the next one is"
    );
    assert_eq!(
        rig.engine.recall(&asked("lamp")).unwrap().hits.len(),
        1,
        "as is who names nobody"
    );
}

#[test]
fn kinds_are_kept_apart_and_what_filters_hide_is_counted() {
    let place = Place::new();
    let rig = place.start(1);
    titled(&rig, "Note", "The lamp in a note.", TODAY);
    place.write("a.md", "---\ndate: 2020-02-03\n---\nThe lamp in a file.\n");
    place.write(
        "conversations.json",
        r#"[{"title": "Lamps", "create_time": 1700000000, "update_time": 1700000050, "mapping": {
        "q": {"parent": "", "message": {"author": {"role": "user"}, "create_time": 1700000010,
        "content": {"content_type": "text", "parts": ["The lamp in a conversation."]}}}},
        "current_node": "q", "id": "c-1"}]"#,
    );
    rig.import_to_the_end();
    for (kind, text) in [
        (Kind::Note, "The lamp in a note."),
        (Kind::Document, "The lamp in a file."),
        (Kind::Conversation, "The lamp in a conversation."),
    ] {
        let question = Asked {
            kind: Some(kind),
            ..asked("lamp")
        };
        let answer = rig.engine.recall(&question).unwrap();
        let texts: Vec<_> = answer
            .hits
            .iter()
            .map(|(hit, _)| hit.chunk.text.as_str())
            .collect();
        assert_eq!(texts, [text], "{kind:?}");
        assert_eq!(
            answer.behind, None,
            "nothing is counted where something was found"
        );
    }
    let question = Asked {
        kind: Some(Kind::Note),
        to: Some(UnixMs(0)),
        source: Some("Notes".to_owned()),
        ..asked("lamp")
    };
    let behind = rig.engine.recall(&question).unwrap().behind.unwrap();
    assert_eq!(
        (behind.source, behind.dates, behind.kind, behind.all),
        (Some(0), Some(1), Some(0), 3)
    );
    let nothing = rig.engine.recall(&asked("volcano")).unwrap();
    assert_eq!(nothing.behind, None, "no filter hides anything");
}
