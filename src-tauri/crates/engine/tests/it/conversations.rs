//! One file of many conversations: each is an item of its own, from the plan to the stored document.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::jobs::{BatchState, JobState};
use oldgrowth_domain::{SourceId, UnixMs};
use oldgrowth_engine::{Asked, At, BatchView, SourceLedger};
use oldgrowth_importers::FilesOnDisk;
use oldgrowth_models::Extractive;
use oldgrowth_store::table::sources::SourceKind;

use crate::rig::{Place, Rig};
use crate::stand_ins::GatedFiles;

/// A conversation of one question and one answer, and a second answer that was left for that.
fn chat(id: &str, question: &str, answer: &str) -> String {
    let message = |parent: &str, role: &str, seconds: u32, text: &str| {
        format!(
            r#"{{"parent": "{parent}", "message": {{"author": {{"role": "{role}"}}, "create_time": 17000000{seconds},
            "content": {{"content_type": "text", "parts": ["{text}"]}}}}}}"#
        )
    };
    format!(
        r#"{{"title": "About {id}", "create_time": 1700000000, "update_time": 1700000050, "mapping": {{
        "q": {}, "left": {}, "a": {}}}, "current_node": "a", "id": "{id}"}}"#,
        message("", "user", 10, question),
        message("q", "assistant", 20, "A forgotten draft."),
        message("q", "assistant", 30, answer),
    )
}

/// As it was, with another time of its last change.
fn changed_at(chat: &str, seconds: u32) -> String {
    chat.replace("1700000050", &seconds.to_string())
}

fn export(chats: &[String]) -> String {
    format!("[{}]", chats.join(",\n"))
}

fn import_to_the_end(rig: &Rig, path: &Path) -> BatchView {
    let view = rig.engine.start_import(&[path.to_path_buf()]).unwrap();
    rig.idle();
    rig.engine.batch(&view.batch.id).unwrap()
}

fn zipped(path: PathBuf, text: &str) -> PathBuf {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("conversations.json", options).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap();
    path
}

#[test]
fn the_plan_says_how_many_conversations_there_are() {
    let place = Place::new();
    let path = place.write(
        "conversations.json",
        &export(&[chat("a", "Q", "A"), chat("b", "Q", "A")]),
    );
    let plan = place.start(0).engine.plan_import(&[path]).unwrap();
    assert_eq!(
        plan.formats,
        [(Format::ChatGpt, 2)],
        "not that it is one file"
    );
    assert_eq!(
        plan.newest,
        Some(UnixMs(1_700_000_050_000)),
        "by their own dates"
    );
}

#[test]
fn each_conversation_is_a_document_and_each_message_a_passage() {
    let place = Place::new();
    place.write(
        "conversations.json",
        &export(&[
            chat("a", "When does the ferry sail?", "At seven."),
            chat("b", "Who painted the shed?", "Nobody remembers."),
        ]),
    );
    let rig = place.start(2);
    let view = rig.import_to_the_end();
    assert_eq!(view.progress.new, 2, "one item each");
    let hits = rig.holding("ferry");
    assert_eq!(hits.len(), 1, "found by its words");
    let (hit, document) = (&hits[0].chunk, &hits[0].document);
    assert_eq!(document.title, "About a", "the conversation's own title");
    assert_eq!(document.format, Format::ChatGpt);
    assert_eq!(document.happened.at(), Some(UnixMs(1_700_000_000_000)));
    assert_eq!(
        hit.text, "When does the ferry sail?",
        "a message for itself"
    );
    assert_eq!(hit.headings, ["You"], "who said it");
    assert_eq!(hit.author.as_deref(), Some("You"), "to be asked for");
    assert_eq!(
        hit.happened_at,
        Some(UnixMs(1_700_000_010_000)),
        "when it was said"
    );
    assert_eq!(
        (hit.ordinal, hit.lines.first),
        (0, 1),
        "the first of its thread"
    );
    let place_of_it = hits[0].place.as_ref().unwrap();
    assert_eq!(place_of_it.item, "chatgpt:a", "which thread");
    let left = rig.found("forgotten draft");
    assert_eq!(
        left[0].chunk.headings,
        ["Another branch", "ChatGPT"],
        "kept, and named"
    );
    let report = rig.engine.batch_report(&view.batch.id).unwrap();
    for item in &report.items {
        let noticed = item.reason.as_deref().unwrap_or_default();
        assert!(
            noticed.contains("1 message lies on branches"),
            "told: {noticed}"
        );
    }
    place.assert_whole();
}

