//! Facts about what is told over time: the history of health, incidents, and waking from sleep.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    BreakerState, Class, Error, Health, Incident, Keeper, KeptFile, Lane, Room, Space,
};
use parking_lot::Mutex;

const MINUTE: Duration = Duration::from_secs(60);

/// A file whose place is taken by a folder, and all that is told of it.
struct Broken {
    keeper: Keeper,
    file: Arc<KeptFile>,
    clock: Arc<ManualClock>,
    told: Arc<Mutex<Vec<Incident>>>,
}

impl Broken {
    fn new(path: &Path) -> Broken {
        std::fs::create_dir(path).unwrap();
        let (ambient, clock) = manual();
        let keeper = Keeper::new(ambient);
        let file = keeper.file(path, SCHEMA).unwrap();
        let told: Arc<Mutex<Vec<Incident>>> = Arc::default();
        let list = Arc::clone(&told);
        file.on_incident(move |incident| list.lock().push(*incident));
        Broken {
            keeper,
            file,
            clock,
            told,
        }
    }

    fn minutes(&self, n: u32) {
        for _ in 0..n {
            assert!(count(&self.file).is_err(), "it is broken");
            self.clock.advance(MINUTE);
            self.file.tick();
        }
    }
}

#[test]
fn a_file_that_stays_unavailable_is_one_incident() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let broken = Broken::new(&path);
    for _ in 0..3 {
        count(&broken.file).unwrap_err();
    }
    broken.minutes(9);
    assert_eq!(*broken.told.lock(), [], "nine minutes are no incident");
    broken.minutes(1);
    let refused = match broken.told.lock()[..] {
        [
            Incident::StoreUnavailable {
                class,
                code,
                errno,
                since_unix_ms,
                refused,
            },
        ] => {
            assert_eq!(class, Class::Path, "why");
            assert_eq!((code, errno), (None, None), "found before SQLite was asked");
            assert_eq!(since_unix_ms, 1_700_000_000_000, "since the third strike");
            refused
        }
        ref other => unreachable!("ten minutes are one incident, not {other:?}"),
    };
    assert_eq!(refused, broken.file.facts().refused, "and what it has cost");
    broken.minutes(24 * 60);
    assert_eq!(broken.told.lock().len(), 1, "a day is the same incident");

    std::fs::remove_dir(&path).unwrap();
    broken.clock.advance(Duration::from_secs(300));
    assert_eq!(count(&broken.file), Ok(0), "mended");
    broken.minutes_well(30);
    assert_eq!(broken.told.lock().len(), 1, "nothing to tell");
}

impl Broken {
    fn minutes_well(&self, n: u32) {
        for _ in 0..n {
            assert!(count(&self.file).is_ok(), "it works");
            self.clock.advance(MINUTE);
            self.file.tick();
        }
    }
}

#[test]
fn a_failure_that_only_a_bug_explains_is_told_with_its_code_and_no_other_is() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let told: Arc<Mutex<Vec<Error>>> = Arc::default();
    let list = Arc::clone(&told);
    file.on_fault(move |error| list.lock().push(error.clone()));
    assert_eq!(count(&file), Ok(0), "what works is not told");
    let wrong = file.read(Lane::Interactive, |tx| {
        Ok::<_, Error>(
            tx.connection()
                .execute("INSERT INTO nowhere VALUES (1)", [])?,
        )
    });
    assert!(wrong.is_err(), "there is no such table");
    let none = file.read(Lane::Interactive, |tx| {
        let sql = "SELECT 1 WHERE 0";
        Ok::<_, Error>(
            tx.connection()
                .query_row(sql, [], |row| row.get::<_, i64>(0))?,
        )
    });
    assert_eq!(none, Err(Error::NoRows), "an answer");
    let stopped: Result<(), Error> = file.read(Lane::Interactive, |_| Err(Error::Cancelled));
    assert_eq!(stopped, Err(Error::Cancelled));
    let panicked = file.write(|_| -> Result<(), Error> { panic!("a bug, told by its hook") });
    assert_eq!(panicked, Err(Error::Panicked));
    assert_eq!(
        told.lock().iter().map(Error::code).collect::<Vec<_>>(),
        [Some(1)],
        "one wrong statement, with SQLite's code"
    );
}

