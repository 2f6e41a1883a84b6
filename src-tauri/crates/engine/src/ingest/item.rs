//! One item of an import: fetched, understood and cut with no connection held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use oldgrowth_domain::chunking::{self, ChunkDraft};
use oldgrowth_domain::tags::Tag;
use oldgrowth_domain::{Happened, UnixMs};
use oldgrowth_store::Lane;
use oldgrowth_store::table::jobs::{ClaimedJob, Reason};

use super::noticed::noticed;
use super::plan::{ItemPayload, reason};
use crate::engine::Core;
use crate::health::is_salvaged;
use crate::ports::{FetchedFile, Problem, ProblemKind};
use crate::{Error, Result};

/// A document that is ready to be kept.
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) format: Format,
    pub(crate) title: String,
    pub(crate) bytes: u64,
    /// When it last changed, where it says so itself.
    pub(crate) version_at: Option<UnixMs>,
    pub(crate) happened: Happened,
    /// Empty when the content is known already and was not read.
    pub(crate) chunks: Vec<ChunkDraft>,
    /// Its passages may be here under another document, since a damage took their own.
    pub(crate) salvaged: bool,
    pub(crate) note: Option<Reason>,
    pub(crate) tags: Vec<Tag>,
}

/// A file time is believed when it is later than this, 1971, and not in the future.
const FILE_TIME_MIN_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
const FILE_TIME_AHEAD_MAX_MS: i64 = 24 * 60 * 60 * 1_000;

impl Core {
    /// Reads the file of a job. The outer error is ours, the inner one the file's.
    pub(crate) fn draft(&self, job: &ClaimedJob) -> Result<std::result::Result<Draft, Problem>> {
        crate::ports::no_connection_held()?;
        let Ok(payload) = serde_json::from_str::<ItemPayload>(&job.payload) else {
            return Ok(Err(unreadable_job()));
        };
        let path = PathBuf::from(payload.path);
        let part = payload.part.as_ref();
        let mut fetched = match self.files.fetch(&path, part, &self.forbidden()) {
            Ok(fetched) => fetched,
            Err(problem) => return Ok(Err(problem)),
        };
        let known = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(match r.live_document_by_content(&fetched.sha256)? {
                Some(kept) => !r.has_gap(kept.key)?,
                None => false,
            })
        })?;
        // A damage leaves no gap where it has taken the last passages of a document.
        let salvaged = is_salvaged(&self.workspace);
        let known = known && !salvaged;
        let drafted = if known {
            Ok(self.known_draft(path, &fetched))
        } else {
            let document = fetched.document.take();
            let read = self.read_draft(path, &fetched, document);
            read.map(|draft| Draft { salvaged, ..draft })
        };
        let tags = payload.tags.iter();
        let tags: Vec<Tag> = tags.filter_map(|tag| Tag::parse(tag)).collect();
        Ok(drafted.map(|draft| Draft { tags, ..draft }))
    }

    fn known_draft(&self, path: PathBuf, fetched: &FetchedFile) -> Draft {
        Draft {
            title: file_name(&path),
            path,
            sha256: fetched.sha256.clone(),
            format: fetched.format,
            bytes: fetched.bytes.len() as u64,
            version_at: fetched.version_at,
            happened: self.happened(None, fetched.modified),
            chunks: Vec::new(),
            salvaged: false,
            note: None,
            tags: Vec::new(),
        }
    }

    fn read_draft(
        &self,
        path: PathBuf,
        fetched: &FetchedFile,
        document: Option<CanonicalDocument>,
    ) -> std::result::Result<Draft, Problem> {
        let name = file_name(&path);
        // A parser's panic is one file's misfortune.
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            let document = match document {
                Some(document) => document,
                None => self.files.parse(fetched.format, &name, &fetched.bytes)?,
            };
            let chunks = chunking::chunk(&document.blocks);
            Ok((document, chunks))
        }));
        let (document, chunks) = parsed.unwrap_or_else(|_| Err(parser_fault()))?;
        if chunks.is_empty() {
            return Err(no_text());
        }
        Ok(Draft {
            path,
            sha256: fetched.sha256.clone(),
            format: fetched.format,
            title: document.title,
            bytes: fetched.bytes.len() as u64,
            version_at: fetched.version_at,
            happened: self.happened(document.stated_at, fetched.modified),
            chunks,
            salvaged: false,
            note: noticed(&document.warnings),
            tags: Vec::new(),
        })
    }

    fn happened(&self, stated: Option<UnixMs>, modified: Option<UnixMs>) -> Happened {
        let believable = |at: &UnixMs| {
            at.0 > FILE_TIME_MIN_MS && at.0 <= self.now().0.saturating_add(FILE_TIME_AHEAD_MAX_MS)
        };
        match (stated, modified.filter(believable)) {
            (Some(at), _) => Happened::Stated(at),
            (None, Some(at)) => Happened::FileTime(at),
            (None, None) => Happened::Unknown,
        }
    }
}

pub(crate) fn problem_reason(problem: &Problem) -> Reason {
    reason(problem)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn unreadable_job() -> Problem {
    Problem {
        code: "bad_job",
        message: "the queued work could not be understood".to_owned(),
        hint: Some("import it again"),
        kind: ProblemKind::Failed,
    }
}

pub(crate) fn parser_fault() -> Problem {
    Problem {
        code: "reader_fault",
        message: "the reader for this format failed on it; a fault of ours".to_owned(),
        hint: Some("everything else goes on; please tell us about this kind of file"),
        kind: ProblemKind::Failed,
    }
}

fn no_text() -> Problem {
    Problem {
        code: "empty",
        message: "there is no text in it".to_owned(),
        hint: None,
        kind: ProblemKind::PassedOver,
    }
}
