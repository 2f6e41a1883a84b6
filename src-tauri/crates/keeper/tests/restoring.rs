//! Facts about bringing something back: what a person sees before, what takes the place of the database,
//! and where goes what was there.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use common::*;
use oldgrowth_keeper::{
    Backup, BackupKind, BadCopy, CopyProgress, Error, Health, Keeper, KeptFile, MadeBy,
    PathProblem, Source,
};

const DATABASE: &str = "KEEPER_TEST_RESTORING";

fn go_on(_: CopyProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn backup(file: &KeptFile) -> Backup {
    file.backup(BackupKind::Recent, &mut go_on).unwrap()
}

fn add(file: &KeptFile, rows: usize) {
    for _ in 0..rows {
        insert(file, "x").unwrap();
    }
}

fn texts(file: &KeptFile) -> Vec<String> {
    file.read(oldgrowth_keeper::Lane::Interactive, |tx| {
        let mut all = tx
            .connection()
            .prepare("SELECT text FROM note ORDER BY id")?;
        let rows = all.query_map([], |row| row.get(0))?;
        Ok::<_, Error>(rows.collect::<Result<_, _>>()?)
    })
    .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    listing(folder).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_restore_takes_the_place_and_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, "first").unwrap();
    let old = backup(&file);
    insert(&file, "second").unwrap();

    let set = file.restore(&Source::Backup(old.clone())).unwrap();
    assert_eq!(texts(&file), ["first"], "the state of the backup is back");
    assert!(file.health().state.is_well(), "and in use");
    assert_eq!(
        (set.manifest.made_by, set.manifest.holds_only_copy),
        (MadeBy::Person, true)
    );
    assert!(old.file.exists(), "the backup is still one");
    insert(&file, "third").unwrap();
    assert_eq!(texts(&file), ["first", "third"], "and is written to");

    let back = file.restore(&Source::Set(set.clone())).unwrap();
    assert_eq!(
        texts(&file),
        ["first", "second"],
        "what was replaced can be brought back"
    );
    assert!(set.folder.join("a.db").exists(), "and is still kept");
    assert_eq!(file.quarantine().len(), 2, "as is what replaced it");
    assert_eq!(count_in(&outsider(&back.folder.join("a.db"))).unwrap(), 2);
    keeper.shut_down();
    let left = names(dir.path());
    assert_eq!(
        left,
        ["a.db", "a.db.made", "backups", "quarantine"],
        "nothing of the work stays"
    );
}

#[test]
fn a_wal_goes_with_its_file_and_never_meets_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    let old = backup(&file);
    add(&file, 40);
    // As a crash leaves it: the last rows are in the WAL alone.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["a.db", "a.db-wal"] {
        std::fs::copy(dir.path().join(name), crashed.path().join(name)).unwrap();
    }
    keeper.shut_down();
    for name in ["a.db", "a.db-wal"] {
        std::fs::copy(crashed.path().join(name), dir.path().join(name)).unwrap();
    }
    let (_keeper, file) = keep(&path);
    let set = file.restore(&Source::Backup(old)).unwrap();
    assert_eq!(count(&file).unwrap(), 3);
    assert_eq!(
        file.preview(&Source::Set(set.clone())).unwrap().tables[0].rows_there,
        Some(43),
        "the set holds all that was there"
    );
    let before = picture(&set.folder);
    file.restore(&Source::Set(set.clone())).unwrap();
    assert_eq!(count(&file).unwrap(), 43);
    assert_eq!(
        picture(&set.folder),
        before,
        "reading a set does not change it"
    );
}

#[test]
fn a_preview_tells_what_would_be_set_aside_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    add(&file, 5);
    let old = backup(&file);
    add(&file, 7);
    file.write(|tx| {
        Ok::<_, Error>(
            tx.connection()
                .execute("DELETE FROM note WHERE id = 1", [])?,
        )
    })
    .unwrap();
    let before = listing(dir.path());
    let preview = file.preview(&Source::Backup(old.clone())).unwrap();
    assert_eq!(listing(dir.path()), before, "looking changes nothing");
    assert_eq!(preview.made_unix_ms, Some(old.facts.unwrap().made_unix_ms));
    assert!(preview.here_is_readable && !preview.is_older);
    let note = &preview.tables[0];
    assert_eq!(
        (
            note.name.as_str(),
            note.rows_there,
            note.rows_here,
            note.newer_here
        ),
        ("note", Some(5), Some(11), 7),
        "seven came later, whatever was deleted since"
    );
}

