//! The truth about how things are, in one place. The window, the command line and every other
//! reader speak from these rows.

mod board;
mod rows;
mod store;
mod upkeep;
mod watched;

pub(crate) use board::Board;
pub use upkeep::aside_words;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::{Class, Facts, Lane, Reservations};

use crate::coverage::Freshness;
use crate::engine::Core;
use crate::telling::News;
use crate::{Engine, Error};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthCode {
    Store,
    Sidecars,
    Space,
    Jobs,
    Coverage,
    /// How many reads may be long at once.
    LongReads,
    /// Is the SQLite in this program one to trust?
    Sqlite,
    /// Is there a copy, and how old is it?
    Backup,
    /// Was something kept aside that a person should look at?
    KeptAside,
    /// Are the watched folders there, and does the system tell of their changes?
    WatchedFolders,
}

/// Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentState {
    Ok,
    /// Not looked at yet, which is not the same as well.
    Unknown,
    Warn,
    Fail,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub code: HealthCode,
    pub state: ComponentState,
    /// In plain words.
    pub cause: String,
    pub since: UnixMs,
    /// What the person can do, or what happens by itself.
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub headline: String,
    pub state: ComponentState,
    pub components: Vec<Component>,
    /// Grows with each change of any row.
    pub seq: u64,
    pub reservations: Reservations,
}

/// How closely to look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Count again only what may have changed.
    Changed,
    /// As `Changed`, while nobody waits for the answer: at the end of the work it is called off.
    Unasked,
    Everything,
}

impl Engine {
    /// Always answers, whatever the state of the store.
    pub fn status(&self) -> Status {
        self.core().look(Look::Changed)
    }

    /// As [`Engine::status`], with everything counted anew.
    pub fn doctor(&self) -> Status {
        self.core().look(Look::Everything)
    }

    /// Tries to use the store now instead of at its next turn.
    pub fn try_store_now(&self) -> Status {
        if let Err(error) = self.core().store.try_now() {
            tracing::debug!(
                transient = error.is_transient(),
                "the store still can't be used"
            );
        }
        self.core().queue.wake();
        self.core().watching.wake();
        self.status()
    }

    /// Why the store can't be used, if it can't.
    pub fn store_trouble(&self) -> Option<Class> {
        self.core().trouble()
    }
}

impl Core {
    fn trouble(&self) -> Option<Class> {
        store::trouble(&self.store.health().state)
    }

    /// Called by the keeper, on whichever thread noticed: it must not wait for the store.
    pub(crate) fn store_health_changed(&self) {
        let now = self.now();
        let health = self.store.health().state;
        let jobs_paused = self.store.facts().jobs_paused;
        self.board
            .set(HealthCode::Store, store::row(&health, jobs_paused), now);
        if !store::can_be_read(&health) {
            for code in [HealthCode::Jobs, HealthCode::Coverage] {
                self.board.set(code, rows::waits_for_store(), now);
            }
        }
        // A worker that finds nothing else to do counts again. At the start, which is when the store opens,
        // nothing has been counted, and nothing needs to be until somebody asks.
        if self.board.is_known(HealthCode::Coverage) {
            self.board.mark_counts_stale();
        }
        self.tell_changes();
        self.tell_later(News::Work);
        self.queue.wake();
    }

    /// To be called when something else may be there to be counted. To count takes seconds in a large
    /// memory, so whoever has changed it does not wait for that: a worker counts when it has nothing else to do.
    pub(crate) fn counts_changed(&self) {
        if !self.has_workers {
            return self.tell_counts();
        }
        self.board.mark_counts_stale();
        self.tell_later(News::Work);
        self.queue.wake();
    }

    /// To be called when work has come to an end: counts what it has left, and tells what changed.
    pub(crate) fn tell_counts(&self) {
        self.look_again(Look::Changed);
    }

    /// As [`Core::tell_counts`], for the threads that [`Engine::stop`] waits for.
    pub(crate) fn tell_counts_unasked(&self) {
        self.look_again(Look::Unasked);
    }

    fn look_again(&self, look: Look) {
        self.board.mark_counts_stale();
        self.look(look);
        self.tell_later(News::Work);
    }

    /// Looks, and tells everybody what has changed, not only whoever asked.
    fn look(&self, look: Look) -> Status {
        let status = self.refresh(look);
        self.tell_changes();
        status
    }

