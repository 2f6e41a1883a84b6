//! Facts about backups and restores, on real files.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::*;
use oldgrowth_keeper::{
    BackupKind, BadCopy, Error, Keeper, KeptFile, PathProblem, Progress, Schema, Source,
};

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn back_up(file: &KeptFile) -> oldgrowth_keeper::Backup {
    file.backup(BackupKind::Recent, &mut go_on).unwrap()
}

fn texts(path: &Path) -> Vec<String> {
    let raw = outsider(path);
    let mut statement = raw.prepare("SELECT text FROM note ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// 601 rows on more pages than one step copies.
fn insert_many(file: &KeptFile) {
    file.write(|tx| {
        (0..601).try_for_each(|_| insert_in(tx.connection(), &"x".repeat(3000)).map(drop))
    })
    .unwrap();
}

fn in_workspace(dir: &Path) -> std::path::PathBuf {
    dir.join("ws").join("a.db")
}

#[test]
fn a_backup_is_one_sound_file_with_all_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert(&file, "one").unwrap();
    let backup = back_up(&file);
    let manifest = backup.manifest.clone().unwrap();
    assert_eq!(manifest.rows.get("note"), Some(&1), "it says what it holds");
    let bytes = std::fs::read(&backup.path).unwrap();
    assert_eq!(bytes.len() as u64, manifest.bytes, "and its size");
    assert_eq!(&bytes[18..20], [1, 1], "it needs no WAL to be read");
    let names: Vec<_> = picture(backup.path.parent().unwrap())
        .into_iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(names.len(), 2, "the file and its manifest only: {names:?}");
    assert_eq!(texts(&backup.path), ["one"], "the row is there");
    assert_eq!(file.backups().unwrap(), [backup.clone()], "it is listed");
    assert_eq!(file.verify(&backup), Ok(()), "and verified");
}

#[test]
fn a_backup_is_one_moment_though_writing_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert_many(&file);
    let mut steps = 0;
    let backup = file
        .backup(BackupKind::Recent, &mut |_| {
            steps += 1;
            insert(&file, "meanwhile").unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(steps > 1, "it was written to on the way");
    assert_eq!(
        backup.manifest.unwrap().rows.get("note"),
        Some(&601),
        "nothing of what came later is in it"
    );
    assert_eq!(count(&file), Ok(601 + steps), "which is all here");
}

#[test]
fn a_cancelled_backup_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert_many(&file);
    let stopped = file.backup(BackupKind::Recent, &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped, Err(Error::Cancelled), "it says so");
    assert_eq!(
        picture(&dir.path().join("ws").join("backups")),
        [],
        "no file is left"
    );
}

#[test]
fn a_backup_that_has_rotted_is_found_out_and_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert(&file, "one").unwrap();
    let backup = back_up(&file);
    let mut bytes = std::fs::read(&backup.path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&backup.path, bytes).unwrap();
    let bad = Error::BadCopy(BadCopy::Bytes);
    assert_eq!(file.verify(&backup), Err(bad.clone()), "it is told");
    let source = Source::Backup(backup);
    assert_eq!(file.restore(&source).unwrap_err(), bad, "and refused");
    assert_eq!(count(&file), Ok(1), "the database goes on");
    assert_eq!(file.quarantined().unwrap(), [], "nothing was moved");
}

#[test]
fn an_unreadable_manifest_is_listed_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (ambient, clock) = manual();
    let keeper = Keeper::new(ambient);
    let file = keeper.file(&in_workspace(dir.path()), SCHEMA).unwrap();
    insert(&file, "one").unwrap();
    let first = back_up(&file);
    std::fs::write(first.path.with_extension("json"), b"{").unwrap();
    for _ in 0..8 {
        clock.advance(Duration::from_secs(3600));
        back_up(&file);
    }
    let all = file.backups().unwrap();
    assert_eq!(all[0].path, first.path, "it is still there");
    assert_eq!(all[0].manifest, None, "and said to be unknown");
    assert!(all.len() <= 4, "the others were thinned out: {}", all.len());
}

