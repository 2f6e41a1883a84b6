//! The rows, and what they come to.

use std::collections::HashMap;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Reservations;
use parking_lot::Mutex;

use super::history::Change;
use super::rows::Row;
use super::{Component, ComponentState, HealthCode, Status};

const NOT_LOOKED_AT: &str = "Not looked at yet.";

pub(crate) struct Board {
    state: Mutex<State>,
}

struct Held {
    row: Row,
    since: UnixMs,
}

struct State {
    seq: u64,
    /// Up to which change the listeners have been told.
    told: u64,
    components: Vec<Component>,
    /// Which rows have come to another state since it was last noted.
    changes: Vec<Change>,
    /// What is worse than well, and has not been so for long enough to be shown.
    held: HashMap<HealthCode, Held>,
    holds_back: bool,
    /// How often something to be counted has changed, and up to which of these it has been counted.
    changed: u64,
    counted: u64,
}

/// The row of which nothing is known.
pub(super) fn not_looked_at(code: HealthCode, now: UnixMs) -> Component {
    Component {
        code,
        state: ComponentState::Unknown,
        cause: NOT_LOOKED_AT.to_owned(),
        since: now,
        next: None,
        last_ok: None,
        checked_at: None,
        took: None,
        running: false,
        waits_for: None,
        evidence: Vec::new(),
        fixes: Vec::new(),
    }
}

impl Board {
    pub(crate) fn new(now: UnixMs) -> Self {
        let components = HealthCode::ALL
            .into_iter()
            .map(|code| not_looked_at(code, now))
            .collect();
        Self {
            state: Mutex::new(State {
                seq: 0,
                told: 0,
                components,
                changes: Vec::new(),
                held: HashMap::new(),
                holds_back: true,
                changed: 0,
                counted: 0,
            }),
        }
    }

    /// Puts a row in place. True when it says something new. `since` moves only with the state.
    ///
    /// What was well and is not is held back for its [`HealthCode::time_to_visible`]: what is over before
    /// nobody needs to hear of. What was not well, or never looked at, is shown at once whatever it says.
    ///
    /// Nothing waits for what is shown as well: until its cause is shown, or when that is over, a row stays
    /// as it is.
    pub(super) fn set(&self, code: HealthCode, row: Row, now: UnixMs) -> bool {
        self.state.lock().set(code, row, now)
    }

    /// From now on shows at once what is not well: nobody goes on looking.
    pub(super) fn hold_nothing_back(&self) {
        self.state.lock().holds_back = false;
    }

    /// Shows what was held back for long enough.
    pub(super) fn show_due(&self, now: UnixMs) {
        let mut state = self.state.lock();
        let due = |code: &HealthCode, held: &Held| {
            let wait = code.time_to_visible(held.row.state).as_millis();
            u128::from((now.0 - held.since.0).unsigned_abs()) >= wait
        };
        let codes: Vec<_> = state
            .held
            .iter()
            .filter(|(code, held)| due(code, held))
            .map(|(code, _)| *code)
            .collect();
        for code in codes {
            if let Some(held) = state.held.remove(&code) {
                state.show(code, held.row, held.since);
            }
        }
    }

    /// How long until something that is held back is to be shown.
    pub(crate) fn next_due(&self, now: UnixMs) -> Option<Duration> {
        let state = self.state.lock();
        let left = |(code, held): (&HealthCode, &Held)| {
            let waited = Duration::from_millis((now.0 - held.since.0).max(0).unsigned_abs());
            code.time_to_visible(held.row.state).saturating_sub(waited)
        };
        state.held.iter().map(left).min()
    }