#[test]
fn a_later_export_elsewhere_says_what_is_new_changed_and_unchanged() {
    let place = Place::new();
    let first = export(&[
        chat("a", "One?", "Ein boot"),
        chat("b", "Two?", "Old harbour"),
    ]);
    let first = place.write("2024/conversations.json", &first);
    let second = export(&[
        chat("c", "Three?", "Third"),
        chat("b", "Two?", "New harbour"),
        chat("a", "One?", "Ein boot"),
    ]);
    let second = zipped(place.notes.path().join("later.zip"), &second);
    let rig = place.start(2);
    assert_eq!(import_to_the_end(&rig, &first).progress.new, 2);
    let again = import_to_the_end(&rig, &first).progress;
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 2));
    let later = import_to_the_end(&rig, &second).progress;
    assert_eq!(
        (later.new, later.changed, later.unchanged),
        (1, 1, 1),
        "whatever the file's name and kind, and wherever in it they stand"
    );
    let harbours: Vec<String> = rig
        .holding("harbour")
        .into_iter()
        .map(|h| h.chunk.text)
        .collect();
    assert_eq!(
        harbours,
        ["New harbour"],
        "the older version is no longer found"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM documents WHERE superseded_at IS NULL"),
        3,
        "no conversation is there twice"
    );
    place.assert_whole();
}

#[test]
fn an_older_export_takes_nothing_back() {
    let place = Place::new();
    let newer = changed_at(&chat("a", "One?", "The new quay"), 1_700_000_099);
    let newer = place.write("newer/c.json", &export(&[newer]));
    let older = export(&[chat("a", "One?", "The old quay"), chat("b", "Two?", "Else")]);
    let older = place.write("older/c.json", &older);
    let rig = place.start(1);
    assert_eq!(import_to_the_end(&rig, &newer).progress.new, 1);
    let view = import_to_the_end(&rig, &older);
    assert_eq!((view.progress.new, view.progress.unchanged), (1, 1));
    let quays: Vec<String> = rig
        .holding("quay")
        .into_iter()
        .map(|h| h.chunk.text)
        .collect();
    assert_eq!(quays, ["The new quay"], "what is kept is later");
    let report = rig.engine.batch_report(&view.batch.id).unwrap();
    let told = |item: &str| {
        let item = report.items.iter().find(|i| i.item == item).unwrap();
        item.reason_code.clone().unwrap()
    };
    assert_eq!(told("chatgpt:a"), "older_version", "and that is told");
    place.assert_whole();
}

#[test]
fn a_bad_conversation_fails_for_itself_with_its_reason() {
    let place = Place::new();
    let bad = r#"{"create_time": 1, "mapping": ["a list"], "id": "bad"}"#.to_owned();
    let silent = r#"{"create_time": 1, "mapping": {}, "id": "silent"}"#.to_owned();
    let text = export(&[
        bad,
        "17".to_owned(),
        silent,
        chat("good", "Q?", "Answered."),
    ]);
    // Cut off within the last bracket.
    place.write("conversations.json", text.trim_end_matches(']'));
    let rig = place.start(1);
    let view = rig.import_to_the_end();
    assert_eq!(view.batch.state, BatchState::Failed, "something failed");
    assert_eq!((view.progress.new, view.progress.skipped), (1, 3));
    let report = rig.engine.batch_report(&view.batch.id).unwrap();
    let failed: Vec<_> = report
        .items
        .iter()
        .filter(|i| i.state == JobState::Failed)
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].item, "chatgpt:bad", "by its name");
    assert_eq!(failed[0].reason_code.as_deref(), Some("not_a_conversation"));
    let mut codes: Vec<_> = report.reasons.iter().map(|r| r.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(
        codes,
        ["broken_off", "empty", "not_a_conversation"],
        "all is told"
    );
    assert_eq!(
        rig.holding("answered").len(),
        1,
        "and the sound one is kept"
    );
}

