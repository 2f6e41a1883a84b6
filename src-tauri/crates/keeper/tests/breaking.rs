//! Facts about a file that fails: what is tried, what is refused, what is told.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::io::{Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    Ambient, BreakerState, Class, Degraded, Error, Health, HealthSnapshot, Keeper, Lane,
    PathProblem, Spawn,
};
use parking_lot::Mutex;

const OPEN_FOR: Duration = Duration::from_secs(30);

#[test]
fn three_strikes_close_the_door_and_refusals_open_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::fs::create_dir(&path).unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    for strike in 1..=3 {
        assert_eq!(
            count(&file),
            Err(Error::Path {
                problem: PathProblem::IsFolder,
                errno: None
            }),
            "try {strike} is made and typed"
        );
    }
    for _ in 0..1_000 {
        assert_eq!(
            insert(&file, "x").unwrap_err(),
            Error::Unavailable {
                class: Class::Path,
                retry_in: OPEN_FOR,
                code: None,
                errno: None
            },
            "refused, and told why and until when"
        );
    }
    assert_eq!(file.facts().opens, 3, "a refusal opens nothing");
    clock.advance(Duration::from_millis(29_999));
    assert!(count(&file).unwrap_err().is_transient(), "not yet");
    assert_eq!(file.facts().opens, 3, "not yet");

    clock.advance(Duration::from_millis(1));
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                assert!(count(&file).is_err(), "it is still broken");
            });
        }
    });
    assert_eq!(file.facts().opens, 4, "exactly one of eight was the probe");
    assert_eq!(
        file.facts().breaker,
        BreakerState::Open { retry_in: OPEN_FOR },
        "the failed probe re-armed it in full"
    );

    std::fs::remove_dir(&path).unwrap();
    assert!(count(&file).is_err(), "mending does not end the wait");
    clock.advance(OPEN_FOR);
    assert_eq!(count(&file), Ok(0), "the probe finds it mended");
    assert_eq!(
        file.facts().breaker,
        BreakerState::Closed { strikes: 0 },
        "and closes the breaker"
    );
    match file.health().state {
        Health::Recovered {
            downtime,
            suppressed,
        } => {
            assert_eq!(downtime, 2 * OPEN_FOR, "since the first strike");
            assert_eq!(suppressed, 1_000 + 1 + 7 + 1, "every refusal is counted");
        }
        other => unreachable!("it has recovered, not {other:?}"),
    }
}

#[test]
fn ten_failed_probes_make_the_wait_long() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::fs::create_dir(&path).unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    let heard = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&heard);
    file.on_health(move |_| *counter.lock() += 1);
    for _ in 0..24 * 60 * 2 {
        assert!(count(&file).is_err(), "broken all day");
        clock.advance(OPEN_FOR);
    }
    let opens = file.facts().opens;
    assert!(opens < 320, "a day of a broken file costs {opens} looks");
    assert_eq!(
        *heard.lock(),
        1,
        "a folder is in the way: one event in a day"
    );
}

#[test]
fn try_now_does_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::fs::create_dir(&path).unwrap();
    let (ambient, _clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    for _ in 0..4 {
        assert!(count(&file).is_err(), "it is broken");
    }
    assert!(file.try_now().is_err(), "tried at once, and still broken");
    assert_eq!(file.facts().opens, 4, "three strikes and the try");
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(file.try_now(), Ok(()), "tried at once, and mended");
    assert_eq!(insert(&file, "x"), Ok(1), "it works for everybody");
}

#[test]
fn many_callers_open_a_cold_file_once() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let (_keeper, file) = keep(&dir.path().join("a.db"));
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (file, start) = (&file, &start);
                scope.spawn(move || {
                    start.wait();
                    if n % 2 == 0 {
                        insert(file, "x").unwrap();
                    } else {
                        count(file).unwrap();
                    }
                });
            }
        });
        assert_eq!(file.facts().opens, 1, "four callers, one open");
    }
}

#[test]
fn two_names_of_one_file_are_one_entry() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(real());
    let folder = dir.path().join("real");
    std::fs::create_dir(&folder).unwrap();
    let plain = keeper.file(&folder.join("a.db"), SCHEMA).unwrap();
    let around = folder.join("..").join("real").join("a.db");
    let same = keeper.file(&around, SCHEMA).unwrap();
    assert!(Arc::ptr_eq(&plain, &same), "dots lead to the same entry");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&folder, dir.path().join("link")).unwrap();
        let linked = keeper
            .file(&dir.path().join("link").join("a.db"), SCHEMA)
            .unwrap();
        assert!(Arc::ptr_eq(&plain, &linked), "links lead to the same entry");
    }
    assert_eq!(plain.facts().opens, 0, "finding an entry opens nothing");
    assert_eq!(
        keeper.file(&around, SCHEMA_LATER).unwrap_err(),
        Error::SchemaDiffers,
        "one file has one schema"
    );
}

#[test]
fn files_do_not_share_their_fate() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, _clock) = manual();
    let keeper = Keeper::new(ambient);
    std::fs::create_dir(dir.path().join("bad.db")).unwrap();
    let bad = keeper.file(&dir.path().join("bad.db"), SCHEMA).unwrap();
    let good = keeper.file(&dir.path().join("good.db"), SCHEMA).unwrap();
    for _ in 0..5 {
        assert!(count(&bad).is_err(), "one is broken");
        assert!(
            insert(&good, "x").is_ok(),
            "the other is not touched by that"
        );
    }
    assert!(good.health().state.is_well(), "nor is its health");
    assert_eq!(good.facts().opens, 1, "it was never closed");
}

