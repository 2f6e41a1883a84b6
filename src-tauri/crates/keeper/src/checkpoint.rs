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
pub(crate) const WAL_BYTES_BEFORE_CHECKPOINT: u64 = 4 * MIB;
/// A WAL longer than this, that cannot be emptied, has the reader named that holds it.
pub(crate) const WAL_BYTES_BEFORE_NAMING: u64 = 16 * MIB;
/// A WAL longer than this costs the readers who hold it their snapshot.
pub(crate) const WAL_BYTES_BEFORE_STOPPING: u64 = 64 * MIB;
/// A reader this young is not called off.
pub(crate) const READER_AGE_SPARED: Duration = Duration::from_secs(10);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long the writer stands still for readers to leave the WAL.
const READERS_LEAVE_WAIT: Duration = Duration::from_millis(250);

/// What the writer knows of its checkpoints.
#[derive(Default)]
pub(crate) struct Checkpointer {
    last: Option<Duration>,
    /// Readers are starving it, and this has been told.
    starved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As far as the readers let it, waiting for nobody.
    Passive,
    /// Waits for the readers, so that the next commit begins the WAL anew.
    Restart,
}

impl Checkpointer {
    /// After each batch, and when somebody has asked for one.
    pub(crate) fn after_batch(&mut self, file: &Arc<KeptFile>, hub: &SharedHub) {
        let wanted = hub.checkpoint_wanted.swap(false, Ordering::SeqCst);
        let wal_bytes = size_of(&file.place().wal).unwrap_or(0);
        let now = file.now();
        let rested = self
            .last
            .is_none_or(|at| now.saturating_sub(at) >= CHECKPOINT_EVERY);
        let too_long = wal_bytes > WAL_BYTES_BEFORE_STOPPING;
        // Those who are called off now let go at once, so that is worth a checkpoint out of turn.
        let called_off = if too_long {
            hub.watch.call_off_older(now, READER_AGE_SPARED)
        } else {
            0
        };
        let due = rested && wal_bytes > WAL_BYTES_BEFORE_CHECKPOINT;
        if !(wanted || due || called_off > 0) {
            return;
        }
        self.last = Some(now);
        let kind = if too_long {
            if called_off > 0 {
                tracing::warn!(wal_bytes, called_off, "old reads are called off");
            }
            Kind::Restart
        } else {
            Kind::Passive
        };
        if let Some(complete) = run(file, hub, kind) {
            self.judge(complete, wal_bytes, now, hub);
        }
    }

    /// Before a close that nothing forces, so that its result is known.
    pub(crate) fn at_end(file: &Arc<KeptFile>, hub: &SharedHub) {
        if size_of(&file.place().wal).is_some_and(|bytes| bytes > 0) {
            run(file, hub, Kind::Passive);
        }
    }

    /// Names the reader that starves it, once until the WAL could be emptied again.
    fn judge(&mut self, complete: bool, wal_bytes: u64, now: Duration, hub: &SharedHub) {
        if complete {
            self.starved = false;
        } else if wal_bytes > WAL_BYTES_BEFORE_NAMING && !self.starved {
            self.starved = true;
            let oldest = hub.watch.oldest(now);
            tracing::warn!(
                wal_bytes,
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
    let sql = match kind {
        Kind::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Kind::Restart => "PRAGMA wal_checkpoint(RESTART)",
    };
    let asked = connection.busy_timeout(READERS_LEAVE_WAIT).and_then(|()| {
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
