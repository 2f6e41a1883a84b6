//! Days and topics on the command line, which grow out of an import before it ends.

use std::path::Path;

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::ports::Clock;
use oldgrowth_testkit::WallClock;
use serde_json::Value;

use crate::support::{oldgrowth, run, write};

const DAY_MS: i64 = 86_400_000;

fn tree(workspace: &Path, at: &[&str]) -> Value {
    let ran = run(workspace, &[&["tree"], at].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.last().clone()
}

fn titles(view: &Value) -> Vec<&str> {
    let rows = view["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["title"].as_str().unwrap())
        .collect()
}

#[test]
fn an_import_ends_with_its_days_summed_up_and_its_topics_gathered() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = workspace.path();
    let lately = UnixMs(WallClock::start().unix_ms() - 3 * DAY_MS).to_rfc3339();
    for number in 0..20 {
        let text = format!("---\ndate: {lately}\n---\nMarta Kovács rowed boat{number} home.\n");
        write(notes.path(), &format!("{number}.md"), text);
    }
    let old = "---\ndate: 2024-05-07\n---\nThe heron stood in the reeds.\n";
    write(notes.path(), "old.md", old);
    run(memory, &["import", notes.path().to_str().unwrap()]);
    let roots = tree(memory, &[]);
    assert_eq!(titles(&roots)[..2], ["Days", "Topics"]);
    assert_eq!(roots["rows"][0]["kind"], "branch");
    assert_eq!(roots["rows"][0]["passages"], 21, "each at its day");
    let years = tree(memory, &["days"]);
    assert_eq!(titles(&years).last(), Some(&"2024"));
    let mut view = years;
    for title in ["2024", "May 2024", "6–12 May 2024", "Tuesday 7 May 2024"] {
        let rows = view["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["title"] == title);
        let row = row.unwrap_or_else(|| panic!("{title} is in {view}"));
        let id = row["id"].as_str().unwrap();
        let shown = run(memory, &["show", id]);
        let sentence = &shown.last()["sentences"][0];
        assert_eq!(sentence["text"], "The heron stood in the reeds.", "{title}");
        assert_eq!(shown.last()["source_name"], title, "it says what it is of");
        view = tree(memory, &[id]);
    }
    let words = oldgrowth(memory).args(["tree", "topics"]).output().unwrap();
    assert!(String::from_utf8_lossy(&words.stdout).contains("Marta Kovács"));
    let names = run(memory, &["people", "--kind", "person"]);
    let id = names.last()["names"][0]["id"].as_str().unwrap().to_owned();
    let name = run(memory, &["people", &id]);
    let topic = name.last()["topic"].as_str().unwrap();
    let below = tree(memory, &[topic]);
    let passages: u64 = below["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["passages"].as_u64().unwrap())
        .sum();
    assert_eq!(passages, 20, "the name leads to what names it");
    let gone = run(memory, &["tree", "topic.en_0"]);
    assert_eq!(gone.code, 2, "{}", gone.stderr);
}
