//! Facts about the line in front of the writer, and about how many files are open.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    Ambient, BreakerState, Class, Clock, Degraded, Error, Health, Keeper, KeptFile, Lane,
};
use parking_lot::Mutex;

/// Holds the writer until it is let go, so that others can line up.
fn hold(file: &KeptFile) -> (mpsc::Sender<()>, oldgrowth_keeper::Ticket<(), Error>) {
    let (go, wait) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel::<()>();
    let first = file.submit(move |_| {
        enter.send(()).unwrap();
        wait.recv().unwrap();
        Ok::<_, Error>(())
    });
    entered.recv().unwrap();
    (go, first)
}

#[test]
fn people_write_before_jobs_and_jobs_do_not_starve() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let order: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let (go, first) = hold(&file);
    let lined_up: Vec<_> = [Lane::Background; 40]
        .into_iter()
        .chain([Lane::Interactive; 40])
        .map(|lane| {
            let order = Arc::clone(&order);
            file.submit_in(lane, move |tx| {
                order.lock().push(match lane {
                    Lane::Interactive => "person",
                    Lane::Background => "job",
                });
                insert_in(tx.connection(), "x")
            })
        })
        .collect();
    go.send(()).unwrap();
    first.wait().unwrap();
    for ticket in lined_up {
        assert!(ticket.wait().is_ok(), "everybody is served");
    }
    let order = order.lock();
    assert_eq!(
        order[..31],
        ["person"; 31],
        "those of people first, though they came later"
    );
    assert_eq!(order[31], "job", "but one job with each commit");
    assert_eq!(order[32..41], ["person"; 9], "then the rest of the people");
    assert_eq!(order[41..], ["job"; 39], "then the rest of the jobs");
}

#[test]
fn a_full_background_does_not_keep_people_out() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let (go, first) = hold(&file);
    let jobs: Vec<_> = (0..256)
        .map(|_| file.submit_in(Lane::Background, |tx| insert_in(tx.connection(), "job")))
        .collect();
    let person = file.submit(|tx| insert_in(tx.connection(), "person"));
    go.send(()).unwrap();
    first.wait().unwrap();
    assert_eq!(person.wait(), Ok(1), "it wrote the first row");
    for job in jobs {
        assert!(job.wait().is_ok(), "and the jobs theirs");
    }
}

#[test]
fn a_batch_that_has_grown_large_is_committed_before_the_rest_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let (go, first) = hold(&file);
    let large = "x".repeat(3 * 1024 * 1024);
    let tickets: Vec<_> = (0..5)
        .map(|_| {
            let large = large.clone();
            file.submit(move |tx| insert_in(tx.connection(), &large))
        })
        .collect();
    go.send(()).unwrap();
    first.wait().unwrap();
    let ids: Vec<_> = tickets.into_iter().map(|t| t.wait().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5], "in their order");
    assert_eq!(
        file.facts().writes,
        1 + 3,
        "the first alone, then two of 3 MiB at a time"
    );
}

#[test]
fn a_runaway_write_is_stopped_and_its_neighbours_may_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    let (go, first) = hold(&file);
    let before = file.submit(|tx| insert_in(tx.connection(), "before"));
    let running_away = Arc::clone(&clock);
    let runaway = file.submit(move |tx| {
        running_away.cost_per_look(Duration::from_secs(1));
        Ok::<_, Error>(tx.connection().execute(
            "INSERT INTO note (text)
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            [],
        )?)
    });
    let after = file.submit(|tx| insert_in(tx.connection(), "after"));
    go.send(()).unwrap();
    first.wait().unwrap();
    assert_eq!(
        runaway.wait(),
        Err(Error::DeadlineExceeded {
            limit: Duration::from_secs(60)
        }),
        "it is told which limit it met"
    );
    clock.cost_per_look(Duration::ZERO);
    assert_eq!(
        before.wait(),
        Err(Error::Overloaded),
        "SQLite took its transaction too, which is no fault of its own"
    );
    assert!(after.wait().is_ok(), "the next ones are written");
    assert!(insert(&file, "again").is_ok(), "and so is the one again");
    assert_eq!(count(&file), Ok(2), "nothing of the runaway stays");
    assert_eq!(file.facts().evictions, 0, "it is not the file's fault");
}

/// A clock that panics once on the writer's thread, as a bug outside all jobs would.
struct Breaks {
    armed: AtomicBool,
}

