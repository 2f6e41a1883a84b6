//! A database in a folder of its own, and what is done to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_keeper::{Error, Keeper, KeptFile, Schema};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::common::*;

pub(super) struct Scene {
    pub(super) dir: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Scene {
    pub(super) fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Scene { dir, path }
    }

    /// One row in the main file, and `commits` more in a WAL that nobody has folded in.
    pub(super) fn with_hot_wal(commits: usize) -> Scene {
        let scene = Scene::new();
        {
            let (keeper, file) = keep(&scene.path);
            insert(&file, "in the main file").unwrap();
            keeper.shut_down();
        }
        let raw = outsider(&scene.path);
        keep_wal(&raw);
        for n in 0..commits {
            raw.execute("INSERT INTO note (text) VALUES (?1)", [format!("{n}")])
                .unwrap();
        }
        scene
    }

    pub(super) fn side(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path.display()))
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.side("-wal")
    }

    /// Main file and WAL. Only while nobody of this process has them open.
    pub(super) fn bytes(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        (fs::read(&self.path).ok(), fs::read(self.wal()).ok())
    }

    pub(super) fn keep(&self) -> (Keeper, Arc<KeptFile>, Arc<ManualClock>) {
        self.keep_as(SCHEMA)
    }

    pub(super) fn keep_as(&self, schema: Schema) -> (Keeper, Arc<KeptFile>, Arc<ManualClock>) {
        let (ambient, clock) = manual();
        let keeper = Keeper::new(ambient);
        let file = keeper.file(&self.path, schema).unwrap();
        (keeper, file, clock)
    }

    /// What lies in quarantine, by file name, over all sets.
    pub(super) fn quarantined(&self) -> BTreeMap<String, Vec<Vec<u8>>> {
        let mut found: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let Ok(sets) = fs::read_dir(self.dir.path().join("quarantine")) else {
            return found;
        };
        for set in sets {
            for file in fs::read_dir(set.unwrap().path()).unwrap() {
                let file = file.unwrap();
                let name = file.file_name().into_string().unwrap();
                found
                    .entry(name)
                    .or_default()
                    .push(fs::read(file.path()).unwrap());
            }
        }
        found
    }

    pub(super) fn in_quarantine(&self, name: &str, bytes: &[u8]) -> bool {
        self.quarantined()
            .get(name)
            .is_some_and(|copies| copies.iter().any(|copy| copy == bytes))
    }
}

pub(super) fn keep_wal(raw: &Connection) {
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
}

/// Flips all bits of a byte in the middle of the frame with this number, counted from 0.
pub(super) fn break_frame(wal: &Path, frame: usize) {
    let mut bytes = fs::read(wal).unwrap();
    let at = 32 + frame * (24 + 4096) + 24 + 2000;
    bytes[at] ^= 0xff;
    fs::write(wal, bytes).unwrap();
}

pub(super) fn texts(file: &KeptFile) -> Result<i64, Error> {
    count(file)
}
