//! The claim on the answer of a write that was handed in.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::held;
use crate::tx::WriteTx;

/// Holds a place in a group commit. Dropping it does not call the write off.
#[must_use = "without waiting nobody learns whether the write was committed"]
pub struct Ticket<T, E> {
    slot: Arc<Slot<T, E>>,
}

impl<T, E: From<Error>> Ticket<T, E> {
    /// The answer, after the commit that makes it durable.
    pub fn wait(self) -> Result<T, E> {
        let mut answer = self.slot.answer.lock();
        loop {
            if let Some(answer) = answer.take() {
                return answer;
            }
            if held::connection_is_held() {
                return Err(Error::Nested.into());
            }
            self.slot.settled.wait(&mut answer);
        }
    }

    pub(crate) fn refused(error: Error) -> Ticket<T, E> {
        Ticket {
            slot: Arc::new(Slot {
                answer: Mutex::new(Some(Err(error.into()))),
                settled: Condvar::new(),
            }),
        }
    }
}

impl<T, E> fmt::Debug for Ticket<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

struct Slot<T, E> {
    answer: Mutex<Option<Result<T, E>>>,
    settled: Condvar,
}

/// What became of a job inside its savepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Its changes stay, if the commit succeeds.
    Keep,
    /// Its changes go; its answer stands whatever becomes of the batch.
    Undo,
}

/// A write without its types, as the writer sees it. Dropped unsettled it answers `Closed`.
pub(crate) trait Job: Send {
    fn run(&mut self, tx: &WriteTx<'_>) -> Ran;
    /// Answers what the operation said.
    fn settle(self: Box<Self>);
    /// Answers this failure if the operation succeeded or did not run; its own error otherwise.
    fn fail(self: Box<Self>, error: Error);
    /// Replaces a success, before the commit.
    fn overrule(&mut self, error: Error);
}

pub(crate) fn new_job<T, E, F>(op: F) -> (Box<dyn Job>, Ticket<T, E>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
{
    let slot = Arc::new(Slot {
        answer: Mutex::new(None),
        settled: Condvar::new(),
    });
    let job = Typed {
        op: Some(op),
        answer: None,
        slot: Some(Arc::clone(&slot)),
    };
    (Box::new(job), Ticket { slot })
}

struct Typed<T, E: From<Error>, F> {
    op: Option<F>,
    answer: Option<Result<T, E>>,
    slot: Option<Arc<Slot<T, E>>>,
}

impl<T, E: From<Error>, F> Typed<T, E, F> {
    fn answer(&mut self, answer: Result<T, E>) {
        if let Some(slot) = self.slot.take() {
            *slot.answer.lock() = Some(answer);
            slot.settled.notify_all();
        }
    }
}

impl<T, E, F> Job for Typed<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &WriteTx<'_>) -> Ran {
        let Some(op) = self.op.take() else {
            return Ran::Undo;
        };
        let answer = catch_unwind(AssertUnwindSafe(|| op(tx)))
            .unwrap_or_else(|_| Err(Error::Panicked.into()));
        let ran = if answer.is_ok() { Ran::Keep } else { Ran::Undo };
        self.answer = Some(answer);
        ran
    }

    fn settle(mut self: Box<Self>) {
        if let Some(answer) = self.answer.take() {
            self.answer(answer);
        }
    }

    fn fail(mut self: Box<Self>, error: Error) {
        let answer = match self.answer.take() {
            Some(Err(own)) => Err(own),
            _ => Err(error.into()),
        };
        self.answer(answer);
    }

    fn overrule(&mut self, error: Error) {
        self.answer = Some(Err(error.into()));
    }
}

impl<T, E: From<Error>, F> Drop for Typed<T, E, F> {
    fn drop(&mut self) {
        if self.slot.is_some() {
            self.answer(Err(Error::Closed.into()));
        }
    }
}
