//! What was found out about a model by asking it.
//!
//! ```text
//!   well ─► away: 10 s, 20 s .. 10 min, or what it asks for ─► asked once ─┬─► well
//!     │       ▲                                                            └─► away, for longer
//!     └─ cannot, three times in a row ─► left alone for 10 min
//! ```

use oldgrowth_http::Switch;

use crate::remote::{Class, Error, Form};
use crate::settings::{Choice, DayLimits};
use crate::spent::DAY_MS;

/// A model that does not answer is not asked again for so long, twice as long each time.
const AWAY_MS_FIRST: i64 = 10_000;
const AWAY_MS_MOST: i64 = 10 * 60 * 1_000;

/// One that answers so often in a row, and never what it was asked for, can't do it.
const MISSES_MAX: u32 = 3;

/// Why a model is not asked at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub error: Error,
    pub since_unix_ms: i64,
    /// It is not asked again before this.
    pub until_unix_ms: i64,
}

#[derive(Default)]
pub(crate) struct State {
    of: Option<(Choice, DayLimits)>,
    pub(crate) form: Form,
    trouble: Option<Trouble>,
    /// Why it is asked about no passages, though questions are answered.
    passages: Option<Trouble>,
    failures: u32,
    misses: u32,
}

impl State {
    /// Why this choice is in trouble, as far as it was asked.
    pub(crate) fn trouble_of(
        &self,
        choice: &Choice,
        limits: DayLimits,
        switch: Switch,
    ) -> Option<Trouble> {
        // Who is online again need not wait.
        let is_over = |trouble: &Trouble| trouble.error == Error::Offline && switch.is_online();
        self.trouble
            .filter(|trouble| self.is_of(choice, limits) && !is_over(trouble))
    }

    /// Why it is asked about no passages at the moment, whatever else it is asked.
    pub(crate) fn passages_wait(
        &self,
        choice: &Choice,
        limits: DayLimits,
        now: i64,
    ) -> Option<Trouble> {
        self.passages
            .filter(|trouble| self.is_of(choice, limits) && now < trouble.until_unix_ms)
    }

    fn is_of(&self, choice: &Choice, limits: DayLimits) -> bool {
        let of = self.of.as_ref();
        of.is_some_and(|(known, at)| known == choice && *at == limits)
    }

    /// What is known of another choice says nothing of this one.
    pub(crate) fn turn_to(&mut self, choice: &Choice, limits: DayLimits) {
        if !self.is_of(choice, limits) {
            *self = Self {
                of: Some((choice.clone(), limits)),
                ..Self::default()
            };
        }
    }

    pub(crate) fn is_well(&mut self, choice: &Choice, limits: DayLimits, form: Form) {
        self.turn_to(choice, limits);
        self.form = form;
        self.trouble = None;
        self.failures = 0;
        self.misses = 0;
    }

    /// It has failed in this way.
    pub(crate) fn has_failed(
        &mut self,
        choice: &Choice,
        limits: DayLimits,
        error: Error,
        now: i64,
    ) {
        self.turn_to(choice, limits);
        if error.class() == Class::BadItem {
            self.misses = self.misses.saturating_add(1);
            if self.misses < MISSES_MAX {
                // It may be the text.
                return;
            }
        }
        let tomorrow = (now.div_euclid(DAY_MS) + 1) * DAY_MS;
        if error == Error::PassagesLimitReached {
            let before = self.passages.filter(|before| now < before.until_unix_ms);
            self.passages = Some(Trouble {
                error,
                since_unix_ms: before.map_or(now, |before| before.since_unix_ms),
                until_unix_ms: tomorrow,
            });
            return;
        }
        let wait = AWAY_MS_FIRST << self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        let until = match error {
            Error::Busy {
                retry_in: Some(retry_in),
            } => now.saturating_add(i64::try_from(retry_in.as_millis()).unwrap_or(AWAY_MS_MOST)),
            Error::LimitReached => tomorrow,
            _ if error.class() != Class::Transient => now + AWAY_MS_MOST,
            _ => now + wait.min(AWAY_MS_MOST),
        };
        self.trouble = Some(Trouble {
            error,
            since_unix_ms: self.trouble.map_or(now, |before| before.since_unix_ms),
            until_unix_ms: until,
        });
    }
}
