//! A folder that may not be written to: what is in it is read, nothing is changed, and it is said why.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]
#![expect(clippy::print_stderr, reason = "a test that is left out should say so")]

mod common;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use common::volume::SmallVolume;
use common::*;
use oldgrowth_keeper::{
    Class, Degraded, Error, Health, Holder, Keeper, KeptFile, Lane, LockError, WorkspaceLock,
};
use rusqlite::config::DbConfig;

const FOLDER: &str = "KEEPER_TEST_READING";
const NOBODY: u32 = 65_534;

/// What lies beside the main file.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Nothing,
    /// A log that holds a row of two, as after a power cut, or a copy made of the two files alone.
    Log,
    LogAndIndex,
}

const ALL: [Beside; 3] = [Beside::Nothing, Beside::Log, Beside::LogAndIndex];

/// Two rows of a database in use, copied from under it.
fn lay_out(folder: &Path, beside: Beside) -> PathBuf {
    let made = tempfile::tempdir().unwrap();
    let path = made.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "in the main file").unwrap();
    keeper.shut_down();
    let raw = outsider(&path);
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    raw.execute("INSERT INTO note (text) VALUES ('in the log')", [])
        .unwrap();
    let names: &[&str] = match beside {
        Beside::Nothing => {
            raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .unwrap();
            &["a.db"]
        }
        Beside::Log => &["a.db", "a.db-wal"],
        Beside::LogAndIndex => &["a.db", "a.db-wal", "a.db-shm"],
    };
    for name in names {
        fs::copy(made.path().join(name), folder.join(name)).unwrap();
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    folder.join("a.db")
}

fn reads_and_says_why(file: &KeptFile, told: &str) {
    assert_eq!(count(file), Ok(2), "{told}: all of it is read");
    assert!(
        matches!(insert(file, "x"), Err(Error::ReadOnly { .. })),
        "{told}: a write says what is missing"
    );
    assert_eq!(file.health().state, Health::ReadOnly, "{told}");
    let permit = file.reserve("test").unwrap();
    assert_eq!(
        permit.read(|tx| count_in(tx.connection())),
        Ok(2),
        "{told}: for long, too"
    );
}

fn me(name: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        name: name.to_owned(),
        started_unix_ms: 1,
        endpoint: "/run/socket".to_owned(),
    }
}

#[test]
fn a_read_only_volume_is_read_whatever_lies_beside_the_file() {
    for beside in ALL {
        let Some(volume) = SmallVolume::mount() else {
            return;
        };
        let path = lay_out(volume.folder(), beside);
        let before = picture(volume.folder());
        if !volume.make_read_only() {
            return eprintln!("skipped: this system does not make a volume read-only");
        }
        let (keeper, file) = keep(&path);
        reads_and_says_why(&file, &format!("{beside:?}"));
        assert!(file.facts().read_only_volume);
        let opens = file.facts().opens;
        let tried = file.read(Lane::Background, |tx| {
            // As a ticker does, while somebody reads.
            let tried = std::thread::scope(|scope| scope.spawn(|| file.try_now()).join());
            count_in(tx.connection()).map(|count| (tried.unwrap(), count))
        });
        assert!(matches!(tried, Ok((Err(Error::ReadOnly { .. }), 2))));
        assert_eq!(file.facts().opens, opens, "{beside:?}: nobody is disturbed");
        keeper.shut_down();
        assert_eq!(picture(volume.folder()), before, "{beside:?}");
    }
}

#[test]
fn a_read_only_workspace_is_shared_by_all_who_read_it() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let workspace = volume.folder().join("ws");
    let database = workspace.join("a.db");
    drop(WorkspaceLock::acquire(&workspace, &me("before")).unwrap());
    let whole = WorkspaceLock::acquire_or_read(&workspace, &me("first"), &database).unwrap();
    assert!(!whole.reads_only(), "it can be written");
    assert_eq!(
        WorkspaceLock::holder(&workspace).map(|holder| holder.name),
        Some("first".to_owned())
    );
    drop(whole);
    fs::write(&database, "a database").unwrap();
    let bare = volume.folder().join("bare");
    fs::create_dir(&bare).unwrap();
    fs::write(bare.join("a.db"), "a database").unwrap();
    if !volume.make_read_only() {
        return eprintln!("skipped: this system does not make a volume read-only");
    }
    let first = WorkspaceLock::acquire_or_read(&workspace, &me("first"), &database).unwrap();
    let second = WorkspaceLock::acquire_or_read(&workspace, &me("second"), &database).unwrap();
    assert!(first.reads_only() && second.reads_only());
    assert!(
        matches!(
            WorkspaceLock::acquire(&workspace, &me("third")),
            Err(LockError::Io(_))
        ),
        "nobody gets it to write"
    );
    let without_file = WorkspaceLock::acquire_or_read(&bare, &me("first"), &bare.join("a.db"));
    assert!(without_file.unwrap().reads_only(), "nobody can write there");
    for nothing in [&workspace, &volume.folder().join("new")] {
        let taken = WorkspaceLock::acquire_or_read(nothing, &me("first"), &nothing.join("b.db"));
        assert!(
            matches!(taken, Err(LockError::Io(_))),
            "where there is nothing to read nothing is begun: {taken:?}"
        );
    }
}

