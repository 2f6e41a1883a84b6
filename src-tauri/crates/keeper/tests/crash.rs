//! Facts about a process that is killed: what it acknowledged is there afterwards.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use common::*;
use oldgrowth_keeper::{Holder, LockError, WorkspaceLock};

const DATABASE: &str = "KEEPER_TEST_DATABASE";
const WORKSPACE: &str = "KEEPER_TEST_WORKSPACE";

fn this_test_as_child(test: &str, variable: &str, value: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(variable, value)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Does something only in a child process: writes until it is killed, and says what is durable.
#[test]
fn child_that_writes() {
    let Some(path) = std::env::var_os(DATABASE) else {
        return;
    };
    let (_keeper, file) = keep(path.as_ref());
    let mut out = std::io::stdout().lock();
    loop {
        let tickets: Vec<_> = (0..8)
            .map(|_| file.submit(|tx| insert_in(tx.connection(), "x")))
            .collect();
        for ticket in tickets {
            let id = ticket.wait().unwrap();
            writeln!(out, "committed {id}").unwrap();
        }
        out.flush().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let mut acknowledged: Vec<i64> = Vec::new();
    for round in 0..12 {
        let mut child = this_test_as_child("child_that_writes", DATABASE, &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = acknowledged.len() + 1 + round * 23;
        let mut killed = false;
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, id)) = line.split_once("committed ") {
                acknowledged.push(id.parse().unwrap());
            }
            if !killed && acknowledged.len() >= enough {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child was killed in the middle of its work");
        assert!(
            dir.path().join("a.db-wal").exists(),
            "it left its sidecars behind"
        );
        if round % 3 == 1 {
            std::fs::write(dir.path().join("a.db-shm"), vec![0x77_u8; 32 * 1024]).unwrap();
        }
        let (keeper, file) = keep(&path);
        let found: std::collections::HashSet<i64> = file
            .read(oldgrowth_keeper::Lane::Background, |tx| {
                let mut all = tx.connection().prepare("SELECT id FROM note")?;
                let rows = all.query_map([], |row| row.get(0))?;
                Ok::<_, oldgrowth_keeper::Error>(rows.collect::<Result<_, _>>()?)
            })
            .unwrap();
        for id in &acknowledged {
            assert!(
                found.contains(id),
                "row {id} was acknowledged in round <= {round}"
            );
        }
        assert_eq!(file.facts().opens, 1, "stale sidecars cost no second try");
        assert!(file.health().state.is_well(), "and no illness");
        keeper.shut_down();
    }
    let sound: String = outsider(&path)
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(sound, "ok", "the file is sound after twelve kills");
}

fn me(name: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        name: name.to_owned(),
        started_unix_ms: 1_700_000_000_123,
        endpoint: "/run/some where/socket".to_owned(),
    }
}

/// Does something only in a child process: holds the workspace until it is killed.
#[test]
fn child_that_holds() {
    let Some(dir) = std::env::var_os(WORKSPACE) else {
        return;
    };
    let _lock = WorkspaceLock::acquire(dir.as_ref(), &me("child")).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "held by {}", std::process::id()).unwrap();
    out.flush().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_holder_frees_the_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = this_test_as_child("child_that_holds", WORKSPACE, dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let pid: u32 = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, pid)) = line.split_once("held by ") {
            break pid.parse().unwrap();
        }
    };
    match WorkspaceLock::acquire(dir.path(), &me("second")) {
        Err(LockError::HeldBy(Some(holder))) => {
            assert_eq!(
                (holder.pid, holder.name.as_str()),
                (pid, "child"),
                "it says who"
            );
        }
        other => unreachable!("held by the child, not {other:?}"),
    }
    assert_eq!(
        WorkspaceLock::holder(dir.path()).map(|h| h.pid),
        Some(pid),
        "anybody can ask"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        WorkspaceLock::holder(dir.path()),
        None,
        "the dead hold nothing"
    );
    assert!(
        WorkspaceLock::acquire(dir.path(), &me("second")).is_ok(),
        "the system freed it"
    );
}

#[test]
fn a_workspace_has_one_owner_in_one_process_too() {
    let dir = tempfile::tempdir().unwrap();
    let ws = dir.path().join("ws");
    let lock = WorkspaceLock::acquire(&ws, &me("first\nname=forged")).unwrap();
    match WorkspaceLock::acquire(&ws, &me("second")) {
        Err(LockError::HeldBy(Some(holder))) => {
            assert_eq!(holder.name, "firstname=forged", "one line stays one line");
            assert_eq!(holder.endpoint, me("").endpoint, "spaces are kept");
        }
        other => unreachable!("held by the first, not {other:?}"),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in [".lock", ".owner"] {
            let mode = std::fs::metadata(ws.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name} is private");
        }
    }
    drop(lock);
    assert!(
        WorkspaceLock::acquire(&ws, &me("second")).is_ok(),
        "given back"
    );
}

#[test]
fn sidecars_left_by_a_crash_are_taken_over_with_nothing_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    for _ in 0..50 {
        insert(&file, "kept").unwrap();
    }
    for (name, index) in [
        ("whole", None),
        ("stale", Some(vec![0xa5_u8; 32 * 1024])),
        ("short", Some(vec![1_u8; 10])),
    ] {
        // What a kill leaves at this moment, under a folder of its own.
        let crashed = dir.path().join(name);
        std::fs::create_dir(&crashed).unwrap();
        for part in ["a.db", "a.db-wal", "a.db-shm"] {
            std::fs::copy(dir.path().join(part), crashed.join(part)).unwrap();
        }
        if let Some(bytes) = index {
            std::fs::write(crashed.join("a.db-shm"), bytes).unwrap();
        }
        let (_keeper, taken_over) = keep(&crashed.join("a.db"));
        assert_eq!(count(&taken_over), Ok(50), "{name}: every row is there");
        assert!(insert(&taken_over, "next").is_ok(), "{name}: it goes on");
        assert_eq!(
            taken_over.health().state,
            oldgrowth_keeper::Health::Ok,
            "{name}: by itself, and nobody is warned"
        );
        assert_eq!(taken_over.facts().opens, 1, "{name}: at the first try");
    }
}
