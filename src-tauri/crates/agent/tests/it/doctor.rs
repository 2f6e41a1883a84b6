//! The doctor on the command line: checks, fixes, receipts and the report, by the real program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use crate::person::Person;
use crate::support::{Ran, Serving, run, run_with_input, write};

pub(crate) fn row(status: &Value, code: &str) -> Value {
    let rows = status["components"].as_array().unwrap();
    rows.iter().find(|row| row["code"] == code).unwrap().clone()
}

/// A connection past the program, for breaking what it keeps.
#[expect(
    clippy::disallowed_methods,
    reason = "the test breaks the rows behind the program's back"
)]
pub(crate) fn raw(workspace: &Path) -> rusqlite::Connection {
    let file = workspace.join(oldgrowth_store::Store::FILE);
    let raw = rusqlite::Connection::open(file).unwrap();
    raw.busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    raw
}

pub(crate) fn break_word_index(workspace: &Path) {
    raw(workspace)
        .execute_batch(
            "UPDATE words_data SET block = substr(block, 1, length(block) / 2) WHERE id > 10",
        )
        .unwrap();
}

/// A memory of a few notes, and the folder that they were read from.
pub(crate) struct Memory {
    home: tempfile::TempDir,
}

impl Memory {
    pub(crate) fn workspace(&self) -> PathBuf {
        self.home.path().join("memory")
    }
}

