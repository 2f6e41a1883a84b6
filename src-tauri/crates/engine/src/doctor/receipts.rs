//! What was fixed, kept in a small file beside the memory.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, io};

use oldgrowth_domain::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Done, UNDO_MS};
use crate::health::FixCode;
use crate::{Error, Result, beside};

pub(crate) const FILE: &str = "receipts.json";

const ASIDE_PREFIX: &str = "receipts-";
const ASIDE_ENDING: &str = ".json";
/// So many files of one time may be set aside.
const ASIDE_MAX: u32 = 100;

/// Older ones are forgotten.
const RECEIPTS_MAX: usize = 100;

/// Of what was begun.
pub(super) const BEGUN: &str = "This was begun. Whether it came to its end is not known.";

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
    pub outcome: FixOutcome,
}

/// What a fix has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixOutcome {
    #[default]
    Done,
    /// It ended before all was done. What was done is whole.
    InPart,
    /// All of it was done, and what it is to mend is unwell still.
    StillUnwell,
    /// It was begun, and whether it ended is not known.
    Unknown,
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
    /// The file holds what this version does not understand, so it is set aside before it is written over.
    to_set_aside: bool,
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
    #[serde(default)]
    outcome: FixOutcome,
    /// Of a later version.
    #[serde(flatten, skip_serializing)]
    unknown: Map<String, Value>,
}

/// The files of receipts that were set aside.
pub(crate) fn set_aside(workspace: &Path) -> Vec<PathBuf> {
    beside::named(workspace, ASIDE_PREFIX, ASIDE_ENDING)
}

impl Receipts {
    /// What is kept there, as far as this version understands it.
    #[must_use]
    pub fn of(workspace: &Path) -> Self {
        let is_there = workspace.join(FILE).symlink_metadata().is_ok();
        let entries: Option<Vec<Value>> =
            beside::read(workspace, FILE).and_then(|text| serde_json::from_slice(&text).ok());
        let mut to_set_aside = is_there && entries.is_none();
        let mut kept: Vec<Kept> = Vec::new();
        for entry in entries.unwrap_or_default() {
            match serde_json::from_value::<Kept>(entry) {
                Ok(entry) => {
                    to_set_aside |= !entry.unknown.is_empty();
                    kept.push(entry);
                }
                Err(_) => to_set_aside = true,
            }
        }
        Self {
            workspace: workspace.to_owned(),
            kept,
            to_set_aside,
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
    /// [`Error::NotKept`] when it could not be written; then the list is as it was.
    pub fn keep(&mut self, receipt: Receipt) -> Result<()> {
        let before = self.kept.clone();
        self.hold(receipt);
        self.write().map_err(|error| {
            self.kept = before;
            tracing::warn!(kind = ?error.kind(), "a receipt could not be kept");
            Error::NotKept
        })
    }

    /// Takes one out that was begun and came to nothing.
    pub(crate) fn forget(&mut self, id: &str) {
        let many = self.kept.len();
        self.kept.retain(|kept| kept.id != id);
        if self.kept.len() < many
            && let Err(error) = self.write()
        {
            tracing::warn!(kind = ?error.kind(), "the receipt of what was not done stays");
        }
    }

    /// Keeps one as it was before something was begun that came to nothing.
    pub(crate) fn put_as_it_was(&mut self, receipt: &Receipt) {
        if self.find(&receipt.id).as_ref() != Some(receipt) && self.keep(receipt.clone()).is_err() {
            tracing::warn!("what was not undone stays noted as begun");
        }
    }

    /// Lists it for as long as this process runs.
    pub(crate) fn hold(&mut self, receipt: Receipt) {
        let new = Kept::of(receipt);
        match self.kept.iter_mut().find(|kept| kept.id == new.id) {
            Some(kept) => *kept = new,
            None => self.kept.push(new),
        }
        let too_many = self.kept.len().saturating_sub(RECEIPTS_MAX);
        self.kept.drain(..too_many);
    }

    fn write(&mut self) -> io::Result<()> {
        if self.to_set_aside {
            self.set_aside()?;
            self.to_set_aside = false;
        }
        let text = serde_json::to_vec_pretty(&self.kept)?;
        beside::write(&self.workspace, FILE, &text)
    }

    /// Gives the file a second name, with its date, under which it stays.
    fn set_aside(&self) -> io::Result<()> {
        let file = self.workspace.join(FILE);
        let written = fs::symlink_metadata(&file)?.modified()?;
        let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
        let written = UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        // No name of a file holds a colon everywhere.
        let date = written.to_rfc3339().replace(':', "-");
        let aside = (1..=ASIDE_MAX)
            .map(|number| match number {
                1 => format!("{ASIDE_PREFIX}{date}{ASIDE_ENDING}"),
                number => format!("{ASIDE_PREFIX}{date}-{number}{ASIDE_ENDING}"),
            })
            .map(|name| self.workspace.join(name))
            .find(|aside| aside.symlink_metadata().is_err())
            .ok_or(io::ErrorKind::AlreadyExists)?;
        // Not every volume knows second names.
        fs::hard_link(&file, &aside).or_else(|_| fs::rename(&file, &aside))?;
        tracing::warn!("receipts that are not understood were set aside");
        Ok(())
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
            outcome: receipt.outcome,
            unknown: Map::new(),
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
            outcome: self.outcome,
        }
    }
}

impl Receipt {
    /// Of what nothing has been done of yet.
    pub(super) fn of_nothing(id: String, code: FixCode, at: UnixMs) -> Self {
        Self {
            id,
            code,
            at,
            summary: BEGUN.to_owned(),
            done: Vec::new(),
            names: Some(Vec::new()),
            undo_until: None,
            undone_at: None,
            undo: None,
            outcome: FixOutcome::Unknown,
        }
    }

