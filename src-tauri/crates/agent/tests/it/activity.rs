//! Pausing, resuming and trying again, through the socket of whoever works.

use serde_json::Value;

use crate::support::{Ran, Serving, run, write};

fn done(ran: Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.last().clone()
}

#[test]
fn a_pause_outlives_a_killed_owner_and_what_is_queued_meanwhile_waits() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    write(notes.path(), "a.md", "The boat is called Heron.\n");
    let folder = notes.path().to_str().unwrap();
    let serving = Serving::start(workspace.path());
    let paused = done(run(workspace.path(), &["pause"]));
    assert_eq!(paused["paused"]["by"], "person");
    assert_eq!(
        done(run(workspace.path(), &["pause"])),
        paused,
        "once more changes nothing"
    );
    let imported = run(workspace.path(), &["import", folder, "--wait"]);
    assert_eq!(
        (imported.code, &imported.last()["paused"]),
        (1, &true.into()),
        "who waits for it is told that it is paused: {}",
        imported.stderr
    );
    drop(serving); // Killed.

    let imported = run(workspace.path(), &["import", folder]);
    assert_eq!(
        (imported.code, &imported.last()["paused"]),
        (1, &true.into()),
        "the command line as owner begins nothing either: {}",
        imported.stderr
    );
    let _serving = Serving::start(workspace.path());
    let activity = done(run(workspace.path(), &["activity"]));
    assert_eq!(activity["work"]["paused"], paused["paused"], "since then");
    assert_eq!(activity["waiting"][0]["kind"], "import");
    assert_eq!(activity["waiting"][0]["count"], 2);
    assert_eq!(activity["imports"][0]["state"], "running");
    let status = done(run(workspace.path(), &["status"]));
    let rows = status["components"].as_array().unwrap();
    let jobs = rows.iter().find(|row| row["code"] == "jobs").unwrap();
    assert_eq!(
        (&jobs["state"], &jobs["cause"]),
        (&"ok".into(), &"Paused. 2 pieces of work wait.".into())
    );

    assert_eq!(
        done(run(workspace.path(), &["resume"]))["paused"],
        Value::Null
    );
    let again = done(run(workspace.path(), &["import", folder, "--wait"]));
    assert_eq!(again["unchanged"], 1, "what waited has been read: {again}");
}

#[test]
fn what_failed_is_named_with_its_reason_and_tried_again() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    for name in ["a.md", "b.md"] {
        write(notes.path(), name, format!("Of {name}.\n"));
    }
    let folder = notes.path().to_str().unwrap();
    let _serving = Serving::start(workspace.path());
    done(run(workspace.path(), &["pause"]));
    let queued = done(run(workspace.path(), &["import", folder]));
    assert_eq!(queued["event"], "queued");
    std::fs::remove_file(notes.path().join("b.md")).unwrap();
    done(run(workspace.path(), &["resume"]));
    // The same kind of work again, waited for, ends after it.
    write(notes.path(), "c.md", "Of c.md.\n");
    let third = notes.path().join("c.md");
    done(run(
        workspace.path(),
        &["import", third.to_str().unwrap(), "--wait"],
    ));
    let activity = done(run(workspace.path(), &["activity"]));
    let failed = &activity["failed"][0];
    assert_eq!(
        (&failed["reason"], &failed["items"]),
        (&"vanished".into(), &1.into()),
        "{activity}"
    );
    let path = failed["newest"][0]["item"]["path"].as_str().unwrap();
    assert!(path.ends_with("/b.md"), "{path}");

    let other = done(run(workspace.path(), &["retry", "--reason", "too_large"]));
    assert_eq!(other["queued"], 0);
    write(notes.path(), "b.md", "Of b.md, which is back.\n");
    let retried = done(run(workspace.path(), &["retry", "--reason", "vanished"]));
    assert_eq!(retried["queued"], 1);
    done(run(workspace.path(), &["import", folder, "--wait"]));
    let activity = done(run(workspace.path(), &["activity"]));
    assert_eq!(activity["failed"], Value::Array(Vec::new()));
    let found = done(run(workspace.path(), &["search", "which is back"]));
    assert_eq!(found["hits"].as_array().unwrap().len(), 1);
    assert_eq!(done(run(workspace.path(), &["retry"]))["queued"], 0);
}
