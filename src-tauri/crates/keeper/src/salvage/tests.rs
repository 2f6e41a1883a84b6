//! Sets of files made by SQLite itself, then harmed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::raw;

const SCHEMA: &str = "
    PRAGMA page_size = 1024;
    CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL CHECK (text <> '')) STRICT;
    CREATE INDEX note_text ON note (text);
    CREATE TABLE link (a INTEGER NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;
    CREATE TABLE queue (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
    CREATE TABLE \"odd \"\"name\" (\"rowid\" TEXT, \"select\" BLOB);
    CREATE VIRTUAL TABLE words USING fts5 (text, content = 'note', content_rowid = 'id');
    CREATE VIRTUAL TABLE bare USING fts5 (text, content = '', contentless_delete = 1);
    CREATE TRIGGER note_in AFTER INSERT ON note BEGIN
        INSERT INTO words (rowid, text) VALUES (new.id, new.text);
        INSERT INTO bare (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE VIEW short AS SELECT id FROM note WHERE length(text) < 10;
    PRAGMA user_version = 7; PRAGMA application_id = 99;";
const ROWS: i64 = 200;

/// In as many steps as the version says.
const MADE_BY: crate::migrate::Schema = crate::migrate::Schema {
    application_id: 99,
    steps: &["", "", "", "", "", "", SCHEMA],
    tables: &["note", "link", "queue"],
};

/// Copies of a database as a crash leaves it: rows in the main file, later rows in the log.
struct Set {
    folder: TempDir,
}

impl Set {
    fn new(in_main: i64, in_log: i64) -> Set {
        let live = tempfile::tempdir().unwrap();
        let main = live.path().join("a.db");
        fs::write(&main, "").unwrap();
        let connection = raw::open(&main, raw::Access::Write).unwrap();
        // What is examined are copies of what was written, so nothing need reach the disk.
        connection
            .execute_batch("PRAGMA synchronous = OFF;")
            .unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")
            .unwrap();
        add(&connection, 1, in_main);
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
            .unwrap();
        add(&connection, in_main + 1, in_main + in_log);
        let set = Set {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(set.folder()).unwrap();
        fs::copy(&main, set.main()).unwrap();
        fs::copy(live.path().join("a.db-wal"), set.wal()).unwrap();
        set
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("set")
    }
    fn main(&self) -> PathBuf {
        self.folder().join("a.db")
    }
    fn wal(&self) -> PathBuf {
        self.folder().join("a.db-wal")
    }

    /// Also proves that the set itself is left as it was, and that nothing else is left behind.
    fn salvage(&self, backup: Option<&Path>) -> Salvaged {
        let before = (fs::read(self.main()).ok(), fs::read(self.wal()).ok());
        let into = self.folder.path().join("out");
        let salvaged = salvage(&self.folder(), "a.db", backup, Some(&MADE_BY), &into).unwrap();
        let after = (fs::read(self.main()).ok(), fs::read(self.wal()).ok());
        assert!(before == after, "what is salvaged from is never changed");
        assert_eq!(
            fs::read_dir(&into).unwrap().count(),
            1,
            "only the result stays"
        );
        assert!(
            salvaged.sound,
            "each of these sets has a sound file in it ({salvaged:?})"
        );
        salvaged
    }
}

fn add(connection: &Connection, first: i64, last: i64) {
    for id in first..=last {
        let text = text_of(id);
        connection
            .execute("INSERT INTO note VALUES (?1, ?2)", (id, &text))
            .unwrap();
        connection
            .execute("INSERT INTO link VALUES (?1 % 7, ?2)", (id, &text))
            .unwrap();
        connection
            .execute("INSERT INTO queue (what) VALUES (?1)", [&text])
            .unwrap();
        connection
            .execute(
                "INSERT INTO \"odd \"\"name\" (_rowid_, \"rowid\", \"select\") VALUES (?1 * 10, ?2, x'00ff')",
                (id, &text),
            )
            .unwrap();
    }
    connection
        .execute("DELETE FROM queue WHERE id = ?1", [last])
        .unwrap();
}

fn text_of(id: i64) -> String {
    format!(
        "note{id} {}",
        "word ".repeat(1 + id.unsigned_abs() as usize % 30)
    )
}

fn rows(salvaged: &Salvaged, table: &str) -> u64 {
    let found = salvaged.tables.iter().find(|t| t.name == table);
    found.map_or(0, |t| t.rows)
}

/// What is in the result is what was written, and everything that goes with it works.
fn assert_true_and_whole(salvaged: &Salvaged) -> Connection {
    let connection = raw::open(&salvaged.path, raw::Access::Write).unwrap();
    let mut statement = connection.prepare("SELECT id, text FROM note").unwrap();
    let found: Vec<(i64, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (id, text) in found {
        assert_eq!(text, text_of(id), "a row is as it was written or not there");
    }
    drop(statement);
    let one = |sql: &str| -> String {
        connection
            .query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    };
    assert_eq!(
        one("PRAGMA integrity_check"),
        "Text(\"ok\")",
        "indexes agree with their tables"
    );
    assert_eq!(
        one("SELECT count(*) FROM words WHERE words MATCH 'word'"),
        one("SELECT count(*) FROM note"),
        "every note can be found by its words"
    );
    assert_eq!(
        one("PRAGMA user_version"),
        "Integer(7)",
        "the version stays"
    );
    assert_eq!(
        one("PRAGMA application_id"),
        "Integer(99)",
        "so does the id"
    );
    connection
}

#[test]
fn a_sound_set_is_taken_as_sqlite_reads_it() {
    let set = Set::new(ROWS, 50);
    let salvaged = set.salvage(None);
    assert_eq!(salvaged.rung, Rung::Native, "nothing else is needed");
    assert_eq!(rows(&salvaged, "note"), 250, "all rows are there");
    assert_eq!(salvaged.gained_rows, 0, "SQLite sees all of them");
    assert_true_and_whole(&salvaged);
}

#[test]
fn commits_behind_a_flipped_bit_come_back() {
    let set = Set::new(ROWS, 50);
    let mut log = fs::read(set.wal()).unwrap();
    let at = 32 + 3 * (1024 + 24) + 500;
    log[at] ^= 1;
    fs::write(set.wal(), log).unwrap();
    let salvaged = set.salvage(None);
    assert_eq!(salvaged.rung, Rung::Merged, "the log holds all of it");
    assert_eq!(rows(&salvaged, "note"), 250, "no row is lost");
    assert!(
        salvaged.gained_rows >= 150 && salvaged.commits_gained > 100,
        "SQLite stops at the flipped bit ({} rows gained)",
        salvaged.gained_rows
    );
    assert_true_and_whole(&salvaged);
}

#[test]
fn a_lost_frame_costs_little() {
    let set = Set::new(ROWS, 50);
    let mut log = fs::read(set.wal()).unwrap();
    let at = 32 + 40 * (1024 + 24);
    log[at..at + 1048].fill(0xdb);
    fs::write(set.wal(), log).unwrap();
    let salvaged = set.salvage(None);
    assert!(
        rows(&salvaged, "note") >= 248,
        "one page is gone, and was written again soon ({salvaged:?})"
    );
    assert!(salvaged.gained_rows > 100, "SQLite stops there");
    assert_eq!(
        salvaged.doubtful_pages, 2,
        "its checksum is gone too, so the frame behind it cannot be checked"
    );
    assert_true_and_whole(&salvaged);
}

#[test]
fn a_log_that_holds_everything_needs_no_main_file() {
    let set = Set::new(0, 60);
    let main = fs::read(set.main()).unwrap();
    // The main file holds the empty tables; every page of it goes into the log as well.
    let live = set.folder.path().join("live.db");
    fs::write(&live, main).unwrap();
    let connection = raw::open(&live, raw::Access::Write).unwrap();
    connection
        .execute_batch("PRAGMA wal_autocheckpoint = 0; VACUUM;")
        .unwrap();
    add(&connection, 1, 60);
    fs::copy(set.folder.path().join("live.db-wal"), set.wal()).unwrap();
    for gone in [false, true] {
        if gone {
            fs::remove_file(set.main()).unwrap();
        } else {
            fs::write(set.main(), "").unwrap();
        }
        let salvaged = set.salvage(None);
        assert_eq!(salvaged.rung, Rung::Merged, "SQLite would delete the log");
        assert_eq!(rows(&salvaged, "note"), 60, "all rows are there");
        assert_true_and_whole(&salvaged);
        fs::remove_file(&salvaged.path).unwrap();
    }
}

#[test]
fn a_destroyed_header_is_written_again() {
    let set = Set::new(ROWS, 0);
    fs::write(set.wal(), "").unwrap();
    let mut main = fs::read(set.main()).unwrap();
    main[..40].fill(0);
    // The page size must come from somewhere: a backup, the log, or this field.
    main[16] = 4;
    fs::write(set.main(), main).unwrap();
    let salvaged = set.salvage(None);
    assert_eq!(rows(&salvaged, "note"), 200, "the pages were not touched");
    assert_eq!(salvaged.gained_rows, 800 - 1, "SQLite reads none of it");
    assert_true_and_whole(&salvaged);
}

/// Fills the first page with noise, but for the size of a page, which is not the usual one here.
fn lose_the_first_page(set: &Set) {
    let mut main = fs::read(set.main()).unwrap();
    main[..1024].fill(0xdb);
    main[16..18].copy_from_slice(&1024_u16.to_be_bytes());
    fs::write(set.main(), main).unwrap();
}

#[test]
fn a_lost_first_page_costs_nothing_where_the_others_say_what_the_file_is_made_of() {
    let set = Set::new(ROWS, 0);
    fs::write(set.wal(), "").unwrap();
    lose_the_first_page(&set);
    let salvaged = set.salvage(None);
    assert_eq!(
        salvaged.rung,
        Rung::Walked,
        "through a first page that leads to all, out of a file in which the old ones lie about"
    );
    assert_eq!(salvaged.lost_ranges, [], "and all of them can be read");
    for table in ["note", "link", "odd \"name"] {
        assert_eq!(rows(&salvaged, table), 200, "all of {table} is there");
    }
    assert_eq!((salvaged.doubtful_pages, salvaged.rows_refused), (0, 0));
    let connection = assert_true_and_whole(&salvaged);
    add(&connection, 1_000, 1_000);
    let next: i64 = connection
        .query_row("SELECT max(seq) FROM sqlite_sequence", [], |row| row.get(0))
        .unwrap();
    assert_eq!(next, 201, "a key that was given is not given again");
}

#[test]
fn rows_around_a_broken_page_are_kept_without_the_first_page_too() {
    let set = Set::new(ROWS, 0);
    fs::write(set.wal(), "").unwrap();
    break_a_leaf(&set, "note");
    lose_the_first_page(&set);
    let salvaged = set.salvage(None);
    assert_eq!(salvaged.rung, Rung::Walked, "{salvaged:?}");
    let kept = rows(&salvaged, "note");
    assert!((150..200).contains(&kept), "one leaf is lost ({kept})");
    assert_eq!(salvaged.lost_ranges.len(), 1, "and named");
    assert_eq!(rows(&salvaged, "link"), 200, "other tables are whole");
    assert_true_and_whole(&salvaged);
}

#[test]
fn a_log_that_holds_the_first_page_is_no_stranger_to_a_file_that_lost_it() {
    let set = Set::new(ROWS, 50);
    lose_the_first_page(&set);
    let salvaged = set.salvage(None);
    assert_eq!(rows(&salvaged, "note"), 250, "with the rows of the log");
    assert_true_and_whole(&salvaged);
}

#[test]
fn without_a_schema_to_compare_with_no_first_page_is_made() {
    let set = Set::new(ROWS, 0);
    fs::write(set.wal(), "").unwrap();
    lose_the_first_page(&set);
    let into = set.folder.path().join("out");
    let refused = salvage(&set.folder(), "a.db", None, None, &into);
    assert_eq!(refused, Err(Error::Corrupt { code: None }));
}

#[test]
fn rows_around_a_broken_page_are_kept_and_the_gap_is_named() {
    let set = Set::new(ROWS, 0);
    break_a_leaf(&set, "note");
    let salvaged = set.salvage(None);
    assert_eq!(salvaged.rung, Rung::Walked, "the file itself is unsound");
    let kept = rows(&salvaged, "note");
    assert!((150..200).contains(&kept), "one leaf is lost ({kept})");
    let [range] = salvaged.lost_ranges.as_slice() else {
        panic!("one gap, and not {:?}", salvaged.lost_ranges);
    };
    let (first, last) = range.keys.unwrap();
    assert_eq!(range.table, "note", "the table is named");
    assert_eq!(
        last - first + 1,
        200 - i64::try_from(kept).unwrap(),
        "the gap is exactly what is missing"
    );
    for table in ["link", "odd \"name"] {
        assert_eq!(rows(&salvaged, table), 200, "other tables are whole");
    }
    assert_eq!(
        salvaged.rebuilt,
        ["words"],
        "its content is in another table"
    );
    assert_eq!(
        salvaged.to_refill,
        ["bare"],
        "nothing in the file can fill this one"
    );
    let connection = assert_true_and_whole(&salvaged);
    add(&connection, 1_000, 1_000);
    let (next, trigger): (i64, i64) = connection
        .query_row(
            "SELECT max(seq), (SELECT count(*) FROM bare) FROM sqlite_sequence",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(next, 201, "a key that was given is not given again");
    assert_eq!(trigger, 1, "triggers work again");
}

#[test]
fn a_table_without_rowids_is_read_from_both_ends() {
    let set = Set::new(ROWS, 0);
    break_a_leaf(&set, "link");
    let salvaged = set.salvage(None);
    let kept = rows(&salvaged, "link");
    assert!((150..200).contains(&kept), "one leaf is lost ({kept})");
    assert_eq!(rows(&salvaged, "note"), 200, "other tables are whole");
    assert_true_and_whole(&salvaged);
}

#[test]
fn a_broken_index_costs_no_row() {
    let set = Set::new(ROWS, 0);
    break_a_leaf(&set, "note_text");
    let salvaged = set.salvage(None);
    assert_eq!(rows(&salvaged, "note"), 200, "the rows are in the table");
    assert_eq!(salvaged.lost_ranges, [], "and all of them can be read");
    assert_true_and_whole(&salvaged);
}

#[test]
fn an_index_that_disagrees_with_its_table_is_made_again() {
    let set = Set::new(ROWS, 0);
    let main = fs::read(set.main()).unwrap();
    let text = text_of(62).into_bytes();
    let places = (0..main.len()).filter(|at| main[*at..].starts_with(&text));
    let mut walked = 0;
    for at in places {
        // The same length, in one of the places where the text stands: every page stays in order.
        let mut harmed = main.clone();
        harmed[at + text.len() - 2] = b'k';
        fs::write(set.main(), harmed).unwrap();
        let salvaged = set.salvage(None);
        assert_eq!(rows(&salvaged, "note"), 200, "no row is lost");
        walked += usize::from(salvaged.rung == Rung::Walked);
        fs::remove_file(&salvaged.path).unwrap();
    }
    // One in the table and one in its index; in the other tables nothing can tell.
    assert_eq!(
        walked, 2,
        "the quick check does not see this, the full one does"
    );
}

#[test]
fn a_backup_gives_back_the_rows_of_a_broken_page() {
    let older = Set::new(180, 0);
    let set = Set::new(ROWS, 0);
    break_a_leaf(&set, "note");
    let before = fs::read(older.main()).unwrap();
    let salvaged = set.salvage(Some(&older.main()));
    assert_eq!(salvaged.rung, Rung::Backup, "it has what is lost here");
    assert_eq!(rows(&salvaged, "note"), 200, "and the rest is here");
    assert_true_and_whole(&salvaged);
    assert!(
        fs::read(older.main()).unwrap() == before,
        "the backup itself is not touched"
    );
}

#[test]
fn a_backup_is_all_there_is_if_the_file_is_gone() {
    let older = Set::new(180, 0);
    let set = Set::new(ROWS, 0);
    let noise: Vec<u8> = (0..50_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fs::write(set.main(), noise).unwrap();
    fs::write(set.wal(), "").unwrap();
    let salvaged = set.salvage(Some(&older.main()));
    assert_eq!(salvaged.rung, Rung::Backup, "nothing can be read here");
    assert_eq!(rows(&salvaged, "note"), 180, "the backup's rows");
}

#[test]
fn a_foreign_log_is_left_out() {
    let set = Set::new(ROWS, 0);
    let live = set.folder.path().join("other.db");
    fs::write(&live, "").unwrap();
    let other = raw::open(&live, raw::Access::Write).unwrap();
    other
        .execute_batch(
            "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA application_id = 5;
             CREATE TABLE t (x); INSERT INTO t VALUES (1);",
        )
        .unwrap();
    fs::copy(set.folder.path().join("other.db-wal"), set.wal()).unwrap();
    let salvaged = set.salvage(None);
    assert_eq!(rows(&salvaged, "note"), 200, "the main file alone is sound");
    assert_true_and_whole(&salvaged);
}

#[test]
fn a_set_without_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("out");
    let empty = salvage(folder.path(), "a.db", None, Some(&MADE_BY), &into);
    assert_eq!(
        empty,
        Err(Error::Corrupt { code: None }),
        "there is nothing to begin with"
    );
    assert_eq!(
        fs::read_dir(&into).unwrap().count(),
        0,
        "no file is left that looks like a result"
    );
}

/// Fills a page in the middle of a table or index with noise.
fn break_a_leaf(set: &Set, object: &str) {
    let copy = set.folder.path().join("look.db");
    fs::copy(set.main(), &copy).unwrap();
    let connection = raw::open(&copy, raw::Access::Write).unwrap();
    let pages: Vec<i64> = connection
        .prepare("SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' ORDER BY path")
        .unwrap()
        .query_map([object], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(pages.len() > 3, "a page in the middle is needed");
    let page = usize::try_from(pages[pages.len() / 2]).unwrap();
    let mut main = fs::read(set.main()).unwrap();
    main[(page - 1) * 1024..page * 1024].fill(0xa7);
    fs::write(set.main(), main).unwrap();
}
