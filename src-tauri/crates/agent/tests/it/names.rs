//! Whom and what the memory names, on the command line: through whoever has it, and alone.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use oldgrowth_engine::ports::Clock;
use oldgrowth_models::BuiltIn;
use oldgrowth_testkit::WallClock;
use serde_json::Value;

use crate::support::{Serving, oldgrowth, run, write};

/// Whatever is waited for comes long before this, or never.
const DEADLINE: Duration = Duration::from_secs(60);

fn named(workspace: &Path, args: &[&str]) -> Value {
    let ran = run(workspace, &[&["people"], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.last().clone()
}

fn called(list: &Value) -> Vec<(&str, u64)> {
    let names = list["names"].as_array().unwrap();
    names
        .iter()
        .map(|one| {
            let mentions = one["mentions"].as_u64().unwrap();
            (one["name"].as_str().unwrap(), mentions)
        })
        .collect()
}

#[test]
fn an_import_ends_with_the_names_known_and_each_leads_to_its_passages() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = workspace.path();
    write(
        notes.path(),
        "a.md",
        "Marta Kovács wrote from Lisbon. She met Tom Weber.\n",
    );
    write(notes.path(), "b.md", "Marta Kovács paid €12.50.\n");
    run(memory, &["import", notes.path().to_str().unwrap()]);
    let people = named(memory, &["--kind", "person"]);
    assert_eq!(called(&people), [("Marta Kovács", 2), ("Tom Weber", 1)]);
    assert_eq!(people["left"]["passages"], 0);
    let found = named(memory, &["kovacs"]);
    assert_eq!(called(&found), [("Marta Kovács", 2)], "a part of the name");
    let money = named(memory, &["--kind", "money"]);
    assert_eq!(called(&money), [("EUR 12.50", 1)]);
    let id = people["names"][0]["id"].as_str().unwrap();
    let marta = named(memory, &[id, "--limit", "1"]);
    assert_eq!(marta["passages_total"], 2);
    assert_eq!(marta["passages"].as_array().map(Vec::len), Some(1));
    let chunk = marta["passages"][0]["chunk"].as_str().unwrap();
    let shown = run(memory, &["show", chunk]);
    assert_eq!(shown.code, 0, "and to the memory: {}", shown.stderr);
    let near = &shown.last()["near"];
    let names = near["names"].as_array().unwrap();
    assert_eq!(
        names[0]["name"], "Marta Kovács",
        "which tells whom it names"
    );
    // So soon nothing is embedded, and without its weights a program embeds nothing.
    let program = Path::new(env!("CARGO_BIN_EXE_oldgrowth"));
    let state = match BuiltIn::of_program(program, NonZeroUsize::MIN) {
        Some(_) => "to_come",
        None => "no",
    };
    assert_eq!(near["similar_by"], state);
    let gone = run(memory, &["people", "en_0"]);
    assert_eq!(gone.code, 2, "{}", gone.stderr);
    let words = oldgrowth(memory).args(["people"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&words.stdout).contains("\"people\":[]"),
        "who speaks is told as before"
    );
}

#[test]
fn what_comes_while_somebody_serves_is_looked_through_by_itself() {
    let workspace = tempfile::tempdir().unwrap();
    let memory = workspace.path();
    let notes = tempfile::tempdir().unwrap();
    let note = notes.path().join("note.txt");
    std::fs::write(&note, "Marta Kovács was here.").unwrap();
    let added = run(memory, &["add", note.to_str().unwrap()]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let alone = named(memory, &["--kind", "person"]);
    assert_eq!(
        (called(&alone).len(), alone["left"]["passages"].as_u64()),
        (0, Some(1)),
        "nobody has looked, and it says so"
    );
    let _serving = Serving::start(memory);
    let clock = WallClock::start();
    let known = loop {
        let now = named(memory, &["--kind", "person"]);
        if now["left"]["passages"] == 0 {
            break now;
        }
        assert!(clock.monotonic() < DEADLINE, "never came: the names");
    };
    assert_eq!(called(&known), [("Marta Kovács", 1)]);
}
