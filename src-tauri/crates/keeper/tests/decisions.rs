//! The table of decisions, a row a fact: real files, their bytes before and after.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    Class, Degraded, Error, Health, JournalMode, Keeper, KeptFile, Misplaced, Schema, decisions,
};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

struct Scene {
    dir: tempfile::TempDir,
    path: PathBuf,
}

impl Scene {
    fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Scene { dir, path }
    }

    /// One row in the main file, and `commits` more in a WAL that nobody has folded in.
    fn with_hot_wal(commits: usize) -> Scene {
        let scene = Scene::new();
        {
            let (keeper, file) = keep(&scene.path);
            insert(&file, "in the main file").unwrap();
            keeper.shut_down();
        }
        let raw = outsider(&scene.path);
        keep_wal(&raw);
        for n in 0..commits {
            raw.execute("INSERT INTO note (text) VALUES (?1)", [format!("{n}")])
                .unwrap();
        }
        scene
    }

    fn side(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path.display()))
    }

    fn wal(&self) -> PathBuf {
        self.side("-wal")
    }

    /// Main file and WAL. Only while nobody of this process has them open.
    fn bytes(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        (fs::read(&self.path).ok(), fs::read(self.wal()).ok())
    }

    fn keep(&self) -> (Keeper, Arc<KeptFile>, Arc<ManualClock>) {
        self.keep_as(SCHEMA)
    }

    fn keep_as(&self, schema: Schema) -> (Keeper, Arc<KeptFile>, Arc<ManualClock>) {
        let (ambient, clock) = manual();
        let keeper = Keeper::new(ambient);
        let file = keeper.file(&self.path, schema).unwrap();
        (keeper, file, clock)
    }

    /// What lies in quarantine, by file name, over all sets.
    fn quarantined(&self) -> BTreeMap<String, Vec<Vec<u8>>> {
        let mut found: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let Ok(sets) = fs::read_dir(self.dir.path().join("quarantine")) else {
            return found;
        };
        for set in sets {
            for file in fs::read_dir(set.unwrap().path()).unwrap() {
                let file = file.unwrap();
                let name = file.file_name().into_string().unwrap();
                found
                    .entry(name)
                    .or_default()
                    .push(fs::read(file.path()).unwrap());
            }
        }
        found
    }

    fn in_quarantine(&self, name: &str, bytes: &[u8]) -> bool {
        self.quarantined()
            .get(name)
            .is_some_and(|copies| copies.iter().any(|copy| copy == bytes))
    }
}

fn keep_wal(raw: &Connection) {
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
}

/// Flips all bits of a byte in the middle of the frame with this number, counted from 0.
fn break_frame(wal: &Path, frame: usize) {
    let mut bytes = fs::read(wal).unwrap();
    let at = 32 + frame * (24 + 4096) + 24 + 2000;
    bytes[at] ^= 0xff;
    fs::write(wal, bytes).unwrap();
}

fn texts(file: &KeptFile) -> Result<i64, Error> {
    count(file)
}

#[test]
fn each_row_of_the_table_has_its_fact() {
    let here = include_str!("decisions.rs");
    for rule in &decisions::TABLE {
        let name = format!("fn row_{:02}_", rule.row.number());
        assert!(here.contains(&name), "{:?} is told by a test", rule.row);
    }
}

#[test]
fn row_01_a_wal_left_by_a_crash_is_replayed_whatever_the_shared_index_holds() {
    let scene = Scene::with_hot_wal(20);
    fs::write(scene.side("-shm"), vec![0xa5; 40_000]).unwrap();
    // The crash also left half a frame.
    let mut torn = fs::read(scene.wal()).unwrap();
    torn.extend_from_within(32..2000);
    fs::write(scene.wal(), &torn).unwrap();
    let before = scene.bytes();
    let (keeper, file, _) = scene.keep();
    assert_eq!(
        texts(&file),
        Ok(21),
        "nothing that was committed is missing"
    );
    assert_eq!(
        fs::read(scene.wal()).ok(),
        before.1,
        "reading changes no byte of the WAL"
    );
    assert!(
        file.health().state.is_well(),
        "and there is nothing to tell"
    );
    assert!(insert(&file, "more").is_ok(), "it is written as ever");
    keeper.shut_down();
    assert!(
        scene.quarantined().is_empty(),
        "an everyday crash needs no copies"
    );
    assert_eq!(
        count_in(&outsider(&scene.path)),
        Ok(22),
        "all of it is in the file"
    );
}

