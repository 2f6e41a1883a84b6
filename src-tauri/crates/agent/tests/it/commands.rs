//! The commands, from a folder of files to a cited answer.

use serde_json::Value;

use crate::support::{run, run_with_input, write};

fn notes() -> tempfile::TempDir {
    let notes = tempfile::tempdir().unwrap();
    write(
        notes.path(),
        "travel/passport.md",
        "---\ntitle: Passport\ndate: 2023-04-02\n---\n\nThe old one is in the drawer.\n\nMy passport expires in March 2031. It is red.\n",
    );
    write(
        notes.path(),
        "garden.txt",
        "Roses\n\nWater the roses twice a week in summer.\n",
    );
    write(
        notes.path(),
        "recipe.html",
        "<html><head><title>Bread</title></head><body><h1>Bread</h1>\n<p>Knead the dough for ten minutes.</p></body></html>",
    );
    write(notes.path(), "護照.md", "我的護照在抽屜裡。\n");
    notes
}

fn hits(value: &Value) -> &Vec<Value> {
    value["hits"].as_array().unwrap()
}

#[test]
fn a_folder_becomes_a_cited_answer() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    let imported = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let first = &imported.lines[0];
    assert_eq!(
        (&first["event"], &first["items"]),
        (&"planned".into(), &4.into()),
        "the plan comes first"
    );
    let committed = imported.events("committed");
    assert_eq!(committed.len(), 4, "one line for each document");
    for line in &committed {
        assert!(line["document"].as_str().unwrap().starts_with("do_"));
        assert!(line["path"].as_str().unwrap().starts_with('/'));
        assert_eq!(line["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(line["chunks"], 1);
    }
    assert_eq!(imported.last()["new"], 4, "the summary line comes last");

    let answer = run(
        workspace.path(),
        &["recall", "When does my passport expire?"],
    );
    let first = &hits(answer.last())[0];
    assert_eq!(first["title"], "Passport");
    assert_eq!(
        first["happened_at"], "2023-04-02T00:00:00Z",
        "the date that the note states"
    );
    assert_eq!(
        (
            &first["locator"]["line_first"],
            &first["locator"]["line_last"]
        ),
        (&6.into(), &8.into())
    );
    let text = first["text"].as_str().unwrap();
    let quote = &text[first["quote"]["start"].as_u64().unwrap() as usize
        ..first["quote"]["end"].as_u64().unwrap() as usize];
    assert_eq!(
        quote, "My passport expires in March 2031.",
        "the very sentence"
    );

    let status = run(workspace.path(), &["status"]);
    assert_eq!(status.last()["state"], "ok", "{}", status.last());
    assert_eq!(status.last()["components"].as_array().unwrap().len(), 22);
    let doctor = run(workspace.path(), &["doctor"]);
    assert_eq!(doctor.code, 0);
    assert_eq!(
        doctor.last()["headline"],
        status.last()["headline"],
        "both speak from the same rows"
    );
}

#[test]
fn two_characters_of_chinese_are_found() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    let found = run(workspace.path(), &["search", "護照"]);
    assert_eq!(hits(found.last())[0]["text"], "我的護照在抽屜裡。");
    let single = run(workspace.path(), &["search", "抽"]);
    assert_eq!(hits(single.last()).len(), 1, "and one character");
}

#[test]
fn filters_narrow_by_source_and_day() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    run_with_input(
        workspace.path(),
        &["add", "--happened", "2020-01-05T10:00:00Z", "-"],
        b"An old passport photo.",
    );
    let count = |args: &[&str]| {
        let mut all = vec!["search", "passport"];
        all.extend(args);
        hits(run(workspace.path(), &all).last()).len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--source", "Notes"]), 1, "by name");
    assert_eq!(
        count(&["--from", "2023-04-02", "--to", "2023-04-02"]),
        1,
        "both days included"
    );
    assert_eq!(count(&["--to", "2022-12-31"]), 1);
    let unknown = run(
        workspace.path(),
        &["search", "passport", "--source", "nowhere"],
    );
    assert_eq!(unknown.code, 2, "an unknown source is a usage error");
    let no_date = run(
        workspace.path(),
        &["search", "passport", "--from", "last spring"],
    );
    assert_eq!(no_date.code, 2);
    assert!(
        no_date.stderr.contains("2024-05-03"),
        "with an example: {}",
        no_date.stderr
    );
}

#[test]
fn a_second_import_says_what_changed() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    let folder = notes.path().to_str().unwrap();
    run(workspace.path(), &["import", folder]);
    write(
        notes.path(),
        "garden.txt",
        "Roses\n\nWater the tulips instead.\n",
    );
    write(notes.path(), "new.md", "Something new.\n");
    let again = run(workspace.path(), &["import", folder]);
    let done = again.last();
    assert_eq!(
        (&done["new"], &done["changed"], &done["unchanged"]),
        (&1.into(), &1.into(), &3.into())
    );
    assert!(
        hits(run(workspace.path(), &["search", "roses twice"]).last())
            .iter()
            .all(|hit| hit["text"] != "Roses\n\nWater the roses twice a week in summer."),
        "the old version is no longer found"
    );
    assert_eq!(
        hits(run(workspace.path(), &["search", "tulips"]).last()).len(),
        1
    );
    let status = run(workspace.path(), &["doctor"]);
    assert_eq!(status.last()["state"], "ok", "{}", status.last());
}

