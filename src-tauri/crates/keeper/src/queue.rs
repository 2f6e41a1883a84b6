//! The line in front of the writer: bounded, and empty of wake-ups while nothing is in it.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::ticket::Job;

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

struct Inner {
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
}

pub(crate) enum Push {
    Taken,
    /// The writer of this queue is gone; another may have taken its place.
    Closed(Box<dyn Job>),
}

impl Queue {
    pub(crate) fn new() -> Queue {
        Queue {
            inner: Mutex::new(Inner {
                jobs: VecDeque::new(),
                closed: false,
            }),
            filled: Condvar::new(),
            drained: Condvar::new(),
        }
    }

    pub(crate) fn push(&self, job: Box<dyn Job>) -> Push {
        let mut inner = self.inner.lock();
        while inner.jobs.len() >= JOBS_WAITING_MAX && !inner.closed {
            if self.drained.wait_for(&mut inner, ROOM_WAIT).timed_out() {
                drop(inner);
                job.fail(Error::Overloaded);
                return Push::Taken;
            }
        }
        if inner.closed {
            return Push::Closed(job);
        }
        inner.jobs.push_back(job);
        drop(inner);
        self.filled.notify_one();
        Push::Taken
    }

    /// Waits for work and takes what is there, up to a batch. `None` once closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Box<dyn Job>>> {
        let mut inner = self.inner.lock();
        while inner.jobs.is_empty() {
            if inner.closed {
                return None;
            }
            self.filled.wait(&mut inner);
        }
        let n = inner.jobs.len().min(BATCH_JOBS_MAX);
        let batch = inner.jobs.drain(..n).collect();
        drop(inner);
        self.drained.notify_all();
        Some(batch)
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
            inner.jobs.drain(..).collect()
        };
        self.filled.notify_all();
        self.drained.notify_all();
        left
    }
}
