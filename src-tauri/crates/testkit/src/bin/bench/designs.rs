//! Three ways for several threads to share one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_keeper::{Error, Keeper, KeptFile, Lane};
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};

use crate::read::open;
use crate::workload;

/// Gives each thread what it writes or reads with.
pub(crate) trait Design: Sync {
    /// Takes the first of three keys; answers whether the write is durable.
    fn writer(&self) -> Box<dyn FnMut(i64) -> bool + '_>;
    /// Takes the number of the question; answers whether it was answered.
    fn reader(&self) -> Box<dyn FnMut(i64) -> bool + '_>;
}

/// One connection behind one lock, for everything.
pub(crate) struct OneLocked(Mutex<Connection>);

impl OneLocked {
    pub(crate) fn new(path: &Path) -> OneLocked {
        OneLocked(Mutex::new(open_for(path, Use::Writing)))
    }
}

impl Design for OneLocked {
    fn writer(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        Box::new(|first| write_alone(&mut self.0.lock(), first).is_ok())
    }

    fn reader(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        Box::new(|turn| workload::ask(&self.0.lock(), turn).is_ok())
    }
}

/// A connection for each thread; SQLite's own lock decides who writes.
pub(crate) struct OneEach(PathBuf);

impl OneEach {
    pub(crate) fn new(path: &Path) -> OneEach {
        OneEach(path.to_owned())
    }
}

impl Design for OneEach {
    fn writer(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        let mut connection = open_for(&self.0, Use::Writing);
        Box::new(move |first| write_alone(&mut connection, first).is_ok())
    }

    fn reader(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        let connection = open_for(&self.0, Use::Reading);
        Box::new(move |turn| workload::ask(&connection, turn).is_ok())
    }
}

/// Ours: one writer with group commit, and a few readers.
pub(crate) struct Kept {
    file: Arc<KeptFile>,
    /// Closes the file when it is dropped.
    _keeper: Keeper,
}

impl Kept {
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    pub(crate) fn new(path: &Path) -> Kept {
        let keeper = Keeper::new(workload::ambient());
        Kept {
            file: keeper
                .file(path, workload::SCHEMA)
                .expect("the file can be named"),
            _keeper: keeper,
        }
    }
}

impl Design for Kept {
    fn writer(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        Box::new(|first| {
            self.file
                .write(move |tx| workload::write(tx.connection(), first).map_err(Error::from))
                .is_ok()
        })
    }

    fn reader(&self) -> Box<dyn FnMut(i64) -> bool + '_> {
        Box::new(|turn| {
            self.file
                .read(Lane::Interactive, |tx| {
                    workload::ask(tx.connection(), turn).map_err(Error::from)
                })
                .is_ok()
        })
    }
}

fn write_alone(connection: &mut Connection, first: i64) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    workload::write(&tx, first)?;
    tx.commit()
}

enum Use {
    Writing,
    Reading,
}

/// With caches as large as ours, so that only the design differs.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn open_for(path: &Path, what: Use) -> Connection {
    let connection = open(path);
    connection
        .execute_batch(match what {
            Use::Writing => "PRAGMA cache_size = -8000;",
            Use::Reading => "PRAGMA cache_size = -4000; PRAGMA query_only = 1;",
        })
        .expect("the pragmas hold");
    connection
}
