//! T2: each call fails in turn while the keeper takes over a file that a crash has left: a WAL to
//! be replayed, a rollback journal to be played back, a schema to be brought up. The rows from before
//! the crash count as promised.

use oldgrowth_keeper::{Lane, Schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Suite;
use super::faulted::{Scene, fail_every_call};
use super::oracle::{SCHEMA, id_of, insert_row, real_keeper, write_row};
use super::t4_migrate::LATER;
use super::work::Work;

pub(super) const SUITE: Suite = Suite {
    name: "recovery",
    what: "T2, each call fails while a crashed file is taken over",
    short_runs: 1_000,
    long_runs: 20_000,
    run: |options| fail_every_call("recovery", options, &SCENES),
};

const SCENES: [Scene; 4] = [
    Scene {
        name: "a WAL is replayed",
        schema: SCHEMA,
        weight: 2,
        prepare: leave_wal,
        act: take_over,
    },
    Scene {
        name: "a WAL is replayed and the schema brought up",
        schema: LATER,
        weight: 2,
        prepare: leave_wal,
        act: take_over,
    },
    Scene {
        name: "a WAL is replayed over a torn first sector",
        schema: SCHEMA,
        weight: 1,
        prepare: |work| {
            leave_wal(work)?;
            tear_first_sector(work).map_err(|error| error.to_string())
        },
        act: take_over,
    },
    Scene {
        name: "a rollback journal is played back",
        schema: SCHEMA,
        weight: 1,
        prepare: leave_journal,
        act: take_over,
    },
];

const ROWS_IN_FILE: i64 = 30;
const ROWS_IN_WAL: i64 = 15;
pub(super) const OLD_PRODUCER: i64 = 0;
pub(super) const NEW_PRODUCER: i64 = 1;
/// What the transaction that was under way had written.
const TORN: &[u8] = b"torn";
const SECTOR_BYTES: usize = 512;

fn take_over(work: &Work) {
    work.in_keeper(|file| {
        work.read(file, Lane::Interactive);
        work.produce(file, NEW_PRODUCER);
    });
    work.in_keeper(|file| work.read(file, Lane::Background));
}

/// A file of which the last rows are in the WAL only, the first page among them.
pub(super) fn leave_wal(work: &Work) -> Result<(), String> {
    leave_file(work, SCHEMA)?;
    let filled = outsider(work).and_then(|connection| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch("BEGIN")?;
        for n in ROWS_IN_FILE..ROWS_IN_FILE + ROWS_IN_WAL {
            insert_row(&connection, work.salt, id_of(OLD_PRODUCER, n))?;
        }
        connection.pragma_update(None, "user_version", SCHEMA.steps.len())?;
        connection.execute_batch("COMMIT")
    });
    filled.map_err(|error| format!("{error:?}"))?;
    for n in ROWS_IN_FILE..ROWS_IN_FILE + ROWS_IN_WAL {
        work.oracle.acknowledged(id_of(OLD_PRODUCER, n));
    }
    Ok(())
}

/// A file of which a large transaction was under way when the process died.
pub(super) fn leave_journal(work: &Work) -> Result<(), String> {
    leave_file(work, SCHEMA)?;
    let database = work.database();
    let beside = |suffix: &str| {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        std::path::PathBuf::from(path)
    };
    let copied = outsider(work).and_then(|connection| {
        connection.execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN IMMEDIATE;
             UPDATE kept SET body = body || body; UPDATE kept SET body = 'torn' || id;",
        )?;
        // Only now are both there as a crash would leave them; the copies take their names below.
        let copied = std::fs::copy(&database, beside(".crashed"))
            .and_then(|_| std::fs::copy(beside("-journal"), beside(".crashed-journal")));
        connection.execute_batch("ROLLBACK")?;
        Ok(copied)
    });
    copied
        .map_err(|error| format!("{error:?}"))?
        .and_then(|_| std::fs::rename(beside(".crashed"), &database))
        .and_then(|()| std::fs::rename(beside(".crashed-journal"), beside("-journal")))
        .and_then(|()| std::fs::read(&database))
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            let torn = bytes.windows(TORN.len()).any(|window| window == TORN);
            torn.then_some(())
                .ok_or_else(|| "nothing would have to be played back".to_owned())
        })
}

fn leave_file(work: &Work, schema: Schema) -> Result<(), String> {
    let (keeper, _) = real_keeper();
    let salt = work.salt;
    let written = keeper.file(&work.database(), schema).and_then(|file| {
        file.write(move |tx| {
            (0..ROWS_IN_FILE).try_for_each(|n| write_row(tx, salt, id_of(OLD_PRODUCER, n)))
        })
    });
    keeper.shut_down();
    written.map_err(|error| format!("{error:?}"))?;
    for n in 0..ROWS_IN_FILE {
        work.oracle.acknowledged(id_of(OLD_PRODUCER, n));
    }
    Ok(())
}

fn tear_first_sector(work: &Work) -> std::io::Result<()> {
    let mut bytes = std::fs::read(work.database())?;
    bytes
        .iter_mut()
        .take(SECTOR_BYTES)
        .for_each(|byte| *byte = 0x5a);
    std::fs::write(work.database(), bytes)
}

pub(super) fn outsider(work: &Work) -> rusqlite::Result<Connection> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what a crash leaves is made by SQLite without the keeper"
    )]
    Connection::open_with_flags(
        work.database(),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}
