//! Facts about a volume without space, on a small one made for the purpose.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::volume::SmallVolume;
use common::*;
use oldgrowth_keeper::{
    BreakerState, Class, Degraded, Error, Health, JournalMode, Keeper, KeptFile, Lane, Room, Space,
};

fn ballast(dir: &Path) -> PathBuf {
    let path = dir.join("ballast");
    std::fs::write(&path, vec![1_u8; 400 * 1024]).unwrap();
    path
}

#[test]
fn a_full_disk_is_typed_keeps_reads_and_goes_away_by_itself() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let ballast = ballast(volume.folder());
    let (_keeper, file) = keep(&volume.database());
    let text = "x".repeat(2000);
    let mut acknowledged = 0;
    let error = loop {
        match insert(&file, &text) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1000, "a volume of 1 MiB is full before that");
    };
    assert_eq!(error.class(), Class::DiskFull, "typed: {error:?}");
    assert!(error.is_transient(), "worth waiting for");
    assert_eq!(file.health().state, Health::DiskFull, "and it says so");
    for _ in 0..10 {
        assert!(
            matches!(insert(&file, &text), Err(Error::DiskFull { .. })),
            "the same answer every time"
        );
        assert_eq!(count(&file), Ok(acknowledged), "reads are served");
    }
    std::fs::remove_file(ballast).unwrap();
    assert!(
        insert(&file, &text).is_ok(),
        "it resumes when there is space"
    );
    assert_eq!(
        count(&file),
        Ok(acknowledged + 1),
        "nothing acknowledged is lost"
    );
    assert!(
        matches!(file.health().state, Health::Recovered { .. }),
        "and it says so"
    );
    let facts = file.facts();
    assert_eq!(
        (facts.opens, facts.evictions),
        (1, 0),
        "a full disk costs no connection"
    );
}

#[test]
fn a_file_on_a_full_disk_can_still_be_read() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let (keeper, file) = keep(&volume.database());
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let filling = volume.fill("filling");
    let (_keeper, file) = keep(&volume.database());
    assert_eq!(count(&file), Ok(1), "read without room for a shared index");
    assert_eq!(
        file.facts().journal_mode,
        Some(JournalMode::WalExclusive),
        "which is then not used"
    );
    assert_eq!(
        file.health().state,
        Health::Degraded(Degraded::NoSharedIndex),
        "and it says so"
    );
    assert_eq!(
        insert(&file, &"x".repeat(10_000)).unwrap_err().class(),
        Class::DiskFull,
        "writing waits for space"
    );
    std::fs::remove_file(filling).unwrap();
    assert!(insert(&file, "two").is_ok(), "and gets it");
    assert_eq!(count(&file), Ok(2), "both are there");
}

/// A volume as full as the test says.
struct Says(parking_lot::Mutex<Room>, AtomicU64);

impl Says {
    fn new(free_mib: u64) -> Arc<Says> {
        let volume = Room {
            free_bytes: free_mib << 20,
            total_bytes: 4 << 30,
            free_inodes: None,
        };
        Arc::new(Says(parking_lot::Mutex::new(volume), AtomicU64::new(0)))
    }
    fn free(&self, mib: u64) {
        self.0.lock().free_bytes = mib << 20;
    }
    fn looks(&self) -> u64 {
        self.1.load(Ordering::SeqCst)
    }
}

impl Space for Says {
    fn look(&self, _: &Path) -> Option<Room> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Some(*self.0.lock())
    }
}

fn job(file: &KeptFile) -> Result<i64, Error> {
    file.submit_in(Lane::Background, |tx| insert_in(tx.connection(), "job"))
        .wait()
}

