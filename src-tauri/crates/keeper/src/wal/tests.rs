//! Logs written by SQLite itself, then harmed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use super::format::{ByteOrder, Header, checksum, frame_sum};
use super::*;
use crate::place::with_suffix;
use crate::raw;

const FRAME_BYTES: usize = 24 + 4096;
const OURS: i32 = 0x6f6c_6467;

/// A database with an open log of one commit a row. The connection keeps the log from being
/// checkpointed; what is examined is a copy.
struct Hot {
    folder: TempDir,
    connection: Connection,
    main: PathBuf,
}

impl Hot {
    fn new(before: &str) -> Hot {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("a.db");
        fs::write(&main, "").unwrap();
        let connection = raw::open(&main, true).unwrap();
        connection.execute_batch(before).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 10;",
            )
            .unwrap();
        Hot {
            folder,
            connection,
            main,
        }
    }

    fn with_rows(rows: usize) -> Hot {
        let hot = Hot::new(&format!("PRAGMA application_id = {OURS};"));
        hot.connection
            .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);")
            .unwrap();
        hot.add(rows);
        hot
    }

    fn add(&self, rows: usize) {
        for _ in 0..rows {
            self.connection
                .execute("INSERT INTO t (v) VALUES (hex(randomblob(100)))", [])
                .unwrap();
        }
    }

    fn log(&self) -> Vec<u8> {
        fs::read(with_suffix(&self.main, "-wal")).unwrap()
    }

    fn main_header(&self) -> MainHeader {
        MainHeader::of(&fs::read(&self.main).unwrap()).unwrap()
    }

    fn scan(&self, log: &[u8]) -> WalScan {
        let copy = self.folder.path().join("copy-wal");
        fs::write(&copy, log).unwrap();
        scan(&copy, Some(self.main_header())).unwrap()
    }

    /// What SQLite itself makes of this log beside the main file.
    fn rows_sqlite_sees(&self, log: &[u8]) -> i64 {
        let copy = self.folder.path().join("native.db");
        for suffix in ["-wal", "-shm"] {
            fs::remove_file(with_suffix(&copy, suffix)).ok();
        }
        fs::copy(&self.main, &copy).unwrap();
        fs::write(with_suffix(&copy, "-wal"), log).unwrap();
        count(&copy)
    }
}

fn count(main: &Path) -> i64 {
    raw::open(main, true)
        .unwrap()
        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap_or(0)
}

fn with_flip(log: &[u8], at: usize, mask: u8) -> Vec<u8> {
    let mut harmed = log.to_vec();
    harmed[at] ^= mask;
    harmed
}

#[test]
fn a_log_of_sqlite_is_clean_and_its_commits_are_counted() {
    let hot = Hot::with_rows(50);
    let scan = hot.scan(&hot.log());
    assert_eq!(scan.verdict, WalVerdict::Clean, "nothing was harmed");
    assert!(scan.header_ok, "SQLite wrote the header");
    assert_eq!(scan.page_size, 4096, "SQLite's own page size");
    assert_eq!(
        scan.commits_valid, 51,
        "the table and each row are a commit"
    );
    assert_eq!(scan.commits_after_break, 0, "there is no break");
    assert_eq!(
        scan.frames.len(),
        scan.frames_valid as usize,
        "SQLite sees all of them too"
    );
    assert_eq!(
        scan.first_page_application_id,
        Some(OURS),
        "the table's commit wrote page 1"
    );
    assert!(
        scan.holds_whole_database,
        "all pages but the first came after the log, and it is there too"
    );
}

#[test]
fn a_log_whose_database_was_checkpointed_does_not_hold_all_of_it() {
    let hot = Hot::with_rows(200);
    hot.connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
        .unwrap();
    hot.add(1);
    let scan = hot.scan(&hot.log());
    assert_eq!(scan.verdict, WalVerdict::Clean, "nothing was harmed");
    assert!(
        !scan.holds_whole_database,
        "the older rows are in the main file only"
    );
}

