//! Topics: people, organisations and tags that are named often and lately get a tree of the passages that name them.
//!
//! ```text
//! passages were looked through ─► whom they name is hot ─► a tree, with all that names it ─► cold: it stays as it is
//! ```
//!
//! What names a topic that is hot already comes to its tree at once. A new tree, or one that may be wrong, is brought in
//! step with what names its topic, a page at a time: what is missing comes, what names it no longer
//! goes. So nothing comes twice, whatever ended in between. The person's own addresses are no topic, as no address is one.

use std::collections::BTreeSet;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::hotness::{COLD_MAX, FORGOTTEN_MS, HOT_MIN, hotness};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::entities::Entity;
use oldgrowth_store::table::extraction::Extraction;
use oldgrowth_store::table::topics::Topic;
use oldgrowth_store::table::trees::Branch;
use oldgrowth_store::{ChunkKey, Lane, Read, Write};

use crate::days::take_out;
use crate::engine::Core;
use crate::sealing::ask_for_seal;
use crate::telling::News;
use crate::{Error, Result};

/// Of so many passages it is looked at a time whom they name.
const PAGE_PASSAGES: u32 = 1_000;

/// So many passages come to a topic's tree, or leave it, in one write.
const MOVED_PASSAGES: u32 = 500;

/// So many topics are looked at a time, each once a day, for whether they still are.
const SEEN_TOPICS: u32 = 20;
const SEEN_AGAIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// What of the names of a page is to be known as hot, or hotter.
type Warm = Vec<(Entity, f64)>;

impl Core {
    /// Looks at a page of names, or brings a topic's tree in step. True when there may be more.
    pub(crate) fn grow_topics(&self) -> Result<bool> {
        let stands = self
            .store
            .read(Lane::Background, |r| self.looked_through(r))?;
        let Some(stands) = stands else {
            return Ok(false);
        };
        Ok(self.look_at_names(&stands)? || self.bring_in_step()? || self.look_at_topics()?)
    }

    /// Is there a name to be looked at, or a tree to be brought in step?
    pub(crate) fn has_topics_to_grow(&self, r: &Read<'_>) -> Result<bool> {
        let Some(stands) = self.looked_through(r)? else {
            return Ok(false);
        };
        let before = self.now().plus_ms(-SEEN_AGAIN_MS);
        Ok(r.topics_up_to(&stands)? < stands.up_to
            || !r.changed_topics(1)?.is_empty()
            || !r.hot_topics_seen_before(before, 1)?.is_empty())
    }

    /// How far the passages were looked through, once that is all of them.
    fn looked_through(&self, r: &Read<'_>) -> Result<Option<Extraction>> {
        let Some(extractor) = self.extractor.as_deref() else {
            return Ok(None);
        };
        let stands = r.extraction()?;
        let all = !r.has_to_extract(extractor.id())?;
        Ok(stands.filter(|stands| all && stands.extractor == extractor.id()))
    }

    fn look_at_names(&self, stands: &Extraction) -> Result<bool> {
        let now = self.now();
        let read = self.store.read(Lane::Background, |r| {
            let after = r.topics_up_to(stands)?;
            if after >= stands.up_to {
                return Ok::<_, Error>(None);
            }
            let to = r.stretch_of_chunks(after, stands.up_to, PAGE_PASSAGES)?;
            Ok(Some((after, to, warm(r, after, to, now)?)))
        })?;
        let Some((after, to, warm)) = read else {
            return Ok(false);
        };
        let stands = stands.clone();
        self.store.write_in(Lane::Background, move |w| {
            // Another start of the looking through has come in between, or passages have gone.
            if w.extraction()?.as_ref() != Some(&stands) || w.topics_up_to(&stands)? != after {
                return Ok(());
            }
            if after < ChunkKey::from_payload(0) {
                w.doubt_topics()?;
            }
            let mut trees = BTreeSet::new();
            for (tree, chunk, tokens) in w.to_come_between(after, to)? {
                w.append_to_buffer(tree, 0, Member::Chunk(chunk), tokens, now)?;
                trees.insert(tree);
            }
            for tree in trees {
                ask_for_seal(w, tree, 0, now)?;
            }
            for (entity, hotness) in warm {
                w.warm_topic(&entity, hotness, now)?;
            }
            Ok::<_, Error>(w.note_topics(&stands.extractor, to)?)
        })?;
        self.tell_later(News::Names);
        Ok(true)
    }

