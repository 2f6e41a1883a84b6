//! Exports that are damaged, mean, or not as any service writes them: each ends in a reason, and costs
//! nothing else.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use oldgrowth_importers::{
    CONVERSATION_BYTES_MAX, Forbidden, PartReaders, Plan, PlannedItem, SkipReason, fetch_part, plan,
};
use proptest::prelude::*;
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

fn chat(id: &str, create_time: &str, text: &str) -> String {
    format!(
        r#"{{"title": null, "create_time": {create_time}, "update_time": 2, "mapping": {{"m": {{"message": {{
        "author": {{"role": "user"}}, "create_time": {create_time},
        "content": {{"content_type": "text", "parts": ["{text}"]}}}}}}}}, "current_node": "m", "id": "{id}"}}"#
    )
}

fn two() -> String {
    format!("[{},{}]", chat("a", "1", "one"), chat("b", "1", "two"))
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn planned(root: &Path) -> Plan {
    plan(
        &[root.to_path_buf()],
        &Forbidden::default(),
        &|| false,
        &mut |_| {},
    )
}

fn text(item: &PlannedItem) -> String {
    let part = item.part.as_ref().unwrap();
    let fetched = fetch_part(
        &PartReaders::default(),
        &item.path,
        part,
        &Forbidden::default(),
    );
    let blocks = fetched.unwrap().document.unwrap().blocks;
    blocks.into_iter().map(|block| block.text).collect()
}

fn texts(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(text).collect()
}

fn reasons(plan: &Plan) -> Vec<SkipReason> {
    plan.skipped.iter().map(|skipped| skipped.reason).collect()
}

/// Where each record with this signature begins.
fn records(zip: &[u8], signature: &[u8; 4]) -> Vec<usize> {
    let windows = zip.windows(4).enumerate();
    windows
        .filter(|(_, bytes)| bytes == signature)
        .map(|(at, _)| at)
        .collect()
}

const IN_LIST: &[u8; 4] = b"PK\x01\x02";
const AT_FILE: &[u8; 4] = b"PK\x03\x04";

#[test]
fn times_that_no_calendar_holds_are_none_and_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for time in [
        "null",
        "-5",
        "-1e300",
        "1e300",
        "0",
        "\"yesterday\"",
        "[]",
        "NaN",
        "-Infinity",
    ] {
        let all = format!("[{},{}]", chat("a", time, "one NaN"), chat("b", "1", "two"));
        let plan = planned(&write(&folder, "c.json", all));
        assert_eq!(texts(&plan), ["one NaN", "two"], "{time}");
        assert_eq!(reasons(&plan), [], "{time}");
    }
}

#[test]
fn what_follows_the_list_is_told_and_what_stands_in_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for garbage in ["x", "[]", "\0\0\0", "}"] {
        let plan = planned(&write(&folder, "c.json", two() + garbage));
        assert_eq!(texts(&plan), ["one", "two"], "{garbage:?}");
        assert_eq!(reasons(&plan), [SkipReason::BrokenOff]);
    }
}

#[test]
fn an_export_in_utf_16_says_what_to_do_instead_of_becoming_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let units: Vec<u16> = two().encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let marked = [b"\xff\xfe".as_slice(), &little].concat();
    for bytes in [little, big, marked] {
        let plan = planned(&write(&folder, "c.json", bytes));
        assert_eq!(
            plan.items,
            [],
            "as a text it would be hundreds of messages in one"
        );
        let reason = plan.skipped.first().unwrap().reason;
        assert_eq!(reason.hint(), "Save it as UTF-8 and import that.");
    }
}

#[test]
fn an_encrypted_archive_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = zipped(&[
        ("conversations.json", two().as_bytes()),
        ("chat.html", b"<p>"),
    ]);
    // The flag by which an archive says that a file in it takes a password.
    for at in records(&zip, AT_FILE) {
        zip[at + 6] |= 1;
    }
    for at in records(&zip, IN_LIST) {
        zip[at + 8] |= 1;
    }
    let plan = planned(&write(&folder, "e.zip", zip));
    assert_eq!(
        reasons(&plan),
        [SkipReason::Encrypted],
        "once, not for each file in it"
    );
}

#[test]
fn an_entry_that_is_cut_or_lies_about_its_size_is_read_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = zipped(&[("conversations.json", two().as_bytes())]);
    let list = records(&whole, IN_LIST)[0];
    let size_at = list + 24;
    let mut shorter = whole.clone();
    let half = u32::try_from(two().len() - 20).unwrap();
    shorter[size_at..size_at + 4].copy_from_slice(&half.to_le_bytes());
    let plan = planned(&write(&folder, "shorter.zip", shorter));
    assert_eq!(texts(&plan), ["one"], "what lies within what it says");
    assert_eq!(reasons(&plan), [SkipReason::BrokenOff]);

    let mut longer = whole.clone();
    longer[size_at..size_at + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let plan = planned(&write(&folder, "longer.zip", longer));
    assert_eq!(reasons(&plan), [SkipReason::UnpacksTooLarge]);

    // Its data end in the middle, and the list follows at once.
    let mut cut = whole.clone();
    let data = 30 + "conversations.json".len();
    cut[data + 60..list].fill(0);
    let plan = planned(&write(&folder, "cut.zip", cut));
    assert!(!reasons(&plan).is_empty(), "that it is damaged is told");
}

