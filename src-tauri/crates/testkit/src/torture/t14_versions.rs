//! Three versions of a made-up schema, and how a file of each is told from the others.

use oldgrowth_keeper::Schema;
use rusqlite::Connection;

use super::oracle::SCHEMA;

pub(super) const NEWEST: usize = 3;

/// What each version does to the one before it, statement by statement.
const STEPS: [&[&str]; NEWEST] = [
    &[
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;",
        "CREATE TABLE tally (producer INTEGER PRIMARY KEY, written INTEGER NOT NULL) STRICT;",
    ],
    &[
        "ALTER TABLE kept ADD COLUMN size INTEGER NOT NULL DEFAULT 0;",
        "UPDATE kept SET size = length(body);",
        "CREATE TABLE copied (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;",
        "INSERT INTO copied (id, body) SELECT id, body FROM kept;",
        "CREATE INDEX copied_body ON copied (body);",
    ],
    &[
        "CREATE TABLE summed (bytes INTEGER NOT NULL) STRICT;",
        "INSERT INTO summed (bytes) SELECT sum(size) FROM kept;",
        "DROP TABLE copied;",
        "CREATE INDEX kept_size ON kept (size);",
    ],
];

/// Each answers 1 for a file of its version, whole and with nothing of another.
const MARKS: [&str; NEWEST] = [
    "SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'table') = 2
        AND (SELECT count(*) FROM pragma_table_info('kept')) = 2",
    "SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'table') = 3
        AND (SELECT count(*) FROM sqlite_schema WHERE name = 'copied_body') = 1
        AND NOT EXISTS (SELECT 1 FROM kept LEFT JOIN copied USING (id)
            WHERE kept.size <> length(kept.body) OR copied.body IS NOT kept.body)",
    "SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'table') = 3
        AND (SELECT count(*) FROM sqlite_schema WHERE name = 'kept_size') = 1
        AND (SELECT bytes FROM summed) = (SELECT sum(length(body)) FROM kept)",
];

/// Fails, because the first producer has a row already.
const FAILS: &str = "INSERT INTO tally (producer, written) VALUES (0, 1);";
/// Goes on until the process is killed, and soon writes into the WAL what came before it: the cache has
/// no room for it.
const NEVER_ENDS: &str = "PRAGMA cache_size = 10;
    CREATE TABLE flood (bytes BLOB NOT NULL) STRICT;
    INSERT INTO flood (bytes)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)
        SELECT randomblob(3000) FROM n;";
/// What a step must never do.
const ENDS_TRANSACTION: &str = "COMMIT;";

/// A statement of a step that is never reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// The version the step would have led to.
    pub(super) to: usize,
    /// How many of its statements are done before.
    pub(super) after: usize,
    pub(super) how: How,
    /// The step is not one transaction, which is a bug.
    pub(super) outside: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Fails,
    NeverEnds,
}

/// The schema as the program of that version knows it, with a step that is stopped if one is asked for.
/// Schemas live as long as the program, and so do the few that are made here.
pub(super) fn schema(version: usize, stop: Option<Stop>) -> Schema {
    let steps: Vec<&'static str> = (1..=version)
        .zip(STEPS)
        .map(|(to, statements)| {
            let stop = stop.filter(|stop| stop.to == to);
            &*Box::leak(step(statements, stop).into_boxed_str())
        })
        .collect();
    Schema {
        application_id: SCHEMA.application_id,
        steps: Box::leak(steps.into_boxed_slice()),
        tables: &[],
    }
}

fn step(statements: &[&str], stop: Option<Stop>) -> String {
    let Some(stop) = stop else {
        return statements.concat();
    };
    let mut text = String::new();
    if stop.outside {
        text.push_str(ENDS_TRANSACTION);
    }
    text.extend(statements.iter().take(stop.after).copied());
    text.push_str(match stop.how {
        How::Fails => FAILS,
        How::NeverEnds => NEVER_ENDS,
    });
    text
}

/// Before each statement of each step from this version on, and after the last of each, in both ways.
pub(super) fn stops(from: usize) -> Vec<Stop> {
    let steps = (1..).zip(STEPS).skip(from);
    let places = steps.flat_map(|(to, step)| (0..=step.len()).map(move |after| (to, after)));
    let ways = |(to, after)| {
        [How::NeverEnds, How::Fails].map(|how| Stop {
            to,
            after,
            how,
            outside: false,
        })
    };
    places.flat_map(ways).collect()
}

/// The version of a file, or what is wrong with it.
pub(super) fn version_of(connection: &Connection) -> Result<usize, String> {
    let told = |error: rusqlite::Error| format!("{:?}", error.sqlite_error());
    let version: usize = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(told)?;
    let mark = version.checked_sub(1).and_then(|index| MARKS.get(index));
    let mark = mark.ok_or_else(|| format!("version {version}"))?;
    match connection.query_row(mark, [], |row| row.get(0)) {
        Ok(Some(true)) => Ok(version),
        Ok(_) => Err(format!("it is not as version {version} leaves it")),
        Err(error) => Err(told(error)),
    }
}