    fn bring_in_step(&self) -> Result<bool> {
        let found = self.store.read(Lane::Background, |r| {
            let Some(topic) = r.changed_topics(1)?.pop() else {
                return Ok::<_, Error>(None);
            };
            let strays = r.strays_in_topic(&topic, MOVED_PASSAGES)?;
            let missing = if topic.hot {
                r.missing_in_topic(&topic, MOVED_PASSAGES)?
            } else {
                Vec::new()
            };
            Ok(Some((topic, strays, missing)))
        })?;
        let Some((topic, strays, missing)) = found else {
            return Ok(false);
        };
        let now = self.now();
        self.store.write_in(Lane::Background, move |w| {
            step(w, &topic, &strays, &missing, now)
        })?;
        self.tell_later(News::Names);
        Ok(true)
    }

    /// Those that are hot are looked at once a day, for nobody tells when nothing is said of them.
    fn look_at_topics(&self) -> Result<bool> {
        let now = self.now();
        let seen = self.store.read(Lane::Background, |r| {
            let before = now.plus_ms(-SEEN_AGAIN_MS);
            let mut seen = Vec::new();
            let all_sources = r.source_count()?;
            for topic in r.hot_topics_seen_before(before, SEEN_TOPICS)? {
                let hotness = match r.entity_by_id(&topic.id)? {
                    Some(entity) => hotness_of(r, &entity, all_sources, now)?,
                    None => 0.0,
                };
                seen.push((topic.tree, hotness));
            }
            Ok::<_, Error>(seen)
        })?;
        if seen.is_empty() {
            return Ok(false);
        }
        self.store.write_in(Lane::Background, move |w| {
            for (tree, hotness) in seen {
                w.cool_topic(tree, hotness, hotness >= COLD_MAX, now)?;
            }
            Ok::<_, Error>(())
        })?;
        Ok(true)
    }
}

/// Whom the passages of these keys name and who is hot, and was not before.
fn warm(r: &Read<'_>, after: ChunkKey, to: ChunkKey, now: UnixMs) -> Result<Warm> {
    let mut warm = Vec::new();
    let all_sources = r.source_count()?;
    for entity in r.named_between(after, to)? {
        // What is hot stays so until it is looked at, once a day.
        let is_hot = r.topic(&entity.id)?.is_some_and(|topic| topic.hot);
        if is_hot || could_be(&entity) < HOT_MIN {
            continue;
        }
        let hotness = hotness_of(r, &entity, all_sources, now)?;
        if hotness >= HOT_MIN {
            warm.push((entity, hotness));
        }
    }
    Ok(warm)
}

fn hotness_of(r: &Read<'_>, entity: &Entity, all_sources: u32, now: UnixMs) -> Result<f64> {
    let at = r.named_since(entity.key, now.plus_ms(-FORGOTTEN_MS))?;
    // As if each document were of another source: of a name that is as cold they need not be counted.
    let most = hotness(&at, entity.documents.min(all_sources), now);
    if most < COLD_MAX {
        return Ok(most);
    }
    let sources = u32::try_from(r.sources_naming(entity.key)?.len()).unwrap_or(u32::MAX);
    Ok(hotness(&at, sources, now))
}

/// No more than this, by the figures at the name: most names need not be looked up.
fn could_be(entity: &Entity) -> f64 {
    f64::from(entity.mentions).ln_1p() + 0.5 * f64::from(entity.documents) + 1.0
}

/// Puts into a tree what is missing there, and takes out what names its topic no longer.
fn step(
    w: &Write<'_>,
    topic: &Topic,
    strays: &[ChunkKey],
    missing: &[(ChunkKey, u32)],
    now: UnixMs,
) -> Result<()> {
    let still = w.topic_of_tree(topic.tree)?;
    if still.as_ref() != Some(topic) {
        return Ok(());
    }
    if strays.is_empty() && missing.is_empty() {
        w.set_topic_changed(topic.tree, false)?;
        w.drop_empty_topic(topic.tree)?;
        return Ok(());
    }
    // Both are asked for once more, for another write may have been there since.
    let gone: BTreeSet<ChunkKey> = w
        .strays_in_topic(topic, MOVED_PASSAGES)?
        .into_iter()
        .collect();
    let strays: Vec<ChunkKey> = strays
        .iter()
        .copied()
        .filter(|chunk| gone.contains(chunk))
        .collect();
    take_out(w, Branch::Topic(topic.tree), &strays, now)?;
    if !missing.is_empty() {
        for (chunk, tokens) in w.missing_in_topic(topic, MOVED_PASSAGES)? {
            w.append_to_buffer(topic.tree, 0, Member::Chunk(chunk), tokens, now)?;
        }
    }
    ask_for_seal(w, topic.tree, 0, now)
}
