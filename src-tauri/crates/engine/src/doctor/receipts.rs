//! What was fixed, kept in a small file beside the memory.

use std::path::{Path, PathBuf};

use oldgrowth_domain::UnixMs;
use serde::{Deserialize, Serialize};

use crate::health::FixCode;
use crate::{Error, Result, beside};

pub(crate) const FILE: &str = "receipts.json";

/// Older ones are forgotten.
const RECEIPTS_MAX: usize = 100;

/// What a fix has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: String,
    pub code: FixCode,
    pub at: UnixMs,
    pub summary: String,
    pub done: Vec<String>,
    /// What in its words names a folder or something else of the person's own, as it stands there. None when a
    /// version kept it that did not note them.
    pub names: Option<Vec<String>>,
    pub undo_until: Option<UnixMs>,
    pub undone_at: Option<UnixMs>,
    pub undo: Option<Undo>,
}

/// How a fix is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Undo {
    /// By putting back a set of files that was set aside.
    Restore { set: String },
    /// By watching these sources again.
    Watch { sources: Vec<String> },
    /// By putting back the rows in this file.
    Strays { file: String },
    /// By using the memory in this folder again.
    LeadBack { folder: PathBuf },
}

/// The receipts of one workspace, oldest first.
#[derive(Debug)]
pub struct Receipts {
    workspace: PathBuf,
    kept: Vec<Kept>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    id: String,
    code: FixCode,
    unix_ms: i64,
    summary: String,
    done: Vec<String>,
    #[serde(default)]
    names: Option<Vec<String>>,
    undo_until_unix_ms: Option<i64>,
    undone_unix_ms: Option<i64>,
    undo: Option<Undo>,
}

impl Receipts {
    /// What is kept there; nothing when it can't be read.
    #[must_use]
    pub fn of(workspace: &Path) -> Self {
        let kept = beside::read(workspace, FILE)
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self {
            workspace: workspace.to_owned(),
            kept,
        }
    }

    /// Newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Receipt> {
        self.kept.iter().rev().map(Kept::receipt).collect()
    }

    #[must_use]
    pub fn find(&self, id: &str) -> Option<Receipt> {
        self.kept
            .iter()
            .find(|kept| kept.id == id)
            .map(Kept::receipt)
    }

    /// Keeps it, in the place of an earlier one of the same id.
    ///
    /// # Errors
    /// [`Error::NotKept`] when it could not be written.
    pub fn keep(&mut self, receipt: Receipt) -> Result<()> {
        let new = Kept::of(receipt);
        match self.kept.iter_mut().find(|kept| kept.id == new.id) {
            Some(kept) => *kept = new,
            None => self.kept.push(new),
        }
        let too_many = self.kept.len().saturating_sub(RECEIPTS_MAX);
        self.kept.drain(..too_many);
        serde_json::to_vec_pretty(&self.kept)
            .map_err(std::io::Error::from)
            .and_then(|text| beside::write(&self.workspace, FILE, &text))
            .map_err(|error| {
                tracing::warn!(kind = ?error.kind(), "a receipt could not be kept");
                Error::NotKept
            })
    }
}

impl Kept {
    fn of(receipt: Receipt) -> Self {
        Self {
            id: receipt.id,
            code: receipt.code,
            unix_ms: receipt.at.0,
            summary: receipt.summary,
            done: receipt.done,
            names: receipt.names,
            undo_until_unix_ms: receipt.undo_until.map(|at| at.0),
            undone_unix_ms: receipt.undone_at.map(|at| at.0),
            undo: receipt.undo,
        }
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            id: self.id.clone(),
            code: self.code,
            at: UnixMs(self.unix_ms),
            summary: self.summary.clone(),
            done: self.done.clone(),
            names: self.names.clone(),
            undo_until: self.undo_until_unix_ms.map(UnixMs),
            undone_at: self.undone_unix_ms.map(UnixMs),
            undo: self.undo.clone(),
        }
    }
}

impl Receipt {
    /// Until when it can be undone, if it still can.
    #[must_use]
    pub fn undoable_until(&self, now: UnixMs) -> Option<UnixMs> {
        self.undo_until
            .filter(|until| self.undone_at.is_none() && now <= *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(number: usize) -> Receipt {
        Receipt {
            id: format!("fx_{number}"),
            code: FixCode::StopWatching,
            at: UnixMs(1),
            summary: "done".to_owned(),
            done: vec!["a step".to_owned()],
            names: Some(vec!["step".to_owned()]),
            undo_until: Some(UnixMs(10)),
            undone_at: None,
            undo: Some(Undo::Watch {
                sources: vec!["so_1".to_owned()],
            }),
        }
    }

    #[test]
    fn receipts_outlive_the_process_newest_first_and_are_bounded() {
        let workspace = tempfile::tempdir().unwrap();
        let mut receipts = Receipts::of(workspace.path());
        assert_eq!(receipts.list(), [], "nothing yet");
        for number in 0..RECEIPTS_MAX + 5 {
            receipts.keep(receipt(number)).unwrap();
        }
        let again = Receipts::of(workspace.path()).list();
        assert_eq!(again.len(), RECEIPTS_MAX);
        assert_eq!(again.first(), Some(&receipt(RECEIPTS_MAX + 4)), "whole");
        assert_eq!(receipt(1).undoable_until(UnixMs(11)), None, "too late");
        std::fs::write(workspace.path().join(FILE), "{").unwrap();
        assert_eq!(
            Receipts::of(workspace.path()).list(),
            [],
            "garbage is nothing"
        );
    }

    #[test]
    fn a_receipt_of_a_version_that_noted_no_names_is_read() {
        let workspace = tempfile::tempdir().unwrap();
        Receipts::of(workspace.path()).keep(receipt(1)).unwrap();
        let file = workspace.path().join(FILE);
        let kept = std::fs::read(&file).unwrap();
        let mut kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
        let names = kept[0].as_object_mut().unwrap().remove("names");
        assert!(names.is_some());
        std::fs::write(&file, kept.to_string()).unwrap();
        let without = Receipt {
            names: None,
            ..receipt(1)
        };
        assert_eq!(Receipts::of(workspace.path()).list(), [without]);
    }
}
