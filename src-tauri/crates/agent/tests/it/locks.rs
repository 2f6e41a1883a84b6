//! An import never opens the store's own files, under whatever name: closing such a file would drop
//! SQLite's locks on it, and with them acknowledged writes.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::Note;
use oldgrowth_testkit::TestEngine;

use crate::support::write;

/// The locks on a file, as the system lists them: type, holder and range.
fn locks_on(path: &Path) -> BTreeSet<String> {
    let metadata = std::fs::metadata(path).unwrap();
    let (major, minor) = (
        rustix::fs::major(metadata.dev()),
        rustix::fs::minor(metadata.dev()),
    );
    let file = format!(" {major:02x}:{minor:02x}:{} ", metadata.ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .filter(|line| line.contains(&file))
        .map(|line| {
            line.split_once(':')
                .map_or(line, |(_, rest)| rest)
                .to_owned()
        })
        .collect()
}

/// What SQLite holds for as long as it has the store open: the shared lock on the main file (510 bytes from
/// `SHARED_FIRST` on), and the one on the index that says somebody is there (byte 128). Readers take and give back
/// others. The list of all locks is not read in one step, so a line may be passed over: it is read some times.
fn standing_locks(main: &Path, shm: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let look = |file: &Path, range: &str| {
        (0..20)
            .flat_map(|_| locks_on(file))
            .filter(|lock| lock.ends_with(range))
            .collect()
    };
    (look(main, " 1073741826 1073742335"), look(shm, " 128 128"))
}

#[test]
fn an_import_of_the_store_itself_and_links_to_it_touches_no_lock() {
    let home = tempfile::tempdir().unwrap();
    let workspace = home.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let test = TestEngine::start(&workspace, 2);
    let note = Note {
        text: "Held while the import runs.".to_owned(),
        title: None,
        happened_at: None,
    };
    test.engine.add_note(note).unwrap();
    let main = test.workspace.join(oldgrowth_store::Store::FILE);
    let beside = |suffix: &str| main.with_file_name(format!("chunks.db{suffix}"));
    write(home.path(), "notes/real.md", "A real note.");
    for (suffix, name) in [("", "main.md"), ("-wal", "wal.txt"), ("-shm", "shm.html")] {
        std::fs::hard_link(
            beside(suffix),
            home.path().join("notes").join(format!("hard-{name}")),
        )
        .unwrap();
        symlink(
            beside(suffix),
            home.path().join("notes").join(format!("soft-{name}")),
        )
        .unwrap();
    }
    symlink(&workspace, home.path().join("notes/whole")).unwrap();
    let before = standing_locks(&main, &beside("-shm"));
    assert!(
        !before.0.is_empty() && !before.1.is_empty(),
        "SQLite holds locks on the open store"
    );

    // The whole home: the workspace, the links, and one file that is meant.
    let batch = test
        .engine
        .start_import(&[home.path().to_path_buf()])
        .unwrap();
    assert!(test.engine.wait_until_idle(|| true).unwrap());
    let ended = test.engine.batch(&batch.batch.id).unwrap();
    assert_eq!(ended.batch.state, BatchState::Done);
    assert_eq!(ended.progress.new, 1, "only the real note was read");

    let after = standing_locks(&main, &beside("-shm"));
    assert_eq!(after, before, "no lock was dropped");
}
