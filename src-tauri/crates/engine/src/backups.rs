//! Copies of the memory, made and put back.

/// Under this name a backup holds its long read.
pub(crate) const BACKUP_LABEL: &str = "backup";
