use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::quarantine::{SETS_BYTES_MIN, SETS_MAX};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Shows what it is set to.
struct Shown(AtomicI64);

impl Clock for Shown {
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
    fn unix_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

struct Case {
    dir: tempfile::TempDir,
    place: Place,
    clock: Shown,
}

impl Case {
    /// A database whose last row is in its WAL only, with no connection to it.
    fn new() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path().join("a.db"));
        let case = Case {
            dir,
            place,
            clock: Shown(AtomicI64::new(1_795_244_471_000)),
        };
        std::fs::write(&case.place.main, b"").unwrap();
        case.write_row("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);");
        case
    }

    fn write_row(&self, sql: &str) {
        use rusqlite::config::DbConfig;
        let raw = raw_open(&self.place.main);
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .unwrap();
        raw.execute_batch(sql).unwrap();
    }

    fn hours_pass(&self, hours: i64) {
        self.clock.0.fetch_add(hours * HOUR_MS, Ordering::SeqCst);
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_in(self.dir.path())
    }

    fn ids(&self) -> Vec<String> {
        list(&self.place)
            .unwrap()
            .into_iter()
            .map(|set| set.id)
            .collect()
    }

    fn preserve(&self, why: &Why) -> Result<QuarantineSet, Error> {
        preserve(&self.place, why, &self.clock)
    }
}

fn raw_open(path: &Path) -> Connection {
    crate::raw::open(path, true).unwrap()
}

fn files_in(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_set_holds_what_was_there_byte_for_byte() {
    let case = Case::new();
    let before = case.files();
    assert!(before.contains_key("a.db-wal"), "there is a WAL to keep");
    let set = case.preserve(&Why::automatic(Reason::Corrupt)).unwrap();
    let mut kept = files_in(&set.folder);
    let manifest = kept.remove(MANIFEST).unwrap();
    assert_eq!(kept, before, "the copies are the originals");
    assert_eq!(case.files(), before, "and the originals are as they were");
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(Some(&manifest), set.manifest(), "it is on the disk as told");
    for file in &manifest.files {
        let bytes = before.get(&file.name).unwrap();
        assert_eq!(file.bytes, bytes.len() as u64, "{} has its size", file.name);
        assert_eq!(
            files::digest(&set.folder.join(&file.name)).unwrap().sha256,
            file.sha256,
            "{} has its hash",
            file.name
        );
    }
    assert_eq!(
        list(&case.place).unwrap(),
        [set],
        "and it is found again as it was made"
    );
}

#[test]
fn the_same_state_is_preserved_once() {
    let case = Case::new();
    let why = Why::automatic(Reason::Corrupt);
    let first = case.preserve(&why).unwrap();
    case.hours_pass(48);
    assert_eq!(case.preserve(&why).unwrap().id, first.id, "untouched files");
    let bytes = std::fs::read(&case.place.wal).unwrap();
    std::fs::remove_file(&case.place.wal).unwrap();
    std::fs::write(&case.place.wal, bytes).unwrap();
    assert_eq!(
        case.preserve(&why).unwrap().id,
        first.id,
        "the same bytes in another file"
    );
    case.write_row("INSERT INTO t VALUES (2)");
    assert_ne!(case.preserve(&why).unwrap().id, first.id, "other bytes");
    std::fs::remove_file(first.folder.join("a.db-wal")).unwrap();
}

#[test]
fn a_set_that_has_lost_a_file_is_not_taken_for_the_state() {
    let case = Case::new();
    let why = Why::automatic(Reason::Corrupt);
    let first = case.preserve(&why).unwrap();
    std::fs::remove_file(first.folder.join("a.db-wal")).unwrap();
    case.hours_pass(48);
    assert_ne!(
        case.preserve(&why).unwrap().id,
        first.id,
        "a new one is made"
    );
}

#[test]
fn one_set_a_day_is_made_unasked() {
    let case = Case::new();
    let why = Why::automatic(Reason::Corrupt);
    case.preserve(&why).unwrap();
    case.write_row("INSERT INTO t VALUES (2)");
    case.hours_pass(23);
    assert_eq!(
        case.preserve(&why),
        Err(Error::QuarantineFull(QuarantineLimit::TooSoon)),
        "less than a day after the last"
    );
    assert!(
        case.preserve(&Why::by_person(Reason::Asked)).is_ok(),
        "a person is not kept waiting"
    );
    case.hours_pass(1);
    assert!(case.preserve(&why).is_ok(), "a day after");
}

#[test]
fn only_automatic_copies_make_room() {
    let case = Case::new();
    let mut made = Vec::new();
    for row in 0..5 {
        case.write_row(&format!("INSERT INTO t VALUES ({row})"));
        made.push(case.preserve(&Why::automatic(Reason::Corrupt)).unwrap().id);
        case.hours_pass(24);
        assert!(case.ids().len() <= SETS_MAX, "never more than three");
    }
    assert_eq!(case.ids(), made[2..], "the oldest went");

    let lasting = [
        Why::by_person(Reason::Asked),
        Why::automatic(Reason::DamagedWal),
        Why {
            holds_only_copy: true,
            ..Why::automatic(Reason::SplitBrain)
        },
    ];
    let mut kept = Vec::new();
    for (row, why) in lasting.iter().enumerate() {
        case.write_row(&format!("INSERT INTO t VALUES ({row})"));
        kept.push(case.preserve(why).unwrap().id);
        case.hours_pass(24);
    }
    assert_eq!(case.ids(), kept, "these three took the places");
    for why in [
        Why::automatic(Reason::Corrupt),
        Why::by_person(Reason::Asked),
    ] {
        case.write_row("INSERT INTO t VALUES (9)");
        let before = case.files();
        assert_eq!(
            case.preserve(&why).unwrap_err(),
            Error::QuarantineFull(QuarantineLimit::Sets),
            "and give them up for nobody"
        );
        assert_eq!(case.ids(), kept, "all three are there");
        assert_eq!(case.files(), before, "nothing else has changed");
    }
}

#[test]
fn an_unreadable_manifest_protects_its_set_and_a_missing_one_does_not() {
    let case = Case::new();
    let set = case.preserve(&Why::automatic(Reason::Corrupt)).unwrap();
    let manifest = set.folder.join(MANIFEST);
    std::fs::write(&manifest, b"{").unwrap();
    let found = list(&case.place).unwrap().pop().unwrap();
    assert_eq!(
        (found.state.clone(), found.may_be_evicted()),
        (SetState::Unreadable, false),
        "it may be anything"
    );
    std::fs::remove_file(&manifest).unwrap();
    let found = list(&case.place).unwrap().pop().unwrap();
    assert_eq!(
        (found.state.clone(), found.may_be_evicted()),
        (SetState::Unfinished, true),
        "its originals were left where they are"
    );
    std::fs::create_dir(set.folder.join(MOVED)).unwrap();
    let found = list(&case.place).unwrap().pop().unwrap();
    assert!(!found.may_be_evicted(), "unless files were moved");
}

#[test]
fn what_is_moved_is_moved_whole_and_back() {
    let case = Case::new();
    let before = case.files();
    let set = begin_moved_as(
        &case.place,
        &Why::by_person(Reason::Restored),
        &case.clock,
        "a-set",
    )
    .unwrap();
    assert_eq!(case.files(), before, "nothing has moved yet");
    move_aside(&case.place, &set.folder, &[Part::Wal]).unwrap();
    assert!(!case.place.wal.exists(), "one is gone");
    move_aside(&case.place, &set.folder, &Part::ALL).unwrap();
    assert_eq!(case.files(), BTreeMap::new(), "then all");
    assert_eq!(
        files_in(&set.folder.join(MOVED)),
        before,
        "and all are in the set"
    );
    let found = list(&case.place).unwrap().pop().unwrap();
    assert!(!found.may_be_evicted(), "which holds the only ones");
    move_back(&case.place, &set.folder).unwrap();
    assert_eq!(case.files(), before, "they can come back");
}

#[test]
fn a_moved_file_takes_no_name_that_is_taken() {
    let case = Case::new();
    let set = begin_moved_as(
        &case.place,
        &Why::by_person(Reason::Restored),
        &case.clock,
        "a-set",
    )
    .unwrap();
    move_aside(&case.place, &set.folder, &Part::ALL).unwrap();
    std::fs::write(&case.place.main, b"another").unwrap();
    assert!(move_back(&case.place, &set.folder).is_err(), "it is taken");
    assert_eq!(
        std::fs::read(&case.place.main).unwrap(),
        b"another",
        "and stays what it is"
    );
}

#[test]
fn beside_a_connection_the_wal_and_what_is_read_are_kept() {
    let case = Case::new();
    let connection = raw_open(&case.place.main);
    connection
        .execute_batch("INSERT INTO t VALUES (2)")
        .unwrap();
    let wal = std::fs::read(&case.place.wal).unwrap();
    let set = preserve_connected(
        &case.place,
        &Why::by_person(Reason::Asked),
        &case.clock,
        &connection,
    )
    .unwrap();
    assert_eq!(
        std::fs::read(set.folder.join("a.db-wal")).unwrap(),
        wal,
        "the WAL as it was"
    );
    let rows: i64 = raw_open(&set.folder.join(SNAPSHOT))
        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2, "and the rows, those of the WAL included");
    assert!(
        !set.folder.join(format!("{SNAPSHOT}-wal")).exists(),
        "in one file that needs no other"
    );
}

