//! Facts about a database that is moved, replaced or unlinked while it is open.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::*;
use oldgrowth_keeper::{Class, Error, Health, Keeper, KeptFile, Lane, Misplaced, Source};

const ACTS: [Act; 6] = [
    Act::MainRenamed,
    Act::MainEmptied,
    Act::MainReplaced,
    Act::WalUnlinked,
    Act::ShmUnlinked,
    Act::AllUnlinked,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    MainRenamed,
    MainEmptied,
    MainReplaced,
    WalUnlinked,
    ShmUnlinked,
    AllUnlinked,
}

fn act(dir: &Path, act: Act) {
    let at = |name: &str| dir.join(name);
    match act {
        Act::MainRenamed => std::fs::rename(at("a.db"), at("moved.db")).unwrap(),
        Act::MainEmptied => {
            std::fs::copy(at("a.db"), at("moved.db")).unwrap();
            std::fs::File::create(at("a.db")).unwrap();
        }
        Act::MainReplaced => {
            let other = outsider(&at("other.db"));
            other
                .execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
                .unwrap();
            drop(other);
            std::fs::rename(at("other.db"), at("a.db")).unwrap();
        }
        Act::WalUnlinked => std::fs::remove_file(at("a.db-wal")).unwrap(),
        Act::ShmUnlinked => std::fs::remove_file(at("a.db-shm")).unwrap(),
        Act::AllUnlinked => {
            for name in ["a.db", "a.db-wal", "a.db-shm"] {
                std::fs::remove_file(at(name)).unwrap();
            }
        }
    }
}

/// Writes rows until some are in the file and some in the WAL alone. Returns their texts.
fn acknowledged(file: &KeptFile) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for n in 0..40 {
        let text = format!("{n}-{}", "x".repeat(if n < 5 { 1024 * 1024 } else { 10 }));
        insert(file, &text).unwrap();
        rows.insert(text);
    }
    assert!(
        file.facts().last_checkpoint.is_some(),
        "some are in the file"
    );
    rows
}

fn sets(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir.join("quarantine"))
        .map(|entries| entries.map(|e| e.unwrap().path()).collect())
        .unwrap_or_default()
}

/// The rows of a main file with a WAL beside it, read from copies of both.
fn rows_of(main: &Path, wal: &Path) -> BTreeSet<String> {
    let apart = tempfile::tempdir().unwrap();
    let copy = apart.path().join("copy.db");
    if std::fs::copy(main, &copy).is_err() {
        return BTreeSet::new();
    }
    std::fs::copy(wal, apart.path().join("copy.db-wal")).ok();
    let connection = outsider(&copy);
    let Ok(mut all) = connection.prepare("SELECT text FROM note") else {
        return BTreeSet::new();
    };
    let rows = all.query_map([], |row| row.get(0)).unwrap();
    rows.map_while(Result::ok).collect()
}

/// Everything that can be had from the main file, its WAL and quarantine.
fn rows_left(dir: &Path) -> BTreeSet<String> {
    let mut rows = rows_of(&dir.join("a.db"), &dir.join("a.db-wal"));
    rows.extend(rows_of(&dir.join("moved.db"), &dir.join("a.db-wal")));
    for set in sets(dir) {
        let kept = set.join("a.db");
        let main = if kept.exists() {
            kept
        } else {
            dir.join("a.db")
        };
        rows.extend(rows_of(&main, &set.join("a.db-wal")));
    }
    rows
}

