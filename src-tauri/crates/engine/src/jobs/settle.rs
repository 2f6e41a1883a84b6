//! How jobs end: kept, put back, or given up with a reason.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{ATTEMPTS_MAX, FailureClass};
use oldgrowth_store::table::jobs::{ClaimedJob, Outcome, Reason};
use oldgrowth_store::{BatchKey, Write};

use crate::engine::Core;
use crate::ingest::item::problem_reason;
use crate::ports::{Problem, ProblemKind};
use crate::tally::Moved;
use crate::{Error, Result};

impl Core {
    /// A file that could not be read, or isn't for us.
    pub(super) fn settle_problem(&self, job: &ClaimedJob, problem: &Problem) {
        let reason = problem_reason(problem);
        match problem.kind {
            ProblemKind::RuledOut | ProblemKind::PassedOver => {
                self.settling(job, move |w, job, now| {
                    w.settle_done(job.lease, Outcome::Skipped, None, Some(&reason), now)?;
                    end_batch(w, job.batch, now)?;
                    Ok(Moved::Done(Outcome::Skipped))
                })
            }
            ProblemKind::TryAgain if job.attempts < ATTEMPTS_MAX => self.retry_later(job, reason),
            ProblemKind::TryAgain | ProblemKind::Failed => self.give_up(job, reason),
        }
    }

    pub(super) fn settle_error(&self, job: &ClaimedJob, error: &Error) {
        if matches!(error, Error::Store(oldgrowth_store::Error::LeaseLost)) {
            // Cancelled, or another's by now: nothing of ours was written.
            return;
        }
        self.faults.tell_of_job(job.kind.as_str(), error);
        match class_of(error) {
            FailureClass::Transient => {
                let asked_for = match error {
                    Error::Model { retry_in, .. } => retry_in.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let wait = self.backoff(job.deferrals + 1).max(asked_for);
                let why = away(error);
                self.settling(job, move |w, job, now| {
                    w.put_off(job.lease, &why, after(now, wait), now)?;
                    Ok(Moved::Back)
                });
            }
            FailureClass::BadItem if job.attempts < ATTEMPTS_MAX => {
                self.retry_later(job, fault(error))
            }
            FailureClass::BadItem => self.give_up(job, fault(error)),
        }
    }

    pub(super) fn settle_panic(&self, job: &ClaimedJob) {
        tracing::error!(
            kind = job.kind.as_str(),
            attempt = job.attempts,
            "a job panicked"
        );
        let reason = Reason {
            code: "fault".to_owned(),
            words: "Oldgrowth failed on it; a fault of ours. Everything else goes on.".to_owned(),
        };
        if job.attempts < ATTEMPTS_MAX {
            self.retry_later(job, reason)
        } else {
            self.give_up(job, reason)
        }
    }

    fn retry_later(&self, job: &ClaimedJob, reason: Reason) {
        let wait = self.backoff(job.attempts);
        self.settling(job, move |w, job, now| {
            w.settle_retry(job.lease, &reason, after(now, wait), now)?;
            Ok(Moved::Back)
        });
    }

    fn give_up(&self, job: &ClaimedJob, reason: Reason) {
        tracing::warn!(
            kind = job.kind.as_str(),
            code = reason.code,
            "a job was given up"
        );
        self.settling(job, move |w, job, now| {
            w.settle_failed(job.lease, &reason, now)?;
            end_batch(w, job.batch, now)?;
            Ok(Moved::Failed)
        });
    }

    /// Back to the queue as if it had never been claimed.
    pub(super) fn give_back(&self, job: &ClaimedJob) {
        self.put_back(job);
        self.queue.release(job.lease);
    }

    pub(super) fn put_back(&self, job: &ClaimedJob) {
        self.settling(job, |w, job, now| {
            w.defer(job.lease, now, now)?;
            Ok(Moved::Back)
        });
    }

    fn settling(
        &self,
        job: &ClaimedJob,
        settle: impl FnOnce(&Write<'_>, &ClaimedJob, UnixMs) -> Result<Moved> + Send + 'static,
    ) {
        let (lease, wait) = (job.lease, self.backoff(job.deferrals + 1));
        let (job, now) = (job.clone(), self.now());
        let tallies = Arc::clone(&self.tallies);
        let settled = self.distrust(self.store.write(move |w| {
            let moved = settle(w, &job, now)?;
            tallies.moved(&job, moved);
            Ok::<_, Error>(())
        }));
        if let Err(error) = settled {
            tracing::debug!(
                transient = error.is_transient(),
                "a job could not be settled"
            );
            // Put back as soon as the store can be written again. Should this process end before,
            // the next one finds the lease.
            if error.is_of_the_store() {
                self.queue.keep_unsettled([(lease, after(now, wait))]);
            }
        }
    }

    /// Puts back the jobs that could not be settled while the store was away.
    pub(super) fn put_back_unsettled(&self) -> Result<()> {
        let unsettled = self.queue.take_unsettled();
        if unsettled.is_empty() {
            return Ok(());
        }
        let (jobs, now) = (unsettled.clone(), self.now());
        let put_back = self.store.write(move |w| {
            for (lease, at) in jobs {
                match w.defer(lease, at, now) {
                    // Cancelled, or reaped and claimed by another: no longer ours to put back.
                    Ok(()) | Err(oldgrowth_store::Error::LeaseLost) => {}
                    Err(error) => return Err(Error::from(error)),
                }
            }
            Ok(())
        });
        // These were put back without what the tallies go by.
        self.tallies.forget();
        if put_back.is_err() {
            self.queue.keep_unsettled(unsettled);
        }
        put_back
    }
}

fn after(now: UnixMs, wait: Duration) -> UnixMs {
    now.plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

/// The parent ends in the same write as its last child.
pub(super) fn end_batch(w: &Write<'_>, batch: Option<BatchKey>, now: UnixMs) -> Result<()> {
    if let Some(batch) = batch {
        w.settle_batch(batch, now)?;
    }
    Ok(())
}

fn class_of(error: &Error) -> FailureClass {
    if error.is_transient() || error.is_of_the_store() || matches!(error, Error::Conflict { .. }) {
        FailureClass::Transient
    } else {
        FailureClass::BadItem
    }
}

/// Why it waits for another try.
fn away(error: &Error) -> Reason {
    let (code, words) = match error {
        Error::Model { .. } => ("model_away", "the summariser did not answer"),
        Error::Conflict { .. } => ("conflict", "what it works on changed meanwhile"),
        _ if error.is_of_the_store() => ("store_away", "the memory could not be used just then"),
        _ => ("busy", "there was too much going on at once"),
    };
    Reason {
        code: code.to_owned(),
        words: words.to_owned(),
    }
}

/// Why it won't do.
fn fault(error: &Error) -> Reason {
    let (code, words) = match error {
        Error::Model { .. } => (
            "model",
            "the summariser could do nothing with it. Everything else goes on.",
        ),
        _ => (
            "store",
            "it could not be kept; a fault of ours. Everything else goes on.",
        ),
    };
    Reason {
        code: code.to_owned(),
        words: words.to_owned(),
    }
}