proptest! {
    #[test]
    fn room_is_made_by_as_few_old_sets_as_possible(
        sets in prop::collection::vec((0..3 * SETS_BYTES_MIN, any::<bool>()), 0..6),
        coming in 0..2 * SETS_BYTES_MIN,
    ) {
        let sets: Vec<Weighed> = sets
            .into_iter()
            .map(|(bytes, may_go)| Weighed { bytes, may_go })
            .collect();
        let limit = (2 * coming).max(SETS_BYTES_MIN);
        let fits = |left: &[Weighed]| {
            left.len() < SETS_MAX && left.iter().map(|s| s.bytes).sum::<u64>() + coming <= limit
        };
        let without = |going: &[usize]| -> Vec<Weighed> {
            sets.iter()
                .enumerate()
                .filter(|(index, _)| !going.contains(index))
                .map(|(_, set)| *set)
                .collect()
        };
        match to_evict(&sets, coming, coming) {
            Ok(going) => {
                prop_assert!(going.iter().all(|i| sets[*i].may_go), "none that must stay goes");
                prop_assert!(fits(&without(&going)), "then there is room");
                if let Some((_, fewer)) = going.split_last() {
                    prop_assert!(!fits(&without(fewer)), "and the last of them was needed");
                }
            }
            Err(_) => {
                let all: Vec<usize> = (0..sets.len()).filter(|i| sets[*i].may_go).collect();
                prop_assert!(!fits(&without(&all)), "not even all of them would make room");
            }
        }
    }
}