impl Clock for Breaks {
    fn monotonic(&self) -> Duration {
        let on_writer = std::thread::current()
            .name()
            .is_some_and(|name| name.starts_with("keeper-writer"));
        if on_writer && self.armed.swap(false, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Duration::from_secs(1)
    }
    fn unix_ms(&self) -> i64 {
        0
    }
}

#[test]
fn a_writer_that_dies_outside_a_job_leaves_no_dead_file_behind() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(Breaks {
        armed: AtomicBool::new(false),
    });
    let keeper = Keeper::new(Ambient {
        clock: Arc::<Breaks>::clone(&clock),
        ..real()
    });
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    let heard: Arc<Mutex<Vec<Health>>> = Arc::default();
    let (list, told) = (Arc::clone(&heard), mpsc::channel());
    file.on_health(move |change| {
        list.lock().push(change.state);
        told.0.send(()).ok();
    });
    clock.armed.store(true, Ordering::SeqCst);
    assert_eq!(
        insert(&file, "lost"),
        Err(Error::Panicked),
        "who was being served is told"
    );
    told.1.recv().unwrap();
    assert_eq!(
        heard.lock().first(),
        Some(&Health::Degraded(Degraded::Failing {
            class: Class::Panicked,
            code: None,
            errno: None
        })),
        "health tells it"
    );
    assert_eq!(
        (file.facts().evictions, file.facts().breaker),
        (1, BreakerState::Closed { strikes: 1 }),
        "it counts as a strike"
    );
    assert!(insert(&file, "two").is_ok(), "the next call opens it anew");
    assert_eq!(count(&file), Ok(2), "with everything acknowledged");
    assert_eq!(file.facts().opens, 2, "one open more");
}

#[test]
fn a_write_can_be_awaited() {
    struct Told(mpsc::Sender<()>);
    impl Wake for Told {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let (go, first) = hold(&file);
    let (tell, told) = mpsc::channel();
    let waker = Waker::from(Arc::new(Told(tell)));
    let mut context = Context::from_waker(&waker);
    let mut ticket = pin!(file.submit(|tx| insert_in(tx.connection(), "one")));
    assert_eq!(
        ticket.as_mut().poll(&mut context),
        Poll::Pending,
        "it waits behind the first"
    );
    assert!(told.try_recv().is_err(), "and is not woken");
    go.send(()).unwrap();
    told.recv().unwrap();
    assert_eq!(
        ticket.as_mut().poll(&mut context),
        Poll::Ready(Ok(1)),
        "woken, it is answered"
    );
    first.wait().unwrap();
}

#[test]
fn at_most_eight_files_are_open_and_the_one_unused_for_longest_closes() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(real());
    let kept = |n: usize| {
        keeper
            .file(&dir.path().join(format!("{n}.db")), SCHEMA)
            .unwrap()
    };
    let files: Vec<_> = (0..12).map(kept).collect();
    let open = || -> Vec<usize> {
        (0..12)
            .filter(|n| files[*n].facts().journal_mode.is_some())
            .collect()
    };
    for file in &files[..8] {
        insert(file, "one").unwrap();
    }
    assert_eq!(open(), [0, 1, 2, 3, 4, 5, 6, 7], "eight fit");
    count(&files[0]).unwrap();
    insert(&files[8], "one").unwrap();
    assert_eq!(
        open(),
        [0, 2, 3, 4, 5, 6, 7, 8],
        "the second was not used for longest"
    );
    // Files that are read, written or reserved now are not closed.
    let reserved = files[2].reserve("backup").unwrap();
    let (go, held) = hold(&files[3]);
    files[4]
        .read(Lane::Interactive, |_| {
            std::thread::scope(|scope| {
                scope.spawn(|| insert(&files[9], "one").unwrap());
            });
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(
        open(),
        [0, 2, 3, 4, 6, 7, 8, 9],
        "the first that nobody uses closes"
    );
    go.send(()).unwrap();
    held.wait().unwrap();
    drop(reserved);
    for (n, file) in files.iter().enumerate() {
        let expected = i64::from(n < 10);
        assert_eq!(count(file), Ok(expected), "file {n} opens again, whole");
        assert!(file.health().state.is_well(), "and was never ill");
        assert!(open().len() <= 8, "never more than eight");
    }
}

#[test]
fn a_file_that_closes_while_it_is_wanted_answers_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(real());
    let files: Vec<_> = (0..12)
        .map(|n| {
            keeper
                .file(&dir.path().join(format!("{n}.db")), SCHEMA)
                .unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        for first in 0..4 {
            let files = &files;
            scope.spawn(move || {
                for n in 0..60 {
                    let file = &files[(first * 3 + n * 5) % 12];
                    insert(file, "x").unwrap();
                    count(file).unwrap();
                }
            });
        }
    });
    let rows: i64 = files.iter().map(|file| count(file).unwrap()).sum();
    assert_eq!(rows, 240, "every acknowledged row is there");
}
