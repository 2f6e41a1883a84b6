//! What wakes the workers. A wake-up that is lost loses nothing: the rows are the queue.

use std::collections::HashSet;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::JobKey;
use oldgrowth_store::table::jobs::Lease;
use parking_lot::{Condvar, Mutex};

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Counts wake-ups, so that one between looking and sleeping isn't slept over.
    wakes: u64,
    stopping: bool,
    /// Jobs that a dead process held have been put back; from here on leases are our own.
    recovered: bool,
    /// What the store holds is about to be replaced: nothing new begins.
    still: bool,
    /// A person has paused the work, and when.
    paused: Option<UnixMs>,
    held: HashSet<Lease>,
    /// Workers that may have taken jobs and do not hold them yet.
    claiming: u32,
    /// Jobs that ended in no way, because the store was away when they should have been settled, and
    /// when they may be tried again.
    unsettled: Vec<(Lease, UnixMs)>,
    /// What each worker does at this moment.
    at_work: Vec<AtWork>,
}

/// What a worker does.
#[derive(Clone, Copy)]
pub(crate) struct AtWork {
    pub(crate) job: JobKey,
    pub(crate) since: UnixMs,
    /// How many jobs are done together with it.
    pub(crate) beside: u32,
}

/// A worker does this for as long as it lives.
pub(crate) struct Doing<'q> {
    queue: &'q Queue,
    job: JobKey,
}

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.at_work.retain(|at| at.job != self.job);
    }
}

/// A worker takes jobs for as long as it lives.
pub(crate) struct Claiming<'q> {
    queue: &'q Queue,
}

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        self.queue.state.lock().claiming -= 1;
    }
}

/// While it lives no job begins.
pub(crate) struct Still<'q> {
    queue: &'q Queue,
}

impl Still<'_> {
    /// Nothing that is remembered of the store holds any more: its leases are to be put back first.
    pub(crate) fn forget(&self) {
        let mut state = self.queue.state.lock();
        state.recovered = false;
        state.unsettled.clear();
    }
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        self.queue.state.lock().still = false;
        self.queue.wake();
    }
}

/// What a worker had seen when it decided to sleep.
#[derive(Clone, Copy)]
pub(crate) struct Seen(u64);

impl Queue {
    pub(crate) fn paused_since(paused: Option<UnixMs>) -> Self {
        Self {
            state: Mutex::new(State {
                paused,
                ..State::default()
            }),
            changed: Condvar::new(),
        }
    }

    /// Since when the work is paused by a person, if it is.
    pub(crate) fn paused(&self) -> Option<UnixMs> {
        self.state.lock().paused
    }

    pub(crate) fn set_paused(&self, since: Option<UnixMs>) {
        self.state.lock().paused = since;
        self.wake();
    }

    /// Goes what has not begun back to where it came from?
    pub(crate) fn begins_none(&self) -> bool {
        let state = self.state.lock();
        state.stopping || state.paused.is_some()
    }

    pub(crate) fn wake(&self) {
        self.state.lock().wakes += 1;
        self.changed.notify_all();
    }

    /// May there be something to do by now that was not there?
    pub(crate) fn has_woken_since(&self, seen: Seen) -> bool {
        self.state.lock().wakes != seen.0
    }

    pub(crate) fn stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_recovered(&self) -> bool {
        let state = self.state.lock();
        state.recovered && !state.still
    }

    /// Lets the workers begin. True the first time.
    pub(crate) fn recover(&self) -> bool {
        let first = !std::mem::replace(&mut self.state.lock().recovered, true);
        if first {
            self.wake();
        }
        first
    }

    /// Lets no job begin and waits until none is at work; `None` when that takes too long, or when it
    /// is so already for another. Jobs may begin again when the value is dropped.
    pub(crate) fn hold_still(&self, at_most: Duration) -> Option<Still<'_>> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.still, true) {
            return None;
        }
        self.changed
            .wait_while_for(&mut state, |state| !state.held.is_empty(), at_most);
        let quiet = state.held.is_empty();
        drop(state);
        let still = Still { queue: self };
        quiet.then_some(still)
    }

    pub(crate) fn is_still(&self) -> bool {
        self.state.lock().still
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    /// To be taken before looking for work.
    pub(crate) fn seen(&self) -> Seen {
        Seen(self.state.lock().wakes)
    }

    /// Sleeps until woken since `seen`, stopped, or the time has passed.
    pub(crate) fn sleep(&self, seen: Seen, at_most: Option<Duration>) {
        let mut state = self.state.lock();
        let asleep = |state: &mut State| state.wakes == seen.0 && !state.stopping;
        match at_most {
            Some(at_most) => {
                let _timed_out = self.changed.wait_while_for(&mut state, asleep, at_most);
            }
            None => self.changed.wait_while(&mut state, asleep),
        }
    }

    /// Sleeps until stopped or the time has passed; wake-ups for work are not meant.
    pub(crate) fn pause(&self, at_most: Duration) {
        let mut state = self.state.lock();
        let _timed_out = self
            .changed
            .wait_while_for(&mut state, |state| !state.stopping, at_most);
    }

    /// To be taken before jobs are, so that nobody thinks meanwhile that none is held.
    pub(crate) fn claiming(&self) -> Claiming<'_> {
        self.state.lock().claiming += 1;
        Claiming { queue: self }
    }

    pub(crate) fn hold(&self, leases: impl IntoIterator<Item = Lease>) {
        self.state.lock().held.extend(leases);
    }

    pub(crate) fn release(&self, lease: Lease) {
        self.state.lock().held.remove(&lease);
        self.changed.notify_all();
    }

    pub(crate) fn keep_unsettled(&self, jobs: impl IntoIterator<Item = (Lease, UnixMs)>) {
        self.state.lock().unsettled.extend(jobs);
    }

    pub(crate) fn take_unsettled(&self) -> Vec<(Lease, UnixMs)> {
        std::mem::take(&mut self.state.lock().unsettled)
    }

    /// A worker begins with a job, and with so many others beside it.
    pub(crate) fn doing(&self, job: JobKey, beside: usize, since: UnixMs) -> Doing<'_> {
        let beside = u32::try_from(beside).unwrap_or(u32::MAX);
        self.state
            .lock()
            .at_work
            .push(AtWork { job, since, beside });
        Doing { queue: self, job }
    }

    pub(crate) fn at_work(&self) -> Vec<AtWork> {
        self.state.lock().at_work.clone()
    }

    pub(crate) fn holds_none(&self) -> bool {
        let state = self.state.lock();
        state.held.is_empty() && state.claiming == 0
    }

    pub(crate) fn held(&self) -> Vec<Lease> {
        self.state.lock().held.iter().copied().collect()
    }
}