#[test]
fn row_02_commits_behind_a_damage_are_kept_and_a_person_chooses() {
    let scene = Scene::with_hot_wal(20);
    break_frame(&scene.wal(), 8);
    let before = scene.bytes();
    let (main, wal) = (before.0.clone().unwrap(), before.1.clone().unwrap());
    {
        let (keeper, file, _) = scene.keep();
        let read = texts(&file).unwrap();
        assert!(
            (1..21).contains(&read),
            "what comes before the damage can be read: {read}"
        );
        let refused = insert(&file, "x").unwrap_err();
        let Error::WalDamaged { commits_behind } = refused else {
            panic!("a writer would go over the commits behind it: {refused:?}");
        };
        assert!(commits_behind > 0, "they are counted");
        assert_eq!(
            file.health().state,
            Health::WalDamaged { commits_behind },
            "health tells of it"
        );
        keeper.shut_down();
    }
    assert_eq!(scene.bytes(), before, "no byte of the set has changed");
    assert!(
        scene.in_quarantine("a.db-wal", &wal),
        "and there is a copy of the WAL"
    );
    assert!(scene.in_quarantine("a.db", &main), "beside its main file");

    let (keeper, file, _) = scene.keep();
    texts(&file).unwrap();
    assert_eq!(
        file.accept_damage(),
        Ok(()),
        "a person goes on without them"
    );
    assert!(insert(&file, "after").is_ok(), "then it is written again");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &wal),
        "and what was passed over stays kept"
    );
    assert_eq!(
        scene.quarantined()["a.db-wal"].len(),
        1,
        "once, however often it was opened"
    );
}

#[test]
fn row_03_the_wal_of_another_database_is_moved_aside() {
    let scene = Scene::with_hot_wal(0);
    fs::remove_file(scene.wal()).ok();
    let other = Scene::new();
    {
        let raw = outsider(&other.path);
        keep_wal(&raw);
        raw.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA application_id = 7;
             CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);",
        )
        .unwrap();
    }
    let foreign = fs::read(other.wal()).unwrap();
    fs::write(scene.wal(), &foreign).unwrap();
    let main = scene.bytes().0.unwrap();
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(1), "our rows and none of theirs");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &foreign),
        "their WAL is kept"
    );
    assert!(
        scene.in_quarantine("a.db", &main),
        "and a copy of our file as it was"
    );
    assert_eq!(
        scene.bytes().0.unwrap().len(),
        main.len(),
        "our file is no larger by it"
    );
}

/// A database of which everything is in the WAL, and the rows it has.
fn all_in_the_wal(scene: &Scene) -> i64 {
    let raw = outsider(&scene.path);
    keep_wal(&raw);
    raw.execute_batch("PRAGMA journal_mode = WAL;").unwrap();
    raw.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    raw.execute_batch(STEPS[0]).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    for n in 0..50 {
        raw.execute("INSERT INTO note (text) VALUES (?1)", [format!("{n}")])
            .unwrap();
    }
    50
}

#[test]
fn row_04_a_missing_main_file_is_made_from_a_wal_that_holds_all_of_it() {
    let scene = Scene::new();
    let rows = all_in_the_wal(&scene);
    let wal = scene.bytes().1.unwrap();
    fs::remove_file(&scene.path).unwrap();
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(rows), "every row is back");
    assert!(insert(&file, "more").is_ok(), "and it is written as ever");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &wal),
        "the WAL it came from is kept"
    );

    let partial = Scene::with_hot_wal(3);
    fs::rename(&partial.path, partial.dir.path().join("elsewhere")).unwrap();
    let before = partial.bytes();
    let (keeper, file, _) = partial.keep();
    let asked = Err(Error::Misplaced(Misplaced::MainMissing));
    assert_eq!(
        texts(&file),
        asked,
        "a WAL that holds a part of it makes no database"
    );
    assert_eq!(
        insert(&file, "x").map(|_| 0),
        asked,
        "and nothing new is put in its place"
    );
    keeper.shut_down();
    assert_eq!(partial.bytes(), before, "it stays where it is");
    assert!(
        partial.in_quarantine("a.db-wal", &before.1.unwrap()),
        "with a copy, since any program that makes a file here would destroy it"
    );
}

#[test]
fn row_05_an_emptied_main_file_costs_no_byte_of_its_wal() {
    let scene = Scene::new();
    let rows = all_in_the_wal(&scene);
    let wal = scene.bytes().1.unwrap();
    fs::write(&scene.path, b"").unwrap();
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(rows), "every row is back");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &wal),
        "the WAL it came from is kept"
    );

    let partial = Scene::with_hot_wal(3);
    fs::write(&partial.path, b"").unwrap();
    let before = partial.bytes();
    let (keeper, file, _) = partial.keep();
    let asked = Err(Error::Misplaced(Misplaced::MainEmpty));
    assert_eq!(
        texts(&file),
        asked,
        "SQLite would delete the WAL, so it is not opened"
    );
    keeper.shut_down();
    assert_eq!(partial.bytes(), before, "and both stay as they are");
}

