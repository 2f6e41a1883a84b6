//! The log of failures in the person's own folder. It holds what a report would, and never leaves.

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

/// One line for a failure, whether or not it is reported.
pub(crate) fn note(folder: &Folder, at_unix_ms: i64, event: &Value) -> io::Result<()> {
    write(folder, &json!({ "at_unix_ms": at_unix_ms, "event": event }))
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

/// When something broke, and where in the code; the oldest first. Failures of another kind are left out.
pub(crate) fn crashes(folder: &Folder) -> Vec<(i64, String)> {
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

fn crash(line: &[u8]) -> Option<(i64, String)> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let at = line.get("at_unix_ms")?.as_i64()?;
    let event = line.get("event")?;
    let class = event.get("tags")?.get("class")?.as_str()?;
    CRASHES
        .contains(&class)
        .then(|| (at, place_of(event).unwrap_or_default()))
}

fn write(folder: &Folder, line: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    folder.append_to_two(NAME, BEFORE, &bytes, FILE_BYTES_MAX)
}