#[test]
fn the_tree_can_be_walked_down_to_the_words() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for number in 0..40 {
        let text = format!(
            "# Day {number}\n\nOn day {number} the river carried {number} boats past the old mill.\n"
        );
        write(notes.path(), &format!("{number:02}.md"), text);
    }
    run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    let roots = run(workspace.path(), &["tree"]);
    let roots = roots.last()["rows"].as_array().unwrap();
    let source = roots.iter().find(|row| row["kind"] == "source").unwrap();
    assert_eq!(source["passages"], 40);
    let below = run(workspace.path(), &["tree", source["id"].as_str().unwrap()]);
    let rows = below.last()["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| row["passages"].as_u64().unwrap())
            .sum::<u64>(),
        40,
        "each passage is under exactly one row"
    );
    let summary = rows.iter().find(|row| row["kind"] == "summary").unwrap();
    let shown = run(workspace.path(), &["show", summary["id"].as_str().unwrap()]);
    let sentences = shown.last()["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    for sentence in sentences {
        let passage = run(
            workspace.path(),
            &["show", sentence["chunk"].as_str().unwrap()],
        );
        let chunks = passage.last()["chunks"].as_array().unwrap();
        let text: String = chunks
            .iter()
            .map(|chunk| chunk["text"].as_str().unwrap().replace('\n', " "))
            .collect();
        assert!(
            text.contains(sentence["text"].as_str().unwrap()),
            "each sentence is its passage's own words"
        );
    }
}

#[test]
fn a_note_is_kept_once() {
    let workspace = tempfile::tempdir().unwrap();
    let first = run_with_input(
        workspace.path(),
        &["add", "-"],
        "Der Schlüssel liegt unter dem Topf.".as_bytes(),
    );
    assert_eq!(first.last()["new"], true);
    let second = run_with_input(
        workspace.path(),
        &["add", "-"],
        "Der Schlu\u{308}ssel liegt unter dem Topf.".as_bytes(),
    );
    assert_eq!(
        second.last()["new"],
        false,
        "the same text in another normal form"
    );
    assert_eq!(first.last()["document"], second.last()["document"]);
    let found = run(workspace.path(), &["search", "schlussel"]);
    assert_eq!(hits(found.last()).len(), 1, "found without the umlaut too");
}

#[test]
fn wrong_use_ends_with_two_and_a_word() {
    let workspace = tempfile::tempdir().unwrap();
    for args in [
        vec!["search"],
        vec!["search", "?!"],
        vec!["show", "nonsense"],
        vec!["import", "/nowhere/at/all"],
        vec!["dance"],
    ] {
        let ran = run(workspace.path(), &args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty(), "{args:?} says why");
    }
}

#[test]
fn names_that_differ_only_in_their_normal_form_are_two_files() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(notes.path(), "caf\u{e9}.md", "The rhino sleeps.");
    write(notes.path(), "cafe\u{301}.md", "The heron fishes.");
    for _ in 0..2 {
        run(
            workspace.path(),
            &["import", notes.path().to_str().unwrap()],
        );
    }
    for animal in ["rhino", "heron"] {
        let found = run(workspace.path(), &["search", animal]);
        let hit = &hits(found.last())[0];
        let path = hit["locator"]["path"].as_str().unwrap();
        assert!(
            std::path::Path::new(path).exists(),
            "{animal} is cited where it is: {path}"
        );
    }
}

#[test]
fn a_file_has_one_place_however_its_folders_are_imported() {
    let (workspace, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let inner = home.path().join("notes");
    write(home.path(), "notes/x.md", "The zebra is striped.");
    let both = [inner.to_str().unwrap(), home.path().to_str().unwrap()];
    for folder in both {
        run(workspace.path(), &["import", folder]);
    }
    write(home.path(), "notes/x.md", "The okapi is shy.");
    for folder in both {
        run(workspace.path(), &["import", folder]);
    }
    let old = run(workspace.path(), &["search", "zebra"]);
    assert!(
        hits(old.last()).is_empty(),
        "the old text is no longer found"
    );
    assert_eq!(
        hits(run(workspace.path(), &["search", "okapi"]).last()).len(),
        1
    );
}

#[cfg(unix)]
#[test]
fn a_workspace_that_others_could_enter_is_made_private() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(workspace.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run(workspace.path(), &["status"]).code, 0);
    assert_eq!(mode(workspace.path()), 0o700, "the folder");
    for file in [".lock", "memory_tree/chunks.db"] {
        assert_eq!(mode(&workspace.path().join(file)), 0o600, "{file}");
    }
}

