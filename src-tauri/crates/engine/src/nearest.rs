//! The passages whose vectors are nearest to that of a question.
//!
//! All vectors of a model are looked at, in memory: one piece of bytes, read from the rows when it is first needed and
//! given back when nobody has asked for a while. What is new is read in the snapshot of the search that needs it, for its
//! key is larger than all before. What is gone is met where it would have been an answer: each answer is looked up in the
//! rows, and no key is ever used twice. So an answer is what the rows say, whatever the memory holds.

use std::time::Duration;

use oldgrowth_domain::vectors::nearness;
use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::table::words::Filter;
use oldgrowth_store::{Canceller, ChunkKey, Lane, Read, VectorKey};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::embedding::{QuestionVector, WAIT_MAX};
use crate::engine::Core;
use crate::{Engine, Error, Result};

/// So many rows are read at a time, outside of the snapshot of a search: some tens of milliseconds.
const READ_ROWS: u32 = 20_000;

/// Nobody has asked for so long: what is kept in memory is given back.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// When one of so many is gone, what is left of them is moved together.
const GONE_ONE_OF: usize = 4;

/// A passage, and how near it is: 1 at most, and seldom below 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    pub chunk: ChunkKey,
    pub nearness: f32,
}

/// The vectors in memory, and when they were last asked for.
#[derive(Default)]
pub(crate) struct Mirror {
    kept: RwLock<Option<Kept>>,
    asked: Mutex<Option<Duration>>,
}

/// All vectors of one model, in the order of their keys.
struct Kept {
    model: String,
    /// How often the store had been opened: another file may be there since.
    opens: u64,
    /// All keys up to this one were looked at.
    seen: VectorKey,
    /// How many components each has.
    width: usize,
    rows: Vec<Row>,
    scales: Vec<f32>,
    components: Vec<i8>,
    gone: usize,
}

#[derive(Clone, Copy)]
struct Row {
    key: VectorKey,
    chunk: ChunkKey,
    is_gone: bool,
}

impl Kept {
    fn new(model: &str, opens: u64) -> Self {
        Self {
            model: model.to_owned(),
            opens,
            seen: VectorKey::from_payload(0),
            width: 0,
            rows: Vec::new(),
            scales: Vec::new(),
            components: Vec::new(),
            gone: 0,
        }
    }

    fn is_of(&self, model: &str, opens: u64) -> bool {
        self.model == model && self.opens == opens
    }

    /// Reads at most so many rows. False when there are no more.
    fn read_some(&mut self, r: &Read<'_>, limit: u32) -> Result<bool> {
        let (model, after) = (self.model.clone(), self.seen);
        let last = r.each_vector_after(&model, after, limit, |vector| {
            if self.width == 0 {
                self.width = vector.components.len();
            }
            // Another length would be a damage, which the doctor finds.
            if vector.components.len() == self.width {
                make_room(&mut self.components, self.width);
                let bytes = vector.components.iter().map(|byte| byte.cast_signed());
                self.components.extend(bytes);
                self.scales.push(vector.scale);
                self.rows.push(Row {
                    key: vector.key,
                    chunk: vector.chunk,
                    is_gone: false,
                });
            }
        })?;
        if let Some(last) = last {
            self.seen = last;
        }
        Ok(last.is_some())
    }

    fn forget(&mut self, gone: &[VectorKey]) {
        for key in gone {
            if let Ok(at) = self.rows.binary_search_by_key(key, |row| row.key)
                && let Some(row) = self.rows.get_mut(at)
                && !row.is_gone
            {
                row.is_gone = true;
                self.gone += 1;
            }
        }
        if self.gone > self.rows.len() / GONE_ONE_OF {
            self.move_together();
        }
    }

    fn move_together(&mut self) {
        let mut to = 0;
        for from in 0..self.rows.len() {
            let Some(row) = self.rows.get(from).copied().filter(|row| !row.is_gone) else {
                continue;
            };
            let start = from * self.width;
            self.components
                .copy_within(start..start + self.width, to * self.width);
            self.scales.swap(to, from);
            if let Some(slot) = self.rows.get_mut(to) {
                *slot = row;
            }
            to += 1;
        }
        self.rows.truncate(to);
        self.scales.truncate(to);
        self.components.truncate(to * self.width);
        self.gone = 0;
    }

    /// Each row that is not known to be gone, with how near it is.
    fn near(&self, question: &Vector) -> Vec<(f32, u32)> {
        if question.components.len() != self.width {
            return Vec::new();
        }
        let (to, scale) = (&question.components, question.scale);
        let near = nearness(&self.components, &self.scales, to, scale);
        let all = near.into_iter().zip(0_u32..).zip(&self.rows);
        all.filter(|(_, row)| !row.is_gone)
            .map(|(near, _)| near)
            .collect()
    }
}

/// A growing piece takes a quarter more than it holds, and not twice as much.
fn make_room(components: &mut Vec<i8>, width: usize) {
    if components.capacity() - components.len() < width {
        let more = (components.len() / 4).max(width * 1_024);
        components.reserve_exact(more);
    }
}

impl Engine {
    /// The passages nearest to a question, the nearest first. None where there is nobody who embeds it, or not in time:
    /// then words alone find.
    ///
    /// # Errors
    /// Those of the store; [`Error::Cancelled`] when it is called off.
    pub fn nearest_to_question(
        &self,
        text: &str,
        filter: Filter<'_>,
        limit: usize,
        canceller: &Canceller,
    ) -> Result<Option<Vec<Nearest>>> {
        let core = self.core();
        let understood = core.question_vector(text, false, WAIT_MAX, canceller)?;
        let Some(question) = understood.known() else {
            return Ok(None);
        };
        core.bring_vectors(&question, canceller)?;
        let found = core.store.read_until(Lane::Interactive, canceller, |r| {
            core.nearest(r, &question, filter, limit)
        })?;
        Ok(Some(found))
    }

