//! Exports of chat services on the disk: what a plan finds in them, and what is read of them.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a failed set-up should fail the test"
)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use oldgrowth_domain::canonical::Format;
use oldgrowth_importers::{
    Fetched, Forbidden, PartReaders, Plan, PlannedItem, SkipReason, fetch_part, plan, read,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

fn chat(id: &str, text: &str, updated: f64) -> Value {
    json!({
        "title": format!("About {id}"),
        "create_time": 1_700_000_000.0,
        "update_time": updated,
        "mapping": { "m": { "parent": null, "message": {
            "author": { "role": "user" }, "create_time": 1_700_000_000.0,
            "content": { "content_type": "text", "parts": [text] },
        } } },
        "current_node": "m",
        "conversation_id": id,
        "id": id,
    })
}

fn claude(id: &str, text: &str) -> Value {
    json!({
        "uuid": id, "name": "", "created_at": "2024-03-01T10:00:00Z",
        "updated_at": "2024-03-02T10:00:00Z", "account": { "uuid": "someone" },
        "chat_messages": [{ "uuid": "m", "sender": "human", "text": text }],
    })
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn zip(folder: &TempDir, name: &str, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.path().join(name);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn planned(root: &Path) -> Plan {
    plan(
        &[root.to_path_buf()],
        &Forbidden::default(),
        &|| false,
        &mut |_| {},
    )
}

fn keys(plan: &Plan) -> Vec<&str> {
    let parts = plan.items.iter().filter_map(|item| item.part.as_ref());
    parts.map(|part| part.key.as_str()).collect()
}

fn fetched(item: &PlannedItem) -> Fetched {
    fetch_part(
        &PartReaders::default(),
        &item.path,
        item.part.as_ref().unwrap(),
        &Forbidden::default(),
    )
    .unwrap()
}

fn text(item: &PlannedItem) -> String {
    let fetched = fetched(item);
    let document = read(fetched.format, "", &fetched.bytes).unwrap();
    document
        .blocks
        .into_iter()
        .map(|block| block.text)
        .collect()
}

#[test]
fn each_conversation_of_a_file_is_an_item_whatever_the_files_name() {
    let folder = tempfile::tempdir().unwrap();
    let all = json!([
        chat("a", "one", 1.0),
        chat("b", "zwei – ä", 2.0),
        chat("c", "3", 3.0)
    ]);
    let pretty = serde_json::to_string_pretty(&all).unwrap();
    for (name, bytes) in [
        ("conversations.json", all.to_string()),
        ("chats.txt", pretty),
        ("marked", format!("\u{feff} \n{all}\n")),
    ] {
        let path = write(&folder, name, bytes);
        let plan = planned(&path);
        assert_eq!(
            keys(&plan),
            ["chatgpt:a", "chatgpt:b", "chatgpt:c"],
            "{name}"
        );
        let texts: Vec<String> = plan.items.iter().map(text).collect();
        assert_eq!(
            texts,
            ["one", "zwei – ä", "3"],
            "each is read whole: {name}"
        );
        assert!(plan.items.iter().all(|item| item.format == Format::ChatGpt));
        assert_eq!(plan.skipped, [], "nothing is left over");
    }
}

#[test]
fn an_export_in_parts_is_read_from_its_folder_and_so_is_claudes() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder,
        "conversations-000.json",
        json!([chat("a", "one", 1.0)]).to_string(),
    );
    write(
        &folder,
        "conversations-001.json",
        json!([chat("b", "two", 1.0)]).to_string(),
    );
    write(
        &folder,
        "export_manifest.json",
        r#"{"files": ["conversations-000.json"]}"#,
    );
    write(
        &folder,
        "claude.json",
        json!([claude("c", "three")]).to_string(),
    );
    let plan = planned(folder.path());
    assert_eq!(keys(&plan), ["claude:c", "chatgpt:a", "chatgpt:b"]);
}

#[test]
fn other_json_is_text_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("a.json", r#"[{"mapping": {"a": 1}}, {"id": "x"}]"#),
        ("b.json", r#"{"chat_messages": []}"#),
        ("c.json", "[1, 2, 3]"),
        ("d.json", "[[[[["),
    ] {
        let path = write(&folder, name, content);
        let plan = planned(&path);
        let item = plan.items.first().unwrap();
        assert_eq!(
            (item.format, &item.part),
            (Format::PlainText, &None),
            "{name}"
        );
    }
}

#[test]
fn what_is_no_conversation_stops_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let nameless = json!({ "create_time": 1.0, "mapping": {} });
    let path_like = json!({ "create_time": 1.0, "mapping": {}, "id": "../../etc" });
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let elements = [
        chat("a", "one", 1.0).to_string(),
        "17".to_owned(),
        "null".to_owned(),
        deep,
        nameless.to_string(),
        path_like.to_string(),
        chat("b", "two", 1.0).to_string(),
    ];
    let path = write(&folder, "c.json", format!("[{}]", elements.join(", ")));
    let plan = planned(&path);
    assert_eq!(keys(&plan), ["chatgpt:a", "chatgpt:b"]);
    let skipped: Vec<_> = plan.skipped.iter().map(|s| s.relative.as_str()).collect();
    assert_eq!(skipped.len(), 5, "each other element is told: {skipped:?}");
    assert_eq!(skipped[0], "c.json, conversation 2", "by its place");
    assert!(
        plan.skipped
            .iter()
            .all(|s| s.reason == SkipReason::NotAConversation)
    );
    assert_eq!(
        text(&plan.items[1]),
        "two",
        "and what follows is found where it is"
    );
}