#[test]
fn an_export_of_conversations_is_counted_and_cited_as_what_it_is() {
    let (workspace, exports) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(
        exports.path(),
        "conversations.json",
        r#"[{"title": "Ferries", "create_time": 1700000000, "id": "c-1", "current_node": "a", "mapping": {
            "q": {"message": {"author": {"role": "user"}, "create_time": 1700000000,
                  "content": {"parts": ["When does the ferry sail?"]}}},
            "a": {"parent": "q", "message": {"author": {"role": "assistant"}, "create_time": 1700000010,
                  "content": {"parts": ["The ferry sails at seven."]}}}}}]"#,
    );
    write(
        exports.path(),
        "user.json",
        r#"{"email": "ada@example.org"}"#,
    );
    write(exports.path(), "ferry.md", "The ferry is green.\n");
    let imported = run(
        workspace.path(),
        &["import", exports.path().to_str().unwrap()],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let planned = &imported.lines[0];
    assert_eq!(
        (
            &planned["items"],
            &planned["conversations"],
            &planned["skipped"]
        ),
        (&2.into(), &1.into(), &1.into())
    );
    let told: Vec<&Value> = imported
        .events("committed")
        .into_iter()
        .map(|line| &line["conversation"])
        .collect();
    assert!(told.contains(&&"Ferries".into()), "by its title: {told:?}");
    assert!(told.contains(&&Value::Null), "and a file by its path");

    let asked = ["recall", "ferry", "--author", "you"];
    let answer = run(workspace.path(), &asked);
    let [hit] = hits(answer.last()).as_slice() else {
        panic!("what the person said, and nothing else: {}", answer.last());
    };
    assert_eq!(hit["author"], "You");
    assert_eq!(hit["locator"]["path"], "chatgpt:c-1", "which conversation");
    assert_eq!(hit["locator"]["line_first"], 1, "and which message");
    assert_eq!(
        hits(
            run(
                workspace.path(),
                &["search", "ferry", "--source", "chatgpt"]
            )
            .last()
        )
        .len(),
        2,
        "the source is named for the service"
    );
    let shown = run(
        workspace.path(),
        &["show", hit["document"].as_str().unwrap()],
    );
    assert_eq!(shown.last()["source_name"], "ChatGPT");
    assert_eq!(shown.last()["chunks"][1]["author"], "ChatGPT");

    let people = run(workspace.path(), &["people"]);
    let people = people.last()["people"].as_array().unwrap();
    assert_eq!(people.len(), 2);
    assert_eq!(people[0]["author"], "ChatGPT");
    assert_eq!(people[0]["first_at"], "2023-11-14T22:13:30Z");
    assert_eq!(people[0]["sources"][0]["name"], "ChatGPT");
}

#[test]
fn tags_are_given_with_an_import_and_asked_by() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    let folder = notes.path().to_str().unwrap();
    let travel = notes.path().join("travel");
    let imported = run(workspace.path(), &["import", folder, "--tag", "Home"]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let again = run(
        workspace.path(),
        &[
            "import",
            travel.to_str().unwrap(),
            "--tag",
            "#papers",
            "--tag",
            "HOME",
        ],
    );
    assert_eq!(again.last()["unchanged"], 1, "the file is known");

    let found = |args: &[&str]| -> Vec<Value> {
        let ran = run(workspace.path(), args);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        hits(ran.last())
            .iter()
            .map(|hit| hit["title"].clone())
            .collect()
    };
    let asked = ["recall", "water", "passport", "--tag", "home"];
    assert_eq!(found(&asked).len(), 2);
    assert_eq!(
        found(&["search", "water", "passport", "--tag", "Papers"]),
        ["Passport"]
    );
    let answer = run(workspace.path(), &["recall", "dough", "--tag", "papers"]);
    assert_eq!(
        answer.last()["behind"]["tag"],
        1,
        "what the tag hides is told"
    );

    let hit = &hits(run(workspace.path(), &asked).last())[0].clone();
    let shown = run(
        workspace.path(),
        &["show", hit["document"].as_str().unwrap()],
    );
    assert_eq!(shown.last()["tags"], hit["tags"]);
}

#[test]
fn what_can_be_no_tag_is_used_wrongly_and_nothing_is_imported() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), notes());
    let folder = notes.path().to_str().unwrap();
    let long = "a".repeat(65);
    for bad in ["a,b", "", "#", "a\nb", &long] {
        let imported = run(workspace.path(), &["import", folder, "--tag", bad]);
        assert_eq!(imported.code, 2, "{bad:?}: {}", imported.stderr);
        assert!(
            imported.stderr.contains("without commas"),
            "{}",
            imported.stderr
        );
    }
    let mut many = vec!["import".to_owned(), folder.to_owned()];
    many.extend((0..17).map(|at| format!("--tag=tag {at}")));
    let imported = run(workspace.path(), &many);
    assert_eq!(imported.code, 2);
    assert!(
        imported.stderr.contains("16 at most"),
        "{}",
        imported.stderr
    );
    let asked = run(workspace.path(), &["recall", "water", "--tag", "a,b"]);
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    let asked = run(workspace.path(), &["search", "water"]);
    assert_eq!(hits(asked.last()).len(), 0);
}
