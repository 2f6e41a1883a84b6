//! What is remembered from one start to the next about looking after copies. Losing it costs one
//! backup or one check too many.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use oldgrowth_domain::UnixMs;
use serde::{Deserialize, Serialize};

use super::daily::Failure;
use crate::beside;

pub(crate) const FILE: &str = "upkeep.json";

/// Checks that are remembered; the oldest go first.
const CHECKS_MAX: usize = 64;

/// As many sets that were restored.
const RESTORED_MAX: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Memo {
    kept: Kept,
    /// Why the last backup that nobody asked for could not be made.
    failure: Option<Failure>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    tried_unix_ms: Option<i64>,
    checks: BTreeMap<String, Check>,
    /// Sets that were put in the memory's place.
    restored: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Check {
    unix_ms: i64,
    sound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) at: UnixMs,
    pub(crate) sound: bool,
}

impl Memo {
    pub(crate) fn load(workspace: &Path) -> Self {
        let kept =
            beside::read(workspace, FILE).and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            kept: kept.unwrap_or_default(),
            failure: None,
        }
    }

    /// When a backup that nobody asked for was last tried.
    pub(crate) fn tried_at(&self) -> Option<UnixMs> {
        self.kept.tried_unix_ms.map(UnixMs)
    }

    pub(crate) fn tried(&mut self, now: UnixMs, workspace: &Path) {
        self.kept.tried_unix_ms = Some(now.0);
        self.keep(workspace);
    }

    pub(crate) fn checked(&self, id: &str) -> Option<Checked> {
        let check = self.kept.checks.get(id)?;
        Some(Checked {
            at: UnixMs(check.unix_ms),
            sound: check.sound,
        })
    }

    pub(crate) fn check(&mut self, id: &str, now: UnixMs, sound: bool, workspace: &Path) {
        let check = Check {
            unix_ms: now.0,
            sound,
        };
        self.kept.checks.insert(id.to_owned(), check);
        while self.kept.checks.len() > CHECKS_MAX {
            // Ids begin with the time.
            self.kept.checks.pop_first();
        }
        self.keep(workspace);
    }

    pub(crate) fn is_restored(&self, id: &str) -> bool {
        self.kept.restored.contains(id)
    }

    pub(crate) fn restored(&mut self, id: &str, workspace: &Path) {
        self.kept.restored.insert(id.to_owned());
        while self.kept.restored.len() > RESTORED_MAX {
            self.kept.restored.pop_first();
        }
        self.keep(workspace);
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    pub(crate) fn failed(&mut self, failure: Option<Failure>) {
        self.failure = failure;
    }

    fn keep(&self, workspace: &Path) {
        let kept = serde_json::to_vec_pretty(&self.kept)
            .map_err(std::io::Error::from)
            .and_then(|text| beside::write(workspace, FILE, &text));
        if let Err(error) = kept {
            tracing::debug!(kind = ?error.kind(), "the upkeep could not be remembered");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_outlives_the_process_and_garbage_is_as_nothing() {
        let workspace = tempfile::tempdir().unwrap();
        let mut memo = Memo::load(workspace.path());
        assert_eq!(memo.tried_at(), None);
        memo.tried(UnixMs(5), workspace.path());
        memo.check("b", UnixMs(7), false, workspace.path());
        memo.restored("s", workspace.path());
        let again = Memo::load(workspace.path());
        assert_eq!(again.tried_at(), Some(UnixMs(5)));
        assert!(again.is_restored("s") && !again.is_restored("b"));
        assert_eq!(
            again.checked("b"),
            Some(Checked {
                at: UnixMs(7),
                sound: false
            })
        );
        std::fs::write(workspace.path().join(FILE), "[1, 2").unwrap();
        assert_eq!(
            Memo::load(workspace.path()).tried_at(),
            None,
            "one backup too many, and no failure"
        );
    }

    #[test]
    fn no_more_checks_are_remembered_than_backups_are_kept() {
        let workspace = tempfile::tempdir().unwrap();
        let mut memo = Memo::load(workspace.path());
        for number in 0..200 {
            memo.check(
                &format!("{number:04}"),
                UnixMs(number),
                true,
                workspace.path(),
            );
        }
        assert_eq!(memo.kept.checks.len(), CHECKS_MAX);
        assert!(memo.checked("0199").is_some(), "the newest stay");
    }
}
