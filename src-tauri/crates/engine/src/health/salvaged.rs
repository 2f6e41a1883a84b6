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
pub(crate) struct Mark {
    made_unix_ms: i64,
    /// Something could not be read.
    lost: bool,
    /// Its word index holds nothing yet.
    lacks_index: bool,
    /// Its summaries may cite what is lost.
    untidy: bool,
}

/// What the damage took is missing without this mark too, so that it could not be made is no failure.
pub(crate) fn mark_as_salvaged(workspace: &Path, now: UnixMs, lost: bool, lacks_index: bool) {
    Mark {
        made_unix_ms: now.0,
        lost,
        lacks_index,
        untidy: true,
    }
    .keep(workspace);
}

pub(super) fn is_untidy(workspace: &Path) -> bool {
    Mark::of(workspace).is_some_and(|mark| mark.untidy)
}

pub(super) fn is_tidied(workspace: &Path) {
    if let Some(mark) = Mark::of(workspace).filter(|mark| mark.untidy) {
        Mark {
            untidy: false,
            ..mark
        }
        .keep(workspace);
    }
}

/// Is its word index to be made yet?
pub(crate) fn lacks_index(workspace: &Path) -> bool {
    Mark::of(workspace).is_some_and(|mark| mark.lacks_index)
}

pub(crate) fn index_is_made(workspace: &Path) {
    if let Some(mark) = Mark::of(workspace).filter(|mark| mark.lacks_index) {
        let lacks_index = false;
        Mark {
            lacks_index,
            ..mark
        }
        .keep(workspace);
    }
}

pub(crate) fn is_salvaged(workspace: &Path) -> bool {
    workspace.join(FILE).is_file()
}

impl Mark {
    /// None of a memory that was not made so.
    pub(crate) fn of(workspace: &Path) -> Option<Self> {
        let text = is_salvaged(workspace).then(|| beside::read(workspace, FILE))?;
        Some(
            text.and_then(|text| serde_json::from_slice(&text).ok())
                .unwrap_or_default(),
        )
    }

    fn keep(&self, workspace: &Path) {
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|text| beside::write(workspace, FILE, &text));
        if let Err(error) = written {
            tracing::warn!(kind = ?error.kind(), "a salvaged copy could not be marked");
        }
    }

    /// Has something been lost that may be had again from these sources?
    pub(super) fn lacks(&self, sources: &[Source], is_there: impl Fn(&Path) -> bool) -> bool {
        let mut of_files = sources.iter().filter(|source| is_of_files(source));
        let any_since = of_files.clone().any(|source| self.is_older_than(source));
        let unread = of_files.any(|source| {
            let root = source.root.as_deref();
            !self.is_older_than(source) && root.is_none_or(|root| is_there(Path::new(root)))
        });
        self.lost && (unread || !any_since)
    }

    /// May something of this source have been lost that reading it again would bring?
    pub(crate) fn is_unread_since(&self, source: &Source) -> bool {
        self.lost && is_of_files(source) && !self.is_older_than(source)
    }

    /// Has the source been read since?
    fn is_older_than(&self, source: &Source) -> bool {
        let read = source.last_import_at;
        read.is_some_and(|at| at.0 > self.made_unix_ms)
    }
}

fn is_of_files(source: &Source) -> bool {
    matches!(source.kind, SourceKind::Folder | SourceKind::Chats)
}
