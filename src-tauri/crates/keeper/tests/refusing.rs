//! Facts about sets of files that must not be opened, and about what is made anew.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{Error, Health, Keeper, KeptFile, Misplaced, Schema};
use rusqlite::config::DbConfig;

fn kept(path: &Path, schema: Schema) -> (Keeper, Arc<KeptFile>) {
    let (ambient, _clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(path, schema).unwrap();
    (keeper, file)
}

/// A file of one row whose last commits are in its WAL only, as after a crash.
fn with_hot_wal(path: &Path, schema: Schema) {
    let (keeper, file) = kept(path, schema);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let raw = outsider(path);
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    raw.execute("INSERT INTO note (text) VALUES ('two')", [])
        .unwrap();
}

/// Reading and writing are refused with this, again and again, and nothing changes on the disk.
fn is_left_alone(dir: &Path, path: &Path, wanted: &Error) -> Health {
    let before = picture_of_the_set(dir);
    let (keeper, file) = kept(path, SCHEMA);
    for _ in 0..5 {
        assert_eq!(count(&file).as_ref(), Err(wanted), "reading is refused");
        assert_eq!(insert(&file, "x").as_ref(), Err(wanted), "so is writing");
    }
    assert_eq!(file.try_now().as_ref(), Err(wanted), "so is trying now");
    assert_eq!(
        file.facts().opens,
        2,
        "it was looked at once, and once when asked"
    );
    let health = file.health().state;
    keeper.shut_down();
    assert_eq!(
        picture_of_the_set(dir),
        before,
        "no byte and no name has changed"
    );
    health
}

/// Without the copies that were made of it.
fn picture_of_the_set(dir: &Path) -> Vec<(String, u64)> {
    let mut files = picture(dir);
    files.retain(|(name, _)| name != "quarantine");
    files
}

#[cfg(unix)]
#[test]
fn a_file_whose_first_sector_tore_is_read_through_its_wal() {
    use std::os::unix::fs::FileExt;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = kept(&path, SCHEMA);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    {
        let raw = outsider(&path);
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .unwrap();
        raw.execute_batch(
            "BEGIN; INSERT INTO note (text) VALUES ('two'); PRAGMA user_version = 1; COMMIT;",
        )
        .unwrap();
    }
    let main = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    main.write_all_at(&[0x5a; 512], 0).unwrap();
    drop(main);
    let (_keeper, file) = kept(&path, SCHEMA);
    assert_eq!(
        count(&file),
        Ok(2),
        "the WAL holds the first page, as it does when the power goes while it is moved"
    );
    assert!(insert(&file, "three").is_ok(), "and it goes on");
    assert!(file.health().state.is_well(), "and nothing is reported");
}

#[test]
fn a_wal_without_its_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    with_hot_wal(&path, SCHEMA);
    std::fs::rename(&path, dir.path().join("elsewhere")).unwrap();
    let health = is_left_alone(dir.path(), &path, &Error::Misplaced(Misplaced::MainMissing));
    assert_eq!(
        health,
        Health::Misplaced(Misplaced::MainMissing),
        "it says so"
    );
}

#[test]
fn a_wal_beside_an_empty_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    with_hot_wal(&path, SCHEMA);
    std::fs::write(&path, b"").unwrap();
    is_left_alone(dir.path(), &path, &Error::Misplaced(Misplaced::MainEmpty));
}

#[test]
fn any_sidecar_alone_forbids_making_a_new_file() {
    for name in ["a.db-wal", "a.db-shm", "a.db-journal"] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(name), b"x").unwrap();
        is_left_alone(
            dir.path(),
            &dir.path().join("a.db"),
            &Error::Misplaced(Misplaced::MainMissing),
        );
    }
}

