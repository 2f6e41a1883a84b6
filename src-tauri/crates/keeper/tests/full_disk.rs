//! Facts about a volume without space, on a small one made for the purpose.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed set-up should fail the test"
)]

mod common;

use std::path::{Path, PathBuf};

use common::*;
use oldgrowth_keeper::{Class, Degraded, Error, Health, JournalMode};

fn ballast(dir: &Path) -> PathBuf {
    let path = dir.join("ballast");
    std::fs::write(&path, vec![1_u8; 400 * 1024]).unwrap();
    path
}

#[test]
fn a_full_disk_is_typed_keeps_reads_and_goes_away_by_itself() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let ballast = ballast(volume.folder());
    let (_keeper, file) = keep(&volume.database());
    let text = "x".repeat(2000);
    let mut acknowledged = 0;
    let error = loop {
        match insert(&file, &text) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1000, "a volume of 1 MiB is full before that");
    };
    assert_eq!(error.class(), Class::DiskFull, "typed: {error:?}");
    assert!(error.is_transient(), "worth waiting for");
    assert_eq!(file.health().state, Health::DiskFull, "and it says so");
    for _ in 0..10 {
        assert!(
            matches!(insert(&file, &text), Err(Error::DiskFull { .. })),
            "the same answer every time"
        );
        assert_eq!(count(&file), Ok(acknowledged), "reads are served");
    }
    std::fs::remove_file(ballast).unwrap();
    assert!(
        insert(&file, &text).is_ok(),
        "it resumes when there is space"
    );
    assert_eq!(
        count(&file),
        Ok(acknowledged + 1),
        "nothing acknowledged is lost"
    );
    assert!(
        matches!(file.health().state, Health::Recovered { .. }),
        "and it says so"
    );
    let facts = file.facts();
    assert_eq!(
        (facts.opens, facts.evictions),
        (1, 0),
        "a full disk costs no connection"
    );
}

#[test]
fn a_file_on_a_full_disk_can_still_be_read() {
    let Some(volume) = SmallVolume::mount() else {
        return;
    };
    let (keeper, file) = keep(&volume.database());
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let filling = volume.fill("filling");
    let (_keeper, file) = keep(&volume.database());
    assert_eq!(count(&file), Ok(1), "read without room for a shared index");
    assert_eq!(
        file.facts().journal_mode,
        Some(JournalMode::WalExclusive),
        "which is then not used"
    );
    assert_eq!(
        file.health().state,
        Health::Degraded(Degraded::NoSharedIndex),
        "and it says so"
    );
    assert_eq!(
        insert(&file, &"x".repeat(10_000)).unwrap_err().class(),
        Class::DiskFull,
        "writing waits for space"
    );
    std::fs::remove_file(filling).unwrap();
    assert!(insert(&file, "two").is_ok(), "and gets it");
    assert_eq!(count(&file), Ok(2), "both are there");
}