/// Overwrites every page but the first, so that opening works and reading does not. Returns the bytes
/// as they were.
fn break_inside(path: &std::path::Path) -> Vec<u8> {
    let before = std::fs::read(path).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5_u8; before.len() - 4096]).unwrap();
    before
}

#[test]
fn a_file_whose_reads_keep_failing_is_given_up_after_three_evictions_though_each_open_works() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    keeper.shut_down();

    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    for eviction in 1..=3 {
        assert_eq!(file.try_now(), Ok(()), "open {eviction} works");
        let sound = break_inside(&path);
        assert_eq!(
            count(&file),
            Err(Error::Corrupt { code: Some(11) }),
            "and read {eviction} meets a disk that fails"
        );
        // The disk reads rightly again before anybody looks.
        std::fs::write(&path, sound).unwrap();
        assert_eq!(
            file.facts().evictions,
            eviction,
            "its connection is given up"
        );
        clock.advance(Duration::from_secs(10));
    }
    assert_eq!(file.facts().opens, 3, "an open for each");
    let refused = count(&file).unwrap_err();
    assert!(
        matches!(refused, Error::Unavailable { .. }),
        "refused by the breaker although every open succeeded: {refused:?}"
    );
    assert_eq!(
        (refused.class(), refused.code()),
        (Class::Corrupt, Some(11)),
        "with what was met"
    );
    assert_eq!(file.facts().opens, 3, "without an open");
}

#[test]
fn a_file_that_opens_but_cannot_be_read_is_hardly_tried_all_day() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    break_inside(&path);
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    for _ in 0..24 * 60 * 30 {
        assert!(count(&file).is_err(), "broken all day");
        clock.advance(Duration::from_secs(2));
    }
    let opens = file.facts().opens;
    assert!(
        opens < 320,
        "a probe that does not hold is a failed one: {opens}"
    );
}

#[test]
fn changes_of_health_come_once_in_order_and_are_true() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::fs::create_dir(&path).unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&path, SCHEMA).unwrap();
    assert_eq!(file.health().state, Health::Resting, "nothing was opened");
    let heard: Arc<Mutex<Vec<(HealthSnapshot, HealthSnapshot)>>> = Arc::default();
    let (list, asked) = (Arc::clone(&heard), Arc::downgrade(&file));
    file.on_health(move |told| {
        // Asking from inside shows that no lock is held and that the state is already true.
        let is = asked.upgrade().map_or(*told, |f| f.health());
        list.lock().push((*told, is));
    });
    for _ in 0..50 {
        assert!(count(&file).is_err(), "it is broken");
    }
    clock.advance(OPEN_FOR);
    assert!(count(&file).is_err(), "a failed probe");
    std::fs::remove_dir(&path).unwrap();
    clock.advance(OPEN_FOR);
    for _ in 0..50 {
        assert!(count(&file).is_ok(), "it works");
    }
    let heard = heard.lock();
    for (told, is) in heard.iter() {
        assert_eq!(told, is, "what is told is what is");
    }
    let states: Vec<_> = heard.iter().map(|(told, _)| told.state.as_str()).collect();
    assert_eq!(states, ["in_the_way", "recovered"], "150 calls, two events");
    let seqs: Vec<_> = heard.iter().map(|(told, _)| told.seq).collect();
    assert_eq!(seqs, [1, 2], "in order, none missing");
}

/// Lends no thread but a panic, as a bug in the middle of an open would.
struct Panics;

impl Spawn for Panics {
    fn spawn(&self, _: String, _: Box<dyn FnOnce() + Send>) -> std::io::Result<JoinHandle<()>> {
        std::panic::resume_unwind(Box::new("on purpose"))
    }
}

#[test]
fn a_try_lost_to_a_panic_counts_and_frees_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(Ambient {
        spawn: Arc::new(Panics),
        ..ambient
    });
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    for strike in 1..=3 {
        let lost = catch_unwind(AssertUnwindSafe(|| count(&file)));
        assert!(lost.is_err(), "try {strike} panics");
    }
    assert!(
        count(&file).unwrap_err().is_transient(),
        "now it is refused"
    );
    clock.advance(OPEN_FOR);
    let probe = catch_unwind(AssertUnwindSafe(|| count(&file)));
    assert!(probe.is_err(), "the probe panics too");
    assert_eq!(
        file.facts().breaker,
        BreakerState::Open { retry_in: OPEN_FOR },
        "and its permit re-armed the breaker"
    );
}

#[test]
fn without_a_usable_shared_index_one_connection_serves_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    keeper.shut_down();
    std::fs::create_dir(dir.path().join("a.db-shm")).unwrap();

    let (_keeper, file) = keep(&path);
    assert_eq!(count(&file), Ok(1), "nothing is lost");
    assert_eq!(
        file.health().state,
        Health::Degraded(Degraded::NoSharedIndex),
        "and it says so"
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    insert(&file, "more").unwrap();
                    file.read(Lane::Background, |tx| count_in(tx.connection()))
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(count(&file), Ok(101), "reads and writes take turns");
    let told = file.read(Lane::Interactive, |tx| insert_in(tx.connection(), "no"));
    assert!(told.is_err(), "reading is still reading");
    assert_eq!(file.facts().opens, 1, "one open");
}
