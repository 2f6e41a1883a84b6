//! One memory: its pages, what stands near it, what is found in it, and its original.

use oldgrowth_domain::chunking::CHUNK_CHARS_MAX;
use oldgrowth_engine::{Asker, Error, OriginalState, Page, Shown, ShownDocument};

use crate::rig::{Place, Rig};

fn show(rig: &Rig, id: &str, from: Option<u32>, limit: Option<u32>) -> ShownDocument {
    let Shown::Document(shown) = rig.engine.show(id, Page { from, limit }).unwrap() else {
        panic!("a document's id shows a document")
    };
    *shown
}

fn hit(rig: &Rig, words: &str) -> (String, String) {
    let hit = rig.found(words).remove(0);
    (hit.chunk.id.to_string(), hit.document.id.to_string())
}

/// So many paragraphs, each a passage of its own.
fn long(count: usize) -> String {
    (0..count)
        .map(|number| {
            format!(
                "Paragraph number{number} begins. {}\n\n",
                "Words that fill the page. ".repeat(40)
            )
        })
        .collect()
}

#[test]
fn a_long_document_is_shown_page_by_page() {
    let place = Place::new();
    place.write("long.md", &long(500));
    let rig = place.start(1);
    rig.import_to_the_end();
    let (chunk, document) = hit(&rig, "number250");
    let around = show(&rig, &chunk, None, None);
    assert_eq!(
        (around.total, around.chunks.len()),
        (500, 60),
        "one page of all"
    );
    let asked = around
        .chunks
        .iter()
        .position(|c| c.id.as_str() == chunk)
        .unwrap();
    assert_eq!(asked, 30, "with the passage in its middle");
    assert_eq!(
        around.first, around.chunks[0].ordinal,
        "and it says where it begins"
    );
    let start = show(&rig, &document, None, None);
    assert_eq!(
        (start.first, start.asked),
        (0, None),
        "a document opens at its start"
    );
    let mut read = Vec::new();
    while read.len() < 500 {
        let page = show(
            &rig,
            &document,
            Some(u32::try_from(read.len()).unwrap()),
            Some(u32::MAX),
        );
        assert!(page.chunks.len() <= 200, "no page is longer");
        read.extend(page.chunks.into_iter().map(|chunk| chunk.ordinal));
    }
    assert!(
        read.iter().copied().eq(0..500),
        "the pages are the whole, in order"
    );
    let end = show(&rig, &document, Some(9_000), None);
    assert_eq!(
        (end.chunks.len(), end.first),
        (0, 500),
        "there is nothing after the end"
    );
}

#[test]
fn what_is_found_in_a_document_is_found_in_all_its_passages() {
    let place = Place::new();
    place.write(
        "long.md",
        &format!("{}The CAFÉ and the café.\n\n{}", long(700), long(3)),
    );
    let rig = place.start(1);
    rig.import_to_the_end();
    let (chunk, document) = hit(&rig, "café");
    let found = rig
        .engine
        .find_in_document(&document, "cafe", None)
        .unwrap();
    assert_eq!(found.passages.len(), 1);
    let one = &found.passages[0];
    assert_eq!(one.chunk.id.as_str(), chunk, "far beyond the first page");
    let words: Vec<_> = one
        .places
        .iter()
        .map(|place| &one.chunk.text[place.clone()])
        .collect();
    assert_eq!(words, ["CAFÉ", "café"], "whatever the case and the accents");
    let many = rig
        .engine
        .find_in_document(&document, "words that fill", None)
        .unwrap();
    let told: usize = many.passages.iter().map(|found| found.places.len()).sum();
    assert_eq!(
        (told, many.more),
        (5_000, true),
        "up to a limit, and it says so"
    );
    let nothing = rig
        .engine
        .find_in_document(&document, "volcano", None)
        .unwrap();
    assert!(nothing.passages.is_empty() && !nothing.more);
    assert!(matches!(
        rig.engine.find_in_document(&document, " ", None),
        Err(Error::NothingAsked)
    ));
    let asker = |turn| Asker {
        name: "find".to_owned(),
        turn,
    };
    rig.engine
        .find_in_document(&document, "café", Some(&asker(2)))
        .unwrap();
    let late = rig
        .engine
        .find_in_document(&document, "caf", Some(&asker(1)));
    assert!(
        matches!(late, Err(Error::Cancelled)),
        "the older one came late"
    );
}