    /// Tells everybody what is on the board and has not been told.
    pub(crate) fn tell_changes(&self) {
        if self.board.has_news() {
            self.tell(News::Health);
        }
    }

    fn refresh(&self, look: Look) -> Status {
        let now = self.now();
        // Reading opens the store when it isn't open yet, so what follows is about now.
        let store_answers = self.look_at_jobs();
        let facts = self.store.facts();
        self.board.set(
            HealthCode::Store,
            store::row(&self.store.health().state, facts.jobs_paused),
            now,
        );
        let misplaced = matches!(self.trouble(), Some(Class::Path));
        let sidecars = if misplaced {
            rows::waits_for_store()
        } else {
            rows::sidecars(&facts)
        };
        self.board.set(HealthCode::Sidecars, sidecars, now);
        self.board.set(HealthCode::Space, rows::space(&facts), now);
        self.look_at_upkeep(&facts);
        self.look_at_watching();
        if look == Look::Everything || !self.board.is_known(HealthCode::Backup) {
            self.look_at_copies();
        }
        if !store_answers {
            self.board.mark_counts_stale();
            self.board
                .set(HealthCode::Coverage, rows::waits_for_store(), now);
        }
        let to_count = self.board.to_count();
        let is_known = self.board.is_known(HealthCode::Coverage);
        if store_answers && (look == Look::Everything || to_count.is_some() || !is_known) {
            let freshness = match look {
                Look::Everything => Freshness::Anew,
                Look::Changed | Look::Unasked => Freshness::Exact,
            };
            let called_off = || look == Look::Unasked && self.queue.is_stopping();
            let before = self.last_counted();
            match self.counted_until(freshness, &called_off) {
                Ok(counted) => {
                    let row = rows::coverage(&counted.sum(), counted.sources.len());
                    let said = self.board.set(HealthCode::Coverage, row, now);
                    // Only now: whoever asks meanwhile waits for the same count.
                    self.board.counted(to_count.unwrap_or_default());
                    // Whoever was answered with what was counted of late hears of the last word, by
                    // the row or, where the row's sentence is the same, by this.
                    if !said && before.is_some_and(|before| before != counted) {
                        self.memory_changed();
                    }
                }
                // What it said before is as true as it was, and counts as stale.
                Err(Error::Stopping) => {}
                Err(_) => {
                    let row = rows::waits_for_store();
                    self.board.set(HealthCode::Coverage, row, now);
                    self.board.mark_counts_stale();
                }
            }
        }
        self.board.status(self.store.reservations())
    }

    pub(crate) fn look_at_watching(&self) {
        let row = watched::row(&self.watching.views(), self.has_workers);
        self.board.set(HealthCode::WatchedFolders, row, self.now());
    }

    fn look_at_upkeep(&self, facts: &Facts) {
        let now = self.now();
        let setting = self.settings.lock().long_reads_max;
        let row = upkeep::long_reads(&self.store.reservations(), setting.problem);
        self.board.set(HealthCode::LongReads, row, now);
        self.board
            .set(HealthCode::Sqlite, upkeep::sqlite(&facts.sqlite), now);
    }

    /// Reads what lies beside the store; the store itself is left alone.
    pub(crate) fn look_at_copies(&self) {
        let now = self.now();
        let newest = self
            .store
            .backups()
            .into_iter()
            .find(|backup| backup.note.is_some());
        let failure = self.memo.lock().failure();
        let seen = upkeep::CopiesSeen {
            now,
            newest: newest.map(|backup| self.view(backup)),
            written: self.store.written_at(),
            made: self.store.made_at(),
            failure,
        };
        let aside = upkeep::kept_aside(&self.store.kept_aside());
        let backup = upkeep::backup(&seen);
        self.board.set(HealthCode::Backup, backup, now);
        self.board.set(HealthCode::KeptAside, aside, now);
    }

    /// False when the store could not be asked.
    fn look_at_jobs(&self) -> bool {
        let now = self.now();
        let counted = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.job_counts(now)?));
        let row = match &counted {
            Ok(counts) => rows::jobs(*counts, self.has_workers, self.queue.paused().is_some()),
            Err(_) => rows::waits_for_store(),
        };
        self.board.set(HealthCode::Jobs, row, now);
        counted.is_ok()
    }
}
