//! What each source holds, step by step from found to searchable.

use oldgrowth_domain::BatchId;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::{Coverage, Source};

use crate::coverage::{Freshness, is_in_step};
use crate::health::Mark;
use crate::{Engine, Error, FolderView, Result};

#[derive(Clone, Debug)]
pub struct SourceLedger {
    pub source: Source,
    pub coverage: Coverage,
    /// How it is doing as a watched folder, while somebody watches it.
    pub watching: Option<FolderView>,
    /// The newest import that had to do with it.
    pub last_batch: Option<BatchId>,
    /// A damage took something of the memory, and this has not been read again since, or passages of it are missing.
    pub lost: bool,
}

impl SourceLedger {
    /// Items that imports have found, read or not.
    pub fn found(&self) -> u32 {
        self.coverage.placed + self.coverage.not_read
    }

    pub fn is_in_step(&self) -> bool {
        is_in_step(&self.coverage) && !self.lost
    }
}

impl Engine {
    /// The sources as they are, with what was counted of late; [`Event::Health`](crate::Event::Health) or
    /// [`Event::MemoryChanged`](crate::Event::MemoryChanged) tells when there is something newer.
    pub fn ledger(&self) -> Result<Vec<SourceLedger>> {
        let core = self.core();
        let mut counted = core.counted(Freshness::OfLate)?;
        let sources = core
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.sources()?))?;
        let is_new = |source: &Source| !counted.sources.contains_key(&source.key);
        if sources.iter().any(is_new) {
            counted = core.counted(Freshness::Exact)?;
        }
        let mark = Mark::of(&core.workspace).unwrap_or_default();
        let ledger = sources.into_iter().filter_map(|source| {
            let counted = counted.sources.get(&source.key)?;
            Some(SourceLedger {
                coverage: counted.coverage,
                watching: core.watching.view(source.key),
                last_batch: counted.last_batch.clone(),
                lost: mark.is_unread_since(&source) || counted.coverage.with_gaps > 0,
                source,
            })
        });
        Ok(ledger.collect())
    }
}
