use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;

use super::volume::{Volume, is_kept_in_sync};
use super::*;

#[test]
fn a_rename_never_takes_a_name_from_another() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    fs::write(&from, "mine").unwrap();
    fs::write(&to, "theirs").unwrap();
    let refused = rename_to_new(&from, &to).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists, "it says why");
    assert_eq!(fs::read(&to).unwrap(), b"theirs", "the other is untouched");
    assert_eq!(fs::read(&from).unwrap(), b"mine", "and so is ours");
    fs::remove_file(&to).unwrap();
    rename_to_new(&from, &to).unwrap();
    sync_folder(dir.path()).unwrap();
    assert_eq!(fs::read(&to).unwrap(), b"mine", "a free name is given");
    assert!(!from.exists(), "and the old one is gone");
}

#[test]
fn a_folder_can_be_renamed_too() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    make_folder(&from.join("inner")).unwrap();
    rename_to_new(&from, &to).unwrap();
    assert!(to.join("inner").is_dir(), "with what is in it");
}

#[test]
fn what_passes_is_tried_again_for_a_while() {
    let busy = || io::Error::from_raw_os_error(32);
    let passes = |error: &io::Error| error.raw_os_error() == Some(32);
    let waits = RefCell::new(Vec::new());
    let tries = Cell::new(0);
    let story = |until: u32, other: Option<i32>| {
        waits.borrow_mut().clear();
        tries.set(0);
        retried(
            passes,
            |time| waits.borrow_mut().push(time),
            || {
                tries.set(tries.get() + 1);
                match other {
                    Some(number) => Err(io::Error::from_raw_os_error(number)),
                    None if tries.get() < until => Err(busy()),
                    None => Ok("done"),
                }
            },
        )
    };
    assert_eq!(story(4, None).unwrap(), "done", "it came free");
    assert_eq!(
        *waits.borrow(),
        [25, 50, 75].map(Duration::from_millis),
        "each wait is longer than the one before"
    );
    assert!(story(1_000, None).is_err(), "it never came free");
    assert_eq!(tries.get(), TRIES_MAX, "and was not waited for for ever");
    assert_eq!(
        waits.borrow().iter().sum::<Duration>(),
        Duration::from_millis(1_125),
        "the limit in time"
    );
    assert!(story(1, Some(2)).is_err(), "what is missing stays missing");
    assert_eq!(tries.get(), 1, "so it is asked for once");
}

#[test]
fn a_file_is_known_by_more_than_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    fs::write(&one, "x").unwrap();
    fs::write(&two, "x").unwrap();
    let first = file_id(&one).unwrap();
    assert_eq!(file_id(&one), Some(first), "it stays the same");
    assert_ne!(file_id(&two), Some(first), "another file is another");
    assert_eq!(
        file_id(&two).unwrap().volume,
        first.volume,
        "on the same volume"
    );
    assert_ne!(first.index, 0, "the system has numbered it");
    fs::rename(&one, dir.path().join("three")).unwrap();
    assert_eq!(
        file_id(&dir.path().join("three")),
        Some(first),
        "whatever its name"
    );
    assert_eq!(file_id(&one), None, "what is not there has none");
    assert!(file_id(dir.path()).is_some(), "a folder has one");
}

#[test]
fn the_room_on_a_volume_is_known_before_its_folders_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let here = space(dir.path()).unwrap();
    assert!(here.free_bytes > 0, "tests need some");
    assert!(here.total_bytes >= here.free_bytes, "free of how many");
    let below = space(&dir.path().join("not").join("made")).unwrap();
    assert_eq!(below.total_bytes, here.total_bytes, "it is the same volume");
    if cfg!(windows) {
        assert_eq!(here.free_files, None, "only bytes limit them here");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_can_still_be_made_are_counted() {
    let shm = space(Path::new("/dev/shm")).unwrap();
    assert!(shm.free_files.is_some_and(|files| files > 0));
}

#[test]
fn a_folder_of_a_test_is_local() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Volume::of(dir.path()), Volume::Local);
    assert_eq!(
        Volume::of(&dir.path().join("not").join("made")),
        Volume::Local,
        "what is not made yet lies where its folder lies"
    );
    fs::create_dir(dir.path().join(".stfolder")).unwrap();
    assert_eq!(
        Volume::of(&dir.path().join("a.db")),
        Volume::SyncFolder,
        "the program that copies it has left its mark"
    );
}

