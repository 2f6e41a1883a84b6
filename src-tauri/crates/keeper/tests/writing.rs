//! Facts about reading and writing a healthy file.
mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{Class, Error, Keeper, Lane, connection_is_held};

#[test]
fn a_write_is_not_acknowledged_before_its_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d").join("a.db");
    let (_keeper, file) = keep(&path);
    let id = insert(&file, "one").unwrap();
    let seen: String = outsider(&path)
        .query_row("SELECT text FROM note WHERE id = ?1", [id], |r| r.get(0))
        .unwrap();
    assert_eq!(seen, "one", "another connection sees what was acknowledged");
    assert_eq!(file.facts().writes, 1, "one write, one commit");
    assert_eq!(file.facts().schema_version, Some(1), "one step was done");
}

#[test]
fn a_failed_write_leaves_nothing_and_its_neighbours_commit() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    // The first job holds the writer until the others have lined up behind it.
    let (go, wait) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel::<()>();
    let first = file.submit(move |tx| {
        enter.send(()).unwrap();
        wait.recv().unwrap();
        insert_in(tx.connection(), "first")
    });
    entered.recv().unwrap();
    let before = file.submit(|tx| insert_in(tx.connection(), "before"));
    let failing = file.submit(|tx| {
        insert_in(tx.connection(), "lost")?;
        Err::<i64, _>(Error::NoRows)
    });
    let panicking = file.submit(|tx| {
        insert_in(tx.connection(), "lost too")?;
        std::panic::resume_unwind(Box::new("on purpose"));
        #[expect(unreachable_code, reason = "it names the type of the answer")]
        Ok::<i64, Error>(0)
    });
    let after = file.submit(|tx| insert_in(tx.connection(), "after"));
    go.send(()).unwrap();

    assert!(first.wait().is_ok(), "the first commits alone");
    assert!(before.wait().is_ok(), "a neighbour before is not touched");
    assert_eq!(
        failing.wait(),
        Err(Error::NoRows),
        "its own error comes back"
    );
    assert_eq!(
        panicking.wait(),
        Err(Error::Panicked),
        "a panic is an answer"
    );
    assert!(after.wait().is_ok(), "a neighbour after is not touched");
    let texts: Vec<String> = file
        .read(Lane::Interactive, |tx| {
            let mut s = tx
                .connection()
                .prepare("SELECT text FROM note ORDER BY id")?;
            let rows = s.query_map([], |r| r.get(0))?;
            Ok::<_, Error>(rows.collect::<Result<_, _>>()?)
        })
        .unwrap();
    assert_eq!(
        texts,
        ["first", "before", "after"],
        "nothing of the two stays"
    );
    assert_eq!(
        file.facts().writes,
        2,
        "the four that lined up shared a commit"
    );
    assert_eq!(
        file.facts().evictions,
        0,
        "nothing of this is the file's fault"
    );
}

#[test]
fn a_broken_deferred_key_fails_its_own_job_only() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(real());
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA_LATER).unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel::<()>();
    let first = file.submit(move |_| {
        enter.send(()).unwrap();
        wait.recv().unwrap();
        Ok::<_, Error>(())
    });
    entered.recv().unwrap();
    let good = file.submit(|tx| insert_in(tx.connection(), "good"));
    let dangling = file.submit(|tx| {
        tx.connection()
            .execute("INSERT INTO tag (note, name) VALUES (999, 'x')", [])
            .map_err(Error::from)
    });
    go.send(()).unwrap();
    assert!(first.wait().is_ok(), "an empty write is fine");
    assert!(good.wait().is_ok(), "it shares the batch, not the failure");
    assert_eq!(
        dangling.wait().unwrap_err().class(),
        Class::Constraint,
        "the one that dangles is told"
    );
}

#[test]
fn a_write_with_nothing_to_keep_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    assert!(
        file.write(|_| Err::<(), _>(Error::NoRows)).is_err(),
        "it fails"
    );
    assert_eq!(file.facts().writes, 0, "and made no commit");
    file.try_now().unwrap();
    assert_eq!(
        file.facts().writes,
        1,
        "only a commit tells that the disk takes one"
    );
}

#[test]
fn an_operation_that_ends_the_transaction_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let told = file.write(|tx| {
        tx.connection().execute_batch("ROLLBACK")?;
        Ok::<_, Error>(())
    });
    assert_eq!(
        told.unwrap_err().class(),
        Class::Misuse,
        "it is a bug of the caller"
    );
    assert!(insert(&file, "next").is_ok(), "and the writer goes on");
}

#[test]
fn readers_see_one_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    let (before, between, after) = std::thread::scope(|scope| {
        let (ask, asked) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        let writer = std::sync::Arc::clone(&file);
        scope.spawn(move || {
            asked.recv().unwrap();
            insert(&writer, "two").unwrap();
            tell.send(()).unwrap();
        });
        let (before, between) = file
            .read(Lane::Interactive, |tx| {
                let before = count_in(tx.connection())?;
                ask.send(()).unwrap();
                told.recv().unwrap();
                Ok::<_, Error>((before, count_in(tx.connection())?))
            })
            .unwrap();
        (before, between, count(&file).unwrap())
    });
    assert_eq!((before, between), (1, 1), "a commit in between is not seen");
    assert_eq!(after, 2, "the next read sees it");
}

