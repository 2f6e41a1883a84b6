//! Keeping a document: it, its passages, their words, their place in the tree and the work that
//! follows, in the caller's one transaction.

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::chunking::CHUNK_RULE_VERSION;
use oldgrowth_domain::{DocumentId, UnixMs};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::documents::{Document, NewDocument};
use oldgrowth_store::table::jobs::{Outcome, Reason};
use oldgrowth_store::table::places::Placed;
use oldgrowth_store::{ChunkKey, DocumentKey, SourceKey, Write};

use super::item::Draft;
use super::plan::chats;
use super::supersede::{leave_tree, supersede};
use crate::Result;
use crate::health::counted;
use crate::sealing::ask_for_seal;

#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) document: DocumentId,
    pub(crate) key: DocumentKey,
    pub(crate) title: String,
    pub(crate) outcome: Outcome,
    pub(crate) chunks: u32,
    /// What there is to say of how it was kept.
    pub(crate) note: Option<Reason>,
    /// Passages that [`index`] has yet to enter into the word index.
    unindexed: Vec<ChunkKey>,
}

/// What was known by content came without its passages, but has been superseded since it was read.
pub(crate) struct ReadAgain;

/// Keeps a draft as what is found at this place now. Its words follow by [`index`], in the same
/// transaction.
pub(crate) fn keep(
    w: &Write<'_>,
    source: SourceKey,
    item: &str,
    draft: &Draft,
    now: UnixMs,
) -> Result<std::result::Result<Kept, ReadAgain>> {
    let source = match draft.format.service() {
        Some(_) => at_home(w, draft.format, item, now)?,
        None => source,
    };
    let reclaimed = draft.salvaged && reclaim(w, source, draft, now)?;
    let before = w.placed_at(source, item)?;
    if let Some(before) = before.filter(|before| is_older(draft, before)) {
        w.tag_document(before.document, &draft.tags)?;
        return Ok(Ok(left_as_is(w, before)?));
    }
    let existing = w.live_document_by_content(&draft.sha256)?;
    let is_new = existing.is_none();
    let document = match existing {
        Some(document) => document,
        None if draft.chunks.is_empty() => return Ok(Err(ReadAgain)),
        None => insert(w, source, draft, now)?,
    };
    w.tag_document(document.key, &draft.tags)?;
    let mut unindexed = fill(w, &document, is_new, draft, now)?;
    let filled = unindexed.len();
    if reclaimed || (filled > 0 && !is_new) {
        // The name of its document stands beside its words, and so do its neighbours.
        w.unindex_document(document.key)?;
        let all = w.chunk_lengths(document.key)?;
        unindexed = all.into_iter().map(|(key, _)| key).collect();
    }
    let placed = Placed {
        document: document.key,
        version_at: draft.version_at,
    };
    match before {
        None => w.insert_place(source, item, placed, now)?,
        Some(_) => w.update_place(source, item, placed, now)?,
    }
    w.touch_source(source, now)?;
    let moved_on = before
        .map(|before| before.document)
        .filter(|before| *before != document.key);
    // Nothing is left of it.
    let lost_whole = match moved_on {
        Some(old) => w.document_if_there(old)?.is_none(),
        None => false,
    };
    if let Some(old) = moved_on {
        w.take_over_tags(old, document.key)?;
        if !w.has_place(old)? {
            supersede(w, old, Some(document.key), now)?;
        }
    }
    let outcome = match moved_on {
        Some(_) => Outcome::Changed,
        None if is_new => Outcome::New,
        None if reclaimed || filled > 0 => Outcome::Changed,
        None => Outcome::Unchanged,
    };
    let chunks = match is_new {
        true => super::plan::count(filled),
        false => w.chunk_count_of(document.key)?,
    };
    let note = ((!is_new || lost_whole) && filled > 0).then(|| missing_again(filled as u64));
    Ok(Ok(Kept {
        document: document.id,
        key: document.key,
        title: document.title,
        outcome,
        chunks,
        note,
        unindexed,
    }))
}

fn missing_again(count: u64) -> Reason {
    let words = counted(
        count,
        "passage that had been lost is back",
        "passages that had been lost are back",
    );
    Reason {
        code: "filled".to_owned(),
        words,
    }
}

/// The source of a conversation: its service's. What was kept of it under the folder of an export, as an
/// older version of this program did, moves there whole, as soon as the conversation is found again.
fn at_home(w: &Write<'_>, service: Format, item: &str, now: UnixMs) -> Result<SourceKey> {
    let home = chats(w, service, now)?.key;
    if w.placed_at(home, item)?.is_some() {
        return Ok(home);
    }
    w.move_jobs_of_item(item, home)?;
    if let Some(elsewhere) = w.other_source_of_item(item, home)?
        && let Some(placed) = w.placed_at(elsewhere, item)?
    {
        w.move_place(item, elsewhere, home)?;
        w.move_document(placed.document, home)?;
        leave_tree(w, placed.document, now)?;
        enter_tree(w, home, &w.chunk_lengths(placed.document)?, now)?;
    }
    Ok(home)
}

