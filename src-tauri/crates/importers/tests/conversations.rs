//! One conversation of an export, as its service writes it, to a document.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{
    BlockKind, CanonicalDocument, Format, LeftOut, LineRange, Message, Warning,
};
use oldgrowth_importers::{ReadError, read};
use serde_json::{Value, json};

fn chatgpt(conversation: &Value) -> CanonicalDocument {
    read(Format::ChatGpt, "", conversation.to_string().as_bytes()).unwrap()
}

fn claude(conversation: &Value) -> CanonicalDocument {
    read(Format::Claude, "", conversation.to_string().as_bytes()).unwrap()
}

/// A node of a mapping with a text.
fn node(parent: &str, role: &str, seconds: f64, text: &str) -> Value {
    json!({
        "parent": parent,
        "message": {
            "author": { "role": role },
            "create_time": seconds,
            "content": { "content_type": "text", "parts": [text] },
            "recipient": "all",
        },
    })
}

fn message(document: &CanonicalDocument, index: usize) -> (&Message, &str) {
    let block = &document.blocks[index];
    match &block.kind {
        BlockKind::Message(message) => (message, &block.text),
        other => panic!("no message: {other:?}"),
    }
}

fn texts(document: &CanonicalDocument) -> Vec<&str> {
    document.blocks.iter().map(|b| b.text.as_str()).collect()
}

#[test]
fn a_conversation_says_who_said_what_and_when_and_in_which_message() {
    let document = chatgpt(&json!({
        "title": "A boat",
        "create_time": 1_700_000_000.25,
        "current_node": "b",
        "mapping": {
            "root": { "parent": null, "message": null },
            "a": node("root", "user", 1_700_000_001.5, "When does it leave?"),
            "b": node("a", "assistant", 1_700_000_002.0, "At dawn."),
        },
    }));
    assert_eq!(document.title, "A boat", "the conversation's own");
    assert_eq!(document.stated_at, Some(UnixMs(1_700_000_000_250)));
    let (asked, text) = message(&document, 0);
    assert_eq!(
        (asked.author.as_str(), text),
        ("You", "When does it leave?")
    );
    assert_eq!(asked.at, Some(UnixMs(1_700_000_001_500)), "its own time");
    let (answered, text) = message(&document, 1);
    assert_eq!((answered.author.as_str(), text), ("ChatGPT", "At dawn."));
    let second = LineRange { first: 2, last: 2 };
    assert_eq!(document.blocks[1].lines, second, "the second of the thread");
    assert_eq!(document.warnings, [], "nothing was lost");
}

#[test]
fn a_branch_that_was_left_is_told_and_not_lost() {
    let document = chatgpt(&json!({
        "title": null,
        "create_time": null,
        "current_node": "c2",
        "mapping": {
            "root": { "parent": null, "message": null },
            "a": node("root", "user", 10.0, "First try"),
            "b": node("a", "assistant", 11.0, "First answer"),
            "a2": node("root", "user", 20.0, "Second try"),
            "c2": node("a2", "assistant", 21.0, "Second answer"),
        },
    }));
    assert_eq!(
        texts(&document),
        ["Second try", "Second answer", "First try", "First answer"],
        "the thread that was gone on with comes first, the other one after it in its own order"
    );
    assert!(!message(&document, 1).0.left_branch);
    assert!(message(&document, 2).0.left_branch, "and it says so");
    assert_eq!(document.warnings, [Warning::LeftBranches(2)]);
    assert_eq!(
        document.title, "Second try",
        "for want of a title, the first words"
    );
    assert_eq!(
        document.stated_at,
        Some(UnixMs(10_000)),
        "the earliest message's time"
    );
}

#[test]
fn a_ring_of_parents_and_a_missing_one_come_to_an_end() {
    let document = chatgpt(&json!({
        "title": "Ring",
        "create_time": 1.0,
        "current_node": "x",
        "mapping": {
            "x": node("y", "user", 1.0, "one"),
            "y": node("x", "user", 2.0, "two"),
            "z": node("nowhere", "user", 3.0, "three"),
            "p": node("q", "user", 4.0, "four"),
            "q": node("p", "user", 5.0, "five"),
        },
    }));
    let mut all = texts(&document);
    all.sort_unstable();
    assert_eq!(all, ["five", "four", "one", "three", "two"], "each once");
}

#[test]
fn a_long_thread_is_followed_without_a_deep_stack() {
    let mut mapping = serde_json::Map::new();
    for number in 0..50_000 {
        let parent = format!("n{}", number - 1);
        mapping.insert(format!("n{number}"), node(&parent, "user", 5.0, "word"));
    }
    let document = chatgpt(&json!({ "mapping": mapping, "current_node": "n49999" }));
    assert_eq!(document.blocks.len(), 50_000);
    assert_eq!(document.warnings, [], "all on one thread");
}

