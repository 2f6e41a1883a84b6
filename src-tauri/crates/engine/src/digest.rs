//! Digests: a day that is over becomes one summary, and so does a week, a month, a year of those below it.
//!
//! A summary on top of a stretch of days keeps its place and its id for good. What comes later waits beside it in the
//! stretch's tree, and a digest makes the summary anew of what it held and of what waits: a part first, where that is
//! more than one summary takes. Whatever is wider is told in the same write.

use oldgrowth_domain::sealing::{FAN_IN, LEAF_ITEMS_MAX};
use oldgrowth_domain::{NodeId, UnixMs};
use oldgrowth_store::table::buffer_items::{BufferItem, Member};
use oldgrowth_store::table::jobs::{ClaimedJob, JobKind, NewJob, Outcome};
use oldgrowth_store::table::nodes::Summary;
use oldgrowth_store::table::periods::PeriodTree;
use oldgrowth_store::{Lane, Read, TreeKey, Write};

use crate::engine::Core;
use crate::sealing::{Material, TRIES_MAX, queued, remake_job, still_say};
use crate::{Error, Result};

/// The most that one digest sums up. A day with more has parts, as a source has.
const MEMBERS_MAX: usize = LEAF_ITEMS_MAX as usize;

/// No more of what waits is read: it is a part that is made of it then.
const READ_MAX: u32 = 64;

/// A day of which there is no more than this to say is said whole, in characters.
pub(crate) const SAID_WHOLE_CHARS: usize = 240;

#[derive(serde::Serialize, serde::Deserialize)]
struct DigestPayload {
    tree: i64,
    digest: bool,
}

pub(crate) fn digest_job(tree: TreeKey) -> NewJob {
    let payload = DigestPayload {
        tree: tree.get(),
        digest: true,
    };
    queued(
        JobKind::Seal,
        format!("digest:{}", tree.get()),
        serde_json::to_string(&payload),
    )
}

/// The tree that a job is to digest, if it is a digest that it asks for.
pub(crate) fn digested(payload: &str) -> Option<TreeKey> {
    let payload: DigestPayload = serde_json::from_str(payload).ok()?;
    payload.digest.then(|| TreeKey::from_payload(payload.tree))
}

/// What a stretch of days has, as it was when it was read.
struct Gathered {
    row: PeriodTree,
    /// Under its summary.
    held: Vec<Member>,
    /// In its tree.
    waiting: Vec<BufferItem>,
    /// What of both is there, with level and time, the lowest level first and there the oldest.
    all: Vec<Gatherable>,
    /// What waits and was taken by a damage.
    lost: Vec<BufferItem>,
}

#[derive(Clone, Copy)]
struct Gatherable {
    member: Member,
    level: u32,
    at: Option<UnixMs>,
}

impl Core {
    pub(crate) fn digest(&self, job: &ClaimedJob, tree: TreeKey) -> Result<Outcome> {
        for _ in 0..TRIES_MAX {
            let read = self.store.read(Lane::Background, |r| {
                let Some(gathered) = Gathered::read(r, tree)? else {
                    return Ok::<_, Error>(None);
                };
                let chosen = gathered.next();
                let material = Material::read(r, &members(&chosen))?.said_whole();
                Ok(Some((gathered, chosen, material)))
            })?;
            let Some((gathered, chosen, material)) = read.filter(|(read, ..)| read.row.changed)
            else {
                return self.settle(job.lease, Outcome::Nothing);
            };
            let (lease, now) = (job.lease, self.now());
            if gathered.all.is_empty() {
                let gone = self.store.write_in(Lane::Background, move |w| {
                    w.settle_done(lease, Outcome::Nothing, None, None, now)?;
                    gathered.let_go(w, now)
                });
                match gone {
                    Err(Error::Conflict { .. }) => continue,
                    other => return other.map(|()| Outcome::Nothing),
                }
            }
            let summary = self.summarise(&material)?;
            let id = NodeId::random(self.random.bits());
            let kept = self.store.write_in(Lane::Background, move |w| {
                w.settle_done(lease, Outcome::Sealed, None, None, now)?;
                still_say(w, &material.nodes)?;
                gathered.still_stands(w)?;
                if chosen.len() < gathered.all.len() {
                    gathered.keep_part(w, &id, &chosen, &summary, now)
                } else {
                    gathered.keep(w, &id, &chosen, &summary, now)
                }
            });
            match kept {
                Err(Error::Conflict { .. }) => continue,
                other => return other.map(|()| Outcome::Sealed),
            }
        }
        Err(Error::Conflict { tries: TRIES_MAX })
    }
}

fn members(of: &[Gatherable]) -> Vec<Member> {
    of.iter().map(|one| one.member).collect()
}

