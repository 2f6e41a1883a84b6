//! Torture of what is done to files beside SQLite: each step of a backup, a restore, a migration and of
//! making a main file anew fails once, fails for good, or is where the process ends. Whatever happens, all
//! that was there can be had from the main file or from quarantine, and the next open works.
#![cfg(feature = "torture")]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use common::*;
use oldgrowth_keeper::torture::{Act, Plan, arm, disarm, visits};
use oldgrowth_keeper::{BackupKind, Error, Keeper, KeptFile, Lane, Schema, Source};
use rusqlite::config::DbConfig;

const FOLDER: &str = "KEEPER_TEST_VAULT_FOLDER";
const SCENE: &str = "KEEPER_TEST_VAULT_SCENE";
const VISIT: &str = "KEEPER_TEST_VAULT_VISIT";
const ENOSPC: i32 = 28;
const EIO: i32 = 5;
/// What the child answers when it came to its end, because the visit was never made.
const CAME_THROUGH: i32 = 77;

/// The plan of faults is one for the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Backup,
    BackupTo,
    Restore,
    RestoreBroken,
    RestoreSet,
    RestoreTo,
    Migrate,
    Materialise,
}

const SCENES: [Scene; 8] = [
    Scene::Backup,
    Scene::BackupTo,
    Scene::Restore,
    Scene::RestoreBroken,
    Scene::RestoreSet,
    Scene::RestoreTo,
    Scene::Migrate,
    Scene::Materialise,
];

type Rows = BTreeSet<String>;