#[test]
fn what_is_no_text_is_left_out_and_told() {
    let part = |kind: &str| json!({ "content_type": kind, "asset_pointer": "x" });
    let document = chatgpt(&json!({
        "title": "Pictures",
        "current_node": "f",
        "mapping": {
            "s": { "parent": null, "message": { "author": { "role": "system" }, "content": { "content_type": "text", "parts": [""] } } },
            "a": { "parent": "s", "message": {
                "author": { "role": "user" },
                "content": { "content_type": "multimodal_text", "parts": [
                    part("image_asset_pointer"), part("audio_asset_pointer"), part("hologram"),
                    { "content_type": "audio_transcription", "text": "Spoken words" }, "Look",
                ] },
                "metadata": { "attachments": [{ "mime_type": "image/png" }, { "mime_type": "text/csv" }] },
            } },
            "b": { "parent": "a", "message": {
                "author": { "role": "assistant" }, "recipient": "python",
                "content": { "content_type": "code", "text": "print(1)" },
            } },
            "c": { "parent": "b", "message": {
                "author": { "role": "tool", "name": "python" },
                "content": { "content_type": "execution_output", "text": "1" },
            } },
            "d": { "parent": "c", "message": {
                "author": { "role": "assistant" },
                "content": { "content_type": "thoughts", "thoughts": [{ "content": "hm" }] },
            } },
            "e": { "parent": "d", "message": {
                "author": { "role": "user" },
                "content": { "content_type": "user_editable_context", "user_profile": "me" },
            } },
            "f": node("e", "assistant", 9.0, "Seen"),
        },
    }));
    assert_eq!(texts(&document), ["Spoken words\n\nLook", "Seen"]);
    let left_out = |what, count| Warning::LeftOut(what, count);
    assert_eq!(
        document.warnings,
        [
            Warning::UndatedMessages(1),
            left_out(LeftOut::Image, 1),
            left_out(LeftOut::Recording, 1),
            left_out(LeftOut::Attachment, 1),
            left_out(LeftOut::ToolStep, 2),
            left_out(LeftOut::Thinking, 1),
            left_out(LeftOut::Hidden, 1),
            left_out(LeftOut::Unknown, 1),
        ],
        "an empty system message is nothing that was left out"
    );
}

#[test]
fn fields_of_other_kinds_than_expected_cost_only_themselves() {
    let document = chatgpt(&json!({
        "title": 17,
        "create_time": "yesterday",
        "current_node": ["b"],
        "surprise": { "deep": [1, 2, 3] },
        "mapping": {
            "a": node("", "user", -5.0, "Kept"),
            "b": 5,
            "c": { "message": "not an object", "parent": 7 },
            "d": { "message": { "author": null, "content": { "content_type": "text", "parts": ["Whose?"] } } },
        },
    }));
    assert_eq!(texts(&document), ["Kept"]);
    assert_eq!(message(&document, 0).0.at, None, "no time before the first");
    assert_eq!(document.stated_at, None);
    assert!(
        document
            .warnings
            .contains(&Warning::LeftOut(LeftOut::Unknown, 1)),
        "what nobody says to have said is told: {:?}",
        document.warnings
    );
}

#[test]
fn claudes_text_may_stand_in_blocks_alone_or_beside_them() {
    let document = claude(&json!({
        "uuid": "c1",
        "name": "",
        "created_at": "2024-03-01T10:00:00.000000Z",
        "chat_messages": [
            { "uuid": "1", "sender": "human", "text": "Old text", "created_at": "2024-03-01T10:00:01Z",
              "attachments": [{ "file_name": "paste.txt", "extracted_content": "Pasted" }, { "file_name": "x.pdf" }],
              "files": [{ "file_name": "photo.jpg" }] },
            { "uuid": "2", "sender": "assistant", "text": "", "created_at": "2024-03-01T10:00:02Z",
              "content": [
                  { "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "New text" },
                  { "type": "tool_use", "name": "x" }, { "type": "text", "text": "and more" } ] },
            { "uuid": "2", "sender": "assistant", "text": "Again", "created_at": "2024-03-01T10:00:02Z" },
        ],
    }));
    assert_eq!(
        texts(&document),
        ["Old text\n\npaste.txt:\n\nPasted", "New text\n\nand more"],
        "what was pasted is the person's own text"
    );
    assert_eq!(message(&document, 0).0.author, "You");
    assert_eq!(message(&document, 1).0.author, "Claude");
    assert_eq!(
        document.title, "Old text",
        "a nameless one by its first line"
    );
    assert_eq!(document.stated_at, Some(UnixMs(1_709_287_200_000)));
    assert_eq!(
        document.warnings,
        [
            Warning::RepeatedMessages(1),
            Warning::LeftOut(LeftOut::Attachment, 2),
            Warning::LeftOut(LeftOut::ToolStep, 1),
            Warning::LeftOut(LeftOut::Thinking, 1),
        ]
    );
}

#[test]
fn claudes_branches_are_followed_by_parent_and_leaf() {
    let said = |id: &str, parent: &str, text: &str| {
        json!({ "uuid": id, "parent_message_uuid": parent, "sender": "human", "text": text,
                "created_at": "2024-03-01T10:00:00Z" })
    };
    let document = claude(&json!({
        "uuid": "c1",
        "name": "Branches",
        "chat_messages": [
            said("1", "00000000-0000-4000-8000-000000000000", "start"),
            said("2", "1", "left"),
            said("3", "1", "taken"),
        ],
    }));
    assert_eq!(texts(&document), ["start", "taken", "left"]);
    assert_eq!(document.warnings, [Warning::LeftBranches(1)]);
}

#[test]
fn what_is_no_conversation_is_refused_and_an_empty_one_is_empty() {
    for bytes in [
        "",
        "{",
        "[]",
        "17",
        "{\"mapping\": []}",
        "{\"title\": \"x\"}",
    ] {
        let read = read(Format::ChatGpt, "", bytes.as_bytes());
        assert_eq!(read, Err(ReadError::NotUnderstood), "{bytes}");
    }
    let empty = read(Format::Claude, "", br#"{"uuid": "a", "chat_messages": []}"#);
    assert_eq!(empty, Err(ReadError::Empty), "nothing was ever said in it");
}
