//! Sealing: a full buffer becomes a summary, a level up.
//!
//! ```text
//! read the oldest items ─► summarise, no connection held ─► one write: are they all still there?
//!        ▲                                                        │ yes: node, its place above
//!        └────────────── no: again, at most three times ──────────┘
//! ```
//!
//! A seal moves exactly the rows it has read. What came meanwhile stays in the buffer, and asks for
//! a seal of its own. A row whose passage or summary a damage has taken leaves the buffer and goes nowhere.

use std::collections::{BTreeSet, HashMap};

use oldgrowth_domain::sealing::{self, LEAF_TOKENS_MAX, SUMMARY_CHARS_MAX, is_due};
use oldgrowth_domain::{NodeId, UnixMs, text};
use oldgrowth_store::table::buffer_items::{BufferItem, Member};
use oldgrowth_store::table::jobs::{ClaimedJob, JobKind, Lease, NewJob, Outcome};
use oldgrowth_store::table::nodes::{Span, Summary};
use oldgrowth_store::{ChunkKey, Lane, NodeKey, Read, TreeKey, Write};
use serde::{Deserialize, Serialize};

use crate::digest::{SAID_WHOLE_CHARS, digested};
use crate::engine::Core;
use crate::ports::{Fallback, Summarised, Unit};
use crate::{Error, Result};

/// How often a seal starts over because its rows have changed meanwhile.
pub(crate) const TRIES_MAX: u32 = 3;

/// So many summaries at a time are queued to be made anew, once the model answers again.
const REMAKES_MAX: u32 = 100;

/// A summariser that does not do as it is told.
const UNFIT: Error = Error::Model {
    code: "unfit_summary",
    retry_in: None,
};

/// What is known of summaries that another model made than the one that was to make them.
#[derive(Default)]
pub(crate) struct Degraded {
    /// There is none that nobody is asked for.
    none_left: bool,
    /// Some were made since the start.
    any: bool,
    /// The model that is to make them answers.
    answers: bool,
    /// Those that it was asked for once more, and could do nothing with. They are left alone until another is chosen, or
    /// the program starts anew.
    in_vain: BTreeSet<NodeKey>,
    /// By its host and name, if one is chosen.
    model: Option<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct SealPayload {
    tree: i64,
    level: u32,
}

#[derive(Serialize, Deserialize)]
struct RemakePayload {
    node: i64,
}

pub(crate) fn seal_job(tree: TreeKey, level: u32) -> NewJob {
    let payload = SealPayload {
        tree: tree.get(),
        level,
    };
    queued(
        JobKind::Seal,
        format!("seal:{}:{level}", tree.get()),
        serde_json::to_string(&payload),
    )
}

pub(crate) fn remake_job(node: NodeKey) -> NewJob {
    let payload = RemakePayload { node: node.get() };
    queued(
        JobKind::Remake,
        format!("remake:{}", node.get()),
        serde_json::to_string(&payload),
    )
}

pub(crate) fn queued(
    kind: JobKind,
    dedupe_key: String,
    payload: serde_json::Result<String>,
) -> NewJob {
    NewJob {
        kind,
        batch: None,
        source: None,
        item: None,
        dedupe_key: Some(dedupe_key),
        payload: payload.unwrap_or_default(),
        bytes: 0,
    }
}

impl Core {
    pub(crate) fn seal(&self, job: &ClaimedJob) -> Result<Outcome> {
        if let Some(tree) = digested(&job.payload) {
            return self.digest(job, tree);
        }
        let Ok(SealPayload { tree, level }) = serde_json::from_str(&job.payload) else {
            return self.settle(job.lease, Outcome::Nothing);
        };
        let tree = TreeKey::from_payload(tree);
        for _ in 0..TRIES_MAX {
            let now = self.now();
            let read = self.store.read(Lane::Background, |r| {
                let fill = r.buffer_fill(tree, level)?;
                if !is_due(fill, now) {
                    return Ok::<_, Error>(None);
                }
                let items = front(r, tree, level)?;
                let members: Vec<Member> = items.iter().map(|item| item.member).collect();
                Ok(Some((items, Material::read(r, &members)?.about(r, tree)?)))
            })?;
            let Some((items, material)) = read else {
                return self.settle(job.lease, Outcome::Nothing);
            };
            let summary = self.summarise(&material)?;
            let Material { nodes, members, .. } = material;
            let id = NodeId::random(self.random.bits());
            let lease = job.lease;
            let sealed = self.store.write_in(Lane::Background, move |w| {
                w.settle_done(lease, Outcome::Sealed, None, None, now)?;
                still_say(w, &nodes)?;
                for item in &items {
                    if !w.take_from_buffer(item.key)? {
                        return Err(Error::Conflict { tries: 1 });
                    }
                }
                move_up(w, &id, tree, level, &members, &summary, now)
            });
            match sealed {
                Err(Error::Conflict { .. }) => continue,
                other => return other.map(|()| Outcome::Sealed),
            }
        }
        Err(Error::Conflict { tries: TRIES_MAX })
    }

