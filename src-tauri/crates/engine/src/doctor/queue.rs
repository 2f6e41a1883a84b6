//! Fixes of the work that waits, failed, or is held by nobody.

use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Lane;

use super::{Done, FixPlan};
use crate::engine::Core;
use crate::health::{FixCode, counted};
use crate::telling::News;
use crate::{Error, Result};

/// When a lease that is taken away has run out: long ago.
const RUN_OUT: UnixMs = UnixMs(0);

impl Core {
    pub(super) fn plan_retry(&self) -> Result<FixPlan> {
        let failed = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.failed_groups()?))?;
        let steps: Vec<String> = failed
            .iter()
            .map(|group| {
                let count = u64::from(group.items) + u64::from(group.summaries);
                let words = counted(count, "piece of work", "pieces of work");
                format!("{words} that failed because of {} again.", group.code)
            })
            .collect();
        let all = failed
            .iter()
            .map(|group| u64::from(group.items + group.summaries));
        let all = all.sum();
        if all == 0 {
            return Ok(FixPlan::nothing(
                FixCode::RetryFailed,
                "Nothing has failed.",
            ));
        }
        Ok(FixPlan::new(
            FixCode::RetryFailed,
            format!(
                "Queues {} once more. What can't be read still fails again, with its reason.",
                counted(
                    all,
                    "piece of work that failed",
                    "pieces of work that failed"
                )
            ),
            steps,
        ))
    }

    pub(super) fn plan_release(&self) -> Result<FixPlan> {
        let unheld = self.store.read(Lane::Background, |r| self.unheld(r))?;
        if unheld.is_empty() {
            return Ok(FixPlan::nothing(
                FixCode::ReleaseStuck,
                "All work that runs is held by somebody.",
            ));
        }
        let words = counted(unheld.len() as u64, "piece of work", "pieces of work");
        Ok(FixPlan::new(
            FixCode::ReleaseStuck,
            format!("Gives {words} that nobody does back to the queue. Nothing is lost."),
            vec![format!(
                "{words}: back to the queue, to be done from the start."
            )],
        ))
    }

    pub(super) fn release_stuck(&self) -> Result<Done> {
        let now = self.now();
        let unheld = self.store.read(Lane::Background, |r| self.unheld(r))?;
        let tallies = Arc::clone(&self.tallies);
        let (count, batches) = self.distrust(self.store.write(move |w| {
            // What somebody has claimed since has another lease.
            let still = w.running_jobs()?.into_iter();
            let still = still.filter(|job| unheld.contains(job));
            let leases: Vec<_> = still.map(|(job, _)| job).collect();
            w.expire_leases(&leases)?;
            let batches = w.reap_leases(RUN_OUT, now)?;
            for batch in &batches {
                w.settle_batch(*batch, now)?;
                tallies.put(*batch, w.batch_progress(*batch)?);
            }
            Ok::<_, Error>((leases.len() as u64, batches))
        }))?;
        self.queue.wake();
        for batch in batches {
            self.tell_batch(batch);
        }
        self.tell(News::Work);
        Ok(Done::new(
            format!(
                "{} back in the queue.",
                counted(count, "piece of work is", "pieces of work are")
            ),
            Vec::new(),
        ))
    }

    pub(super) fn plan_close(&self) -> Result<FixPlan> {
        let empty = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.empty_imports()?.len())
        })?;
        if empty == 0 {
            return Ok(FixPlan::nothing(
                FixCode::CloseEmptyImports,
                "Every import that is under way has something left to do.",
            ));
        }
        let imports = counted(empty as u64, "import", "imports");
        Ok(FixPlan::new(
            FixCode::CloseEmptyImports,
            format!("Ends {imports} of which nothing is left to do. What they brought in stays."),
            vec![format!(
                "{imports}: ended, as what became of their items says."
            )],
        ))
    }

    pub(super) fn close_empty_imports(&self) -> Result<Done> {
        let now = self.now();
        let tallies = Arc::clone(&self.tallies);
        let closed = self.distrust(self.store.write(move |w| {
            let empty = w.empty_imports()?;
            for batch in &empty {
                w.settle_batch(*batch, now)?;
                tallies.put(*batch, w.batch_progress(*batch)?);
            }
            Ok::<_, Error>(empty)
        }))?;
        let count = closed.len() as u64;
        for batch in closed {
            self.tell_batch(batch);
        }
        Ok(Done::new(
            format!("{} ended.", counted(count, "import was", "imports were")),
            Vec::new(),
        ))
    }
}
