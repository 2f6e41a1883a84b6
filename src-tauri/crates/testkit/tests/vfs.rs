//! Facts about the file system that fails on command.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::path::Path;

use oldgrowth_testkit::vfs::{Call, Claim, Event, Fault, How};
use rusqlite::Connection;

fn open(folder: &Path) -> rusqlite::Result<Connection> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the file system is looked at through SQLite alone"
    )]
    let connection = Connection::open(folder.join("a.db"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    Ok(connection)
}

fn write(connection: &Connection) -> Result<(), i32> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1);")
        .map_err(|error| error.sqlite_error().unwrap().extended_code)
}

fn errno(connection: &Connection) -> i32 {
    #[expect(unsafe_code, reason = "the connection is borrowed for the call")]
    unsafe {
        rusqlite::ffi::sqlite3_system_errno(connection.handle())
    }
}

/// The number of the next call of this kind in a write.
fn next_call(claim: &Claim, connection: &Connection, wanted: Call) -> u64 {
    claim.arm(&[]);
    write(connection).unwrap();
    let all = claim.calls();
    for at in 1..=all {
        claim.arm(&[Fault { at, how: How::Once }]);
        let failed = write(connection).is_err();
        let is_wanted = claim.fired().iter().any(|fired| fired.call == wanted);
        claim.disarm();
        if failed && is_wanted {
            return at;
        }
    }
    unreachable!("a write makes such a call")
}

#[test]
fn a_folder_that_nobody_claimed_is_left_alone() {
    let (claimed, free) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let claim = Claim::of(claimed.path()).unwrap();
    claim.arm(&[Fault {
        at: 1,
        how: How::Sticky,
    }]);
    assert!(open(claimed.path()).is_err(), "everything fails here");
    let connection = open(free.path()).unwrap();
    assert_eq!(write(&connection), Ok(()), "and nothing there");
    drop(claim);
    assert!(
        open(claimed.path()).is_ok(),
        "a claim that is given up fails nothing"
    );
}

#[test]
fn a_fault_strikes_the_call_of_its_number_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let claim = Claim::of(dir.path()).unwrap();
    let connection = open(dir.path()).unwrap();
    let at = next_call(&claim, &connection, Call::Write);
    claim.arm(&[Fault { at, how: How::Once }]);
    assert_eq!(write(&connection), Err(778), "the code of a failed write");
    assert_eq!(errno(&connection), 5, "with the system's number");
    assert_eq!(write(&connection), Ok(()), "once");
    let fired = claim.fired();
    assert_eq!(fired.len(), 1, "and it says so");
    assert_eq!(
        fired.first().map(|fired| (fired.at, fired.file.as_ref())),
        Some((at, "a.db-wal")),
        "with the place"
    );
}

#[test]
fn a_disk_without_space_has_a_code_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let claim = Claim::of(dir.path()).unwrap();
    let connection = open(dir.path()).unwrap();
    let at = next_call(&claim, &connection, Call::Write);
    claim.arm(&[Fault {
        at,
        how: How::NoSpace,
    }]);
    assert_eq!(write(&connection), Err(13), "SQLITE_FULL");
}

#[test]
fn what_reaches_the_disk_is_remembered_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let claim = Claim::of(dir.path()).unwrap();
    let connection = open(dir.path()).unwrap();
    write(&connection).unwrap();
    claim.record();
    write(&connection).unwrap();
    claim.mark(1);
    let events = claim.take_events();
    let is_of_wal = |event: &Event| match event {
        Event::Write { file, .. } | Event::Sync { file } => file.as_ref() == "a.db-wal",
        _ => false,
    };
    let (mark, before) = events.split_last().unwrap();
    assert!(
        matches!(mark, Event::Mark(1)),
        "the mark is where it was put"
    );
    assert!(
        before.iter().all(is_of_wal),
        "a commit touches the WAL alone"
    );
    assert!(
        matches!(before.last(), Some(Event::Sync { .. })),
        "and ends with its sync"
    );
    claim.record();
    claim.forget_syncs();
    write(&connection).unwrap();
    assert!(
        !claim
            .take_events()
            .iter()
            .any(|event| matches!(event, Event::Sync { .. })),
        "a disk that lies about syncs has none to remember"
    );
}