#[test]
fn what_a_stop_cuts_off_is_taken_up_again_and_nothing_twice() {
    let place = Place::new();
    let chats: Vec<String> = (0..40)
        .map(|number| chat(&format!("c{number}"), &format!("Question{number}?"), "Yes."))
        .collect();
    zipped(place.notes.path().join("export.zip"), &export(&chats));
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(23);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    let engine = Arc::clone(&rig.engine);
    std::thread::scope(|scope| {
        scope.spawn(|| engine.stop());
        files.gate.open();
    });
    drop(rig);
    let kept = place.count("SELECT count(*) FROM documents");
    assert!(kept < 40, "it was cut off: {kept} are kept");
    let rig = place.start(2);
    rig.idle();
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 40)
    );
    assert_eq!(
        place.count("SELECT count(*) FROM documents"),
        40,
        "each once"
    );
    place.assert_whole();
}

#[test]
fn a_file_that_was_replaced_before_it_was_read_is_told_and_can_be_imported_again() {
    let place = Place::new();
    place.write(
        "c.json",
        &export(&[chat("a", "Alpha?", "Yes."), chat("b", "Beta?", "No.")]),
    );
    let rig = place.start(0);
    let batch = rig.import();
    drop(rig);
    place.write(
        "c.json",
        &export(&[chat("b", "Beta?", "No."), chat("a", "Alpha?", "Yes.")]),
    );
    let rig = place.start(1);
    rig.idle();
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        view.progress.children.failed, 2,
        "neither is read for the other"
    );
    assert_eq!(
        rig.import_to_the_end().progress.new,
        2,
        "a new plan finds both"
    );
}

fn source_named<'l>(ledger: &'l [SourceLedger], name: &str) -> &'l SourceLedger {
    ledger
        .iter()
        .find(|row| row.source.name == name)
        .expect("the source is listed")
}

#[test]
fn conversations_belong_to_their_service_and_not_to_the_folder_of_their_export() {
    let place = Place::new();
    let claude = r#"[{"uuid": "u", "name": "Boats", "created_at": "2024-03-01T10:00:00Z",
        "chat_messages": [{"uuid": "m", "sender": "human", "text": "Which boat?"}]}]"#;
    let bad = r#"{"create_time": 1, "mapping": ["a list"], "id": "bad"}"#.to_owned();
    place.write(
        "downloads/conversations.json",
        &export(&[
            chat("a", "One?", "Ferry"),
            chat("b", "Two?", "Else"),
            bad,
            "17".to_owned(),
        ]),
    );
    place.write("downloads/user.json", "{}");
    place.write("claude/conversations.json", claude);
    place.write("notes/ferry.md", "# Ferry\n\nIt sails at seven.");
    let rig = place.start(2);
    let view = rig.import_to_the_end();
    assert_eq!(view.progress.new, 4);
    assert_eq!(
        view.progress.conversations, 4,
        "the one that failed is one too"
    );
    assert_eq!(
        view.progress.skipped, 2,
        "what is none, and what lies beside"
    );
    let ledger = rig.engine.ledger().unwrap();
    assert_eq!(ledger.len(), 3, "one each, and the folder of the note");
    let chatgpt = source_named(&ledger, "ChatGPT");
    assert_eq!(chatgpt.source.kind, SourceKind::Chats);
    assert_eq!(chatgpt.found(), 3, "conversations, and nothing beside them");
    assert_eq!(
        (chatgpt.coverage.not_read, chatgpt.coverage.documents),
        (1, 2)
    );
    assert!(chatgpt.is_in_step());
    assert_eq!(source_named(&ledger, "Claude").found(), 1);
    let folder = ledger
        .iter()
        .find(|row| row.source.kind == SourceKind::Folder)
        .unwrap();
    assert_eq!(folder.found(), 1, "only what is a file of the person's");
    let within = |source: &str| {
        let asked = Asked {
            text: "ferry".to_owned(),
            limit: 10,
            source: Some(source.to_owned()),
            ..Asked::default()
        };
        let hits = rig.engine.search(&asked).unwrap().hits;
        hits.iter().filter(|hit| !hit.matches.is_empty()).count()
    };
    assert_eq!(within("ChatGPT"), 1, "the filter knows it");
    let roots = rig.engine.tree(&At::Roots, 0, 10).unwrap();
    let titles: Vec<&str> = roots.rows.iter().map(|row| row.title.as_str()).collect();
    assert!(
        titles.contains(&"ChatGPT") && titles.contains(&"Claude"),
        "and so does the tree: {titles:?}"
    );
    let waiting = At::Waiting(chatgpt.source.id.clone());
    let rows = rig.engine.tree(&waiting, 0, 10).unwrap().rows;
    assert_eq!(rows.len(), 6, "with what waits in it");
    let again = rig.import_to_the_end().progress;
    assert_eq!(
        (again.new, again.changed, again.unchanged),
        (0, 0, 4),
        "nothing twice"
    );
    assert_eq!(rig.engine.ledger().unwrap().len(), 3);
    place.assert_whole();
}