    /// How many vectors are in memory at this moment.
    pub fn vectors_in_memory(&self) -> usize {
        let kept = self.core().mirror.kept.read();
        kept.as_ref().map_or(0, |kept| kept.rows.len())
    }
}

impl Core {
    /// The passages nearest to a question among those that this snapshot has and that may answer, the nearest first, and
    /// of equals the one that was embedded first. Rows that are not in memory yet are read in it, so
    /// [`Core::bring_vectors`] is to be called before.
    pub(crate) fn nearest(
        &self,
        r: &Read<'_>,
        question: &QuestionVector,
        filter: Filter<'_>,
        limit: usize,
    ) -> Result<Vec<Nearest>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let opens = self.store.opens();
        let last = r.last_vector()?;
        let kept = self.in_step(r, question.model(), opens, last)?;
        let mut found = Vec::with_capacity(limit);
        let mut gone = Vec::new();
        if let Some(kept) = &*kept {
            let mut near = kept.near(question.vector());
            let mut rest = near.as_mut_slice();
            // As many as are wanted, and more where too few of them may answer.
            let mut some = limit;
            while found.len() < limit && !rest.is_empty() {
                let nearest = take_nearest(&mut rest, some);
                some = some.saturating_mul(4);
                for (nearness, row) in nearest {
                    let Some(row) = kept.rows.get(*row as usize) else {
                        continue;
                    };
                    if row.key > last {
                        continue;
                    }
                    if !r.has_vector(row.key, row.chunk)? {
                        gone.push(row.key);
                    } else if r.may_answer(row.chunk, filter)? {
                        found.push(Nearest {
                            chunk: row.chunk,
                            nearness: *nearness,
                        });
                        if found.len() == limit {
                            break;
                        }
                    }
                }
            }
        }
        drop(kept);
        if self.store.opens() != opens {
            // What is in memory may be of another file than this snapshot.
            return Err(Error::Conflict { tries: 1 });
        }
        if !gone.is_empty()
            && let Some(kept) = &mut *self.mirror.kept.write()
            && kept.is_of(question.model(), opens)
        {
            kept.forget(&gone);
        }
        Ok(found)
    }

    /// Reads vectors into memory, a little at a time: all at once could take longer than a search may.
    pub(crate) fn bring_vectors(
        &self,
        question: &QuestionVector,
        canceller: &Canceller,
    ) -> Result<()> {
        let (model, opens) = (question.model(), self.store.opens());
        loop {
            let more = self.store.read_until(Lane::Interactive, canceller, |r| {
                let last = r.last_vector()?;
                if self.has_seen(model, opens, last) {
                    return Ok(false);
                }
                let mut kept = self.mirror.kept.write();
                let kept = begun(&mut kept, model, opens);
                Ok::<_, Error>(kept.seen < last && kept.read_some(r, READ_ROWS)?)
            })?;
            if !more {
                return Ok(());
            }
            if self.queue.is_stopping() {
                return Err(Error::Stopping);
            }
        }
    }

    fn has_seen(&self, model: &str, opens: u64, last: VectorKey) -> bool {
        let kept = self.mirror.kept.read();
        kept.as_ref()
            .is_some_and(|kept| kept.is_of(model, opens) && kept.seen >= last)
    }

    /// The vectors in memory, with all that this snapshot has.
    fn in_step<'m>(
        &'m self,
        r: &Read<'_>,
        model: &str,
        opens: u64,
        last: VectorKey,
    ) -> Result<RwLockReadGuard<'m, Option<Kept>>> {
        *self.mirror.asked.lock() = Some(self.ambient.clock.monotonic());
        if self.has_seen(model, opens, last) {
            let kept = self.mirror.kept.read();
            // Nobody has put another in its place since.
            if kept.as_ref().is_some_and(|kept| kept.is_of(model, opens)) {
                return Ok(kept);
            }
        }
        let mut guard = self.mirror.kept.write();
        let kept = begun(&mut guard, model, opens);
        while kept.seen < last && kept.read_some(r, READ_ROWS)? {}
        kept.seen = kept.seen.max(last);
        Ok(RwLockWriteGuard::downgrade(guard))
    }

    /// Gives the vectors in memory back when nobody has asked for a while.
    pub(crate) fn rest_from_vectors(&self) {
        let now = self.ambient.clock.monotonic();
        let mut asked = self.mirror.asked.lock();
        if asked.is_some_and(|asked| now.saturating_sub(asked) >= IDLE) {
            *asked = None;
            *self.mirror.kept.write() = None;
        }
    }
}

/// What is kept of this model and this file; begun where it is of others.
fn begun<'k>(kept: &'k mut Option<Kept>, model: &str, opens: u64) -> &'k mut Kept {
    if !kept.as_ref().is_some_and(|kept| kept.is_of(model, opens)) {
        *kept = None;
    }
    kept.get_or_insert_with(|| Kept::new(model, opens))
}

/// Takes the nearest so many off what is left, in their order.
fn take_nearest<'n>(rest: &mut &'n mut [(f32, u32)], some: usize) -> &'n [(f32, u32)] {
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1));
    let all = std::mem::take(rest);
    let some = some.min(all.len());
    if some < all.len() {
        all.select_nth_unstable_by(some, order);
    }
    let (nearest, left) = all.split_at_mut(some);
    *rest = left;
    nearest.sort_unstable_by(order);
    nearest
}
