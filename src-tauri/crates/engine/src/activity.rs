//! Everything that the memory is doing: what runs, what waits and for what, and what failed.

use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::BatchState;
use oldgrowth_store::table::jobs::{FailedGroup, JobCounts, SeenJob, Waiting};
use oldgrowth_store::{JobKey, Lane};

use crate::embedding::EmbeddingLeft;
use crate::engine::Core;
use crate::jobs::Pause;
use crate::telling::News;
use crate::{BatchView, CopyProgress, Engine, Error, Result};

/// How many jobs that are put off are named.
const PUT_OFF_MAX: u32 = 20;

/// How many of those that failed for one reason are named at once.
const FAILED_NAMED_MAX: u32 = 3;

/// How many reasons are told apart.
const REASONS_MAX: usize = 30;

/// How many imports that have ended are listed.
const RECENT_MAX: u32 = 20;

/// How many that failed are listed at most with one call.
const FAILED_PAGE_MAX: u32 = 200;

/// How much there is to do, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub paused: Option<Pause>,
    /// `None` while the store can't be read.
    pub jobs: Option<JobCounts>,
}

/// What a worker does at this moment.
#[derive(Clone, Debug)]
pub struct AtWork {
    pub job: SeenJob,
    pub since: UnixMs,
    /// How many jobs are done together with it.
    pub beside: u32,
}

/// What failed for one reason.
#[derive(Clone, Debug)]
pub struct Failed {
    pub group: FailedGroup,
    /// The newest of them.
    pub newest: Vec<SeenJob>,
}

#[derive(Clone, Debug)]
pub struct Activity {
    pub work: Work,
    pub running: Vec<AtWork>,
    pub waiting: Vec<Waiting>,
    pub put_off: Vec<SeenJob>,
    pub failed: Vec<Failed>,
    /// Those that run, then the newest that have ended.
    pub imports: Vec<BatchView>,
    pub copy: Option<CopyProgress>,
    /// There are passages to be looked through for what they name.
    pub names_to_come: bool,
    /// There are passages to be read for what they mean, and nothing is in the way of that.
    pub meaning_to_come: Option<EmbeddingLeft>,
    /// When this was true.
    pub at: UnixMs,
}

/// What of what failed is to be tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// A reason's code; any when absent.
    pub code: Option<String>,
    /// One job; all of them when absent.
    pub job: Option<JobKey>,
}

impl Engine {
    /// Always answers, whatever the state of the store.
    pub fn work_now(&self) -> Work {
        self.core().work_now()
    }

    pub fn activity(&self) -> Result<Activity> {
        let core = self.core();
        let now = core.now();
        let at_work = core.queue.at_work();
        let extractor = core.extractor.as_deref();
        let (running, waiting, put_off, failed, batches, names_to_come, meaning_to_come) =
            core.store.read(Lane::Interactive, |r| {
                let mut running = Vec::new();
                for at in &at_work {
                    let job = r.seen_jobs([at.job])?.pop();
                    running.extend(job.map(|job| AtWork {
                        job,
                        since: at.since,
                        beside: at.beside,
                    }));
                }
                let mut failed = Vec::new();
                for group in r.failed_groups()?.into_iter().take(REASONS_MAX) {
                    let newest = r.failed_jobs(Some(&group.code), 0, FAILED_NAMED_MAX)?;
                    failed.push(Failed { group, newest });
                }
                let mut batches = r.running_batches()?;
                batches.reverse();
                let recent = r.newest_batches(RECENT_MAX)?.into_iter();
                batches.extend(recent.filter(|batch| batch.state != BatchState::Running));
                let names_to_come = match extractor {
                    Some(extractor) => r.has_to_extract(extractor.id())?,
                    None => false,
                };
                Ok::<_, Error>((
                    running,
                    r.waiting_jobs(now)?,
                    r.put_off_jobs(now, PUT_OFF_MAX)?,
                    failed,
                    batches,
                    names_to_come,
                    core.left_to_embed(r)?,
                ))
            })?;
        let imports = batches
            .into_iter()
            .map(|batch| core.batch_view(batch))
            .collect::<Result<_>>()?;
        Ok(Activity {
            work: core.work_now(),
            running,
            waiting,
            put_off,
            failed,
            imports,
            copy: core.running.progress(),
            names_to_come,
            meaning_to_come: meaning_to_come
                .filter(|left| left.passages > 0 && left.away.is_none()),
            at: now,
        })
    }

    /// What failed for this reason, or for any, newest first.
    pub fn failed_jobs(&self, code: Option<&str>, offset: u32, limit: u32) -> Result<Vec<SeenJob>> {
        self.core().store.read(Lane::Interactive, |r| {
            Ok(r.failed_jobs(code, offset, limit.min(FAILED_PAGE_MAX))?)
        })
    }

    /// Leaves one item out of its import, waiting or under way; nothing of it is kept. False when it has
    /// ended already, or is no item of an import: a summary that was left out would be asked for again.
    ///
    /// # Errors
    /// Those of the store; then nothing has changed.
    pub fn cancel_job(&self, job: JobKey) -> Result<bool> {
        let core = self.core();
        let now = core.now();
        let tallies = Arc::clone(&core.tallies);
        let batch = core.distrust(core.store.write(move |w| {
            let batch = w.cancel_job(job, now)?;
            if let Some(batch) = batch {
                w.settle_batch(batch, now)?;
                tallies.put(batch, w.batch_progress(batch)?);
            }
            Ok::<_, Error>(batch)
        }))?;
        if let Some(batch) = batch {
            core.queue.wake();
            core.tell_batch(batch);
            core.counts_changed();
            core.tell(News::Work);
        }
        Ok(batch.is_some())
    }

    /// Queues what failed once more. Answers how much waits again; asked twice, the second time
    /// nothing. A job that is not there, or has not failed, changes nothing either.
    pub fn retry_failed(&self, retry: Retry) -> Result<u32> {
        let core = self.core();
        let now = core.now();
        let tallies = Arc::clone(&core.tallies);
        let (count, batches) = core.distrust(core.store.write(move |w| {
            let (count, batches) = w.retry_failed_jobs(retry.code.as_deref(), retry.job, now)?;
            for batch in &batches {
                w.settle_batch(*batch, now)?;
                tallies.put(*batch, w.batch_progress(*batch)?);
            }
            Ok::<_, Error>((count, batches))
        }))?;
        core.queue.wake();
        for batch in batches {
            core.tell_batch(batch);
        }
        core.counts_changed();
        core.tell(News::Work);
        Ok(count)
    }
}

impl Core {
    pub(crate) fn work_now(&self) -> Work {
        let now = self.now();
        let jobs = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.job_counts(now)?));
        Work {
            paused: self.pause(),
            jobs: jobs.ok(),
        }
    }
}
