//! The passages whose vectors are nearest to that of a question.
//!
//! All vectors of a model are looked at, in memory: one piece of bytes, read from the rows when it is first needed and
//! given back when nobody has asked for a while. What is new is read in the snapshot of the search that needs it, for its
//! key is larger than all before. What is gone is met where it would have been an answer: each answer is looked up in the
//! rows, and no key is ever used twice. So an answer is what the rows say, whatever the memory holds.

use std::collections::HashSet;
use std::time::Duration;

use oldgrowth_domain::vectors::nearness;
use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::table::words::Filter;
use oldgrowth_store::{Canceller, ChunkKey, Lane, Read, VectorKey};
use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};

use crate::aside::Deadline;
use crate::embedding::{QuestionVector, WAIT_MAX};
use crate::engine::Core;
use crate::{Engine, Error, Result};

/// So many rows are read at a time, outside of the snapshot of a search: some tens of milliseconds.
const READ_ROWS: u32 = 20_000;

/// Nobody has asked for so long: what is kept in memory is given back.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// So many of the nearest are looked up one by one to see whether they may answer. When too few of them may, what may is
/// asked for as a whole; where no index leads to that, so many are looked up at most.
const ONE_BY_ONE: usize = 1_000;
const ONE_BY_ONE_MAX: usize = 20_000;

/// How the nearness of passages differs is told by so many of them.
const SOME: usize = 4_096;

/// When one of so many is gone, what is left of them is moved together.
const GONE_ONE_OF: usize = 4;

/// A passage, and how near it is: 1 at most, and seldom below 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    pub chunk: ChunkKey,
    pub nearness: f32,
}

/// The nearest, and how near all passages are that have a vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Nearby {
    pub(crate) found: Vec<Nearest>,
    pub(crate) mean: f32,
    /// The standard deviation.
    pub(crate) deviation: f32,
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

    /// The vectors of some rows, taken evenly from all.
    fn some(&self) -> (Vec<i8>, Vec<f32>) {
        let every = self.rows.len().div_ceil(SOME).max(1);
        let vectors = self.components.chunks_exact(self.width.max(1));
        let components = vectors.step_by(every).flatten().copied().collect();
        let scales = self.scales.iter().step_by(every).copied().collect();
        (components, scales)
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
        let deadline = Deadline::after(core, WAIT_MAX);
        let understood = core.question_vector(text, false, deadline, canceller)?;
        let Some(question) = understood.known() else {
            return Ok(None);
        };
        if !core.bring_vectors(&question, deadline.left(core), canceller)? {
            return Ok(None);
        }
        let nearby = core.store.read_until(Lane::Interactive, canceller, |r| {
            core.nearest(r, &question, filter, limit, canceller)
        })?;
        Ok(nearby.map(|nearby| nearby.found))
    }

    /// How many vectors are in memory at this moment.
    pub fn vectors_in_memory(&self) -> usize {
        let kept = self.core().mirror.kept.read();
        kept.as_ref().map_or(0, |kept| kept.rows.len())
    }
}

/// A look through the vectors in memory for those that may answer.
struct Among<'a> {
    r: &'a Read<'a>,
    canceller: &'a Canceller,
    kept: &'a Kept,
    /// The last vector that the snapshot may have.
    last: VectorKey,
    filter: Filter<'a>,
    /// Those that are passed over.
    but: &'a HashSet<ChunkKey>,
    limit: usize,
    found: Vec<Nearest>,
    gone: Vec<VectorKey>,
}

impl Among<'_> {
    fn look(&mut self, mut near: Vec<(f32, u32)>) -> Result<()> {
        let mut rest = near.as_mut_slice();
        let first = self.limit.max(ONE_BY_ONE);
        self.one_by_one(take_nearest(&mut rest, first))?;
        if self.found.len() >= self.limit || rest.is_empty() {
            return Ok(());
        }
        let Some(may) = self.r.all_that_may_answer(self.filter)? else {
            let more = ONE_BY_ONE_MAX.saturating_sub(first);
            return self.one_by_one(take_nearest(&mut rest, more));
        };
        let may: HashSet<ChunkKey> = may.into_iter().collect();
        let mut left = rest.to_vec();
        left.retain(|(_, row)| {
            let row = self.kept.rows.get(*row as usize);
            row.is_some_and(|row| may.contains(&row.chunk))
        });
        let mut rest = left.as_mut_slice();
        while self.found.len() < self.limit && !rest.is_empty() {
            self.one_by_one(take_nearest(&mut rest, self.limit))?;
        }
        Ok(())
    }

    /// Takes what may answer, until there is enough.
    fn one_by_one(&mut self, nearest: &[(f32, u32)]) -> Result<()> {
        for (nearness, row) in nearest {
            if self.found.len() >= self.limit {
                break;
            }
            // Short statements don't ask by themselves.
            if self.canceller.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let Some(row) = self.kept.rows.get(*row as usize) else {
                continue;
            };
            if row.key > self.last || self.but.contains(&row.chunk) {
                continue;
            }
            if !self.r.has_vector(row.key, row.chunk)? {
                self.gone.push(row.key);
            } else if self.r.may_answer(row.chunk, self.filter)? {
                self.found.push(Nearest {
                    chunk: row.chunk,
                    nearness: *nearness,
                });
            }
        }
        Ok(())
    }
}

