//! Keeping a document: it, its passages, their words, their place in the tree and the work that
//! follows, in the caller's one transaction.

use oldgrowth_domain::chunking::CHUNK_RULE_VERSION;
use oldgrowth_domain::sealing::is_due;
use oldgrowth_domain::{DocumentId, UnixMs};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::documents::{Document, NewDocument};
use oldgrowth_store::table::jobs::Outcome;
use oldgrowth_store::{DocumentKey, SourceKey, Write};

use super::item::Draft;
use super::supersede::supersede;
use crate::sealing::seal_job;
use crate::{Error, Result};

#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) document: DocumentId,
    pub(crate) key: DocumentKey,
    pub(crate) outcome: Outcome,
    pub(crate) chunks: u32,
}

/// What was known by content came without its passages, but has been superseded since it was read.
pub(crate) struct ReadAgain;

/// Keeps a draft as what is found at this place now.
pub(crate) fn keep(
    w: &Write<'_>,
    source: SourceKey,
    item: &str,
    draft: &Draft,
    now: UnixMs,
) -> Result<std::result::Result<Kept, ReadAgain>> {
    let before = w.document_at(source, item)?;
    let existing = w.live_document_by_content(&draft.sha256)?;
    let (document, is_new) = match existing {
        Some(document) => (document, false),
        None if draft.chunks.is_empty() => return Ok(Err(ReadAgain)),
        None => (insert(w, source, draft, now)?, true),
    };
    w.set_place(source, item, document.key, now)?;
    w.touch_source(source, now)?;
    let moved_on = before.filter(|before| *before != document.key);
    if let Some(old) = moved_on
        && !w.has_place(old)?
    {
        supersede(w, old, document.key, now)?;
    }
    let outcome = match (is_new, moved_on) {
        (_, Some(_)) => Outcome::Changed,
        (true, None) => Outcome::New,
        (false, None) => Outcome::Unchanged,
    };
    let chunks = w.chunk_count_of(document.key)?;
    Ok(Ok(Kept {
        document: document.id,
        key: document.key,
        outcome,
        chunks,
    }))
}

fn insert(w: &Write<'_>, source: SourceKey, draft: &Draft, now: UnixMs) -> Result<Document> {
    let document = w.insert_document(&NewDocument {
        source,
        sha256: draft.sha256.clone(),
        format: draft.format,
        title: draft.title.clone(),
        bytes: draft.bytes,
        happened: draft.happened,
        imported_at: now,
        chunk_rule: CHUNK_RULE_VERSION,
    })?;
    let tree = w.ensure_tree(source)?;
    for (ordinal, chunk) in (0_u32..).zip(&draft.chunks) {
        let (key, tokens) = w.insert_chunk(&document, ordinal, chunk)?;
        w.append_to_buffer(tree, 0, Member::Chunk(key), tokens, now)?;
    }
    if is_due(w.buffer_fill(tree, 0)?, now) {
        w.insert_job(&seal_job(tree, 0), now).map_err(Error::from)?;
    }
    Ok(document)
}
