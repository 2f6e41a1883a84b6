//! Facts about long holds: how many may run, what is counted, what gives a permit back.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, mpsc};
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{Canceller, Error, Keeper, Lane, Reservations};

#[test]
fn a_cap_of_nothing_lets_nobody_pass_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    file.set_reservation_cap(Some(0));
    assert!(file.reserve("backup").is_none(), "nobody passes");
    assert_eq!(
        file.reservations(),
        Reservations {
            reserved: 0,
            cap: 0,
            near_cap: false,
            blocked: true,
            waiting: 0,
            oldest: None
        },
        "nothing was counted, and it shows as blocked and not as near"
    );
    file.set_reservation_cap(None);
    assert_eq!(file.reservations().cap, 2, "three readers, one for people");
    assert!(
        file.reserve("backup").is_some(),
        "the default lets two pass"
    );
}

#[test]
fn at_the_cap_the_count_does_not_move() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let held = (file.reserve("backup"), file.reserve("export"));
    assert!(held.0.is_some() && held.1.is_some(), "both pass");
    for _ in 0..10 {
        assert!(file.reserve("third").is_none(), "the third is refused");
        assert_eq!(file.reservations().reserved, 2, "and not counted");
    }
    assert_eq!(file.facts().opens, 0, "a permit alone opens nothing");
}

#[test]
fn a_setting_that_is_no_number_means_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    for (text, cap) in [
        ("7", 7),
        ("0", 0),
        ("", 2),
        ("-1", 2),
        ("many", 2),
        ("1.5", 2),
    ] {
        file.set_reservation_cap(text.parse().ok());
        assert_eq!(file.reservations().cap, cap, "set to {text:?}");
    }
}

#[test]
fn a_smaller_cap_keeps_what_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    file.set_reservation_cap(Some(3));
    let mut held: VecDeque<_> = (0..3).map(|_| file.reserve("t").unwrap()).collect();
    file.set_reservation_cap(Some(1));
    let now = file.reservations();
    assert_eq!((now.reserved, now.cap), (3, 1), "all three stay");
    for left in [2, 1] {
        held.pop_front();
        assert_eq!(file.reservations().reserved, left, "one came back");
        assert!(file.reserve("t").is_none(), "still at or above the cap");
    }
    held.pop_front();
    assert!(file.reserve("t").is_some(), "below it again");
}

#[test]
fn every_way_out_gives_the_permit_back_exactly_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (_keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    let reserved = || file.reservations().reserved;

    let held = file.reserve("answer").unwrap();
    assert_eq!(reserved(), 1, "counted before anything is opened");
    assert_eq!(held.read(|tx| count_in(tx.connection())), Ok(1), "it reads");
    drop(held);
    assert_eq!(reserved(), 0, "after an answer");

    let held = file.reserve("error").unwrap();
    let told = held.read(|tx| Ok::<_, Error>(tx.connection().execute("nonsense", [])?));
    assert!(told.is_err(), "a failed query is told");
    drop(held);
    assert_eq!(reserved(), 0, "after an error");

    let panicking = AssertUnwindSafe(|| {
        let held = file.reserve("panic").unwrap();
        held.read(|_| -> Result<(), Error> { std::panic::resume_unwind(Box::new("on purpose")) })
    });
    assert!(
        catch_unwind(panicking).is_err(),
        "the panic is the caller's"
    );
    assert_eq!(reserved(), 0, "after a panic");

    let held = file.reserve("cancel").unwrap();
    held.canceller().cancel();
    let told = held.read(|tx| count_in(tx.connection()));
    assert_eq!(told, Err(Error::Cancelled), "called off before it began");
    held.canceller().cancel();
    drop(held);
    assert_eq!(reserved(), 0, "after being called off twice");

    let broken = dir.path().join("folder.db");
    std::fs::create_dir(&broken).unwrap();
    let (_keeper, unopened) = keep(&broken);
    let held = unopened.reserve("cannot open").unwrap();
    assert!(
        held.read(|tx| count_in(tx.connection())).is_err(),
        "the file cannot be opened"
    );
    drop(held);
    assert_eq!(unopened.reservations().reserved, 0, "after a failed open");
}

#[test]
fn a_long_read_has_no_deadline_and_ends_when_it_is_called_off() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    let held = file.reserve("export").unwrap();
    let canceller = held.canceller();
    let told = held.read(|tx| {
        clock.advance(Duration::from_secs(3600));
        assert_eq!(count_in(tx.connection())?, 1, "an hour is no deadline");
        let oldest = file.facts().oldest_reader.unwrap();
        assert_eq!(
            (oldest.label, oldest.age),
            ("export", Duration::from_secs(3600)),
            "it is named, with its age"
        );
        canceller.cancel();
        Ok::<i64, Error>(tx.connection().query_row(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            [],
            |row| row.get(0),
        )?)
    });
    assert_eq!(told, Err(Error::Cancelled), "an endless query has ended");
    assert_eq!(file.facts().oldest_reader, None, "and nobody reads");
}

#[test]
fn a_short_read_ends_when_it_is_called_off_and_its_reader_serves_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    let canceller = Canceller::default();
    let told = file.read_until(Lane::Interactive, &canceller, |tx| {
        canceller.cancel();
        Ok::<i64, Error>(tx.connection().query_row(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            [],
            |row| row.get(0),
        )?)
    });
    assert_eq!(told, Err(Error::Cancelled), "an endless query has ended");
    let again = file.read_until(Lane::Interactive, &canceller, |tx| {
        count_in(tx.connection())
    });
    assert_eq!(
        again,
        Err(Error::Cancelled),
        "what is called off does not begin"
    );
    let connections = file.facts().connections;
    let next = file.read(Lane::Interactive, |tx| {
        // Whoever was called off before has let go of this reader.
        canceller.cancel();
        Ok::<i64, Error>(tx.connection().query_row(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT count(*) FROM n",
            [],
            |row| row.get(0),
        )?)
    });
    assert_eq!(next, Ok(100_000), "the next read runs to its end");
    assert_eq!(
        file.facts().connections,
        connections,
        "on the same connection"
    );
    assert_eq!(
        file.facts().evictions,
        0,
        "being called off is no fault of the file"
    );
}

