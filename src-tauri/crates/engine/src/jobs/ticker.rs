//! The one thread that wakes by the clock, once a minute: it renews the leases that are held, puts
//! back jobs whose holder is gone, and asks for the sealing of buffers that have waited long enough.
//! It also has summaries made anew that a model was away for, and the word index of a salvaged memory, the store
//! looked after, and old jobs pruned, and notices that the computer has slept. With nothing to do it reads a few rows and writes none.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{LEASE_MS, TICK_MS};
use oldgrowth_domain::sealing::STALE_MS;
use oldgrowth_store::Lane;

use crate::engine::Core;
use crate::ports::Clock;
use crate::sealing::seal_job;
use crate::{Error, Result};

/// So many ticks pass before copies are looked after: who starts the program wants to use it.
const TICKS_BEFORE_COPIES: u32 = 5;

/// The two clocks differ by more than this between two looks only when the computer has slept, or
/// when somebody has set the time; to look after the store once more does no harm.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(60);

/// Both clocks at one time. The monotonic one stands still while the computer sleeps.
#[derive(Clone, Copy)]
struct Reading {
    unix_ms: i64,
    monotonic: Duration,
}

impl Reading {
    fn of(clock: &dyn Clock) -> Self {
        Self {
            unix_ms: clock.unix_ms(),
            monotonic: clock.monotonic(),
        }
    }

    fn slept_since(self, before: Self) -> bool {
        let wall = self.unix_ms.saturating_sub(before.unix_ms);
        let monotonic = self.monotonic.saturating_sub(before.monotonic).as_millis();
        let apart = wall.abs_diff(i64::try_from(monotonic).unwrap_or(i64::MAX));
        u128::from(apart) > CLOCKS_APART_MAX.as_millis()
    }
}

/// No lease runs longer.
const END_OF_TIME: UnixMs = UnixMs(i64::MAX);

impl Core {
    pub(super) fn tick(&self) {
        let mut failures = 0;
        let mut ticks = 0_u32;
        let mut before = Reading::of(&*self.ambient.clock);
        while !self.queue.is_stopping() {
            let now = Reading::of(&*self.ambient.clock);
            if now.slept_since(before) {
                self.store.resumed();
            } else {
                self.store.tick();
            }
            before = now;
            self.watch_clock();
            if ticks >= TICKS_BEFORE_COPIES {
                self.look_after_copies();
                self.look_after_health();
                self.prune_due();
            } else if self.is_in_doubt() {
                self.look_after_health();
            }
            self.rest_from_vectors();
            self.rest_from_embedding();
            ticks = ticks.saturating_add(1);
            failures = if self.tick_once().is_err() {
                self.mend_by_itself();
                failures + 1
            } else {
                0
            };
            let wait = if failures == 0 {
                Duration::from_millis(TICK_MS.unsigned_abs())
            } else {
                self.backoff(failures)
            };
            self.queue.pause(wait);
        }
    }

    /// The jobs of a store that has just been put in place.
    pub(crate) fn put_in_order(&self) -> Result<()> {
        self.tick_once()
    }

    fn tick_once(&self) -> Result<()> {
        if self.queue.is_still() {
            return Ok(());
        }
        // The workspace is locked by this process alone, so before the first claim every lease is a
        // dead process's.
        let expired_at = if self.queue.is_recovered() {
            self.now()
        } else {
            END_OF_TIME
        };
        if self.store.writing_may_resume() {
            self.store.try_now()?;
        }
        self.put_index_where_none_is()?;
        if !self.queue.is_recovered() {
            self.clear_up()?;
        }
        self.renew(&self.queue.held())?;
        self.reap(expired_at)?;
        self.ask_for_stale_seals()?;
        self.remake_degraded()?;
        // Before anybody who waits may think that nothing is to be done.
        self.mend_by_itself();
        self.look_at_power();
        // A day is over, or the clock another one.
        if self.is_to_grow()? {
            self.queue.wake();
        }
        if self.queue.recover() {
            self.look_for_degraded();
            self.watching.begin_anew();
            self.tell_counts_unasked();
        }
        Ok(())
    }

    /// What a process that was killed has left half done for the doctor.
    fn clear_up(&self) -> Result<()> {
        let left = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.canary_rows()? > 0 || r.has_words_anew()?)
        })?;
        if left {
            self.store.write(|w| {
                w.forget_canary()?;
                Ok::<_, Error>(w.drop_words_anew()?)
            })?;
        }
        Ok(())
    }

    fn renew(&self, held: &[oldgrowth_store::table::jobs::Lease]) -> Result<()> {
        if held.is_empty() {
            return Ok(());
        }
        let (held, until) = (held.to_vec(), self.now().plus_ms(LEASE_MS));
        self.store.write(move |w| Ok(w.renew_leases(&held, until)?))
    }

    /// Puts back what a dead holder has left, and brings the imports it belongs to in step.
    fn reap(&self, expired_at: UnixMs) -> Result<()> {
        let now = self.now();
        let expired = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.has_expired_leases(expired_at)?)
        })?;
        if expired {
            let tallies = Arc::clone(&self.tallies);
            let batches = self.distrust(self.store.write(move |w| {
                let batches = w.reap_leases(expired_at, now)?;
                for batch in &batches {
                    w.settle_batch(*batch, now)?;
                    tallies.put(*batch, w.batch_progress(*batch)?);
                }
                Ok::<_, Error>(batches)
            }))?;
            batches.into_iter().for_each(|batch| self.tell_batch(batch));
            self.queue.wake();
        }
        // An import that says it is running though nothing of it can move any more is ended here.
        let over = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.empty_imports()?))?;
        for key in over {
            let tallies = Arc::clone(&self.tallies);
            self.distrust(self.store.write(move |w| {
                w.settle_batch(key, now)?;
                tallies.put(key, w.batch_progress(key)?);
                Ok::<_, Error>(())
            }))?;
            self.tell_batch(key);
        }
        Ok(())
    }

    fn ask_for_stale_seals(&self) -> Result<()> {
        let now = self.now();
        let before = now.plus_ms(-STALE_MS);
        let stale = self.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.buffers_older_than(before)?)
        })?;
        if stale.is_empty() {
            return Ok(());
        }
        self.store.write(move |w| {
            for (tree, level) in stale {
                w.insert_job(&seal_job(tree, level), now)?;
            }
            Ok::<_, Error>(())
        })?;
        self.queue.wake();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(unix_s: i64, monotonic_s: u64) -> Reading {
        Reading {
            unix_ms: unix_s * 1_000,
            monotonic: Duration::from_secs(monotonic_s),
        }
    }

    #[test]
    fn sleep_is_told_from_a_late_tick_and_from_a_clock_that_is_set_a_little() {
        let before = reading(1_000, 50);
        for (now, slept) in [
            (reading(1_060, 110), false),
            (reading(9_000, 8_050), false),
            (reading(1_120, 110), false),
            (reading(1_121, 110), true),
            (reading(30_000, 110), true),
            (reading(500, 110), true),
        ] {
            assert_eq!(
                now.slept_since(before),
                slept,
                "{} s by the wall, {:?} by the other",
                now.unix_ms / 1_000 - 1_000,
                now.monotonic
            );
        }
    }
}