#[test]
fn folders_that_are_kept_in_sync_are_recognised() {
    let said = [PathBuf::from("/srv/Cloud of Contoso")];
    for path in [
        "/home/a/Dropbox/memory/chunks.db",
        "/home/a/Dropbox (Personal)/chunks.db",
        "/Users/a/OneDrive - Contoso/chunks.db",
        "/Users/a/Library/Mobile Documents/com~apple~CloudDocs/chunks.db",
        "/Users/a/Library/CloudStorage/Box-Box/chunks.db",
        "/Users/a/iCloudDrive/chunks.db",
        "/srv/Cloud of Contoso/chunks.db",
        "/SRV/cloud of contoso/chunks.db",
    ] {
        assert!(is_kept_in_sync(Path::new(path), &said), "{path}");
    }
    for path in [
        "/home/a/Dropboxes/chunks.db",
        "/home/a/notes on onedrive/chunks.db",
        "/Users/a/Library/Application Support/chunks.db",
        "/srv/Cloud of Contoso and others/chunks.db",
    ] {
        assert!(!is_kept_in_sync(Path::new(path), &said), "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_behind_a_file_system_is_known_by_its_kind() {
    use super::linux::{is_network_program, kind_on};
    let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                  61 22 0:52 / /home/a/far rw,nosuid - fuse.sshfs a@b:/ rw\n";
    assert_eq!(
        kind_on(mounts, rustix::fs::makedev(0, 52)),
        Some("fuse.sshfs")
    );
    assert_eq!(kind_on(mounts, rustix::fs::makedev(254, 0)), Some("ext4"));
    assert_eq!(kind_on(mounts, rustix::fs::makedev(0, 53)), None);
    assert_eq!(is_network_program("fuse.sshfs"), Some(true));
    assert_eq!(
        is_network_program("fuseblk"),
        Some(false),
        "a disk of another system"
    );
    assert_eq!(is_network_program("fuse.new"), None, "it could be anything");
}

#[cfg(unix)]
#[test]
fn enough_files_can_be_open_at_once() {
    use rustix::process::{Resource, getrlimit};
    raise_open_files_limit();
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(1_024);
    assert!(limit.current.is_none_or(|now| now >= wanted));
}

#[cfg(windows)]
mod on_windows {
    use std::fs::OpenOptions;
    use std::os::windows::fs::OpenOptionsExt;
    use std::sync::mpsc;
    use std::thread::Builder;

    use super::*;

    /// As SQLite opens its files: others may read and write, not delete.
    const SHARED_TO_WRITE: u32 = 1 | 2;
    const SHARING_VIOLATION: Option<i32> = Some(32);

    fn open_as_sqlite_does(path: &Path) -> fs::File {
        OpenOptions::new()
            .read(true)
            .share_mode(SHARED_TO_WRITE)
            .open(path)
            .unwrap()
    }

    #[test]
    fn a_file_that_is_held_is_renamed_when_it_comes_free() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, "x").unwrap();
        let held = open_as_sqlite_does(&from);
        assert_eq!(
            fs::rename(&from, &to).unwrap_err().raw_os_error(),
            SHARING_VIOLATION,
            "at once it cannot be"
        );
        let (renamed, until) = mpsc::channel::<()>();
        let holder = Builder::new()
            .spawn(move || {
                let early = until.recv_timeout(Duration::from_millis(120)).is_ok();
                drop(held);
                early
            })
            .unwrap();
        rename_to_new(&from, &to).unwrap();
        drop(renamed);
        assert!(!holder.join().unwrap(), "it was held all the while");
        assert_eq!(fs::read(&to).unwrap(), b"x");
    }

    #[test]
    fn an_open_database_is_neither_renamed_nor_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        fs::write(&path, "").unwrap();
        let connection = crate::raw::open(&path, crate::raw::Access::Write).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE note (text TEXT);")
            .unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            let file = dir.path().join(name);
            let aside = dir.path().join("aside");
            for refused in [
                fs::remove_file(&file),
                fs::rename(&file, &aside),
                rename_to_new(&file, &aside),
            ] {
                assert_eq!(
                    refused.unwrap_err().raw_os_error(),
                    SHARING_VIOLATION,
                    "{name} stays while it is open"
                );
            }
        }
        connection.close().unwrap();
        rename_to_new(&path, &dir.path().join("aside")).unwrap();
    }

    #[test]
    fn sqlite_waits_for_scanners() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        fs::write(&path, "").unwrap();
        let connection = crate::raw::open(&path, crate::raw::Access::Write).unwrap();
        let mut numbers = [-1, -1];
        super::super::windows::av_retry(&connection, &mut numbers);
        assert_eq!(numbers, [20, 25], "set by opening");
    }

    #[test]
    fn a_share_of_another_machine_is_told_by_its_name() {
        for path in [
            r"\\server\share\memory\chunks.db",
            r"\\?\UNC\server\share\memory\chunks.db",
            r"\\wsl.localhost\Debian\home\a\chunks.db",
        ] {
            assert_eq!(Volume::of(Path::new(path)), Volume::Network, "{path}");
        }
        assert!(
            is_kept_in_sync(
                Path::new(r"\\?\C:\Users\a\Cloud\chunks.db"),
                &[PathBuf::from(r"c:\users\A\Cloud")]
            ),
            "as a variable of OneDrive names it"
        );
    }
}
