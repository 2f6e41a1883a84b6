//! Sources on the command line: watching a folder, and the sample memories that can be removed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_engine::ports::Clock;
use oldgrowth_testkit::WallClock;
use oldgrowth_wire::{ImportPaths, Request};
use serde_json::Value;

use crate::support::{Serving, run, write};

/// Whatever is waited for comes long before this, or never.
const DEADLINE: Duration = Duration::from_secs(60);

fn home(workspace: &Path) -> Home {
    Home::open(
        Workspace::named(workspace.to_path_buf()),
        "a test",
        Arc::new(|_| {}),
    )
}

fn comes(what: &str, is_so: impl Fn() -> bool) {
    let clock = WallClock::start();
    while !is_so() {
        assert!(clock.monotonic() < DEADLINE, "never came: {what}");
    }
}

fn finds(workspace: &std::path::Path, words: &str) -> bool {
    let found = run(workspace, &["search", words]);
    found.last()["hits"]
        .as_array()
        .is_some_and(|hits| !hits.is_empty())
}

#[test]
fn a_watched_folder_is_read_by_itself_while_something_is_at_work() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (memory, folder) = (workspace.path(), notes.path().to_str().unwrap());
    write(notes.path(), "a.md", "The heron stands in the reeds.\n");
    run(memory, &["import", folder]);
    let unknown = run(memory, &["watch", "/nowhere/at/all"]);
    assert_eq!(unknown.code, 2, "only what was imported can be watched");
    let watched = run(memory, &["watch", folder]);
    assert_eq!(watched.code, 0, "{}", watched.stderr);
    let row = &watched.last()["sources"][0];
    assert_eq!(
        (&row["watched"], &row["watching"]),
        (&true.into(), &Value::Null)
    );
    let serving = Serving::start(memory);
    comes("the watch", || {
        run(memory, &["watch"]).last()["sources"][0]["watching"]["state"] == "watched"
    });
    write(notes.path(), "b.md", "The owl sits in the barn.\n");
    comes("the new file", || finds(memory, "owl"));
    let rows = run(memory, &["status"]);
    let rows = rows.last()["components"].as_array().unwrap();
    let row = rows.iter().find(|row| row["code"] == "watched_folders");
    assert_eq!(row.unwrap()["cause"], "1 folder is watched.");
    let off = run(memory, &["watch", folder, "--off"]);
    assert_eq!(off.last()["sources"][0]["watched"], false);
    drop(serving);
}

#[test]
fn the_samples_are_shown_and_removed() {
    let (workspace, samples) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = workspace.path();
    write(samples.path(), "a.md", "The heron stands in the reeds.\n");
    write(samples.path(), "b.md", "The owl sits in the barn.\n");
    let none = run(memory, &["samples", "--remove"]);
    assert_eq!((none.code, &none.last()["removed"]), (0, &false.into()));
    let home = home(memory);
    let paths = ImportPaths {
        paths: vec![samples.path().to_str().unwrap().to_owned()],
    };
    home.call(Request::SamplesStart(paths)).unwrap();
    comes("the samples", || {
        let batches = home.call(Request::Batches(Default::default())).unwrap();
        batches[0]["state"] == "done"
    });
    drop(home);
    let there = run(memory, &["samples"]);
    assert_eq!(there.last()["samples"]["documents"], 2);
    assert!(finds(memory, "owl"));
    let gone = run(memory, &["samples", "--remove"]);
    assert_eq!((gone.code, &gone.last()["removed"]), (0, &true.into()));
    assert!(!finds(memory, "owl"), "nothing of them is found");
    let sources = run(memory, &["watch"]);
    assert_eq!(sources.last()["sources"], Value::Array(Vec::new()));
}

#[test]
fn only_samples_can_be_removed() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(notes.path(), "a.md", "The heron stands in the reeds.\n");
    run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    let id = run(workspace.path(), &["watch"]).last()["sources"][0]["id"].clone();
    let home = home(workspace.path());
    let request: Request = serde_json::from_value(
        serde_json::json!({ "method": "source_remove", "params": { "id": id } }),
    )
    .unwrap();
    let refused = home.call(request).unwrap_err();
    assert_eq!(refused.message, "only the sample memories can be removed");
}
