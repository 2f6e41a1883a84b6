//! Backups that nobody asks for: one a day while something changes, and one check a month.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Lane;

use super::{BACKUP_LABEL, CopyWork};
use crate::engine::Core;
use crate::{Error, Result};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const MONTH_MS: i64 = 30 * DAY_MS;

/// Why a backup that nobody asked for could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    NoSpace,
    /// Long reads are switched off, or are all taken.
    NoPermit,
    Store,
}

impl Failure {
    pub(crate) fn words(self) -> String {
        match self {
            Self::NoSpace => "there is too little room on the disk for a copy",
            Self::NoPermit => "no other long read may begin",
            Self::Store => "the memory could not be read through",
        }
        .to_owned()
    }
}

/// What the day's decision is made from.
#[derive(Clone, Copy, Debug)]
struct Seen {
    now: UnixMs,
    /// When the newest backup was made that is not known to be bad.
    newest: Option<UnixMs>,
    /// When one was last tried by itself.
    tried: Option<UnixMs>,
    /// When the store was last written; `None` when there is none.
    written: Option<UnixMs>,
}

impl Seen {
    fn is_due(self) -> bool {
        let Some(written) = self.written else {
            return false;
        };
        let a_day_ago = |at: Option<UnixMs>| at.is_none_or(|at| self.now.0 - at.0 >= DAY_MS);
        let changed = self.newest.is_none_or(|newest| written > newest);
        changed && a_day_ago(self.newest) && a_day_ago(self.tried)
    }
}

impl Core {
    pub(crate) fn look_after_copies(&self) {
        if self.running.progress().is_some() {
            return;
        }
        if let Err(error) = self.daily_backup().and_then(|()| self.monthly_check()) {
            tracing::debug!(
                transient = error.is_transient(),
                "copies were not looked after"
            );
        }
        // The day has moved on, whatever was done.
        self.look_at_copies();
        self.tell_changes();
    }

    fn daily_backup(&self) -> Result<()> {
        let sound = self.backup_views().into_iter().find(|view| !view.unsound);
        let seen = Seen {
            now: self.now(),
            newest: sound.map(|view| view.backup.made_at),
            tried: self.memo.lock().tried_at(),
            written: self.store.written_at(),
        };
        if !seen.is_due() || !self.is_at_rest()? {
            self.waiting.lock().take();
            return Ok(());
        }
        // There is no place for it, and nothing new to be kept. The memory's own row tells why.
        if self.reads_only() {
            return Ok(());
        }
        // A disk that is nearly full has no room for a copy; that is told, and is no try.
        if self.store.facts().jobs_paused {
            self.note_failure(Some(Failure::NoSpace));
            return Ok(());
        }
        if self.store.reservations().blocked {
            // Seen as waiting until the next tick asks again.
            let mut waiting = self.waiting.lock();
            *waiting = waiting
                .take()
                .or_else(|| self.store.reserve_later(BACKUP_LABEL));
            drop(waiting);
            self.note_failure(Some(Failure::NoPermit));
            return Ok(());
        }
        self.waiting.lock().take();
        self.memo.lock().tried(seen.now, &self.workspace);
        match self.make_backup(None, &|| false) {
            Ok(_) => self.note_failure(None),
            Err(Error::Cancelled | Error::CopyUnderWay) => {}
            Err(error) => {
                tracing::warn!(
                    transient = error.is_transient(),
                    "the daily backup could not be made"
                );
                let full = matches!(&error, Error::Store(error) if error.is_disk_full());
                self.note_failure(Some(if full {
                    Failure::NoSpace
                } else {
                    Failure::Store
                }));
            }
        }
        Ok(())
    }

    /// Nothing waits and nothing runs.
    pub(crate) fn is_at_rest(&self) -> Result<bool> {
        let live = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.has_live_jobs()?))?;
        Ok(!live && self.queue.holds_none())
    }

    fn monthly_check(&self) -> Result<()> {
        let now = self.now();
        let Some(view) = self.newest_backup() else {
            return Ok(());
        };
        let due = !view.unsound
            && view
                .verified_at
                .is_none_or(|verified| now.0 - verified.0 >= MONTH_MS);
        if due && self.is_at_rest()? {
            let _work = self.begin(CopyWork::Verify)?;
            self.verify(&view.backup)?;
        }
        Ok(())
    }

    fn note_failure(&self, failure: Option<Failure>) {
        let changed = {
            let mut memo = self.memo.lock();
            let changed = memo.failure() != failure;
            memo.failed(failure);
            changed
        };
        if changed {
            self.copies_changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 100 * DAY_MS;

    fn seen(newest: Option<i64>, tried: Option<i64>, written: Option<i64>) -> Seen {
        let ago = |ms: i64| UnixMs(NOW - ms);
        Seen {
            now: UnixMs(NOW),
            newest: newest.map(ago),
            tried: tried.map(ago),
            written: written.map(ago),
        }
    }

    #[test]
    fn a_backup_is_due_once_a_day_and_only_when_something_was_written() {
        for (seen, due, why) in [
            (seen(None, None, None), false, "there is nothing yet"),
            (seen(None, None, Some(5)), true, "the first"),
            (
                seen(Some(2 * DAY_MS), None, Some(5)),
                true,
                "a day has passed",
            ),
            (
                seen(Some(DAY_MS - 1), None, Some(5)),
                false,
                "not yet a day",
            ),
            (
                seen(Some(9 * DAY_MS), None, Some(10 * DAY_MS)),
                false,
                "nothing was written since",
            ),
            (
                seen(Some(9 * DAY_MS), Some(DAY_MS / 2), Some(5)),
                false,
                "it was tried today, whatever came of it",
            ),
            (
                seen(None, Some(DAY_MS), Some(5)),
                true,
                "and is tried tomorrow",
            ),
        ] {
            assert_eq!(seen.is_due(), due, "{why}: {seen:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_only_puts_it_off() {
        assert!(
            !seen(Some(-DAY_MS), None, Some(5)).is_due(),
            "a backup of tomorrow is not a reason to make one now"
        );
    }
}
