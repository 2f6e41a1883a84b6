//! The threads that work, owned by a value and joined when it is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_domain::jobs::{LEASE_MS, backoff_ms};
use oldgrowth_store::Lane;
use oldgrowth_store::table::jobs::{ClaimedJob, JobKind};

use crate::engine::Core;
use crate::telling::News;
use crate::{Error, Result};

/// How many jobs a worker takes at a time. They share claims and commits; each still succeeds or
/// fails for itself.
const CLAIM_JOBS_MAX: u32 = 32;

/// How soon to look again whether the queue is empty.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How soon to look again after another worker was quicker.
const LOOK_AGAIN_SOON: Duration = Duration::from_millis(5);

/// How soon to count again after the store could not be asked.
const COUNT_AGAIN: Duration = Duration::from_secs(10);

pub(crate) struct Workers {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
    /// Outlives the others: they have it tell what they have done.
    telling: Option<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(core: &Arc<Core>, count: usize) -> std::io::Result<Self> {
        let mut workers = Self {
            core: Arc::clone(core),
            threads: Vec::new(),
            telling: None,
        };
        let telling = Arc::clone(core);
        workers.telling = Some(core.ambient.spawn.spawn(
            "telling".to_owned(),
            Box::new(move || telling.keep_telling()),
        )?);
        if count == 0 {
            return Ok(workers);
        }
        let ticking = Arc::clone(core);
        workers.threads.push(
            core.ambient
                .spawn
                .spawn("ticker".to_owned(), Box::new(move || ticking.tick()))?,
        );
        for number in 1..=count {
            let working = Arc::clone(core);
            let body = Box::new(move || working.work());
            workers
                .threads
                .push(core.ambient.spawn.spawn(format!("worker-{number}"), body)?);
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.core.queue.stop();
        self.core.watching.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker thread panicked outside a job");
            }
        }
        self.core.telling.stop();
        if self
            .telling
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that tells of what has happened panicked");
        }
    }
}

impl Core {
    pub(crate) fn wait_until_idle(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        loop {
            let seen = self.queue.seen();
            let live = self
                .store
                .read(Lane::Interactive, |r| Ok::<_, Error>(r.has_live_jobs()?))?;
            // Whoever has ended the last job may have something to tell of it yet.
            let rests = self.queue.holds_none() && !self.by_itself.is_under_way();
            if self.queue.is_recovered() && !live && rests {
                return Ok(true);
            }
            // What waits for a person can wait for ever.
            if let Some(refused) = self.store.writing_refused() {
                return Err(refused.into());
            }
            let rests = self.queue.paused().is_some() && self.queue.holds_none();
            if !keep_waiting() || rests || self.queue.is_stopping() {
                return Ok(false);
            }
            self.queue.sleep(seen, Some(LOOK_AGAIN));
        }
    }

    fn work(&self) {
        let (mut failures, mut in_vain) = (0, 0);
        // Since when there is something to count: what work has left behind, or a store that was away.
        let mut to_count: Option<Duration> = None;
        while !self.queue.is_stopping() {
            let seen = self.queue.seen();
            let begun = || self.ambient.clock.monotonic();
            if failures > 0 {
                to_count.get_or_insert_with(begun);
            }
            match self.claim() {
                Ok(Claim::Jobs(jobs)) => {
                    failures = 0;
                    to_count.get_or_insert_with(begun);
                    self.run(jobs);
                }
                Ok(Claim::Beaten) => self.queue.sleep(seen, Some(LOOK_AGAIN_SOON)),
                Ok(Claim::Sleep(at_most)) => {
                    failures = 0;
                    if self.queue.holds_none() {
                        self.files.rest();
                    }
                    self.rest_from_vectors();
                    self.rest_from_embedding();
                    let aside = self.work_on_the_side();
                    // To count after each of many small pieces of work would take longer than they do. While there is
                    // more, it is counted now and then, and at the end as soon as that takes a small part of the time.
                    let more = matches!(aside, Ok(true));
                    let stale = to_count.is_some() || self.board.counts_are_stale();
                    let mut at_most = at_most;
                    if stale && self.queue.holds_none() {
                        let begun = to_count.filter(|_| more).unwrap_or_default();
                        match self.count_is_due_in(begun) {
                            None => {
                                to_count = None;
                                self.tell_counts_unasked();
                            }
                            Some(left) => {
                                at_most = at_least_in(at_most, left);
                                if !more && to_count.take().is_some() {
                                    self.tell_before_counting();
                                }
                            }
                        }
                    }
                    if self.board.counts_are_stale() {
                        at_most = at_least_in(at_most, COUNT_AGAIN);
                    }
                    match aside {
                        Ok(true) => continue,
                        Ok(false) => {
                            in_vain = 0;
                            let soonest = [at_most, self.embeds_in()];
                            at_most = soonest.into_iter().flatten().min();
                        }
                        Err(error) => {
                            in_vain += 1;
                            tracing::debug!(
                                transient = error.is_transient(),
                                "passages could not be looked through, put to their days or embedded"
                            );
                            let wait = self.backoff(in_vain);
                            at_most = at_least_in(at_most, wait);
                        }
                    }
                    self.queue.sleep(seen, at_most);
                }
                Err(error) => {
                    failures += 1;
                    // The store's health has changed and said so; a log line for each try would not help.
                    tracing::debug!(transient = error.is_transient(), "no work could be claimed");
                    self.queue.sleep(seen, Some(self.backoff(failures)));
                }
            }
        }
    }