#[test]
fn whatever_is_moved_nothing_acknowledged_is_lost_and_nobody_is_acknowledged_after() {
    for what in ACTS {
        for by_tick in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let (keeper, file) = keep(&dir.path().join("a.db"));
            let rows = acknowledged(&file);
            act(dir.path(), what);
            if by_tick {
                file.tick();
                assert_eq!(
                    file.health().state,
                    Health::SplitBrain,
                    "{what:?}: a tick notices it"
                );
            }
            for _ in 0..3 {
                assert_eq!(
                    insert(&file, "late"),
                    Err(Error::SplitBrain),
                    "{what:?}: nobody is acknowledged"
                );
            }
            assert_eq!(
                count(&file),
                Err(Error::SplitBrain),
                "{what:?}: nor is the wrong file read"
            );
            assert_eq!(file.health().state, Health::SplitBrain, "{what:?}: told");
            assert_eq!(
                file.facts().opens,
                1,
                "{what:?}: nothing opens it by itself"
            );
            keeper.shut_down();
            assert_eq!(sets(dir.path()).len(), 1, "{what:?}: one set");
            let missing: Vec<_> = rows.difference(&rows_left(dir.path())).cloned().collect();
            assert!(
                missing.is_empty(),
                "{what:?}: {} acknowledged rows are nowhere",
                missing.len()
            );
        }
    }
}

#[test]
fn closing_moves_nothing_into_the_file_that_took_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    acknowledged(&file);
    act(dir.path(), Act::MainReplaced);
    let newcomer = std::fs::read(dir.path().join("a.db")).unwrap();
    assert_eq!(insert(&file, "late"), Err(Error::SplitBrain), "noticed");
    keeper.shut_down();
    assert_eq!(
        std::fs::read(dir.path().join("a.db")).unwrap(),
        newcomer,
        "not a byte of it was changed"
    );
    assert!(
        dir.path().join("a.db-wal").exists(),
        "and our WAL was not taken away"
    );
}

#[test]
fn the_set_in_quarantine_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    act(dir.path(), Act::WalUnlinked);
    assert_eq!(insert(&file, "late"), Err(Error::SplitBrain), "noticed");
    let [set] = &file.quarantine()[..] else {
        panic!("one set is listed")
    };
    assert_eq!(
        (set.manifest.reason.as_str(), set.manifest.holds_only_copy),
        ("split_brain", true),
        "what has happened, and that only a person removes it"
    );
    let names: Vec<_> = set.manifest.files.iter().map(|kept| &*kept.name).collect();
    assert_eq!(names, ["a.db-wal", "a.db"], "all that a restore needs");
    for kept in &set.manifest.files {
        let bytes = std::fs::metadata(set.folder.join(&kept.name))
            .unwrap()
            .len();
        assert_eq!(kept.bytes, bytes, "whole");
    }
    let text = std::fs::read_to_string(set.folder.join("manifest.json")).unwrap();
    assert!(
        !text.contains(dir.path().to_str().unwrap()),
        "without the way to it"
    );
}

#[test]
fn what_was_kept_aside_is_restored_whole() {
    for what in ACTS {
        let dir = tempfile::tempdir().unwrap();
        let (keeper, file) = keep(&dir.path().join("a.db"));
        let rows = acknowledged(&file);
        act(dir.path(), what);
        assert_eq!(insert(&file, "late"), Err(Error::SplitBrain), "noticed");
        let set = file.quarantine().remove(0);
        let restored = file.restore(&Source::Set(set));
        if what == Act::MainEmptied {
            assert!(restored.is_err(), "a log alone is not the whole");
            continue;
        }
        restored.unwrap();
        keeper.shut_down();
        let back = rows_of(&dir.path().join("a.db"), Path::new(""));
        assert!(rows.is_subset(&back), "{what:?}: all that was acknowledged");
    }
}

#[test]
fn a_person_may_try_again_and_gets_the_file_that_is_there() {
    for what in [Act::WalUnlinked, Act::ShmUnlinked] {
        let dir = tempfile::tempdir().unwrap();
        let (_keeper, file) = keep(&dir.path().join("a.db"));
        insert(&file, "one").unwrap();
        act(dir.path(), what);
        file.tick();
        assert_eq!(file.try_now(), Ok(()), "{what:?}: a person has chosen");
        assert!(
            matches!(file.health().state, Health::Recovered { .. }),
            "{what:?}: and it is told"
        );
        assert!(insert(&file, "two").is_ok(), "{what:?}: it works");
    }
}

