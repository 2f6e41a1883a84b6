//! Sources on a terminal.

use oldgrowth_wire::{Ledger, SourceRemoval, SourceRow, WatchingState};
use serde_json::json;

use super::{Output, passages};

impl Output {
    pub(in crate::cli) fn watched(&self, ledger: &Ledger) {
        if self.json {
            return self.object(ledger);
        }
        if ledger.sources.is_empty() {
            self.line("Nothing has been imported yet.");
        }
        for row in &ledger.sources {
            self.line(&format!("{:>11}  {}  {}", state(row), row.id, row.name));
            if let Some(path) = &row.path {
                self.line(&format!("{:>11}  {path}", ""));
            }
        }
    }

    /// What there is of the sample memories, or was.
    pub(in crate::cli) fn samples(&self, there: Option<&SourceRemoval>, removed: bool) {
        if self.json {
            return self
                .object(&json!({ "samples": there, "removed": removed && there.is_some() }));
        }
        let Some(there) = there else {
            return self.line("There are no sample memories here.");
        };
        let what = format!(
            "{} with {}",
            match there.documents {
                1 => "1 sample memory".to_owned(),
                documents => format!("{documents} sample memories"),
            },
            passages(there.passages)
        );
        self.line(&match removed {
            true => format!("Removed {what}."),
            false => format!("There are {what}. oldgrowth samples --remove removes them."),
        });
        if there.kept > 0 {
            self.line(&format!(
                "{} more of them {} with another source of yours.",
                there.kept,
                if removed { "stay" } else { "would stay" }
            ));
        }
    }
}

fn state(row: &SourceRow) -> &'static str {
    let state = row.watching.as_ref().map(|watching| watching.state);
    match (row.watched, state) {
        (false, _) => "not watched",
        (true, Some(WatchingState::NotThere)) => "not there",
        (true, Some(WatchingState::LookedAt | WatchingState::TooMany)) => "looked at",
        (true, _) => "watched",
    }
}
