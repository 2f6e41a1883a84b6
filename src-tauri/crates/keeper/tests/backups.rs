//! Facts about backups: what is in them, what stays when one is not finished, and which go.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    BackupKind, BadCopy, CopyProgress, Error, Keeper, KeptFile, PathProblem, Room, Source, Space,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn go_on(_: CopyProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn names(folder: &Path) -> Vec<String> {
    listing(folder).into_iter().map(|(name, _)| name).collect()
}

fn fill(file: &KeptFile, rows: usize) {
    let text = "a note of some length ".repeat(40);
    file.write(move |tx| {
        for _ in 0..rows {
            insert_in(tx.connection(), &text)?;
        }
        Ok::<_, Error>(())
    })
    .unwrap();
}

#[test]
fn a_backup_is_one_file_that_opens_alone_and_holds_what_was_committed() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 500);
    let backup = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    let facts = backup.facts.clone().unwrap();
    assert_eq!(facts.rows.get("note"), Some(&500), "its rows are counted");
    assert_eq!(
        (facts.schema_version, facts.application_id),
        (1, APPLICATION_ID)
    );
    assert_eq!(facts.database, "a.db");
    let bytes = std::fs::read(&backup.file).unwrap();
    assert_eq!(
        (bytes.get(18), bytes.get(19)),
        (Some(&1), Some(&1)),
        "its header asks for no WAL"
    );
    assert_eq!(facts.bytes, bytes.len() as u64);
    assert_eq!(
        names(&dir.path().join("backups")),
        [
            format!("{}.db", backup.name),
            format!("{}.json", backup.name)
        ],
        "and nothing lies beside it"
    );
    assert_eq!(
        count_in(&outsider(&backup.file)).unwrap(),
        500,
        "any SQLite reads it"
    );
    assert_eq!(
        file.backups(),
        std::slice::from_ref(&backup),
        "it is found again"
    );
    assert_eq!(file.verify(&backup), Ok(()), "and as it was made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&backup.file)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "it is private");
    }
}

#[test]
fn a_backup_sees_one_moment_though_writing_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 4_000);
    let mut tickets = Vec::new();
    let backup = file
        .backup(BackupKind::Recent, &mut |_| {
            let (writer, told) = (Arc::clone(&file), std::sync::mpsc::channel());
            std::thread::scope(|scope| {
                scope.spawn(move || told.0.send(insert(&writer, "meanwhile")).unwrap());
            });
            tickets.push(told.1.recv().unwrap());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(
        tickets.len() > 2,
        "there were several steps: {}",
        tickets.len()
    );
    assert!(tickets.iter().all(Result::is_ok), "writing went on");
    assert_eq!(
        backup.facts.unwrap().rows.get("note"),
        Some(&4_000),
        "what came after the beginning is not in it"
    );
}

#[test]
fn a_stopped_backup_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 4_000);
    let mut seen = None;
    let stopped = file.backup(BackupKind::Recent, &mut |come| {
        seen = Some(come);
        ControlFlow::Break(())
    });
    assert_eq!(stopped, Err(Error::Cancelled));
    let seen = seen.unwrap();
    assert!(
        seen.done > 0 && seen.done < seen.of,
        "it was stopped on the way: {seen:?}"
    );
    assert_eq!(names(&dir.path().join("backups")), [""; 0], "nothing stays");
    assert!(file.health().state.is_well(), "and nothing was wrong");
    assert_eq!(file.reservations().reserved, 0, "its permit came back");
}

#[test]
fn a_copy_of_ones_own_takes_no_name_that_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 10);
    let mine = dir.path().join("mine.db");
    file.backup_to(&mine, &mut go_on).unwrap();
    assert_eq!(count_in(&outsider(&mine)).unwrap(), 10);
    assert_eq!(file.backups(), [], "it is not one of ours");
    let before = listing(dir.path());
    let taken = Err(Error::Path {
        problem: PathProblem::Taken,
        errno: None,
    });
    assert_eq!(
        file.backup_to(&mine, &mut go_on),
        taken,
        "it stays as it is"
    );
    let stray = dir.path().join("other.db-wal");
    std::fs::write(&stray, b"of another").unwrap();
    assert_eq!(
        file.backup_to(&dir.path().join("other.db"), &mut go_on),
        taken,
        "a WAL there would be taken for its own"
    );
    std::fs::remove_file(&stray).unwrap();
    assert_eq!(listing(dir.path()), before, "nothing was changed by either");
}

#[test]
fn a_changed_backup_is_found_and_no_longer_counted_on() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 200);
    let backup = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    let mut bytes = std::fs::read(&backup.file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup.file, bytes).unwrap();
    assert_eq!(file.verify(&backup), Err(Error::BadCopy(BadCopy::Bytes)));
    assert!(file.backups()[0].failed, "it is remembered");
}

#[test]
fn a_backup_that_was_put_right_is_counted_on_again() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 200);
    let backup = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    let sound = std::fs::read(&backup.file).unwrap();
    std::fs::write(&backup.file, b"no database").unwrap();
    assert!(file.verify(&backup).is_err());
    let marked = file.backups().remove(0);
    assert!(marked.failed);
    std::fs::write(&backup.file, sound).unwrap();
    file.verify(&marked).unwrap();
    assert!(!file.backups()[0].failed, "somebody has put it back");
}

