//! A memory that was made from what could be read of a damaged one bears a mark: what is missing there is no
//! fault of the program, and comes back when its sources are read again.

use std::path::Path;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::table::sources::{Source, SourceKind};
use serde::{Deserialize, Serialize};

use crate::beside;

pub(crate) const FILE: &str = "salvaged.json";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mark {
    made_unix_ms: i64,
    /// Something could not be read.
    lost: bool,
}

/// What the damage took is missing without this mark too, so that it could not be made is no failure.
pub(crate) fn mark_as_salvaged(workspace: &Path, now: UnixMs, lost: bool) {
    let mark = Mark {
        made_unix_ms: now.0,
        lost,
    };
    let written = serde_json::to_vec(&mark)
        .map_err(std::io::Error::from)
        .and_then(|text| beside::write(workspace, FILE, &text));
    if let Err(error) = written {
        tracing::warn!(kind = ?error.kind(), "a salvaged copy could not be marked");
    }
}

pub(crate) fn is_salvaged(workspace: &Path) -> bool {
    workspace.join(FILE).is_file()
}

impl Mark {
    /// None of a memory that was not made so.
    pub(super) fn of(workspace: &Path) -> Option<Self> {
        let text = is_salvaged(workspace).then(|| beside::read(workspace, FILE))?;
        Some(
            text.and_then(|text| serde_json::from_slice(&text).ok())
                .unwrap_or_default(),
        )
    }

    /// Has something been lost that may be had again from these sources?
    pub(super) fn lacks(&self, sources: &[Source], is_there: impl Fn(&Path) -> bool) -> bool {
        let from_files =
            |source: &&Source| matches!(source.kind, SourceKind::Folder | SourceKind::Chats);
        let since = |source: &&Source| {
            source
                .last_import_at
                .is_some_and(|at| at.0 > self.made_unix_ms)
        };
        let mut of_files = sources.iter().filter(from_files);
        let any_since = of_files.clone().any(|source| since(&source));
        let unread = of_files.any(|source| {
            let root = source.root.as_deref();
            !since(&source) && root.is_none_or(|root| is_there(Path::new(root)))
        });
        self.lost && (unread || !any_since)
    }
}