/// Is it, by its own account, of before what is kept?
fn is_older(draft: &Draft, kept: &Placed) -> bool {
    draft
        .version_at
        .zip(kept.version_at)
        .is_some_and(|(found, kept)| found < kept)
}

fn left_as_is(w: &Write<'_>, kept: Placed) -> Result<Kept> {
    let document = w.document(kept.document)?;
    Ok(Kept {
        document: document.id,
        key: kept.document,
        title: document.title,
        outcome: Outcome::Unchanged,
        chunks: w.chunk_count_of(kept.document)?,
        note: Some(Reason {
            code: "older_version".to_owned(),
            words: "an older version than the one that is kept; that one stays".to_owned(),
        }),
        unindexed: Vec::new(),
    })
}

/// Enters what was kept into the word index. Last of all, so that the index writes out what it
/// gathers once for the whole transaction.
pub(crate) fn index(w: &Write<'_>, kept: &Kept) -> Result<()> {
    // A later item of the same transaction may have replaced it already.
    if kept.unindexed.is_empty() || w.document(kept.key)?.superseded_at.is_some() {
        return Ok(());
    }
    for key in &kept.unindexed {
        w.index_words(*key)?;
    }
    Ok(())
}

/// Recognises a document of which a damage has left no more than its passages. It is in this source from then on,
/// found nowhere yet, and not in the word index.
fn reclaim(w: &Write<'_>, source: SourceKey, draft: &Draft, now: UnixMs) -> Result<bool> {
    let passages = super::plan::count(draft.chunks.len());
    let Some(document) = w.reclaim_document(&new_document(source, draft, now), passages)? else {
        return Ok(false);
    };
    w.remove_places_of(document.key)?;
    w.unindex_document(document.key)?;
    if document.source != source {
        w.move_document(document.key, source)?;
        leave_tree(w, document.key, now)?;
        enter_tree(w, source, &w.chunk_lengths(document.key)?, now)?;
    }
    Ok(true)
}

fn insert(w: &Write<'_>, source: SourceKey, draft: &Draft, now: UnixMs) -> Result<Document> {
    Ok(w.insert_document(&new_document(source, draft, now))?)
}

fn new_document(source: SourceKey, draft: &Draft, now: UnixMs) -> NewDocument {
    NewDocument {
        source,
        sha256: draft.sha256.clone(),
        format: draft.format,
        title: draft.title.clone(),
        bytes: draft.bytes,
        happened: draft.happened,
        imported_at: now,
        chunk_rule: CHUNK_RULE_VERSION,
    }
}

/// Gives a document those passages that it lacks: a new one all, one that a damage has gone through what it took.
/// Answers them.
fn fill(
    w: &Write<'_>,
    document: &Document,
    is_new: bool,
    draft: &Draft,
    now: UnixMs,
) -> Result<Vec<ChunkKey>> {
    if draft.chunks.is_empty() {
        return Ok(Vec::new());
    }
    let there = match is_new {
        true => Vec::new(),
        false => w.chunks_from(document.key, 0, u32::MAX)?,
    };
    // What is there must be what this reading makes of it: the same content may be read by other rules.
    let is_as_read = there.iter().all(|chunk| {
        let read = draft.chunks.get(chunk.ordinal as usize);
        read.is_some_and(|read| read.text == chunk.text)
    });
    if !is_as_read {
        return Ok(Vec::new());
    }
    let mut there = there.iter().map(|chunk| chunk.ordinal).peekable();
    let mut first = Some(w.free_chunk()?);
    let (mut members, mut inserted, mut came_back) = (Vec::new(), Vec::new(), Vec::new());
    for (ordinal, chunk) in (0_u32..).zip(&draft.chunks) {
        if there.next_if_eq(&ordinal).is_none() {
            let (key, tokens) = w.insert_chunk(first.take(), document, ordinal, chunk)?;
            members.push((key, tokens));
            inserted.push(key);
            if !is_new {
                came_back.push(ordinal);
            }
        }
    }
    if !members.is_empty() {
        for ordinal in came_back {
            w.embed_anew_around(document.key, ordinal)?;
        }
        enter_tree(w, document.source, &members, now)?;
    }
    Ok(inserted)
}

/// Passages, with their tokens, wait for a summary in the tree of a source.
pub(crate) fn enter_tree(
    w: &Write<'_>,
    source: SourceKey,
    members: &[(ChunkKey, u32)],
    now: UnixMs,
) -> Result<()> {
    let tree = w.ensure_tree(source)?;
    for (key, tokens) in members {
        w.append_to_buffer(tree, 0, Member::Chunk(*key), *tokens, now)?;
    }
    ask_for_seal(w, tree, 0, now)
}