#[test]
fn row_06_a_file_that_has_vanished_is_missed_and_not_made_anew() {
    let scene = Scene::with_hot_wal(0);
    let elsewhere = scene.dir.path().join("elsewhere");
    fs::rename(&scene.path, &elsewhere).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(scene.side(suffix)).ok();
    }
    let (_keeper, file, clock) = scene.keep();
    let missed = Err(Error::Misplaced(Misplaced::Vanished));
    assert_eq!(texts(&file), missed, "an empty memory would be a lie");
    assert_eq!(
        insert(&file, "x").map(|_| 0),
        missed,
        "and writing would make it true"
    );
    assert!(!scene.path.exists(), "nothing was made");
    assert_eq!(
        file.health().state,
        Health::Misplaced(Misplaced::Vanished),
        "health tells of it"
    );
    fs::rename(&elsewhere, &scene.path).unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        texts(&file),
        Ok(1),
        "put back it is found without being asked"
    );
}

#[test]
fn row_07_where_nothing_was_a_new_file_is_made_whole() {
    let scene = Scene::new();
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(0), "it has its tables");
    keeper.shut_down();
    let names: Vec<String> = picture(scene.dir.path()).into_iter().map(|f| f.0).collect();
    assert_eq!(
        names,
        ["a.db", "a.db.made"],
        "and nothing half-made lies about"
    );
}

#[test]
fn row_08_a_shared_index_that_is_none_is_left_alone_and_not_needed() {
    let scene = Scene::with_hot_wal(5);
    fs::remove_file(scene.side("-shm")).ok();
    let target = scene.dir.path().join("target");
    fs::write(&target, b"not ours").unwrap();
    std::os::unix::fs::symlink(&target, scene.side("-shm")).unwrap();
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(6), "all rows, those of the WAL too");
    assert!(insert(&file, "more").is_ok(), "writing works");
    assert_eq!(
        file.health().state,
        Health::Degraded(Degraded::NoSharedIndex),
        "with less than there should be"
    );
    keeper.shut_down();
    assert_eq!(
        fs::read(&target).unwrap(),
        b"not ours",
        "what it points to is untouched"
    );
    assert!(scene.side("-shm").is_symlink(), "and so is the link");
}

#[test]
fn row_09_a_shared_index_that_cannot_grow_is_done_without() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    {
        let (keeper, file) = keep(&volume.database());
        insert(&file, "one").unwrap();
        keeper.shut_down();
    }
    let main = fs::read(volume.database()).unwrap();
    volume.fill("filling");
    let (keeper, file) = keep(&volume.database());
    assert_eq!(
        count(&file),
        Ok(1),
        "4874 for want of space costs nobody a read"
    );
    assert_eq!(
        file.facts().journal_mode,
        Some(JournalMode::WalExclusive),
        "the index is on the heap"
    );
    keeper.shut_down();
    assert_eq!(
        fs::read(volume.database()).unwrap(),
        main,
        "no byte of the file has changed"
    );
}

#[test]
fn row_10_beside_another_process_every_file_stays_as_it_is() {
    let scene = Scene::with_hot_wal(3);
    let raw = outsider(&scene.path);
    assert_eq!(count_in(&raw), Ok(4), "it is attached");
    let elsewhere = scene.dir.path().join("elsewhere");
    fs::rename(&scene.path, &elsewhere).unwrap();
    let wal = fs::read(scene.wal()).unwrap();
    let (keeper, file, _) = scene.keep();
    assert!(
        matches!(texts(&file), Err(Error::Busy { .. })),
        "whoever holds the sidecars is waited for"
    );
    assert_eq!(fs::read(scene.wal()).unwrap(), wal, "the WAL is as it was");
    assert!(
        scene.quarantined().is_empty(),
        "nothing was copied or moved under it"
    );
    drop(raw);
    keeper.shut_down();
}