#[test]
fn a_restore_beside_takes_only_a_free_name() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    add(&file, 4);
    let source = Source::Backup(backup(&file));
    let to = dir.path().join("b.db");
    file.restore_to(&source, &to).unwrap();
    assert_eq!(count_in(&outsider(&to)).unwrap(), 4);
    let taken = Err(Error::Path {
        problem: PathProblem::Taken,
        errno: None,
    });
    let before = listing(dir.path());
    assert_eq!(file.restore_to(&source, &to), taken);
    std::fs::write(dir.path().join("c.db-wal"), b"of another").unwrap();
    assert_eq!(file.restore_to(&source, &dir.path().join("c.db")), taken);
    std::fs::remove_file(dir.path().join("c.db-wal")).unwrap();
    assert_eq!(listing(dir.path()), before, "nothing was written");
}

#[test]
fn an_older_source_is_brought_up_to_date_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("old.db");
    let (first, file) = keep(&old);
    add(&file, 2);
    first.shut_down();
    let before = std::fs::read(&old).unwrap();
    let keeper = Keeper::new(real());
    let file = keeper
        .file(&dir.path().join("new.db"), SCHEMA_LATER)
        .unwrap();
    add(&file, 1);
    let source = Source::File(old.clone());
    assert!(file.preview(&source).unwrap().is_older);
    file.restore(&source).unwrap();
    assert_eq!(count(&file).unwrap(), 2);
    assert_eq!(
        file.facts().schema_version,
        Some(2),
        "it has the missing step"
    );
    assert_eq!(
        std::fs::read(&old).unwrap(),
        before,
        "the source is untouched"
    );
}

#[test]
fn what_does_not_fit_is_refused_and_the_database_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (_keeper, file) = keep(&path);
    add(&file, 3);
    let newer = dir.path().join("newer.db");
    let other = dir.path().join("other.db");
    outsider(&newer)
        .execute_batch(&format!(
            "CREATE TABLE t (x); PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 9;"
        ))
        .unwrap();
    outsider(&other)
        .execute_batch("CREATE TABLE t (x); PRAGMA application_id = 77; PRAGMA user_version = 1;")
        .unwrap();
    let lacking = dir.path().join("lacking.db");
    outsider(&lacking)
        .execute_batch(&format!(
            "CREATE TABLE t (x); PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
        ))
        .unwrap();
    let mut bad = backup(&file);
    std::fs::write(&bad.file, b"no database").unwrap();
    bad.bytes = 11;
    let gone = Source::File(dir.path().join("gone.db"));
    for (source, error) in [
        (
            Source::File(newer),
            Error::TooNew {
                found: 9,
                supported: 1,
            },
        ),
        (Source::File(other), Error::NotOurs { found: 77 }),
        (Source::File(lacking), Error::BadCopy(BadCopy::Unsound)),
        (Source::Backup(bad), Error::BadCopy(BadCopy::Bytes)),
        (gone, Error::BadCopy(BadCopy::Missing)),
    ] {
        assert_eq!(file.restore(&source).unwrap_err(), error);
    }
    let itself = file.restore(&Source::File(path)).unwrap_err();
    assert!(matches!(
        itself,
        Error::Path {
            problem: PathProblem::Taken,
            ..
        }
    ));
    assert_eq!(count(&file).unwrap(), 3, "all is there");
    assert_eq!(file.quarantine(), [], "nothing was moved");
    assert_eq!(file.facts().opens, 1, "it was not even closed");
}

#[test]
fn a_broken_database_is_replaced_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    let old = backup(&file);
    keeper.shut_down();
    std::fs::write(&path, vec![0x55_u8; 40_000]).unwrap();
    let (_keeper, file) = keep(&path);
    assert!(count(&file).is_err(), "it cannot be read");
    let preview = file.preview(&Source::Backup(old.clone())).unwrap();
    assert!(!preview.here_is_readable, "and the preview says so");
    let set = file.restore(&Source::Backup(old)).unwrap();
    assert_eq!(count(&file).unwrap(), 3);
    assert!(file.health().state.is_well());
    assert_eq!(
        std::fs::read(set.folder.join("a.db")).unwrap(),
        vec![0x55_u8; 40_000],
        "the broken one is kept as it was"
    );
}

#[test]
fn a_backup_that_a_restore_or_a_preview_refused_is_marked() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    add(&file, 3);
    let (first, second) = (backup(&file), backup(&file));
    for bad in [&first, &second] {
        std::fs::write(&bad.file, b"no database").unwrap();
    }
    assert!(file.restore(&Source::Backup(first)).is_err());
    assert!(file.preview(&Source::Backup(second)).is_err());
    let listed = file.backups();
    assert!(listed.iter().all(|backup| backup.failed), "{listed:?}");
}

/// What this thread has read from files by now.
#[cfg(target_os = "linux")]
fn bytes_read() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let read = told.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_restore_reads_its_backup_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    insert(&file, &"x".repeat(8 * 1024 * 1024)).unwrap();
    let source = backup(&file);
    let size = source.bytes;
    let before = bytes_read();
    file.restore(&Source::Backup(source)).unwrap();
    let read = bytes_read() - before;
    assert_eq!(count(&file).unwrap(), 1);
    // The backup, what it became for the check and for the note, and what goes to quarantine.
    assert!(
        read < 4 * size + size / 2,
        "{read} bytes for a backup of {size}"
    );
}

