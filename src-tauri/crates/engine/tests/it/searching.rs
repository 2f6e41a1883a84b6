//! Finding by words, in whatever language, down to the right bytes.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::{Asked, Error, Hit, Note};

use crate::rig::{Place, Rig, TODAY};

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn ask(rig: &Rig, text: &str, change: impl FnOnce(&mut Asked)) -> Vec<Hit> {
    let mut asked = Asked {
        text: text.to_owned(),
        limit: 20,
        ..Asked::default()
    };
    change(&mut asked);
    rig.engine.search(&asked).unwrap().hits
}

fn dated(rig: &Rig, text: &str, at: Option<i64>) {
    rig.engine
        .add_note(Note {
            text: text.to_owned(),
            title: None,
            happened_at: at.map(UnixMs),
        })
        .unwrap();
}

fn marked(hit: &Hit) -> Vec<&str> {
    hit.matches
        .iter()
        .map(|range| &hit.chunk.text[range.clone()])
        .collect()
}

#[test]
fn a_word_of_each_language_finds_its_text() {
    let place = Place::new();
    let rig = place.start(0);
    let table = [
        ("Der Führerschein läuft im Frühjahr ab.", "Führerschein"),
        ("Der Rückflug geht über München.", "ruckflug"),
        ("Паспорт лежит в верхнем ящике стола.", "паспорт"),
        ("Подписан новый договор аренды квартиры.", "договор"),
        ("मेरा पासपोर्ट अलमारी में रखा है।", "पासपोर्ट"),
        ("हिन्दी की किताब मेज़ पर है।", "हिन्दी"),
        ("جواز السفر في الدرج العلوي.", "السفر"),
        ("וטרינר אמר שהחתול בריא.", "שהחתול"),
        ("Ο λογαριασμός πληρώθηκε χθες.", "λογαριασμός"),
        ("我的護照放在抽屜裡。", "護照"),
        ("明日は図書館に行きます。", "図書"),
        ("カメラを修理に出した。", "カメラ"),
        ("여권은 서랍 안에 있습니다.", "여권"),
        ("Hộ chiếu nằm trong ngăn kéo.", "chiếu"),
        ("L'été dernier, nous étions à Orléans.", "orleans"),
        ("İstanbul'daki ev satıldı.", "satıldı"),
    ];
    for (text, _) in table {
        rig.note(text);
    }
    for (text, word) in table {
        let hits = rig.found(word);
        assert_eq!(hits.len(), 1, "{word} finds its text and no other");
        assert_eq!(hits[0].chunk.text, text, "{word}");
        assert!(!hits[0].matches.is_empty(), "{word} is marked in it");
    }
}

#[test]
fn a_word_is_found_however_it_is_composed() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("Le cafe\u{301} de la gare e\u{301}tait ferme\u{301}.");
    for asked in ["café", "cafe\u{301}", "CAFÉ", "cafe"] {
        let hits = rig.found(asked);
        assert_eq!(hits.len(), 1, "{asked}");
        assert_eq!(
            marked(&hits[0]),
            ["café"],
            "{asked} marks the composed word"
        );
    }
}

#[test]
fn words_are_marked_at_the_right_bytes() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("👩‍👩‍👧 😀 The passport — le café — 護照在抽屜 🇵🇹 expires soon. Nothing else is 😀 here.");
    let hits = rig.found("passport expire café 護照 nothing");
    assert_eq!(
        marked(&hits[0]),
        ["passport", "café", "護照", "expires", "Nothing"],
        "in the order of the text"
    );
    let quote = &hits[0].chunk.text[hits[0].quote.clone()];
    assert!(
        quote.contains("護照在抽屜"),
        "the sentence that says most: {quote}"
    );
    assert!(!quote.contains("Nothing"), "and only that: {quote}");
}

#[test]
fn operators_in_a_question_are_words_or_nothing() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("The lamp is near the window.");
    for asked in [
        "lamp\"",
        "\"lamp",
        "lamp*",
        "lamp -window",
        "lamp NEAR window",
        "lamp:",
        "body : lamp",
        "(lamp",
        "lamp)",
        "lamp AND",
        "NOT lamp",
        "lamp OR",
        "^lamp",
        "lamp + window",
        "{lamp}",
        "lamp\0lamp",
        "'; DROP TABLE words; -- lamp",
        "NEAR(lamp window, 5)",
        "lamp\\",
        "%lamp%",
    ] {
        let hits = rig.found(asked);
        assert_eq!(hits.len(), 1, "{asked:?} is harmless");
    }
    assert_eq!(
        rig.found("head:lamp").len(),
        0,
        "no column is meant: these words do not stand side by side"
    );
    for asked in ["", "  ", "\"", "*", "-", ":", "()", "\0", "😀", "—"] {
        let asked = Asked {
            text: asked.to_owned(),
            limit: 5,
            ..Asked::default()
        };
        let answer = rig.engine.search(&asked);
        assert!(
            matches!(answer, Err(Error::NothingAsked)),
            "{:?} asks for nothing, and is told so: {answer:?}",
            asked.text
        );
    }
}

#[test]
fn a_question_of_stop_words_alone_looks_for_them() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("To be, or not to be.");
    rig.note("A lamp stands near a window.");
    let hits = rig.found("to be or not to be");
    assert_eq!(hits.len(), 1, "there is nothing else to go by");
    assert!(hits[0].chunk.text.starts_with("To be"), "and it finds it");
    let hits = rig.found("where is the lamp");
    assert_eq!(marked(&hits[0]), ["lamp"], "otherwise they say nothing");
}

