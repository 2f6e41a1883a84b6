//! A document that is found nowhere any more leaves the indexes, the buffers and the tree. It stays
//! readable as an older version.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::{DocumentKey, Write};

use crate::Result;
use crate::days::leave_branches;
use crate::sealing::remake_job;

pub(crate) fn supersede(
    w: &Write<'_>,
    old: DocumentKey,
    by: Option<DocumentKey>,
    now: UnixMs,
) -> Result<()> {
    w.supersede_document(old, by, now)?;
    w.unindex_document(old)?;
    w.forget_mentions_of(old)?;
    w.forget_vectors_of(old)?;
    leave_branches(w, old, now)?;
    leave_tree(w, old, now)
}

/// Takes a document's passages out of the tree of its source.
pub(crate) fn leave_tree(w: &Write<'_>, document: DocumentKey, now: UnixMs) -> Result<()> {
    w.take_document_from_buffers(document)?;
    // Summaries that quote what is no longer there are made anew; until then they say so.
    let stale = w.nodes_touching(document)?;
    w.take_document_from_nodes(document)?;
    for node in stale {
        w.mark_degraded(node)?;
        w.insert_job(&remake_job(node), now)?;
    }
    Ok(())
}
