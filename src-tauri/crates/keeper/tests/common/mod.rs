//! What the facts share: a lent process whose clock a test can move, and a small schema.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]
#![allow(dead_code, reason = "each test file uses a part of this")]

#[cfg(target_os = "linux")]
pub(crate) mod volume;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use oldgrowth_keeper::{Ambient, Clock, Error, Keeper, KeptFile, Lane, Schema, Spawn};

pub(crate) const STEPS: &[&str] =
    &["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"];
pub(crate) const STEPS_LATER: &[&str] = &[
    "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
    "CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED, name TEXT NOT NULL) STRICT;",
];
pub(crate) const APPLICATION_ID: i32 = 0x6f6c_6467;
pub(crate) const SCHEMA: Schema = Schema {
    application_id: APPLICATION_ID,
    steps: STEPS,
    tables: &["note"],
};
pub(crate) const SCHEMA_LATER: Schema = Schema {
    application_id: APPLICATION_ID,
    steps: STEPS_LATER,
    tables: &["note"],
};

/// Stands still until it is moved.
#[derive(Default)]
pub(crate) struct ManualClock {
    ms: AtomicU64,
    /// Added by each look, for operations that must run into their deadline.
    per_look_ms: AtomicU64,
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.ms
            .fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
    pub(crate) fn cost_per_look(&self, by: Duration) {
        self.per_look_ms
            .store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        let cost = self.per_look_ms.load(Ordering::SeqCst);
        Duration::from_millis(self.ms.fetch_add(cost, Ordering::SeqCst))
    }
    fn unix_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.ms.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct RealClock(Instant);

impl Clock for RealClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
    fn unix_ms(&self) -> i64 {
        0
    }
}

pub(crate) struct Threads;

impl Spawn for Threads {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>> {
        Builder::new().name(name).spawn(body)
    }
}

pub(crate) fn real() -> Ambient {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is lent")]
    let start = Instant::now();
    Ambient {
        clock: Arc::new(RealClock(start)),
        spawn: Arc::new(Threads),
    }
}

pub(crate) fn manual() -> (Ambient, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let ambient = Ambient {
        clock: Arc::<ManualClock>::clone(&clock),
        spawn: Arc::new(Threads),
    };
    (ambient, clock)
}

pub(crate) fn keep(path: &Path) -> (Keeper, Arc<KeptFile>) {
    let keeper = Keeper::new(real());
    let file = keeper.file(path, SCHEMA).unwrap();
    (keeper, file)
}

pub(crate) fn insert(file: &KeptFile, text: &str) -> Result<i64, Error> {
    let text = text.to_owned();
    file.write(move |tx| insert_in(tx.connection(), &text))
}

pub(crate) fn insert_in(connection: &rusqlite::Connection, text: &str) -> Result<i64, Error> {
    connection
        .prepare_cached("INSERT INTO note (text) VALUES (:text)")?
        .execute(rusqlite::named_params! { ":text": text })?;
    Ok(connection.last_insert_rowid())
}

pub(crate) fn count(file: &KeptFile) -> Result<i64, Error> {
    file.read(Lane::Interactive, |tx| count_in(tx.connection()))
}

pub(crate) fn count_in(connection: &rusqlite::Connection) -> Result<i64, Error> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM note")?
        .query_row([], |row| row.get(0))?)
}

/// A connection of somebody else, opened past the keeper.
pub(crate) fn outsider(path: &Path) -> rusqlite::Connection {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks at the file from outside"
    )]
    rusqlite::Connection::open(path).unwrap()
}

/// The names in a folder with the hashes of what is in them.
pub(crate) fn picture(dir: &Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mut hasher = DefaultHasher::new();
            if entry.file_type().unwrap().is_file() {
                std::fs::read(entry.path()).unwrap().hash(&mut hasher);
            }
            (entry.file_name().into_string().unwrap(), hasher.finish())
        })
        .collect();
    files.sort();
    files
}

/// The names in a folder with their sizes, without opening anything: of a database in use.
pub(crate) fn listing(dir: &Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let bytes = entry.metadata().unwrap().len();
            (entry.file_name().into_string().unwrap(), bytes)
        })
        .collect();
    files.sort();
    files
}
