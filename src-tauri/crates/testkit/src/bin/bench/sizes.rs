//! What grows with the file: opening it after a clean close and after a kill, checking it, copying it.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use oldgrowth_keeper::{BackupKind, Error, Keeper, KeptFile, Lane};
use rusqlite::Connection;

use crate::read::open;
use crate::sized::{self, MIB};
use crate::table::{Table, millis, say};
use crate::{median, timed, workload};

const ROUNDS: usize = 5;
/// From this size on fewer rounds must do.
const LARGE_MIB: u64 = 500;
const ROUNDS_OF_LARGE: usize = 3;
/// What a killed process leaves in the log: less than makes a checkpoint.
const WAL_BYTES_LEFT: u64 = 3 * MIB;
const OPENING_MAX: Duration = Duration::from_millis(250);
const CHECK_TIMES_MAX: f64 = 1.2;
const BACKUP_TIMES_MAX: f64 = 1.5;

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, sizes_mib: &[u64]) {
    for &size in sizes_mib {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.db");
        let (time, bytes) = timed(|| sized::make(&path, size * MIB).expect("the file is made"));
        say(&format!(
            "  {size} MB asked, {:.0} MiB made in {:.1} s",
            bytes as f64 / MIB as f64,
            time.as_secs_f64()
        ));
        let rounds = if size < LARGE_MIB {
            ROUNDS
        } else {
            ROUNDS_OF_LARGE
        };
        reopen(table, &path, size, rounds, "a clean close", || ());
        reopen(table, &path, size, rounds, "a kill with a hot log", || {
            be_killed_apart(&path);
        });
        check(table, &path, size, rounds);
        back_up(table, &path, size, rounds);
    }
}

/// From nothing in memory to the first row read and, with ours, the right to write proved.
fn reopen(
    table: &mut Table,
    path: &Path,
    size: u64,
    rounds: usize,
    after: &str,
    before_each: impl Fn(),
) {
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        before_each();
        let (time, (keeper, _)) = timed(|| read_by_keeper(path));
        keeper.shut_down();
        ours.push(time);
        before_each();
        let (time, connection) = timed(|| read_plainly(path));
        drop(connection);
        plain.push(time);
    }
    let (ours, plain) = (median(ours), median(plain));
    table.row(
        &format!("{size} MB: opened until the first row is read, after {after}"),
        &millis(ours),
        &millis(plain),
        &format!("under {}", millis(OPENING_MAX)),
        ours < OPENING_MAX,
    );
}

/// As the doctor does: on a connection of its own, without a deadline, while others read and write.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn check(table: &mut Table, path: &Path, size: u64, rounds: usize) {
    let (keeper, file) = read_by_keeper(path);
    let connection = read_plainly(path);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let hold = file.reserve("check").expect("nobody else holds it");
        let (time, sound) = timed(|| {
            hold.read(|tx| quick_check(tx.connection()).map_err(Error::from))
                .expect("the check runs")
        });
        assert!(sound, "the file is sound");
        ours.push(time);
        let (time, sound) = timed(|| quick_check(&connection).expect("the check runs"));
        assert!(sound, "the file is sound");
        plain.push(time);
    }
    drop(connection);
    keeper.shut_down();
    let (ours, plain) = (median(ours), median(plain));
    let times = ours.as_secs_f64() / plain.as_secs_f64();
    table.row(
        &format!("{size} MB: quick_check while in use"),
        &millis(ours),
        &millis(plain),
        &format!("within {CHECK_TIMES_MAX} times: {times:.2} times"),
        times <= CHECK_TIMES_MAX,
    );
}

