//! Facts about the WAL: when it is emptied, who keeps it from that, and what is done about it.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{Error, Keeper, KeptFile, Lane};

const MIB: usize = 1024 * 1024;
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
     SELECT count(*) FROM n";

fn wal_mib(file: &KeptFile) -> usize {
    usize::try_from(file.facts().wal_bytes.unwrap_or(0)).unwrap() / MIB
}

/// The writer records a checkpoint after it has answered; the next answer comes after that.
fn settle(file: &KeptFile) {
    insert(file, "next").unwrap();
}

#[test]
fn without_readers_a_wal_stays_short() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    for _ in 0..40 {
        insert(&file, &"x".repeat(MIB)).unwrap();
        clock.advance(Duration::from_secs(1));
    }
    settle(&file);
    let facts = file.facts();
    assert!(wal_mib(&file) <= 8, "forty MiB went through {facts:?}");
    assert!(
        facts.last_checkpoint.unwrap().is_complete(),
        "each was emptied whole: {facts:?}"
    );
    assert_eq!(facts.incomplete_checkpoints, 0, "none was held up");
}

#[test]
fn two_checkpoints_are_a_second_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    clock.advance(Duration::from_secs(5));
    insert(&file, &"x".repeat(5 * MIB)).unwrap();
    settle(&file);
    let first = file.facts().last_checkpoint.unwrap();
    insert(&file, &"x".repeat(9 * MIB)).unwrap();
    settle(&file);
    assert_eq!(
        file.facts().last_checkpoint,
        Some(first),
        "the clock stands still"
    );
    clock.advance(Duration::from_secs(1));
    settle(&file);
    settle(&file);
    assert_ne!(
        file.facts().last_checkpoint,
        Some(first),
        "a second later there is another"
    );
}

#[test]
fn nobody_but_the_keeper_moves_the_wal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    clock.advance(Duration::from_secs(5));
    insert(&file, &"x".repeat(5 * MIB)).unwrap();
    settle(&file);
    let main = std::fs::metadata(&path).unwrap().len();
    assert!(main > 5 * MIB as u64, "the first was moved");
    // Past the thousand pages at which SQLite would do it by itself, at every commit.
    for _ in 0..90 {
        insert(&file, &"x".repeat(MIB / 10)).unwrap();
    }
    assert_eq!(
        std::fs::metadata(&path).unwrap().len(),
        main,
        "the clock stands still, so nothing is moved yet"
    );
}

#[test]
fn a_long_wal_is_begun_anew_without_a_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, _clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    for _ in 0..100 {
        insert(&file, &"x".repeat(MIB)).unwrap();
    }
    assert!(
        wal_mib(&file) <= 20,
        "a hundred MiB went through while the clock stood still: {:?}",
        file.facts()
    );
}

#[test]
fn a_reader_that_holds_the_wal_is_named_with_its_age() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    file.read(Lane::Background, |tx| {
        count_in(tx.connection())?;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20 {
                    insert(&file, &"x".repeat(MIB)).unwrap();
                    clock.advance(Duration::from_secs(1));
                }
                settle(&file);
            });
        });
        let facts = file.facts();
        let oldest = facts.oldest_reader.unwrap();
        assert_eq!(
            (oldest.label, oldest.age),
            ("background", Duration::from_secs(20)),
            "it reads since the beginning"
        );
        assert!(
            facts.incomplete_checkpoints >= 10,
            "and each checkpoint stopped at it: {facts:?}"
        );
        assert!(wal_mib(&file) >= 20, "so the WAL grew");
        Ok::<_, Error>(())
    })
    .unwrap();
    for _ in 0..2 {
        clock.advance(Duration::from_secs(1));
        settle(&file);
    }
    settle(&file);
    let facts = file.facts();
    assert_eq!(facts.oldest_reader, None, "it is gone");
    assert_eq!(facts.incomplete_checkpoints, 0, "all was moved");
    assert!(wal_mib(&file) <= 16, "and the WAL was cut");
}

#[test]
fn an_old_reader_is_called_off_before_the_wal_grows_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    let (enter, entered) = mpsc::channel::<()>();
    let mut longest = 0;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let held = file.reserve("export").unwrap();
            held.read(|tx| {
                count_in(tx.connection())?;
                enter.send(()).unwrap();
                Ok::<i64, Error>(tx.connection().query_row(ENDLESS, [], |row| row.get(0))?)
            })
        });
        entered.recv().unwrap();
        for _ in 0..80 {
            insert(&file, &"x".repeat(MIB)).unwrap();
            clock.advance(Duration::from_secs(1));
            longest = longest.max(wal_mib(&file));
        }
        assert_eq!(
            reader.join().unwrap(),
            Err(Error::Cancelled),
            "it is told that it was called off"
        );
    });
    assert!(
        (60..=67).contains(&longest),
        "the WAL reached {longest} MiB: 64 and a batch"
    );
    settle(&file);
    assert!(wal_mib(&file) <= 16, "and was cut afterwards");
    assert_eq!(file.facts().evictions, 0, "nothing was wrong with the file");
    assert_eq!(count(&file), Ok(82), "nothing acknowledged is lost");
}

#[test]
fn a_young_reader_is_spared() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    let held = file.reserve("export").unwrap();
    let seen = held.read(|tx| {
        count_in(tx.connection())?;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..70 {
                    insert(&file, &"x".repeat(MIB)).unwrap();
                    clock.advance(Duration::from_millis(140));
                }
            });
        });
        // Long enough for SQLite to ask whether it should stop.
        Ok::<i64, Error>(tx.connection().query_row(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
             SELECT count(*) FROM n",
            [],
            |row| row.get(0),
        )?)
    });
    assert_eq!(seen, Ok(100_000), "nine seconds are not too long");
}

#[test]
fn the_last_checkpoint_is_recorded_when_the_file_closes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    assert_eq!(file.facts().last_checkpoint, None, "the WAL is short");
    keeper.shut_down();
    let last = file.facts().last_checkpoint.unwrap();
    assert!(last.is_complete() && last.log > 0, "it was moved: {last:?}");
    assert_eq!(file.facts().wal_bytes, None, "and nothing is left beside");
}