#[test]
fn files_of_an_archive_that_share_their_data_may_not_unpack_to_more_than_it_could_hold() {
    let folder = tempfile::tempdir().unwrap();
    // A list of two conversations with much room between them, which packs well, but not too well.
    let words: String = (0..4_000_u32).map(|n| format!("{} ", n * n)).collect();
    let (first, last) = (chat("a", "1", &words), chat("b", "1", "two"));
    let roomy = format!("[{first},{}{last}]", " ".repeat(2_000_000));
    let names: Vec<String> = (0..400).map(|number| format!("{number:03}.json")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("000.json", roomy.as_bytes())];
    entries.extend(
        names
            .iter()
            .skip(1)
            .map(|name| (name.as_str(), b"[".as_slice())),
    );
    let mut zip = zipped(&entries);
    let list = records(&zip, IN_LIST);
    let (sizes, place) = (
        zip[list[0] + 16..list[0] + 28].to_vec(),
        zip[list[0] + 42..list[0] + 46].to_vec(),
    );
    let packing = zip[list[0] + 10..list[0] + 12].to_vec();
    for at in list.into_iter().skip(1) {
        zip[at + 10..at + 12].copy_from_slice(&packing);
        zip[at + 16..at + 28].copy_from_slice(&sizes);
        zip[at + 42..at + 46].copy_from_slice(&place);
    }
    let bytes = zip.len() as u64;
    let plan = planned(&write(&folder, "overlap.zip", zip));
    let refused = reasons(&plan);
    let refused = refused
        .iter()
        .filter(|reason| **reason == SkipReason::UnpacksTooLarge)
        .count();
    assert!(
        refused > 300,
        "the first of them are what they may be, the others are not"
    );
    let unpacked = (400 - refused) as u64 * roomy.len() as u64;
    assert!(
        unpacked <= bytes * 200 + 1024 * 1024,
        "{unpacked} bytes were unpacked of {bytes}"
    );
}

#[test]
fn an_archive_of_too_many_files_is_refused_before_its_list_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let count = 1_000_000_u32;
    let path = folder.path().join("many.zip");
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    let mut local = AT_FILE.to_vec();
    local.resize(30, 0);
    file.write_all(&local).unwrap();
    let mut listed = IN_LIST.to_vec();
    listed.resize(46, 0);
    for _ in 0..count {
        file.write_all(&listed).unwrap();
    }
    let mut end = b"PK\x06\x06".to_vec();
    end.extend(44_u64.to_le_bytes());
    end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    end.extend(u64::from(count).to_le_bytes());
    end.extend(u64::from(count).to_le_bytes());
    end.extend((u64::from(count) * 46).to_le_bytes());
    end.extend(30_u64.to_le_bytes());
    end.extend(b"PK\x06\x07\0\0\0\0");
    end.extend((30 + u64::from(count) * 46).to_le_bytes());
    end.extend([1, 0, 0, 0]);
    end.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    file.write_all(&end).unwrap();
    file.flush().unwrap();
    assert_eq!(reasons(&planned(&path)), [SkipReason::TooManyEntries]);
}

#[test]
fn an_archive_in_an_archive_and_a_link_in_one_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let inner = zipped(&[("conversations.json", two().as_bytes())]);
    let path = folder.path().join("outer.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    let options = SimpleFileOptions::default();
    zip.start_file("inner.zip", options).unwrap();
    zip.write_all(&inner).unwrap();
    zip.add_symlink("link.json", "/etc/passwd", options)
        .unwrap();
    zip.start_file("conversations.json", options).unwrap();
    let other = format!("[{}]", chat("c", "1", "three"));
    zip.write_all(other.as_bytes()).unwrap();
    zip.finish().unwrap();
    let plan = planned(&path);
    assert_eq!(texts(&plan), ["three"]);
    assert_eq!(
        reasons(&plan),
        [SkipReason::AddedToConversations, SkipReason::NotAFile]
    );
}

