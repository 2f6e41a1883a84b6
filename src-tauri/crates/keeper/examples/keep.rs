//! A list of notes in one kept file: `cargo run -p oldgrowth-keeper --example keep -- notes.db "Call Ada"`.
//! Without a text it shows the notes, and what the keeper knows of the file.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program of its own, which lends the keeper its clocks and threads"
)]

use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oldgrowth_keeper::{Ambient, Clock, Keeper, Lane, Schema, Spawn};

/// A later version adds a step; it never changes one.
const SCHEMA: Schema = Schema {
    application_id: 0x6e6f_7465,
    steps: &["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"],
    tables: &["note"],
};

struct Clocks {
    start: Instant,
}

impl Clock for Clocks {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_ms(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or(0)
    }
}

struct Threads;

impl Spawn for Threads {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>> {
        Builder::new().name(name).spawn(body)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: keep FILE [TEXT]")?;
    let keeper = Keeper::new(Ambient {
        clock: Arc::new(Clocks {
            start: Instant::now(),
        }),
        spawn: Arc::new(Threads),
    });
    // Nothing is opened yet. Whoever asks for the same file again gets the same one.
    let notes = keeper.file(Path::new(&path), SCHEMA)?;
    notes.on_health(|health| eprintln!("health: {}", health.state.as_str()));

    if let Some(text) = arguments.next() {
        // Answers when the note is on the disk. Whatever goes wrong before that is an error with a
        // class that says what can be done.
        let id = notes.write::<_, oldgrowth_keeper::Error>(move |tx| {
            let connection = tx.connection();
            connection
                .prepare_cached("INSERT INTO note (text) VALUES (:text)")?
                .execute(&[(":text", &text)])?;
            Ok(connection.last_insert_rowid())
        })?;
        println!("kept as note {id}");
    }

    let listed = notes.read::<_, oldgrowth_keeper::Error>(Lane::Interactive, |tx| {
        let mut statement = tx
            .connection()
            .prepare_cached("SELECT id, text FROM note ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    })?;
    for (id, text) in listed {
        println!("{id}: {text}");
    }

    let facts = notes.facts();
    println!(
        "SQLite {}, {} open, {} commit(s), health {}",
        facts.sqlite_version,
        facts.opens,
        facts.writes,
        notes.health().state.as_str()
    );
    keeper.shut_down();
    Ok(())
}
