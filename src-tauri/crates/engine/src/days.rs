//! Puts passages to the days on which what they tell of happened, by the person's clock, and has the days that are
//! over summed up: a page at a time, while nothing else is to be done.
//!
//! ```text
//! passage ─► waits in its day's tree ─► the day is over: digest ─► week ─► month ─► year
//! ```
//!
//! How far it has come is a row of the store that moves in the write that puts passages to their days. So the days of a
//! memory that never had any, late imports and another clock are all the same to it. A passage without a date belongs to
//! no day.

use std::collections::BTreeSet;

use oldgrowth_domain::calendar::{Day, Period, Rank, zone_name};
use oldgrowth_domain::{TimeZone, UnixMs, text};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::nodes::Span;
use oldgrowth_store::table::trees::Branch;
use oldgrowth_store::{ChunkKey, DocumentKey, Lane, NodeKey, Read, Write};

use crate::digest::digest_job;
use crate::engine::Core;
use crate::sealing::{ask_for_seal, remake_job};
use crate::{Engine, Error, Result};

/// So many passages are put to their days in one write.
const PAGE_PASSAGES: u32 = 500;

/// So many days, weeks, months or years are asked to be summed up at a time: as soon as they are, the next.
const ASKED_MAX: u32 = 8;

/// How soon to look again whether all is done.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);

impl Engine {
    /// Waits until every passage is at its day, every day that is over is summed up, and so is what was looked through
    /// for topics. False when it was told to wait
    /// no longer, and when nobody does it: nothing is set up to, or the work is paused.
    ///
    /// # Errors
    /// Those of the store.
    pub fn wait_until_grown(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        let core = self.core();
        loop {
            let seen = core.queue.seen();
            if !core.gathers_days {
                return Ok(false);
            }
            // In one look: a job that is asked for in between would be missed by both questions.
            let any = core.store.read(Lane::Interactive, |r| {
                Ok::<_, Error>(r.has_live_jobs()? || core.has_to_grow(r)?)
            })?;
            if !any && core.queue.holds_none() {
                return Ok(true);
            }
            // What waits for a person can wait for ever.
            if let Some(refused) = core.store.writing_refused() {
                return Err(refused.into());
            }
            let stands = core.pause().is_some() || core.queue.is_stopping() || !core.has_workers;
            if stands || !keep_waiting() {
                return Ok(false);
            }
            core.queue.sleep(seen, Some(LOOK_AGAIN));
        }
    }
}

impl Core {
    /// Puts a page of passages to their days, asks for some days to be summed up, or sees to topics, if nothing else is
    /// to be done.
    /// True when there may be more.
    pub(crate) fn grow_some(&self) -> Result<bool> {
        if !self.gathers_days {
            return Ok(false);
        }
        let Some(_turn) = self.growing.try_lock() else {
            return Ok(false);
        };
        if !self.has_nothing_else_to_do() {
            return Ok(false);
        }
        Ok(self.sort_some()? || self.ask_for_digests()? || self.grow_topics()?)
    }

    /// Is there a passage to be put to its day, a day to be summed up, or a topic to be seen to?
    pub(crate) fn is_to_grow(&self) -> Result<bool> {
        if !self.gathers_days {
            return Ok(false);
        }
        self.store.read(Lane::Background, |r| self.has_to_grow(r))
    }

    fn has_to_grow(&self, r: &Read<'_>) -> Result<bool> {
        let (zone, today) = self.zone_and_today();
        Ok(
            r.has_to_sort(&zone_name(&zone))?
                || has_due(r, today)?
                || self.has_topics_to_grow(r)?,
        )
    }

    fn zone_and_today(&self) -> (TimeZone, Option<Day>) {
        let zone = self.zone();
        let today = today(self.now(), &zone);
        (zone, today)
    }

    fn sort_some(&self) -> Result<bool> {
        let (zone, _) = self.zone_and_today();
        let name = zone_name(&zone);
        let any = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.has_to_sort(&name)?))?;
        if any {
            let now = self.now();
            self.store
                .write_in(Lane::Background, move |w| sort_page(w, &zone, now))?;
        }
        Ok(any)
    }

    fn ask_for_digests(&self) -> Result<bool> {
        let (_, today) = self.zone_and_today();
        let Some(today) = today else { return Ok(false) };
        let due = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.periods_due(today, ASKED_MAX)?)
        })?;
        if due.is_empty() {
            return Ok(false);
        }
        let now = self.now();
        self.store.write_in(Lane::Background, move |w| {
            for tree in due {
                w.insert_job(&digest_job(tree), now)?;
            }
            Ok::<_, Error>(())
        })?;
        self.queue.wake();
        Ok(true)
    }
}

