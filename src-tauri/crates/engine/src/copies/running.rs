//! What is being copied at this moment: one thing at a time, told as it goes on, and stopped when
//! somebody asks.

use oldgrowth_store::copies::Progress;
use parking_lot::Mutex;

use crate::Event;
use crate::engine::Core;
use crate::telling::News;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyWork {
    Backup,
    Verify,
    Restore,
}

/// In pages of the store; 0 of 0 while nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    pub work: CopyWork,
    pub done: u32,
    pub of: u32,
}

#[derive(Default)]
pub(crate) struct Running {
    state: Mutex<Option<State>>,
}

struct State {
    progress: CopyProgress,
    cancelled: bool,
}

/// Under way for as long as it lives.
pub(crate) struct Work<'c> {
    core: &'c Core,
}

impl Running {
    pub(crate) fn progress(&self) -> Option<CopyProgress> {
        self.state.lock().as_ref().map(|state| state.progress)
    }

    pub(crate) fn cancel(&self) {
        if let Some(state) = self.state.lock().as_mut() {
            state.cancelled = true;
        }
    }

    /// `None` while something else is under way.
    pub(super) fn begin<'c>(&self, core: &'c Core, work: CopyWork) -> Option<Work<'c>> {
        let progress = CopyProgress {
            work,
            done: 0,
            of: 0,
        };
        {
            let mut state = self.state.lock();
            if state.is_some() {
                return None;
            }
            *state = Some(State {
                progress,
                cancelled: false,
            });
        }
        // Once for each copy, beside the others: a short one would end before its first step is told.
        core.events.publish(&Event::Copy(progress));
        Some(Work { core })
    }
}

impl Work<'_> {
    /// Tells how far it is. False when it should stop.
    pub(super) fn goes_on(&self, progress: Progress) -> bool {
        let goes_on = {
            let mut state = self.core.running.state.lock();
            let Some(state) = state.as_mut() else {
                return false;
            };
            state.progress.done = progress.done;
            state.progress.of = progress.of;
            !state.cancelled
        };
        self.core.tell(News::Copies);
        goes_on && !self.core.queue.is_stopping()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        let state = self.core.running.state.lock();
        state.as_ref().is_some_and(|state| state.cancelled) || self.core.queue.is_stopping()
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        *self.core.running.state.lock() = None;
        self.core.copies_changed();
    }
}
