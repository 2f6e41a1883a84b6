//! Removes jobs that nobody asks for any more, a little at a time and only while nothing else is done.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{IMPORTS_KEPT_MIN, JOBS_KEPT_MS};
use oldgrowth_store::table::jobs::Prunable;
use oldgrowth_store::{JobKey, Lane};

use crate::engine::Core;
use crate::{Engine, Error, Result};

/// How many jobs are looked at in a transaction, and how many transactions are made in a turn.
const STRETCH_JOBS: u32 = 1_000;
const STRETCHES_A_TURN: u32 = 50;

/// How long after all jobs were looked at they are looked at again.
const AGAIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// How far the looking through has come.
#[derive(Debug, Default)]
pub(crate) struct Pruning {
    /// The last job that was looked at; none before the first.
    at: Option<JobKey>,
    ended_at: Option<UnixMs>,
}

impl Engine {
    /// Renews the leases that are held, puts back what a dead holder has left, ends the imports of which
    /// nothing is left to do, and prunes jobs that are due, some of them if they are many. Answers how
    /// many were removed. The ticker does all this by itself.
    ///
    /// # Errors
    /// Those of the store; what was done until then is.
    pub fn look_after_jobs(&self) -> Result<usize> {
        let core = self.core();
        core.put_in_order()?;
        core.prune()
    }
}

impl Core {
    pub(super) fn prune_due(&self) {
        if let Err(error) = self.prune() {
            tracing::debug!(
                transient = error.is_transient(),
                "old jobs could not be pruned"
            );
        }
    }

    fn prune(&self) -> Result<usize> {
        let now = self.now();
        let due = |ended: UnixMs| now.0.saturating_sub(ended.0) >= AGAIN_MS;
        // Who looks through already goes on.
        let Some(mut pruning) = self.pruning.try_lock() else {
            return Ok(0);
        };
        if pruning.ended_at.is_some_and(|ended| !due(ended)) {
            return Ok(0);
        }
        let what = Prunable {
            ended_by: now.plus_ms(-JOBS_KEPT_MS),
            imports_kept: IMPORTS_KEPT_MIN,
        };
        let mut removed = 0;
        for _ in 0..STRETCHES_A_TURN {
            if self.queue.begins_none() || self.queue.is_still() || !self.is_at_rest()? {
                break;
            }
            let after = pruning.at;
            let found = self.store.read(Lane::Background, |r| {
                let Some(of) = r.stretch_of_jobs(after, STRETCH_JOBS)? else {
                    return Ok(None);
                };
                let any = !r.jobs_to_prune(of, what)?.is_empty();
                Ok::<_, Error>(Some((of, any)))
            })?;
            let Some((of, any)) = found else {
                *pruning = Pruning {
                    at: None,
                    ended_at: Some(now),
                };
                break;
            };
            if any {
                removed += self.store.write_in(Lane::Background, move |w| {
                    Ok::<_, Error>(w.prune_jobs(of, what)?)
                })?;
            }
            pruning.at = Some(of.to);
        }
        if removed > 0 {
            tracing::info!(jobs = removed, "old jobs were pruned");
        }
        Ok(removed)
    }
}
