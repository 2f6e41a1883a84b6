//! T4c: the process is killed while it brings a file to a later schema. Afterwards the file is at one
//! step or another, whole, and the next process finishes the way.

use std::io;
use std::time::Duration;

use oldgrowth_keeper::Schema;
use rusqlite::{Connection, OpenFlags};

use super::children::MIGRATOR;
use super::oracle::{SCHEMA, id_of, real_keeper, write_row};
use super::t4_kill::{KilledFile, any_life, copy_file};
use super::{Breach, Options, Report, Run, Suite, each_run};

pub(super) const SUITE: Suite = Suite {
    name: "kill-migrating",
    what: "T4c, the process is killed while it migrates",
    short_runs: 200,
    long_runs: 5_000,
    run,
};

/// The schema of all suites, and steps that change what is there.
pub(super) const LATER: Schema = Schema {
    application_id: SCHEMA.application_id,
    tables: &[],
    steps: &[
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;",
        "CREATE INDEX kept_body ON kept (body);",
        "CREATE TABLE tally (producer INTEGER PRIMARY KEY, written INTEGER NOT NULL) STRICT;",
        "CREATE TABLE copied (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
         INSERT INTO copied SELECT id, body FROM kept;",
        "CREATE INDEX copied_body ON copied (body);",
        "ALTER TABLE kept ADD COLUMN size INTEGER NOT NULL DEFAULT 0;",
        "UPDATE kept SET size = length(body);",
        "CREATE INDEX kept_size ON kept (size);",
        "DROP TABLE copied;",
    ],
};

/// What must hold of a file between the steps from and to, by a query that answers 1.
const HOLDS: [(i32, i32, &str); 5] = [
    (
        0,
        3,
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'copied')",
    ),
    (
        4,
        8,
        "SELECT (SELECT count(*) FROM copied) = (SELECT count(*) FROM kept)",
    ),
    (
        9,
        9,
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'copied')",
    ),
    (
        0,
        5,
        "SELECT NOT EXISTS (SELECT 1 FROM pragma_table_info('kept') WHERE name = 'size')",
    ),
    (
        7,
        8,
        "SELECT NOT EXISTS (SELECT 1 FROM kept WHERE size <> length(body))",
    ),
];

const RUN_TAKES_MAX: Duration = Duration::from_secs(120);
const KILLS_PER_RUN: u64 = 20;
const ROWS: i64 = 3_000;

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::default();
        if let Err(error) = kill_migrations(run, &mut report) {
            report.fail(run.number, Breach::Other, error.to_string());
        }
        report
    })
}

fn kill_migrations(run: &Run, report: &mut Report) -> io::Result<()> {
    let mut file = KilledFile::new(run, LATER);
    // The first producer is the one who wrote the file under the earlier schema.
    let first = KilledFile::new(run, SCHEMA);
    write_earlier_file(run, &first)
        .map_err(|error| io::Error::other(format!("the first file: {error:?}")))?;
    let earlier = run.folder.join("earlier");
    copy_file(&first.path, &earlier)?;
    report.acknowledged += ROWS.unsigned_abs();
    for _ in 0..KILLS_PER_RUN.min(run.options.runs) {
        report.runs += 1;
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.path.clone().into_os_string();
            path.push(suffix);
            // What the one before left of its sidecars.
            std::fs::remove_file(path).ok();
        }
        copy_file(&earlier, &file.path)?;
        file.producers = [0].into();
        file.acknowledged = (0..ROWS).map(|n| id_of(0, n)).collect();
        file.next_producer = 1;
        let mut process = file.start(run, MIGRATOR.name)?;
        process.listen_for(any_life(run) / 2);
        file.kill(run, process, report)?;
        let version = judge_steps(run, &file, report);
        report.note(format!("killed at version {version}"));
        file.reopen(run, report)?;
        if judge_steps(run, &file, report) != 9 {
            report.fail(run.number, Breach::Other, "the way was not finished");
        }
    }
    Ok(())
}

fn write_earlier_file(run: &Run, first: &KilledFile) -> Result<(), oldgrowth_keeper::Error> {
    let (keeper, _) = real_keeper();
    let file = keeper.file(&first.path, SCHEMA)?;
    let salt = run.options.seed;
    file.write(move |tx| (0..ROWS).try_for_each(|n| write_row(tx, salt, id_of(0, n))))?;
    keeper.shut_down();
    Ok(())
}

/// Looks past the keeper at what stands in the file, and returns its version.
fn judge_steps(run: &Run, file: &KilledFile, report: &mut Report) -> i32 {
    let looked = version_and_wrongs(file);
    match looked {
        Ok((version, wrongs)) => {
            for wrong in wrongs {
                let what = format!("at version {version}: {wrong}");
                report.fail(run.number, Breach::Corrupt, what);
            }
            version
        }
        Err(error) => {
            let what = format!("SQLite does not open it: {:?}", error.sqlite_error());
            report.fail(run.number, Breach::Corrupt, what);
            -1
        }
    }
}

fn version_and_wrongs(file: &KilledFile) -> rusqlite::Result<(i32, Vec<&'static str>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the keeper would finish the steps before anybody could look"
    )]
    let connection = Connection::open_with_flags(
        &file.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let mut wrongs = Vec::new();
    for (from, to, query) in HOLDS {
        if (from..=to).contains(&version)
            && !connection.query_row(query, [], |row| row.get::<_, bool>(0))?
        {
            wrongs.push(query);
        }
    }
    Ok((version, wrongs))
}