#[test]
fn filters_keep_what_is_asked_for() {
    let place = Place::new();
    let rig = place.start(1);
    dated(&rig, "The lamp of yesterday.", Some(TODAY - DAY));
    dated(&rig, "The lamp of today.", Some(TODAY));
    dated(&rig, "The lamp of some day.", None);
    place.write("a.md", "---\ndate: 2020-02-03\n---\nThe lamp in a file.\n");
    rig.import_to_the_end();
    let all = ask(&rig, "lamp", |_| ());
    assert_eq!(all.len(), 4, "without a filter");
    let texts = |hits: Vec<Hit>| {
        let mut texts: Vec<_> = hits.into_iter().map(|hit| hit.chunk.text).collect();
        texts.sort();
        texts
    };
    let from = ask(&rig, "lamp", |asked| asked.from = Some(UnixMs(TODAY)));
    assert_eq!(texts(from), ["The lamp of today."], "from is included");
    let to = ask(&rig, "lamp", |asked| asked.to = Some(UnixMs(TODAY - DAY)));
    assert_eq!(
        texts(to).len(),
        2,
        "to is included, and what has no date is left out"
    );
    let none = ask(&rig, "lamp", |asked| {
        asked.from = Some(UnixMs(TODAY + 1));
        asked.to = Some(UnixMs(TODAY));
    });
    assert!(
        none.is_empty(),
        "a period that ends before it begins holds nothing"
    );
    let notes = ask(&rig, "lamp", |asked| {
        asked.source = Some("Notes".to_owned())
    });
    assert_eq!(notes.len(), 3, "by the source's name");
    let ledger = rig.engine.ledger().unwrap();
    let folder = ledger.iter().find(|row| row.source.root.is_some()).unwrap();
    let id = folder.source.id.to_string();
    let file = ask(&rig, "lamp", |asked| asked.source = Some(id));
    assert_eq!(texts(file), ["The lamp in a file."], "by its id");
    let asked = Asked {
        text: "lamp".to_owned(),
        limit: 5,
        source: Some("nowhere".to_owned()),
        ..Asked::default()
    };
    let unknown = rig.engine.search(&asked);
    assert!(
        matches!(unknown, Err(Error::NotFound)),
        "a source that isn't there: {unknown:?}"
    );
}

#[test]
fn passages_that_say_the_same_are_one_answer() {
    let place = Place::new();
    let rig = place.start(0);
    for day in 0..4 {
        dated(&rig, "The lamp is broken.", Some(TODAY + day * DAY));
    }
    rig.note("The lamp is mended, and so is the kettle beside it.");
    let hits = rig.found("lamp");
    assert_eq!(hits.len(), 2, "the same words once");
    let folded = hits
        .iter()
        .find(|hit| hit.chunk.text.contains("broken"))
        .unwrap();
    assert_eq!(
        folded.same_elsewhere, 3,
        "with how often they are said elsewhere"
    );
}

#[test]
fn many_that_say_the_same_do_not_push_out_the_others() {
    let place = Place::new();
    let rig = place.start(0);
    for day in 0..60 {
        dated(&rig, "Lamp, lamp, lamp.", Some(TODAY + day * DAY));
    }
    rig.note(
        "Somewhere in this much longer note, after all sorts of other words, there is a lamp too.",
    );
    let hits = rig.found("lamp");
    assert_eq!(hits.len(), 2, "the one that ranks last is found as well");
    assert_eq!(
        hits[0].same_elsewhere, 59,
        "and all the equal ones are counted"
    );
}

#[test]
fn a_limit_is_kept_and_the_best_come_first() {
    let place = Place::new();
    place.write_many(30);
    let rig = place.start(2);
    rig.import_to_the_end();
    let three = ask(&rig, "boat7 harbour", |asked| asked.limit = 3);
    assert_eq!(three.len(), 3, "no more than asked for");
    assert!(
        three[0].chunk.text.contains("boat7 "),
        "the rarer word counts for more"
    );
    assert!(
        three.windows(2).all(|pair| pair[0].score >= pair[1].score),
        "in order of their scores"
    );
    assert_eq!(
        ask(&rig, "harbour", |asked| asked.limit = 0).len(),
        1,
        "at least one"
    );
    assert_eq!(
        ask(&rig, "harbour", |asked| asked.limit = u32::MAX).len(),
        30,
        "all there are"
    );
}

#[test]
fn recall_brings_the_neighbours_and_the_way_in_the_tree() {
    let place = Place::new();
    let paragraph = |word: &str| {
        format!(
            "{} {word}.\n\n",
            "Some words that fill the page. ".repeat(30)
        )
    };
    place.write(
        "long.md",
        &format!(
            "# Long\n\n{}{}{}",
            paragraph("first"),
            paragraph("middle"),
            paragraph("last")
        ),
    );
    let rig = place.start(1);
    rig.import_to_the_end();
    let asked = Asked {
        text: "middle".to_owned(),
        limit: 1,
        ..Asked::default()
    };
    let answer = rig.engine.recall(&asked).unwrap();
    let (hit, around) = &answer.hits[0];
    assert!(hit.chunk.text.contains("middle"), "the passage itself");
    assert!(
        around.before.as_ref().unwrap().contains("first"),
        "what stands before it"
    );
    assert!(around.after.as_ref().unwrap().contains("last"), "and after");
    assert!(!around.tree.is_empty(), "and where in the tree it is");
}