#[test]
fn row_11_a_folder_in_the_way_is_named_and_stays() {
    let scene = Scene::with_hot_wal(0);
    fs::remove_file(scene.wal()).ok();
    fs::create_dir(scene.wal()).unwrap();
    fs::write(scene.wal().join("theirs"), b"x").unwrap();
    let main = fs::read(&scene.path).unwrap();
    let (keeper, file, _) = scene.keep();
    assert!(
        matches!(texts(&file), Err(Error::Path { .. })),
        "it says what is in the way"
    );
    keeper.shut_down();
    assert_eq!(
        fs::read(&scene.path).unwrap(),
        main,
        "the file is as it was"
    );
    assert_eq!(
        fs::read(scene.wal().join("theirs")).unwrap(),
        b"x",
        "and so is the folder"
    );
}

/// Writes over a page of the table, as a failing disk may.
fn spoil(path: &Path) -> Vec<u8> {
    let whole = fs::read(path).unwrap();
    let mut bytes = whole.clone();
    bytes[4096..8192].fill(0x77);
    fs::write(path, bytes).unwrap();
    whole
}

#[test]
fn row_12_a_broken_file_is_believed_broken_only_after_a_look_at_a_copy() {
    let scene = Scene::with_hot_wal(0);
    spoil(&scene.path);
    let before = scene.bytes();
    let (keeper, file, _) = scene.keep();
    let first = texts(&file).unwrap_err();
    assert_eq!(first.class(), Class::Corrupt, "SQLite says so: {first:?}");
    assert_ne!(file.health().state, Health::Corrupt, "which is a suspicion");
    let second = texts(&file).unwrap_err();
    assert_eq!(second.class(), Class::Corrupt, "{second:?}");
    assert_eq!(
        file.health().state,
        Health::Corrupt,
        "the copy is broken too"
    );
    keeper.shut_down();
    assert_eq!(scene.bytes(), before, "no byte of it has changed");
    assert!(
        scene.in_quarantine("a.db", &before.0.unwrap()),
        "and there is a copy to salvage from"
    );
}

#[test]
fn row_12_a_disk_that_fails_for_a_moment_does_not_condemn_the_file() {
    let scene = Scene::with_hot_wal(0);
    let whole = spoil(&scene.path);
    let (keeper, file, _) = scene.keep();
    assert_eq!(
        texts(&file).unwrap_err().class(),
        Class::Corrupt,
        "read wrongly once"
    );
    fs::write(&scene.path, whole).unwrap();
    assert_eq!(texts(&file), Ok(1), "and rightly the next time");
    assert!(file.health().state.is_well(), "nothing is latched");
    keeper.shut_down();
    assert!(
        scene.quarantined().is_empty(),
        "the copy that was only looked at is gone"
    );
}

#[test]
fn row_13_what_cannot_be_written_is_still_read() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    {
        let (keeper, file) = keep(&volume.database());
        insert(&file, "one").unwrap();
        keeper.shut_down();
    }
    let before = picture(volume.folder());
    if !volume.make_read_only() {
        return;
    }
    let (keeper, file) = keep(&volume.database());
    assert_eq!(count(&file), Ok(1), "reading asks for no right to write");
    assert!(
        matches!(insert(&file, "x"), Err(Error::ReadOnly { .. })),
        "writing says what is missing"
    );
    assert_eq!(file.health().state, Health::ReadOnly, "and so does health");
    keeper.shut_down();
    assert_eq!(picture(volume.folder()), before, "nothing has changed");
}

#[test]
fn row_14_without_open_files_it_waits_and_then_works() {
    const MARK: &str = "KEEPER_TEST_NO_HANDLES";
    if let Some(path) = std::env::var_os(MARK) {
        return without_handles(Path::new(&path));
    }
    let scene = Scene::with_hot_wal(0);
    let before = scene.bytes();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "row_14_without_open_files_it_waits_and_then_works",
        ])
        .env(MARK, &scene.path)
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "in a process of its own: {}",
        String::from_utf8_lossy(&child.stdout)
    );
    assert_eq!(scene.bytes().0, before.0, "no byte of the file has changed");
}

fn without_handles(path: &Path) {
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(path, SCHEMA).unwrap();
    let mut hoard = Vec::new();
    while let Ok(handle) = fs::File::open("/dev/null") {
        hoard.push(handle);
        assert!(hoard.len() < 5_000_000, "there is a limit");
    }
    let error = count(&file).unwrap_err();
    assert_eq!(
        error.class(),
        Class::Resource,
        "named for what it is: {error:?}"
    );
    assert!(error.is_transient(), "and waited for");
    drop(hoard);
    clock.advance(Duration::from_secs(30));
    assert_eq!(count(&file), Ok(1), "it works as soon as there are handles");
    keeper.shut_down();
}

