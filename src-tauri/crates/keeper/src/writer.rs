//! The writer thread: takes what waits, runs each job in a savepoint of its own, commits them together,
//! and only then answers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::checkpoint::Checkpointer;
use crate::class::{Class, Phase};
use crate::error::Error;
use crate::file::KeptFile;
use crate::held::Held;
use crate::hub::SharedHub;
use crate::open::Conn;
use crate::queue::Queued;
use crate::raw;
use crate::ticket::{Job, Ran};
use crate::tx::WriteTx;

/// A job that runs longer is stopped, because every other write waits behind it.
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_secs(60);
/// A batch that has made the file grow by this much is committed before its other jobs run. There is
/// no wait for more jobs before a commit: those that arrive during one commit are the next batch.
/// Waiting 2 ms made four threads 6 times slower (1,657 writes a second instead of 10,425) and
/// sixteen 5 times (6,127 instead of 30,510), with 4.0 instead of 2.8 and 16 instead of 13 jobs to
/// a commit, measured on an ext4 disk that syncs in 0.2 ms.
const BATCH_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Of the files made here; others are measured roughly.
const PAGE_BYTES: u64 = 4096;
const BROKEN_FOREIGN_KEY: i32 = 787;

pub(crate) fn run(hub: SharedHub, file: Weak<KeptFile>) {
    // Whatever happens, the connection is closed and those who wait for it hear so.
    let _exit = Exit(&hub);
    let served = catch_unwind(AssertUnwindSafe(|| serve(&hub, &file)));
    if served.is_err()
        && let Some(file) = file.upgrade()
    {
        file.writer_died(&hub);
    }
}

fn serve(hub: &SharedHub, file: &Weak<KeptFile>) {
    let mut checkpointer = Checkpointer::default();
    while let Some(batch) = hub.queue.take() {
        let Some(file) = file.upgrade() else {
            return;
        };
        let batch = turn_away_jobs(&file, batch);
        if !batch.is_empty() {
            let fate = match hub.writer.lock().as_ref() {
                Some(conn) => commit_batch(conn, &file, batch),
                None => return,
            };
            finish(&file, hub, fate);
        }
        checkpointer.after_batch(&file, hub);
        file.deliver_health();
    }
    if !hub.queue.is_abandoned()
        && let Some(file) = file.upgrade()
    {
        Checkpointer::at_end(&file, hub);
    }
}

/// What jobs lined up before the disk grew full is not written either.
fn turn_away_jobs(file: &KeptFile, batch: Vec<Queued>) -> Vec<Queued> {
    batch
        .into_iter()
        .filter_map(|queued| match file.admit_write(queued.lane) {
            Ok(()) => Some(queued),
            Err(error) => {
                queued.job.fail(error);
                None
            }
        })
        .collect()
}

struct Exit<'h>(&'h SharedHub);

impl Drop for Exit<'_> {
    fn drop(&mut self) {
        drop(self.0.retire(false));
        self.0.writer_exits();
    }
}

/// What became of a batch: its jobs with their answers still to be given.
struct Fate {
    jobs: Vec<Box<dyn Job>>,
    /// Jobs there was no room for in this batch.
    left: Vec<Queued>,
    outcome: Outcome,
    /// A failure noted although the batch went on.
    noted: Option<Error>,
}

enum Outcome {
    Committed,
    /// No job had anything to keep, so nothing was written.
    NothingToKeep,
    Failed(Error),
}

fn commit_batch(conn: &Conn, file: &KeptFile, batch: Vec<Queued>) -> Fate {
    let held = Held::enter(&conn.connection);
    let mut run = Run {
        jobs: Vec::with_capacity(batch.len()),
        left: batch.into(),
        kept: 0,
    };
    let outcome = run.all(conn, file).unwrap_or_else(|error| {
        if run.jobs.is_empty() {
            // Not even the first could begin. Tried again without an end, they would never be answered.
            run.jobs.extend(run.left.drain(..).map(|queued| queued.job));
        }
        Outcome::Failed(error)
    });
    conn.clear_stop();
    if !conn.connection.is_autocommit() {
        // What cannot be rolled back is rolled back by closing the connection.
        execute(conn, "ROLLBACK").ok();
    }
    let stuck = (!conn.connection.is_autocommit()).then_some(Error::Io {
        class: Class::TransientIo,
        code: None,
        errno: None,
    });
    Fate {
        jobs: run.jobs,
        left: run.left.into(),
        outcome,
        noted: stuck.or_else(|| held.take_noted()),
    }
}

