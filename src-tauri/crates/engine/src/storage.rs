//! What takes room: by source, and by kind.

use std::path::{Path, PathBuf};

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Lane;
use oldgrowth_store::table::storage::{SourceBytes, SourceText, TreeBytes};

use crate::copies::MEMO_FILE;
use crate::doctor::{self, RECEIPTS_FILE};
use crate::health::{CHECKS_FILE, HISTORY_FILE, SALVAGED_FILE};
use crate::{Engine, Error, Result, settings};

/// Under this name the count holds its long read.
const LABEL: &str = "storage";

/// A memory up to this size is counted whole as soon as somebody looks: it takes well under a second.
const COUNT_UNASKED_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Largest first.
    pub sources: Vec<SourceStorage>,
    /// The main file, and what is in it if that was counted.
    pub main_bytes: u64,
    pub inside: Option<StorageParts>,
    pub log_bytes: u64,
    pub backup_bytes: u64,
    pub aside_bytes: u64,
    pub counted_at: Option<UnixMs>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStorage {
    pub of: SourceBytes,
    pub counted: Option<StorageCount>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageCount {
    pub passages: u64,
    pub text_bytes: u64,
}

/// The inside of the main file, in bytes. All parts together are the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageParts {
    pub texts: u64,
    pub word_index: u64,
    pub summaries: u64,
    /// What passages name.
    pub names: u64,
    /// The vectors of passages.
    pub meaning: u64,
    pub work: u64,
    pub free: u64,
    /// What SQLite needs for itself.
    pub rest: u64,
}

/// What a count has found, kept until the next one.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    at: UnixMs,
    main_bytes: u64,
    texts: Vec<SourceText>,
    parts: StorageParts,
}

impl Engine {
    /// What takes room. `count` reads every page of the store; otherwise that is done for a small one
    /// alone, and what an earlier count has found is told.
    pub fn storage(&self, count: bool) -> Result<Storage> {
        let core = self.core();
        let facts = core.store.facts();
        let small = facts.main_bytes.unwrap_or(0) <= COUNT_UNASKED_BYTES_MAX;
        if count || small {
            match self.count() {
                Ok(counted) => *core.counted.lock() = Some(counted),
                // Nobody asked for it, so that its turn need not come now.
                Err(Error::TooManyLongReads) if !count => {}
                Err(error) => return Err(error),
            }
        }
        let sources = core
            .store
            .read(Lane::Interactive, |read| read.source_bytes())?;
        let counted = core.counted.lock().clone();
        let copies = self.copies();
        Ok(Storage {
            sources: sources
                .into_iter()
                .map(|of| SourceStorage {
                    counted: counted.as_ref().map(|counted| counted.of(&of)),
                    of,
                })
                .collect(),
            main_bytes: counted
                .as_ref()
                .map_or(facts.main_bytes.unwrap_or(0), |counted| counted.main_bytes),
            inside: counted.as_ref().map(|counted| counted.parts),
            counted_at: counted.map(|counted| counted.at),
            log_bytes: facts.wal_bytes.unwrap_or(0),
            backup_bytes: copies.backups.iter().map(|one| one.backup.bytes).sum(),
            aside_bytes: copies.kept_aside.iter().map(|set| set.bytes).sum(),
        })
    }

    /// In one moment of the store, so that its parts add up.
    fn count(&self) -> Result<Counted> {
        let core = self.core();
        let turn = core.store.reserve(LABEL).ok_or(Error::TooManyLongReads)?;
        let (file, trees, texts) = core.store.read_long(&turn, |read| {
            Ok::<_, oldgrowth_store::Error>((
                read.file_bytes()?,
                read.tree_bytes()?,
                read.source_text()?,
            ))
        })?;
        Ok(Counted {
            at: core.now(),
            main_bytes: file.all,
            texts,
            parts: StorageParts::of(&trees, file.all, file.free),
        })
    }
}

impl Counted {
    fn of(&self, source: &SourceBytes) -> StorageCount {
        let found = self.texts.iter().find(|text| text.id == source.id);
        found.map_or_else(StorageCount::default, |text| StorageCount {
            passages: text.passages,
            text_bytes: text.text_bytes,
        })
    }
}

impl StorageParts {
    fn of(trees: &[TreeBytes], all: u64, free: u64) -> Self {
        let mut parts = Self {
            free,
            ..Self::default()
        };
        for tree in trees {
            *match tree.table.as_str() {
                "chunks" | "documents" | "document_tags" | "places" | "sources" => &mut parts.texts,
                "nodes" | "node_children" | "node_spans" | "trees" | "buffer_items" | "periods"
                | "days" | "topics" | "topics_seen" => &mut parts.summaries,
                "entities" | "aliases" | "mentions" | "extraction" | "extraction_failures" => {
                    &mut parts.names
                }
                "vectors" | "vector_models" | "embedding" | "embedding_failures" => {
                    &mut parts.meaning
                }
                "batches" | "jobs" | "pruned_jobs" => &mut parts.work,
                name if name == "words" || name.starts_with("words_") => &mut parts.word_index,
                _ => &mut parts.rest,
            } += tree.bytes;
        }
        let told = parts.texts
            + parts.word_index
            + parts.summaries
            + parts.names
            + parts.meaning
            + parts.work
            + parts.rest
            + free;
        parts.rest += all.saturating_sub(told);
        parts
    }
}

/// The files of a workspace besides the store's own: the settings, and what is remembered about copies,
/// checks and fixes.
#[must_use]
pub fn workspace_files(workspace: &Path) -> Vec<PathBuf> {
    let mut files = settings::files(workspace);
    let others = [
        MEMO_FILE,
        CHECKS_FILE,
        HISTORY_FILE,
        RECEIPTS_FILE,
        SALVAGED_FILE,
    ];
    let others = others.map(|name| workspace.join(name));
    files.extend(others.into_iter().filter(|file| file.is_file()));
    files.extend(doctor::files_set_aside(workspace));
    files.extend(doctor::receipts_set_aside(workspace));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_file() {
        let tree = |table: &str, bytes| TreeBytes {
            table: table.to_owned(),
            bytes,
        };
        let trees = [
            tree("chunks", 40),
            tree("words_data", 20),
            tree("nodes", 10),
            tree("mentions", 3),
            tree("vectors", 2),
            tree("jobs", 5),
            tree("sqlite_schema", 4),
            tree("of_a_later_version", 1),
        ];
        let parts = StorageParts::of(&trees, 100, 8);
        assert_eq!(
            parts,
            StorageParts {
                texts: 40,
                word_index: 20,
                summaries: 10,
                names: 3,
                meaning: 2,
                work: 5,
                free: 8,
                rest: 12
            },
            "what nobody accounts for is SQLite's own"
        );
    }
}
