//! The log of failures in the person's own folder. It holds what a report would, and never leaves.

use std::io;

use serde_json::{Value, json};

use crate::folder::Folder;

const NAME: &str = "crash.log";
const BEFORE: &str = "crash.1.log";
/// Two files of this size at most.
const FILE_BYTES_MAX: u64 = 256 * 1024;

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

fn write(folder: &Folder, line: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    folder.append(NAME, BEFORE, &bytes, FILE_BYTES_MAX)
}
