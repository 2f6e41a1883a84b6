//! A warm read of one row: through the store, through a bare cached statement, and by opening the
//! file and applying the schema for each call.

use std::path::Path;
use std::time::Duration;

use oldgrowth_domain::ChunkId;
use oldgrowth_engine::Note;
use oldgrowth_store::{Lane, Store};
use oldgrowth_testkit::TestEngine;
use rusqlite::{Connection, OptionalExtension};

use crate::table::{Table, micros};
use crate::{each, median};

const ROUNDS: usize = 21;
const READS_A_ROUND: u32 = 2_000;
const OPENS_A_ROUND: u32 = 20;

const SQL: &str = "
    SELECT id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens
    FROM chunks WHERE public_id = ?1";

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let test = TestEngine::start(folder.path(), 0);
    let note = Note {
        text: "A passage to be read again and again.".to_owned(),
        title: None,
        happened_at: None,
    };
    let kept = test.engine.add_note(note).expect("a note is kept");
    let id = ChunkId::derived(&[kept.document.as_str().as_bytes(), &0_u32.to_be_bytes()]);
    let file = test.workspace.join(Store::FILE);
    let schema = idempotent_schema();

    // In turns, so that the machine's moods fall on all three alike.
    let (mut ours, mut bare, mut opening) = (Vec::new(), Vec::new(), Vec::new());
    let connection = open(&file);
    for _ in 0..ROUNDS {
        ours.push(each(READS_A_ROUND, || {
            let chunk = test.store.read(Lane::Interactive, |r| r.chunk_by_id(&id));
            assert!(chunk.expect("the read works").is_some(), "the row is there");
        }));
        bare.push(each(READS_A_ROUND, || {
            assert!(
                one_row(&connection, id.as_str()).is_some(),
                "the row is there"
            );
        }));
        opening.push(each(OPENS_A_ROUND, || {
            let connection = open(&file);
            connection
                .execute_batch(&schema)
                .expect("the schema applies");
            assert!(
                one_row(&connection, id.as_str()).is_some(),
                "the row is there"
            );
        }));
    }
    let (ours, bare, opening) = (median(ours), median(bare), median(opening));
    let times = opening.as_secs_f64() / ours.as_secs_f64();
    table.row(
        "warm read of one row, against opening per call",
        &micros(ours),
        &micros(opening),
        &format!("at least 30 times cheaper: {times:.0} times"),
        times >= 30.0,
    );
    let over = ours.saturating_sub(bare);
    table.row(
        "warm read of one row, against a bare cached statement",
        &micros(ours),
        &micros(bare),
        &format!("within 10 µs: {} more", micros(over)),
        over <= Duration::from_micros(10),
    );
}

fn one_row(connection: &Connection, id: &str) -> Option<String> {
    let mut statement = connection.prepare_cached(SQL).ok()?;
    statement
        .query_row([id], |row| {
            let _columns: (i64, String, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let _rest: (String, i64, i64, Option<i64>, i64) = (
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
                row.get(8)?,
                row.get(9)?,
            );
            row.get(4)
        })
        .optional()
        .ok()?
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plain alternative opens the file itself"
)]
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file opens");
    connection
        .execute_batch("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = 1;")
        .expect("the pragmas hold");
    connection
}

/// The schema as code that opens per call has to write it.
fn idempotent_schema() -> String {
    schema()
        .replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
        .replace(
            "CREATE VIRTUAL TABLE ",
            "CREATE VIRTUAL TABLE IF NOT EXISTS ",
        )
        .replace("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX IF NOT EXISTS ")
        .replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS ")
}

pub(crate) fn schema() -> &'static str {
    include_str!("../../../../store/schema/0001_first.sql")
}
