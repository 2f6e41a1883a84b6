//! What each source holds, step by step from found to searchable.

use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::{Coverage, Source};

use crate::coverage::is_in_step;
use crate::{Engine, Result};

#[derive(Clone, Debug)]
pub struct SourceLedger {
    pub source: Source,
    pub coverage: Coverage,
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
        self.core().store.read(Lane::Interactive, |r| {
            r.sources()?
                .into_iter()
                .map(|source| {
                    Ok(SourceLedger {
                        coverage: r.source_coverage(source.key)?,
                        source,
                    })
                })
                .collect()
        })
    }
}
