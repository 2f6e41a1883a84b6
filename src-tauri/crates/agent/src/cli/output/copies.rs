//! What `backup` and `restore` print.

use oldgrowth_wire::{Backup, Copies, CopyProgress, RestorePreview, Restored, TableRows};
use serde_json::json;

use super::{Output, hint};

impl Output {
    /// To standard error, or as a line of JSON: standard output holds the answer.
    pub(in crate::cli) fn copy_progress(&self, progress: &CopyProgress) {
        if progress.of == 0 {
            return;
        }
        if self.json {
            return self
                .object(&json!({ "event": "progress", "done": progress.done, "of": progress.of }));
        }
        let percent = u64::from(progress.done) * 100 / u64::from(progress.of);
        hint(&format!("Backing up: {percent} %"));
    }

    pub(in crate::cli) fn backup_made(&self, backup: &Backup) {
        if self.json {
            return self.object(backup);
        }
        self.line(&format!(
            "Backed up to {} ({})",
            backup.path,
            size(backup.bytes)
        ));
    }

    pub(in crate::cli) fn copies(&self, copies: &Copies) {
        if self.json {
            return self.object(copies);
        }
        if copies.backups.is_empty() {
            self.line("There is no backup yet. Make one with oldgrowth backup.");
        }
        for backup in &copies.backups {
            let made = minute(&backup.made_at);
            let rows = backup.rows.as_deref().map(words).unwrap_or_default();
            self.line(&format!(
                "{}  {made}  {}  {rows}",
                backup.id,
                size(backup.bytes)
            ));
            if let Some(problem) = &backup.problem {
                self.line(&format!("    can't be used: {problem}"));
            }
        }
        if !copies.kept_aside.is_empty() {
            self.line("");
            self.line("Kept aside:");
        }
        for set in &copies.kept_aside {
            let only = if set.only_copy {
                "; may be the only copy of something"
            } else {
                ""
            };
            self.line(&format!(
                "{}  {}  {}  {}{only}",
                set.id,
                minute(&set.made_at),
                size(set.bytes),
                set.reason
            ));
        }
        if let Some(changes) = copies.damage {
            self.line("");
            self.line(&format!(
                "The log is damaged with {changes} changes behind the damage. Restore one of these, or go on without them: oldgrowth doctor --accept-damage"
            ));
        }
    }

    pub(in crate::cli) fn preview(&self, preview: &RestorePreview) {
        if self.json {
            return self.object(preview);
        }
        let made = preview.made_at.as_deref().map_or("an unknown day", minute);
        self.line(&format!("A copy of {made}. Rows in it, and now:"));
        for table in &preview.tables {
            let count =
                |rows: Option<u64>| rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            let newer = match table.newer_here {
                0 => String::new(),
                newer => format!("  ({newer} newer than the copy)"),
            };
            self.line(&format!(
                "  {:<16} {:>10} {:>10}{newer}",
                table.table,
                count(table.there),
                count(table.here)
            ));
        }
        self.line(&format!(
            "What is there now ({}) would be kept aside.",
            size(preview.here_bytes)
        ));
    }

    pub(in crate::cli) fn restored(&self, restored: &Restored) {
        if self.json {
            return self.object(restored);
        }
        self.line(&format!(
            "Restored. What was there before is kept aside as {}",
            restored.set_aside
        ));
    }

    pub(in crate::cli) fn restored_to(&self, path: &str) {
        if self.json {
            return self.object(&json!({ "written_to": path }));
        }
        self.line(&format!("Written to {path}"));
    }
}

/// `2026-11-19T19:04:12Z` as `2026-11-19 19:04`, in UTC.
fn minute(instant: &str) -> &str {
    instant.get(..16).unwrap_or(instant)
}

pub(super) fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1_000_000.0)
}

fn words(rows: &[TableRows]) -> String {
    let count = |table: &str| {
        rows.iter()
            .find(|row| row.table == table)
            .map_or(0, |row| row.rows)
    };
    format!(
        "{} documents, {} passages",
        count("documents"),
        count("chunks")
    )
}