pub(crate) fn kept() -> Memory {
    let memory = Memory {
        home: tempfile::tempdir().unwrap(),
    };
    let notes = memory.home.path().join("notes");
    for number in 0..30 {
        let text =
            format!("The boat{number} left the harbour early. Nobody saw wind{number} turn.");
        write(&notes, &format!("{number}.md"), text);
    }
    let imported = run(&memory.workspace(), &["import", notes.to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    memory
}

fn mends(workspace: &Path, code: &str) -> Ran {
    run(workspace, &["doctor", "--fix", code, "--yes"])
}

#[test]
fn a_fault_is_found_mended_and_told_with_exit_codes_that_say_so() {
    let memory = kept();
    let workspace = &memory.workspace();
    let well = run(workspace, &["doctor", "--run", "all"]);
    assert_eq!(well.code, 0, "{}", well.last());
    assert_eq!(row(well.last(), "round_trip")["state"], "ok");
    assert!(row(well.last(), "integrity")["took_ms"].is_u64());

    break_word_index(workspace);
    let broken = run(workspace, &["doctor", "--run", "integrity"]);
    assert_eq!(broken.code, 3, "it fails: {}", broken.last());
    let integrity = row(broken.last(), "integrity");
    assert_eq!(integrity["fixes"][0], "rebuild_index", "{integrity}");
    let unasked = run(workspace, &["doctor", "--fix", "rebuild_index"]);
    assert_eq!(unasked.code, 2, "nobody is there to say yes");
    assert!(
        unasked.lines[0]["summary"]
            .as_str()
            .unwrap()
            .contains("30 passages"),
        "the plan is shown all the same: {}",
        unasked.lines[0]
    );
    let still = run(workspace, &["status"]);
    assert_eq!(
        row(still.last(), "integrity")["state"],
        "fail",
        "known after a restart"
    );

    let mended = mends(workspace, "rebuild_index");
    assert_eq!(mended.code, 0, "{}", mended.stderr);
    assert!(!mended.events("fix").is_empty(), "with its progress");
    assert_eq!(mended.last()["code"], "rebuild_index", "{}", mended.last());
    let found = run(workspace, &["search", "boat7"]);
    assert_eq!(found.last()["hits"].as_array().unwrap().len(), 1);
    let after = run(workspace, &["doctor"]);
    assert_eq!(after.code, 0, "it was looked at again: {}", after.last());

    let again = mends(workspace, "finish_missing");
    assert_eq!(again.code, 0);
    assert_eq!(again.last()["nothing_to_do"], true, "{}", again.last());
    let receipts = run(workspace, &["doctor", "--receipts"]);
    let receipts = receipts.last().as_array().unwrap().clone();
    assert_eq!(receipts.len(), 1, "{receipts:?}");
}

#[test]
fn what_is_asked_wrongly_is_told_before_anything_is_done() {
    let workspace = tempfile::tempdir().unwrap();
    for args in [
        &["doctor", "--run", "everything"][..],
        &["doctor", "--fix", "magic", "--yes"],
        &["doctor", "--names"],
        &["doctor", "--yes"],
        &["doctor", "--report", "--receipts"],
    ] {
        let ran = run(workspace.path(), args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
    }
    let unknown = run(workspace.path(), &["doctor", "--undo", "fx_none"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    let help = Command::new(env!("CARGO_BIN_EXE_oldgrowth"))
        .args(["doctor", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("Exit codes:") && help.contains("3  something fails"),
        "{help}"
    );
}

#[test]
fn rows_of_nothing_are_set_aside_and_put_back_through_whoever_owns_the_memory() {
    let memory = kept();
    let workspace = &memory.workspace();
    let _serving = Serving::start(workspace);
    raw(workspace)
        .execute_batch("DELETE FROM buffer_items WHERE child_id = (SELECT min(id) FROM nodes)")
        .unwrap();
    let found = run(workspace, &["doctor", "--run", "orphans"]);
    assert_eq!(found.code, 1, "it needs attention: {}", found.last());
    let mended = mends(workspace, "set-aside-orphans");
    assert_eq!(mended.code, 0, "{}", mended.stderr);
    let receipt = mended.last();
    assert!(receipt["undo_until"].is_string(), "{receipt}");
    assert_eq!(
        row(run(workspace, &["status"]).last(), "orphans")["state"],
        "ok"
    );
    let id = receipt["id"].as_str().unwrap();
    let undone = run(workspace, &["doctor", "--undo", id]);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert!(undone.last()["undone_at"].is_string(), "{}", undone.last());
    let twice = run(workspace, &["doctor", "--undo", id]);
    assert_eq!(twice.code, 2, "once is enough: {}", twice.stderr);
}

#[test]
fn a_memory_that_cannot_be_opened_is_brought_back_by_the_doctor() {
    let memory = kept();
    let workspace = &memory.workspace();
    assert_eq!(mends(workspace, "back_up_now").code, 0);
    let file = workspace.join(oldgrowth_store::Store::FILE);
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    let broken = run(workspace, &["doctor"]);
    assert_eq!(broken.code, 3, "{}", broken.last());
    let store = row(broken.last(), "store");
    assert_eq!(
        store["fixes"],
        json!(["restore_backup", "open_copy", "try_again"]),
        "in a folder that was named no other is begun"
    );
    assert_eq!(
        row(broken.last(), "coverage")["waits_for"],
        "store",
        "folded"
    );

    let copied = mends(workspace, "open_copy");
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    let copy = PathBuf::from(format!(
        "{}-copy-1",
        workspace.canonicalize().unwrap().display()
    ));
    let found = run(&copy, &["search", "boat7"]);
    assert_eq!(
        found.last()["hits"].as_array().unwrap().len(),
        1,
        "it can be read"
    );
    let named = mends(workspace, "start_fresh");
    assert_eq!(
        named.code, 2,
        "a folder that was named leads nowhere else: {}",
        named.stderr
    );

    let restored = mends(workspace, "restore_backup");
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    let found = run(workspace, &["search", "boat7"]);
    assert_eq!(
        found.last()["hits"].as_array().unwrap().len(),
        1,
        "it is there again"
    );
    let report = run(workspace, &["doctor", "--report"]);
    assert!(
        report.last()["text"]
            .as_str()
            .unwrap()
            .contains("restore_backup")
    );
}

#[test]
fn a_fix_that_did_not_help_ends_as_something_that_needs_attention() {
    let memory = kept();
    let workspace = &memory.workspace();
    assert_eq!(mends(workspace, "try_again").code, 0, "it can be used");
    assert_eq!(mends(workspace, "back_up_now").code, 0);
    assert_eq!(mends(workspace, "verify_backup").code, 0, "it is sound");

    let backups = workspace.join("memory_tree/backups");
    let backup = std::fs::read_dir(&backups).unwrap();
    let mut backup = backup.map(|entry| entry.unwrap().path());
    let backup = backup.find(|path| path.extension().is_some_and(|end| end == "db"));
    let backup = backup.unwrap();
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&backup, bytes).unwrap();
    let file = workspace.join(oldgrowth_store::Store::FILE);
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    for code in ["verify_backup", "try_again"] {
        let tried = mends(workspace, code);
        assert_eq!(tried.last()["outcome"], "still_unwell", "{}", tried.last());
        assert_eq!(tried.code, 1, "{code}: {}", tried.stderr);
    }
}

#[test]
fn a_restore_that_could_not_be_noted_is_refused_and_changes_nothing() {
    let memory = kept();
    let workspace = &memory.workspace();
    assert_eq!(mends(workspace, "back_up_now").code, 0);
    run_with_input(workspace, &["add", "-"], b"The heron stands in the reeds.");
    std::fs::create_dir(workspace.join("receipts.json.new")).unwrap();
    let refused = mends(workspace, "restore_backup");
    assert_eq!(refused.code, 3, "{}", refused.last());
    let found = run(workspace, &["search", "heron"]);
    assert_eq!(found.last()["hits"].as_array().map(Vec::len), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn an_empty_memory_is_begun_beside_one_that_is_broken_and_undo_leads_back() {
    let person = Person::new();
    let note = person.path("note.md");
    std::fs::write(&note, "The heron stands in the reeds.").unwrap();
    let imported = person.run(&["import", note.to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let hits = || {
        person.run(&["search", "heron"]).last()["hits"]
            .as_array()
            .map(Vec::len)
    };
    let place = || {
        person.run(&["place"]).last()["folder"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = place();
    assert_eq!(hits(), Some(1));
    let file = Path::new(&before).join(oldgrowth_store::Store::FILE);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    assert_eq!(person.run(&["doctor"]).code, 3, "it can't be opened");

    let begun = person.run(&["doctor", "--fix", "start_fresh", "--yes"]);
    assert_eq!(begun.code, 0, "{}", begun.stderr);
    let after = place();
    assert_ne!(after, before, "another folder is used");
    assert!(after.ends_with("oldgrowth-fresh-1"), "beside it: {after}");
    assert_eq!(hits(), Some(0), "an empty one");
    assert_eq!(
        std::fs::read(&file).unwrap(),
        vec![7_u8; 8_192],
        "the other is as it was"
    );
    let receipts = person.run(&["doctor", "--receipts"]);
    let id = receipts.last()[0]["id"].as_str().unwrap().to_owned();
    let place_row = row(person.run(&["doctor"]).last(), "place");
    assert_eq!(
        place_row["state"], "warn",
        "a temporary folder is told: {place_row}"
    );

    let report = person.run(&["doctor", "--report"]).last().clone();
    for form in ["text", "json"] {
        let said = report[form].as_str().unwrap();
        assert!(said.contains("start_fresh"), "{said}");
        for folder in [before.as_str(), after.as_str(), "fresh-1"] {
            assert!(!said.contains(folder), "{folder} in {said}");
        }
    }

    std::fs::write(&file, good).unwrap();
    let undone = person.run(&["doctor", "--undo", &id]);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert_eq!((place(), hits()), (before, Some(1)), "as it was before");
    assert!(Path::new(&after).is_dir(), "and the new one is not lost");
}

#[test]
fn a_report_names_nobody_and_nothing_unless_names_are_asked_for() {
    let (workspace, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace = workspace.path();
    let secret = home.path().join("Zanzibar affair with Quillfeather");
    write(
        &secret,
        "Xylophone lessons.md",
        "# Bartholomew\n\nWrite to quillfeather@zanzibar.example about the sk-secretkey0123456789.\n",
    );
    write(&secret, "Wexford.html", [0xff_u8, 0x00, 0x01]);
    let imported = run(workspace, &["import", secret.to_str().unwrap()]);
    assert!(imported.code <= 1, "{}", imported.stderr);
    run_with_input(
        workspace,
        &["add", "--title", "Ferdinand's will", "-"],
        b"Ferdinand leaves everything to Guinevere.",
    );
    raw(workspace)
        .execute_batch("UPDATE chunks SET author = 'Rumpelstiltskin'")
        .unwrap();
    let source = "Zanzibar affair with Quillfeather";
    assert_eq!(run(workspace, &["watch", source]).code, 0);
    std::fs::rename(&secret, home.path().join("Elsewhere")).unwrap();
    let stopped = mends(workspace, "stop_watching");
    assert_eq!(stopped.code, 0, "{}", stopped.stderr);
    let rows = run(workspace, &["doctor", "--run", "all"]);
    assert!(
        row(rows.last(), "sources")["cause"]
            .as_str()
            .unwrap()
            .contains("Zanzibar"),
        "the person is told which: {}",
        row(rows.last(), "sources")
    );

    let report = run(workspace, &["doctor", "--report"]);
    assert_eq!(report.code, 0, "{}", report.stderr);
    let (text, json) = (
        report.last()["text"].as_str().unwrap(),
        report.last()["json"].as_str().unwrap(),
    );
    let folder = workspace.canonicalize().unwrap();
    let folder = folder.file_name().unwrap().to_string_lossy().into_owned();
    let home_name = home
        .path()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    for private in [
        "Zanzibar",
        "Quillfeather",
        "quillfeather",
        "Xylophone",
        "Wexford",
        "Bartholomew",
        "secretkey",
        "Ferdinand",
        "Guinevere",
        "Rumpelstiltskin",
        &folder,
        &home_name,
    ] {
        for (form, said) in [("text", text), ("json", json)] {
            assert!(
                !said.contains(private),
                "{private} stands in the {form}: {said}"
            );
        }
    }
    for (form, said) in [("text", text), ("json", json)] {
        for told in ["sources", "not there", "stop_watching", "integrity"] {
            assert!(said.contains(told), "the {form} is of use: {told}");
        }
    }
    let id = report.last()["id"].as_str().unwrap();
    assert!(
        id.starts_with("OG-") && id.len() == 11 && text.contains(id),
        "{id}"
    );
    assert!(serde_json::from_str::<Value>(json).is_ok());

    let named = run(workspace, &["doctor", "--report", "--names"]);
    let named = named.last()["text"].as_str().unwrap().to_owned();
    assert!(
        named.contains("Zanzibar"),
        "with names when they are asked for: {named}"
    );
}

/// What a person may call a folder, on one system or another.
#[cfg(unix)]
const FOLDER_NAMES: [&str; 12] = [
    "Anna Quillfeather/Diary of Zanzibar",
    "anna.quillfeather/zanzibar.md",
    "Anna \"Zanzibar\" Quillfeather's letters",
    "Quillfeather, Anna (Zanzibar); 1984!.",
    "C:\\Users\\Anna Quillfeather\\Zanzibar",
    "\\\\quillfeather\\Zanzibar share\\anna",
    "Größe Quillfeather – Zanzibar",
    "Zanzibar يوميات المساء Quillfeather",
    "Zanzibar “affair” of “Quillfeather” ” ago",
    "  Zanzibar  is gone. Quillfeather ",
    "Zanzibar\nQuillfeather\tAnna",
    "--zanzibar=Quillfeather @ anna.example & Anna",
];

/// The words of [`FOLDER_NAMES`] that say something about somebody, in small letters.
#[cfg(unix)]
const FOLDER_WORDS: [&str; 8] = [
    "anna",
    "quillfeather",
    "zanzibar",
    "diary",
    "größe",
    "يوميات",
    "المساء",
    "affair",
];

#[cfg(unix)]
#[test]
fn a_report_names_nobody_however_the_folders_were_called() {
    for name in FOLDER_NAMES {
        let home = tempfile::tempdir().unwrap();
        let (there, workspace) = (home.path().join(name), home.path().join(name).join(name));
        let notes = there.join(format!("notes of {}", name.replace('/', " ")));
        write(&notes, "a.md", "The heron stands in the reeds.");
        let ran = |args: &[&str]| {
            let ran = run(&workspace, args);
            assert_eq!(ran.code, 0, "{name}: {args:?}: {}", ran.stderr);
            ran
        };
        ran(&["import", notes.to_str().unwrap()]);
        let sources = ran(&["watch"]).last()["sources"].clone();
        ran(&["watch", sources[0]["id"].as_str().unwrap()]);
        std::fs::rename(&notes, home.path().join("gone")).unwrap();
        for code in ["back_up_now", "open_copy", "stop_watching"] {
            ran(&["doctor", "--fix", code, "--yes"]);
        }
        // The receipts come along with it, and their words know nothing of that.
        let moved = home.path().join("elsewhere");
        std::fs::rename(&workspace, &moved).unwrap();
        let file = moved.join("receipts.json");
        let kept = std::fs::read_to_string(&file).unwrap();
        let mut before: Value = serde_json::from_str(&kept).unwrap();
        for receipt in before.as_array_mut().unwrap() {
            receipt.as_object_mut().unwrap().remove("names");
        }
        for (version, text) in [("this", kept), ("the one before", before.to_string())] {
            std::fs::write(&file, text).unwrap();
            let checked = run(&moved, &["doctor", "--run", "all"]);
            assert!(checked.code <= 1, "{name}: {}", checked.stderr);
            let receipts = run(&moved, &["doctor", "--receipts"]);
            assert_eq!(receipts.last().as_array().unwrap().len(), 3, "{version}");
            let report = run(&moved, &["doctor", "--report"]).last().clone();
            for form in ["text", "json"] {
                let said = report[form].as_str().unwrap();
                for word in FOLDER_WORDS {
                    assert!(
                        !said.to_lowercase().contains(word),
                        "{name:?}, kept by {version}: {word} stands in the {form}: {said}"
                    );
                }
                for told in ["open_copy", "stop_watching", "not there"] {
                    assert!(said.contains(told), "{name:?}: {told} in {said}");
                }
            }
            let named = run(&moved, &["doctor", "--report", "--names"]);
            let json = named.last()["json"].as_str().unwrap().to_lowercase();
            assert!(json.contains("zanzibar"), "names are there to be asked for");
        }
    }
}