    /// Summarises a node anew from what is under it now.
    pub(crate) fn remake(&self, job: &ClaimedJob) -> Result<Outcome> {
        let Ok(RemakePayload { node }) = serde_json::from_str(&job.payload) else {
            return self.settle(job.lease, Outcome::Nothing);
        };
        self.remake_node(NodeKey::from_payload(node), Some(job.lease))
    }

    /// As a job's work, or as nobody's.
    pub(crate) fn remake_node(&self, node: NodeKey, lease: Option<Lease>) -> Result<Outcome> {
        for _ in 0..TRIES_MAX {
            let read = self.store.read(Lane::Background, |r| {
                let members = r.members_of(node)?;
                let material = Material::read(r, &members)?;
                let spans = r.spans_of(node)?;
                let is_days = r.period_of_root(node)?.is_some();
                let material = if is_days {
                    material.said_whole()
                } else {
                    material
                };
                let Some(before) = r.node(node)? else {
                    return Ok::<_, Error>(None);
                };
                let material = material.about(r, before.tree)?;
                Ok(Some((before, spans, members, material)))
            })?;
            let nothing = || match lease {
                Some(lease) => self.settle(lease, Outcome::Nothing),
                None => Ok(Outcome::Nothing),
            };
            let Some((before, spans, members, material)) = read else {
                return nothing();
            };
            let lost = material.members.len() < members.len();
            let summary = if material.members.is_empty() {
                None
            } else {
                let (summary, fallback) = self.summarise_by(&material)?;
                self.note_remade(node, fallback);
                Some(summary)
            };
            let is_as_before = |made: &Summary| {
                (made.degraded, &made.text, made.passages)
                    == (before.degraded, &before.text, before.passages)
                    && made.degraded
                    && made.spans == spans
                    && !lost
            };
            if summary.as_ref().is_some_and(is_as_before) {
                // The model is still away, and those above need not hear of it.
                return nothing();
            }
            let now = self.now();
            let remade = self.store.write_in(Lane::Background, move |w| {
                if let Some(lease) = lease {
                    w.settle_done(lease, Outcome::Sealed, None, None, now)?;
                }
                if w.members_of(node)? != members {
                    return Err(Error::Conflict { tries: 1 });
                }
                if lost {
                    w.take_lost_from_node(node)?;
                }
                let parent = w.parent_of(Member::Node(node))?;
                match summary {
                    Some(summary) => w.replace_summary(node, &summary, now)?,
                    None => w.remove_empty_node(node)?,
                }
                if let Some(parent) = parent {
                    w.insert_job(&remake_job(parent), now)?;
                }
                Ok(())
            });
            match remade {
                Err(Error::Conflict { .. }) => continue,
                other => return other.map(|()| Outcome::Sealed),
            }
        }
        Err(Error::Conflict { tries: TRIES_MAX })
    }

