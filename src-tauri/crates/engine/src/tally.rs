//! How far imports have come, kept in memory: to count the children of a large import takes a tenth
//! of a second, and its progress is told four times in one.
//!
//! What a write changes is changed here inside the write, in the order of the writes, so that what is
//! here is what the rows say. After a write whose fate isn't known nothing here is trusted any more,
//! and the rows are counted again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::jobs::BatchState;
use oldgrowth_store::table::batches::{Batch, Progress};
use oldgrowth_store::table::jobs::{ClaimedJob, Outcome};
use oldgrowth_store::{BatchKey, Lane};
use parking_lot::Mutex;

use crate::engine::Core;
use crate::{Error, Result};

/// More imports than this are not remembered; the rows know them all.
const IMPORTS_MAX: usize = 200;

/// The first seconds say little about the rest.
const RATE_AFTER: Duration = Duration::from_secs(3);

/// What becomes of a job that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Done(Outcome),
    Failed,
    /// Back to those that wait.
    Back,
}

/// How fast an import goes, since it was begun, gone on with or resumed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub items_per_second: f64,
    pub bytes_per_second: f64,
}

#[derive(Default)]
pub(crate) struct Tallies {
    imports: Mutex<HashMap<BatchKey, Tally>>,
}

struct Tally {
    progress: Progress,
    since: Option<Mark>,
}

/// Where an import was at a time.
#[derive(Clone, Copy)]
struct Mark {
    at: Duration,
    ended: u32,
    bytes: u64,
}

impl Tallies {
    fn get(&self, key: BatchKey) -> Option<Progress> {
        let imports = self.imports.lock();
        imports.get(&key).map(|tally| tally.progress.clone())
    }

    /// What the rows say inside a write.
    pub(crate) fn put(&self, key: BatchKey, progress: Progress) {
        let mut imports = self.imports.lock();
        make_room(&mut imports);
        let tally = Tally {
            progress,
            since: None,
        };
        imports.insert(key, tally);
    }

    /// What the rows of an import that has ended say. What a write has put here meanwhile is newer.
    fn put_ended(&self, key: BatchKey, progress: Progress) {
        let mut imports = self.imports.lock();
        make_room(&mut imports);
        imports.entry(key).or_insert(Tally {
            progress,
            since: None,
        });
    }

    /// To be called inside the write that claims them.
    pub(crate) fn claimed(&self, jobs: &[ClaimedJob]) {
        let mut imports = self.imports.lock();
        for key in jobs.iter().filter_map(|job| job.batch) {
            if let Some(tally) = imports.get_mut(&key) {
                let children = &mut tally.progress.children;
                children.waiting = children.waiting.saturating_sub(1);
                children.running += 1;
            }
        }
    }

    /// To be called inside the write that settles it, last.
    pub(crate) fn moved(&self, job: &ClaimedJob, to: Moved) {
        let mut imports = self.imports.lock();
        let Some(tally) = job.batch.and_then(|key| imports.get_mut(&key)) else {
            return;
        };
        let progress = &mut tally.progress;
        let children = &mut progress.children;
        children.running = children.running.saturating_sub(1);
        match to {
            Moved::Done(outcome) => {
                children.done += 1;
                match outcome {
                    Outcome::New => progress.new += 1,
                    Outcome::Changed => progress.changed += 1,
                    Outcome::Unchanged => progress.unchanged += 1,
                    Outcome::Skipped => {
                        progress.skipped += 1;
                        let is_one = job.item.as_deref().is_some_and(is_conversation);
                        progress.conversations =
                            progress.conversations.saturating_sub(u32::from(is_one));
                    }
                    Outcome::Sealed | Outcome::Nothing => {}
                }
            }
            Moved::Failed => children.failed += 1,
            Moved::Back => children.waiting += 1,
        }
        if to != Moved::Back {
            progress.bytes_ended += job.bytes;
        }
    }

    /// Nothing that is here is known to be so any more.
    pub(crate) fn forget(&self) {
        self.imports.lock().clear();
    }

    /// How fast they went is no measure for how fast they go from here on.
    pub(crate) fn measure_anew(&self) {
        for tally in self.imports.lock().values_mut() {
            tally.since = None;
        }
    }

    /// How fast it goes; the first asking begins to measure. `now` is monotonic.
    fn rate(&self, key: BatchKey, now: Duration) -> Option<Rate> {
        let mut imports = self.imports.lock();
        let Tally { progress, since } = imports.get_mut(&key)?;
        let ended = progress.ended();
        let mark = *since.get_or_insert(Mark {
            at: now,
            ended,
            bytes: progress.bytes_ended,
        });
        let passed = now.saturating_sub(mark.at);
        if passed < RATE_AFTER || ended <= mark.ended {
            return None;
        }
        let seconds = passed.as_secs_f64();
        Some(Rate {
            items_per_second: f64::from(ended - mark.ended) / seconds,
            bytes_per_second: progress.bytes_ended.saturating_sub(mark.bytes) as f64 / seconds,
        })
    }
}

/// Items of conversations are named by their service and their id there.
fn is_conversation(item: &str) -> bool {
    item.split_once(':')
        .and_then(|(service, _)| Format::parse(service))
        .is_some_and(|format| format.service().is_some())
}

fn make_room(imports: &mut HashMap<BatchKey, Tally>) {
    if imports.len() >= IMPORTS_MAX {
        imports.retain(|_, tally| tally.progress.is_live());
    }
}

impl Core {
    /// How far an import has come. Not to be called while a connection is held.
    pub(crate) fn progress(&self, batch: &Batch) -> Result<Progress> {
        let key = batch.key;
        let runs = batch.state == BatchState::Running;
        match self.tallies.get(key) {
            // An import that has ended has no child that moves: the rows know better.
            Some(known) if runs || !known.is_live() => return Ok(known),
            _ => {}
        }
        if runs {
            // Inside a write no other can move a child. It writes nothing, so it costs no commit.
            let tallies = Arc::clone(&self.tallies);
            let counted = self.store.write_in(Lane::Background, move |w| {
                let progress = w.batch_progress(key)?;
                tallies.put(key, progress.clone());
                Ok::<_, Error>(progress)
            });
            if counted.is_ok() {
                return counted;
            }
        }
        let progress = self.store.read(Lane::Interactive, |r| {
            Ok::<_, Error>(r.batch_progress(key)?)
        })?;
        if !progress.is_live() {
            self.tallies.put_ended(key, progress.clone());
        }
        Ok(progress)
    }

    pub(crate) fn rate(&self, batch: &Batch) -> Option<Rate> {
        let runs = batch.state == BatchState::Running && self.queue.paused().is_none();
        runs.then(|| self.tallies.rate(batch.key, self.ambient.clock.monotonic()))?
    }

    /// Trusts nothing that was counted unless a write went well.
    pub(crate) fn distrust<T>(&self, written: Result<T>) -> Result<T> {
        if !matches!(
            &written,
            Ok(_) | Err(Error::Store(oldgrowth_store::Error::LeaseLost))
        ) {
            self.tallies.forget();
        }
        written
    }
}