#[test]
fn what_a_service_puts_beside_the_conversations_is_passed_over_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let beside = [
        "user.json",
        "users.json",
        "message_feedback.json",
        "chat.html",
        "export_manifest.json",
        "manifest-2026-09-01.json",
        "shared_conversations.json",
    ];
    let texts_of_projects = ["projects.json", "memories.json", "projects/0191.json"];
    let own = [
        "diary.md",
        "recipes.json",
        "notes/user.json",
        "other/projects/a.json",
    ];
    for name in beside.iter().chain(&texts_of_projects).chain(&own) {
        write(
            &folder,
            &format!("export/{name}"),
            r#"{"email": "ada@example.org"}"#,
        );
    }
    write(&folder, "export/conversations.json", two());
    write(
        &folder,
        "elsewhere/user.json",
        r#"{"name": "a character in a play"}"#,
    );
    let plan = planned(folder.path());
    let mut read: Vec<&str> = plan
        .items
        .iter()
        .map(|item| item.relative.as_str())
        .collect();
    read.dedup();
    assert_eq!(
        read,
        [
            "elsewhere/user.json",
            "export/conversations.json",
            "export/diary.md",
            "export/notes/user.json",
            "export/other/projects/a.json",
            "export/recipes.json",
        ],
        "what is the person's own is read as ever, whatever its name"
    );
    let count = |reason| reasons(&plan).iter().filter(|one| **one == reason).count();
    assert_eq!(count(SkipReason::BesideConversations), beside.len());
    assert_eq!(count(SkipReason::ProjectsOfExport), texts_of_projects.len());
    assert!(
        plan.skipped.iter().all(|skipped| skipped.service.is_some()),
        "whose it is"
    );
    assert_eq!(
        SkipReason::BesideConversations.message(),
        "belongs to the export; holds no conversation"
    );
}

#[test]
fn a_page_that_is_larger_than_any_file_is_passed_over_as_a_part_of_its_export() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "conversations.json", two());
    let page = File::create(folder.path().join("chat.html")).unwrap();
    page.set_len(100 * 1024 * 1024).unwrap();
    let plan = planned(folder.path());
    assert_eq!(reasons(&plan), [SkipReason::BesideConversations]);
}

#[test]
fn a_conversation_that_is_there_twice_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let all = format!("[{},{}]", chat("a", "1", "one"), chat("a", "1", "one"));
    let plan = planned(&write(&folder, "c.json", all));
    assert_eq!(texts(&plan), ["one"]);
    assert_eq!(reasons(&plan), [SkipReason::OlderCopy]);
}

#[test]
fn a_conversation_that_is_too_long_is_told_by_its_key_and_the_next_one_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = usize::try_from(CONVERSATION_BYTES_MAX).unwrap();
    let all = format!(
        "[{},{}]",
        chat("a", "1", &"x".repeat(bytes)),
        chat("b", "1", "two")
    );
    let plan = planned(&write(&folder, "c.json", all));
    assert_eq!(texts(&plan), ["two"]);
    let skipped = plan.skipped.first().unwrap();
    assert_eq!(skipped.reason.code(), "conversation_too_long");
    assert_eq!(
        skipped.key.as_deref(),
        Some("chatgpt:a"),
        "a later export may hold it shorter"
    );
}

/// Some bytes put in the place of others, taken out, or cut off.
fn change() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    let pieces = prop::sample::select(vec![
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\",
        "\\ud800",
        "null",
        "NaN",
        "1e999",
        "-",
        "\0",
        "\u{feff}",
        "PK\x03\x04",
        "PK\x01\x02",
        "PK\x05\x06",
        "\u{7f}",
        "[[[[[[[[",
        "{\"id\":",
    ]);
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        pieces.prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    (any::<usize>(), 0..8_usize, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_changed_in_an_export_is_read_or_told(
        as_zip in any::<bool>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let claude = r#"[{"uuid": "u", "name": "", "created_at": "2024-03-01T10:00:00Z", "chat_messages": [
            {"uuid": "m", "sender": "human", "text": "four", "content": [{"type": "text", "text": "four"}]}]}]"#;
        let mut bytes = match as_zip {
            true => zipped(&[
                ("conversations-000.json", two().as_bytes()),
                ("conversations-001.json", claude.as_bytes()),
                ("user.json", b"{}"),
            ]),
            false => two().into_bytes(),
        };
        for (at, length, piece) in changes {
            let at = at % (bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        let folder = tempfile::tempdir().unwrap();
        let plan = planned(&write(&folder, "export", &bytes));
        let readers = PartReaders::default();
        for item in &plan.items {
            if let Some(part) = &item.part {
                prop_assert!(part.bytes <= 64 * 1024, "no part is longer than what there is");
                let fetched = fetch_part(&readers, &item.path, part, &Forbidden::default());
                prop_assert!(fetched.map_or_else(|e| !e.message().is_empty(), |f| f.document.is_some()));
            }
        }
        prop_assert!(!(plan.items.is_empty() && plan.skipped.is_empty()), "nothing vanishes without a word");
    }
}