    /// Queues summaries to be made anew that were made while the model was away: one, to see whether it is back, and
    /// many once it is.
    pub(crate) fn remake_degraded(&self) -> Result<()> {
        let model = self.models.as_ref().and_then(|models| models.seen().chosen);
        let model = model.map(|model| (model.host, model.model));
        let (limit, in_vain) = {
            let mut degraded = self.degraded.lock();
            if degraded.model != model {
                degraded.model = model;
                degraded.in_vain.clear();
                degraded.none_left = false;
            }
            if degraded.none_left || !self.has_workers {
                return Ok(());
            }
            let limit = if degraded.answers { REMAKES_MAX } else { 1 };
            (limit, degraded.in_vain.clone())
        };
        if self
            .models
            .as_ref()
            .is_some_and(|models| !models.may_summarise())
        {
            return Ok(());
        }
        // Before it is looked: one whose making ends meanwhile is one that is left.
        self.degraded.lock().none_left = true;
        let also = u32::try_from(in_vain.len()).unwrap_or(u32::MAX);
        let found = self.store.read(Lane::Background, |r| {
            let mut nodes = r.degraded_nodes(limit.saturating_add(also))?;
            nodes.retain(|node| !in_vain.contains(node));
            nodes.truncate(limit as usize);
            Ok::<_, Error>(nodes)
        });
        let nodes = match found {
            Ok(nodes) if nodes.is_empty() => return Ok(()),
            found => {
                self.degraded.lock().none_left = false;
                found?
            }
        };
        let now = self.now();
        self.store.write(move |w| {
            for node in nodes {
                w.insert_job(&remake_job(node), now)?;
            }
            Ok::<_, Error>(())
        })?;
        self.queue.wake();
        Ok(())
    }

    /// To be called when the making of summaries has ended: one that is not written down yet, or whose job still
    /// runs, is not found by who looks.
    pub(crate) fn summaries_were_made(&self) {
        let mut degraded = self.degraded.lock();
        degraded.none_left &= !degraded.any;
    }

    fn note_remade(&self, node: NodeKey, fallback: Fallback) {
        let mut degraded = self.degraded.lock();
        if fallback == Fallback::CantDo {
            degraded.in_vain.insert(node);
        } else {
            degraded.in_vain.remove(&node);
        }
    }

    /// The store may be another one.
    pub(crate) fn look_for_degraded(&self) {
        let mut degraded = self.degraded.lock();
        degraded.none_left = false;
        degraded.in_vain.clear();
    }

    fn note_degraded(&self, fallback: Fallback) {
        let has_turned = {
            let mut degraded = self.degraded.lock();
            degraded.any |= fallback != Fallback::None;
            let answers = fallback != Fallback::Away;
            std::mem::replace(&mut degraded.answers, answers) != answers
        };
        if has_turned && self.models.is_some() {
            self.look_at_models();
            self.tell_changes();
        }
    }

    pub(crate) fn settle(&self, lease: Lease, outcome: Outcome) -> Result<Outcome> {
        let now = self.now();
        self.store
            .write(move |w| Ok::<_, Error>(w.settle_done(lease, outcome, None, None, now)?))?;
        Ok(outcome)
    }

    pub(crate) fn summarise(&self, material: &Material) -> Result<Summary> {
        self.summarise_by(material).map(|(summary, _)| summary)
    }