#[test]
fn garbage_is_left_alone() {
    for garbage in [&b"short"[..], &[0_u8; 8192], &[0x5a_u8; 100_000]] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        std::fs::write(&path, garbage).unwrap();
        let health = is_left_alone(dir.path(), &path, &Error::Corrupt { code: Some(26) });
        assert_eq!(health, Health::Corrupt, "verified by its first bytes");
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = kept(&path, SCHEMA_LATER);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let newer = Error::TooNew {
        found: 2,
        supported: 1,
    };
    let health = is_left_alone(dir.path(), &path, &newer);
    assert_eq!(
        health,
        Health::TooNew {
            found: 2,
            supported: 1
        },
        "it says so"
    );
}

#[test]
fn a_newer_file_keeps_its_wal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    with_hot_wal(&path, SCHEMA_LATER);
    let wal = dir.path().join("a.db-wal");
    let before = (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap());
    let (keeper, file) = kept(&path, SCHEMA);
    assert!(
        matches!(count(&file), Err(Error::TooNew { .. })),
        "it is newer"
    );
    keeper.shut_down();
    let after = (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap());
    assert!(
        before == after,
        "its commits stay where its own program left them"
    );
}

#[test]
fn the_file_of_another_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    outsider(&path)
        .execute_batch("PRAGMA application_id = 7; CREATE TABLE theirs (x)")
        .unwrap();
    is_left_alone(dir.path(), &path, &Error::NotOurs { found: 7 });

    let nameless = dir.path().join("b.db");
    outsider(&nameless)
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    is_left_alone(dir.path(), &nameless, &Error::NotOurs { found: 0 });
}

#[test]
fn a_mended_file_is_noticed_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.db");
    let (keeper, file) = kept(&good, SCHEMA);
    insert(&file, "one").unwrap();
    keeper.shut_down();

    let path = dir.path().join("a.db");
    std::fs::write(&path, [1_u8; 5000]).unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    assert!(count(&file).is_err(), "garbage");
    clock.advance(Duration::from_secs(3600));
    assert!(count(&file).is_err(), "time does not mend it");
    assert_eq!(file.facts().opens, 1, "and it is not looked into again");
    std::fs::rename(&good, &path).unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(count(&file), Ok(1), "another file is");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_not_followed_into_making_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::os::unix::fs::symlink(dir.path().join("nothing"), &path).unwrap();
    let (_keeper, file) = kept(&path, SCHEMA);
    assert!(
        matches!(count(&file), Err(Error::Path { .. })),
        "it is told apart from a missing file"
    );
    assert!(!dir.path().join("nothing").exists(), "nothing was made");
}

#[test]
fn a_parent_that_is_a_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plain"), b"text").unwrap();
    let (_keeper, file) = kept(&dir.path().join("plain").join("a.db"), SCHEMA);
    assert!(
        matches!(count(&file), Err(Error::Path { .. })),
        "it is about the path"
    );
    assert_eq!(
        std::fs::read(dir.path().join("plain")).unwrap(),
        b"text",
        "and the file is as it was"
    );
}

#[test]
fn a_new_file_appears_whole_and_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("x").join("memory_tree");
    let (keeper, file) = kept(&folder.join("chunks.db"), SCHEMA);
    assert_eq!(count(&file), Ok(0), "it is made on the first read");
    keeper.shut_down();
    let names: Vec<_> = picture(&folder).into_iter().map(|f| f.0).collect();
    assert_eq!(
        names,
        ["chunks.db", "chunks.db.made"],
        "nothing half-made is left beside it"
    );
    let raw = outsider(&folder.join("chunks.db"));
    let id: i32 = raw
        .pragma_query_value(None, "application_id", |r| r.get(0))
        .unwrap();
    assert_eq!(id, APPLICATION_ID, "it says whose it is");
}

