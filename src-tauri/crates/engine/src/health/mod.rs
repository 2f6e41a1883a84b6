//! The truth about how things are, in one place. The window, the command line and every other
//! reader speak from these rows. A check's finding is a row: most are looked at whenever somebody
//! asks, and those that take long or write by the week.

mod board;
mod checks;
mod clock;
mod crash_reports;
mod evidence;
mod faithful;
mod history;
mod integrity;
mod kept;
mod look;
mod meaning;
mod model;
mod models;
mod orphans;
mod permissions;
mod place;
mod round_trip;
mod rows;
mod salvaged;
mod sources;
mod store;
mod tree;
mod upkeep;
mod watched;

pub(crate) use board::Board;
pub(crate) use checks::Checks;
pub(crate) use clock::ClockSeen;
pub use history::{Entry, Happened, Timeline};
pub(crate) use history::{FILE as HISTORY_FILE, History};
pub(crate) use integrity::LABEL as CHECK_LABEL;
pub(crate) use kept::{FILE as CHECKS_FILE, KeptChecks};
pub use model::{
    Component, ComponentState, Evidence, FixCode, FixRisk, HealthCode, HealthGroup, Status,
};
pub(crate) use orphans::named as orphans_named;
pub(crate) use rows::{bytes, counted, grouped};
pub(crate) use salvaged::{
    FILE as SALVAGED_FILE, Mark, index_is_made, is_salvaged, lacks_index, mark_as_salvaged,
};
pub use upkeep::aside_words;

use oldgrowth_store::{Class, Health, Lane};

use crate::engine::Core;
use crate::telling::News;
use crate::{Engine, Error};

/// Who refuses to let a memory be written that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// The disk is read-only.
    Volume,
    /// This account lacks the right.
    Account,
}

/// How closely to look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Count again only what may have changed.
    Changed,
    /// As `Changed`, while nobody waits for the answer: at the end of the work it is called off.
    Unasked,
    /// As `Unasked`, and counts nothing that was counted before.
    Uncounted,
    Everything,
}

impl Status {
    pub fn state_of(&self, code: HealthCode) -> ComponentState {
        let row = self.components.iter().find(|row| row.code == code);
        row.map_or(ComponentState::Unknown, |row| row.state)
    }
}

impl Engine {
    /// Always answers, whatever the state of the store.
    pub fn status(&self) -> Status {
        self.core().look(Look::Changed)
    }

    /// For who asks once: a state is told as it is found, however short a moment it may last.
    pub fn tell_at_once(&self) {
        self.core().board.hold_nothing_back();
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

    /// Why the store can be read and nothing be kept, if that is so.
    pub fn unwritable(&self) -> Option<Unwritable> {
        // Whether it is so only opening it tells.
        let reads_only = self.core().store_reads() && self.core().reads_only();
        reads_only.then(|| {
            if self.core().store.facts().read_only_volume {
                Unwritable::Volume
            } else {
                Unwritable::Account
            }
        })
    }

    /// How many bytes are free for the store, and how many must be for all of its work to go on. None where the
    /// system does not say.
    pub fn room(&self) -> Option<(u64, u64)> {
        let facts = self.core().store.facts();
        facts.free_bytes.zip(facts.needed_bytes)
    }

    /// Why the store can't be used, if it can't.
    pub fn store_trouble(&self) -> Option<Class> {
        self.core().trouble()
    }
}

impl Core {
    pub(crate) fn trouble(&self) -> Option<Class> {
        store::trouble(&self.store.health().state)
    }

    /// It can be read, and the system lets nobody here write it.
    pub(crate) fn reads_only(&self) -> bool {
        matches!(self.store.health().state, Health::ReadOnly)
    }

    /// Is it known of no reason why the store could not be read? It is not asked.
    pub(crate) fn can_be_read(&self) -> bool {
        store::can_be_read(&self.store.health().state)
    }

    /// Is it in a trouble that a copy in the memory's place mends?
    pub(crate) fn needs_copy(&self) -> bool {
        self.trouble().is_some_and(store::is_for_a_copy)
    }

    /// Can the store be read at this moment?
    pub(crate) fn store_reads(&self) -> bool {
        let read = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.source_count()?));
        read.is_ok()
    }

    /// Called by the keeper, on whichever thread noticed: it must not wait for the store.
    pub(crate) fn store_health_changed(&self) {
        let health = self.store.health().state;
        if health == Health::Corrupt {
            self.keep_damage();
        }
        // A file that opens and can't be read opens at each try. That it can be used again is said when
        // something was read, which a worker does at once.
        let recovers =
            store::trouble(&health).is_none() && self.board.shows_unwell(HealthCode::Store);
        if !recovers {
            self.look_at_store(&self.store.facts());
        }
        self.show_due();
        // A worker that finds nothing else to do counts again. At the start, which is when the store opens,
        // nothing has been counted, and nothing needs to be until somebody asks.
        if recovers || self.board.is_known(HealthCode::Coverage) {
            self.board.mark_counts_stale();
        }
        self.tell_changes();
        self.tell_later(News::Work);
        self.queue.wake();
    }

    /// Shows what was held back for long enough; what can't be looked at while the store can't be read comes
    /// to stand under its row with it.
    pub(crate) fn show_due(&self) {
        if self.board.holds_back(HealthCode::Store) {
            // It may be over, and nobody has looked since.
            self.look_at_store(&self.store.facts());
        }
        self.board.show_due(self.now());
        if !store::can_be_read(&self.store.health().state) {
            self.fold_under_store();
        }
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

    /// What can be said without a count, which is not due yet.
    pub(crate) fn tell_before_counting(&self) {
        self.look_again(Look::Uncounted);
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
}
