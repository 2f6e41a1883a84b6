//! Facts about a swap that was cut short, as a crash or a person's hand may leave it.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::*;
use oldgrowth_keeper::{Error, Misplaced};
use sha2::{Digest, Sha256};

/// A database with its WAL and a new file beside it, about to be swapped.
struct Scene {
    dir: tempfile::TempDir,
}

const SET: &str = "20261121T070111Z-00aa";

impl Scene {
    fn new() -> Scene {
        let scene = Scene {
            dir: tempfile::tempdir().unwrap(),
        };
        for (name, rows) in [("a.db", 3), ("new.db", 8)] {
            let (keeper, file) = keep(&scene.path(name));
            for _ in 0..rows {
                insert(&file, "x").unwrap();
            }
            keeper.shut_down();
        }
        // The new file needs no sidecars.
        outsider(&scene.path("new.db"))
            .execute_batch("PRAGMA journal_mode = DELETE")
            .unwrap();
        fs::remove_file(scene.path("new.db.made")).unwrap();
        fs::create_dir_all(scene.set()).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn set(&self) -> PathBuf {
        self.path("quarantine").join(SET)
    }

    fn note(&self, new: &str, set: &str) {
        let bytes = fs::read(self.path("new.db")).unwrap();
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = format!(
            r#"{{"version":1,"new":"{new}","new_bytes":{},"new_sha256":"{sha256}","set":"{set}","had_main":true}}"#,
            bytes.len()
        );
        fs::write(self.path("a.db.swap"), text).unwrap();
    }

    fn rows(&self) -> Result<i64, Error> {
        let (keeper, file) = keep(&self.path("a.db"));
        let rows = count(&file);
        keeper.shut_down();
        rows
    }

    fn is_over(&self) -> bool {
        !self.path("a.db.swap").exists()
    }
}

fn rows_in(path: &Path) -> i64 {
    count_in(&outsider(path)).unwrap()
}

#[test]
fn a_whole_new_file_takes_its_place() {
    let scene = Scene::new();
    scene.note("new.db", SET);
    assert_eq!(scene.rows(), Ok(8), "the swap is finished before the open");
    assert!(scene.is_over());
    assert_eq!(rows_in(&scene.set().join("a.db")), 3, "the old one is kept");
}

#[test]
fn a_new_file_that_is_not_whole_takes_nobodys_place() {
    let scene = Scene::new();
    scene.note("new.db", SET);
    let mut bytes = fs::read(scene.path("new.db")).unwrap();
    bytes.reverse();
    fs::write(scene.path("new.db"), bytes).unwrap();
    fs::rename(scene.path("a.db"), scene.set().join("a.db")).unwrap();
    assert_eq!(scene.rows(), Ok(3), "the old one is back");
    assert!(scene.is_over());
}

#[test]
fn a_wal_made_after_the_crash_goes_aside_with_its_file() {
    let scene = Scene::new();
    scene.note("new.db", SET);
    fs::write(scene.set().join("a.db-wal"), b"the one moved before").unwrap();
    fs::write(scene.path("a.db-wal"), b"the one made since").unwrap();
    assert_eq!(scene.rows(), Ok(8));
    let kept = |name: &str| fs::read(scene.set().join(name)).unwrap();
    assert_eq!(kept("a.db-wal"), b"the one moved before");
    assert_eq!(
        kept("a.db-wal.later-1"),
        b"the one made since",
        "neither is lost"
    );
}

#[test]
fn a_finished_swap_whose_note_has_stayed_is_not_done_again() {
    let scene = Scene::new();
    scene.note("new.db", SET);
    fs::rename(scene.path("a.db"), scene.set().join("a.db")).unwrap();
    fs::rename(scene.path("new.db"), scene.path("a.db")).unwrap();
    assert_eq!(scene.rows(), Ok(8));
    assert!(scene.is_over());
    assert_eq!(rows_in(&scene.set().join("a.db")), 3);
}

#[test]
fn a_note_that_says_nothing_is_dropped_only_beside_a_database() {
    let scene = Scene::new();
    fs::write(scene.path("a.db.swap"), b"{\"version\":1,").unwrap();
    assert_eq!(scene.rows(), Ok(3), "the database is as it was");
    assert!(scene.is_over());
    fs::write(scene.path("a.db.swap"), b"{").unwrap();
    fs::rename(scene.path("a.db"), scene.set().join("a.db")).unwrap();
    assert_eq!(
        scene.rows(),
        Err(Error::Misplaced(Misplaced::MainMissing)),
        "without one nothing is made up"
    );
    assert!(!scene.is_over(), "and what is known stays");
}

#[test]
fn a_note_leads_nowhere_else() {
    let scene = Scene::new();
    for (new, set) in [("../new.db", SET), ("new.db", "../.."), ("/etc/hosts", SET)] {
        scene.note(new, set);
        assert_eq!(scene.rows(), Ok(3), "{new} to {set} is not believed");
        assert!(scene.is_over());
    }
}