#[test]
fn row_15_a_full_disk_rests_writing_and_nothing_else() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let (keeper, file) = keep(&volume.database());
    insert(&file, "one").unwrap();
    let filling = volume.fill("filling");
    let refused = insert(&file, &"x".repeat(50_000)).unwrap_err();
    assert_eq!(refused.class(), Class::DiskFull, "{refused:?}");
    assert_eq!(count(&file), Ok(1), "reading goes on");
    fs::remove_file(filling).unwrap();
    assert_eq!(file.try_now(), Ok(()), "with space it goes on");
    assert!(insert(&file, "two").is_ok(), "and is written again");
    keeper.shut_down();
    assert_eq!(
        count_in(&outsider(&volume.database())),
        Ok(2),
        "what was acknowledged is there"
    );
}

#[test]
fn row_18_a_newer_file_is_neither_migrated_nor_touched() {
    let scene = Scene::new();
    {
        let (keeper, file, _) = scene.keep_as(SCHEMA_LATER);
        insert(&file, "one").unwrap();
        keeper.shut_down();
    }
    let before = picture(scene.dir.path());
    let (keeper, file, _) = scene.keep();
    let newer = Error::TooNew {
        found: 2,
        supported: 1,
    };
    assert_eq!(texts(&file), Err(newer), "it says which versions");
    keeper.shut_down();
    assert_eq!(
        picture(scene.dir.path()),
        before,
        "no byte and no name has changed"
    );
}

#[test]
fn row_19_a_hot_journal_is_copied_before_sqlite_rolls_it_back() {
    let made = Scene::with_hot_wal(0);
    let scene = Scene::new();
    {
        let raw = outsider(&made.path);
        raw.execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN IMMEDIATE;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO note (text) SELECT hex(randomblob(100)) FROM n;",
        )
        .unwrap();
        // As a crash would leave them, half-way through the transaction.
        fs::copy(&made.path, &scene.path).unwrap();
        fs::copy(made.side("-journal"), scene.side("-journal")).unwrap();
    }
    let main = fs::read(&scene.path).unwrap();
    let journal = fs::read(scene.side("-journal")).unwrap();
    assert!(journal.starts_with(&[0xd9, 0xd5]), "it is hot");
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(1), "rolled back to what was committed");
    assert!(insert(&file, "two").is_ok(), "and written as ever");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-journal", &journal),
        "the journal is kept as it was"
    );
    assert!(
        scene.in_quarantine("a.db", &main),
        "with the file it belongs to"
    );
}

#[cfg(feature = "torture")]
#[test]
fn row_16_on_a_network_one_connection_and_no_wal_serve_everybody() {
    let scene = Scene::with_hot_wal(5);
    let folder = fs::canonicalize(scene.dir.path()).unwrap();
    oldgrowth_keeper::torture::pretend_volume(&folder, oldgrowth_keeper::Volume::Network);
    let (keeper, file, _) = scene.keep();
    assert_eq!(
        texts(&file),
        Ok(6),
        "the WAL it came with is folded in first"
    );
    assert!(insert(&file, "more").is_ok(), "and it is written");
    assert_eq!(
        file.facts().journal_mode,
        Some(JournalMode::RollbackExclusive),
        "without shared memory, which machines do not share"
    );
    assert_eq!(
        file.health().state,
        Health::Degraded(Degraded::UnfitVolume),
        "and it says so"
    );
    assert!(!scene.wal().exists(), "no WAL is left behind");
    keeper.shut_down();
    assert_eq!(
        count_in(&outsider(&scene.path)),
        Ok(7),
        "nothing is missing"
    );
}

#[test]
fn row_17_a_file_replaced_while_it_is_open_gets_no_more_acknowledgements() {
    let scene = Scene::with_hot_wal(0);
    let (keeper, file, _) = scene.keep();
    insert(&file, "acknowledged").unwrap();
    let aside = scene.dir.path().join("aside");
    fs::rename(&scene.path, &aside).unwrap();
    fs::write(&scene.path, b"").unwrap();
    let refused = insert(&file, "unacknowledged").unwrap_err();
    assert_eq!(refused.class(), Class::SplitBrain, "{refused:?}");
    keeper.shut_down();
    assert_eq!(
        fs::read(&scene.path).unwrap(),
        b"",
        "what took its place is untouched"
    );
    let wals: Vec<Vec<u8>> = scene.quarantined().into_values().flatten().collect();
    let holds = |bytes: &[u8]| bytes.windows(12).any(|w| w == b"acknowledged");
    assert!(
        wals.iter().any(|wal| holds(wal)) || holds(&fs::read(scene.wal()).unwrap_or_default()),
        "what was acknowledged is in a WAL that is kept"
    );
}
