//! What each source holds, step by step from found to searchable.

use oldgrowth_domain::BatchId;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::{Coverage, Source};

use crate::coverage::is_in_step;
use crate::{Engine, FolderView, Result};

#[derive(Clone, Debug)]
pub struct SourceLedger {
    pub source: Source,
    pub coverage: Coverage,
    /// How it is doing as a watched folder, while somebody watches it.
    pub watching: Option<FolderView>,
    /// The newest import that had to do with it.
    pub last_batch: Option<BatchId>,
}

impl SourceLedger {
    /// Items that imports have found, read or not.
    pub fn found(&self) -> u32 {
        self.coverage.placed + self.coverage.not_read
    }

    pub fn is_in_step(&self) -> bool {
        is_in_step(&self.coverage)
    }
}

impl Engine {
    pub fn ledger(&self) -> Result<Vec<SourceLedger>> {
        let core = self.core();
        core.store.read(Lane::Interactive, |r| {
            r.sources()?
                .into_iter()
                .map(|source| {
                    Ok(SourceLedger {
                        coverage: r.source_coverage(source.key)?,
                        watching: core.watching.view(source.key),
                        last_batch: r.newest_batch_of(source.key)?.map(|batch| batch.id),
                        source,
                    })
                })
                .collect()
        })
    }
}