#[test]
fn a_log_that_was_begun_again_is_clean_though_old_frames_follow() {
    let hot = Hot::with_rows(200);
    hot.connection
        .execute_batch("PRAGMA wal_checkpoint(RESTART);")
        .unwrap();
    hot.add(10);
    let log = hot.log();
    let scan = hot.scan(&log);
    assert!(
        log.len() > 100 * FRAME_BYTES,
        "the old frames must be there for this to mean anything"
    );
    assert_eq!(scan.verdict, WalVerdict::Clean, "they have other salts");
    assert_eq!(scan.commits_valid, 10, "only the new ones count");
}

#[test]
fn a_lost_header_does_not_bring_back_old_frames() {
    let hot = Hot::with_rows(200);
    hot.connection
        .execute_batch("PRAGMA wal_checkpoint(RESTART);")
        .unwrap();
    hot.connection
        .execute_batch("UPDATE t SET v = 'new' WHERE id = 1;")
        .unwrap();
    let mut log = hot.log();
    log[..32].fill(0x55);
    let scan = hot.scan(&log);
    assert_eq!(scan.verdict, WalVerdict::Damaged, "the header is lost");
    assert!(
        scan.frames.is_empty(),
        "the frames behind the only new one were overtaken by the main file"
    );
}

#[test]
fn an_empty_log_and_a_bare_header_hold_nothing() {
    let hot = Hot::with_rows(3);
    let log = hot.log();
    assert_eq!(hot.scan(&[]).verdict, WalVerdict::Empty, "no bytes");
    assert_eq!(
        hot.scan(&log[..31]).verdict,
        WalVerdict::Empty,
        "no whole header"
    );
    assert_eq!(
        hot.scan(&log[..32]).verdict,
        WalVerdict::Clean,
        "a header alone is what a fresh log has"
    );
    assert_eq!(
        hot.scan(&[0; 100_000]).verdict,
        WalVerdict::TornTail,
        "zeros were never written"
    );
    assert_eq!(
        hot.scan(&[7; 100_000]).verdict,
        WalVerdict::Damaged,
        "nobody knows what this is"
    );
}