    /// What is done while no job is due. True when there may be more.
    fn work_on_the_side(&self) -> Result<bool> {
        Ok(self.extract_some()? || self.grow_some()? || self.embed_some()?)
    }

    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let jitter = (self.random.bits() % 1_000) as f64 / 1_000.0;
        Duration::from_millis(backoff_ms(failures, jitter).unsigned_abs())
    }

    /// Looks before it claims: an idle queue costs no write.
    fn claim(&self) -> Result<Claim> {
        if !self.queue.is_recovered() {
            return Ok(Claim::Sleep(None));
        }
        self.put_back_unsettled()?;
        if self.queue.paused().is_some() {
            return Ok(Claim::Sleep(None));
        }
        let now = self.now();
        let due = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.next_job_at(now)?))?;
        match due {
            None => return Ok(Claim::Sleep(None)),
            Some(due) if due > now => {
                let wait = Duration::from_millis((due.0 - now.0).unsigned_abs());
                return Ok(Claim::Sleep(Some(wait)));
            }
            Some(_) => {}
        }
        let _claiming = self.queue.claiming();
        let tallies = Arc::clone(&self.tallies);
        let jobs = self.distrust(self.store.write_in(Lane::Background, move |w| {
            let jobs = w.claim_jobs(now, now.plus_ms(LEASE_MS), CLAIM_JOBS_MAX)?;
            tallies.claimed(&jobs);
            Ok::<_, Error>(jobs)
        }))?;
        self.queue.hold(jobs.iter().map(|job| job.lease));
        Ok(if jobs.is_empty() {
            Claim::Beaten
        } else {
            Claim::Jobs(jobs)
        })
    }

    fn run(&self, jobs: Vec<ClaimedJob>) {
        let mut imports = Vec::new();
        for job in jobs {
            if self.queue.begins_none() {
                self.give_back(&job);
                continue;
            }
            match job.kind {
                JobKind::ImportItem => imports.push(job),
                JobKind::Seal => self.run_alone(&job, Self::seal),
                JobKind::Remake => self.run_alone(&job, Self::remake),
            }
        }
        self.run_imports(imports);
        self.queue.wake();
    }

    fn run_alone(
        &self,
        job: &ClaimedJob,
        body: impl FnOnce(&Self, &ClaimedJob) -> Result<oldgrowth_store::table::jobs::Outcome>,
    ) {
        let doing = self.queue.doing(job.key, 0, self.now());
        self.tell_later(News::Work);
        let result = catch_unwind(AssertUnwindSafe(|| body(self, job)));
        drop(doing);
        self.summaries_were_made();
        match result {
            Ok(Ok(_)) => self.memory_changed(),
            Ok(Err(error)) => self.settle_error(job, &error),
            Err(_) => self.settle_panic(job),
        }
        self.queue.release(job.lease);
        self.tell_later(News::Work);
    }
}

fn at_least_in(at_most: Option<Duration>, wait: Duration) -> Option<Duration> {
    Some(at_most.map_or(wait, |at_most| at_most.min(wait)))
}

enum Claim {
    Jobs(Vec<ClaimedJob>),
    /// Another worker was quicker; there may be more for this one.
    Beaten,
    /// There is nothing to do until woken, and at most for so long.
    Sleep(Option<Duration>),
}