#[test]
fn a_long_read_takes_no_reader_from_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    std::thread::scope(|scope| {
        let (entered, all_in) = mpsc::channel::<()>();
        let mut gates = Vec::new();
        for _ in 0..2 {
            let (open, gate) = mpsc::channel::<()>();
            gates.push(open);
            let (file, entered) = (&file, entered.clone());
            scope.spawn(move || {
                let held = file.reserve("backup").unwrap();
                held.read(|tx| {
                    let before = count_in(tx.connection())?;
                    entered.send(()).unwrap();
                    gate.recv().unwrap();
                    assert_eq!(count_in(tx.connection())?, before, "one snapshot");
                    Ok::<_, Error>(())
                })
                .unwrap();
            });
        }
        all_in.recv().unwrap();
        all_in.recv().unwrap();
        for lane in [Lane::Interactive, Lane::Background] {
            let n = file.read(lane, |tx| count_in(tx.connection()));
            assert_eq!(n, Ok(1), "{lane:?} is served");
        }
        assert!(insert(&file, "two").is_ok(), "and writes go on");
        drop(
            gates
                .drain(..)
                .map(|gate| gate.send(()))
                .collect::<Vec<_>>(),
        );
    });
}

#[test]
fn who_is_refused_comes_back_has_lost_nothing_and_runs_when_a_permit_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    file.set_reservation_cap(Some(1));
    let (opens, evictions) = (file.facts().opens, file.facts().evictions);
    let held = file.reserve("first").unwrap();
    // A line of jobs as a worker has it: what is refused goes to its end, as pending as before.
    let mut line = VecDeque::from(["second"]);
    let mut waiting = None;
    for _ in 0..5 {
        let job = line.pop_front().unwrap();
        assert!(file.reserve(job).is_none(), "refused, not failed");
        waiting.get_or_insert_with(|| file.reserve_later(job).unwrap());
        line.push_back(job);
        assert_eq!(file.reservations().waiting, 1, "one job, one that waits");
    }
    let waiting = waiting.unwrap().try_again().unwrap_err();
    assert_eq!(
        file.reservations().waiting,
        1,
        "refused again, it still waits"
    );
    drop(held);
    let ran = waiting.try_again().unwrap();
    assert_eq!(ran.read(|tx| count_in(tx.connection())), Ok(0), "it runs");
    let now = file.reservations();
    assert_eq!((now.reserved, now.waiting), (1, 0), "and waits no more");
    assert_eq!(
        (file.facts().opens, file.facts().evictions),
        (opens + 1, evictions),
        "no refusal cost the file anything"
    );
}

#[test]
fn who_gives_up_waits_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let one = file.reserve_later("one").unwrap();
    let two = file.reserve_later("two");
    assert_eq!(file.reservations().waiting, 2, "both wait");
    drop(one);
    let lost = catch_unwind(AssertUnwindSafe(move || {
        let _two = two;
        std::panic::resume_unwind(Box::new("on purpose"))
    }));
    assert!(lost.is_err(), "the other one panics");
    assert_eq!(file.reservations().waiting, 0, "neither is counted");
}

#[test]
fn never_more_pass_than_the_cap_however_many_ask_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    for cap in [0, 1, 2, 5] {
        file.set_reservation_cap(Some(cap));
        let start = Barrier::new(8);
        let passed: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        file.reserve("t")
                    })
                })
                .collect();
            asking
                .into_iter()
                .filter_map(|t| t.join().unwrap())
                .collect()
        });
        assert_eq!(passed.len(), cap as usize, "exactly the cap passes");
    }
}

#[test]
fn the_read_out_is_the_number_of_live_permits_at_all_times() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    for seed in 1..=200_u64 {
        let mut random = Random(seed);
        let (mut held, mut waiting) = (Vec::new(), Vec::new());
        for step in 0..200 {
            match random.below(7) {
                0..3 => held.extend(file.reserve("t").map(|r| (r, step))),
                3 if !held.is_empty() => drop(held.remove(random.below(held.len()))),
                4 => waiting.extend(file.reserve_later("t")),
                5 if !waiting.is_empty() => match waiting.remove(0).try_again() {
                    Ok(reservation) => held.push((reservation, step)),
                    Err(still) => waiting.insert(0, still),
                },
                6 => {
                    let cap = u32::try_from(random.below(8)).unwrap();
                    file.set_reservation_cap((cap < 7).then_some(cap));
                }
                _ => {}
            }
            clock.advance(Duration::from_secs(1));
            let now = file.reservations();
            let reserved = u32::try_from(held.len()).unwrap();
            assert_eq!(now.reserved, reserved, "seed {seed}, step {step}");
            assert_eq!(
                now.waiting as usize,
                waiting.len(),
                "seed {seed}, step {step}"
            );
            assert_eq!(now.blocked, reserved >= now.cap, "seed {seed}, step {step}");
            let oldest = held.iter().map(|(_, since)| step - since + 1).max();
            assert_eq!(
                now.oldest.map(|age| age.as_secs()),
                oldest,
                "seed {seed}, step {step}: the longest hold"
            );
        }
    }
}

/// A small generator, so that a seed tells the whole run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}
