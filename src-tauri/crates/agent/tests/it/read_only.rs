//! A memory that may be read and not written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_wire::{AddNote, Empty, ErrorCode, Event, Request, Search};
use parking_lot::Mutex;
use serde_json::Value;

use crate::full_disk::Volume;
use crate::person::Person;
use crate::support::{Ran, oldgrowth, run, write};

const NOBODY: u32 = 65_534;

/// A memory of one note, and the folder it came from.
fn remember(workspace: &Path) -> tempfile::TempDir {
    let notes = tempfile::tempdir().unwrap();
    write(notes.path(), "kettle.md", "The kettle is copper.");
    let brought = run(workspace, &["import", notes.path().to_str().unwrap()]);
    assert_eq!(
        brought.code, 0,
        "while it can be written: {}",
        brought.stderr
    );
    notes
}

fn store_of(status: &Value) -> &Value {
    status["components"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["code"] == "store"))
        .unwrap_or(&Value::Null)
}

/// All names below a folder, with their sizes.
fn picture(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            all.extend(picture(&path));
        }
        all.push((path, meta.len()));
    }
    all.sort();
    all
}

/// What is read is read, what would be kept is refused by its reason, and nothing is changed.
fn is_read_and_not_written(
    workspace: &Path,
    notes: &Path,
    why: &str,
    run: impl Fn(&[&str]) -> Ran,
) {
    let before = picture(workspace);
    for read in [
        ["search", "kettle"].as_slice(),
        &["recall", "What is copper?"],
        &["tree"],
        &["people"],
        &["people", "--kind", "person"],
        &["storage"],
        &["activity"],
    ] {
        let ran = run(read);
        assert_eq!(ran.code, 0, "{read:?} only reads: {}", ran.stderr);
    }
    let found = run(&["search", "kettle"]);
    assert_eq!(found.last()["hits"].as_array().map(Vec::len), Some(1));
    for write in [
        ["import", notes.to_str().unwrap()].as_slice(),
        &["backup"],
        &["settings", "set", "long_reads_max", "3"],
        &["pause"],
        &["doctor", "--fix", "fold_log", "--yes"],
        &["serve"],
    ] {
        let ran = run(write);
        assert_eq!(ran.code, 3, "{write:?} can't be done: {}", ran.stderr);
        let says_why = ran.stderr.contains(why) || write == ["serve"];
        assert!(says_why, "{write:?} says why: {}", ran.stderr);
        assert_eq!(
            ran.stderr.trim().lines().count(),
            2,
            "in a line, and one for what to do: {}",
            ran.stderr
        );
    }
    for look in [
        ["status"].as_slice(),
        &["doctor"],
        &["doctor", "--run", "all"],
    ] {
        let ran = run(look);
        assert_eq!(ran.code, 3, "{look:?}: {}", ran.stderr);
        let store = store_of(ran.last());
        let cause = store["cause"].as_str().unwrap_or_default();
        assert!(
            cause.contains(why) && cause.contains("can be read"),
            "{store}"
        );
        assert_eq!(ran.last()["headline"], *cause, "it comes before all else");
        assert_eq!(store["fixes"], serde_json::json!(["try_again"]), "{store}");
    }
    let doctor = run(&["doctor", "--run", "round_trip"]);
    let round_trip = doctor.last()["components"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["code"] == "round_trip"))
        .unwrap();
    assert_eq!(round_trip["state"], "unknown");
    assert!(
        round_trip["cause"].as_str().unwrap().starts_with("Skipped"),
        "{round_trip}"
    );
    assert_eq!(picture(workspace), before, "nothing has changed");
}

#[test]
fn a_memory_on_a_read_only_disk_is_read_and_told_in_words() {
    let Some(volume) = Volume::mount("32m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let workspace = volume.path().join("workspace");
    let notes = remember(&workspace);
    if !volume.make_read_only() {
        println!("skipped: this system does not make a volume read-only");
        return;
    }
    let here = |args: &[&str]| run(&workspace, args);
    is_read_and_not_written(&workspace, notes.path(), "read-only", here);
    let copy = notes.path().join("copy.db");
    let copied = run(&workspace, &["backup", "--to", copy.to_str().unwrap()]);
    assert_eq!(
        copied.code, 0,
        "elsewhere it may be copied to: {}",
        copied.stderr
    );
    let nothing = run(&volume.path().join("new"), &["status"]);
    assert_eq!(nothing.code, 3);
    assert!(
        nothing.stderr.contains("read-only") && !nothing.stderr.contains("--workspace"),
        "where nothing is to be read, it says why nothing is begun: {}",
        nothing.stderr
    );
}

#[test]
fn a_memory_in_a_folder_without_the_right_to_write_is_read_and_told_in_words() {
    let as_root = rustix::process::geteuid().is_root();
    for with_lock in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let workspace = folder.path().join("workspace");
        let notes = remember(&workspace);
        if !with_lock {
            fs::remove_file(workspace.join(".lock")).unwrap();
        }
        may_be_written(&workspace, false);
        fs::set_permissions(notes.path(), Permissions::from_mode(0o755)).unwrap();
        let data = tempfile::tempdir().unwrap();
        fs::set_permissions(data.path(), Permissions::from_mode(0o777)).unwrap();
        let as_another = |args: &[&str]| -> std::io::Result<Ran> {
            let mut command: Command = oldgrowth(&workspace);
            command
                .args(args)
                .env("XDG_DATA_HOME", data.path())
                .stdin(Stdio::null());
            if as_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command.output().map(Ran::from)
        };
        if let Err(error) = as_another(&["tree"]) {
            println!("skipped: no other account may run the program: {error}");
            return;
        }
        let run = |args: &[&str]| as_another(args).unwrap();
        is_read_and_not_written(&workspace, notes.path(), "may not write", run);
        may_be_written(&workspace, true);
    }
}

