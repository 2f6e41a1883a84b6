//! Every step that backup, quarantine, restore and migration take beside SQLite is failed once, failed from
//! there on, and made the last of its process. What was acknowledged must be in the database or in
//! quarantine, and the next open must work.
#![cfg(feature = "torture")]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::*;
use oldgrowth_keeper::torture::{Act, Plan, arm, disarm, visits};
use oldgrowth_keeper::{BackupKind, Keeper, Source};

const FOLDER: &str = "KEEPER_TEST_INTERRUPTED";
const WORK: &str = "KEEPER_TEST_WORK";
const VISIT: &str = "KEEPER_TEST_VISIT";
const WORKS: [&str; 4] = ["backup", "set_aside", "restore", "migrate"];
const ENOSPC: i32 = 28;
const EIO: i32 = 5;
/// The process has one plan; tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join("a.db")
}

/// A backup with one row, and a database with two, the second of which is in its WAL.
fn prepare(dir: &Path) {
    use rusqlite::config::DbConfig;
    let (keeper, file) = keep(&path_in(dir));
    insert(&file, "one").unwrap();
    file.backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    keeper.shut_down();
    let raw = outsider(&path_in(dir));
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    raw.execute("INSERT INTO note (text) VALUES ('two')", [])
        .unwrap();
}

/// Does the work with the plan armed. Whether it succeeded.
fn work(dir: &Path, what: &str, plan: Option<Plan>) -> bool {
    let keeper = Keeper::new(real());
    let schema = if what == "migrate" {
        SCHEMA_LATER
    } else {
        SCHEMA
    };
    let file = keeper.file(&path_in(dir), schema).unwrap();
    let source = file.backups().unwrap().into_iter().next().unwrap();
    if what != "migrate" {
        assert_eq!(count(&file), Ok(2), "both rows are there before");
    }
    arm(plan);
    let done = match what {
        "backup" => file
            .backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
            .map(drop),
        "set_aside" => file.set_aside_copy().map(drop),
        "restore" => file.restore(&Source::Backup(source)).map(drop),
        _ => count(&file).map(drop),
    };
    disarm();
    keeper.shut_down();
    done.is_ok()
}

fn sites(what: &str) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    assert!(work(dir.path(), what, None), "{what} works undisturbed");
    let visited = visits();
    assert!(!visited.is_empty(), "{what} has steps of ours");
    visited.len() as u64
}

fn texts(path: &Path) -> Vec<String> {
    let raw = outsider(path);
    let sound: String = raw
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(sound, "ok", "what can be read is sound");
    let mut statement = raw.prepare("SELECT text FROM note ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The next open works, and both rows are in the database or in a set of the quarantine.
fn both_rows_are_kept(dir: &Path, what: &str, whence: &str) {
    let keeper = Keeper::new(real());
    let schema = if what == "migrate" {
        SCHEMA_LATER
    } else {
        SCHEMA
    };
    let file = keeper.file(&path_in(dir), schema).unwrap();
    let rows = count(&file);
    assert!(rows.is_ok(), "{whence}: the next open works, not {rows:?}");
    insert(&file, "after").unwrap();
    let sets = file.quarantined().unwrap();
    for backup in file.backups().unwrap() {
        assert_eq!(file.verify(&backup), Ok(()), "{whence}: a backup is whole");
    }
    keeper.shut_down();
    assert!(
        !dir.join("restore.json").exists(),
        "{whence}: nothing is left under way"
    );
    let here = texts(&path_in(dir));
    if here == ["one", "two", "after"] {
        return;
    }
    assert_eq!(
        (what, here.as_slice()),
        ("restore", ["one".to_owned(), "after".to_owned()].as_slice()),
        "{whence}: only a restore takes a row away"
    );
    let kept = sets
        .iter()
        .map(|set| set.folder.join("moved").join("a.db"))
        .find(|path| path.exists())
        .unwrap();
    assert_eq!(texts(&kept), ["one", "two"], "{whence}: into quarantine");
}

#[test]
fn a_step_that_fails_loses_nothing() {
    let _turn = turn();
    for what in WORKS {
        let mut refused = 0;
        let all = sites(what);
        for at_visit in 1..=all {
            for (errno, sticky) in [(ENOSPC, false), (ENOSPC, true), (EIO, false), (EIO, true)] {
                let dir = tempfile::tempdir().unwrap();
                prepare(dir.path());
                let act = Act::Fail { errno };
                let plan = Plan {
                    at_visit,
                    sticky,
                    act,
                };
                let done = work(dir.path(), what, Some(plan));
                refused += u64::from(!done);
                let whence = format!("{what} at {at_visit}/{all}, {plan:?}");
                both_rows_are_kept(dir.path(), what, &whence);
            }
        }
        assert!(refused > 0, "{what}: faults were noticed");
    }
}

/// Does something only in a child process: works until the step at which it ends.
#[test]
fn child_that_ends_at_a_step() {
    let Some(dir) = std::env::var_os(FOLDER) else {
        return;
    };
    let visit = std::env::var(VISIT).unwrap().parse().unwrap();
    let plan = Plan {
        at_visit: visit,
        sticky: false,
        act: Act::Abort,
    };
    work(dir.as_ref(), &std::env::var(WORK).unwrap(), Some(plan));
}

#[test]
fn a_process_that_ends_at_a_step_loses_nothing() {
    let _turn = turn();
    for what in WORKS {
        let all = sites(what);
        for at_visit in 1..=all {
            let dir = tempfile::tempdir().unwrap();
            prepare(dir.path());
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["child_that_ends_at_a_step", "--exact"])
                .env(FOLDER, dir.path())
                .env(WORK, what)
                .env(VISIT, at_visit.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(!status.success(), "{what} ended at {at_visit}");
            let whence = format!("{what} ended at {at_visit}/{all}");
            both_rows_are_kept(dir.path(), what, &whence);
        }
    }
}
