//! The log of failures in the person's own folder. It holds what a report would, when to the millisecond, and which
//! memory was open; and it never leaves.

use std::io;

use oldgrowth_folder::Folder;
use serde_json::{Value, json};

use crate::event::place_of;

const NAME: &str = "crash.log";
const BEFORE: &str = "crash.1.log";
/// Two files of this size at most.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The classes of failures that are crashes: of the program, and of the page in its window.
const CRASHES: [&str; 2] = ["panic", "page"];

/// A line about something that broke.
pub(crate) struct Crash {
    pub(crate) at_unix_ms: i64,
    /// In the code.
    pub(crate) place: String,
    /// The memory that was open, if any.
    pub(crate) memory: Option<String>,
}

/// One line for a failure, whether or not it is reported.
pub(crate) fn note(
    folder: &Folder,
    at_unix_ms: i64,
    event: &Value,
    memory: Option<&str>,
) -> io::Result<()> {
    write(
        folder,
        &json!({ "at_unix_ms": at_unix_ms, "event": event, "memory": memory }),
    )
}

/// One line for many failures of a kind that is in the log already.
pub(crate) fn note_again(
    folder: &Folder,
    at_unix_ms: i64,
    fingerprint: &str,
    times: u64,
) -> io::Result<()> {
    write(
        folder,
        &json!({ "at_unix_ms": at_unix_ms, "again": fingerprint, "times": times }),
    )
}

/// The oldest first. Failures of another kind are left out.
pub(crate) fn crashes(folder: &Folder) -> Vec<Crash> {
    let read = |name| folder.read(name, FILE_BYTES_MAX * 2).ok().flatten();
    [BEFORE, NAME]
        .into_iter()
        .filter_map(read)
        .flat_map(|bytes| {
            bytes
                .split(|byte| *byte == b'\n')
                .filter_map(crash)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn crash(line: &[u8]) -> Option<Crash> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let memory = line.get("memory").and_then(Value::as_str);
    let event = line.get("event")?;
    let class = event.get("tags")?.get("class")?.as_str()?;
    let crash = Crash {
        at_unix_ms: line.get("at_unix_ms")?.as_i64()?,
        place: place_of(event).unwrap_or_default(),
        memory: memory.map(str::to_owned),
    };
    CRASHES.contains(&class).then_some(crash)
}

fn write(folder: &Folder, line: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    folder.append_to_two(NAME, BEFORE, &bytes, FILE_BYTES_MAX)
}