#[test]
fn an_export_takes_no_name_that_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert(&file, "one").unwrap();
    let taken = Error::Path {
        problem: PathProblem::Taken,
        errno: None,
    };
    for name in ["out.db", "out.db-wal", "out.db-journal", "out.db-shm"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), b"theirs").unwrap();
        let before = picture(folder.path());
        let path = folder.path().join("out.db");
        assert_eq!(
            file.backup_to(&path, &mut go_on).unwrap_err(),
            taken,
            "{name} is there"
        );
        let backup = Source::Backup(back_up(&file));
        assert_eq!(
            file.restore_to(&backup, &path).unwrap_err(),
            taken,
            "{name} is there"
        );
        assert_eq!(picture(folder.path()), before, "and stays as it is");
    }
    let path = dir.path().join("out.db");
    file.backup_to(&path, &mut go_on).unwrap();
    assert_eq!(texts(&path), ["one"], "a free name gets the rows");
    let copy = dir.path().join("copy.db");
    file.restore_to(&Source::File(path), &copy).unwrap();
    assert_eq!(texts(&copy), ["one"], "and so does a restore beside it");
}

#[test]
fn a_restore_brings_back_the_rows_and_keeps_what_it_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let path = in_workspace(dir.path());
    let (keeper, file) = keep(&path);
    insert(&file, "one").unwrap();
    let source = Source::Backup(back_up(&file));
    insert(&file, "two").unwrap();
    let preview = file.preview(&source).unwrap();
    assert_eq!(
        preview.tables[0].rows_set_aside(),
        1,
        "it says what would be set aside"
    );
    let set = file.restore(&source).unwrap();
    assert_eq!(count(&file), Ok(1), "as when the backup was made");
    insert(&file, "three").unwrap();
    assert_eq!(file.quarantined().unwrap(), [set.clone()], "one set");
    assert!(set.holds_moved, "with what was here");

    let replaced = set.folder.join("moved").join("a.db");
    file.restore(&Source::File(replaced)).unwrap();
    keeper.shut_down();
    assert_eq!(
        texts(&path),
        ["one", "two"],
        "which comes back the same way"
    );
    assert!(
        !dir.path().join("ws").join("restore.json").exists(),
        "nothing is under way"
    );
}

#[test]
fn calls_made_during_a_restore_wait_and_then_work() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert(&file, "one").unwrap();
    let source = Source::Backup(back_up(&file));
    let stop = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    insert(&file, "more").unwrap();
                    assert!(count(&file).unwrap() >= 1, "the row of the backup is there");
                }
            });
        }
        for _ in 0..3 {
            file.restore(&source).unwrap();
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert!(file.health().state.is_well(), "and all is well");
}

#[test]
fn a_newer_or_foreign_file_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&in_workspace(dir.path()));
    insert(&file, "one").unwrap();
    let newer = dir.path().join("newer.db");
    file.backup_to(&newer, &mut go_on).unwrap();
    outsider(&newer)
        .execute_batch("PRAGMA user_version = 9")
        .unwrap();
    let before = std::fs::read(&newer).unwrap();
    assert_eq!(
        file.restore(&Source::File(newer.clone())).unwrap_err(),
        Error::TooNew {
            found: 9,
            supported: 1
        },
        "it is refused by name"
    );
    assert_eq!(std::fs::read(&newer).unwrap(), before, "and not touched");
    assert_eq!(count(&file), Ok(1), "the database goes on");

    let foreign = dir.path().join("foreign.db");
    outsider(&foreign)
        .execute_batch("PRAGMA application_id = 7; CREATE TABLE theirs (x)")
        .unwrap();
    assert_eq!(
        file.restore(&Source::File(foreign)).unwrap_err(),
        Error::NotOurs { found: 7 },
        "nor is one of another program"
    );
}

