//! Import of Markdown until it is searchable, against bare SQLite inserting the very same rows and
//! full-text rows in transactions of the same size.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_domain::words::index_text;
use oldgrowth_engine::Event;
use oldgrowth_store::Store;
use oldgrowth_testkit::{Corpus, TestEngine};
use rusqlite::{Connection, params};

use crate::read::{open, schema};
use crate::table::{Table, millis, say};
use crate::{median, timed};

const ROUNDS: usize = 5;
const PARAGRAPHS: usize = 12;

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, files: usize) {
    let notes = tempfile::tempdir().expect("a temporary folder");
    Corpus::new(1)
        .write_notes(notes.path(), files, PARAGRAPHS)
        .expect("the notes are written");
    let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let workspace = tempfile::tempdir().expect("a temporary folder");
        let (time, documents_a_commit) = import(workspace.path(), notes.path());
        let rows = Rows::read(&workspace.path().join(Store::FILE));
        let plain = tempfile::tempdir().expect("a temporary folder");
        let bare_time = rows.insert(&plain.path().join("bare.db"), documents_a_commit);
        say(&format!(
            "  round {round}: {} documents, {} passages, {documents_a_commit} documents a commit: {} against {}",
            rows.documents.len(),
            rows.chunks.len(),
            millis(time),
            millis(bare_time)
        ));
        ratios.push(Duration::from_secs_f64(
            time.as_secs_f64() / bare_time.as_secs_f64(),
        ));
        ours.push(time);
        bare.push(bare_time);
    }
    let ratio = median(ratios).as_secs_f64();
    table.row(
        &format!("import of {files} Markdown files, read, cut and searchable"),
        &millis(median(ours)),
        &millis(median(bare)),
        &format!("within 1.5 times of inserting the same rows: {ratio:.2} times"),
        ratio <= 1.5,
    );
}

/// How long it took, and how many documents shared a commit on average.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn import(workspace: &Path, notes: &Path) -> (Duration, usize) {
    let test = TestEngine::start(workspace, 2);
    test.engine.status();
    let before = test.store.facts().writes;
    let (sender, ends) = mpsc::channel();
    test.engine.subscribe(move |event| {
        if let Event::Batch(now) = event
            && now.batch.state != BatchState::Running
        {
            sender.send(now.clone()).expect("the benchmark listens");
        }
    });
    let (time, ended) = timed(|| {
        let (queued, _) = timed(|| {
            test.engine
                .start_import(&[notes.to_path_buf()])
                .expect("the import starts")
        });
        say(&format!("  planned and queued in {}", millis(queued)));
        ends.recv().expect("the import ends")
    });
    let commits = test.store.facts().writes - before;
    assert_eq!(
        ended.batch.state,
        BatchState::Done,
        "everything was imported"
    );
    let documents = ended.progress.new as usize;
    test.engine.wait_until_idle(|| true).expect("the seals end");
    let ledger = test.engine.ledger().expect("the ledger");
    assert!(
        ledger.iter().all(|row| row.is_in_step()),
        "every passage is searchable and in the tree"
    );
    (
        time,
        documents
            .div_ceil(usize::try_from(commits).unwrap_or(1).max(1))
            .max(1),
    )
}

/// What the import has written, to be written again without it: every row but those of the queue.
struct Rows {
    sources: Vec<(i64, String, String, String)>,
    trees: Vec<(i64, i64)>,
    places: Vec<(i64, String, i64)>,
    documents: Vec<(i64, String, String, String, i64, i64, String)>,
    chunks: Vec<Chunk>,
}

