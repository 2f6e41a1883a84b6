//! What the keeper is asked to do while it is tortured, and what it answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Ambient, Clock, Error, Keeper, KeptFile, Lane, Schema};
use parking_lot::Mutex;

use super::oracle::{DATABASE, Oracle, id_of, look_everywhere, real_keeper, write_row};
use super::{Breach, Options, Report, Run, Sabotage};
use crate::{FakeClock, Threads};

const ROUNDS_PER_PRODUCER: i64 = 5;
const ROWS_PER_ROUND: i64 = 2;
/// What the breaker waits at most while it has seen few failures.
const BREAKER_WAIT: Duration = Duration::from_secs(31);
/// More than the keeper lets the WAL grow to.
const MUCH_BYTES: usize = 4_400_000;

/// One file under torture. Its clock moves when the breaker asks for time, so nothing is waited for.
pub(super) struct Work {
    folder: PathBuf,
    pub(super) salt: u64,
    schema: Schema,
    sabotage: Option<Sabotage>,
    clock: Arc<FakeClock>,
    pub(super) oracle: Arc<Oracle>,
    /// In the order in which they were told.
    pub(super) errors: Mutex<Vec<Error>>,
}

impl Work {
    pub(super) fn new(folder: &Path, schema: Schema, options: &Options) -> Work {
        Work {
            folder: folder.to_path_buf(),
            salt: options.seed,
            schema,
            sabotage: options.sabotage,
            clock: FakeClock::at(1_700_000_000_000),
            oracle: Arc::new(Oracle::default()),
            errors: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// One life of the file, from its first use to its being closed.
    pub(super) fn in_keeper(&self, work: impl FnOnce(&KeptFile)) {
        let keeper = Keeper::new(Ambient {
            clock: Arc::<FakeClock>::clone(&self.clock),
            spawn: Arc::new(Threads),
        });
        match keeper.file(&self.database(), self.schema) {
            Ok(file) => work(&file),
            Err(error) => self.told(error),
        }
        keeper.shut_down();
    }

    pub(super) fn produce(&self, file: &KeptFile, producer: i64) {
        for round in 0..ROUNDS_PER_PRODUCER {
            let tickets: Vec<_> = (0..ROWS_PER_ROUND)
                .map(|n| {
                    let id = id_of(producer, round * ROWS_PER_ROUND + n);
                    let (salt, oracle) = (self.salt, Arc::clone(&self.oracle));
                    let early = self.sabotage == Some(Sabotage::AckEarly);
                    oracle.tried(id);
                    let ticket = file.submit(move |tx| {
                        write_row(tx, salt, id)?;
                        if early {
                            oracle.acknowledged(id);
                        }
                        Ok::<_, Error>(id)
                    });
                    (id, ticket)
                })
                .collect();
            for (id, ticket) in tickets {
                if self.hear(ticket.wait()).is_some() {
                    self.oracle.acknowledged(id);
                }
            }
            let lane = if producer % 2 == 0 {
                Lane::Interactive
            } else {
                Lane::Background
            };
            self.read(file, lane);
        }
    }

    pub(super) fn read(&self, file: &KeptFile, lane: Lane) {
        let count: Result<i64, Error> = file.read(lane, |tx| {
            Ok(tx
                .connection()
                .query_row("SELECT count(*) FROM kept", [], |row| row.get(0))?)
        });
        self.hear(count);
    }

    /// Enough for the keeper's own checkpoint, and gone again if nothing fails.
    pub(super) fn write_much(&self, file: &KeptFile) {
        for sql in [
            "CREATE TABLE much (bytes BLOB NOT NULL) STRICT",
            "INSERT INTO much (bytes) VALUES (zeroblob(:bytes))",
            "DROP TABLE much",
        ] {
            self.clock.advance(Duration::from_secs(2));
            let done: Result<(), Error> = file.write(move |tx| {
                let mut statement = tx.connection().prepare(sql)?;
                if statement.parameter_count() == 0 {
                    statement.execute([])?;
                } else {
                    statement.execute([MUCH_BYTES])?;
                }
                Ok(())
            });
            if self.hear(done).is_none() {
                return;
            }
        }
    }

    pub(super) fn hear<T>(&self, answer: Result<T, Error>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                if matches!(error, Error::Unavailable { .. }) {
                    self.clock.advance(BREAKER_WAIT);
                }
                self.told(error);
                None
            }
        }
    }

    fn told(&self, error: Error) {
        self.errors.lock().push(error);
    }

    /// The disk is well: all that was promised is there, at the first try.
    pub(super) fn reopen(&self, run: &Run, report: &mut Report) {
        if self.sabotage == Some(Sabotage::DeleteWal) {
            // Often there is none.
            std::fs::remove_file(self.folder.join("a.db-wal")).ok();
        }
        if let Err(error) = self.keep_image() {
            report.note(format!("no image could be made: {}", error.kind()));
        }
        let (keeper, clock) = real_keeper();
        let found = keeper
            .file(&self.database(), self.schema)
            .map_err(|error| format!("{error:?}"))
            .and_then(|file| {
                let found = look_everywhere(&file, self.salt)?;
                every_backup_is_whole(&file)?;
                Ok(found)
            });
        report.reopened_in(clock.monotonic());
        match found {
            Ok(found) => self.oracle.compare(run.number, &found, report),
            Err(error) => {
                let what = format!("it does not open again: {error}");
                report.fail(run.number, Breach::Other, what);
            }
        }
        keeper.shut_down();
        let leftovers = self.leftovers();
        if !leftovers.is_empty() {
            let what = format!("left behind: {leftovers:?}");
            report.fail(run.number, Breach::Other, what);
        }
    }

    /// The files as the faults left them, for a run that turns out to have failed. The keeper is
    /// shut down, so nobody's locks are dropped by reading them.
    fn keep_image(&self) -> std::io::Result<()> {
        let image = self.folder.join("image");
        std::fs::create_dir(&image)?;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), image.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// What should be gone after a file was closed in order.
    fn leftovers(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| {
                let sidecar = ["-wal", "-shm", "-journal"];
                name.contains(".creating-") || sidecar.iter().any(|end| name.ends_with(end))
            })
            .collect()
    }
}

/// What is listed as a backup can be restored.
pub(super) fn every_backup_is_whole(file: &KeptFile) -> Result<(), String> {
    let backups = file.backups();
    backups.iter().try_for_each(|backup| {
        file.verify(backup)
            .map_err(|error| format!("a backup is not whole: {error:?}"))
    })
}
