//! Rows that a look at the files decides.

use std::fs;
use std::time::Duration;

use oldgrowth_keeper::{Degraded, Error, Health, Keeper, Misplaced};
use rusqlite::Connection;

use crate::common::*;
use crate::scene::*;

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

    // SQLite takes one byte for none.
    let one_byte = Scene::with_hot_wal(3);
    fs::write(&one_byte.path, b"S").unwrap();
    let before = one_byte.bytes();
    let (keeper, file, _) = one_byte.keep();
    assert_eq!(
        texts(&file),
        asked,
        "so the WAL beside one byte is as much in danger"
    );
    keeper.shut_down();
    assert_eq!(one_byte.bytes(), before, "and stays");
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
fn row_06_a_file_whose_whole_folder_has_vanished_is_missed_where_a_mark_outside_says_that_it_was() {
    let above = tempfile::tempdir().unwrap();
    let (home, moved) = (above.path().join("home"), above.path().join("elsewhere"));
    let (path, mark) = (home.join("a.db"), above.path().join("home.made"));
    let kept = || {
        let (ambient, clock) = manual();
        let keeper = Keeper::new(ambient);
        let file = keeper.file_marked(&path, SCHEMA, Some(mark.clone()));
        (keeper, file.unwrap(), clock)
    };
    {
        let (keeper, file, _) = kept();
        insert(&file, "in it").unwrap();
        keeper.shut_down();
    }
    fs::rename(&home, &moved).unwrap();
    let (_keeper, file, clock) = kept();
    let missed = Err(Error::Misplaced(Misplaced::Vanished));
    assert_eq!(texts(&file), missed, "an empty memory would be a lie");
    assert_eq!(insert(&file, "x").map(|_| 0), missed, "and none is begun");
    assert!(!home.exists(), "nor its folder");
    fs::rename(&moved, &home).unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(texts(&file), Ok(1), "put back it is found");
}

#[test]
fn row_06_an_empty_file_in_its_place_is_missed_as_well() {
    for left in ["", "S"] {
        let scene = Scene::with_hot_wal(0);
        fs::write(&scene.path, left).unwrap();
        for suffix in ["-wal", "-shm"] {
            fs::remove_file(scene.side(suffix)).ok();
        }
        let (keeper, file, _) = scene.keep();
        let missed = Err(Error::Misplaced(Misplaced::Vanished));
        assert_eq!(texts(&file), missed, "SQLite would make it a new one");
        assert_eq!(insert(&file, "x").map(|_| 0), missed, "and write into it");
        keeper.shut_down();
        assert_eq!(fs::read(&scene.path).unwrap(), left.as_bytes(), "untouched");
    }
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

/// The frames of a log that end a transaction, counted from 0.
fn commits(wal: &[u8]) -> Vec<usize> {
    wal[32..]
        .chunks_exact(24 + 4096)
        .enumerate()
        .filter(|(_, frame)| frame[4..8] != [0; 4])
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn row_01_a_last_transaction_torn_by_a_power_cut_is_copied_and_nobody_is_asked() {
    let scene = Scene::with_hot_wal(3);
    {
        let raw = outsider(&scene.path);
        keep_wal(&raw);
        raw.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
             INSERT INTO note (text) SELECT hex(randomblob(100)) FROM n;",
        )
        .unwrap();
    }
    let wal = fs::read(scene.wal()).unwrap();
    let ends = commits(&wal);
    let (last, before) = (ends[ends.len() - 1], ends[ends.len() - 2]);
    assert!(last > before + 3, "the last transaction has several frames");
    break_frame(&scene.wal(), before + 2);
    let torn = fs::read(scene.wal()).unwrap();
    let (keeper, file, _) = scene.keep();
    assert_eq!(
        texts(&file),
        Ok(4),
        "what was acknowledged before it is there"
    );
    assert!(insert(&file, "more").is_ok(), "and it is written as ever");
    assert!(file.health().state.is_well(), "nobody is asked anything");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &torn),
        "it may have been the disk after all, so there is a copy"
    );
}

/// Puts nonsense over the first sector of the log, as a power cut leaves one that was being written.
fn tear_header(scene: &Scene) -> Vec<u8> {
    let mut wal = fs::read(scene.wal()).unwrap();
    wal[..512].fill(0xa5);
    fs::write(scene.wal(), &wal).unwrap();
    wal
}

/// All of the log is in the file, and nobody has written since.
fn moved() -> (Scene, Connection) {
    let scene = Scene::with_hot_wal(20);
    let raw = outsider(&scene.path);
    keep_wal(&raw);
    // Each on a page of its own.
    raw.execute_batch(
        "INSERT INTO note (text) VALUES (hex(zeroblob(1800))), (hex(zeroblob(1800)))",
    )
    .unwrap();
    raw.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        .unwrap();
    (scene, raw)
}

#[test]
fn row_01_a_log_torn_as_it_began_anew_is_copied_and_nobody_is_asked() {
    let (scene, raw) = moved();
    drop(raw);
    let torn = tear_header(&scene);
    let (keeper, file, _) = scene.keep();
    assert_eq!(texts(&file), Ok(23), "all of it had been moved before");
    assert!(insert(&file, "more").is_ok(), "and it is written as ever");
    assert!(file.health().state.is_well(), "nobody is asked anything");
    keeper.shut_down();
    assert!(
        scene.in_quarantine("a.db-wal", &torn),
        "it may have been the disk after all, so there is a copy"
    );
}

#[test]
fn row_02_a_lost_header_before_what_was_not_moved_is_a_damage() {
    let (scene, raw) = moved();
    raw.execute_batch("UPDATE note SET text = replace(text, '0', '1') WHERE length(text) > 3000")
        .unwrap();
    drop(raw);
    let wal = fs::read(scene.wal()).unwrap();
    assert_eq!(
        commits(&wal).first(),
        Some(&1),
        "one of its two frames goes with the header, and the other follows none of its kind"
    );
    let torn = tear_header(&scene);
    let (_keeper, file, _) = scene.keep();
    assert!(
        matches!(insert(&file, "x"), Err(Error::WalDamaged { .. })),
        "a writer would go over what is only there"
    );
    assert_eq!(fs::read(scene.wal()).unwrap(), torn, "no byte is changed");
}
