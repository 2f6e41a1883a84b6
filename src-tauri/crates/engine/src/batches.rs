//! Imports as a person follows them.

use std::time::Duration;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_store::table::batches::{Batch, ItemReport, Progress};
use oldgrowth_store::{BatchKey, Lane, Read};

use crate::engine::Core;
use crate::ingest::plan::{Cause, ItemPayload, ReasonCount, count};
use crate::{Engine, Error, Event, Result};

/// How many imports are listed.
const BATCHES_MAX: u32 = 50;

/// How many items a report names one by one.
const REPORT_ITEMS_MAX: u32 = 1_000;

/// No time to go is told before this: the first items say little about the rest.
const ETA_AFTER_MS: i64 = 3_000;

#[derive(Clone, Debug)]
pub struct BatchView {
    pub batch: Batch,
    pub progress: Progress,
    pub failure: Option<String>,
    pub cause: Cause,
    /// When this was true.
    pub at: UnixMs,
}

impl BatchView {
    pub fn total(&self) -> u32 {
        let children = self.progress.children;
        children.waiting + children.running + self.ended()
    }

    pub fn ended(&self) -> u32 {
        let children = self.progress.children;
        children.done + children.failed + children.cancelled
    }

    /// By the bytes and the items so far, whichever says later.
    pub fn time_to_go(&self) -> Option<Duration> {
        let elapsed = self.at.0 - self.batch.created_at.0;
        if self.batch.state != BatchState::Running || elapsed < ETA_AFTER_MS || self.ended() == 0 {
            return None;
        }
        let share = |done: f64, all: f64| if all > 0.0 { done / all } else { 1.0 };
        let by_items = share(f64::from(self.ended()), f64::from(self.total()));
        let by_bytes = share(
            self.progress.bytes_ended as f64,
            self.progress.bytes_total as f64,
        );
        let done = by_items.min(by_bytes).max(0.001);
        Some(Duration::from_millis(
            ((elapsed as f64) * (1.0 - done) / done).round() as u64,
        ))
    }
}

#[derive(Clone, Debug)]
pub struct BatchReport {
    pub view: BatchView,
    pub reasons: Vec<ReasonCount>,
    pub items: Vec<ItemReport>,
    pub items_left_out: u32,
    /// Of a source that was read again whole: how many of its files were not met.
    pub not_met: Option<u32>,
}

impl Engine {
    pub fn batches(&self) -> Result<Vec<BatchView>> {
        let core = self.core();
        core.store.read(Lane::Interactive, |r| {
            r.newest_batches(BATCHES_MAX)?
                .into_iter()
                .map(|batch| core.batch_view(r, batch.key))
                .collect()
        })
    }

    pub fn batch(&self, id: &BatchId) -> Result<BatchView> {
        let core = self.core();
        core.store
            .read(Lane::Interactive, |r| core.batch_view(r, found(r, id)?))
    }

    pub fn batch_report(&self, id: &BatchId) -> Result<BatchReport> {
        let core = self.core();
        core.store.read(Lane::Interactive, |r| {
            let key = found(r, id)?;
            let view = core.batch_view(r, key)?;
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
            let not_met = not_met(r, &view)?;
            let items_left_out = view.total().saturating_sub(count(items.len()));
            Ok(BatchReport {
                view,
                reasons,
                items,
                items_left_out,
                not_met,
            })
        })
    }

    /// What is committed stays; what waits or runs is cancelled.
    pub fn cancel_batch(&self, id: &BatchId) -> Result<BatchView> {
        self.change_batch(id, |w, key, now| w.cancel_batch_jobs(key, now))
    }

    /// Queues what failed or was cancelled once more.
    pub fn retry_batch(&self, id: &BatchId) -> Result<BatchView> {
        self.change_batch(id, |w, key, now| w.retry_batch_jobs(key, now))
    }

    fn change_batch(
        &self,
        id: &BatchId,
        change: fn(&oldgrowth_store::Write<'_>, BatchKey, UnixMs) -> oldgrowth_store::Result<usize>,
    ) -> Result<BatchView> {
        let core = self.core();
        let now = core.now();
        let id = id.clone();
        let key = core.store.write(move |w| {
            let key = found(w, &id)?;
            change(w, key, now)?;
            w.settle_batch(key, now)?;
            Ok::<_, Error>(key)
        })?;
        core.queue.wake();
        core.tell_batch(key);
        core.tell_counts();
        core.store
            .read(Lane::Interactive, |r| core.batch_view(r, key))
    }
}

impl Core {
    pub(crate) fn batch_view(&self, r: &Read<'_>, key: BatchKey) -> Result<BatchView> {
        let batch = r.batch(key)?;
        let failure = match batch.state {
            BatchState::Failed => r.commonest_failure(key)?,
            _ => None,
        };
        Ok(BatchView {
            progress: r.batch_progress(key)?,
            cause: cause(r, key)?,
            batch,
            failure,
            at: self.now(),
        })
    }

    /// Tells how far an import has come. Its end is told with the health that it leaves behind.
    pub(crate) fn tell_batch(&self, key: BatchKey) {
        let state = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.batch(key)?.state));
        let Ok(state) = state else { return };
        let ended = state != BatchState::Running;
        if !ended && !self.queue.may_tell(key, self.ambient.clock.monotonic()) {
            return;
        }
        if let Ok(view) = self
            .store
            .read(Lane::Background, |r| self.batch_view(r, key))
        {
            self.events.publish(&Event::Batch(view));
        }
        if ended {
            self.tell_counts();
        }
    }
}

/// What the import itself says about why it was begun.
fn cause(r: &Read<'_>, key: BatchKey) -> Result<Cause> {
    let payload = r.first_payload(key)?.unwrap_or_default();
    Ok(serde_json::from_str(&payload)
        .map(|payload: ItemPayload| payload.cause)
        .unwrap_or_default())
}

fn not_met(r: &Read<'_>, view: &BatchView) -> Result<Option<u32>> {
    let whole = matches!(view.batch.state, BatchState::Done | BatchState::Failed);
    if view.cause != Cause::Again || !whole {
        return Ok(None);
    }
    let mut sum = 0;
    for source in r.sources_of_batch(view.batch.key)? {
        sum += r.files_not_met(source, view.batch.key, view.batch.created_at)?;
    }
    Ok(Some(sum))
}

fn found(r: &Read<'_>, id: &BatchId) -> Result<BatchKey> {
    r.batch_by_id(id)?
        .map(|batch| batch.key)
        .ok_or(Error::NotFound)
}
