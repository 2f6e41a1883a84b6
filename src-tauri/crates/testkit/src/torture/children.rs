//! What the processes do that suites start and kill. Each says `kept <number>` on its output once it
//! knows that the row of that number is durable, and anything else if something failed.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use oldgrowth_keeper::{BackupKind, Error, KeptFile, Schema, Source};
use rusqlite::{Connection, OpenFlags};

use super::oracle::{SCHEMA, checkpoint_every, id_of, insert_row, look, real_keeper, write_row};
use super::t4_migrate::LATER;
use super::{Child, Sabotage};
use crate::SeededRandom;

pub(super) const KEEPER: Child = Child {
    name: "keeper",
    run: |arguments| said(arguments, |job| keep_writing(job, SCHEMA)),
};

/// As `keeper`, with a schema of more steps.
pub(super) const MIGRATOR: Child = Child {
    name: "migrator",
    run: |arguments| said(arguments, |job| keep_writing(job, LATER)),
};

/// Makes a backup between its writes, over and over.
pub(super) const BACKER: Child = Child {
    name: "backer",
    run: |arguments| said(arguments, back_up),
};

/// Makes a backup, writes more, puts the backup in the place of the file and goes on writing.
pub(super) const RESTORER: Child = Child {
    name: "restorer",
    run: |arguments| said(arguments, restore),
};

/// Opens, writes a few rows and closes, over and over, through the keeper.
pub(super) const CHURNER: Child = Child {
    name: "churner",
    run: |arguments| said(arguments, churn),
};

/// The same by SQLite alone, as another program would.
pub(super) const FOREIGNER: Child = Child {
    name: "foreigner",
    run: |arguments| said(arguments, write_past_the_keeper),
};

const ROWS_PER_ROUND: i64 = 8;
const ROWS_PER_LIFE_MAX: usize = 4;
const ROUND_OF_BACKUP: i64 = 1;
const ROUND_OF_RESTORE: i64 = 3;
const CHECKPOINT_PAGES: i64 = 50;
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What a child is told on its command line.
pub(super) struct Job {
    pub(super) database: PathBuf,
    /// Makes the bodies of rows.
    pub(super) salt: u64,
    pub(super) producer: i64,
    pub(super) sabotage: Option<Sabotage>,
}

impl Job {
    pub(super) fn arguments(&self) -> Vec<String> {
        vec![
            self.database.to_string_lossy().into_owned(),
            self.salt.to_string(),
            self.producer.to_string(),
            self.sabotage.map_or("", Sabotage::name).to_owned(),
        ]
    }

    fn of(arguments: &[String]) -> Option<Job> {
        let [database, salt, producer, sabotage] = arguments else {
            return None;
        };
        Some(Job {
            database: database.into(),
            salt: salt.parse().ok()?,
            producer: producer.parse().ok()?,
            sabotage: Sabotage::named(sabotage),
        })
    }
}

fn said(arguments: &[String], work: impl FnOnce(&Job) -> Result<(), String>) -> ExitCode {
    let done = Job::of(arguments)
        .ok_or_else(|| "bad arguments".to_owned())
        .and_then(|job| work(&job));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            say(&what);
            ExitCode::FAILURE
        }
    }
}

/// One write of one line: it arrives whole or not at all. If nobody listens any more, the suite is gone
/// and nobody would kill this process.
fn say(line: &str) {
    let said = std::io::stdout()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
    if said.is_err() {
        std::process::exit(1);
    }
}

fn say_kept(id: i64) {
    say(&format!("kept {id}"));
}

fn told(error: &Error) -> String {
    format!(
        "the keeper failed: {} (code {:?}, errno {:?})",
        error.class(),
        error.code(),
        error.errno()
    )
}

fn keep_writing(job: &Job, schema: Schema) -> Result<(), String> {
    let (keeper, _) = real_keeper();
    let file = keeper
        .file(&job.database, schema)
        .map_err(|error| told(&error))?;
    checkpoint_every(&file, CHECKPOINT_PAGES).map_err(|error| told(&error))?;
    for round in 0.. {
        write_round(&file, job, round)?;
        if job.sabotage == Some(Sabotage::DropLocks) {
            drop_locks(&job.database).map_err(|error| error.kind().to_string())?;
        }
    }
    Ok(())
}

