//! Models are asked aside, on threads of their own: nobody waits for one for longer than they want to, and what comes
//! later is there for the next who asks the same.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_store::Canceller;
use parking_lot::{Condvar, Mutex};

use crate::engine::Core;
use crate::{Error, Result};

/// How often it is looked whether whoever waits was called off.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// So many are asked at once; who else asks has no answer.
const AT_ONCE_MAX: usize = 4;

/// So many answers are remembered: who asks for the next page asks the same again.
const REMEMBERED_MAX: usize = 16;

/// Until when somebody waits for models, by the monotonic clock.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    pub(crate) fn after(core: &Core, patience: Duration) -> Self {
        Self(core.ambient.clock.monotonic().saturating_add(patience))
    }

    pub(crate) fn left(self, core: &Core) -> Duration {
        self.0.saturating_sub(core.ambient.clock.monotonic())
    }
}

/// What is asked at this moment, and the last answers. A `Q` that equals another has the same answer.
pub(crate) struct Aside<Q, A> {
    threads: Mutex<Vec<AtWork<Q, A>>>,
    known: Arc<Mutex<VecDeque<(Q, A)>>>,
}

/// A thread that asks, and where it leaves the answer.
type AtWork<Q, A> = (JoinHandle<()>, Arc<Slot<Q, A>>);

/// What came of asking.
#[derive(Debug, PartialEq)]
pub(crate) enum Told<A> {
    Yes(A),
    /// Not in time. Who asks again soon may have it.
    NotYet,
    /// There is none.
    No,
}

/// Where a thread leaves its answer.
struct Slot<Q, A> {
    asked: Q,
    answer: Mutex<Option<Option<A>>>,
    there: Condvar,
    /// It was left, and its thread does no more.
    is_given: AtomicBool,
}

impl<Q, A> Default for Aside<Q, A> {
    fn default() -> Self {
        Self {
            threads: Mutex::default(),
            known: Arc::default(),
        }
    }
}

impl<Q, A> Aside<Q, A>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Clone + Send + 'static,
{
    /// Has a thread of its own ask, unless the answer is known or somebody asks the same, and waits.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn ask(
        &self,
        core: &Core,
        asked: Q,
        deadline: Deadline,
        canceller: &Canceller,
        ask: impl FnOnce(&Q) -> Option<A> + Send + 'static,
    ) -> Result<Told<A>> {
        if let Some(known) = self.known(&asked) {
            return Ok(Told::Yes(known));
        }
        let Some(slot) = self.begin(core, asked, ask) else {
            return Ok(Told::NotYet);
        };
        Ok(match wait_for(&slot, deadline.left(core), canceller)? {
            Some(Some(answer)) => Told::Yes(answer),
            Some(None) => Told::No,
            None => Told::NotYet,
        })
    }

    /// Waits for the threads that ask.
    pub(crate) fn stop(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        join(threads);
    }

    /// The answer, if it is remembered.
    pub(crate) fn known(&self, asked: &Q) -> Option<A> {
        let known = self.known.lock();
        let mut of = known.iter().filter(|(of, _)| of == asked);
        of.next().map(|(_, answer)| answer.clone())
    }

    /// None when no more can be asked.
    fn begin(
        &self,
        core: &Core,
        asked: Q,
        ask: impl FnOnce(&Q) -> Option<A> + Send + 'static,
    ) -> Option<Arc<Slot<Q, A>>> {
        let mut threads = self.threads.lock();
        if core.queue.is_stopping() {
            return None;
        }
        let has_ended = |(thread, slot): &AtWork<Q, A>| {
            slot.is_given.load(Ordering::SeqCst) || thread.is_finished()
        };
        let (ended, at_work): (Vec<_>, Vec<_>) = std::mem::take(&mut *threads)
            .into_iter()
            .partition(has_ended);
        *threads = at_work;
        join(ended);
        // Somebody may have asked just that and not waited.
        if let Some((_, slot)) = threads.iter().find(|(_, slot)| slot.asked == asked) {
            return Some(Arc::clone(slot));
        }
        // Or has left the answer just now.
        let answer = self.known(&asked);
        if answer.is_none() && threads.len() >= AT_ONCE_MAX {
            return None;
        }
        let is_known = answer.is_some();
        let slot = Arc::new(Slot {
            asked,
            answer: Mutex::new(answer.map(Some)),
            there: Condvar::new(),
            is_given: AtomicBool::new(false),
        });
        if is_known {
            return Some(slot);
        }
        let (leaves, known) = (Arc::clone(&slot), Arc::clone(&self.known));
        let body = move || {
            // Whoever waits is answered in any case.
            let answer = catch_unwind(AssertUnwindSafe(|| ask(&leaves.asked)));
            let answer = answer.unwrap_or_else(|_| {
                tracing::error!("a model that was asked aside panicked");
                None
            });
            if let Some(answer) = &answer {
                remember(&known, leaves.asked.clone(), answer.clone());
            }
            leaves.is_given.store(true, Ordering::SeqCst);
            *leaves.answer.lock() = Some(answer);
            leaves.there.notify_all();
        };
        let spawn = &core.ambient.spawn;
        let spawned = spawn.spawn("question".to_owned(), Box::new(body));
        threads.push((spawned.ok()?, Arc::clone(&slot)));
        Some(slot)
    }
}

fn remember<Q, A>(known: &Mutex<VecDeque<(Q, A)>>, asked: Q, answer: A) {
    let mut known = known.lock();
    if known.len() >= REMEMBERED_MAX {
        known.pop_front();
    }
    known.push_back((asked, answer));
}

fn wait_for<Q, A: Clone>(
    slot: &Slot<Q, A>,
    patience: Duration,
    canceller: &Canceller,
) -> Result<Option<Option<A>>> {
    let mut answer = slot.answer.lock();
    let mut waited = Duration::ZERO;
    loop {
        if let Some(answer) = &*answer {
            return Ok(Some(answer.clone()));
        }
        if canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if waited >= patience {
            return Ok(None);
        }
        slot.there.wait_for(&mut answer, LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

fn join<Q, A>(threads: Vec<AtWork<Q, A>>) {
    for (thread, _) in threads {
        if thread.join().is_err() {
            tracing::error!("a thread that asks a model panicked");
        }
    }
}
