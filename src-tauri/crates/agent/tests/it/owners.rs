//! One owner for each workspace; others are told who, or go through it.

#[cfg(unix)]
use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::process::Command;

use crate::support::{Serving, run, run_with_input, write};

#[cfg(unix)]
#[test]
fn an_owner_that_was_stopped_keeps_nobody_waiting() {
    let workspace = tempfile::tempdir().unwrap();
    let serving = Serving::start(workspace.path());
    let pid = serving.pid().to_string();
    let stopped = Command::new("kill").args(["-STOP", &pid]).status();
    assert!(stopped.unwrap().success(), "{pid} is stopped");
    for asked in [&["status"][..], &["doctor"], &["search", "owl"]] {
        let ran = run(workspace.path(), asked);
        assert_eq!(ran.code, 4, "{asked:?} ends: {}", ran.stderr);
        assert!(
            ran.stderr.contains(&pid) && ran.stderr.contains("does not answer"),
            "and says who does not answer: {}",
            ran.stderr
        );
    }
    let goes_on = Command::new("kill").args(["-CONT", &pid]).status();
    assert!(goes_on.unwrap().success(), "{pid} goes on");
    assert_eq!(run(workspace.path(), &["status"]).code, 0, "and answers");
}

#[cfg(unix)]
#[test]
fn an_owner_that_refuses_is_heard_at_once() {
    use std::os::unix::net::UnixStream;
    let workspace = tempfile::tempdir().unwrap();
    let _serving = Serving::start(workspace.path());
    let connected: Vec<_> = (0..32)
        .map(|_| {
            let stream = UnixStream::connect(workspace.path().join(".owner.sock")).unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            assert!(line.contains("ready"), "{line}");
            stream
        })
        .collect();
    let ran = run(workspace.path(), &["status"]);
    assert!(
        ran.stderr.contains("too many programs are connected")
            && ran.stderr.contains("close one and try again"),
        "by its own words, not by the lock's: {}",
        ran.stderr
    );
    drop(connected);
}

#[test]
fn a_document_of_any_length_comes_through_the_owner_whole() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    let line = "Words that fill the page, again and again, until it is full. ".repeat(18);
    let lines = 24 * 1024 * 1024 / line.len();
    let text: String = (0..lines)
        .map(|number| format!("Line{number} {line}\n\n"))
        .collect();
    write(notes.path(), "long.txt", &text);
    let _serving = Serving::start(workspace.path());
    let imported = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap(), "--wait"],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let document = imported.events("committed")[0]["document"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = run(workspace.path(), &["show", &document]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let chunks = shown.last()["chunks"].as_array().unwrap();
    assert_eq!(chunks.len() as u64, shown.last()["total"].as_u64().unwrap());
    let told: usize = chunks
        .iter()
        .map(|chunk| chunk["text"].as_str().unwrap().matches("Line").count())
        .sum();
    assert_eq!(
        told, lines,
        "every line of it, though no line of the socket is as long"
    );
}

#[test]
fn commands_go_through_the_owner() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    write(
        notes.path(),
        "a.md",
        "# Boat\n\nThe boat is called Heron.\n",
    );
    let _serving = Serving::start(workspace.path());
    let added = run_with_input(
        workspace.path(),
        &["add", "--title", "Keys", "-"],
        b"The keys are under the blue pot.",
    );
    assert_eq!(added.code, 0, "{}", added.stderr);
    let imported = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap(), "--wait"],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert_eq!(
        imported.events("committed").len(),
        1,
        "the owner's commits are told here"
    );
    assert_eq!(imported.last()["event"], "done");
    for (words, title) in [("blue pot", "Keys"), ("boat", "Boat")] {
        let found = run(workspace.path(), &["search", words]);
        assert_eq!(
            found.last()["hits"][0]["title"],
            title,
            "found through the owner"
        );
    }
}

#[test]
fn an_import_without_waiting_is_queued_with_the_owner() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    write(
        notes.path(),
        "a.md",
        "# Boat\n\nThe boat is called Heron.\n",
    );
    let _serving = Serving::start(workspace.path());
    let queued = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    assert_eq!(
        (queued.code, &queued.last()["event"]),
        (0, &"queued".into())
    );
    // The same import again, waited for, ends after the first.
    let waited = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap(), "--wait"],
    );
    assert_eq!(
        waited.last()["unchanged"],
        1,
        "the queued one has been done: {}",
        waited.last()
    );
}

#[test]
fn a_second_owner_is_told_who_holds_it() {
    let workspace = tempfile::tempdir().unwrap();
    let serving = Serving::start(workspace.path());
    let second = run(workspace.path(), &["serve"]);
    assert_eq!(second.code, 4, "held by another");
    assert!(
        second.stderr.contains("oldgrowth serve"),
        "by name: {}",
        second.stderr
    );
    assert!(
        second.stderr.contains(&serving.pid().to_string()),
        "and by process: {}",
        second.stderr
    );
}

#[test]
fn a_killed_owner_leaves_the_workspace_free() {
    let workspace = tempfile::tempdir().unwrap();
    drop(Serving::start(workspace.path()));
    let status = run(workspace.path(), &["status"]);
    assert_eq!(status.code, 0, "{}", status.stderr);
    let _again = Serving::start(workspace.path());
}