fn has_due(r: &Read<'_>, today: Option<Day>) -> Result<bool> {
    Ok(match today {
        Some(today) => r.has_periods_due(today)?,
        None => false,
    })
}

/// The day that is not over. An instant of midnight is one here, and no day whose hour nobody stated.
fn today(now: UnixMs, zone: &TimeZone) -> Option<Day> {
    // One more where it is of midnight in UTC, and none of midnight elsewhere.
    Day::of(UnixMs(now.0 | 1), zone)
}

fn sort_page(w: &Write<'_>, zone: &TimeZone, now: UnixMs) -> Result<()> {
    let name = zone_name(zone);
    let page = w.to_sort(&name, PAGE_PASSAGES)?;
    let mut trees = BTreeSet::new();
    for one in &page {
        let day = one.happened_at.and_then(|at| Day::of(at, zone));
        let period = day.and_then(|day| Period::of(Rank::Day, day));
        if one.day == period.map(|period| period.first) {
            continue;
        }
        if one.day.is_some() {
            take_out(w, Branch::Days, &[one.chunk], now)?;
        }
        if let Some(period) = period {
            let tree = w.change_period(period)?;
            w.append_to_buffer(tree, 0, Member::Chunk(one.chunk), one.tokens, now)?;
            trees.insert(tree);
        }
    }
    for tree in trees {
        ask_for_seal(w, tree, 0, now)?;
    }
    if let Some(last) = page.last() {
        w.note_sorted(&name, last.chunk)?;
    }
    Ok(())
}

/// Takes a document's passages out of the days and the topics.
pub(crate) fn leave_branches(w: &Write<'_>, document: DocumentKey, now: UnixMs) -> Result<()> {
    let chunks = w.chunk_keys(document)?;
    let mut topics = BTreeSet::new();
    for chunk in &chunks {
        topics.extend(w.topics_with(*chunk)?);
    }
    take_out(w, Branch::Days, &chunks, now)?;
    take_out(w, Branch::Topics, &chunks, now)?;
    for topic in topics {
        // Of which nothing may be left.
        w.set_topic_changed(topic, true)?;
    }
    Ok(())
}

/// Takes passages out of a branch. What quoted them says it no longer from here on, and is made anew; what held nothing
/// else goes, and so does what held nothing but that.
pub(crate) fn take_out(
    w: &Write<'_>,
    branch: Branch,
    chunks: &[ChunkKey],
    now: UnixMs,
) -> Result<()> {
    let gone: BTreeSet<ChunkKey> = chunks.iter().copied().collect();
    let mut touched: BTreeSet<(u32, NodeKey)> = BTreeSet::new();
    for chunk in &gone {
        for tree in w.take_chunk_from_buffers(*chunk, branch)? {
            // A day that is not over would stay for as long.
            w.drop_empty_period(tree)?;
        }
        touched.extend(w.nodes_with(*chunk, branch)?);
        w.take_chunk_from_nodes(*chunk, branch)?;
    }
    // From the leaves up: what goes is under what comes after it.
    while let Some((_, node)) = touched.pop_first() {
        let parent = w.parent_of(Member::Node(node))?;
        if w.member_count(node)? > 0 {
            cut(w, node, &gone)?;
            w.insert_job(&remake_job(node), now)?;
            continue;
        }
        w.remove_empty_node(node)?;
        if let Some(parent) = parent.map(|key| w.node(key)).transpose()?.flatten() {
            touched.insert((parent.level, parent.key));
        }
    }
    Ok(())
}

/// Leaves those sentences of a summary that come from other passages.
fn cut(w: &Write<'_>, node: NodeKey, gone: &BTreeSet<ChunkKey>) -> Result<()> {
    let Some(before) = w.node(node)? else {
        return Ok(());
    };
    let (mut said, mut spans) = (String::new(), Vec::new());
    for span in w.spans_of(node)? {
        let Some(sentence) = before.text.get(span.text.clone()) else {
            continue;
        };
        if gone.contains(&span.chunk) {
            continue;
        }
        if !said.is_empty() {
            said.push('\n');
        }
        let start = said.len();
        said.push_str(sentence);
        spans.push(Span {
            text: start..said.len(),
            ..span
        });
    }
    w.cut_summary(node, &said, text::tokens(&said), &spans)?;
    Ok(())
}