#[test]
fn of_a_file_that_is_cut_off_all_that_is_whole_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let all = json!([chat("a", "one", 1.0), chat("b", "two", 1.0)]).to_string();
    for cut in [all.len() - 1, all.len() - 20, all.len() / 2 + 30] {
        let path = write(&folder, "c.json", &all[..cut]);
        let plan = planned(&path);
        assert_eq!(keys(&plan).first(), Some(&"chatgpt:a"), "cut at {cut}");
        let reasons: Vec<_> = plan.skipped.iter().map(|s| s.reason).collect();
        assert_eq!(
            reasons,
            [SkipReason::BrokenOff],
            "and that it is cut is told"
        );
    }
}

#[test]
fn a_file_that_changed_since_the_plan_is_never_read_for_another_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        &folder,
        "c.json",
        json!([chat("a", "one", 1.0), chat("b", "two", 1.0)]).to_string(),
    );
    let plan = planned(&path);
    write(
        &folder,
        "c.json",
        json!([chat("b", "two", 1.0), chat("a", "one", 1.0)]).to_string(),
    );
    for item in &plan.items {
        let part = item.part.as_ref().unwrap();
        let read = fetch_part(&PartReaders::default(), &path, part, &Forbidden::default());
        assert_eq!(read.unwrap_err().code(), "changed_while_reading");
    }
    write(&folder, "c.json", "[]");
    let part = plan.items[1].part.as_ref().unwrap();
    let read = fetch_part(&PartReaders::default(), &path, part, &Forbidden::default());
    assert_eq!(
        read.unwrap_err().code(),
        "changed_while_reading",
        "it is too short by now"
    );
}

#[test]
fn a_conversation_is_the_same_one_however_its_export_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut later = chat("a", "one", 9.0);
    later["is_archived"] = json!(true);
    let pretty = serde_json::to_string_pretty(&json!([later])).unwrap();
    let digest = |name: &str, bytes: &str| {
        let path = write(&folder, name, bytes);
        fetched(&planned(&path).items[0]).sha256
    };
    let before = digest("1.json", &json!([chat("a", "one", 1.0)]).to_string());
    assert_eq!(
        before,
        digest("2.json", &pretty),
        "what nobody reads changes nothing"
    );
    let said = digest("3.json", &json!([chat("a", "two", 1.0)]).to_string());
    assert_ne!(before, said, "another text is another version");
}