#[test]
fn jobs_pause_before_the_disk_is_full_and_resume_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let space = Says::new(1000);
    let keeper = Keeper::with_space(ambient, Arc::<Says>::clone(&space));
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    assert!(job(&file).is_ok(), "there is room");
    let heard: Arc<parking_lot::Mutex<Vec<&'static str>>> = Arc::default();
    let list = Arc::clone(&heard);
    file.on_health(move |change| list.lock().push(change.state.as_str()));

    space.free(63);
    assert!(job(&file).is_ok(), "the last look is not old yet");
    clock.advance(Duration::from_secs(5));
    for _ in 0..100 {
        assert_eq!(
            job(&file),
            Err(Error::DiskFull {
                code: None,
                errno: None
            }),
            "jobs are told before SQLite fails"
        );
        assert!(insert(&file, "person").is_ok(), "people still write");
        assert!(count(&file).is_ok(), "and everybody reads");
    }
    assert_eq!(space.looks(), 2, "201 writes, two looks");
    let facts = file.facts();
    assert!(facts.jobs_paused, "and the facts say so");
    assert_eq!(
        (facts.free_bytes, facts.needed_bytes),
        (Some(63 << 20), Some(96 << 20)),
        "with how much they go on"
    );
    assert!(
        file.facts().last_checkpoint.is_some(),
        "the WAL was moved, though it is short"
    );

    space.free(95);
    clock.advance(Duration::from_secs(5));
    assert!(job(&file).is_err(), "half above the guard is not reached");
    space.free(96);
    assert!(job(&file).is_err(), "nobody has looked yet");
    clock.advance(Duration::from_secs(5));
    assert!(job(&file).is_ok(), "now it is, at the next look");
    assert_eq!(
        *heard.lock(),
        ["disk_full", "recovered"],
        "two changes were told"
    );
    let facts = file.facts();
    assert_eq!(
        (facts.opens, facts.evictions, facts.breaker),
        (1, 0, BreakerState::Closed { strikes: 0 }),
        "none of it was a strike"
    );
    assert_eq!(facts.refused, 102, "every refusal is counted");
}

#[test]
fn a_tick_notices_space_that_nobody_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, _clock) = manual();
    let space = Says::new(10);
    let keeper = Keeper::with_space(ambient, Arc::<Says>::clone(&space));
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    assert!(job(&file).is_err(), "it begins full");
    assert!(insert(&file, "person").is_ok(), "people write");
    assert_eq!(file.health().state, Health::DiskFull, "it stays told");
    space.free(1000);
    file.tick();
    assert!(
        matches!(file.health().state, Health::Recovered { .. }),
        "the tick tells that it is over"
    );
    assert!(job(&file).is_ok(), "and jobs go on");
    space.free(10);
    file.tick();
    assert_eq!(file.health().state, Health::DiskFull, "and it sees the end");
}

#[test]
fn jobs_that_line_up_before_the_disk_grows_full_are_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, _clock) = manual();
    let space = Says::new(1000);
    let keeper = Keeper::with_space(ambient, Arc::<Says>::clone(&space));
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (enter, entered) = std::sync::mpsc::channel::<()>();
    let first = file.submit(move |_| {
        enter.send(()).unwrap();
        wait.recv().unwrap();
        Ok::<_, Error>(())
    });
    entered.recv().unwrap();
    let late = file.submit_in(Lane::Background, |tx| insert_in(tx.connection(), "job"));
    space.free(1);
    file.tick();
    go.send(()).unwrap();
    assert!(first.wait().is_ok(), "a person's is done");
    assert!(
        matches!(late.wait(), Err(Error::DiskFull { .. })),
        "a job's is not"
    );
}

#[test]
fn a_small_volume_can_be_written_by_jobs() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let (_keeper, file) = keep(&volume.database());
    let mut acknowledged = 0;
    let told = loop {
        match job(&file) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        let ballast = volume.folder().join(format!("ballast-{acknowledged}"));
        std::fs::write(ballast, vec![1_u8; 50 * 1024]).ok();
        file.tick();
    };
    assert_eq!(told.class(), Class::DiskFull, "in the end it is full");
    assert!(acknowledged > 5, "before that, {acknowledged} were written");
    assert!(insert(&file, "person").is_ok(), "there is room for people");
    for n in 1..=acknowledged {
        std::fs::remove_file(volume.folder().join(format!("ballast-{n}"))).ok();
    }
    file.tick();
    assert!(job(&file).is_ok(), "and it resumes");
    assert_eq!(count(&file), Ok(acknowledged + 2), "nothing is lost");
}