struct Chunk {
    id: i64,
    public_id: String,
    document: i64,
    ordinal: i64,
    text: String,
    headings: String,
    lines: (i64, i64),
    happened_at: Option<i64>,
    tokens: i64,
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
impl Rows {
    fn read(path: &Path) -> Self {
        let connection = open(path);
        let documents = query(
            &connection,
            "SELECT id, public_id, sha256, title, bytes, source_id, format FROM documents ORDER BY id",
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                ))
            },
        );
        let chunks = query(
            &connection,
            "SELECT id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens
             FROM chunks ORDER BY document_id, ordinal",
            |row| {
                Ok(Chunk {
                    id: row.get(0)?,
                    public_id: row.get(1)?,
                    document: row.get(2)?,
                    ordinal: row.get(3)?,
                    text: row.get(4)?,
                    headings: row.get(5)?,
                    lines: (row.get(6)?, row.get(7)?),
                    happened_at: row.get(8)?,
                    tokens: row.get(9)?,
                })
            },
        );
        let sources = query(
            &connection,
            "SELECT id, public_id, root, name FROM sources",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        );
        Self {
            trees: query(&connection, "SELECT id, source_id FROM trees", |row| {
                Ok((row.get(0)?, row.get(1)?))
            }),
            places: query(
                &connection,
                "SELECT source_id, item, document_id FROM places ORDER BY document_id",
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            ),
            sources,
            documents,
            chunks,
        }
    }

    fn insert(&self, path: &Path, documents_a_commit: usize) -> Duration {
        let mut connection = open(path);
        connection
            .execute_batch(schema())
            .expect("the schema applies");
        for (id, public_id, root, name) in &self.sources {
            connection
                .execute(
                    "INSERT INTO sources (id, public_id, kind, root, name, created_at) VALUES (?1, ?2, 'folder', ?3, ?4, 0)",
                    params![id, public_id, root, name],
                )
                .expect("the source is inserted");
        }
        for (id, source) in &self.trees {
            connection
                .execute(
                    "INSERT INTO trees (id, kind, source_id) VALUES (?1, 'source', ?2)",
                    params![id, source],
                )
                .expect("the tree is inserted");
        }
        timed(|| {
            let mut places = self.places.iter().peekable();
            let mut chunks = self.chunks.iter().peekable();
            for documents in self.documents.chunks(documents_a_commit) {
                let tx = connection.transaction().expect("a transaction begins");
                for (id, public_id, sha256, title, bytes, source, format) in documents {
                    tx.prepare_cached(
                        "INSERT INTO documents (id, public_id, source_id, sha256, format, title, bytes, happened_basis,
                                                imported_at, chunk_rule) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'unknown', 0, 1)",
                    )
                    .and_then(|mut s| s.execute(params![id, public_id, source, sha256, format, title, bytes]))
                    .expect("the document is inserted");
                    while let Some((source, item, _)) = places.next_if(|place| place.2 == *id) {
                        tx.prepare_cached(
                            "INSERT INTO places (source_id, item, document_id, seen_at) VALUES (?1, ?2, ?3, 0)",
                        )
                        .and_then(|mut s| s.execute(params![source, item, id]))
                        .expect("the place is inserted");
                    }
                    while let Some(chunk) = chunks.next_if(|chunk| chunk.document == *id) {
                        insert_chunk(&tx, title, chunk).expect("the passage is inserted");
                    }
                }
                tx.commit().expect("the transaction commits");
            }
        })
        .0
    }
}

fn insert_chunk(tx: &Connection, title: &str, chunk: &Chunk) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO chunks (id, public_id, document_id, ordinal, text, headings, line_first, line_last, happened_at, tokens)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        chunk.id,
        chunk.public_id,
        chunk.document,
        chunk.ordinal,
        chunk.text,
        chunk.headings,
        chunk.lines.0,
        chunk.lines.1,
        chunk.happened_at,
        chunk.tokens,
    ])?;
    tx.prepare_cached(
        "INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at) VALUES (1, 0, ?1, ?2, 0)",
    )?
    .execute(params![chunk.id, chunk.tokens])?;
    let head = index_text(&format!("{title}\n{}", chunk.headings));
    tx.prepare_cached("INSERT INTO words (rowid, head, body) VALUES (?1, ?2, ?3)")?
        .execute(params![chunk.id, head, index_text(&chunk.text)])?;
    Ok(())
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn query<T>(
    connection: &Connection,
    sql: &str,
    map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = connection.prepare(sql).expect("the query is right");
    let rows = statement.query_map([], map).expect("the query runs");
    rows.collect::<rusqlite::Result<_>>()
        .expect("the rows are read")
}