#[test]
fn our_wal_is_never_opened_with_the_file_that_took_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let keeper = Keeper::new(real());
    let any = oldgrowth_keeper::Schema {
        application_id: 0,
        ..SCHEMA
    };
    let file = keeper.file(&path, any).unwrap();
    acknowledged(&file);
    act(dir.path(), Act::MainReplaced);
    file.tick();
    let newcomer = std::fs::read(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(
            file.try_now(),
            Err(Error::SplitBrain),
            "also when a person asks"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), newcomer, "it is untouched");
    // The person has looked, and puts our WAL away: the newcomer is meant.
    let away = dir.path().join("put-away-wal");
    std::fs::rename(dir.path().join("a.db-wal"), away).unwrap();
    let tried = file.try_now();
    assert_ne!(tried, Err(Error::SplitBrain), "now it is looked at");
}

#[test]
fn no_other_connection_is_made_while_somebody_reads_in_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    let again = Arc::clone(&file);
    file.read(Lane::Interactive, |tx| {
        count_in(tx.connection())?;
        act(dir.path(), Act::WalUnlinked);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                again.tick();
                assert_eq!(
                    again.try_now(),
                    Err(Error::SplitBrain),
                    "both would share one index of two WALs"
                );
            });
        });
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(file.try_now(), Ok(()), "when it is closed it may be opened");
}

#[test]
fn what_cannot_be_copied_stays_open_until_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    let rows = acknowledged(&file);
    // A file where the folder should be.
    std::fs::write(dir.path().join("quarantine"), "in the way").unwrap();
    act(dir.path(), Act::WalUnlinked);
    assert_eq!(insert(&file, "late"), Err(Error::SplitBrain), "noticed");
    assert_eq!(file.try_now(), Err(Error::SplitBrain), "it is not given up");
    std::fs::remove_file(dir.path().join("quarantine")).unwrap();
    file.tick();
    keeper.shut_down();
    let missing = rows.difference(&rows_left(dir.path())).count();
    assert_eq!(missing, 0, "the copy was made later, and is whole");
}

#[test]
fn where_the_whole_folder_was_moved_away_no_new_one_is_begun_and_what_was_open_can_be_put_back() {
    let above = tempfile::tempdir().unwrap();
    let (home, moved) = (above.path().join("home"), above.path().join("elsewhere"));
    std::fs::create_dir(&home).unwrap();
    let (keeper, file) = keep(&home.join("a.db"));
    let rows = acknowledged(&file);
    std::fs::rename(&home, &moved).unwrap();
    file.compare_names();
    assert_eq!(file.health().state, Health::SplitBrain);
    let missed = Err(Error::Misplaced(Misplaced::Vanished));
    assert_eq!(file.try_now(), missed, "it is still not there");
    assert_eq!(count(&file).map(drop), missed);
    assert!(!home.join("a.db").exists(), "and none is begun");
    keeper.shut_down();

    let (keeper, file) = keep(&home.join("a.db"));
    assert_eq!(count(&file).map(drop), missed, "nor by the next process");
    let set = file.quarantine().remove(0);
    file.restore(&Source::Set(set)).unwrap();
    assert_eq!(count(&file), Ok(rows.len() as i64), "all of it was kept");
    keeper.shut_down();
}

#[test]
fn files_at_rest_are_no_split() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (_keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    let other = outsider(&path);
    other
        .execute("INSERT INTO note (text) VALUES ('theirs')", [])
        .unwrap();
    other
        .execute_batch("VACUUM; PRAGMA wal_checkpoint")
        .unwrap();
    drop(other);
    file.tick();
    assert!(
        insert(&file, "two").is_ok(),
        "another process may write too"
    );
    assert!(file.health().state.is_well(), "the files are the same");
    assert_eq!(
        file.facts().evictions,
        0,
        "sidecars of an open file are as they should be"
    );
    assert_eq!(Error::SplitBrain.class(), Class::SplitBrain, "typed");
    assert!(!Error::SplitBrain.is_transient(), "waiting does not help");
}