/// Ours with all that belongs to it, beside plain copies that are synced and checked too: a copy that a
/// power loss may take, or that was never opened, is no backup.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn back_up(table: &mut Table, path: &Path, size: u64, rounds: usize) {
    let (keeper, file) = read_by_keeper(path);
    let connection = read_plainly(path);
    let (mut ours, mut vacuumed, mut stepped) = (Vec::new(), Vec::new(), Vec::new());
    let mut copies = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let (time, made) = timed(|| {
            file.backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
                .expect("the backup is made")
        });
        std::fs::remove_file(&made.file).expect("the backup goes");
        ours.push(time);
        let [into, step] = &mut copies;
        vacuumed.push(into_new(path, into, |to| vacuum_into(&connection, to)));
        stepped.push(into_new(path, step, |to| in_one_step(&connection, to)));
    }
    drop(connection);
    keeper.shut_down();
    let ours = median(ours);
    for (what, plain) in [
        ("VACUUM INTO", median(vacuumed)),
        ("SQLite's backup API in one step", median(stepped)),
    ] {
        let times = ours.as_secs_f64() / plain.as_secs_f64();
        table.row(
            &format!("{size} MB: backup while in use, against {what}"),
            &millis(ours),
            &millis(plain),
            &format!("within {BACKUP_TIMES_MAX} times: {times:.2} times"),
            times <= BACKUP_TIMES_MAX,
        );
    }
    let [into, step] = copies.map(median);
    say(&format!(
        "  the copies alone: VACUUM INTO {}, the backup API {}",
        millis(into),
        millis(step)
    ));
}

/// Puts a copy beside the file, checks it and takes it away again. `copies` gets the time without the
/// check.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn into_new(path: &Path, copies: &mut Vec<Duration>, make: impl FnOnce(&Path)) -> Duration {
    let to = path.with_extension("copy");
    let (copied, ()) = timed(|| make(&to));
    let (checked, sound) = timed(|| quick_check(&open(&to)).expect("the check runs"));
    assert!(sound, "the copy is sound");
    std::fs::remove_file(&to).expect("the copy goes");
    copies.push(copied);
    copied + checked
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn vacuum_into(connection: &Connection, to: &Path) {
    let name = to.to_str().expect("the name is text");
    connection
        .execute("VACUUM INTO ?1", [name])
        .expect("the copy is made");
    sync(to);
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
#[expect(
    clippy::disallowed_methods,
    reason = "the plain alternative opens the file itself"
)]
fn in_one_step(connection: &Connection, to: &Path) {
    let mut copy = Connection::open(to).expect("the copy opens");
    let backup = rusqlite::backup::Backup::new(connection, &mut copy).expect("the backup begins");
    let all = -1;
    let done = backup.step(all).expect("the pages are copied");
    assert_eq!(
        done,
        rusqlite::backup::StepResult::Done,
        "all of them in one step"
    );
    drop(backup);
    drop(copy);
    sync(to);
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn sync(path: &Path) {
    std::fs::File::open(path)
        .and_then(|file| file.sync_all())
        .expect("the copy is synced");
}

fn quick_check(connection: &Connection) -> rusqlite::Result<bool> {
    let answer: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    Ok(answer == "ok")
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn read_by_keeper(path: &Path) -> (Keeper, std::sync::Arc<KeptFile>) {
    let keeper = Keeper::new(workload::ambient());
    let file = keeper
        .file(path, sized::SCHEMA)
        .expect("the file can be named");
    file.read(Lane::Interactive, |tx| {
        sized::read_one(tx.connection()).map_err(Error::from)
    })
    .expect("the row is read");
    (keeper, file)
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn read_plainly(path: &Path) -> Connection {
    let connection = open(path);
    sized::read_one(&connection).expect("the row is read");
    connection
}

/// Starts this program once more, to write and to be gone without a word.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn be_killed_apart(path: &Path) {
    let program = std::env::current_exe().expect("the program knows itself");
    std::process::Command::new(program)
        .arg("--be-killed")
        .arg(path)
        .status()
        .expect("it starts");
    let wal = std::fs::metadata(path.with_extension("db-wal")).expect("a log is left");
    assert!(wal.len() >= WAL_BYTES_LEFT, "the log is hot");
}

/// Writes until the log is long enough, and leaves without closing anything.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn be_killed(path: &Path) -> ! {
    let (_keeper, file) = read_by_keeper(path);
    while file.facts().wal_bytes.unwrap_or(0) < WAL_BYTES_LEFT {
        file.write(|tx| sized::add_some(tx.connection()).map_err(Error::from))
            .expect("the rows are kept");
    }
    // An abort runs no destructor, and the system lets go of the locks: as a kill does.
    std::process::abort()
}
