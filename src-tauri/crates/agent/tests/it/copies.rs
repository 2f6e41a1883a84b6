//! Backups, restores and settings, by the real program.

#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Serving, run, run_with_input};
#[cfg(unix)]
use crate::support::{oldgrowth, write};

fn keep(workspace: &Path, text: &str) {
    let kept = run_with_input(workspace, &["add", "-"], text.as_bytes());
    assert_eq!(kept.code, 0, "{}", kept.stderr);
}

fn found(workspace: &Path, word: &str) -> usize {
    let found = run(workspace, &["search", word]);
    found.last()["hits"].as_array().unwrap().len()
}

fn row(workspace: &Path, code: &str) -> Value {
    let doctor = run(workspace, &["doctor"]);
    let rows = doctor.last()["components"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["code"] == code).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_memory_is_backed_up_looked_at_and_put_back() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    let none = run(workspace, &["restore"]);
    assert_eq!(
        (none.code, &none.last()["backups"]),
        (0, &Value::Array(vec![])),
        "nothing yet"
    );
    keep(workspace, "The key is under the blue pot.");
    let made = run(workspace, &["backup"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let id = text(&made.last()["id"]).to_owned();
    assert!(Path::new(text(&made.last()["path"])).is_file());
    keep(workspace, "The lighthouse is white.");

    let listed = run(workspace, &["restore"]);
    let backup = &listed.last()["backups"][0];
    assert_eq!(backup["id"], id.as_str(), "newest first: {backup}");
    assert!(backup["made_at"].is_string() && backup["bytes"].as_u64() > Some(0));

    let preview = run(workspace, &["restore", &id, "--preview"]);
    assert_eq!(preview.code, 0, "{}", preview.stderr);
    let tables = preview.last()["tables"].as_array().unwrap();
    let documents = tables.iter().find(|t| t["table"] == "documents").unwrap();
    assert_eq!(
        (&documents["there"], &documents["here"]),
        (&1.into(), &2.into())
    );
    assert_eq!(found(workspace, "lighthouse"), 1, "looking changes nothing");

    let unasked = run(workspace, &["restore", &id]);
    assert_eq!(unasked.code, 2, "nobody is there to say yes");
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(found(workspace, "lighthouse"), 1, "and nothing was changed");

    let restored = run(workspace, &["restore", &id, "--yes"]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    let set = text(&restored.last()["set_aside"]).to_owned();
    assert_eq!(
        (found(workspace, "lighthouse"), found(workspace, "pot")),
        (0, 1),
        "as it was that day"
    );
    let listed = run(workspace, &["restore"]);
    assert_eq!(listed.last()["kept_aside"][0]["id"], set.as_str());
    assert!(
        text(&row(workspace, "kept_aside")["cause"]).contains("restored"),
        "the doctor says why it is there"
    );
    let back = run(workspace, &["restore", &set, "--yes"]);
    assert_eq!(back.code, 0, "{}", back.stderr);
    assert_eq!(
        found(workspace, "lighthouse"),
        1,
        "what was replaced is not lost"
    );

    let unasked = run(workspace, &["restore", &set, "--discard"]);
    assert_eq!(unasked.code, 2, "nobody is there to say yes");
    let discarded = run(workspace, &["restore", &set, "--discard", "--yes"]);
    assert_eq!(discarded.code, 0, "{}", discarded.stderr);
    let left = discarded.last()["kept_aside"].as_array().unwrap();
    assert!(
        left.iter().all(|kept| kept["id"] != set.as_str()),
        "{left:?}"
    );
}

#[test]
fn no_copy_is_written_over_anything_and_no_unknown_one_restored() {
    let workspace = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    keep(workspace, "A lamp.");
    let to = elsewhere.path().join("mine.db");
    let path = to.to_str().unwrap();
    assert_eq!(run(workspace, &["backup", "--to", path]).code, 0);
    let bytes = std::fs::read(&to).unwrap();
    assert_eq!(
        run(workspace, &["backup", "--to", path]).code,
        2,
        "it is there"
    );
    let id = run(workspace, &["backup"]).last()["id"].clone();
    let into = run(workspace, &["restore", text(&id), "--into", path]);
    assert_eq!(into.code, 2, "{}", into.stderr);
    assert_eq!(std::fs::read(&to).unwrap(), bytes, "not a byte has changed");
    let other = elsewhere.path().join("other.db");
    let into = run(
        workspace,
        &["restore", text(&id), "--into", other.to_str().unwrap()],
    );
    assert_eq!(into.code, 0, "{}", into.stderr);
    assert!(other.is_file());
    let main = workspace.join("memory_tree/chunks.db");
    let onto = run(workspace, &["backup", "--to", main.to_str().unwrap()]);
    assert_eq!(onto.code, 2, "least of all over the memory itself");
    for args in [
        &["restore", "nothing-of-this-name", "--yes"][..],
        &["restore", "nothing-of-this-name", "--preview"],
    ] {
        assert_eq!(run(workspace, args).code, 2, "{args:?}");
    }
}

#[test]
fn while_somebody_owns_the_memory_copies_go_through_them() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    keep(workspace, "The key is under the blue pot.");
    let _serving = Serving::start(workspace);
    let made = run(workspace, &["backup"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    keep(workspace, "The lighthouse is white.");
    let restored = run(workspace, &["restore", text(&made.last()["id"]), "--yes"]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert_eq!(
        found(workspace, "lighthouse"),
        0,
        "the owner sees what was restored"
    );
    keep(workspace, "The owner goes on writing.");
    assert_eq!(found(workspace, "goes"), 1);
}

#[cfg(unix)]
/// Tries until an interrupt has come in time; a backup of this size is quick.
const INTERRUPTS_MAX: usize = 20;

#[cfg(unix)]
#[test]
fn an_interrupted_backup_leaves_nothing() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    for number in 0..60 {
        let words =
            format!("In year {number} the harbour was full of boats again.\n").repeat(1_200);
        write(notes.path(), &format!("{number}.txt"), words);
    }
    let imported = run(workspace, &["import", notes.path().to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let to = workspace.join("mine.db");
    let left = || {
        let entries = std::fs::read_dir(workspace).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("mine.db"))
            .collect::<Vec<_>>()
    };
    let called_off = (0..INTERRUPTS_MAX).any(|_| {
        let ended = interrupt_a_backup(workspace, &to);
        if ended == 0 {
            assert_eq!(
                left(),
                ["mine.db"],
                "it came too late: the whole backup is there"
            );
            std::fs::remove_file(&to).unwrap();
            return false;
        }
        assert_eq!(ended, 1, "called off");
        assert_eq!(left(), Vec::<String>::new(), "and nothing was left behind");
        true
    });
    assert!(called_off, "an interrupt is heeded");
    assert_eq!(row(workspace, "long_reads")["state"], "ok");
}

/// At its first sign of progress. Answers how it ended.
#[cfg(unix)]
fn interrupt_a_backup(workspace: &Path, to: &Path) -> i32 {
    let mut child = oldgrowth(workspace)
        .args(["backup", "--to", to.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(
        first.contains("progress"),
        "it tells how far it is: {first}"
    );
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    child.wait().unwrap().code().unwrap()
}

#[test]
fn a_setting_is_kept_used_and_seen_everywhere() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    let usual = run(workspace, &["settings", "get"]);
    let setting = &usual.last()["long_reads_max"];
    assert_eq!(
        (setting["in_use"].clone(), &setting["chosen"]),
        (setting["default"].clone(), &Value::Null)
    );
    for wrong in ["-1", "many", "1.5", "65"] {
        let refused = run(workspace, &["settings", "set", "long_reads_max", wrong]);
        assert_eq!(refused.code, 2, "{wrong}: {}", refused.stderr);
    }
    let set = run(workspace, &["settings", "set", "long_reads_max", "0"]);
    assert_eq!(set.last()["long_reads_max"]["in_use"], 0);
    let status = run(workspace, &["status"]);
    let reservations = &status.last()["reservations"];
    assert_eq!(
        reservations,
        &serde_json::json!({
            "reserved": 0, "cap": 0, "near_cap": false, "waiting": 0, "oldest_ms": null, "blocked": true,
        }),
        "the same in another process"
    );
    assert!(text(&row(workspace, "long_reads")["cause"]).contains("switched off"));
    keep(workspace, "A lamp.");
    let refused = run(workspace, &["backup"]);
    assert_eq!(refused.code, 3, "none may begin");
    assert!(
        refused.stderr.contains("long_reads_max"),
        "{}",
        refused.stderr
    );
    let back = run(workspace, &["settings", "set", "long_reads_max", "default"]);
    assert_eq!(back.last()["long_reads_max"]["chosen"], Value::Null);
    assert_eq!(run(workspace, &["backup"]).code, 0);
}

#[test]
fn garbage_in_the_settings_is_told_by_the_doctor() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    keep(workspace, "A lamp.");
    std::fs::write(workspace.join("settings.json"), r#"{"long_reads_max": -7}"#).unwrap();
    let row = row(workspace, "long_reads");
    assert_eq!(row["state"], "warn", "{row}");
    let status = run(workspace, &["status"]);
    assert_eq!(
        status.last()["reservations"]["cap"],
        2,
        "the default is used"
    );
    assert_eq!(
        std::fs::read_to_string(workspace.join("settings.json")).unwrap(),
        r#"{"long_reads_max": -7}"#,
        "and nobody writes over it unasked"
    );
}

#[test]
fn damage_that_is_not_there_cannot_be_accepted() {
    let workspace = tempfile::tempdir().unwrap();
    keep(workspace.path(), "A lamp.");
    let refused = run(workspace.path(), &["doctor", "--accept-damage"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

/// A memory whose log was broken in its middle while nobody had it open: the notes behind the damage
/// are complete, but SQLite would stop before them.
fn damaged(workspace: &Path, notes: usize) {
    keep(workspace, "The first lamp stood in the window.");
    let serving = Serving::start(workspace);
    for number in 0..notes {
        keep(workspace, &format!("Harbour note number{number} is here."));
    }
    // Killed, so that the log stays.
    drop(serving);
    let path = workspace.join("memory_tree/chunks.db-wal");
    let mut log = std::fs::read(&path).unwrap();
    let frames = (log.len() - 32) / (24 + 4_096);
    let middle = 32 + (frames / 2) * (24 + 4_096) + 24 + 100;
    log[middle] ^= 0xff;
    std::fs::write(&path, log).unwrap();
}

#[test]
fn a_damaged_log_is_told_read_before_the_damage_and_gone_on_without_by_choice() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    damaged(workspace, 12);
    let status = run(workspace, &["status"]);
    assert_eq!(status.code, 3, "it needs somebody: {}", status.last());
    let store = row(workspace, "store");
    assert!(text(&store["cause"]).contains("damaged"), "{store}");
    assert!(text(&store["next"]).contains("Choose"), "{store}");
    assert_eq!(found(workspace, "lamp"), 1, "reading goes on");
    let refused = run_with_input(workspace, &["add", "-"], b"A new note.");
    assert_eq!(refused.code, 3, "nothing is written before the choice");
    let listed = run(workspace, &["restore"]);
    assert!(
        listed.last()["damage"].as_u64() > Some(0),
        "{}",
        listed.last()
    );
    assert_eq!(
        listed.last()["kept_aside"][0]["only_copy"],
        true,
        "what lies behind is kept"
    );

    run(workspace, &["doctor", "--accept-damage"]);
    assert_eq!(row(workspace, "store")["state"], "ok");
    keep(workspace, "A new note after the choice.");
    assert_eq!(
        (found(workspace, "lamp"), found(workspace, "choice")),
        (1, 1)
    );
    assert_eq!(found(workspace, "number11"), 0, "it lay behind the damage");
    assert_eq!(
        run(workspace, &["restore"]).last()["kept_aside"][0]["only_copy"],
        true,
        "and stays kept aside"
    );
}

#[test]
fn what_lies_behind_a_damage_can_be_got_back_from_what_is_kept_aside() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    damaged(workspace, 12);
    let listed = run(workspace, &["restore"]);
    let set = text(&listed.last()["kept_aside"][0]["id"]).to_owned();
    let preview = run(workspace, &["restore", &set, "--preview"]);
    assert_eq!(preview.code, 0, "{}", preview.stderr);
    let restored = run(workspace, &["restore", &set, "--yes"]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert_eq!(row(workspace, "store")["state"], "ok");
    assert_eq!(
        (found(workspace, "lamp"), found(workspace, "number11")),
        (1, 1),
        "the last note is back"
    );
    keep(workspace, "And it can be written.");
    let left: Vec<_> = std::fs::read_dir(workspace.join("memory_tree"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("salvaged"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing half-made stays");
}

/// A memory with one backup, and the file of that.
fn with_backup(workspace: &Path) -> std::path::PathBuf {
    keep(workspace, "The key is under the blue pot.");
    let made = run(workspace, &["backup"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    text(&made.last()["path"]).into()
}

#[test]
fn of_the_only_backup_that_is_damaged_it_is_said_that_there_is_no_other() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    let backup = with_backup(workspace);
    std::fs::write(&backup, "no database").unwrap();
    let main = workspace.join(oldgrowth_store::Store::FILE);
    std::fs::write(&main, vec![7_u8; 8_192]).unwrap();
    let id = backup.file_stem().unwrap().to_str().unwrap();
    let refused = run(workspace, &["restore", id, "--yes"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("no other copy") && refused.stderr.contains("restore_backup"),
        "{}",
        refused.stderr
    );
    let told = row(workspace, "backup");
    assert_eq!(told["state"], "warn", "and it is not forgotten: {told}");
    let listed = run(workspace, &["restore"]);
    let problem = &listed.last()["backups"][0]["problem"];
    assert!(problem.is_string(), "{}", listed.last());
    let left = run(workspace, &["doctor", "--fix", "restore_backup", "--yes"]);
    assert_eq!(left.code, 3, "it can't be done: {}", left.last());
    let plan = left.last();
    assert_eq!(
        (&plan["nothing_to_do"], &plan["undo"]),
        (&Value::Bool(true), &Value::Bool(false)),
        "{plan}"
    );
    assert!(
        text(&plan["summary"]).contains("There is no other"),
        "{plan}"
    );
}

#[test]
fn an_undo_is_promised_by_plan_and_receipt_alike_and_only_of_a_memory() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    keep(workspace, "A lamp.");
    let none = run(workspace, &["doctor", "--fix", "restore_backup"]);
    assert_eq!(none.code, 3, "there is no backup: {}", none.stderr);
    assert_eq!(none.last()["undo"], false, "{}", none.last());
    with_backup(workspace);
    let main = workspace.join(oldgrowth_store::Store::FILE);
    let spoil = |what: &str| match what {
        "missing" => std::fs::remove_file(&main).unwrap(),
        "unreadable" => std::fs::write(&main, vec![7_u8; 8_192]).unwrap(),
        "folder" => {
            std::fs::remove_file(&main).unwrap();
            std::fs::create_dir(&main).unwrap();
        }
        _ => {}
    };
    for what in ["missing", "unreadable", "folder", "a memory"] {
        spoil(what);
        let promised = what == "a memory";
        let plan = run(workspace, &["doctor", "--fix", "restore_backup"]);
        assert_eq!(plan.code, 2, "nobody is there to say yes: {what}");
        // Before the error that ends it.
        let plan = plan.lines.iter().find(|line| line["steps"].is_array());
        assert_eq!(plan.unwrap()["undo"], promised, "{what}: {plan:?}");
        let done = run(workspace, &["doctor", "--fix", "restore_backup", "--yes"]);
        assert_eq!(done.code, 0, "{what}: {}", done.stderr);
        let receipt = done.last();
        assert_eq!(
            receipt["undo_until"].is_string(),
            promised,
            "{what}: {receipt}"
        );
        assert_eq!(found(workspace, "pot"), 1, "{what}");
        let undone = run(workspace, &["doctor", "--undo", text(&receipt["id"])]);
        assert_eq!(undone.code == 0, promised, "{what}: {}", undone.stderr);
    }
}

#[test]
fn a_set_of_which_nothing_can_be_read_says_what_was_tried_and_that_nothing_changed() {
    let workspace = tempfile::tempdir().unwrap();
    let workspace = workspace.path();
    keep(workspace, "The first lamp stood in the window.");
    assert_eq!(run(workspace, &["backup"]).code, 0);
    std::fs::write(workspace.join("memory_tree/chunks.db"), [7; 8_192]).unwrap();
    let mended = run(workspace, &["doctor", "--fix", "restore_backup", "--yes"]);
    assert_eq!(mended.code, 0, "{}", mended.stderr);
    let listed = run(workspace, &["restore"]);
    let set = text(&listed.last()["kept_aside"][0]["id"]).to_owned();
    for arguments in [["restore", &set, "--preview"], ["restore", &set, "--yes"]] {
        let refused = run(workspace, &arguments);
        assert_ne!(refused.code, 0);
        for said in [
            "were read through",
            "nothing that could be got out of them is a memory",
            "nothing has been changed",
            "restore another copy",
        ] {
            assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
        }
    }
    assert_eq!(found(workspace, "lamp"), 1, "what was restored is there");
}