#[test]
fn a_reader_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let told = file.read(Lane::Interactive, |tx| insert_in(tx.connection(), "no"));
    assert_eq!(
        told.unwrap_err().class(),
        Class::Permission,
        "readers are read-only"
    );
    assert_eq!(count(&file).unwrap(), 0, "and nothing was written");
}

#[test]
fn nested_use_is_refused_and_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    assert!(!connection_is_held(), "nothing is held outside");
    let inner = std::sync::Arc::clone(&file);
    file.read(Lane::Interactive, |_| {
        assert!(connection_is_held(), "held inside a read");
        assert_eq!(count(&inner), Err(Error::Nested), "a read inside a read");
        assert_eq!(
            insert(&inner, "x"),
            Err(Error::Nested),
            "a write inside a read"
        );
        assert_eq!(inner.try_now(), Err(Error::Nested), "a try inside a read");
        Ok::<_, Error>(())
    })
    .unwrap();
    let inner = std::sync::Arc::clone(&file);
    file.write(move |_| {
        assert!(connection_is_held(), "held inside a write");
        assert_eq!(count(&inner), Err(Error::Nested), "a read inside a write");
        assert_eq!(
            insert(&inner, "x"),
            Err(Error::Nested),
            "a write inside a write"
        );
        Ok::<_, Error>(())
    })
    .unwrap();
    assert!(!connection_is_held(), "given back");
}

#[test]
fn a_panicking_reader_gives_its_connection_back() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    for _ in 0..5 {
        let read = std::panic::AssertUnwindSafe(|| {
            file.read(Lane::Interactive, |_| -> Result<(), Error> {
                std::panic::resume_unwind(Box::new("on purpose"))
            })
        });
        assert!(
            std::panic::catch_unwind(read).is_err(),
            "the panic is the caller's"
        );
    }
    assert_eq!(
        count(&file).unwrap(),
        0,
        "readers are left, and nothing is held"
    );
    assert!(file.facts().connections <= 4, "no connection was lost");
}

#[test]
fn a_runaway_read_is_stopped_at_its_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    clock.cost_per_look(Duration::from_millis(1));
    let told = file.read(Lane::Interactive, |tx| {
        Ok::<i64, Error>(tx.connection().query_row(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            [],
            |row| row.get(0),
        )?)
    });
    assert_eq!(
        told,
        Err(Error::DeadlineExceeded {
            limit: Duration::from_secs(2)
        }),
        "it is told which limit it met"
    );
    clock.cost_per_look(Duration::ZERO);
    assert_eq!(count(&file), Ok(1), "the reader is as good as before");
    assert_eq!(
        file.facts().evictions,
        0,
        "a deadline is not the file's fault"
    );
}

#[test]
fn background_reads_leave_one_reader_for_people() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    count(&file).unwrap();
    std::thread::scope(|scope| {
        let (entered, both) = mpsc::channel::<()>();
        let mut gates = Vec::new();
        for _ in 0..2 {
            let (open, gate) = mpsc::channel::<()>();
            gates.push(open);
            let (file, entered) = (&file, entered.clone());
            scope.spawn(move || {
                file.read(Lane::Background, |_| {
                    entered.send(()).unwrap();
                    gate.recv().unwrap();
                    Ok::<_, Error>(())
                })
                .unwrap();
            });
        }
        both.recv().unwrap();
        both.recv().unwrap();
        assert_eq!(count(file.as_ref()), Ok(0), "a person is served at once");
        for gate in gates {
            gate.send(()).unwrap();
        }
    });
    assert_eq!(
        file.facts().connections,
        1 + 3,
        "a writer and three readers"
    );
}

#[test]
fn a_long_wal_is_checkpointed_and_the_answer_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "one").unwrap();
    let writer = std::sync::Arc::clone(&file);
    // The snapshot keeps the WAL from being emptied while another thread fills it.
    let facts = file.read(Lane::Interactive, |tx| {
        count_in(tx.connection())?;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..6 {
                    insert(&writer, &"x".repeat(1024 * 1024)).unwrap();
                }
                // The writer records after it has answered; the next answer comes after that.
                insert(&writer, "last").unwrap();
            });
        });
        Ok::<_, Error>(file.facts())
    });
    let said = facts.unwrap().last_checkpoint.unwrap();
    assert!(said.log > 1_000, "the WAL had grown past 4 MiB: {said:?}");
    assert!(
        said.checkpointed < said.log,
        "and the reader kept it from being emptied: {said:?}"
    );
    assert_eq!(said.failed, None, "which is not a failure");
}

#[test]
fn shutting_down_finishes_what_waits_and_refuses_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    let tickets: Vec<_> = (0..100)
        .map(|_| file.submit(|tx| insert_in(tx.connection(), "x")))
        .collect();
    keeper.shut_down();
    for ticket in tickets {
        assert!(ticket.wait().is_ok(), "a write taken in is finished");
    }
    assert_eq!(insert(&file, "late"), Err(Error::Closed), "refused after");
    assert!(
        !dir.path().join("a.db-wal").exists(),
        "closing moved the WAL into the file"
    );
    let (_again, file) = keep(&path);
    assert_eq!(count(&file), Ok(100), "everything is there");
    assert!(file.facts().writes < 100, "reading needs no commit");
}