    fn summarise_by(&self, material: &Material) -> Result<(Summary, Fallback)> {
        crate::ports::no_connection_held()?;
        if let ([_], [only]) = (material.members.as_slice(), material.nodes.as_slice()) {
            return Ok((material.as_said_by(only), Fallback::None));
        }
        let budget = material.budget();
        let Summarised {
            chosen,
            by,
            fallback,
        } = self.summariser.summarise(&material.units, budget)?;
        self.note_degraded(fallback);
        let mut text = String::new();
        let mut spans = Vec::new();
        for number in chosen {
            let unit = material.units.get(number).zip(material.origins.get(number));
            let (unit, origin) = unit.ok_or(UNFIT)?;
            if !text.is_empty() {
                text.push('\n');
            }
            let start = text.len();
            // A line each.
            text.extend(unit.text.chars().map(|c| if c == '\n' { ' ' } else { c }));
            spans.push(Span {
                text: start..text.len(),
                chunk: origin.chunk,
                source: origin.range.clone(),
            });
        }
        if text.chars().count() > budget || (text.is_empty() && !material.units.is_empty()) {
            return Err(UNFIT);
        }
        let summary = Summary {
            tokens: text::tokens(&text),
            text,
            passages: material.passages,
            first_happened_at: material.first_happened_at,
            last_happened_at: material.last_happened_at,
            summariser: by,
            degraded: fallback != Fallback::None,
            spans,
        };
        Ok((summary, fallback))
    }
}

/// What a summary is made from, each unit with the words of a passage it goes back to.
pub(crate) struct Material {
    /// Those that are there.
    pub(crate) members: Vec<Member>,
    units: Vec<Unit>,
    origins: Vec<Origin>,
    pub(crate) nodes: Vec<ReadNode>,
    passages: u32,
    first_happened_at: Option<UnixMs>,
    last_happened_at: Option<UnixMs>,
    /// Of all that is there.
    chars: usize,
    /// No more than so many characters are not made shorter.
    said_whole_chars: usize,
}

/// A summary as it was when it was read.
pub(crate) struct ReadNode {
    key: NodeKey,
    text: String,
    spans: Vec<Span>,
    summariser: String,
    degraded: bool,
}

struct Origin {
    chunk: ChunkKey,
    range: std::ops::Range<usize>,
}

impl Material {
    pub(crate) fn read(r: &Read<'_>, members: &[Member]) -> Result<Self> {
        let mut material = Self {
            members: Vec::new(),
            units: Vec::new(),
            origins: Vec::new(),
            nodes: Vec::new(),
            passages: 0,
            first_happened_at: None,
            last_happened_at: None,
            chars: 0,
            said_whole_chars: 0,
        };
        let mut groups = HashMap::new();
        for member in members {
            let is_there = match member {
                Member::Chunk(key) => material.add_chunk(r, *key, &mut groups)?,
                Member::Node(key) => material.add_node(r, *key)?,
            };
            if is_there {
                material.members.push(*member);
            }
        }
        let units = material.units.iter();
        material.chars = units.map(|unit| unit.text.chars().count()).sum();
        Ok(material)
    }

    /// Of what a topic's tree holds, the sentences that name the topic, and the one after each: passages speak of other
    /// things too. All of it for other trees, and where nothing names the topic any more.
    pub(crate) fn about(mut self, r: &Read<'_>, tree: TreeKey) -> Result<Self> {
        let Some(topic) = r.topic_of_tree(tree)? else {
            return Ok(self);
        };
        let Some(entity) = r.entity_by_id(&topic.id)? else {
            return Ok(self);
        };
        let mut named_before = None;
        let mut about = Vec::with_capacity(self.origins.len());
        for Origin { chunk, range } in &self.origins {
            let mentions = r.mentions_in(entity.key, *chunk)?;
            let names = mentions
                .iter()
                .any(|named| named.start < range.end && range.start < named.end);
            about.push(names || named_before == Some(*chunk));
            named_before = names.then_some(*chunk);
        }
        if about.contains(&true) {
            let mut kept = about.iter();
            self.units.retain(|_| kept.next() == Some(&true));
            let mut kept = about.iter();
            self.origins.retain(|_| kept.next() == Some(&true));
        }
        Ok(self)
    }

    /// For a stretch of days.
    pub(crate) fn said_whole(self) -> Self {
        Self {
            said_whole_chars: SAID_WHOLE_CHARS,
            ..self
        }
    }

    /// How long a summary of it may be, in characters. Shorter than what it summarises, always, but for a day of which
    /// there is little to say, and for what is no more than one sentence.
    fn budget(&self) -> usize {
        let whole = (self.chars + self.units.len()).min(self.said_whole_chars);
        let shortest = self
            .units
            .iter()
            .map(|unit| unit.text.chars().count())
            .min();
        let budget = SUMMARY_CHARS_MAX.min(whole.max(self.chars / 2));
        budget.max(shortest.unwrap_or_default())
    }

    /// What there is is one summary, and another could only repeat it.
    fn as_said_by(&self, only: &ReadNode) -> Summary {
        Summary {
            text: only.text.clone(),
            tokens: text::tokens(&only.text),
            passages: self.passages,
            first_happened_at: self.first_happened_at,
            last_happened_at: self.last_happened_at,
            summariser: only.summariser.clone(),
            degraded: only.degraded,
            spans: only.spans.clone(),
        }
    }