    /// With what has been done of it.
    pub(super) fn ended(self, done: Done, now: UnixMs) -> Self {
        Self {
            summary: done.summary,
            done: self.done.into_iter().chain(done.done).collect(),
            names: Some(done.names),
            undo_until: done.undo.is_some().then(|| now.plus_ms(UNDO_MS)),
            undo: done.undo,
            outcome: done.outcome,
            ..self
        }
    }

    /// With another line, if it isn't the last already.
    pub(super) fn with(mut self, line: String) -> Self {
        if self.done.last() != Some(&line) {
            self.done.push(line);
        }
        self
    }

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
            outcome: FixOutcome::Done,
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
    }

    #[test]
    fn what_is_not_understood_is_set_aside_and_never_written_over() {
        let workspace = tempfile::tempdir().unwrap();
        let file = workspace.path().join(FILE);
        let aside = || {
            let mut files = set_aside(workspace.path());
            files.sort();
            files
        };
        let mut receipts = Receipts::of(workspace.path());
        receipts.keep(receipt(1)).unwrap();
        receipts.keep(receipt(2)).unwrap();
        assert_eq!(
            aside(),
            <[PathBuf; 0]>::default(),
            "what is understood stays"
        );

        let known = std::fs::read_to_string(&file).unwrap();
        let of_a_later_version = known.replacen("stop_watching", "turn_back_time", 1);
        std::fs::write(&file, &of_a_later_version).unwrap();
        let mut receipts = Receipts::of(workspace.path());
        assert_eq!(receipts.list(), [receipt(2)], "the other one stays");
        assert_eq!(
            aside(),
            <[PathBuf; 0]>::default(),
            "looking changes nothing"
        );
        receipts.keep(receipt(3)).unwrap();
        let [first] = aside().try_into().unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), of_a_later_version);
        let name = first.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("receipts-20"), "with its date: {name}");
        let again = Receipts::of(workspace.path()).list();
        assert_eq!(again, [receipt(3), receipt(2)]);

        let with_more = known.replacen("\"summary\"", "\"mood\": 1, \"summary\"", 1);
        for not_ours in ["{", &with_more, "\u{0}"] {
            let before = aside().len();
            std::fs::write(&file, not_ours).unwrap();
            let mut receipts = Receipts::of(workspace.path());
            receipts.keep(receipt(4)).unwrap();
            receipts.keep(receipt(5)).unwrap();
            assert_eq!(aside().len(), before + 1, "once: {not_ours}");
            let kept = aside()
                .iter()
                .any(|file| std::fs::read_to_string(file).unwrap() == not_ours);
            assert!(kept, "as it was: {not_ours}");
        }
        assert_eq!(std::fs::read_to_string(first).unwrap(), of_a_later_version);
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
