//! Moves the WAL into the file between batches, and does something about readers that keep it from
//! being emptied. SQLite's own automatic checkpoint swallows its failures; the results here are kept.
//!
//! Nothing here truncates the WAL of a file in use: after a complete checkpoint the next commit begins
//! it anew and cuts it to `journal_size_limit`. At the end SQLite's close moves the rest, and removes
//! the WAL only if nobody else has the file open.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::class::Phase;
use crate::error::Error;
use crate::facts::Checkpoint;
use crate::file::KeptFile;
use crate::hub::SharedHub;
use crate::open::{BUSY_WAIT, Conn};
use crate::place::size_of;
use crate::raw;

const MIB: u64 = 1024 * 1024;
/// A WAL shorter than this is left to grow.
const LOG_BYTES_BEFORE_CHECKPOINT: u64 = 4 * MIB;
/// A WAL longer than this is begun anew without a rest, if its readers leave it within a moment. As it
/// grows each commit costs the disk its new length as well; and if it cannot be emptied, the reader
/// that holds it is named.
const LOG_BYTES_BEFORE_RESTART: u64 = 16 * MIB;
/// A WAL longer than this costs the readers who hold it their snapshot.
const LOG_BYTES_BEFORE_STOPPING: u64 = 64 * MIB;
/// A reader this young is not called off.
const READER_AGE_SPARED: Duration = Duration::from_secs(10);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long the writer stands still for readers that end by themselves.
const READERS_END_WAIT: Duration = Duration::from_millis(20);
/// How long it stands still for those that were called off.
const READERS_LEAVE_WAIT: Duration = Duration::from_millis(250);

/// What the writer knows of its checkpoints.
#[derive(Default)]
pub(crate) struct Checkpointer {
    last: Option<Duration>,
    /// The last one waited in vain for a reader, so the next one has its rest.
    held_up: bool,
    /// Readers are starving it, and this has been told.
    starved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As far as the readers let it, waiting for nobody.
    Passive,
    /// Waits this long for the readers, so that the next commit begins the WAL anew.
    Restart(Duration),
}

impl Checkpointer {
    /// After each batch, and when somebody has asked for one.
    pub(crate) fn after_batch(&mut self, file: &Arc<KeptFile>, hub: &SharedHub) {
        let wanted = hub.checkpoint_wanted.swap(false, Ordering::SeqCst);
        let log_bytes = hub.log.bytes();
        if !wanted && log_bytes <= LOG_BYTES_BEFORE_CHECKPOINT {
            return;
        }
        let now = file.now();
        let rested = self
            .last
            .is_none_or(|at| now.saturating_sub(at) >= CHECKPOINT_EVERY);
        let long = log_bytes > LOG_BYTES_BEFORE_RESTART;
        let too_long = log_bytes > LOG_BYTES_BEFORE_STOPPING;
        // Those who are called off now let go at once, so that is worth a checkpoint out of turn.
        let called_off = if too_long {
            hub.watch.call_off_older(now, READER_AGE_SPARED)
        } else {
            0
        };
        let at_once = wanted || called_off > 0 || (long && !self.held_up);
        if !(rested || at_once) {
            return;
        }
        self.last = Some(now);
        if called_off > 0 {
            tracing::warn!(log_bytes, called_off, "old reads are called off");
        }
        let kind = if too_long {
            Kind::Restart(READERS_LEAVE_WAIT)
        } else if long {
            Kind::Restart(READERS_END_WAIT)
        } else {
            Kind::Passive
        };
        if let Some(complete) = run(file, hub, kind) {
            self.held_up = long && !complete;
            self.judge(complete, log_bytes, now, hub);
        }
    }

    /// Before a close that nothing forces, so that its result is known.
    pub(crate) fn at_end(file: &Arc<KeptFile>, hub: &SharedHub) {
        if size_of(&file.place().wal).is_some_and(|bytes| bytes > 0) {
            run(file, hub, Kind::Passive);
        }
    }

    /// Names the reader that starves it, once until the WAL could be emptied again.
    fn judge(&mut self, complete: bool, log_bytes: u64, now: Duration, hub: &SharedHub) {
        if complete {
            self.starved = false;
            hub.log.forget();
        } else if log_bytes > LOG_BYTES_BEFORE_RESTART && !self.starved {
            self.starved = true;
            let oldest = hub.watch.oldest(now);
            tracing::warn!(
                log_bytes,
                reader = oldest.map_or("of another process", |reader| reader.label),
                age_ms = oldest.map_or(0, |reader| reader.age.as_millis()),
                "a read keeps the WAL from being emptied"
            );
        }
    }
}

/// True if all of the WAL is in the file now; `None` if the connection is gone.
fn run(file: &Arc<KeptFile>, hub: &SharedHub, kind: Kind) -> Option<bool> {
    let answer = checkpoint(hub.writer.lock().as_ref()?, kind);
    let recorded = match &answer {
        Ok(recorded) => *recorded,
        Err((code, _)) => Checkpoint {
            busy: false,
            log: -1,
            checkpointed: -1,
            failed: Some(*code),
        },
    };
    file.record_checkpoint(recorded);
    if let Err((_, error)) = answer {
        file.note_fault(hub, &error);
    }
    Some(recorded.is_complete())
}

fn checkpoint(conn: &Conn, kind: Kind) -> Result<Checkpoint, (i32, Error)> {
    let connection = &conn.connection;
    let (sql, waits) = match kind {
        Kind::Passive => ("PRAGMA wal_checkpoint(PASSIVE)", Duration::ZERO),
        Kind::Restart(waits) => ("PRAGMA wal_checkpoint(RESTART)", waits),
    };
    let asked = connection.busy_timeout(waits).and_then(|()| {
        connection.query_row(sql, [], |row| {
            Ok(Checkpoint {
                busy: row.get::<_, i64>(0)? != 0,
                log: row.get(1)?,
                checkpointed: row.get(2)?,
                failed: None,
            })
        })
    });
    let answer = asked.map_err(|e| {
        let code = e.sqlite_error().map_or(1, |f| f.extended_code);
        let errno = raw::system_errno(raw::handle(connection), code);
        (code, Error::from_code(code, errno, Phase::Checkpoint))
    });
    match connection.busy_timeout(BUSY_WAIT) {
        Ok(()) => answer,
        Err(e) => Err((1, Error::from_sqlite(&e, None, Phase::Checkpoint))),
    }
}
