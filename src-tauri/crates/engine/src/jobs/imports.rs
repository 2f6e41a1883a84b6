//! Items of an import: read one by one, written several at a time, each kept or failed for itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use oldgrowth_store::table::jobs::{ClaimedJob, Outcome};
use oldgrowth_store::{BatchKey, Lane, Write};

use super::settle::end_batch;
use crate::engine::Core;
use crate::events::Committed;
use crate::ingest::item::Draft;
use crate::ingest::keep::{Kept, ReadAgain, index, keep};
use crate::ingest::plan::path_text;
use crate::tally::Moved;
use crate::telling::News;
use crate::{Error, Event, Result};

/// Drafts of more bytes than this are written before more is read.
const GROUP_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// An item that is read and waits to be written.
struct Ready {
    job: ClaimedJob,
    draft: Draft,
}

impl Core {
    pub(super) fn run_imports(&self, jobs: Vec<ClaimedJob>) {
        let batches = batches_of(&jobs);
        let mut group = Vec::new();
        let mut bytes = 0;
        for job in jobs {
            if self.queue.begins_none() {
                self.give_back(&job);
                continue;
            }
            if let Some(ready) = self.read_item(job) {
                bytes += ready.draft.bytes;
                group.push(Arc::new(ready));
            }
            if bytes > GROUP_BYTES_MAX {
                self.write_group(std::mem::take(&mut group));
                bytes = 0;
            }
        }
        self.write_group(group);
        for batch in batches {
            self.tell_batch(batch);
        }
        self.tell_later(News::Work);
    }

    fn read_item(&self, job: ClaimedJob) -> Option<Ready> {
        let doing = self.queue.doing(job.key, 0, self.now());
        self.tell_later(News::Work);
        let read = catch_unwind(AssertUnwindSafe(|| self.draft(&job)));
        drop(doing);
        match read {
            Ok(Ok(Ok(draft))) => return Some(Ready { job, draft }),
            Ok(Ok(Err(problem))) => self.settle_problem(&job, &problem),
            Ok(Err(error)) => self.settle_error(&job, &error),
            Err(_) => self.settle_panic(&job),
        }
        self.queue.release(job.lease);
        None
    }

    /// Writes them in one go: the word index flushes what it holds at each savepoint, so a savepoint
    /// for each item would cost more than the item. When one of them fails, none of this is kept, and
    /// each is written for itself.
    fn write_group(&self, group: Vec<Arc<Ready>>) {
        let Some(first) = group.first() else { return };
        let doing = self.queue.doing(first.job.key, group.len() - 1, self.now());
        let written = self.write_together(&group);
        drop(doing);
        match written {
            Ok(kept) => self.tell_kept(&group, kept),
            Err(error) if group.len() == 1 => {
                group
                    .iter()
                    .for_each(|item| self.settle_error(&item.job, &error));
            }
            Err(_) => {
                for item in group {
                    self.write_group(vec![item]);
                }
                return;
            }
        }
        group
            .iter()
            .for_each(|item| self.queue.release(item.job.lease));
    }

    fn write_together(
        &self,
        group: &[Arc<Ready>],
    ) -> Result<Vec<std::result::Result<Kept, ReadAgain>>> {
        let (group, now) = (group.to_vec(), self.now());
        let tallies = Arc::clone(&self.tallies);
        self.distrust(self.store.write_in(Lane::Background, move |w| {
            let kept: Vec<_> = group
                .iter()
                .map(|item| keep_item(w, item, now))
                .collect::<Result<_>>()?;
            for batch in batches_of(group.iter().map(|item| &item.job)) {
                end_batch(w, Some(batch), now)?;
            }
            for kept in kept.iter().flatten() {
                index(w, kept)?;
            }
            for (item, kept) in group.iter().zip(&kept) {
                if let Ok(kept) = kept {
                    tallies.moved(&item.job, Moved::Done(kept.outcome));
                }
            }
            Ok(kept)
        }))
    }

    fn tell_kept(&self, group: &[Arc<Ready>], kept: Vec<std::result::Result<Kept, ReadAgain>>) {
        let mut changed = false;
        for (item, kept) in group.iter().zip(kept) {
            match kept {
                Ok(kept) => {
                    changed |= kept.outcome != Outcome::Unchanged;
                    self.tell_committed(item, kept);
                }
                Err(ReadAgain) => self.put_back(&item.job),
            }
        }
        if changed {
            self.memory_changed();
        }
    }

    fn tell_committed(&self, item: &Ready, kept: Kept) {
        let Some(batch) = item.job.batch_id.clone() else {
            return;
        };
        self.events.publish(&Event::Committed(Committed {
            batch,
            document: kept.document,
            path: path_text(&item.draft.path),
            conversation: item.draft.format.service().map(|_| kept.title),
            sha256: item.draft.sha256.clone(),
            chunks: kept.chunks,
        }));
    }
}

/// Each import that these jobs belong to, once.
fn batches_of<'j>(jobs: impl IntoIterator<Item = &'j ClaimedJob>) -> Vec<BatchKey> {
    let mut batches: Vec<BatchKey> = jobs.into_iter().filter_map(|job| job.batch).collect();
    batches.sort_unstable();
    batches.dedup();
    batches
}

/// The document, its passages, the work that follows, and the end of the job. The end of its import
/// follows in the same transaction.
fn keep_item(
    w: &Write<'_>,
    item: &Ready,
    now: oldgrowth_domain::UnixMs,
) -> Result<std::result::Result<Kept, ReadAgain>> {
    let Ready { job, draft } = item;
    let (Some(source), Some(place)) = (job.source, job.item.as_deref()) else {
        return Err(Error::NotFound);
    };
    let kept = keep(w, source, place, draft, now)?;
    if let Ok(kept) = &kept {
        w.settle_done(
            job.lease,
            kept.outcome,
            Some(kept.key),
            kept.note.as_ref().or(draft.note.as_ref()),
            now,
        )?;
    }
    Ok(kept)
}
