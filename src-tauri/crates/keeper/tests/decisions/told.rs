//! Rows that what SQLite or the system says decides.

use std::fs;
use std::path::Path;
use std::time::Duration;

use oldgrowth_keeper::{Class, Error, Health, JournalMode, Keeper};

use crate::common::volume::SmallVolume;
use crate::common::*;
use crate::scene::*;

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
    let (_keeper, file, _) = scene.keep();
    let told: Vec<_> = file.quarantine().iter().map(|s| s.manifest.code).collect();
    assert_eq!(told, [Some(11)], "which says what SQLite said");
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
        Health::Degraded(oldgrowth_keeper::Degraded::UnfitVolume),
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
