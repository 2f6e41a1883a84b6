//! The line in front of the writer: bounded, in two lanes, and empty of wake-ups while nothing is in
//! it.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::file::Lane;
use crate::ticket::Job;

/// In each lane, so that a full background never keeps a person out.
pub(crate) const JOBS_WAITING_MAX: usize = 256;
/// Jobs committed together.
pub(crate) const BATCH_JOBS_MAX: usize = 32;
/// How long a caller waits for room before it is told `Overloaded`.
const ROOM_WAIT: Duration = Duration::from_secs(5);

pub(crate) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
    drained: Condvar,
}

#[derive(Default)]
struct Inner {
    interactive: VecDeque<Box<dyn Job>>,
    background: VecDeque<Box<dyn Job>>,
    nudged: bool,
    closed: bool,
    abandoned: bool,
}

pub(crate) struct Queued {
    pub(crate) lane: Lane,
    pub(crate) job: Box<dyn Job>,
}

pub(crate) enum Push {
    Taken,
    /// The writer of this queue is gone; another may have taken its place.
    Closed(Box<dyn Job>),
}

impl Queue {
    pub(crate) fn new() -> Queue {
        Queue {
            inner: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
        }
    }

    pub(crate) fn push(&self, lane: Lane, job: Box<dyn Job>) -> Push {
        let mut inner = self.inner.lock();
        while inner.lane(lane).len() >= JOBS_WAITING_MAX && !inner.closed {
            if self.drained.wait_for(&mut inner, ROOM_WAIT).timed_out() {
                drop(inner);
                job.fail(Error::Overloaded);
                return Push::Taken;
            }
        }
        if inner.closed {
            return Push::Closed(job);
        }
        inner.lane(lane).push_back(job);
        drop(inner);
        self.filled.notify_one();
        Push::Taken
    }

    /// Waits for work and takes what is there, up to a batch: what people wait for first, but never
    /// without one of the background if it has any, so that neither lane starves. Empty after a
    /// nudge; `None` once closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Queued>> {
        let mut inner = self.inner.lock();
        while inner.is_empty() && !inner.nudged {
            if inner.closed {
                return None;
            }
            self.filled.wait(&mut inner);
        }
        inner.nudged = false;
        let kept_for_background = usize::from(!inner.background.is_empty());
        let mut batch = Vec::with_capacity(BATCH_JOBS_MAX);
        let people = inner
            .interactive
            .len()
            .min(BATCH_JOBS_MAX - kept_for_background);
        let queued = |lane| move |job| Queued { lane, job };
        batch.extend(
            inner
                .interactive
                .drain(..people)
                .map(queued(Lane::Interactive)),
        );
        let others = inner.background.len().min(BATCH_JOBS_MAX - people);
        batch.extend(
            inner
                .background
                .drain(..others)
                .map(queued(Lane::Background)),
        );
        drop(inner);
        self.drained.notify_all();
        Some(batch)
    }

    /// Puts jobs that were taken but not run back to where they were. What is no longer wanted here
    /// is returned.
    pub(crate) fn give_back(&self, jobs: Vec<Queued>) -> Vec<Queued> {
        let mut inner = self.inner.lock();
        if inner.abandoned {
            return jobs;
        }
        for queued in jobs.into_iter().rev() {
            inner.lane(queued.lane).push_front(queued.job);
        }
        Vec::new()
    }

    /// Wakes the writer for what it does beside the jobs.
    pub(crate) fn nudge(&self) {
        self.inner.lock().nudged = true;
        self.filled.notify_one();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inner.lock().is_empty()
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.inner.lock().abandoned
    }

    /// Takes no more; what is in it is still done.
    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    /// Takes no more and gives back what was not done.
    pub(crate) fn abandon(&self) -> Vec<Box<dyn Job>> {
        let left = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            inner.abandoned = true;
            let mut left: Vec<_> = inner.interactive.drain(..).collect();
            left.extend(inner.background.drain(..));
            left
        };
        self.filled.notify_all();
        self.drained.notify_all();
        left
    }
}

impl Inner {
    fn lane(&mut self, lane: Lane) -> &mut VecDeque<Box<dyn Job>> {
        match lane {
            Lane::Interactive => &mut self.interactive,
            Lane::Background => &mut self.background,
        }
    }

    fn is_empty(&self) -> bool {
        self.interactive.is_empty() && self.background.is_empty()
    }
}