#[test]
fn as_much_as_a_whole_passage_is_found_and_more_is_not_looked_for() {
    let place = Place::new();
    let passage = "각".repeat(CHUNK_CHARS_MAX);
    place.write("long.txt", &passage.repeat(3));
    let rig = place.start(1);
    rig.import_to_the_end();
    let passages = place.raw().query_row(
        "SELECT min(d.public_id), count(*) FROM documents d JOIN chunks c ON c.document_id = d.id",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
    );
    let (document, count) = passages.unwrap();
    assert_eq!(count, 3, "each as long as a passage can be");
    let found = |letters: &str| {
        let found = rig.engine.find_in_document(&document, letters, None);
        found.unwrap().passages.len()
    };
    assert_eq!(
        found(&passage),
        3,
        "each from its first character to its last"
    );
    assert_eq!(found(&format!("{passage}각")), 0);
    assert_eq!(found(&passage.repeat(3)), 0, "no passage holds it");
    assert!(matches!(
        rig.engine
            .find_in_document("nothing", &passage.repeat(3), None),
        Err(Error::NotFound)
    ));
}

#[test]
fn what_stands_near_a_document_is_named() {
    let place = Place::new();
    for (name, date, text) in [
        ("a.md", "2020-01-01", "The first lamp."),
        ("b.md", "2020-01-02", "The second lamp."),
        ("c.md", "2020-01-03", "The third lamp."),
        ("copies/b.md", "2020-01-02", "The second lamp."),
    ] {
        place.write(
            name,
            &format!("---\ntitle: {text}\ndate: {date}\n---\n{text}\n"),
        );
    }
    let rig = place.start(1);
    rig.import_to_the_end();
    let (_, second) = hit(&rig, "second");
    let near = rig.engine.near(&second, None).unwrap();
    assert_eq!(near.before.unwrap().title, "The first lamp.");
    assert_eq!(near.after.unwrap().title, "The third lamp.");
    let items: Vec<_> = near
        .places
        .iter()
        .map(|placed| placed.place.item.as_str())
        .collect();
    assert_eq!(
        items,
        ["b.md", "copies/b.md"],
        "both places of the one content"
    );
    let (_, first) = hit(&rig, "first");
    assert!(
        rig.engine.near(&first, None).unwrap().before.is_none(),
        "nothing came before"
    );
    place.write(
        "a.md",
        "---\ndate: 2020-01-01\n---\nThe first lamp, mended.\n",
    );
    rig.import_to_the_end();
    let (_, newer) = hit(&rig, "mended");
    let near = rig.engine.near(&first, None).unwrap();
    assert_eq!(
        near.newer.unwrap().id.as_str(),
        newer,
        "an old version leads to the new one"
    );
    assert!(near.before.is_none() && near.after.is_none() && near.places.is_empty());
    let older = rig.engine.near(&newer, None).unwrap().older;
    assert_eq!(older.len(), 1, "and the new one to the old");
    assert_eq!(older[0].id.as_str(), first);
}

