//! The fix that is under way: one at a time, told as it goes on, and stopped when somebody asks.

use parking_lot::Mutex;

use crate::engine::Core;
use crate::health::FixCode;
use crate::telling::News;
use crate::{Error, Event, Result};

/// A fix moved on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixProgress {
    pub code: FixCode,
    /// In plain words.
    pub doing: String,
    pub done: u64,
    /// 0 while it is not known.
    pub total: u64,
}

#[derive(Default)]
pub(crate) struct Fixing {
    state: Mutex<Option<UnderWay>>,
}

struct UnderWay {
    progress: FixProgress,
    called_off: bool,
}

/// Under way for as long as it lives.
pub(crate) struct Work<'c> {
    core: &'c Core,
}

impl Fixing {
    pub(crate) fn progress(&self) -> Option<FixProgress> {
        self.state
            .lock()
            .as_ref()
            .map(|state| state.progress.clone())
    }

    pub(crate) fn call_off(&self) {
        if let Some(state) = self.state.lock().as_mut() {
            state.called_off = true;
        }
    }

    pub(super) fn is_called_off(&self) -> bool {
        let state = self.state.lock();
        state.as_ref().is_some_and(|state| state.called_off)
    }

    pub(super) fn begin<'c>(&self, core: &'c Core, code: FixCode) -> Result<Work<'c>> {
        let progress = FixProgress {
            code,
            doing: "Looking at what is to be done".to_owned(),
            done: 0,
            total: 0,
        };
        {
            let mut state = self.state.lock();
            if state.is_some() {
                return Err(Error::FixUnderWay);
            }
            *state = Some(UnderWay {
                progress: progress.clone(),
                called_off: false,
            });
        }
        // Once for each fix: a short one would end before its first step is told.
        core.events.publish(&Event::Fix(progress));
        Ok(Work { core })
    }
}

impl Work<'_> {
    /// Tells what is done now and how far it is.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is to stop.
    pub(crate) fn doing(&self, words: &str, done: u64, total: u64) -> Result<()> {
        if !self.tell(words, done, total) || self.core.queue.is_stopping() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    pub(crate) fn is_called_off(&self) -> bool {
        self.core.fixing.is_called_off()
    }

    /// As [`Work::doing`], from where there is no way back.
    pub(crate) fn told(&self, words: &str) {
        self.tell(words, 0, 0);
    }

    fn tell(&self, words: &str, done: u64, total: u64) -> bool {
        let goes_on = {
            let mut state = self.core.fixing.state.lock();
            let Some(state) = state.as_mut() else {
                return false;
            };
            words.clone_into(&mut state.progress.doing);
            state.progress.done = done;
            state.progress.total = total;
            !state.called_off
        };
        self.core.tell(News::Fix);
        goes_on
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        *self.core.fixing.state.lock() = None;
    }
}
