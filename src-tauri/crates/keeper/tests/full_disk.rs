//! Facts about a volume without space, on a small one made for the purpose.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failed set-up should fail the test, and a skipped one should say so"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::*;
use oldgrowth_keeper::{Class, Degraded, Error, Health, JournalMode};

struct SmallVolume {
    dir: tempfile::TempDir,
}

impl SmallVolume {
    /// `None` where this user may not mount.
    fn mount() -> Option<SmallVolume> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: mounting a small tmpfs is not permitted here");
            return None;
        }
        Some(SmallVolume { dir })
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("a.db")
    }

    fn fill(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        let mut size = 1024 * 1024;
        while size >= 1024 {
            let mut all = std::fs::read(&path).unwrap_or_default();
            all.resize(all.len() + size, 1);
            if std::fs::write(&path, &all).is_err() {
                all.truncate(all.len() - size);
                std::fs::write(&path, &all).unwrap();
                size /= 2;
            }
        }
        path
    }
}

impl Drop for SmallVolume {
    fn drop(&mut self) {
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .status();
        assert!(
            unmounted.is_ok_and(|status| status.success()),
            "the small volume is given back"
        );
    }
}

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
    let ballast = ballast(volume.dir.path());
    let (_keeper, file) = keep(&volume.path());
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
    let (keeper, file) = keep(&volume.path());
    insert(&file, "one").unwrap();
    keeper.shut_down();
    let filling = volume.fill("filling");
    let (_keeper, file) = keep(&volume.path());
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
