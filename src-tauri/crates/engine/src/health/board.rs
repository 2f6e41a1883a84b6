//! The rows, and what they come to.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Reservations;
use parking_lot::Mutex;

use super::rows::Row;
use super::{Component, ComponentState, HealthCode, Status};

const NOT_LOOKED_AT: &str = "Not looked at yet.";

pub(crate) struct Board {
    state: Mutex<State>,
}

struct State {
    seq: u64,
    /// Up to which change the listeners have been told.
    told: u64,
    components: Vec<Component>,
    /// How often something to be counted has changed, and up to which of these it has been counted.
    changed: u64,
    counted: u64,
}

impl Board {
    pub(crate) fn new(now: UnixMs) -> Self {
        let codes = [
            HealthCode::Store,
            HealthCode::Sidecars,
            HealthCode::Space,
            HealthCode::Jobs,
            HealthCode::Coverage,
            HealthCode::LongReads,
            HealthCode::Sqlite,
            HealthCode::Backup,
            HealthCode::KeptAside,
            HealthCode::WatchedFolders,
        ];
        let components = codes
            .into_iter()
            .map(|code| Component {
                code,
                state: ComponentState::Unknown,
                cause: NOT_LOOKED_AT.to_owned(),
                since: now,
                next: None,
            })
            .collect();
        Self {
            state: Mutex::new(State {
                seq: 0,
                told: 0,
                components,
                changed: 0,
                counted: 0,
            }),
        }
    }

    /// Puts a row in place. True when it says something new. `since` moves only with the state.
    pub(super) fn set(&self, code: HealthCode, row: Row, now: UnixMs) -> bool {
        let mut state = self.state.lock();
        let Some(component) = state.components.iter_mut().find(|c| c.code == code) else {
            return false;
        };
        let same = component.state == row.state
            && component.cause == row.cause
            && component.next == row.next;
        if same {
            return false;
        }
        if component.state != row.state {
            component.since = now;
        }
        component.state = row.state;
        component.cause = row.cause;
        component.next = row.next;
        state.seq += 1;
        true
    }

    /// The rows as they are, if something in them has not been told yet. Whoever gets them tells them.
    pub(crate) fn untold(&self, reservations: Reservations) -> Option<Status> {
        let mut state = self.state.lock();
        let news = state.seq > state.told;
        state.told = state.seq;
        news.then(|| state.status(reservations))
    }

    /// Is there something on it that has not been told?
    pub(super) fn has_news(&self) -> bool {
        let state = self.state.lock();
        state.seq > state.told
    }

    /// Since when this row has been in its state.
    pub(crate) fn since(&self, code: HealthCode) -> UnixMs {
        let state = self.state.lock();
        let row = state.components.iter().find(|row| row.code == code);
        row.map_or(UnixMs(0), |row| row.since)
    }

    /// Has this row been looked at?
    pub(super) fn is_known(&self, code: HealthCode) -> bool {
        let state = self.state.lock();
        let row = state.components.iter().find(|row| row.code == code);
        row.is_some_and(|row| row.cause != NOT_LOOKED_AT)
    }

    pub(crate) fn mark_counts_stale(&self) {
        self.state.lock().changed += 1;
    }

    pub(crate) fn counts_are_stale(&self) -> bool {
        self.to_count().is_some()
    }

    /// Up to which change the next count reaches, if something has changed since the last.
    pub(super) fn to_count(&self) -> Option<u64> {
        let state = self.state.lock();
        (state.counted < state.changed).then_some(state.changed)
    }

    pub(super) fn counted(&self, up_to: u64) {
        let mut state = self.state.lock();
        state.counted = state.counted.max(up_to);
    }

    pub(crate) fn status(&self, reservations: Reservations) -> Status {
        self.state.lock().status(reservations)
    }
}

impl State {
    fn status(&self, reservations: Reservations) -> Status {
        let worst = self
            .components
            .iter()
            .map(|c| c.state)
            .max()
            .unwrap_or(ComponentState::Unknown);
        Status {
            headline: headline(&self.components, worst),
            state: worst,
            components: self.components.clone(),
            seq: self.seq,
            reservations,
        }
    }
}

/// One sentence: the first of the worst rows, or that all is well and how much there is.
fn headline(components: &[Component], worst: ComponentState) -> String {
    let cause = |code| {
        components
            .iter()
            .find(|c| c.code == code)
            .map_or("", |c| c.cause.as_str())
    };
    match worst {
        ComponentState::Ok => format!("Everything works. {}", cause(HealthCode::Coverage)),
        ComponentState::Unknown => "Looking at everything.".to_owned(),
        ComponentState::Warn | ComponentState::Fail => components
            .iter()
            .find(|c| c.state == worst)
            .map(|c| c.cause.clone())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Reservations = Reservations {
        reserved: 0,
        cap: 2,
        near_cap: false,
        blocked: false,
        waiting: 0,
        oldest: None,
    };

    fn row(state: ComponentState, cause: &str) -> Row {
        Row {
            state,
            cause: cause.to_owned(),
            next: None,
        }
    }

    #[test]
    fn only_a_change_counts_and_since_moves_with_the_state() {
        let board = Board::new(UnixMs(1));
        assert!(board.set(HealthCode::Store, row(ComponentState::Ok, "a"), UnixMs(2)));
        assert!(
            !board.set(HealthCode::Store, row(ComponentState::Ok, "a"), UnixMs(3)),
            "nothing new"
        );
        assert!(
            board.set(HealthCode::Store, row(ComponentState::Ok, "b"), UnixMs(4)),
            "new words"
        );
        let store = board
            .status(NONE)
            .components
            .into_iter()
            .find(|c| c.code == HealthCode::Store)
            .unwrap();
        assert_eq!(
            (store.since, board.status(NONE).seq),
            (UnixMs(2), 2),
            "still ok since the first time"
        );
    }

    #[test]
    fn each_change_is_told_once_whoever_noticed_it() {
        let board = Board::new(UnixMs(1));
        assert_eq!(board.untold(NONE), None, "nothing is known yet");
        board.set(HealthCode::Store, row(ComponentState::Ok, "a"), UnixMs(2));
        board.set(HealthCode::Jobs, row(ComponentState::Ok, "b"), UnixMs(2));
        assert_eq!(
            board.untold(NONE).map(|status| status.seq),
            Some(2),
            "both at once"
        );
        assert_eq!(board.untold(NONE), None, "and not again");
    }

    #[test]
    fn the_headline_is_the_worst_rows_own_words() {
        let board = Board::new(UnixMs(1));
        board.set(
            HealthCode::Jobs,
            row(ComponentState::Warn, "two failed"),
            UnixMs(2),
        );
        assert_eq!(board.status(NONE).headline, "two failed");
        board.set(
            HealthCode::Space,
            row(ComponentState::Fail, "disk full"),
            UnixMs(3),
        );
        assert_eq!(board.status(NONE).headline, "disk full");
    }
}
