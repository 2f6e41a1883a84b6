//! Imports as a person follows them.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::{BatchState, Cause, IMPORTS_KEPT_MIN};
use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_store::table::batches::{Batch, ItemReport, Progress};
use oldgrowth_store::{BatchKey, Lane, Read};

use crate::engine::Core;
use crate::ingest::plan::{ReasonCount, count};
use crate::tally::Rate;
use crate::telling::News;
use crate::{Engine, Error, Result};

/// How many imports are listed: those whose items are all kept.
const BATCHES_MAX: u32 = IMPORTS_KEPT_MIN;

/// How many items a report names one by one.
const REPORT_ITEMS_MAX: u32 = 1_000;

#[derive(Clone, Debug)]
pub struct BatchView {
    pub batch: Batch,
    pub progress: Progress,
    pub failure: Option<String>,
    /// While it runs and has been watched for some seconds.
    pub rate: Option<Rate>,
    /// It would run, but the work is paused.
    pub paused: bool,
}

impl BatchView {
    pub fn total(&self) -> u32 {
        let children = self.progress.children;
        children.waiting + children.running + self.ended()
    }

    pub fn ended(&self) -> u32 {
        self.progress.ended()
    }

    /// By the bytes and the items so far, whichever says later.
    pub fn time_to_go(&self) -> Option<Duration> {
        let rate = self.rate?;
        let seconds = |left: f64, each: f64| if left > 0.0 { left / each } else { 0.0 };
        let items = self.total().saturating_sub(self.ended());
        let bytes = self
            .progress
            .bytes_total
            .saturating_sub(self.progress.bytes_ended);
        let by_items = seconds(f64::from(items), rate.items_per_second);
        let by_bytes = seconds(bytes as f64, rate.bytes_per_second);
        // Where no byte was read yet, the bytes say nothing.
        let seconds = by_items.max(if by_bytes.is_finite() { by_bytes } else { 0.0 });
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[derive(Clone, Debug)]
pub struct BatchReport {
    pub view: BatchView,
    pub reasons: Vec<ReasonCount>,
    pub items: Vec<ItemReport>,
    pub items_left_out: u32,
    /// Of an old import: items that have been tried again since, and are only counted.
    pub items_pruned: u32,
    /// Of a source that was read again whole, as long as none of its items was pruned: how many of its files were not met.
    pub not_met: Option<u32>,
}

impl Engine {
    pub fn batches(&self) -> Result<Vec<BatchView>> {
        let core = self.core();
        let batches = core.store.read(Lane::Interactive, |r| {
            Ok::<_, Error>(r.newest_batches(BATCHES_MAX)?)
        })?;
        batches
            .into_iter()
            .map(|batch| core.batch_view(batch))
            .collect()
    }

    pub fn batch(&self, id: &BatchId) -> Result<BatchView> {
        let core = self.core();
        let batch = core.store.read(Lane::Interactive, |r| found(r, id))?;
        core.batch_view(batch)
    }

    pub fn batch_report(&self, id: &BatchId) -> Result<BatchReport> {
        let core = self.core();
        let (batch, items, items_pruned, reasons, not_met) =
            core.store.read(Lane::Interactive, |r| {
                let batch = found(r, id)?;
                let key = batch.key;
                let items = r.batch_items(key, REPORT_ITEMS_MAX)?;
                let reasons = r
                    .batch_reasons(key)?
                    .into_iter()
                    .map(|(code, message, items)| ReasonCount {
                        code,
                        message,
                        hint: None,
                        items,
                    })
                    .collect();
                let pruned = r.pruned_items(key)?;
                // What was pruned can't be told from what was not met.
                let not_met = match pruned {
                    0 => not_met(r, &batch)?,
                    _ => None,
                };
                Ok::<_, Error>((batch, items, pruned, reasons, not_met))
            })?;
        let view = core.batch_view(batch)?;
        let told = count(items.len()).saturating_add(items_pruned);
        let items_left_out = view.total().saturating_sub(told);
        Ok(BatchReport {
            view,
            reasons,
            items,
            items_left_out,
            items_pruned,
            not_met,
        })
    }

    /// What is committed stays; what waits or runs is cancelled.
    pub fn cancel_batch(&self, id: &BatchId) -> Result<BatchView> {
        self.change_batch(id, |w, key, now| w.cancel_batch_jobs(key, now))
    }

    /// Queues what failed once more.
    pub fn retry_batch(&self, id: &BatchId) -> Result<BatchView> {
        self.change_batch(id, |w, key, now| w.retry_batch_jobs(key, now))
    }

    /// Queues what was cancelled or left out once more.
    pub fn resume_batch(&self, id: &BatchId) -> Result<BatchView> {
        self.change_batch(id, |w, key, now| w.resume_batch_jobs(key, now))
    }

    fn change_batch(
        &self,
        id: &BatchId,
        change: fn(&oldgrowth_store::Write<'_>, BatchKey, UnixMs) -> oldgrowth_store::Result<usize>,
    ) -> Result<BatchView> {
        let core = self.core();
        let now = core.now();
        let id = id.clone();
        let tallies = Arc::clone(&core.tallies);
        let batch = core.distrust(core.store.write(move |w| {
            let key = found(w, &id)?.key;
            change(w, key, now)?;
            w.settle_batch(key, now)?;
            tallies.put(key, w.batch_progress(key)?);
            Ok::<_, Error>(w.batch(key)?)
        }))?;
        core.queue.wake();
        core.tell_batch(batch.key);
        core.counts_changed();
        core.batch_view(batch)
    }
}

impl Core {
    /// Not to be called while a connection is held.
    pub(crate) fn batch_view(&self, batch: Batch) -> Result<BatchView> {
        let failure = match batch.state {
            BatchState::Failed => self.store.read(Lane::Interactive, |r| {
                Ok::<_, Error>(r.commonest_failure(batch.key)?)
            })?,
            _ => None,
        };
        Ok(BatchView {
            progress: self.progress(&batch)?,
            rate: self.rate(&batch),
            paused: batch.state == BatchState::Running && self.pause().is_some(),
            batch,
            failure,
        })
    }

    pub(crate) fn batch_now(&self, key: BatchKey) -> Result<BatchView> {
        let batch = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.batch(key)?))?;
        self.batch_view(batch)
    }

    /// Tells how far an import has come, and at its end the health that it leaves behind.
    pub(crate) fn tell_batch(&self, key: BatchKey) {
        self.tell(News::Batch(key));
        let state = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.batch(key)?.state));
        if state.is_ok_and(|state| state != BatchState::Running) {
            if let Ok(ended) = self.batch_now(key) {
                self.note_import(&ended);
            }
            self.counts_changed();
        }
    }
}

fn not_met(r: &Read<'_>, batch: &Batch) -> Result<Option<u32>> {
    let whole = matches!(batch.state, BatchState::Done | BatchState::Failed);
    if batch.cause != Cause::Again || !whole {
        return Ok(None);
    }
    let mut sum = 0;
    for source in r.sources_of_batch(batch.key)? {
        sum += r.files_not_met(source, batch.key, batch.created_at)?;
    }
    Ok(Some(sum))
}

fn found(r: &Read<'_>, id: &BatchId) -> Result<Batch> {
    r.batch_by_id(id)?.ok_or(Error::NotFound)
}