#[test]
fn of_a_conversation_in_two_exports_the_later_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let newer = json!([chat("a", "new", 20.0), chat("b", "same", 5.0)]).to_string();
    write(&folder, "a-newer.json", newer);
    let older = json!([chat("a", "old", 10.0), chat("b", "same", 5.0)]).to_string();
    write(&folder, "b-older.json", older);
    let plan = planned(folder.path());
    let mut texts: Vec<String> = plan.items.iter().map(text).collect();
    texts.sort();
    assert_eq!(
        texts,
        ["new", "same"],
        "each once, whatever the files' names"
    );
    assert!(
        plan.skipped
            .iter()
            .all(|s| s.reason == SkipReason::OlderCopy)
    );
    assert_eq!(plan.skipped.len(), 2, "and the others are counted");
}

#[test]
fn the_archive_is_read_as_it_was_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let one = json!([chat("a", "one", 1.0), chat("b", "two", 1.0)]).to_string();
    let two = json!([claude("c", "three")]).to_string();
    let path = zip(
        &folder,
        "export.bin",
        &[
            ("chat.html", b"<html>all of it again</html>"),
            ("data/conversations-000.json", one.as_bytes()),
            ("renamed", two.as_bytes()),
            ("user.json", br#"{"id": "me"}"#),
        ],
    );
    let plan = planned(&path);
    assert_eq!(
        keys(&plan),
        ["chatgpt:a", "chatgpt:b", "claude:c"],
        "by content"
    );
    let texts: Vec<String> = plan.items.iter().map(text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let reasons: Vec<_> = plan.skipped.iter().map(|s| s.reason).collect();
    assert_eq!(
        reasons,
        [SkipReason::BesideConversations; 2],
        "the rest is counted"
    );
}

#[test]
fn a_bomb_a_way_out_and_a_cut_archive_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let good = json!([chat("a", "one", 1.0)]).to_string();
    let mut bomb = json!([chat("b", "two", 1.0)]).to_string();
    bomb.insert_str(1, &" ".repeat(32 * 1024 * 1024));
    // Its beginning must show what it claims to be.
    let bomb = format!("[{},{}", chat("c", "three", 1.0), &bomb[1..]);
    let path = zip(
        &folder,
        "e.zip",
        &[
            ("bomb.json", bomb.as_bytes()),
            ("../../conversations.json", good.as_bytes()),
            ("conversations.json", good.as_bytes()),
        ],
    );
    let plan = planned(&path);
    assert_eq!(keys(&plan), ["chatgpt:a"], "what is sound is read");
    let reasons: Vec<_> = plan.skipped.iter().map(|s| s.reason).collect();
    assert_eq!(
        reasons,
        [SkipReason::UnpacksTooLarge, SkipReason::NameLeadsOut]
    );
    let names: Vec<_> = plan.skipped.iter().map(|s| s.relative.as_str()).collect();
    assert!(
        names.iter().all(|name| !name.contains('/')),
        "no path is made of it: {names:?}"
    );

    let whole = std::fs::read(&path).unwrap();
    for part in [2, 3, 10] {
        let cut = write(
            &folder,
            "cut.zip",
            &whole[..whole.len() - whole.len() / part],
        );
        let reasons: Vec<_> = planned(&cut).skipped.iter().map(|s| s.reason).collect();
        assert_eq!(reasons, [SkipReason::DamagedArchive], "cut by 1/{part}");
    }
}

#[test]
fn bytes_that_were_changed_in_an_archive_harm_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = json!([
        chat("a", &"one two ".repeat(500), 1.0),
        chat("b", "two", 1.0)
    ])
    .to_string();
    let path = zip(&folder, "e.zip", &[("conversations.json", text.as_bytes())]);
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let path = write(&folder, "changed.zip", &changed);
        for item in planned(&path).items {
            if let Some(part) = &item.part {
                drop(fetch_part(
                    &PartReaders::default(),
                    &path,
                    part,
                    &Forbidden::default(),
                ));
            }
        }
    }
}

#[test]
fn an_archive_without_conversations_is_one_that_cannot_be_read_yet() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip(&folder, "photos.zip", &[("a.png", b"\x89PNG\r\n\x1a\n")]);
    let plan = planned(&path);
    let reasons: Vec<_> = plan.skipped.iter().map(|s| s.reason).collect();
    assert_eq!(reasons, [SkipReason::NotSupported("a zip archive")]);
}
