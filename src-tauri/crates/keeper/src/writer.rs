//! The writer thread: takes what waits, runs each job in a savepoint of its own, commits them together,
//! and only then answers.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::class::{Class, Phase};
use crate::error::Error;
use crate::facts::Checkpoint;
use crate::file::KeptFile;
use crate::held::Held;
use crate::hub::SharedHub;
use crate::open::Conn;
use crate::place::size_of;
use crate::raw;
use crate::ticket::{Job, Ran};
use crate::tx::WriteTx;

const CHECKPOINT_WAL_BYTES: u64 = 4 * 1024 * 1024;
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
const BROKEN_FOREIGN_KEY: i32 = 787;

pub(crate) fn run(hub: SharedHub, file: Weak<KeptFile>) {
    // Also on a panic the connection is closed and those who wait for it hear so.
    let _exit = Exit(&hub);
    let mut last_checkpoint = None;
    while let Some(batch) = hub.queue.take() {
        let Some(file) = file.upgrade() else {
            return;
        };
        let fate = match hub.writer.lock().as_ref() {
            Some(conn) => commit_batch(conn, batch),
            None => return,
        };
        finish(&file, &hub, fate);
        if checkpoint_is_due(&file, last_checkpoint) {
            last_checkpoint = Some(file.now());
            checkpoint(&file, &hub);
        }
        file.deliver_health();
    }
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

fn commit_batch(conn: &Conn, mut jobs: Vec<Box<dyn Job>>) -> Fate {
    let held = Held::enter(&conn.connection);
    let outcome = run_batch(conn, &mut jobs).unwrap_or_else(Outcome::Failed);
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
        jobs,
        outcome,
        noted: stuck.or_else(|| held.take_noted()),
    }
}

fn run_batch(conn: &Conn, jobs: &mut [Box<dyn Job>]) -> Result<Outcome, Error> {
    execute(conn, "BEGIN IMMEDIATE")?;
    // A job alone in its transaction needs no savepoint. They are not free: at each one a full-text
    // index writes out what it has gathered.
    let alone = jobs.len() == 1;
    let mut kept = 0_usize;
    for job in jobs.iter_mut() {
        if !alone {
            execute(conn, "SAVEPOINT job")?;
        }
        let mut ran = job.run(&WriteTx::new(&conn.connection));
        // Some failures end the whole transaction, and the jobs before this one with it.
        if conn.connection.is_autocommit() {
            return Err(lost_transaction(conn));
        }
        if ran == Ran::Keep && raw::deferred_keys_broken(&conn.connection) {
            job.overrule(Error::Constraint {
                code: BROKEN_FOREIGN_KEY,
            });
            ran = Ran::Undo;
        }
        match ran {
            Ran::Keep => kept += 1,
            Ran::Undo if alone => {}
            Ran::Undo => execute(conn, "ROLLBACK TO job")?,
        }
        if !alone {
            execute(conn, "RELEASE job")?;
        }
    }
    if kept == 0 {
        execute(conn, "ROLLBACK")?;
        return Ok(Outcome::NothingToKeep);
    }
    execute(conn, "COMMIT")?;
    Ok(Outcome::Committed)
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
    match fate.outcome {
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

fn checkpoint_is_due(file: &KeptFile, last: Option<Duration>) -> bool {
    size_of(&file.place().wal).is_some_and(|bytes| bytes > CHECKPOINT_WAL_BYTES)
        && last.is_none_or(|at| file.now().saturating_sub(at) >= CHECKPOINT_EVERY)
}

/// Moves the WAL into the file as far as the readers let it, and records the answer: SQLite itself
/// swallows the failures of its automatic checkpoints.
fn checkpoint(file: &Arc<KeptFile>, hub: &SharedHub) {
    let answer = match hub.writer.lock().as_ref() {
        Some(conn) => conn
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok(Checkpoint {
                    busy: row.get::<_, i64>(0)? != 0,
                    log: row.get(1)?,
                    checkpointed: row.get(2)?,
                    failed: None,
                })
            })
            .map_err(|e| {
                let code = e.sqlite_error().map_or(1, |f| f.extended_code);
                let errno = raw::system_errno(raw::handle(&conn.connection), code);
                (code, Error::from_code(code, errno, Phase::Checkpoint))
            }),
        None => return,
    };
    match answer {
        Ok(recorded) => file.record_checkpoint(recorded),
        Err((code, error)) => {
            file.record_checkpoint(Checkpoint {
                busy: false,
                log: -1,
                checkpointed: -1,
                failed: Some(code),
            });
            file.note_fault(hub, &error);
        }
    }
}
