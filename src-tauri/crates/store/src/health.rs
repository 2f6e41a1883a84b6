//! What the doctor asks of the store as a file: where it lies, who may look at it, how long its log is.

use std::path::PathBuf;

use oldgrowth_keeper::{Rights, Volume};

use crate::{Result, Store};

impl Store {
    /// What kind of volume it lies on.
    pub fn volume(&self) -> Volume {
        self.file.volume()
    }

    /// Who may look at its folders and files, and at these beside them.
    pub fn rights(&self, beside: &[PathBuf]) -> Rights {
        self.file.rights(beside)
    }

    /// Takes from others what rights they have to these. Answers how many were changed.
    pub fn make_private(&self, beside: &[PathBuf]) -> u64 {
        self.file.make_private(beside)
    }

    /// Folds the log into the main file. False while somebody reads or writes.
    pub fn fold_log(&self) -> Result<bool> {
        Ok(self.file.fold_log()?)
    }
}
