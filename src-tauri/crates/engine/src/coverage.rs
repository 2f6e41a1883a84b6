//! Is everything that was read where it should be? Counted from the rows of the index and the tree
//! themselves, not from what was meant to be written.
//!
//! To count a million passages takes seconds, so what was counted is kept until something has been
//! written since; and while something is written all the time, counting takes a small part of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::BatchId;
use oldgrowth_store::table::sources::Coverage;
use oldgrowth_store::{Lane, SourceKey};
use parking_lot::Mutex;

use crate::engine::Core;
use crate::{Error, Result};

/// What was counted serves for so many times as long as the counting took, although something was
/// written meanwhile, where the last word is not needed.
const SERVES_FOR_TIMES: u32 = 10;

/// How many documents are counted in one read.
const DOCUMENTS_AT_A_TIME: i64 = 1_000;

/// How soon to look again whether somebody else has counted.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What all sources held at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) sources: HashMap<SourceKey, CountedSource>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CountedSource {
    pub(crate) coverage: Coverage,
    /// The newest import that had to do with it.
    pub(crate) last_batch: Option<BatchId>,
}

impl Counted {
    /// Over all sources.
    pub(crate) fn sum(&self) -> Coverage {
        let mut sum = Coverage::default();
        for source in self.sources.values() {
            sum.add(source.coverage);
        }
        sum
    }
}

/// Held while it is counted: whoever asks meanwhile waits for the same answer.
#[derive(Default)]
pub(crate) struct LastCount(Mutex<Option<Kept>>);

struct Kept {
    counted: Arc<Counted>,
    /// How often the store had been opened and written before.
    opens_and_commits: (u64, u64),
    at: Duration,
    took: Duration,
}

/// Which answer will do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The rows themselves, whatever was counted before.
    Anew,
    /// As the rows are now.
    Exact,
    /// Of late. Whoever shows it hears when there is something newer.
    OfLate,
}

impl Core {
    /// What the last count has found, however old it is.
    pub(crate) fn last_counted(&self) -> Option<Arc<Counted>> {
        let last = self.last_count.0.lock();
        last.as_ref().map(|kept| Arc::clone(&kept.counted))
    }

    /// The same, for who does not wait: nothing while it is counted.
    pub(crate) fn counted_before(&self) -> Option<Arc<Counted>> {
        let last = self.last_count.0.try_lock()?;
        last.as_ref().map(|kept| Arc::clone(&kept.counted))
    }

    pub(crate) fn counted(&self, freshness: Freshness) -> Result<Arc<Counted>> {
        self.counted_until(freshness, &|| false)
    }

    /// As `counted`, and ends with [`Error::Stopping`] soon after it is called off.
    pub(crate) fn counted_until(
        &self,
        freshness: Freshness,
        called_off: &dyn Fn() -> bool,
    ) -> Result<Arc<Counted>> {
        let mut last = self.last_count.0.lock();
        // Taken before the rows are read: what is committed in between counts as not counted.
        let facts = self.store.facts();
        let opens_and_commits = (facts.opens, facts.writes);
        let begun = self.ambient.clock.monotonic();
        if let Some(kept) = &*last {
            let of_late = freshness == Freshness::OfLate
                && begun.saturating_sub(kept.at) < kept.took * SERVES_FOR_TIMES;
            let is_same = kept.opens_and_commits == opens_and_commits;
            if freshness != Freshness::Anew && (is_same || of_late) {
                return Ok(Arc::clone(&kept.counted));
            }
        }
        let sources = self.count(called_off).map_err(|error| self.named(error))?;
        let at = self.ambient.clock.monotonic();
        let counted = Arc::new(Counted { sources });
        *last = Some(Kept {
            counted: Arc::clone(&counted),
            opens_and_commits,
            at,
            took: at.saturating_sub(begun),
        });
        Ok(counted)
    }
}

impl Core {
    /// How long it is until another count takes a small part of the time since the last one, and since `begun`; none when
    /// it does already.
    pub(crate) fn count_is_due_in(&self, begun: Duration) -> Option<Duration> {
        let Some(last) = self.last_count.0.try_lock() else {
            // It is counted at this moment.
            return Some(LOOK_AGAIN);
        };
        let kept = last.as_ref()?;
        let due = kept.at.max(begun) + kept.took * SERVES_FOR_TIMES;
        let left = due.saturating_sub(self.ambient.clock.monotonic());
        (!left.is_zero()).then_some(left)
    }

    /// What was counted is not so: somebody else has changed the file.
    pub(crate) fn count_anew(&self) {
        // Held, it is counted at this moment.
        if let Some(mut last) = self.last_count.0.try_lock() {
            *last = None;
        }
        self.counts_changed();
    }

    /// Reads a little at a time: one long read would end at its deadline, and keep the log from being
    /// emptied meanwhile. What is written in between is counted the next time.
    fn count(&self, called_off: &dyn Fn() -> bool) -> Result<HashMap<SourceKey, CountedSource>> {
        let (mut sources, last) = self.store.read(Lane::Background, |r| {
            let sources = r.sources()?.into_iter().map(|source| {
                let counted = CountedSource {
                    coverage: r.coverage_beside_documents(source.key)?,
                    last_batch: r.newest_batch_of(source.key)?.map(|batch| batch.id),
                };
                Ok::<_, Error>((source.key, counted))
            });
            let sources = sources.collect::<Result<HashMap<_, _>>>()?;
            Ok::<_, Error>((sources, r.last_document()?))
        })?;
        let mut from = 0;
        while from <= last {
            if called_off() {
                return Err(Error::Stopping);
            }
            let to = from + DOCUMENTS_AT_A_TIME - 1;
            let parts = self.store.read(Lane::Background, |r| {
                Ok::<_, Error>(r.coverage_of_documents(from, to)?)
            })?;
            for (source, part) in parts {
                // What a damage has left without its source is there all the same.
                let counted = sources.entry(source).or_default();
                counted.coverage.add(part);
            }
            from = to + 1;
        }
        Ok(sources)
    }
}

pub(crate) fn is_in_step(coverage: &Coverage) -> bool {
    coverage.indexed == coverage.chunks && coverage.in_tree == coverage.chunks
}