/// Gives or takes the right to write to all of a folder; everybody may read it.
fn may_be_written(folder: &Path, may: bool) {
    let (mode, folder_mode) = if may { (0o644, 0o755) } else { (0o444, 0o555) };
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            may_be_written(&path, may);
        } else {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(folder_mode)).unwrap();
}

#[test]
fn a_window_that_reads_goes_on_whole_when_its_disk_may_be_written_again() {
    let Some(volume) = Volume::mount("160m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let workspace = volume.path().join("workspace");
    remember(&workspace);
    if !volume.make_read_only() {
        println!("skipped: this system does not make a volume read-only");
        return;
    }
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    let listener = Arc::new(move |event: &Event| hearing.lock().push(event.clone()));
    let window = Home::open(Workspace::named(workspace.clone()), "a window", listener);
    let search = || {
        window.call(Request::Search(Search {
            query: "kettle".to_owned(),
            ..Search::default()
        }))
    };
    let note = || {
        window.call(Request::NoteAdd(AddNote {
            title: None,
            text: "The teapot is blue.".to_owned(),
            happened_at: None,
        }))
    };
    let try_now = || window.call(Request::StoreTryNow(Empty {})).unwrap();
    assert_eq!(search().unwrap()["hits"].as_array().map(Vec::len), Some(1));
    assert_eq!(note().map_err(|error| error.code), Err(ErrorCode::ReadOnly));
    assert_eq!(store_of(&try_now())["state"], "fail", "it still is");
    let beside = run(&workspace, &["search", "kettle"]);
    assert_eq!(beside.code, 0, "others read beside it: {}", beside.stderr);
    let moved = |event: &Event| matches!(event, Event::PlaceChanged);
    assert!(!heard.lock().iter().any(moved));
    assert!(volume.make_writable());
    let status = try_now();
    assert_eq!(store_of(&status)["state"], "ok", "{status}");
    assert!(
        heard.lock().iter().any(moved),
        "whoever shows it reads it anew"
    );
    note().unwrap();
    let through = run(&workspace, &["search", "teapot"]);
    assert_eq!(
        through.last()["hits"].as_array().map(Vec::len),
        Some(1),
        "and others reach it through the window again: {}",
        through.stderr
    );
    window.close();
}

#[test]
fn a_new_memory_is_offered_only_where_the_next_start_would_find_it() {
    let person = Person::new();
    let brought = person.run(&["status"]);
    assert_eq!(brought.code, 0, "{}", brought.stderr);
    let database = person.memory().join("memory_tree/chunks.db");
    fs::write(&database, vec![7_u8; 8_192]).unwrap();
    let offered = |ran: &Ran| -> Vec<String> {
        let fixes = store_of(ran.last())["fixes"].as_array().cloned();
        let names = fixes.unwrap_or_default().into_iter();
        names
            .filter_map(|fix| fix.as_str().map(str::to_owned))
            .collect()
    };
    let usual = offered(&person.run(&["doctor"]));
    assert!(usual.contains(&"start_fresh".to_owned()), "{usual:?}");
    let mut named = person.command();
    named.env("OLDGROWTH_WORKSPACE", person.memory());
    let named = offered(&named.arg("doctor").output().unwrap().into());
    assert_eq!(
        named,
        ["open_copy", "try_again", "restore_backup"],
        "where it was named there is no other memory, and a backup there is none"
    );
    let asked = run(
        &person.memory(),
        &["doctor", "--fix", "start_fresh", "--yes"],
    );
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    assert!(
        asked.stderr.contains("no other is begun") && !asked.stderr.contains("--workspace"),
        "{}",
        asked.stderr
    );
}
