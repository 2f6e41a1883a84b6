//! A small volume of its own for a test, where this user may mount one.
#![expect(clippy::print_stderr, reason = "a test that is left out should say so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A volume of 1 MiB that a test can fill and make read-only.
pub(crate) struct SmallVolume {
    dir: tempfile::TempDir,
}

impl SmallVolume {
    /// `None` where this user may not mount.
    pub(crate) fn mount() -> Option<SmallVolume> {
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

    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn make_read_only(&self) -> bool {
        Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.dir.path())
            .status()
            .is_ok_and(|status| status.success())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("a.db")
    }

    pub(crate) fn fill(&self, name: &str) -> PathBuf {
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
