//! Whatever is fed in: one clear line each, and everything else goes on.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::support::{run, write};

#[test]
fn rubbish_is_named_and_everything_else_goes_on() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = notes.path();
    write(folder, "good.md", "# Good\n\nThe good note survives.\n");
    write(folder, "empty.md", "");
    write(folder, "blank.txt", "  \n\n \t\n");
    write(
        folder,
        "binary.md",
        [0x7F, b'E', b'L', b'F', 0, 1, 2, 3, 0, 0, 0],
    );
    write(
        folder,
        "photo.txt",
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13],
    );
    write(
        folder,
        "latin1.txt",
        b"Caf\xe9 du march\xe9, ferm\xe9 le lundi.",
    );
    write(
        folder,
        "utf16.txt",
        "\u{feff}Sixteen bits of wisdom."
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
    );
    write(
        folder,
        "nulls.txt",
        b"Some words\0with a null\0in the middle of a long enough text.\n",
    );
    write(
        folder,
        "deep.html",
        format!(
            "{}deep words{}",
            "<div>".repeat(100_000),
            "</div>".repeat(100_000)
        ),
    );
    write(folder, "line\nbreak.md", "A name with a line break.\n");
    std::fs::write(
        folder.join(OsStr::from_bytes(b"n\xffme.md")),
        "A name that is no Unicode.\n",
    )
    .unwrap();
    File::create(folder.join("huge.txt"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    symlink(folder, folder.join("loop")).unwrap();
    symlink("nowhere", folder.join("dangling.md")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        folder.join("pipe.md"),
        rustix::fs::Mode::from(0o600),
    )
    .unwrap();

    let ran = run(workspace.path(), &["import", folder.to_str().unwrap()]);
    assert_eq!(
        ran.code,
        0,
        "nothing failed, some was passed over: {} {}",
        ran.last(),
        ran.stderr
    );
    let batch = ran.last();
    assert_eq!(batch["failed"], 0, "{batch}");
    assert!(
        batch["skipped"].as_u64().unwrap() >= 6,
        "empty, blank, two binaries, huge, dangling, pipe: {batch}"
    );
    for words in [
        "good survives",
        "marché",
        "sixteen wisdom",
        "null middle",
        "deep",
        "line break name",
        "Unicode",
    ] {
        let found = run(workspace.path(), &["search", words]);
        assert!(
            !found.last()["hits"].as_array().unwrap().is_empty(),
            "{words} is found"
        );
    }
    let status = run(workspace.path(), &["doctor"]);
    assert_ne!(status.last()["state"], "fail", "{}", status.last());
}

#[test]
fn a_file_that_vanishes_before_it_is_read_is_told_and_the_rest_goes_on() {
    use oldgrowth_testkit::TestEngine;
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(notes.path(), "stays.md", "This one stays.");
    write(notes.path(), "goes.md", "This one goes.");
    // Queued by an engine without workers, then taken up by one that has some.
    let queued = TestEngine::start(workspace.path(), 0);
    let batch = queued
        .engine
        .start_import(&[notes.path().to_path_buf()])
        .unwrap()
        .batch
        .id;
    drop(queued);
    std::fs::remove_file(notes.path().join("goes.md")).unwrap();
    let working = TestEngine::start(workspace.path(), 2);
    assert!(working.engine.wait_until_idle(|| true).unwrap());
    let report = working.engine.batch_report(&batch).unwrap();
    assert_eq!(report.view.progress.new, 1, "the other one was kept");
    assert_eq!(
        report.reasons.len(),
        1,
        "with one reason: {:?}",
        report.reasons
    );
}

#[test]
fn a_folder_or_garbage_where_the_database_should_be_is_told_and_left_alone() {
    let notes = tempfile::tempdir().unwrap();
    write(notes.path(), "a.md", "A note.");
    for garbage in [None, Some(vec![7_u8; 5_000])] {
        let workspace = tempfile::tempdir().unwrap();
        let place = workspace.path().join("memory_tree/chunks.db");
        match &garbage {
            None => std::fs::create_dir_all(&place).unwrap(),
            Some(bytes) => write(workspace.path(), "memory_tree/chunks.db", bytes),
        }
        let ran = run(
            workspace.path(),
            &["import", notes.path().to_str().unwrap()],
        );
        assert_eq!(ran.code, 3, "unavailable: {}", ran.stderr);
        assert!(
            ran.stderr.contains("nothing has been changed"),
            "in words: {}",
            ran.stderr
        );
        let status = run(workspace.path(), &["status"]);
        assert_eq!(
            (status.code, &status.last()["state"]),
            (3, &"fail".into()),
            "{}",
            status.last()
        );
        match &garbage {
            None => assert!(place.is_dir(), "left as it was"),
            Some(bytes) => assert_eq!(&std::fs::read(&place).unwrap(), bytes, "left as it was"),
        }
    }
}

#[test]
fn a_log_without_its_database_is_never_opened() {
    let workspace = tempfile::tempdir().unwrap();
    write(
        workspace.path(),
        "memory_tree/chunks.db-wal",
        b"the only copy of something",
    );
    let ran = run(workspace.path(), &["status"]);
    assert_eq!(ran.code, 3, "{}", ran.last());
    assert!(
        !workspace.path().join("memory_tree/chunks.db").exists(),
        "nothing was made beside it"
    );
    assert_eq!(
        std::fs::read(workspace.path().join("memory_tree/chunks.db-wal")).unwrap(),
        b"the only copy of something",
        "and nothing taken away"
    );
}

#[test]
fn a_workspace_in_the_place_of_a_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "file", "not a folder");
    let ran = run(&folder.path().join("file"), &["status"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("file in the place of a folder"),
        "{}",
        ran.stderr
    );
}
