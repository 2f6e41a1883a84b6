//! The engine's port for files, on this machine's disk.

use std::path::{Path, PathBuf};

use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use oldgrowth_engine::ports::{
    self, FetchedFile, FileMark, FilePart, FilePlan, Files, FolderNames, NamedFile, PlannedFile,
    Problem, ProblemKind, SkippedFile,
};

use crate::{FileId, Forbidden, PartReaders, ReadError, SkipReason, SkippedItem};

/// Reads the files of the person who runs this process.
#[derive(Debug, Default)]
pub struct FilesOnDisk {
    parts: PartReaders,
}

impl FilesOnDisk {
    /// Bytes that have been unpacked from archives to read parts of them: what reading has cost.
    pub fn unpacked_bytes(&self) -> u64 {
        self.parts.unpacked_bytes()
    }
}

impl Files for FilesOnDisk {
    fn plan(
        &self,
        roots: &[PathBuf],
        forbidden: &ports::Forbidden,
        cancelled: &dyn Fn() -> bool,
        found: &mut dyn FnMut(usize),
    ) -> FilePlan {
        let (there, missing_roots): (Vec<_>, Vec<_>) = roots
            .iter()
            .cloned()
            .partition(|root| root.symlink_metadata().is_ok());
        let plan = crate::plan(&there, &resolved(forbidden), cancelled, found);
        FilePlan {
            items: plan
                .items
                .into_iter()
                .map(|item| PlannedFile {
                    path: item.path,
                    root: item.root,
                    relative: item.relative,
                    part: item.part,
                    bytes: item.bytes,
                    modified: item.modified,
                    format: item.format,
                })
                .collect(),
            skipped: plan.skipped.into_iter().map(skipped).collect(),
            folders: plan.folders,
            missing_roots,
        }
    }

    fn names(
        &self,
        root: &Path,
        forbidden: &ports::Forbidden,
        cancelled: &dyn Fn() -> bool,
    ) -> FolderNames {
        let Some(names) = crate::names(root, &resolved(forbidden), cancelled) else {
            return FolderNames::NotThere;
        };
        if names.ended == crate::PlanEnd::Cancelled {
            return FolderNames::Cancelled;
        }
        let files = names.files.into_iter().map(|file| NamedFile {
            path: file.path,
            relative: file.relative,
            mark: FileMark {
                bytes: file.bytes,
                modified: file.modified,
            },
        });
        FolderNames::Found {
            files: files.collect(),
            folders: names.folders,
        }
    }

    fn is_there(&self, path: &Path) -> bool {
        // A folder that may not be looked into says nothing about what is in it.
        !path
            .symlink_metadata()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    }

    fn fetch(
        &self,
        path: &Path,
        part: Option<&FilePart>,
        forbidden: &ports::Forbidden,
    ) -> Result<FetchedFile, Problem> {
        let forbidden = resolved(forbidden);
        let fetched = match part {
            Some(part) => crate::fetch_part(&self.parts, path, part, &forbidden),
            None => crate::fetch(path, &forbidden),
        };
        match fetched {
            Ok(fetched) => Ok(FetchedFile {
                bytes: fetched.bytes,
                sha256: fetched.sha256,
                modified: fetched.modified,
                version_at: fetched.version_at,
                format: fetched.format,
                document: fetched.document,
            }),
            Err(error) => Err(problem(error.reason())),
        }
    }

    fn rest(&self) {
        self.parts.rest();
    }

    fn parse(
        &self,
        format: Format,
        name: &str,
        bytes: &[u8],
    ) -> Result<CanonicalDocument, Problem> {
        crate::read(format, name, bytes).map_err(|error| {
            problem(match error {
                ReadError::Empty => SkipReason::Empty,
                ReadError::NotUnderstood => SkipReason::NotAConversation,
            })
        })
    }

    fn text(&self, format: Format, bytes: &[u8]) -> String {
        crate::text(format, bytes)
    }
}

/// The files are named anew each time: a log may have come or gone since.
fn resolved(forbidden: &ports::Forbidden) -> Forbidden {
    Forbidden {
        directories: forbidden.directories.clone(),
        files: forbidden
            .files
            .iter()
            .filter_map(|file| FileId::of_path(file).ok())
            .collect(),
    }
}

fn skipped(item: SkippedItem) -> SkippedFile {
    let depth = item
        .relative
        .split('/')
        .filter(|part| !part.is_empty())
        .count();
    SkippedFile {
        root: item
            .path
            .ancestors()
            .nth(depth)
            .unwrap_or(&item.path)
            .to_path_buf(),
        path: item.path,
        relative: item.relative,
        service: item.service,
        key: item.key,
        problem: problem(item.reason),
    }
}

fn problem(reason: SkipReason) -> Problem {
    Problem {
        code: reason.code(),
        message: reason.message(),
        hint: Some(reason.hint()),
        kind: kind(reason),
    }
}

fn kind(reason: SkipReason) -> ProblemKind {
    match reason {
        reason if reason.by_rule() => ProblemKind::RuledOut,
        SkipReason::NotSupported(_)
        | SkipReason::Empty
        | SkipReason::TooLarge { .. }
        | SkipReason::NotAFile
        | SkipReason::OwnStore
        | SkipReason::LinkToFolder
        | SkipReason::BrokenLink
        | SkipReason::BesideConversations
        | SkipReason::ProjectsOfExport => ProblemKind::PassedOver,
        SkipReason::ChangedWhileReading => ProblemKind::TryAgain,
        _ => ProblemKind::Failed,
    }
}