fn back_up(job: &Job) -> Result<(), String> {
    let (keeper, _) = real_keeper();
    let file = keeper
        .file(&job.database, SCHEMA)
        .map_err(|error| told(&error))?;
    for round in 0.. {
        write_round(&file, job, round)?;
        make_backup(&file)?;
    }
    Ok(())
}

fn restore(job: &Job) -> Result<(), String> {
    let (keeper, _) = real_keeper();
    let file = keeper
        .file(&job.database, SCHEMA)
        .map_err(|error| told(&error))?;
    for round in 0.. {
        write_round(&file, job, round)?;
        if round == ROUND_OF_BACKUP {
            make_backup(&file)?;
        }
        if round == ROUND_OF_RESTORE {
            let backups = file.backups();
            let backup = backups.first().ok_or("the backup is gone")?.clone();
            file.restore(&Source::Backup(backup))
                .map_err(|error| told(&error))?;
        }
    }
    Ok(())
}

fn make_backup(file: &KeptFile) -> Result<(), String> {
    file.backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
        .map(drop)
        .map_err(|error| told(&error))
}

fn write_round(file: &KeptFile, job: &Job, round: i64) -> Result<(), String> {
    let (salt, early) = (job.salt, job.sabotage == Some(Sabotage::AckEarly));
    let tickets: Vec<_> = (0..ROWS_PER_ROUND)
        .map(|n| {
            let id = id_of(job.producer, round * ROWS_PER_ROUND + n);
            let ticket = file.submit(move |tx| {
                write_row(tx, salt, id)?;
                if early {
                    say_kept(id);
                }
                Ok::<_, Error>(id)
            });
            (id, ticket)
        })
        .collect();
    for (id, ticket) in tickets {
        ticket.wait().map_err(|error| told(&error))?;
        say_kept(id);
    }
    Ok(())
}

/// POSIX drops all locks of a process on a file when any descriptor of that file is closed. See
/// "How To Corrupt An SQLite Database File", 2.2. Once the first file's are dropped, another program may
/// take the second file away at once.
pub(super) fn drop_locks(database: &Path) -> std::io::Result<()> {
    let mut shm = database.as_os_str().to_owned();
    shm.push("-shm");
    for path in [database, Path::new(&shm)] {
        match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => drop(opened?),
        }
    }
    Ok(())
}

fn churn(job: &Job) -> Result<(), String> {
    let random = SeededRandom::new(job.salt ^ job.producer.unsigned_abs());
    let salt = job.salt;
    let mut next = 0;
    loop {
        let (keeper, _) = real_keeper();
        let file = keeper
            .file(&job.database, SCHEMA)
            .map_err(|error| told(&error))?;
        for _ in 0..=random.below(ROWS_PER_LIFE_MAX) {
            let id = id_of(job.producer, next);
            file.write(move |tx| write_row(tx, salt, id))
                .map_err(|error| told(&error))?;
            say_kept(id);
            next += 1;
        }
        keeper.shut_down();
    }
}

fn write_past_the_keeper(job: &Job) -> Result<(), String> {
    let random = SeededRandom::new(job.salt ^ job.producer.unsigned_abs());
    let mut next = 0;
    loop {
        next = one_foreign_life(job, &random, next)
            .map_err(|error| format!("SQLite failed: {:?}", error.sqlite_error()))?;
    }
}

fn one_foreign_life(job: &Job, random: &SeededRandom, first: i64) -> rusqlite::Result<i64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process is one that knows nothing of the keeper"
    )]
    let mut connection = Connection::open_with_flags(
        &job.database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let mut next = first;
    for _ in 0..=random.below(ROWS_PER_LIFE_MAX) {
        let id = id_of(job.producer, next);
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        insert_row(&tx, job.salt, id)?;
        tx.commit()?;
        say_kept(id);
        next += 1;
    }
    if random.below(4) == 0 {
        look(&connection, job.salt)?;
    }
    connection.close().map_err(|(_, error)| error)?;
    Ok(next)
}
