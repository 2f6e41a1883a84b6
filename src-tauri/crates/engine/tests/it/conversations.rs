//! One file of many conversations: each is an item of its own, from the plan to the stored document.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::jobs::{BatchState, JobState};
use oldgrowth_engine::BatchView;
use oldgrowth_models::Extractive;

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
    let hits = rig.found("ferry");
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
        .found("harbour")
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
        .found("quay")
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
    assert_eq!(rig.found("answered").len(), 1, "and the sound one is kept");
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