#[test]
fn a_folder_in_the_place_of_the_database_is_set_aside_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    let old = backup(&file);
    keeper.shut_down();
    std::fs::rename(&path, dir.path().join("elsewhere.db")).unwrap();
    std::fs::create_dir_all(path.join("inner")).unwrap();
    std::fs::write(path.join("inner/diary.txt"), "mine").unwrap();

    let (_keeper, file) = keep(&path);
    assert!(count(&file).is_err(), "a folder is no database");
    assert_eq!(
        file.health().state,
        Health::InTheWay(PathProblem::IsFolder),
        "which waiting does not change"
    );
    assert_eq!(file.facts().main_bytes, None, "and it has no size as one");
    let set = file.restore(&Source::Backup(old)).unwrap();
    assert_eq!(count(&file).unwrap(), 3);
    assert!(file.health().state.is_well());
    let kept = set.folder.join("a.db/inner/diary.txt");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine", "whole");
    assert_eq!(set.main(), None, "and it is none that could be restored");

    let refused = file.discard(&set.id).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Path {
                problem: PathProblem::FolderNotEmpty,
                ..
            }
        ),
        "no tree of files is removed: {refused:?}"
    );
    let listed = file.quarantine().iter().any(|kept| kept.id == set.id);
    assert!(kept.exists() && listed, "and it stays listed");
    std::fs::remove_file(&kept).unwrap();
    std::fs::remove_dir(set.folder.join("a.db/inner")).unwrap();
    file.discard(&set.id).unwrap();
    assert_eq!(file.quarantine(), [], "an empty one goes");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_in_the_place_of_the_database_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    let old = backup(&file);
    keeper.shut_down();
    std::fs::rename(&path, dir.path().join("elsewhere.db")).unwrap();
    std::os::unix::fs::symlink("nowhere.db", &path).unwrap();
    let (_keeper, file) = keep(&path);
    assert!(count(&file).is_err());
    let set = file.restore(&Source::Backup(old)).unwrap();
    assert_eq!(count(&file).unwrap(), 3);
    assert!(set.folder.join("a.db").is_symlink(), "the link is kept");
}

#[test]
fn a_long_read_is_not_cut_off_by_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    add(&file, 3);
    let source = Source::Backup(backup(&file));
    let export = file.reserve("export").unwrap();
    assert_eq!(file.restore(&source).unwrap_err(), Error::Overloaded);
    drop(export);
    file.restore(&source).unwrap();
    let within = file.read(oldgrowth_keeper::Lane::Interactive, |_| {
        file.restore(&source)
    });
    assert_eq!(within.unwrap_err(), Error::Nested, "nor from within a read");
    assert_eq!(count(&file).unwrap(), 3);
}

/// Does something only in a child process: holds a connection until it is killed.
#[test]
fn child_that_is_attached() {
    let Some(path) = std::env::var_os(DATABASE) else {
        return;
    };
    let connection = outsider(path.as_ref());
    count_in(&connection).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "attached").unwrap();
    out.flush().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn nothing_is_replaced_while_another_process_is_attached() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (_keeper, file) = keep(&path);
    add(&file, 3);
    let source = Source::Backup(backup(&file));
    add(&file, 1);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_is_attached", "--exact", "--nocapture"])
        .env(DATABASE, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("attached")));
    let refused = file.restore(&source).unwrap_err();
    assert_eq!(refused, Error::Busy { code: 5 });
    assert_eq!(
        count(&file).unwrap(),
        4,
        "the file is in use again as it was"
    );
    assert_eq!(file.quarantine(), []);
    child.kill().unwrap();
    child.wait().unwrap();
    file.restore(&source).unwrap();
    assert_eq!(count(&file).unwrap(), 3);
}

#[test]
fn what_a_crashed_restore_has_left_goes_at_the_next_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    keeper.shut_down();
    for left in ["a.db.restoring", "a.db.looked-at", "a.db.looked-at-wal"] {
        std::fs::write(dir.path().join(left), b"half a copy").unwrap();
    }
    let (keeper, file) = keep(&path);
    assert_eq!(count(&file).unwrap(), 3);
    keeper.shut_down();
    assert_eq!(names(dir.path()), ["a.db", "a.db.made"]);
}

#[test]
fn the_first_thing_done_to_an_older_file_may_be_a_preview_or_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let (keeper, file) = keep(&path);
    add(&file, 3);
    let source = Source::Backup(backup(&file));
    add(&file, 1);
    keeper.shut_down();
    let keeper = Keeper::new(real());
    let file = keeper.file(&path, SCHEMA_LATER).unwrap();
    let preview = file.preview(&source).unwrap();
    assert!(preview.here_is_readable, "it was brought up to date first");
    assert_eq!(file.backups().len(), 2, "with a backup before");
    backup(&file);
}
