//! Whatever is asked gets an answer or a clear sentence, in every script.

use oldgrowth_engine::{Asked, Error};

use crate::rig::{Place, Rig};

/// How many answers there are; none where there are no words to look for.
fn answers(rig: &Rig, text: &str, typing: bool) -> Option<usize> {
    let asked = Asked {
        text: text.to_owned(),
        limit: 20,
        typing,
        ..Asked::default()
    };
    match rig.engine.recall(&asked) {
        Ok(answer) => Some(answer.hits.len()),
        Err(Error::NothingAsked) => None,
        Err(error) => panic!("{text:.40?}: {error}"),
    }
}

#[test]
fn what_holds_no_words_is_told_so_and_what_finds_nothing_finds_nothing() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("The lamp is near the window.");
    let emoji = "😀".repeat(1_000);
    let marks = "\u{301}".repeat(500);
    for asked in [
        "",
        " \n\t",
        "😀",
        "👩‍👩‍👧 🇵🇹",
        &emoji,
        "?!…",
        "\"\"",
        "''",
        "((((",
        "-- ;",
        "\0\0",
        "\u{202e}\u{200f}",
        "\u{feff}",
        &marks,
    ] {
        for typing in [false, true] {
            assert_eq!(
                answers(&rig, asked, typing),
                None,
                "{asked:.40?} says no word"
            );
        }
    }
    assert_eq!(
        Error::NothingAsked.to_string(),
        "there are no words to look for"
    );
    for asked in [
        "q",
        "я",
        "ق",
        "犬",
        "0",
        "\u{fffd}q\u{1}\u{7f}",
        "zzz OR zzz",
        "😀 q 😀",
    ] {
        for typing in [false, true] {
            assert_eq!(
                answers(&rig, asked, typing),
                Some(0),
                "{asked:?} stands nowhere"
            );
        }
    }
}

#[test]
fn a_question_of_any_length_and_of_any_bytes_is_answered() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("The lamp is near the window.");
    let words: String = (0..20_000).map(|number| format!("word{number} ")).collect();
    let one_word = "a".repeat(100_000);
    let same_word = "lamp ".repeat(20_000);
    let bytes: Vec<u8> = (0..100_000_u32)
        .map(|at| (at * 7_919 % 256) as u8)
        .collect();
    let bytes = String::from_utf8_lossy(&bytes).into_owned();
    let han = "護照在抽屜裡".repeat(6_000);
    let quotes = "\"lamp\" ".repeat(15_000);
    for (asked, found) in [
        (format!("lamp {words}"), 1),
        (format!("{words} lamp?"), 0),
        (one_word, 0),
        (same_word, 1),
        (bytes, 0),
        (han, 0),
        (quotes, 1),
    ] {
        assert!(asked.len() >= 90_000, "about 100 kB: {}", asked.len());
        for typing in [false, true] {
            let name = &asked[..asked.floor_char_boundary(20)];
            assert_eq!(answers(&rig, &asked, typing), Some(found), "{name:?}");
        }
    }
}

#[test]
fn stop_words_syntax_and_quotes_are_words_like_others() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("To be or not to be, that is what the O'Neill's \"lamp\" asks.");
    for asked in [
        "to be or not to be",
        "the",
        "lamp AND NOT NEAR(the, 3)",
        "\"lamp\"",
        "“lamp”",
        "«lamp»",
        "lamp' OR '1'='1",
        "x'); DROP TABLE words_near; --lamp",
        "O'Neill",
        "O\u{2019}Neill's",
        "lamp MATCH 'lamp'",
        "lamp\u{0}\u{1}\u{1b}[31m",
        "-2 lamp",
        "rowid:-2 OR lamp",
    ] {
        assert_eq!(answers(&rig, asked, false), Some(1), "{asked:?}");
    }
    place.assert_whole();
}

#[test]
fn a_question_in_each_language_finds_its_text_first() {
    let place = Place::new();
    let rig = place.start(0);
    let table = [
        (
            "When does my passport expire?",
            "My passport expires in March.",
        ),
        (
            "Wann läuft der Führerschein ab?",
            "Der Führerschein läuft im Frühjahr ab.",
        ),
        ("Где лежит паспорт?", "Паспорт лежит в верхнем ящике стола."),
        ("أين جواز السفر؟", "جواز السفر في الدرج العلوي."),
        ("मेरा पासपोर्ट कहाँ है?", "मेरा पासपोर्ट अलमारी में रखा है।"),
        ("我的護照放在哪裡？", "我的護照放在抽屜裡。"),
        ("図書館にはいつ行きますか？", "明日は図書館に行きます。"),
        ("여권은 어디에 있습니까?", "여권은 서랍 안에 있습니다."),
        ("מה אמר הווטרינר על שהחתול?", "וטרינר אמר שהחתול בריא."),
    ];
    for (_, text) in table {
        rig.note(text);
    }
    for (asked, text) in table {
        let hits = rig.found(asked);
        assert_eq!(hits[0].chunk.text, text, "{asked}");
    }
    for (asked, text) in [
        ("護照 passport паспорт", 3),
        ("my\u{202e} passport\u{202c} 서랍", 2),
        ("passport的護照", 2),
    ] {
        assert_eq!(
            rig.found(asked).len(),
            text,
            "scripts may be mixed: {asked}"
        );
    }
}
