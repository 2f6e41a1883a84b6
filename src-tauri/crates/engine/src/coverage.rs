//! Is everything that was read where it should be? Counted from the rows of the index and the tree
//! themselves, not from what was meant to be written.

use oldgrowth_store::Read;
use oldgrowth_store::table::sources::Coverage;

use crate::Result;

/// Over all sources.
pub(crate) fn coverage(r: &Read<'_>) -> Result<Coverage> {
    let mut sum = Coverage::default();
    for source in r.sources()? {
        let part = r.source_coverage(source.key)?;
        sum.placed += part.placed;
        sum.not_read += part.not_read;
        sum.documents += part.documents;
        sum.chunks += part.chunks;
        sum.indexed += part.indexed;
        sum.in_tree += part.in_tree;
        sum.nodes += part.nodes;
    }
    Ok(sum)
}

pub(crate) fn is_in_step(coverage: &Coverage) -> bool {
    coverage.indexed == coverage.chunks && coverage.in_tree == coverage.chunks
}