/// Puts what was imported under the folder of its export, where older versions kept it.
fn as_older_versions_kept_it(place: &Place) {
    let raw = place.raw();
    let folder = place.notes.path().to_str().unwrap();
    let id = SourceId::derived(&[b"folder", folder.as_bytes()]);
    raw.execute_batch(&format!(
        "UPDATE sources SET kind = 'folder', service = NULL, name = 'Exports', root = '{folder}',
                            public_id = '{id}'
         WHERE kind = 'chats'"
    ))
    .unwrap();
}

#[test]
fn what_an_older_version_kept_under_a_folder_moves_whole_when_it_is_found_again() {
    let place = Place::new();
    let many = "A long tale of the harbour. ".repeat(40);
    let first: Vec<String> = (0..40)
        .map(|number| {
            chat(
                &format!("c{number}"),
                &format!("Question {number}? {many}"),
                &many,
            )
        })
        .collect();
    let path = place.write("conversations.json", &export(&first));
    let rig = place.start(2);
    assert_eq!(import_to_the_end(&rig, &path).progress.new, 40);
    drop(rig);
    as_older_versions_kept_it(&place);
    assert!(
        place.count("SELECT count(*) FROM nodes") > 0,
        "some is in summaries already"
    );
    // The next export knows one of them no longer, one has gone on, and one is new.
    let mut second = first.clone();
    second.remove(0);
    second[0] = changed_at(&chat("c1", "Question 1?", "Another answer"), 1_700_000_099);
    second.push(chat("new", "A new one?", "Yes"));
    place.write("conversations.json", &export(&second));
    let rig = place.start(2);
    let progress = import_to_the_end(&rig, &path).progress;
    assert_eq!(
        (progress.new, progress.changed, progress.unchanged),
        (1, 1, 38)
    );
    let ledger = rig.engine.ledger().unwrap();
    let (folder, chats) = (
        source_named(&ledger, "Exports"),
        source_named(&ledger, "ChatGPT"),
    );
    assert_eq!(
        (folder.found(), folder.coverage.documents),
        (1, 1),
        "what was not found again stays"
    );
    assert_eq!(
        (chats.found(), chats.coverage.documents),
        (40, 40),
        "all else has moved"
    );
    assert!(
        folder.is_in_step() && chats.is_in_step(),
        "with its place in the tree"
    );
    let strangers = "
        SELECT count(*) FROM node_children n JOIN nodes o ON o.id = n.node_id JOIN trees t ON t.id = o.tree_id
        JOIN chunks c ON c.id = n.chunk_id JOIN documents d ON d.id = c.document_id
        WHERE d.source_id <> t.source_id";
    assert_eq!(
        place.count(strangers),
        0,
        "no summary holds what is another source's"
    );
    assert_eq!(
        import_to_the_end(&rig, &path).progress.unchanged,
        40,
        "and nothing moves twice"
    );
    place.assert_whole();
}

