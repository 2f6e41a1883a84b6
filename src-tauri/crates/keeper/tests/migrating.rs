//! Facts about bringing a file up to date: a backup before the first step, each step whole or not at all,
//! and a newer file left alone. The schemas are made up; each fixture is built by the steps of its time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::*;
use oldgrowth_keeper::{BackupKind, Class, Error, Keeper, KeptFile, Lane, Room, Schema, Space};

const V1: &str = "
    CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
const V2: &str = "
    ALTER TABLE note ADD COLUMN made_ms INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note (id), name TEXT NOT NULL) STRICT;
    INSERT INTO tag (note, name) SELECT id, 'old' FROM note;";
const V3: &str = "
    CREATE TABLE letter (id INTEGER PRIMARY KEY, text TEXT NOT NULL, made_ms INTEGER NOT NULL) STRICT;
    INSERT INTO letter (id, text, made_ms) SELECT id, text, made_ms FROM note;
    CREATE INDEX letter_by_time ON letter (made_ms);
    ALTER TABLE tag RENAME COLUMN note TO letter;";
const V3_FAILS: &str = "
    CREATE TABLE letter (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
    INSERT INTO letter (id, text) SELECT id, text FROM note;
    INSERT INTO letter (id, text) VALUES (1, 'taken already');";

const fn schema(steps: &'static [&'static str]) -> Schema {
    Schema {
        application_id: APPLICATION_ID,
        steps,
        tables: &[],
    }
}

const SCHEMAS: [Schema; 3] = [schema(&[V1]), schema(&[V1, V2]), schema(&[V1, V2, V3])];
const NEWEST: Schema = SCHEMAS[2];

/// A file as the program of that version has left it, with three notes.
fn fixture(path: &Path, version: usize) {
    let keeper = Keeper::new(real());
    let file = keeper.file(path, SCHEMAS[version - 1]).unwrap();
    let table = if version == 3 { "letter" } else { "note" };
    file.write(move |tx| {
        for text in ["one", "two", "three"] {
            let made = if version == 3 { ", made_ms" } else { "" };
            let value = if version == 3 { ", 0" } else { "" };
            tx.connection().execute(
                &format!("INSERT INTO {table} (text{made}) VALUES (?1{value})"),
                [text],
            )?;
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    keeper.shut_down();
}

fn open(path: &Path, schema: Schema) -> (Keeper, Arc<KeptFile>) {
    let keeper = Keeper::new(real());
    let file = keeper.file(path, schema).unwrap();
    (keeper, file)
}

fn texts(file: &KeptFile, table: &str) -> Result<Vec<String>, Error> {
    let sql = format!("SELECT text FROM {table} ORDER BY id");
    file.read(Lane::Interactive, |tx| {
        let mut all = tx.connection().prepare(&sql)?;
        let rows = all.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

#[test]
fn every_released_version_is_brought_up_to_date_after_a_backup() {
    for version in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        fixture(&path, version);
        let (keeper, file) = open(&path, NEWEST);
        assert_eq!(
            texts(&file, "letter").unwrap(),
            ["one", "two", "three"],
            "nothing of version {version} is lost"
        );
        assert_eq!(file.facts().schema_version, Some(3));
        let backups = file.backups();
        assert_eq!(
            backups.len(),
            usize::from(version < 3),
            "only steps need a backup"
        );
        if let [backup] = &backups[..] {
            let facts = backup.facts.as_ref().unwrap();
            assert_eq!(facts.kind, BackupKind::BeforeMigration);
            assert_eq!(usize::try_from(facts.schema_version).unwrap(), version);
            assert_eq!(
                facts.rows.get("note"),
                Some(&3),
                "it holds the state before"
            );
            assert_eq!(file.verify(backup), Ok(()));
        }
        keeper.shut_down();
        let sound: String = outsider(&path)
            .query_row("PRAGMA integrity_check", [], |r| r.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }
}

#[test]
fn a_new_file_needs_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = open(&dir.path().join("a.db"), NEWEST);
    assert_eq!(texts(&file, "letter").unwrap(), [""; 0]);
    assert_eq!(file.backups(), [], "there was nothing to lose");
}

#[test]
fn a_newer_file_is_refused_by_name_and_keeps_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    fixture(&path, 3);
    let before = picture(dir.path());
    let (keeper, file) = open(&path, SCHEMAS[1]);
    let refused = texts(&file, "note").unwrap_err();
    assert_eq!(
        refused,
        Error::TooNew {
            found: 3,
            supported: 2
        }
    );
    keeper.shut_down();
    assert_eq!(picture(dir.path()), before, "not even a backup is made");
}

#[test]
fn a_failed_step_leaves_the_version_before_it_and_one_backup() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    fixture(&path, 1);
    let (keeper, file) = open(&path, schema(&[V1, V2, V3_FAILS]));
    for _ in 0..3 {
        assert_eq!(
            texts(&file, "letter").unwrap_err().class(),
            Class::Constraint
        );
        file.try_now().unwrap_err();
    }
    let versions: Vec<i32> = file
        .backups()
        .iter()
        .map(|b| b.facts.as_ref().unwrap().schema_version)
        .collect();
    assert_eq!(
        versions,
        [2, 1],
        "each state is copied once, however often the step fails"
    );
    keeper.shut_down();
    let (_keeper, file) = open(&path, SCHEMAS[1]);
    assert_eq!(texts(&file, "note").unwrap(), ["one", "two", "three"]);
    assert_eq!(
        file.facts().schema_version,
        Some(2),
        "the step that worked stays"
    );
}

struct Tight;

impl Space for Tight {
    fn look(&self, _: &Path) -> Option<Room> {
        Some(Room {
            free_bytes: 64 * 1024 * 1024 + 20_000,
            total_bytes: 4 * 1024 * 1024 * 1024,
            free_inodes: None,
        })
    }
}

#[test]
fn without_room_for_a_backup_no_step_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    fixture(&path, 1);
    let before = std::fs::read(&path).unwrap();
    let keeper = Keeper::with_space(real(), Arc::new(Tight));
    let file = keeper.file(&path, NEWEST).unwrap();
    match texts(&file, "letter").unwrap_err() {
        Error::NotBackedUp(why) => assert!(matches!(*why, Error::NoRoom { .. }), "{why:?}"),
        other => unreachable!("a person is told why, not {other:?}"),
    }
    assert_eq!(file.health().state.as_str(), "disk_full", "and what to do");
    keeper.shut_down();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        before,
        "the file is as it was"
    );
    let (_keeper, file) = open(&path, NEWEST);
    assert_eq!(
        texts(&file, "letter").unwrap().len(),
        3,
        "with room it goes on"
    );
}

#[test]
fn the_backup_before_the_steps_brings_the_old_version_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    fixture(&path, 1);
    let (keeper, file) = open(&path, NEWEST);
    texts(&file, "letter").unwrap();
    let backup = oldgrowth_keeper::Source::Backup(file.backups().remove(0));
    let beside = dir.path().join("old.db");
    file.restore_to(&backup, &beside).unwrap();
    keeper.shut_down();
    let (_keeper, file) = open(&beside, SCHEMAS[0]);
    assert_eq!(
        texts(&file, "note").unwrap(),
        ["one", "two", "three"],
        "for the old program"
    );
}