#[test]
fn an_unfinished_transaction_is_a_torn_tail() {
    let hot = Hot::with_rows(20);
    let log = hot.log();
    let cut = hot.scan(&log[..log.len() - 100]);
    assert_eq!(cut.verdict, WalVerdict::TornTail, "the last frame is cut");
    assert_eq!(cut.commits_valid, 20, "one commit is not there");

    let mut torn = log.clone();
    let at = log.len() - 2_000;
    torn[at..].fill(0);
    let torn = hot.scan(&torn);
    assert_eq!(
        torn.verdict,
        WalVerdict::TornTail,
        "the last page is half written and nothing follows"
    );
    assert_eq!(torn.commits_valid, 20, "one commit is not there");
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_mostly_put_right() {
    let hot = Hot::with_rows(30);
    let log = hot.log();
    let whole = hot.scan(&log);
    // All of the header, and places spread over all frames, their headers among them.
    let places = (0..32)
        .chain((32..log.len()).step_by(331))
        .chain((0..24).map(|at| 32 + 12 * FRAME_BYTES + at));
    for at in places {
        let harmed = with_flip(&log, at, 1 << (at % 8));
        let scan = hot.scan(&harmed);
        let in_last_frame = at >= log.len() - FRAME_BYTES;
        if !in_last_frame || scan.frames == whole.frames {
            assert_eq!(
                scan.verdict,
                WalVerdict::Damaged,
                "SQLite passes over commits (flip at {at})"
            );
        }
        // The header is sure, and so are the lower three bytes of each word.
        let sure = at < 32 || (at % 4 != 3 && !in_last_frame);
        if sure {
            assert_eq!(
                scan.frames, whole.frames,
                "only one bit can be meant (flip at {at})"
            );
        }
        assert!(
            scan.frames_lost <= 1,
            "one flip costs one frame at most (flip at {at})"
        );
        let mut file = io::Cursor::new(&harmed);
        let mut page = vec![0; 4096];
        for frame in &scan.frames {
            scan.read_page(&mut file, frame.index, &mut page).unwrap();
            let start = 32 + frame.index as usize * FRAME_BYTES + 24;
            assert!(
                page == log[start..start + 4096] && whole.frames.contains(frame),
                "a frame called sound is as it was written (flip at {at})"
            );
        }
    }
}

#[test]
fn the_last_frame_is_mended_too_or_given_up_but_never_guessed() {
    let hot = Hot::with_rows(5);
    let log = hot.log();
    let whole = hot.scan(&log);
    let (mut mended, mut lost) = (0, 0);
    for at in log.len() - FRAME_BYTES..log.len() {
        let scan = hot.scan(&with_flip(&log, at, 1 << (at % 7)));
        let count = if scan.verdict == WalVerdict::Damaged {
            assert_eq!(scan.frames, whole.frames, "a commit is back (flip at {at})");
            &mut mended
        } else {
            assert_eq!(
                (scan.verdict, scan.frames.len()),
                (WalVerdict::TornTail, whole.frames.len() - 1),
                "without a frame behind it, this may be a crash (flip at {at})"
            );
            &mut lost
        };
        *count += 1;
    }
    assert!(
        mended > 2 * lost,
        "most bits are sure ({mended} mended, {lost} lost)"
    );
}

#[test]
fn what_the_scan_says_sqlite_sees_is_what_it_sees() {
    let hot = Hot::with_rows(30);
    let log = hot.log();
    for at in (0..log.len()).step_by(9_973) {
        let harmed = with_flip(&log, at, 0x10);
        let seen = hot.rows_sqlite_sees(&harmed);
        let told = i64::from(hot.scan(&harmed).commits_valid);
        // The first commit makes the table.
        assert_eq!(seen, (told - 1).max(0), "the same break (flip at {at})");
    }
}

#[test]
fn commits_behind_a_lost_page_are_found() {
    let hot = Hot::with_rows(30);
    let mut log = hot.log();
    let at = 32 + 10 * FRAME_BYTES + 24;
    log[at..at + 4096].fill(0xee);
    let scan = hot.scan(&log);
    assert_eq!(
        scan.verdict,
        WalVerdict::Damaged,
        "commits follow the break"
    );
    assert_eq!(scan.frames_lost, 1, "one frame cannot be put right");
    assert!(
        scan.commits_after_break >= 15,
        "each frame behind goes on from the stored checksum of the one before"
    );
    assert!(!scan.holds_whole_database, "one page image is missing");
}

#[test]
fn a_lost_header_is_worked_out_from_the_frames() {
    let hot = Hot::with_rows(30);
    let log = hot.log();
    let whole = hot.scan(&log);
    let mut harmed = log.clone();
    harmed[..32].fill(0xaa);
    let scan = hot.scan(&harmed);
    assert_eq!(scan.verdict, WalVerdict::Damaged, "SQLite sees no frames");
    assert!(!scan.header_ok, "SQLite sees no header");
    assert_eq!(scan.salts, whole.salts, "each frame carries them");
    assert_eq!(scan.frames, whole.frames, "even the first can be checked");
}

#[test]
fn other_page_sizes_are_read_without_a_header_too() {
    for size in [512, 1024, 65_536] {
        let hot = Hot::new(&format!(
            "PRAGMA page_size = {size}; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
        ));
        hot.add(10);
        let mut log = hot.log();
        assert_eq!(hot.scan(&log).verdict, WalVerdict::Clean, "SQLite wrote it");
        log[..32].fill(0);
        let copy = hot.folder.path().join("copy-wal");
        fs::write(&copy, &log).unwrap();
        let scan = scan(&copy, None).unwrap();
        assert_eq!(scan.page_size, size, "the frames fit together in one size");
        assert_eq!(scan.commits_after_break, 10, "all rows are there");
    }
}

#[test]
fn a_log_beside_a_main_file_that_is_not_its_own_is_foreign() {
    let ours = Hot::with_rows(5);
    let other =
        Hot::new("PRAGMA application_id = 77; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);");
    other
        .connection
        .execute_batch("CREATE TABLE u (x);")
        .unwrap();
    assert_eq!(
        ours.scan(&other.log()).verdict,
        WalVerdict::Foreign,
        "its page 1 carries another application id"
    );
    let small =
        Hot::new("PRAGMA page_size = 1024; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);");
    small.add(1);
    assert_eq!(
        ours.scan(&small.log()).verdict,
        WalVerdict::Foreign,
        "its pages have another size"
    );
}

#[test]
fn a_main_file_that_has_no_id_yet_takes_any_log() {
    let hot = Hot::new("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);");
    hot.connection
        .execute_batch(&format!("PRAGMA application_id = {OURS};"))
        .unwrap();
    let scan = hot.scan(&hot.log());
    assert_eq!(
        scan.first_page_application_id,
        Some(OURS),
        "it is in the log"
    );
    assert_eq!(scan.verdict, WalVerdict::Clean, "0 means unknown");
}

#[test]
fn a_flipped_bit_of_the_main_header_does_not_make_the_log_foreign() {
    let hot = Hot::with_rows(5);
    let log = hot.folder.path().join("copy-wal");
    fs::write(&log, hot.log()).unwrap();
    let main = fs::read(&hot.main).unwrap();
    for at in 0..100 {
        for bit in 0..8 {
            let header = MainHeader::of(&with_flip(&main[..100], at, 1 << bit));
            assert_eq!(
                scan(&log, header).unwrap().verdict,
                WalVerdict::Clean,
                "damage to the main file is not told by the log (byte {at})"
            );
        }
    }
}

#[test]
fn a_future_version_is_named() {
    let hot = Hot::with_rows(3);
    let mut log = hot.log();
    log[4..8].copy_from_slice(&3_008_000_u32.to_be_bytes());
    let sum = checksum(ByteOrder::Little, (0, 0), &log[..24]);
    log[24..28].copy_from_slice(&sum.0.to_be_bytes());
    log[28..32].copy_from_slice(&sum.1.to_be_bytes());
    let scan = hot.scan(&log);
    assert_eq!(
        scan.verdict,
        WalVerdict::FutureVersion,
        "the header is sound"
    );
    assert!(scan.frames.is_empty(), "its frames may mean anything");
}

#[test]
fn both_byte_orders_are_read_as_sqlite_reads_them() {
    let hot = Hot::with_rows(30);
    let log = in_the_other_order(&hot.log());
    assert_eq!(
        hot.rows_sqlite_sees(&log),
        30,
        "SQLite takes this order too"
    );
    let scan = hot.scan(&log);
    assert_eq!(scan.verdict, WalVerdict::Clean, "and so do we");
    assert_eq!(scan.commits_valid, 31, "all of it");
    // Byte 0 of a word is its highest in this order, and not always sure.
    for at in (1..log.len() - FRAME_BYTES).step_by(3_988) {
        let harmed = hot.scan(&with_flip(&log, at, 1 << (at % 8)));
        assert_eq!(
            harmed.frames, scan.frames,
            "a bit is put right (flip at {at})"
        );
    }
}

/// The same log as a machine of the other byte order would have written it.
fn in_the_other_order(log: &[u8]) -> Vec<u8> {
    let mut out = log.to_vec();
    let old = Header::parse(log.first_chunk().unwrap()).unwrap();
    let order = match old.order {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
    };
    out[3] ^= 1;
    let mut sum = checksum(order, (0, 0), &out[..24]);
    out[24..28].copy_from_slice(&sum.0.to_be_bytes());
    out[28..32].copy_from_slice(&sum.1.to_be_bytes());
    for frame in out[32..].chunks_exact_mut(FRAME_BYTES) {
        sum = frame_sum(order, sum, frame);
        frame[16..20].copy_from_slice(&sum.0.to_be_bytes());
        frame[20..24].copy_from_slice(&sum.1.to_be_bytes());
    }
    out
}

#[test]
fn a_missing_log_is_an_error_and_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = scan(&folder.path().join("none-wal"), None).unwrap_err();
    assert_eq!(
        error.kind(),
        io::ErrorKind::NotFound,
        "the caller must know that there is none"
    );
}