#[test]
fn a_failure_that_an_older_version_told_of_a_folder_is_over_when_the_conversation_is_read() {
    let place = Place::new();
    let bad = r#"{"create_time": 1, "mapping": ["a list"], "id": "a"}"#.to_owned();
    let path = place.write("conversations.json", &export(&[bad]));
    let rig = place.start(1);
    import_to_the_end(&rig, &path);
    drop(rig);
    as_older_versions_kept_it(&place);
    place.write("conversations.json", &export(&[chat("a", "One?", "Yes")]));
    let rig = place.start(1);
    assert_eq!(import_to_the_end(&rig, &path).progress.new, 1);
    // What was counted while it started would serve for a while.
    rig.engine.doctor();
    let ledger = rig.engine.ledger().unwrap();
    assert_eq!(source_named(&ledger, "Exports").found(), 0);
    assert_eq!(source_named(&ledger, "ChatGPT").coverage.not_read, 0);
}

#[test]
fn those_who_speak_are_listed_and_can_be_asked_for() {
    let place = Place::new();
    let claude = r#"[{"uuid": "u", "name": "Boats", "created_at": "2024-03-01T10:00:00Z",
        "chat_messages": [{"uuid": "m", "sender": "human", "text": "A boat?", "created_at": "2024-03-01T10:00:00Z"},
                          {"uuid": "n", "sender": "assistant", "text": "A fine boat."}]}]"#;
    place.write("claude.json", claude);
    place.write(
        "conversations.json",
        &export(&[
            chat("a", "My boat?", "Your boat."),
            chat("b", "No boat?", "None."),
        ]),
    );
    place.write("boat.md", "A boat of nobody's.");
    let rig = place.start(2);
    assert_eq!(rig.engine.people().unwrap().people.len(), 0, "nobody yet");
    rig.import_to_the_end();
    let people = rig.engine.people().unwrap();
    let listed: Vec<_> = people
        .people
        .iter()
        .map(|one| (one.name.as_str(), one.passages, one.conversations))
        .collect();
    assert_eq!(
        listed,
        [("ChatGPT", 4, 2), ("You", 3, 3), ("Claude", 1, 1)],
        "those who say most first"
    );
    assert!(!people.more);
    let you = &people.people[1];
    let names: Vec<&str> = you
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    assert_eq!(names, ["ChatGPT", "Claude"], "wherever they speak");
    assert_eq!(
        (you.first_at, you.last_at),
        (
            Some(UnixMs(1_700_000_010_000)),
            Some(UnixMs(1_709_287_200_000))
        )
    );
    let said_by = |author: &str| {
        let asked = Asked {
            text: "boat".to_owned(),
            limit: 10,
            author: Some(author.to_owned()),
            ..Asked::default()
        };
        let mut texts: Vec<String> = (rig.engine.recall(&asked).unwrap().hits)
            .into_iter()
            .map(|(hit, _)| hit.chunk.text)
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(said_by("you"), ["A boat?", "My boat?", "No boat?"]);
    assert_eq!(said_by("Claude"), ["A fine boat."]);
    assert_eq!(said_by("Nobody"), [""; 0]);
    // What a later version has replaced is not counted.
    let later = changed_at(&chat("a", "My boat?", "None at all."), 1_700_000_099);
    let path = place.write("later/conversations.json", &export(&[later]));
    import_to_the_end(&rig, &path);
    assert_eq!(rig.engine.people().unwrap().people[0].passages, 4);
}

#[test]
fn two_workers_read_an_archive_no_more_than_once_each() {
    let place = Place::new();
    let chats: Vec<String> = (0..300)
        .map(|number| {
            chat(
                &format!("c{number}"),
                &format!("Question {number}?"),
                "Yes.",
            )
        })
        .collect();
    let text = export(&chats);
    zipped(place.notes.path().join("export.zip"), &text);
    let files = Arc::new(FilesOnDisk::default());
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    assert_eq!(rig.import_to_the_end().progress.new, 300);
    let unpacked = files.unpacked_bytes();
    assert!(
        unpacked <= 2 * text.len() as u64,
        "{unpacked} bytes for a file of {}",
        text.len()
    );
}