#[test]
fn whoever_reads_alone_writes_nothing_though_the_folder_allows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = lay_out(folder.path(), Beside::Nothing);
    let main = fs::read(&path).unwrap();
    let keeper = Keeper::reading(real());
    let file = keeper.file(&path, SCHEMA).unwrap();
    reads_and_says_why(&file, "a writable folder");
    assert!(matches!(file.try_now(), Err(Error::ReadOnly { .. })));
    keeper.shut_down();
    assert_eq!(fs::read(&path).unwrap(), main);
    let missing = Keeper::reading(real());
    let file = missing.file(&folder.path().join("b.db"), SCHEMA).unwrap();
    assert!(count(&file).is_err(), "nothing is made");
    assert!(!folder.path().join("b.db").exists());
}

/// This test in a process that may not write to the folder: another account's, or, where this one is not the
/// system's own, its own after the right was taken away. `None` where that account may not run the test.
fn without_the_right(test: &str, folder: &Path) -> Option<Child> {
    let as_root = rustix::process::geteuid().is_root();
    let mode = if as_root { 0o755 } else { 0o555 };
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if as_root {
        child.uid(NOBODY).gid(NOBODY);
    }
    match child.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            eprintln!("skipped: no other account may run this test: {error}");
            None
        }
    }
}

fn ended_well(child: Child, folder: &Path, what: &str) {
    let ended = child.wait_with_output().unwrap();
    give_back(folder);
    assert!(
        ended.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&ended.stdout)
    );
}

/// Back to what the test's own clean-up needs.
fn give_back(folder: &Path) {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
}

fn kept_to_read(path: &Path) -> (WorkspaceLock, Keeper, Arc<KeptFile>) {
    let folder = path.parent().unwrap();
    let lock = WorkspaceLock::acquire_or_read(folder, &me("reader"), path).unwrap();
    assert!(lock.reads_only());
    let keeper = Keeper::reading(real());
    let file = keeper.file(path, SCHEMA).unwrap();
    (lock, keeper, file)
}

#[test]
fn without_the_right_to_write_it_is_read_whatever_lies_beside_the_file() {
    const NAME: &str = "without_the_right_to_write_it_is_read_whatever_lies_beside_the_file";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let (_lock, keeper, file) = kept_to_read(&PathBuf::from(&folder).join("a.db"));
        reads_and_says_why(&file, "another's");
        assert!(!file.facts().read_only_volume);
        return keeper.shut_down();
    }
    for beside in ALL {
        for lock in [None, Some(0o644), Some(0o000)] {
            let folder = tempfile::tempdir().unwrap();
            lay_out(folder.path(), beside);
            if let Some(mode) = lock {
                fs::write(folder.path().join(".lock"), "").unwrap();
                fs::set_permissions(folder.path().join(".lock"), Permissions::from_mode(mode))
                    .unwrap();
            }
            let before = listing(folder.path());
            let Some(child) = without_the_right(NAME, folder.path()) else {
                return;
            };
            ended_well(
                child,
                folder.path(),
                &format!("{beside:?}, lock file {lock:?}"),
            );
            assert_eq!(
                listing(folder.path()),
                before,
                "{beside:?}: nothing is made"
            );
        }
    }
}

#[test]
fn what_was_read_while_somebody_changed_it_is_given_to_nobody() {
    const NAME: &str = "what_was_read_while_somebody_changed_it_is_given_to_nobody";
    let say = |word: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{word}").unwrap();
        out.flush().unwrap();
    };
    if let Some(folder) = std::env::var_os(FOLDER) {
        let (_lock, keeper, file) = kept_to_read(&PathBuf::from(&folder).join("a.db"));
        assert_eq!(count(&file), Ok(2));
        let read = file.read(Lane::Background, |tx| {
            say("it reads");
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).unwrap();
            count_in(tx.connection())
        });
        assert_eq!(read.map_err(|e| e.class()), Err(Class::TransientIo));
        assert_eq!(
            count(&file),
            Ok(3),
            "the next one is right, beside the writer"
        );
        return keeper.shut_down();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = lay_out(folder.path(), Beside::Nothing);
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: nobody else may write where this account may not");
    }
    fs::write(folder.path().join(".lock"), "").unwrap();
    let Some(mut child) = without_the_right(NAME, folder.path()) else {
        return;
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("it reads")),
        "it is in the middle of it"
    );
    let taken = WorkspaceLock::acquire(folder.path(), &me("writer"));
    assert!(
        matches!(taken, Err(LockError::HeldBy(_))),
        "a writer that asks for the workspace is kept away: {taken:?}"
    );
    // It has made the folder private all the same, and this reader is another account's.
    give_back(folder.path());
    let writer = outsider(&path);
    writer
        .execute(
            "INSERT INTO note (text) VALUES ('by one that does not ask')",
            [],
        )
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let told: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{told:?}");
}

#[test]
fn what_not_even_can_be_read_is_not_called_read_only() {
    const NAME: &str = "what_not_even_can_be_read_is_not_called_read_only";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let (_lock, keeper, file) = kept_to_read(&PathBuf::from(&folder).join("a.db"));
        assert!(matches!(count(&file), Err(Error::ReadOnly { .. })));
        let class = Class::Permission;
        let health = file.health().state;
        assert!(
            matches!(health, Health::Degraded(Degraded::Failing { class: of, .. }) if of == class),
            "{health:?}"
        );
        let opens = file.facts().opens;
        assert!(count(&file).is_err());
        assert_eq!(file.facts().opens, opens, "it waits for the right");
        return keeper.shut_down();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = lay_out(folder.path(), Beside::Nothing);
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    let Some(child) = without_the_right(NAME, folder.path()) else {
        return;
    };
    ended_well(child, folder.path(), "a file that may not be read");
}