impl Core {
    /// The passages nearest to a question among those that this snapshot has and that may answer, the nearest first, and
    /// of equals the one that was embedded first. A few rows that are not in memory yet are read in it; None where they
    /// are many, for [`Core::bring_vectors`] is to be called before, and where another file was opened meanwhile.
    pub(crate) fn nearest(
        &self,
        r: &Read<'_>,
        question: &QuestionVector,
        filter: Filter<'_>,
        limit: usize,
        canceller: &Canceller,
    ) -> Result<Option<Nearby>> {
        self.nearest_but(r, question, filter, &HashSet::new(), limit, canceller)
    }

    /// As [`Core::nearest`], without these passages.
    pub(crate) fn nearest_but(
        &self,
        r: &Read<'_>,
        question: &QuestionVector,
        filter: Filter<'_>,
        but: &HashSet<ChunkKey>,
        limit: usize,
        canceller: &Canceller,
    ) -> Result<Option<Nearby>> {
        let opens = self.store.opens();
        let last = r.last_vector()?;
        let Some(kept) = self.in_step(r, question.model(), opens, last)? else {
            return Ok(None);
        };
        let mut among = Among {
            r,
            canceller,
            kept: &kept,
            last,
            filter,
            but,
            limit,
            found: Vec::with_capacity(limit),
            gone: Vec::new(),
        };
        let near = kept.near(question.vector());
        let (mean, deviation) = spread(near.iter().map(|(near, _)| *near));
        among.look(near)?;
        let Among { found, gone, .. } = among;
        drop(kept);
        if self.store.opens() != opens {
            // What is in memory may be of another file than this snapshot.
            return Ok(None);
        }
        if !gone.is_empty()
            && let Some(kept) = &mut *self.mirror.kept.write()
            && kept.is_of(question.model(), opens)
        {
            kept.forget(&gone);
        }
        Ok(Some(Nearby {
            found,
            mean,
            deviation,
        }))
    }

    /// How much the nearness of passages to these differs, on average: the standard deviation, as some of them tell. None
    /// where no vectors of their model are in memory.
    pub(crate) fn usual_deviation(&self, questions: &[QuestionVector]) -> Option<f32> {
        let model = questions.first()?.model();
        let kept = self.mirror.kept.read();
        let kept = kept.as_ref().filter(|kept| kept.model == model)?;
        let (components, scales) = kept.some();
        let deviations = questions.iter().map(|question| {
            let Vector {
                components: to,
                scale,
                ..
            } = question.vector();
            if to.len() != kept.width {
                return 0.0;
            }
            let near = nearness(&components, &scales, to, *scale);
            spread(near).1
        });
        Some(deviations.sum::<f32>() / questions.len() as f32)
    }

    /// Reads vectors into memory, a little at a time: all at once could take longer than a search may. False when they
    /// were not all there in time; who asks again goes on where this ended.
    pub(crate) fn bring_vectors(
        &self,
        question: &QuestionVector,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<bool> {
        let (model, opens) = (question.model(), self.store.opens());
        let begun_at = self.ambient.clock.monotonic();
        self.note_vectors_asked();
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
                return Ok(true);
            }
            if self.queue.is_stopping() {
                return Err(Error::Stopping);
            }
            let taken = self.ambient.clock.monotonic().saturating_sub(begun_at);
            if taken >= patience {
                return Ok(false);
            }
        }
    }

    fn note_vectors_asked(&self) {
        *self.mirror.asked.lock() = Some(self.ambient.clock.monotonic());
    }

    fn has_seen(&self, model: &str, opens: u64, last: VectorKey) -> bool {
        let kept = self.mirror.kept.read();
        kept.as_ref()
            .is_some_and(|kept| kept.is_of(model, opens) && kept.seen >= last)
    }

    /// The vectors in memory, with all that this snapshot has. None where more are missing than a search may read.
    fn in_step<'m>(
        &'m self,
        r: &Read<'_>,
        model: &str,
        opens: u64,
        last: VectorKey,
    ) -> Result<Option<MappedRwLockReadGuard<'m, Kept>>> {
        if !self.has_seen(model, opens, last) {
            let mut kept = self.mirror.kept.write();
            let kept = begun(&mut kept, model, opens);
            // Behind the last row there may be keys of rows that have gone.
            let mut read = || Ok::<_, Error>(kept.seen < last && kept.read_some(r, READ_ROWS)?);
            if read()? && read()? {
                return Ok(None);
            }
            kept.seen = kept.seen.max(last);
        }
        let kept = RwLockReadGuard::try_map(self.mirror.kept.read(), Option::as_ref).ok();
        // Somebody may have put another in its place since.
        Ok(kept.filter(|kept| kept.is_of(model, opens) && kept.seen >= last))
    }

    /// All vectors are others from now on, under keys that go on from the last.
    pub(crate) fn forget_mirror(&self) {
        *self.mirror.kept.write() = None;
    }

    /// Gives the vectors in memory back when nobody has asked for a while.
    pub(crate) fn rest_from_vectors(&self) {
        let now = self.ambient.clock.monotonic();
        let mut asked = self.mirror.asked.lock();
        if asked.is_some_and(|asked| now.saturating_sub(asked) >= IDLE) {
            *asked = None;
            self.forget_mirror();
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

/// The mean and the standard deviation.
fn spread(near: impl IntoIterator<Item = f32>) -> (f32, f32) {
    let start = (0.0, 0.0, 0.0);
    let (many, sum, squares) = near
        .into_iter()
        .map(f64::from)
        .fold(start, |(many, sum, squares), near| {
            (many + 1.0, sum + near, squares + near * near)
        });
    let many = f64::max(many, 1.0);
    let mean = sum / many;
    let variance = (squares / many - mean * mean).max(0.0);
    (mean as f32, variance.sqrt() as f32)
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