const V1: &str = STEPS[0];
const V2: &str = STEPS_LATER[1];
const V3: &str = "ALTER TABLE note ADD COLUMN made INTEGER; UPDATE note SET made = 1;";
const VERSIONS: [Schema; 3] = [
    Schema {
        application_id: APPLICATION_ID,
        steps: &[V1],
    },
    Schema {
        application_id: APPLICATION_ID,
        steps: &[V1, V2],
    },
    Schema {
        application_id: APPLICATION_ID,
        steps: &[V1, V2, V3],
    },
];

fn made_by(path: &Path, schema: Schema) {
    let keeper = Keeper::new(real());
    insert(&keeper.file(path, schema).unwrap(), "one").unwrap();
    keeper.shut_down();
}

#[test]
fn each_older_version_is_migrated_after_a_backup_of_it() {
    for (from, to) in [(0, 1), (0, 2), (1, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let path = in_workspace(dir.path());
        made_by(&path, VERSIONS[from]);
        assert!(
            !dir.path().join("ws/backups").exists(),
            "a new file needs none"
        );
        let keeper = Keeper::new(real());
        let file = keeper.file(&path, VERSIONS[to]).unwrap();
        assert_eq!(count(&file), Ok(1), "the row came along");
        let version = i32::try_from(from + 1).unwrap();
        let backups = file.backups().unwrap();
        let manifest = backups[0].manifest.as_ref().unwrap();
        assert_eq!(backups.len(), 1, "one backup for all steps");
        assert_eq!(
            (manifest.kind, manifest.schema_version),
            (BackupKind::BeforeMigration { version }, version),
            "of the version before"
        );
        let set = file.restore(&Source::Backup(backups[0].clone())).unwrap();
        assert!(set.holds_moved, "a restore of it");
        assert_eq!(count(&file), Ok(1), "is migrated again");
        assert_eq!(
            file.facts().schema_version,
            Some(i32::try_from(to + 1).unwrap()),
            "to what this program knows"
        );
    }
}

#[test]
fn a_step_that_fails_leaves_the_version_before_and_one_backup() {
    const BROKEN: Schema = Schema {
        application_id: APPLICATION_ID,
        steps: &[V1, V2, "CREATE TABLE half (x); SELECT * FROM nowhere;"],
    };
    let dir = tempfile::tempdir().unwrap();
    let path = in_workspace(dir.path());
    made_by(&path, VERSIONS[0]);
    for _ in 0..3 {
        let keeper = Keeper::new(real());
        let file = keeper.file(&path, BROKEN).unwrap();
        assert!(count(&file).is_err(), "it cannot be opened");
        keeper.shut_down();
        let version: i32 = outsider(&path)
            .pragma_query_value(None, "user_version", |r| r.get(0))
            .unwrap();
        assert_eq!(version, 2, "the step that worked stays done, the other not");
    }
    let keeper = Keeper::new(real());
    let file = keeper.file(&path, VERSIONS[2]).unwrap();
    assert_eq!(count(&file), Ok(1), "the right step goes on from there");
    let kinds: Vec<_> = file
        .backups()
        .unwrap()
        .into_iter()
        .map(|b| b.manifest.unwrap().kind)
        .collect();
    assert!(kinds.len() <= 2, "one for each version left: {kinds:?}");
}

#[test]
fn without_its_backup_a_migration_does_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let path = in_workspace(dir.path());
    made_by(&path, VERSIONS[0]);
    std::fs::write(dir.path().join("ws/backups"), b"in the way").unwrap();
    let before = std::fs::read(&path).unwrap();
    let keeper = Keeper::new(real());
    let file = keeper.file(&path, VERSIONS[1]).unwrap();
    assert!(count(&file).is_err(), "typed and refused");
    keeper.shut_down();
    let version: i32 = outsider(&path)
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    assert_eq!(version, 1, "no step was done");
    assert_eq!(std::fs::read(&path).unwrap(), before, "no byte has changed");
}
