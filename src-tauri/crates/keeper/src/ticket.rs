//! The claim on the answer of a write that was handed in.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::held;
use crate::tx::WriteTx;

/// Holds a place in a group commit. Dropping it does not call the write off.
///
/// It can be waited for with `wait`, or awaited. Awaiting only awaits the answer: the write runs on the
/// writer's thread either way. Reads have no such twin, because they run on the caller's own thread;
/// asynchronous code gives them a thread on which they may block.
#[must_use = "without waiting nobody learns whether the write was committed"]
pub struct Ticket<T, E> {
    slot: Arc<Slot<T, E>>,
}

impl<T, E: From<Error>> Ticket<T, E> {
    /// The answer, after the commit that makes it durable.
    pub fn wait(self) -> Result<T, E> {
        let mut state = self.slot.state.lock();
        loop {
            if let Some(answer) = state.answer.take() {
                return answer;
            }
            if held::connection_is_held() {
                return Err(Error::Nested.into());
            }
            self.slot.settled.wait(&mut state);
        }
    }

    pub(crate) fn refused(error: Error) -> Ticket<T, E> {
        Ticket {
            slot: Arc::new(Slot {
                state: Mutex::new(State {
                    answer: Some(Err(error.into())),
                    waker: None,
                }),
                settled: Condvar::new(),
            }),
        }
    }
}

impl<T, E> Future for Ticket<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut state = self.slot.state.lock();
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T, E> fmt::Debug for Ticket<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

struct Slot<T, E> {
    state: Mutex<State<T, E>>,
    settled: Condvar,
}

struct State<T, E> {
    answer: Option<Result<T, E>>,
    /// Of the task that awaits the answer, if one does.
    waker: Option<Waker>,
}

/// What became of a job inside its savepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Its changes stay, if the commit succeeds.
    Keep,
    /// Its changes go; its answer stands whatever becomes of the batch.
    Undo,
}

/// A write without its types, as the writer sees it. Dropped unsettled it answers `Closed`, or
/// `Panicked` if that is what drops it.
pub(crate) trait Job: Send {
    fn run(&mut self, tx: &WriteTx<'_>) -> Ran;
    /// Answers what the operation said.
    fn settle(self: Box<Self>);
    /// Answers this failure if the operation succeeded or did not run; its own error otherwise.
    fn fail(self: Box<Self>, error: Error);
    /// Replaces a success, before the commit. A failure of its own stands.
    fn overrule(&mut self, error: Error);
}

pub(crate) fn new_job<T, E, F>(op: F) -> (Box<dyn Job>, Ticket<T, E>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
{
    let slot = Arc::new(Slot {
        state: Mutex::new(State {
            answer: None,
            waker: None,
        }),
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
            let waker = {
                let mut state = slot.state.lock();
                state.answer = Some(answer);
                state.waker.take()
            };
            slot.settled.notify_all();
            if let Some(waker) = waker {
                // A waker is the caller's code: its panic is not the writer's.
                catch_unwind(AssertUnwindSafe(|| waker.wake())).ok();
            }
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
        if !matches!(self.answer, Some(Err(_))) {
            self.answer = Some(Err(error.into()));
        }
    }
}

impl<T, E: From<Error>, F> Drop for Typed<T, E, F> {
    fn drop(&mut self) {
        if self.slot.is_some() {
            let why = if std::thread::panicking() {
                Error::Panicked
            } else {
                Error::Closed
            };
            self.answer(Err(why.into()));
        }
    }
}
