//! The sample memories, which can be removed as if they had never been there.

use oldgrowth_domain::{SourceId, UnixMs};
use oldgrowth_store::table::sources::{Source, SourceKind};
use oldgrowth_store::{DocumentKey, Lane, Read, SourceKey, Write};

use crate::days::leave_branches;
use crate::ingest::keep::enter_tree;
use crate::ingest::plan::count;
use crate::ingest::supersede::supersede;
use crate::sealing::{remake_job, seal_job};
use crate::{Engine, Error, Result};

pub(crate) const SAMPLES_NAME: &str = "Sample memories";

/// What removing a source takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    pub documents: u32,
    pub passages: u32,
    pub summaries: u32,
    /// Documents that another source holds too, and keeps.
    pub kept: u32,
}

impl Engine {
    /// What [`Engine::remove_source`] would take away.
    pub fn removal(&self, id: &SourceId) -> Result<Removal> {
        self.core().store.read(Lane::Interactive, |r| {
            let source = removable(r, id)?;
            removal(r, source.key)
        })
    }

    /// Removes a source of sample memories with all that came from it, at once and whole. What another
    /// source holds too stays, in that one's tree.
    pub fn remove_source(&self, id: &SourceId) -> Result<Removal> {
        let core = self.core();
        let (id, now) = (id.clone(), core.now());
        let removed = core.store.write(move |w| {
            let source = removable(w, &id)?;
            let removed = removal(w, source.key)?;
            remove(w, source.key, now)?;
            Ok::<_, Error>(removed)
        })?;
        // An import that stays, because others came by it too, has fewer items now.
        core.tallies.forget();
        core.queue.wake();
        core.memory_changed();
        core.counts_changed();
        Ok(removed)
    }
}

fn removable(r: &Read<'_>, id: &SourceId) -> Result<Source> {
    let source = r.source_by_id(id)?.ok_or(Error::NotFound)?;
    match source.kind {
        SourceKind::Samples => Ok(source),
        SourceKind::Folder | SourceKind::Notes | SourceKind::Chats => Err(Error::NotRemovable),
    }
}

fn removal(r: &Read<'_>, source: SourceKey) -> Result<Removal> {
    let all = r.source_coverage(source)?;
    let elsewhere = r.documents_elsewhere(source)?;
    let mut kept_passages = 0;
    for (document, _) in &elsewhere {
        kept_passages += r.chunk_count_of(*document)?;
    }
    let kept = count(elsewhere.len());
    Ok(Removal {
        documents: all.documents - kept,
        passages: all.chunks - kept_passages,
        summaries: all.nodes,
        kept,
    })
}

fn remove(w: &Write<'_>, source: SourceKey, now: UnixMs) -> Result<()> {
    let batches = w.batches_of(source)?;
    w.delete_jobs_of(source)?;
    let guests = w.guests_of(source)?;
    let elsewhere = w.documents_elsewhere(source)?;
    w.delete_places_of(source)?;
    if let Some(tree) = w.tree_of_source(source)? {
        let nodes = w.nodes_of(tree)?;
        let top = nodes.iter().map(|(_, level)| *level).max().unwrap_or(0);
        let seals = (0..=top).map(|level| seal_job(tree, level));
        let remakes = nodes.iter().map(|(node, _)| remake_job(*node));
        for key in seals.chain(remakes).filter_map(|job| job.dedupe_key) {
            w.delete_jobs_keyed(&key)?;
        }
        w.delete_tree(tree)?;
    }
    for (document, to) in elsewhere {
        move_to(w, document, to, now)?;
    }
    for document in w.documents_of(source)? {
        leave_branches(w, document, now)?;
    }
    w.delete_documents_of(source)?;
    // What another source had first and holds no longer was only still to be found here.
    for document in guests {
        if !w.has_place(document)? {
            supersede(w, document, None, now)?;
        }
    }
    for batch in batches {
        if !w.delete_batch_if_empty(batch)? {
            w.settle_batch(batch, now)?;
        }
    }
    Ok(w.delete_source(source)?)
}

/// Gives a document that waits in no tree any more to another source, in whose tree it waits from now on.
fn move_to(w: &Write<'_>, document: DocumentKey, to: SourceKey, now: UnixMs) -> Result<()> {
    w.move_document(document, to)?;
    enter_tree(w, to, &w.chunk_lengths(document)?, now)
}