/// A batch on its way: the jobs that were run and those that were not yet.
struct Run {
    jobs: Vec<Box<dyn Job>>,
    left: VecDeque<Queued>,
    kept: usize,
}

impl Run {
    fn all(&mut self, conn: &Conn, file: &KeptFile) -> Result<Outcome, Error> {
        execute(conn, "BEGIN IMMEDIATE")?;
        // A job alone in its transaction needs no savepoint. They are not free: at each one a
        // full-text index writes out what it has gathered.
        let alone = self.left.len() == 1;
        let pages_before = if alone { 0 } else { page_count(conn)? };
        while let Some(Queued { mut job, .. }) = self.left.pop_front() {
            conn.start(file.now(), Some(WRITE_DEADLINE));
            let ran = run_job(conn, job.as_mut(), alone);
            conn.clear_stop();
            self.jobs.push(job);
            self.kept += usize::from(ran? == Ran::Keep);
            if !self.left.is_empty() {
                let grown = page_count(conn)?.saturating_sub(pages_before);
                if grown.saturating_mul(PAGE_BYTES) >= BATCH_BYTES_MAX {
                    break;
                }
            }
        }
        if self.kept == 0 {
            execute(conn, "ROLLBACK")?;
            return Ok(Outcome::NothingToKeep);
        }
        execute(conn, "COMMIT")?;
        Ok(Outcome::Committed)
    }
}

/// Runs one job in a savepoint of its own. An error is the end of the whole batch.
fn run_job(conn: &Conn, job: &mut dyn Job, alone: bool) -> Result<Ran, Error> {
    if !alone {
        execute(conn, "SAVEPOINT job")?;
    }
    let mut ran = job.run(&WriteTx::new(&conn.connection));
    // Some failures end the whole transaction, and the jobs before this one with it.
    if conn.connection.is_autocommit() {
        let error = lost_transaction(conn);
        job.overrule(error.clone());
        // SQLite takes the transaction with a statement that is stopped. The neighbours have done
        // nothing wrong and may come again.
        return Err(match error.class() {
            Class::Cancelled => Error::Overloaded,
            _ => error,
        });
    }
    if ran == Ran::Keep && raw::deferred_keys_broken(&conn.connection) {
        job.overrule(Error::Constraint {
            code: BROKEN_FOREIGN_KEY,
        });
        ran = Ran::Undo;
    }
    if ran == Ran::Undo && !alone {
        execute(conn, "ROLLBACK TO job")?;
    }
    if !alone {
        execute(conn, "RELEASE job")?;
    }
    Ok(ran)
}

/// With what the open transaction has added.
fn page_count(conn: &Conn) -> Result<u64, Error> {
    let mut statement = conn.connection.prepare_cached("PRAGMA page_count")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

fn execute(conn: &Conn, sql: &str) -> Result<(), Error> {
    conn.connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The failure that ended the transaction; an operation that ended it itself has none.
fn lost_transaction(conn: &Conn) -> Error {
    match raw::last_failure(&conn.connection) {
        Some(code) => {
            let errno = raw::system_errno(raw::handle(&conn.connection), code);
            Error::from_code(code, errno, Phase::Run)
        }
        None => Error::Sql {
            code: None,
            message: Some("an operation ended the transaction it was given".into()),
        },
    }
}

/// First the state, then the answers: who is told of a failure and tries again meets the state
/// after it.
fn finish(file: &Arc<KeptFile>, hub: &SharedHub, fate: Fate) {
    for unwanted in hub.queue.give_back(fate.left) {
        unwanted.job.fail(Error::Overloaded);
    }
    let outcome = match fate.outcome {
        Outcome::Committed => match file.check_identity(hub) {
            Ok(()) => Outcome::Committed,
            Err(error) => Outcome::Failed(error),
        },
        outcome => outcome,
    };
    match outcome {
        Outcome::Committed => {
            file.count_commit();
            file.write_succeeded(hub);
            if let Some(noted) = fate.noted {
                file.note_fault(hub, &noted);
            }
            fate.jobs.into_iter().for_each(|job| job.settle());
        }
        Outcome::NothingToKeep => {
            if let Some(noted) = fate.noted {
                file.note_fault(hub, &noted);
            }
            fate.jobs.into_iter().for_each(|job| job.settle());
        }
        Outcome::Failed(error) => {
            file.note_fault(hub, &error);
            for job in fate.jobs {
                job.fail(error.clone());
            }
        }
    }
}