    /// Which rows have come to another state since this was last asked.
    pub(super) fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.state.lock().changes)
    }

    /// How long the last look took.
    pub(super) fn took(&self, code: HealthCode, took: Duration) {
        let mut state = self.state.lock();
        if let Some(component) = state.component(code) {
            component.took = Some(took);
        }
    }

    /// Whether it is being looked at now.
    pub(super) fn set_running(&self, code: HealthCode, running: bool) {
        let mut state = self.state.lock();
        let changed = state
            .component(code)
            .is_some_and(|row| std::mem::replace(&mut row.running, running) != running);
        state.seq += u64::from(changed);
    }

    pub(super) fn row(&self, code: HealthCode) -> Option<Component> {
        self.state.lock().component(code).cloned()
    }

    /// Puts a row in place as it was kept. That it waits for nothing any more is news.
    pub(crate) fn put_back(&self, kept: Component) {
        let mut state = self.state.lock();
        if let Some(component) = state.component(kept.code) {
            *component = kept;
            state.seq += 1;
        }
    }

    /// The rows as they are, if something in them has not been told yet. Whoever gets them tells them.
    pub(crate) fn untold(&self, reservations: Reservations) -> Option<Status> {
        let mut state = self.state.lock();
        let news = state.seq > state.told;
        state.told = state.seq;
        news.then(|| state.status(reservations))
    }

    /// Is there something on it, or held back, that has not been told?
    pub(super) fn has_news(&self) -> bool {
        let state = self.state.lock();
        state.seq > state.told || !state.held.is_empty()
    }

    /// Does it say that this is not well?
    pub(super) fn shows_unwell(&self, code: HealthCode) -> bool {
        let state = self.state.lock();
        let shown = state.components.iter().find(|row| row.code == code);
        shown.is_some_and(|row| row.state > ComponentState::Unknown)
    }

    /// Does it say that this is well?
    pub(crate) fn says_well(&self, code: HealthCode) -> bool {
        let state = self.state.lock();
        let shown = state.components.iter().find(|row| row.code == code);
        shown.is_some_and(|row| row.state == ComponentState::Ok)
    }

    /// Is this not well, and not for long enough to be shown?
    pub(super) fn holds_back(&self, code: HealthCode) -> bool {
        self.state.lock().held.contains_key(&code)
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
    fn set(&mut self, code: HealthCode, row: Row, now: UnixMs) -> bool {
        let Some(shown) = self.components.iter().find(|c| c.code == code) else {
            return false;
        };
        let is_well = |cause| {
            let shown = self.components.iter().find(|c| c.code == cause);
            shown.is_some_and(|c| c.state == ComponentState::Ok)
        };
        if row.waits_for.is_some_and(is_well) {
            return false;
        }
        let hold = self.holds_back
            && shown.state == ComponentState::Ok
            && row.state > ComponentState::Unknown
            && !code.time_to_visible(row.state).is_zero();
        if !hold {
            self.held.remove(&code);
            return self.show(code, row, now);
        }
        let since = self.held.get(&code).map_or(now, |held| held.since);
        self.held.insert(code, Held { row, since });
        false
    }

    fn show(&mut self, code: HealthCode, row: Row, now: UnixMs) -> bool {
        let Some(component) = self.components.iter_mut().find(|c| c.code == code) else {
            return false;
        };
        // That it was looked at once more is no news, nor is a figure that rises and falls by itself.
        if row.state != ComponentState::Unknown {
            component.checked_at = Some(now);
        }
        if row.state == ComponentState::Ok {
            component.last_ok = Some(now);
        }
        component.evidence = row.evidence;
        let same = component.state == row.state
            && component.cause == row.cause
            && component.next == row.next
            && component.waits_for == row.waits_for
            && component.fixes == row.fixes;
        if same {
            return false;
        }
        if component.state != row.state {
            component.since = now;
            self.changes.push(Change {
                at: now,
                code,
                to: row.state,
                cause: row.cause.clone(),
            });
        }
        component.state = row.state;
        component.cause = row.cause;
        component.next = row.next;
        component.waits_for = row.waits_for;
        component.fixes = row.fixes;
        self.seq += 1;
        true
    }

    fn component(&mut self, code: HealthCode) -> Option<&mut Component> {
        self.components.iter_mut().find(|row| row.code == code)
    }

    fn status(&self, reservations: Reservations) -> Status {
        // What is looked at only when somebody asks says nothing until then.
        let worst = self
            .components
            .iter()
            .filter(|c| !(c.code.on_demand() && c.state == ComponentState::Unknown))
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
        ComponentState::Crashed | ComponentState::Warn | ComponentState::Fail => components
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
            ..Row::ok(cause)
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
    fn what_is_over_soon_is_never_shown_and_what_lasts_is() {
        let board = Board::new(UnixMs(0));
        let state = |board: &Board| board.status(NONE).state_of(HealthCode::Store);
        let fail = || row(ComponentState::Fail, "busy");
        board.set(HealthCode::Store, fail(), UnixMs(1));
        assert_eq!(
            state(&board),
            ComponentState::Fail,
            "never looked at before: at once"
        );
        board.set(HealthCode::Store, row(ComponentState::Ok, "a"), UnixMs(2));
        assert_eq!(state(&board), ComponentState::Ok, "so is that it is well");
        board.take_changes();
        board.set(HealthCode::Store, fail(), UnixMs(10_000));
        board.set(
            HealthCode::Store,
            row(ComponentState::Ok, "a"),
            UnixMs(10_100),
        );
        board.set(HealthCode::Store, fail(), UnixMs(20_000));
        board.set(HealthCode::Store, fail(), UnixMs(21_000));
        assert_eq!(
            (state(&board), board.take_changes()),
            (ComponentState::Ok, vec![])
        );
        let left = board.next_due(UnixMs(21_000)).unwrap();
        board.show_due(UnixMs(20_999));
        assert_eq!(state(&board), ComponentState::Ok, "not yet");
        board.show_due(UnixMs(21_000 + i64::try_from(left.as_millis()).unwrap()));
        assert_eq!(state(&board), ComponentState::Fail);
        let changes = board.take_changes();
        assert_eq!(
            (changes.len(), changes[0].at),
            (1, UnixMs(20_000)),
            "since it was so"
        );
    }

    #[test]
    fn what_waits_for_another_row_stands_under_it_only_while_that_one_is_shown_as_unwell() {
        let board = Board::new(UnixMs(0));
        let waits = || Row {
            waits_for: Some(HealthCode::Store),
            ..row(ComponentState::Unknown, "waits")
        };
        let state = |board: &Board| board.status(NONE).state_of(HealthCode::Jobs);
        board.set(HealthCode::Store, row(ComponentState::Ok, "a"), UnixMs(1));
        board.set(HealthCode::Jobs, row(ComponentState::Ok, "a"), UnixMs(1));
        board.set(
            HealthCode::Store,
            row(ComponentState::Fail, "b"),
            UnixMs(10),
        );
        let seq = board.status(NONE).seq;
        assert!(!board.set(HealthCode::Jobs, waits(), UnixMs(11)));
        assert_eq!(
            (state(&board), board.status(NONE).seq),
            (ComponentState::Ok, seq),
            "its cause is not shown yet"
        );
        board.show_due(UnixMs(10_000));
        assert!(board.set(HealthCode::Jobs, waits(), UnixMs(10_001)));
        assert_eq!(state(&board), ComponentState::Unknown);
        board.set(
            HealthCode::Store,
            row(ComponentState::Ok, "a"),
            UnixMs(20_000),
        );
        board.set(
            HealthCode::Jobs,
            row(ComponentState::Ok, "a"),
            UnixMs(20_000),
        );
        board.set(HealthCode::Jobs, waits(), UnixMs(20_001));
        assert_eq!(state(&board), ComponentState::Ok, "one who comes too late");
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