#[test]
fn a_backup_whose_manifest_is_rubbish_is_listed_by_its_name_and_can_be_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 200);
    let first = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    fill(&file, 10);
    let second = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    for rubbish in [&b"{"[..], b"\xff\xff", b""] {
        std::fs::write(first.file.with_extension("json"), rubbish).unwrap();
        let listed = file.backups();
        let names: Vec<_> = listed.iter().map(|backup| &backup.name).collect();
        assert_eq!(names, [&second.name, &first.name], "in the order of time");
        let untold = &listed[1];
        assert_eq!(untold.facts, None);
        assert_eq!(
            untold.made_unix_ms,
            first.made_unix_ms / 1_000 * 1_000,
            "to the second, as its name says"
        );
        assert_eq!(file.verify(untold), Ok(()), "it reads as sound");
    }
    let untold = file.backups().remove(1);
    file.restore(&Source::Backup(untold.clone())).unwrap();
    assert_eq!(count(&file).unwrap(), 200, "as of then");

    for bad in [&b"no database"[..], b""] {
        std::fs::write(&untold.file, bad).unwrap();
        let refused = file.restore(&Source::Backup(untold.clone())).unwrap_err();
        assert_eq!(refused, Error::BadCopy(BadCopy::Unsound));
        assert!(file.backups()[1].failed, "and that is remembered");
    }
    assert!(untold.file.exists(), "nothing removes it");
}

#[test]
fn old_backups_go_and_the_newest_stay() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    let mut made = Vec::new();
    for day in 0..40 {
        insert(&file, "x").unwrap();
        made.push(file.backup(BackupKind::Recent, &mut go_on).unwrap().name);
        if day == 10 {
            let unreadable = dir
                .path()
                .join("backups")
                .join(format!("{}.json", made[day]));
            std::fs::write(unreadable, b"not a manifest").unwrap();
        }
        clock.advance(DAY);
    }
    let left: Vec<String> = file.backups().into_iter().map(|b| b.name).collect();
    assert_eq!(
        left[..7],
        made.iter().rev().take(7).cloned().collect::<Vec<_>>()[..]
    );
    assert_eq!(
        left.len(),
        7 + 2 + 1,
        "seven days, two weeks before them, and the one not known"
    );
    assert!(
        left.contains(&made[10]),
        "what cannot be read is left alone"
    );
}

struct Tight;

impl Space for Tight {
    fn look(&self, _: &Path) -> Option<Room> {
        Some(Room {
            free_bytes: 70 * 1024 * 1024,
            total_bytes: 4 * 1024 * 1024 * 1024,
            free_inodes: None,
        })
    }
}

#[test]
fn a_backup_that_would_fill_the_disk_is_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = Keeper::with_space(real(), Arc::new(Tight));
    let file = keeper.file(&dir.path().join("a.db"), SCHEMA).unwrap();
    fill(&file, 10_000);
    match file.backup(BackupKind::Recent, &mut go_on) {
        Err(Error::NoRoom {
            needed_bytes,
            free_bytes,
        }) => {
            assert!(needed_bytes > free_bytes, "it says what is missing");
        }
        other => unreachable!("there is no room, not {other:?}"),
    }
    assert_eq!(names(&dir.path().join("backups")), [""; 0], "nothing stays");
    assert!(file.health().state.is_well(), "the file itself is well");
}

#[test]
fn what_a_crashed_backup_has_left_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    fill(&file, 10);
    let folder = dir.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    for left in [
        "a-20200101T000000Z.db.tmp",
        "a-20200101T000000Z.db.tmp-wal",
        "a-20200101T000000Z.json",
    ] {
        std::fs::write(folder.join(left), b"x").unwrap();
    }
    let others = [
        "b-20200101T000000Z.db.tmp",
        "a note.json",
        "a-holiday.db.tmp",
    ];
    for other in others {
        std::fs::write(folder.join(other), b"x").unwrap();
    }
    let backup = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    let mut expected: Vec<String> = others.map(str::to_owned).into();
    expected.extend([
        format!("{}.db", backup.name),
        format!("{}.json", backup.name),
    ]);
    expected.sort();
    assert_eq!(names(&folder), expected, "and nothing else is touched");
}

#[test]
fn a_file_without_a_shared_index_is_backed_up_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    fill(&file, 300);
    keeper.shut_down();
    std::fs::create_dir(dir.path().join("a.db-shm")).unwrap();
    let (_keeper, file) = keep(&path);
    insert(&file, "one more").unwrap();
    assert_eq!(
        file.health().state.as_str(),
        "degraded",
        "one connection serves all"
    );
    let backup = file.backup(BackupKind::Recent, &mut go_on).unwrap();
    assert_eq!(backup.facts.unwrap().rows.get("note"), Some(&301));
    insert(&file, "and it goes on").unwrap();
}

#[test]
fn a_backup_within_a_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    let within = file.read(oldgrowth_keeper::Lane::Interactive, |_| {
        file.backup(BackupKind::Recent, &mut go_on)
    });
    assert_eq!(within, Err(Error::Nested));
}
