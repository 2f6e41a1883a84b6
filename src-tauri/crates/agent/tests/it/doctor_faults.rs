//! Real faults, and that whoever asks hears of them in the same rows: `status`, `doctor`, and the window.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_engine::ports::Clock;
use oldgrowth_testkit::{Corpus, WallClock};
use oldgrowth_wire::{AddNote, Empty, ErrorCode, Event, HealthState, Request, Status};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::doctor::{break_word_index, kept, raw, row};
use crate::full_disk::Volume;
use crate::support::{oldgrowth, run};

const DEADLINE: Duration = Duration::from_secs(60);

/// A window that has the memory open and hears of its health.
struct Window {
    home: Home,
    heard: Arc<(Mutex<Option<Status>>, Condvar)>,
}

impl Window {
    fn open(workspace: &Path) -> Self {
        let heard: Arc<(Mutex<Option<Status>>, Condvar)> = Arc::default();
        let hearing = Arc::clone(&heard);
        let listener = move |event: &Event| {
            if let Event::Health(status) = event {
                let mut newest = hearing.0.lock();
                if newest
                    .as_ref()
                    .is_none_or(|before| before.seq <= status.seq)
                {
                    *newest = Some(status.clone());
                }
                hearing.1.notify_all();
            }
        };
        let workspace = Workspace::named(workspace.to_owned());
        let home = Home::open(workspace, "a window", Arc::new(listener));
        Self { home, heard }
    }

    /// What it was told, once it has heard of this number.
    fn told(&self, seq: u64) -> Value {
        self.hear(|status| status.seq >= seq)
    }

    /// What may be over in a moment is told when it has lasted.
    fn until_store_fails(&self) {
        self.hear(|status| status.components[0].state == HealthState::Fail);
    }

    fn hear(&self, is_it: impl Fn(&Status) -> bool) -> Value {
        let clock = WallClock::start();
        let mut newest = self.heard.0.lock();
        while !newest.as_ref().is_some_and(&is_it) {
            let left = DEADLINE.saturating_sub(clock.monotonic());
            let waited = self.heard.1.wait_for(&mut newest, left);
            assert!(!waited.timed_out(), "the window never hears of it");
        }
        serde_json::to_value(&*newest).unwrap()
    }
}

/// What the rows say; figures and times move with every look.
fn said(status: &Value) -> Vec<Value> {
    let rows = status["components"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            serde_json::json!([
                row["code"],
                row["state"],
                row["cause"],
                row["next"],
                row["since"],
                row["waits_for"],
                row["fixes"],
                row["group"],
            ])
        })
        .collect()
}

/// Asks everybody, and answers the rows that all of them tell.
fn same_rows(workspace: &Path, window: &Window, fault: &str) -> Value {
    let doctor = run(workspace, &["doctor"]);
    let status = run(workspace, &["status"]);
    let told = window.told(status.last()["seq"].as_u64().unwrap());
    assert_eq!(
        said(doctor.last()),
        said(status.last()),
        "{fault}: doctor and status"
    );
    assert_eq!(
        said(&told),
        said(status.last()),
        "{fault}: the window and status"
    );
    assert_eq!(
        (&told["headline"], &doctor.last()["headline"]),
        (&status.last()["headline"], &status.last()["headline"]),
        "{fault}: one sentence"
    );
    status.last().clone()
}

#[test]
fn every_fault_is_told_in_the_same_rows_to_everybody() {
    let memory = kept();
    let workspace = &memory.workspace();
    let window = Window::open(workspace);
    let well = same_rows(workspace, &window, "none");
    assert_eq!(well["state"], "ok", "{well}");

    raw(workspace)
        .execute_batch(
            "UPDATE jobs SET state = 'running', outcome = NULL, ended_at = NULL,
                             lease_until = 4000000000000, lease_token = 99
             WHERE id = (SELECT min(id) FROM jobs)",
        )
        .unwrap();
    let stuck = same_rows(workspace, &window, "a stuck job");
    assert_eq!(row(&stuck, "jobs")["fixes"][0], "release_stuck", "{stuck}");
    let released = run(workspace, &["doctor", "--fix", "release_stuck", "--yes"]);
    assert_eq!(released.code, 0, "{}", released.stderr);

    raw(workspace)
        .execute_batch("UPDATE documents SET imported_at = 4000000000000 WHERE id = (SELECT max(id) FROM documents)")
        .unwrap();
    let jumped = same_rows(workspace, &window, "a clock that is behind");
    assert_eq!(row(&jumped, "clock")["state"], "warn", "{jumped}");

    break_word_index(workspace);
    run(workspace, &["doctor", "--run", "integrity"]);
    let corrupt = same_rows(workspace, &window, "a corrupt index");
    assert_eq!(row(&corrupt, "integrity")["state"], "fail", "{corrupt}");

    // Another program keeps the file locked for writing.
    let locking = raw(workspace);
    locking.execute_batch("BEGIN IMMEDIATE").unwrap();
    run(workspace, &["doctor", "--run", "round_trip"]);
    let locked = same_rows(workspace, &window, "a locked file");
    let trip = row(&locked, "round_trip");
    assert_eq!(
        (&trip["state"], &trip["checked_at"]),
        (&Value::from("unknown"), &Value::Null),
        "it could not be looked at: {trip}"
    );
    let cause = trip["cause"].as_str().unwrap();
    assert!(cause.contains("another program holds it"), "{trip}");
    assert_eq!(
        locked["headline"],
        row(&locked, "integrity")["cause"],
        "what was found before is told still"
    );
    locking.execute_batch("ROLLBACK").unwrap();
    drop(locking);
    run(workspace, &["doctor", "--fix", "rebuild_index", "--yes"]);
    run(workspace, &["doctor", "--run", "round_trip"]);
    let mended = same_rows(workspace, &window, "mended");
    for code in ["integrity", "round_trip", "store", "jobs"] {
        assert_eq!(
            row(&mended, code)["state"],
            "ok",
            "{code}: {}",
            row(&mended, code)
        );
    }
    drop(window);
}