impl Gathered {
    fn read(r: &Read<'_>, tree: TreeKey) -> Result<Option<Self>> {
        let Some(row) = r.period_of_tree(tree)? else {
            return Ok(None);
        };
        let held = match row.root {
            Some(root) => r.members_of(root)?,
            None => Vec::new(),
        };
        let (mut all, mut waiting, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for member in &held {
            all.extend(Gatherable::read(r, *member)?);
        }
        for item in r.waiting_of_period(tree, READ_MAX)? {
            match Gatherable::read(r, item.member)? {
                Some(found) => {
                    all.push(found);
                    waiting.push(item);
                }
                None => lost.push(item),
            }
        }
        all.sort_by_key(|one| (one.level, one.order()));
        Ok(Some(Self {
            row,
            held,
            waiting,
            all,
            lost,
        }))
    }

    /// What is summed up now: all of it in the order of time, or the lowest and oldest part of it when it is too much.
    fn next(&self) -> Vec<Gatherable> {
        let mut next = self.all.clone();
        if next.len() > MEMBERS_MAX {
            let lowest = next.first().map_or(0, |one| one.level);
            let same = next.iter().filter(|one| one.level == lowest).count();
            let most = if lowest == 0 {
                MEMBERS_MAX
            } else {
                FAN_IN as usize
            };
            // One alone goes along with what is above it.
            let taken = if same > 1 {
                same.min(most)
            } else {
                FAN_IN as usize
            };
            next.truncate(taken);
        }
        next.sort_by_key(|one| one.order());
        next
    }

    /// Does its summary hold what it held when it was read? What waits is asked for when it is taken.
    fn still_stands(&self, w: &Write<'_>) -> Result<()> {
        let now = w.period_of_tree(self.row.tree)?;
        let held = match self.row.root {
            Some(root) => w.members_of(root)?,
            None => Vec::new(),
        };
        let stand = now.is_some_and(|now| now.root == self.row.root) && held == self.held;
        if stand {
            Ok(())
        } else {
            Err(Error::Conflict { tries: 1 })
        }
    }

    /// Puts a part of what is too much under a summary of its own, in the place of that part.
    fn keep_part(
        &self,
        w: &Write<'_>,
        id: &NodeId,
        part: &[Gatherable],
        summary: &Summary,
        now: UnixMs,
    ) -> Result<()> {
        let part_members = members(part);
        self.take_waiting(w, &part_members)?;
        let held: Vec<Member> = self
            .held
            .iter()
            .copied()
            .filter(|member| self.all.iter().any(|one| one.member == *member))
            .filter(|member| !part_members.contains(member))
            .collect();
        let level = level_above(part);
        let from_held = held.len() < self.held.len();
        if let Some(root) = self.row.root.filter(|_| from_held) {
            // Its own place is free before it is taken by the part.
            w.set_members(root, level + 1, &held)?;
        }
        let node = w.insert_node(id, self.row.tree, level, &part_members, summary, now)?;
        match self.row.root.filter(|_| from_held) {
            Some(root) => {
                let mut held = held;
                held.push(Member::Node(node));
                w.set_members(root, level + 1, &held)?;
            }
            None => {
                w.append_to_buffer(
                    self.row.tree,
                    level,
                    Member::Node(node),
                    summary.tokens,
                    now,
                )?;
            }
        }
        w.insert_job(&digest_job(self.row.tree), now)?;
        Ok(())
    }

    fn keep(
        &self,
        w: &Write<'_>,
        id: &NodeId,
        all: &[Gatherable],
        summary: &Summary,
        now: UnixMs,
    ) -> Result<()> {
        let (tree, level) = (self.row.tree, level_above(all));
        let all = members(all);
        self.take_waiting(w, &all)?;
        let wider = match self.row.period.wider() {
            Some(wider) => Some(w.change_period(wider)?),
            None => None,
        };
        let root = match self.row.root {
            Some(root) => {
                w.set_members(root, level, &all)?;
                w.replace_summary(root, summary, now)?;
                root
            }
            None => {
                let root = w.insert_node(id, tree, level, &all, summary, now)?;
                let above = wider.unwrap_or(tree);
                w.append_to_buffer(above, level, Member::Node(root), summary.tokens, now)?;
                root
            }
        };
        // Noted first: a year's own summary is not among what waits in it.
        w.set_period(tree, root, false)?;
        let more = !w.waiting_of_period(tree, 1)?.is_empty();
        Ok(w.set_period(tree, root, more)?)
    }

    /// There is nothing of it any more.
    fn let_go(&self, w: &Write<'_>, now: UnixMs) -> Result<()> {
        self.still_stands(w)?;
        self.take_waiting(w, &[])?;
        if let Some(root) = self.row.root {
            let parent = w.parent_of(Member::Node(root))?;
            w.take_lost_from_node(root)?;
            w.remove_empty_node(root)?;
            if let Some(parent) = parent {
                w.insert_job(&remake_job(parent), now)?;
            }
        }
        Ok(w.drop_empty_period(self.row.tree)?)
    }

    /// Takes these out of what waits, and what waits for nothing.
    fn take_waiting(&self, w: &Write<'_>, members: &[Member]) -> Result<()> {
        for item in &self.lost {
            w.take_from_buffer(item.key)?;
        }
        for item in &self.waiting {
            if members.contains(&item.member) && !w.take_from_buffer(item.key)? {
                return Err(Error::Conflict { tries: 1 });
            }
        }
        Ok(())
    }
}

fn level_above(part: &[Gatherable]) -> u32 {
    part.iter().map(|one| one.level).max().unwrap_or(0) + 1
}

impl Gatherable {
    /// None when a damage has taken it.
    fn read(r: &Read<'_>, member: Member) -> Result<Option<Self>> {
        let found = match member {
            Member::Chunk(key) if r.has_chunk(key)? => Some((0, r.chunk(key)?.happened_at)),
            Member::Chunk(_) => None,
            Member::Node(key) => r
                .node(key)?
                .map(|node| (node.level, node.first_happened_at)),
        };
        Ok(found.map(|(level, at)| Self { member, level, at }))
    }

    /// The oldest first, and of one time in the order in which they were kept.
    fn order(&self) -> (Option<UnixMs>, u32, i64) {
        let key = match self.member {
            Member::Chunk(key) => key.get(),
            Member::Node(key) => key.get(),
        };
        (self.at, self.level, key)
    }
}
