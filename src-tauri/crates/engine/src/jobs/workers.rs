//! The threads that work, owned by a value and joined when it is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_domain::jobs::{LEASE_MS, backoff_ms};
use oldgrowth_store::Lane;
use oldgrowth_store::table::jobs::{ClaimedJob, JobKind};

use super::settle::Import;
use crate::engine::Core;
use crate::{Error, Result};

/// How many jobs a worker takes at a time. They share claims and commits; each still succeeds or
/// fails for itself.
const CLAIM_JOBS_MAX: u32 = 16;

/// How soon to look again whether the queue is empty.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) struct Workers {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(core: &Arc<Core>, count: usize) -> std::io::Result<Self> {
        let mut workers = Self {
            core: Arc::clone(core),
            threads: Vec::new(),
        };
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
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker thread panicked outside a job");
            }
        }
    }
}

impl Core {
    pub(crate) fn wait_until_idle(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        loop {
            let seen = self.queue.seen();
            let now = self.now();
            let counts = self
                .store
                .read(Lane::Interactive, |r| Ok::<_, Error>(r.job_counts(now)?))?;
            if self.queue.is_recovered() && counts.ready == 0 && counts.running == 0 {
                return Ok(true);
            }
            if !keep_waiting() || self.queue.is_stopping() {
                return Ok(false);
            }
            self.queue.sleep(seen, Some(LOOK_AGAIN));
        }
    }

    fn work(&self) {
        let mut failures = 0;
        while !self.queue.is_stopping() {
            let seen = self.queue.seen();
            match self.claim() {
                Ok(claim) => {
                    if std::mem::take(&mut failures) > 0 {
                        // The store is back: what was unknown meanwhile can be counted again.
                        self.tell_counts();
                    }
                    match claim {
                        Claim::Jobs(jobs) => self.run(jobs),
                        Claim::SleepUntilWoken => self.queue.sleep(seen, None),
                        Claim::SleepFor(wait) => self.queue.sleep(seen, Some(wait)),
                    }
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

    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let jitter = (self.random.bits() % 1_000) as f64 / 1_000.0;
        Duration::from_millis(backoff_ms(failures, jitter).unsigned_abs())
    }

    /// Looks before it claims: an idle queue costs no write.
    fn claim(&self) -> Result<Claim> {
        if !self.queue.is_recovered() {
            return Ok(Claim::SleepUntilWoken);
        }
        let now = self.now();
        let due = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.next_job_at()?))?;
        match due {
            None => return Ok(Claim::SleepUntilWoken),
            Some(due) if due > now => {
                return Ok(Claim::SleepFor(Duration::from_millis(
                    (due.0 - now.0).unsigned_abs(),
                )));
            }
            Some(_) => {}
        }
        let jobs = self.store.write(move |w| {
            Ok::<_, Error>(w.claim_jobs(now, now.plus_ms(LEASE_MS), CLAIM_JOBS_MAX)?)
        })?;
        self.queue.hold(jobs.iter().map(|job| job.lease));
        // Another worker may have been quicker; there may be more for this one.
        Ok(if jobs.is_empty() {
            Claim::SleepFor(Duration::from_millis(5))
        } else {
            Claim::Jobs(jobs)
        })
    }

    fn run(&self, jobs: Vec<ClaimedJob>) {
        let mut imports: Vec<Import> = Vec::new();
        for job in jobs {
            if self.queue.is_stopping() {
                self.give_back(&job);
                continue;
            }
            match job.kind {
                JobKind::ImportItem => imports.push(self.begin_import(job)),
                JobKind::Seal => self.run_alone(&job, Self::seal),
                JobKind::Remake => self.run_alone(&job, Self::remake),
            }
        }
        self.finish_imports(imports);
        self.queue.wake();
    }

    fn run_alone(
        &self,
        job: &ClaimedJob,
        body: impl FnOnce(&Self, &ClaimedJob) -> Result<oldgrowth_store::table::jobs::Outcome>,
    ) {
        let result = catch_unwind(AssertUnwindSafe(|| body(self, job)));
        match result {
            Ok(Ok(_)) => self.memory_changed(),
            Ok(Err(error)) => self.settle_error(job, &error),
            Err(_) => self.settle_panic(job),
        }
        self.queue.release(job.lease);
        self.board_jobs_changed();
    }
}

enum Claim {
    Jobs(Vec<ClaimedJob>),
    SleepUntilWoken,
    SleepFor(Duration),
}