#[test]
fn the_original_is_shown_as_it_is_now() {
    let place = Place::new();
    let text: String = (1..=120)
        .map(|line| format!("Line {line} of the story.\n\n"))
        .collect();
    let path = place.write(
        "story.md",
        &format!("# Story\r\n\r\n{}", text.replace('\n', "\r\n")),
    );
    let rig = place.start(1);
    rig.import_to_the_end();
    let (chunk, document) = hit(&rig, "90");
    let lines = show(&rig, &chunk, None, None)
        .chunks
        .into_iter()
        .find(|c| c.id.as_str() == chunk)
        .unwrap()
        .lines;
    let original = rig.engine.original(&chunk).unwrap();
    assert_eq!((original.state, original.total), (OriginalState::Same, 242));
    let marked: Vec<u32> = original
        .parts
        .iter()
        .filter(|part| part.is_passage)
        .map(|part| part.number)
        .collect();
    assert!(
        marked.iter().copied().eq(lines.first..=lines.last),
        "the very lines of the passage"
    );
    let first = original.parts.iter().find(|part| part.is_passage).unwrap();
    assert!(
        first.text.starts_with("Line"),
        "as the file has them: {}",
        first.text
    );
    assert!(!original.parts[0].is_passage, "with some before");

    let body = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("A new beginning.\n\n{body}")).unwrap();
    let original = rig.engine.original(&chunk).unwrap();
    assert_eq!(original.state, OriginalState::Moved, "changed elsewhere");
    let moved: Vec<u32> = original
        .parts
        .iter()
        .filter(|part| part.is_passage)
        .map(|part| part.number)
        .collect();
    assert!(
        moved.iter().copied().eq(lines.first + 2..=lines.last + 2),
        "and found where it moved to"
    );

    std::fs::write(&path, body.replace("Line 90", "Verse 90")).unwrap();
    let original = rig.engine.original(&chunk).unwrap();
    assert_eq!(original.state, OriginalState::Changed);
    assert!(
        !original.parts.is_empty() && original.parts.iter().all(|part| !part.is_passage),
        "what stands there now, unmarked"
    );

    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        rig.engine.original(&document).unwrap().state,
        OriginalState::Gone
    );
    std::fs::create_dir(&path).unwrap();
    let unreadable = rig.engine.original(&chunk).unwrap().state;
    assert!(
        matches!(&unreadable, OriginalState::Unreadable(problem) if problem.hint.is_some()),
        "{unreadable:?}"
    );

    rig.note("A note about a lighthouse.");
    let (note, _) = hit(&rig, "lighthouse");
    assert_eq!(
        rig.engine.original(&note).unwrap().state,
        OriginalState::Typed
    );
}

#[test]
fn a_version_that_was_replaced_has_no_original_any_more() {
    let place = Place::new();
    place.write("a.md", "The first lamp.\n");
    let rig = place.start(1);
    rig.import_to_the_end();
    let (first, _) = hit(&rig, "first");
    place.write("a.md", "The second lamp.\n");
    rig.import_to_the_end();
    assert_eq!(
        rig.engine.original(&first).unwrap().state,
        OriginalState::Replaced
    );
}

#[test]
fn a_conversation_is_shown_as_its_message_in_the_export() {
    let place = Place::new();
    let message = |parent: &str, role: &str, seconds: u32, text: &str| {
        format!(
            r#"{{"parent": "{parent}", "message": {{"author": {{"role": "{role}"}}, "create_time": 17000000{seconds},
            "content": {{"content_type": "text", "parts": ["{text}"]}}}}}}"#
        )
    };
    let chat = format!(
        r#"[{{"title": "Boats", "create_time": 1700000000, "update_time": 1700000050, "mapping": {{
        "q": {}, "a": {}, "b": {}}}, "current_node": "b", "id": "6f2a-11"}}]"#,
        message("", "user", 10, "What is a heron?"),
        message("q", "assistant", 20, "A wading bird."),
        message("a", "user", 30, "Thank you."),
    );
    let path = place.write("conversations.json", &chat);
    let rig = place.start(1);
    rig.import_to_the_end();
    let (chunk, _) = hit(&rig, "wading");
    let original = rig.engine.original(&chunk).unwrap();
    assert_eq!((&original.state, original.total), (&OriginalState::Same, 3));
    assert_eq!(original.conversation.as_deref(), Some("6f2a-11"));
    assert_eq!(
        original.path.as_deref(),
        Some(path.canonicalize().unwrap().as_path()),
        "the export that it came in"
    );
    let told: Vec<_> = original
        .parts
        .iter()
        .map(|part| {
            (
                part.number,
                part.author.as_deref().unwrap(),
                part.text.as_str(),
                part.is_passage,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "You", "What is a heron?", false),
            (2, "ChatGPT", "A wading bird.", true),
            (3, "You", "Thank you.", false),
        ]
    );
    assert_eq!(
        original.parts[1].at.unwrap().0,
        1_700_000_020_000,
        "with its time"
    );
    std::fs::write(&path, chat.replace("A wading bird.", "A bird that wades")).unwrap();
    assert_ne!(
        rig.engine.original(&chunk).unwrap().state,
        OriginalState::Same,
        "a changed export is no proof"
    );
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        rig.engine.original(&chunk).unwrap().state,
        OriginalState::Gone
    );
}