#[test]
fn a_file_that_lacks_a_table_is_damaged_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = kept(&path, SCHEMA);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let other = outsider(&path);
    other
        .execute_batch("ALTER TABLE note RENAME TO elsewhere")
        .unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let (keeper, file) = kept(&path, SCHEMA);
    let damaged = Error::Corrupt { code: None };
    assert_eq!(count(&file), Err(damaged.clone()), "it is not read");
    assert_eq!(insert(&file, "two").err(), Some(damaged), "nor written");
    assert_eq!(file.health().state, Health::Corrupt, "and health tells");
    assert_eq!(file.facts().opens, 1, "nobody tries again by himself");
    keeper.shut_down();
    assert_eq!(std::fs::read(&path).unwrap(), before, "not a byte changed");
}

#[test]
fn a_step_that_fails_leaves_the_version_before_it() {
    const BROKEN: Schema = Schema {
        application_id: APPLICATION_ID,
        steps: &[STEPS[0], "CREATE TABLE half (x); SELECT * FROM nowhere;"],
        tables: &[],
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = kept(&path, BROKEN);
    assert!(count(&file).is_err(), "the new file is not finished");
    keeper.shut_down();
    assert_eq!(picture(dir.path()), [], "so there is none, and no leftover");

    let (keeper, file) = kept(&path, SCHEMA);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let (keeper, file) = kept(&path, BROKEN);
    assert!(
        count(&file).is_err(),
        "the step fails on a file with rows too"
    );
    keeper.shut_down();
    let (keeper, file) = kept(&path, SCHEMA_LATER);
    assert_eq!(count(&file), Ok(1), "the row is there");
    assert_eq!(
        file.facts().schema_version,
        Some(2),
        "and the right step is done"
    );
    keeper.shut_down();
    let half: i64 = outsider(&path)
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'half'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(half, 0, "nothing of the failed step stayed");
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_private_and_repaired() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let dir = tempfile::tempdir().unwrap();
    set(dir.path(), 0o755);
    let folder = dir.path().join("ws").join("memory_tree");
    let path = folder.join("chunks.db");
    let (keeper, file) = kept(&path, SCHEMA);
    insert(&file, "one").unwrap();
    assert_eq!(mode(&dir.path().join("ws")), 0o700, "a folder it made");
    assert_eq!(mode(&folder), 0o700, "a folder it made");
    for name in ["chunks.db", "chunks.db-wal", "chunks.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    assert_eq!(
        mode(dir.path()),
        0o755,
        "a folder that was there keeps its rights"
    );
    assert_eq!(
        file.facts().rights_repaired,
        0,
        "nothing had to be repaired"
    );
    keeper.shut_down();

    set(&folder, 0o755);
    set(&path, 0o644);
    let (_keeper, file) = kept(&path, SCHEMA);
    assert_eq!(count(&file), Ok(1), "it opens");
    assert_eq!(
        (mode(&folder), mode(&path)),
        (0o700, 0o600),
        "narrowed again"
    );
    assert_eq!(file.facts().rights_repaired, 2, "and counted");
}

#[cfg(target_os = "linux")]
#[test]
fn looking_at_an_open_file_keeps_its_locks() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (_keeper, file) = kept(&path, SCHEMA);
    insert(&file, "one").unwrap();
    count(&file).unwrap();
    // What SQLite keeps as long as a connection lives: the shared range of the main file (SHARED_FIRST, 510 bytes)
    // and the "dead man's switch" of the index of the log (UNIX_SHM_DMS). Others come and go with each transaction.
    let kept = [("a.db", "1073741826 1073742335"), ("a.db-shm", "128 128")].map(|(name, range)| {
        let inode = std::fs::metadata(dir.path().join(name)).unwrap().ino();
        format!(":{inode} {range}")
    });
    let held = |lock: &String| {
        // The list of all locks is not read in one step: while others come and go a line may be passed over.
        (0..20).any(|_| {
            let locks = std::fs::read_to_string("/proc/locks").unwrap();
            locks.lines().any(|line| line.ends_with(lock.as_str()))
        })
    };
    assert!(kept.iter().all(held), "an open file is locked: {kept:?}");
    file.facts();
    file.health();
    file.try_now().unwrap();
    assert!(
        kept.iter().all(held),
        "facts, health and a try drop no lock: {kept:?}"
    );
}