fn rows(names: &[&str]) -> Rows {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn backed_up() -> Rows {
    rows(&["one", "two", "three"])
}

fn here() -> Rows {
    rows(&["one", "two", "three", "later", "in the wal"])
}

/// In memory where there is such a place: neither a failed step nor a killed process reaches it.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}

impl Scene {
    fn schema(self) -> Schema {
        match self {
            Scene::Migrate => SCHEMA_LATER,
            _ => SCHEMA,
        }
    }

    /// The files as they are before.
    fn set_up(self, dir: &Path) {
        let path = dir.join("a.db");
        let (keeper, file) = keep(&path);
        for text in ["one", "two", "three"] {
            insert(&file, text).unwrap();
        }
        file.backup(BackupKind::Recent, &mut |_| {
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        insert(&file, "later").unwrap();
        if self == Scene::RestoreSet {
            file.restore(&Source::Backup(file.backups().remove(0)))
                .unwrap();
        }
        keeper.shut_down();
        match self {
            Scene::RestoreSet => {}
            Scene::RestoreBroken => {
                // Beside it a WAL that nothing has folded in, and that SQLite would take for that of
                // whatever comes in the place of its file.
                let raw = keep_wal(&path);
                raw.execute("INSERT INTO note (text) VALUES ('in the wal')", [])
                    .unwrap();
                drop(raw);
                fs::write(&path, vec![0x55_u8; 40_000]).unwrap();
            }
            Scene::Materialise => {
                let raw = keep_wal(&path);
                raw.execute_batch(
                    "INSERT INTO note (text) VALUES ('in the wal');
                     PRAGMA user_version = 1; VACUUM;",
                )
                .unwrap();
                drop(raw);
                fs::remove_file(&path).unwrap();
            }
            _ => {
                let raw = keep_wal(&path);
                raw.execute("INSERT INTO note (text) VALUES ('in the wal')", [])
                    .unwrap();
            }
        }
    }

    fn act(self, file: &KeptFile, dir: &Path) -> Result<(), Error> {
        let backup = || Source::Backup(file.backups().remove(0));
        match self {
            Scene::Backup => file
                .backup(BackupKind::Recent, &mut |_| {
                    std::ops::ControlFlow::Continue(())
                })
                .map(drop),
            Scene::BackupTo => file.backup_to(&dir.join("mine.db"), &mut |_| {
                std::ops::ControlFlow::Continue(())
            }),
            Scene::Restore | Scene::RestoreBroken => file.restore(&backup()).map(drop),
            Scene::RestoreSet => {
                let set = Source::Set(file.quarantine().remove(0));
                file.restore(&set).map(drop)
            }
            Scene::RestoreTo => file.restore_to(&backup(), &dir.join("mine.db")),
            Scene::Migrate | Scene::Materialise => read(file).map(drop),
        }
    }

    /// What may be in the main file afterwards, the state before first.
    fn states(self) -> Vec<Rows> {
        let later = rows(&["one", "two", "three", "later"]);
        match self {
            Scene::Restore => vec![here(), backed_up()],
            Scene::RestoreBroken => vec![backed_up()],
            Scene::RestoreSet => vec![backed_up(), later],
            _ => vec![here()],
        }
    }

    /// All of these must be found somewhere, whatever has happened.
    fn never_lost(self) -> Vec<Rows> {
        match self {
            Scene::RestoreBroken => vec![],
            Scene::RestoreSet => self.states(),
            _ => vec![here()],
        }
    }
}

/// A connection that leaves its WAL behind, as a crash does.
fn keep_wal(path: &Path) -> rusqlite::Connection {
    let raw = outsider(path);
    raw.execute_batch("PRAGMA wal_autocheckpoint = 0; SELECT count(*) FROM note;")
        .unwrap();
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    raw
}

fn read(file: &KeptFile) -> Result<Rows, Error> {
    file.read(Lane::Interactive, |tx| read_in(tx.connection()))
}

fn read_in(connection: &rusqlite::Connection) -> Result<Rows, Error> {
    let mut all = connection.prepare("SELECT text FROM note")?;
    let rows = all.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default()
}

/// What the databases in quarantine hold, read from copies.
fn in_quarantine(dir: &Path) -> Vec<Rows> {
    let mut found = Vec::new();
    for set in folders_in(&dir.join("quarantine")) {
        let apart = scratch().unwrap();
        for name in ["a.db", "a.db-wal", "a.db-journal"] {
            if set.join(name).exists() {
                fs::copy(set.join(name), apart.path().join(name)).unwrap();
            }
        }
        if apart.path().join("a.db").exists() {
            found.extend(read_in(&outsider(&apart.path().join("a.db"))));
        }
    }
    found
}

fn is_kept(dir: &Path, bytes: &[u8]) -> bool {
    let mut places = folders_in(&dir.join("quarantine"));
    places.push(dir.to_path_buf());
    places
        .iter()
        .any(|place| fs::read(place.join("a.db")).is_ok_and(|found| found == bytes))
}

/// Everything is looked at by somebody who knows nothing of what has happened.
fn check(scene: Scene, dir: &Path, done: Option<Result<(), Error>>, how: &str) {
    let path = dir.join("a.db");
    if scene == Scene::RestoreBroken {
        assert!(
            is_kept(dir, &[0x55_u8; 40_000]),
            "the broken file is in its place or in quarantine, {how}"
        );
    }
    if matches!(scene, Scene::Materialise | Scene::RestoreBroken) {
        let wal_is_kept = path.with_file_name("a.db-wal").exists()
            || folders_in(&dir.join("quarantine"))
                .iter()
                .any(|set| set.join("a.db-wal").exists());
        assert!(wal_is_kept, "the log is never gone, {how}");
    }
    let keeper = Keeper::new(real());
    let file = keeper.file(&path, scene.schema()).unwrap();
    let states = scene.states();
    let now = match read(&file) {
        Ok(now) => now,
        Err(Error::Corrupt { .. }) if scene == Scene::RestoreBroken => {
            // As before: a restore that works now ends it.
            assert_ne!(done, Some(Ok(())), "{how}");
            file.restore(&Source::Backup(file.backups().remove(0)))
                .unwrap();
            read(&file).unwrap()
        }
        Err(error) => unreachable!("the next open works, {how}: {error:?}"),
    };
    assert!(
        states.contains(&now),
        "one state or the other, {how}: {now:?}"
    );
    if done == Some(Ok(())) {
        assert_eq!(
            states.last(),
            Some(&now),
            "what was answered is done, {how}"
        );
    }
    assert!(file.health().state.is_well(), "{how}: {:?}", file.health());
    for backup in file.backups() {
        assert_eq!(file.verify(&backup), Ok(()), "each backup is one, {how}");
    }
    assert!(
        !file.backups().is_empty(),
        "the one made before is there, {how}"
    );
    insert(&file, "goes on").unwrap();
    keeper.shut_down();
    let mut held = in_quarantine(dir);
    held.push(now);
    for never_lost in scene.never_lost() {
        assert!(
            held.contains(&never_lost),
            "{never_lost:?} is in the main file or in quarantine, {how}"
        );
    }
    let mine = dir.join("mine.db");
    if mine.exists() {
        let sound: String = outsider(&mine)
            .query_row("PRAGMA integrity_check", [], |r| r.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "what has its name is whole, {how}");
    }
    let sound: String = outsider(&path)
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(sound, "ok", "{how}");
    assert!(
        !dir.join("a.db.swap").exists(),
        "nothing is under way, {how}"
    );
}

/// Runs the scene in a folder made like `template`, and returns what it answered and how many steps
/// it came by.
fn run(
    scene: Scene,
    template: &Path,
    plan: Option<Plan>,
) -> (tempfile::TempDir, Result<(), Error>, u64) {
    let dir = scratch().unwrap();
    copy_folder(template, dir.path());
    let keeper = Keeper::new(real());
    let file = keeper
        .file(&dir.path().join("a.db"), scene.schema())
        .unwrap();
    arm(plan);
    let done = scene.act(&file, dir.path());
    let steps = visits().len() as u64;
    keeper.shut_down();
    disarm();
    (dir, done, steps)
}

#[test]
fn a_step_that_fails_costs_nothing() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut runs = 0;
    for scene in SCENES {
        let template = scratch().unwrap();
        scene.set_up(template.path());
        let (dir, done, steps) = run(scene, template.path(), None);
        assert_eq!(done, Ok(()), "{scene:?} works where nothing fails");
        check(
            scene,
            dir.path(),
            Some(done),
            &format!("{scene:?} unharmed"),
        );
        let mut refused = 0;
        for at_visit in 1..=steps {
            for errno in [ENOSPC, EIO] {
                for sticky in [false, true] {
                    let act = Act::Fail { errno };
                    let plan = Plan {
                        at_visit,
                        sticky,
                        act,
                    };
                    let how = format!("{scene:?} with {plan:?}");
                    let (dir, done, _) = run(scene, template.path(), Some(plan));
                    refused += u32::from(done.is_err());
                    check(scene, dir.path(), Some(done), &how);
                    runs += 1;
                }
            }
        }
        assert!(refused > 0, "the faults were felt in {scene:?}");
        eprintln!(
            "{scene:?}: {steps} steps, {refused} of {} runs refused",
            steps * 4
        );
    }
    eprintln!("{runs} runs with a fault");
}

/// Does something only in a child process: acts, and ends where it is told to.
#[test]
fn child_that_ends_at_a_step() {
    let Some(dir) = std::env::var_os(FOLDER) else {
        return;
    };
    let dir = PathBuf::from(dir);
    let scene: usize = std::env::var(SCENE).unwrap().parse().unwrap();
    let at_visit = std::env::var(VISIT).unwrap().parse().unwrap();
    let scene = SCENES[scene];
    let keeper = Keeper::new(real());
    let file = keeper.file(&dir.join("a.db"), scene.schema()).unwrap();
    arm(Some(Plan {
        at_visit,
        sticky: false,
        act: Act::Abort,
    }));
    scene.act(&file, &dir).unwrap();
    std::process::exit(CAME_THROUGH);
}

/// Windows gives a process that aborts a code (`STATUS_STACK_BUFFER_OVERRUN`), Unix a signal.
fn was_aborted(status: std::process::ExitStatus) -> bool {
    const FAIL_FAST: i32 = 0xC000_0409_u32.cast_signed();
    status
        .code()
        .is_none_or(|code| cfg!(windows) && code == FAIL_FAST)
}

#[test]
fn a_process_that_ends_at_a_step_costs_nothing() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ended = 0;
    for (index, scene) in SCENES.into_iter().enumerate() {
        let template = scratch().unwrap();
        scene.set_up(template.path());
        for at_visit in 1_u64.. {
            let dir = scratch().unwrap();
            copy_folder(template.path(), dir.path());
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["child_that_ends_at_a_step", "--exact", "--nocapture"])
                .env(FOLDER, dir.path())
                .env(SCENE, index.to_string())
                .env(VISIT, at_visit.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let how = format!("{scene:?} ended at step {at_visit}");
            if status.code() == Some(CAME_THROUGH) {
                assert!(at_visit > 3, "it has steps to end at: {how}");
                break;
            }
            assert!(was_aborted(status), "it ended as by a kill, {how}");
            check(scene, dir.path(), None, &how);
            ended += 1;
        }
    }
    eprintln!("{ended} processes ended on the way");
}