#[test]
fn a_short_illness_is_no_incident() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let broken = Broken::new(&path);
    broken.minutes(9);
    std::fs::remove_dir(&path).unwrap();
    broken.clock.advance(MINUTE);
    assert_eq!(count(&broken.file), Ok(0), "mended in time");
    broken.minutes_well(60);
    assert_eq!(*broken.told.lock(), [], "nobody had to know");
}

/// A volume that is full or is not.
struct Full(AtomicBool);

impl Space for Full {
    fn look(&self, _: &Path) -> Option<Room> {
        let full = self.0.load(Ordering::SeqCst);
        Some(Room {
            free_bytes: if full { 0 } else { 1 << 40 },
            total_bytes: 1 << 41,
            free_inodes: None,
        })
    }
}

#[test]
fn the_history_of_health_is_true_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, _clock) = manual();
    let space = Arc::new(Full(AtomicBool::new(false)));
    let keeper = Keeper::with_space(ambient, Arc::<Full>::clone(&space));
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    assert_eq!(file.health_history(), [], "nothing has changed yet");
    let heard: Arc<Mutex<Vec<_>>> = Arc::default();
    let list = Arc::clone(&heard);
    file.on_health(move |change| list.lock().push(*change));
    count(&file).unwrap();
    for full in [true, false].into_iter().cycle().take(100) {
        space.0.store(full, Ordering::SeqCst);
        file.tick();
    }
    let (history, heard) = (file.health_history(), heard.lock());
    assert_eq!(heard.len(), 101, "to ok, and a hundred times to and fro");
    assert_eq!(history.len(), 64, "the last ones are kept");
    assert_eq!(
        history[..],
        heard[heard.len() - 64..],
        "as they were told, the newest at the end"
    );
}

#[test]
fn after_sleep_a_file_that_waits_is_tried_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let broken = Broken::new(&path);
    for _ in 0..3 {
        count(&broken.file).unwrap_err();
    }
    let opens = broken.file.facts().opens;
    broken.keeper.resumed();
    assert_eq!(broken.file.facts().opens, opens + 1, "one probe");
    assert!(
        matches!(broken.file.facts().breaker, BreakerState::Open { .. }),
        "which failed and re-armed it"
    );
    std::fs::remove_dir(&path).unwrap();
    broken.keeper.resumed();
    assert!(
        matches!(broken.file.health().state, Health::Recovered { .. }),
        "the next finds it mended, before anybody asks"
    );
}

#[test]
fn after_sleep_a_file_never_opened_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    keeper.resumed();
    assert_eq!(file.facts().opens, 0, "nothing was opened");
    assert_eq!(file.health().state, Health::Resting, "nothing is told");
}

#[cfg(unix)]
#[test]
fn after_sleep_a_file_that_was_replaced_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    std::fs::rename(&path, dir.path().join("moved.db")).unwrap();
    keeper.resumed();
    assert_eq!(file.health().state, Health::SplitBrain, "before a write");
    keeper.resumed();
    assert_eq!(
        count(&file),
        Err(oldgrowth_keeper::Error::SplitBrain),
        "and waking does not choose for the person"
    );
}

#[test]
fn sidecars_of_a_healthy_open_file_are_no_warning() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    let facts = file.facts();
    assert!(
        facts.wal_bytes.is_some() && facts.shm_bytes.is_some(),
        "they are there"
    );
    file.tick();
    keeper.resumed();
    assert_eq!(file.health().state, Health::Ok, "as they should be");
    assert_eq!(file.health_history().len(), 1, "from resting to ok");
    assert_eq!(file.facts().opens, 1, "and nothing was opened anew");
}

#[test]
fn a_tick_inside_an_operation_waits_for_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    let (inside, keeper) = (Arc::clone(&file), Arc::new(keeper));
    let waking = Arc::clone(&keeper);
    let done = file.write(move |tx| {
        inside.tick();
        waking.resumed();
        insert_in(tx.connection(), "one")
    });
    assert_eq!(done, Ok(1), "it comes to its end");
}