#[test]
fn work_that_a_killed_process_held_is_told_and_given_back() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace = workspace.path();
    Corpus::new(9).write_notes(notes.path(), 400, 12).unwrap();
    let mut importing = oldgrowth(workspace)
        .arg("import")
        .arg(notes.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It works on something from its first word on.
    let mut first = String::new();
    let mut out = std::io::BufReader::new(importing.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut first).unwrap();
    importing.kill().unwrap();
    importing.wait().unwrap();
    raw(workspace)
        .execute_batch(
            "UPDATE jobs SET state = 'running', lease_until = 4000000000000, lease_token = lease_token + 1
             WHERE id = (SELECT min(id) FROM jobs WHERE state = 'ready')",
        )
        .unwrap();
    let doctor = run(workspace, &["doctor"]);
    let status = run(workspace, &["status"]);
    let told = |status: &Value| {
        let jobs = row(status, "jobs");
        (
            jobs["state"].clone(),
            jobs["cause"].clone(),
            jobs["fixes"].clone(),
        )
    };
    assert_eq!(told(doctor.last()), told(status.last()), "the same row");
    let jobs = row(doctor.last(), "jobs");
    assert_eq!(
        jobs["state"], "ok",
        "it goes on with the next start: {jobs}"
    );
    assert_eq!(jobs["fixes"][0], "release_stuck", "{jobs}");
    let released = run(workspace, &["doctor", "--fix", "release_stuck", "--yes"]);
    assert_eq!(released.code, 0, "{}", released.stderr);
    let running: i64 = raw(workspace)
        .query_row(
            "SELECT count(*) FROM jobs WHERE state = 'running'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(running, 0, "nobody holds anything any more");
}

#[test]
fn a_full_disk_and_a_read_only_one_are_told_in_the_same_rows() {
    let Some(volume) = Volume::mount("24m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let workspace = volume.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let window = Window::open(&workspace);
    let well = same_rows(&workspace, &window, "none");
    assert_eq!(row(&well, "store")["state"], "ok", "{well}");
    let _ballast = volume.fill_but(200 * 1024);
    let looked = window.home.call(Request::StoreTryNow(Empty {}));
    assert!(looked.is_ok(), "{looked:?}");
    window.until_store_fails();
    let full = same_rows(&workspace, &window, "a full disk");
    assert_eq!(row(&full, "space")["state"], "fail", "{full}");
    let store = row(&full, "store");
    let told = format!("{} {}", store["cause"], store["next"]);
    for said in ["left)", "Nothing is lost", "can be read"] {
        assert!(told.contains(said), "{said}: {store}");
    }
    for row in [store, row(&full, "space")] {
        let next = row["next"].to_string();
        assert!(next.contains("With 5 MB free they go on"), "{row}");
    }
    let refused = window.home.call(Request::NoteAdd(AddNote {
        text: "A long note. ".repeat(40_000),
        title: None,
        happened_at: None,
    }));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, ErrorCode::DiskFull, "{refused:?}");
    let told = format!("{} {}", refused.message, refused.hint.unwrap_or_default());
    for said in [
        "less than 1 MB is free",
        "with 5 MB free",
        "nothing that has been kept is lost",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    window.home.close();
    drop(window);
    if !volume.make_read_only() {
        println!("skipped: this system does not make a volume read-only");
        return;
    }
    let (doctor, status) = (run(&workspace, &["doctor"]), run(&workspace, &["status"]));
    assert_eq!(
        (doctor.code, status.code),
        (3, 3),
        "both say that it can't be used"
    );
    assert_eq!(doctor.stderr, status.stderr, "in the same words");
}