    fn add_chunk(
        &mut self,
        r: &Read<'_>,
        key: ChunkKey,
        groups: &mut HashMap<i64, usize>,
    ) -> Result<bool> {
        let Some(chunk) = r.chunk_if_there(key)? else {
            return Ok(false);
        };
        // Passages of one document are one voice: the summariser spreads over groups.
        let next = groups.len();
        let group = *groups.entry(chunk.document.get()).or_insert(next);
        for range in text::sentences(&chunk.text) {
            if let Some(sentence) = chunk.text.get(range.clone()) {
                self.units.push(Unit {
                    text: sentence.to_owned(),
                    group,
                });
                self.origins.push(Origin { chunk: key, range });
            }
        }
        self.passages += 1;
        self.widen(chunk.happened_at, chunk.happened_at);
        Ok(true)
    }

    fn add_node(&mut self, r: &Read<'_>, key: NodeKey) -> Result<bool> {
        let Some(node) = r.node(key)? else {
            return Ok(false);
        };
        let group = self.units.last().map_or(0, |unit| unit.group + 1);
        let spans = r.spans_of(key)?;
        for span in &spans {
            if let Some(sentence) = node.text.get(span.text.clone())
                && r.has_chunk(span.chunk)?
            {
                self.units.push(Unit {
                    text: sentence.to_owned(),
                    group,
                });
                self.origins.push(Origin {
                    chunk: span.chunk,
                    range: span.source.clone(),
                });
            }
        }
        self.passages += node.passages;
        self.widen(node.first_happened_at, node.last_happened_at);
        self.nodes.push(ReadNode {
            key,
            text: node.text,
            spans,
            summariser: node.summariser,
            degraded: node.degraded,
        });
        Ok(true)
    }

    fn widen(&mut self, first: Option<UnixMs>, last: Option<UnixMs>) {
        self.first_happened_at = [self.first_happened_at, first].into_iter().flatten().min();
        self.last_happened_at = [self.last_happened_at, last].into_iter().flatten().max();
    }
}

/// The oldest items, as many as one summary takes.
fn front(r: &Read<'_>, tree: TreeKey, level: u32) -> Result<Vec<BufferItem>> {
    let mut items = r.buffer_front(tree, level, sealing::take(level))?;
    if level == 0 {
        let mut tokens = 0_u32;
        let mut taken = 0;
        for item in &items {
            if let Member::Chunk(key) = item.member
                && let Some(chunk) = r.chunk_if_there(key)?
            {
                tokens = tokens.saturating_add(chunk.tokens);
            }
            taken += 1;
            if tokens >= LEAF_TOKENS_MAX && taken >= 2 {
                break;
            }
        }
        items.truncate(taken);
    }
    Ok(items)
}

/// A summary that was made anew since it was read has told nobody above, for there was nobody yet.
pub(crate) fn still_say(r: &Read<'_>, nodes: &[ReadNode]) -> Result<()> {
    for node in nodes {
        let text = r.node(node.key)?.map(|now| now.text);
        if text.as_ref() != Some(&node.text) || r.spans_of(node.key)? != node.spans {
            return Err(Error::Conflict { tries: 1 });
        }
    }
    Ok(())
}

/// Puts what was in a buffer under a node, and the node into the buffer above.
fn move_up(
    w: &Write<'_>,
    id: &NodeId,
    tree: TreeKey,
    level: u32,
    members: &[Member],
    summary: &Summary,
    now: UnixMs,
) -> Result<()> {
    if !members.is_empty() {
        let node = w.insert_node(id, tree, level + 1, members, summary, now)?;
        w.append_to_buffer(tree, level + 1, Member::Node(node), summary.tokens, now)?;
    }
    for level in [level, level + 1] {
        ask_for_seal(w, tree, level, now)?;
    }
    Ok(())
}

/// Queues the sealing of a buffer that has enough.
pub(crate) fn ask_for_seal(w: &Write<'_>, tree: TreeKey, level: u32, now: UnixMs) -> Result<()> {
    if is_due(w.buffer_fill(tree, level)?, now) {
        w.insert_job(&seal_job(tree, level), now)?;
    }
    Ok(())
}
