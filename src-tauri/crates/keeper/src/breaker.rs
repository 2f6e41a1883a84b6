//! Decides whether a file may be tried now. Pure: it is told the time and never acts.
//!
//! ```text
//!            3 strikes in a row, or 3 evictions in 60 s
//!   Closed ─────────────────────────────────────────────► Open(until now + 30 s)
//!     ▲ ▲                                                  │  ▲
//!     │ └────────────── probe ok ───────────┐              │  │ probe failed, lost or inconclusive
//!     │                                     │              │  │ (300 s from the tenth failure on)
//!     │ success                             │  until over, │  │
//!     │                                 HalfOpen ◄─────────┘  │
//!     │                                  ▲   │ └──────────────┘
//!     │           try now, changed file  │   │
//!     │          ┌───────────────────────┘   │ verified: needs a person or another file
//!     │       Latched ◄──────────────────────┘ ◄── from every state
//! ```
//!
//! A file that opens and then fails in use must not look mended with each probe: for 60 s after it has
//! closed, one eviction opens it again and counts as a failed probe.
//!
//! `HalfOpen` exists only while the one caller that was let through is trying; everybody else is
//! refused.

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) const STRIKES_MAX: u32 = 3;
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(30);
pub(crate) const OPEN_LONG_FOR: Duration = Duration::from_secs(300);
pub(crate) const FAILED_PROBES_BEFORE_LONG: u32 = 10;
pub(crate) const EVICTIONS_MAX: usize = 3;
pub(crate) const EVICTIONS_WITHIN: Duration = Duration::from_secs(60);

/// A probe has proved itself when nothing was evicted for so long after it.
pub(crate) const PROBATION: Duration = Duration::from_secs(60);

/// The state for those who only look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed { strikes: u32 },
    Open { retry_in: Duration },
    HalfOpen,
    Latched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Closed: try.
    Pass,
    /// The one try that decides whether it closes again.
    Probe,
    Refused {
        retry_in: Duration,
    },
    /// Only a person or a changed file helps.
    RefusedForGood,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen,
    Latched,
}

#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    strikes: u32,
    failed_probes: u32,
    opened_at: Option<Duration>,
    /// When a probe closed it last.
    closed_at: Option<Duration>,
    evictions: VecDeque<Duration>,
}

impl Breaker {
    pub(crate) fn new() -> Breaker {
        Breaker {
            state: State::Closed,
            strikes: 0,
            failed_probes: 0,
            opened_at: None,
            closed_at: None,
            evictions: VecDeque::with_capacity(EVICTIONS_MAX),
        }
    }

    pub(crate) fn state(&self, now: Duration) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed {
                strikes: self.strikes,
            },
            State::Open { until } => BreakerState::Open {
                retry_in: until.saturating_sub(now),
            },
            State::HalfOpen => BreakerState::HalfOpen,
            State::Latched => BreakerState::Latched,
        }
    }

    /// Asks to try. Whoever gets `Pass` or `Probe` owes exactly one of `succeeded`, `failed`,
    /// `inconclusive` or `latch`.
    pub(crate) fn admit(&mut self, now: Duration) -> Admission {
        match self.state {
            State::Closed => Admission::Pass,
            State::Open { until } if now >= until => self.half_open(),
            State::Open { until } => Admission::Refused {
                retry_in: until.saturating_sub(now),
            },
            State::HalfOpen => Admission::Refused {
                retry_in: Duration::ZERO,
            },
            State::Latched => Admission::RefusedForGood,
        }
    }

    /// A person, a resume from sleep or a changed file asks: the waiting time does not count.
    pub(crate) fn admit_now(&mut self) -> Admission {
        match self.state {
            State::Closed => Admission::Pass,
            State::Open { .. } | State::Latched => self.half_open(),
            State::HalfOpen => Admission::Refused {
                retry_in: Duration::ZERO,
            },
        }
    }

    pub(crate) fn succeeded(&mut self, now: Duration) {
        match self.state {
            State::Closed => self.strikes = 0,
            State::HalfOpen => {
                self.state = State::Closed;
                self.strikes = 0;
                self.evictions.clear();
                self.closed_at = Some(now);
            }
            // A verdict reached meanwhile outweighs a try that began before it.
            State::Open { .. } | State::Latched => {}
        }
    }

    /// The try failed, or whoever made it is gone.
    pub(crate) fn failed(&mut self, now: Duration) {
        match self.state {
            State::Closed => self.strike(now),
            State::HalfOpen => {
                self.failed_probes = self.failed_probes.saturating_add(1);
                self.open(now);
            }
            State::Open { .. } | State::Latched => {}
        }
    }

    /// The try ended without an answer about the file: it was busy, or it was called off.
    pub(crate) fn inconclusive(&mut self, now: Duration) {
        if self.state == State::HalfOpen {
            self.open(now);
        }
    }

    /// A connection in use was given up.
    pub(crate) fn evicted(&mut self, now: Duration) {
        if self.state != State::Closed {
            return;
        }
        if self.is_on_probation(now) {
            self.failed_probes = self.failed_probes.saturating_add(1);
            self.open(now);
            return;
        }
        if self.evictions.len() == EVICTIONS_MAX {
            self.evictions.pop_front();
        }
        self.evictions.push_back(now);
        let oldest = self.evictions.front().copied().unwrap_or(now);
        if self.evictions.len() == EVICTIONS_MAX && now.saturating_sub(oldest) <= EVICTIONS_WITHIN {
            self.open(now);
        } else {
            self.strike(now);
        }
    }

    /// What was found does not go away by waiting.
    pub(crate) fn latch(&mut self) {
        self.state = State::Latched;
        self.opened_at = None;
    }

    /// Since when it has been open, probes in between included. A latched one waits for a person.
    pub(crate) fn open_since(&self) -> Option<Duration> {
        match self.state {
            State::Open { .. } | State::HalfOpen => self.opened_at,
            State::Closed | State::Latched => None,
        }
    }

    fn is_on_probation(&self, now: Duration) -> bool {
        self.closed_at
            .is_some_and(|at| now.saturating_sub(at) < PROBATION)
    }

    /// The wait has grown long, so a changed file is worth a look before it ends.
    pub(crate) fn waits_long(&self) -> bool {
        match self.state {
            State::Latched => true,
            State::Open { .. } => self.failed_probes >= FAILED_PROBES_BEFORE_LONG,
            State::Closed | State::HalfOpen => false,
        }
    }

    fn half_open(&mut self) -> Admission {
        self.state = State::HalfOpen;
        Admission::Probe
    }

    fn strike(&mut self, now: Duration) {
        self.strikes = self.strikes.saturating_add(1);
        if self.strikes >= STRIKES_MAX {
            self.open(now);
        }
    }

    fn open(&mut self, now: Duration) {
        if self.state == State::Closed && !self.is_on_probation(now) {
            // What was before has been well for long enough: this is another illness.
            self.failed_probes = 0;
            self.opened_at = None;
        }
        let wait = if self.failed_probes >= FAILED_PROBES_BEFORE_LONG {
            OPEN_LONG_FOR
        } else {
            OPEN_FOR
        };
        self.opened_at.get_or_insert(now);
        self.state = State::Open {
            until: now.saturating_add(wait),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn three_strikes_open_it_for_thirty_seconds() {
        let mut b = Breaker::new();
        for _ in 0..2 {
            assert_eq!(b.admit(S), Admission::Pass, "fewer than three strikes");
            b.failed(S);
        }
        assert_eq!(b.admit(S), Admission::Pass, "the third try is still made");
        b.failed(S);
        assert_eq!(
            b.admit(S),
            Admission::Refused { retry_in: 30 * S },
            "the third strike opens it"
        );
        assert_eq!(b.admit(31 * S), Admission::Probe, "the wait is over");
        assert_eq!(
            b.admit(99 * S),
            Admission::Refused {
                retry_in: Duration::ZERO
            },
            "only one probe at a time, however long it takes"
        );
    }

    #[test]
    fn a_failed_probe_re_arms_and_the_tenth_makes_the_wait_long() {
        let mut b = Breaker::new();
        for _ in 0..3 {
            b.failed(S);
        }
        let mut now = S;
        for probe in 1..=12 {
            let wait = if probe <= 10 { OPEN_FOR } else { OPEN_LONG_FOR };
            assert_eq!(
                b.admit(now),
                Admission::Refused { retry_in: wait },
                "re-armed in full before probe {probe}"
            );
            now += wait;
            assert_eq!(b.admit(now), Admission::Probe, "probe {probe}");
            b.failed(now);
        }
    }

    #[test]
    fn a_probe_that_does_not_hold_is_a_failed_one() {
        let mut b = Breaker::new();
        for _ in 0..3 {
            b.failed(S);
        }
        let mut now = S;
        for probe in 1..=12 {
            let wait = if probe <= 10 { OPEN_FOR } else { OPEN_LONG_FOR };
            assert_eq!(
                b.admit(now),
                Admission::Refused { retry_in: wait },
                "before probe {probe}"
            );
            now += wait;
            assert_eq!(b.admit(now), Admission::Probe, "probe {probe}");
            b.succeeded(now);
            assert_eq!(b.admit(now), Admission::Pass, "it opened");
            assert_eq!(b.open_since(), None, "so it is closed");
            now += 59 * S;
            b.evicted(now);
            assert_eq!(b.open_since(), Some(S), "and still the same illness");
        }
        now += OPEN_LONG_FOR;
        assert_eq!(b.admit(now), Admission::Probe, "the last one");
        b.succeeded(now);
        now += 60 * S;
        b.evicted(now);
        assert_eq!(
            b.admit(now),
            Admission::Pass,
            "a minute has proved it: one eviction is one strike again"
        );
        b.failed(now);
        b.failed(now);
        assert_eq!(
            b.admit(now),
            Admission::Refused { retry_in: OPEN_FOR },
            "and the wait is the short one"
        );
        assert_eq!(b.open_since(), Some(now), "of a new illness");
    }

    #[test]
    fn a_success_between_strikes_starts_the_count_again() {
        let mut b = Breaker::new();
        b.failed(S);
        b.failed(S);
        b.succeeded(S);
        b.failed(S);
        b.failed(S);
        assert_eq!(b.admit(S), Admission::Pass, "the strikes were not in a row");
    }

    #[test]
    fn three_evictions_in_a_minute_open_it_though_every_open_works() {
        let mut b = Breaker::new();
        for at in [1, 20, 50] {
            b.evicted(at * S);
            b.succeeded(S);
        }
        assert_eq!(
            b.state(50 * S),
            BreakerState::Open { retry_in: OPEN_FOR },
            "successful opens in between do not hide a file that keeps failing"
        );
        let mut slow = Breaker::new();
        for at in [1, 40, 80] {
            slow.evicted(at * S);
            slow.succeeded(S);
        }
        assert_eq!(slow.admit(80 * S), Admission::Pass, "79 s are not a minute");
    }

    /// A second reading of the rules that keeps the whole story and derives the answer from it.
    #[derive(Default)]
    struct Reference {
        latched: bool,
        probing: bool,
        opened: Option<(u64, u64)>,
        probes_failed: u64,
        closed_by_probe: Option<u64>,
        story: Vec<(char, u64)>,
    }

    impl Reference {
        fn is_closed(&self) -> bool {
            !self.latched && !self.probing && self.opened.is_none()
        }
        fn open(&mut self, now: u64) {
            self.probing = false;
            self.opened = Some((now, if self.probes_failed >= 10 { 300 } else { 30 }));
        }
        fn count(&mut self, event: char, now: u64) {
            self.story.push((event, now));
            let on_probation = self.closed_by_probe.is_some_and(|at| now - at < 60);
            if on_probation && event == 'e' {
                self.probes_failed += 1;
                return self.open(now);
            }
            let recent = &self.story;
            let in_a_row = recent.iter().rev().take_while(|e| e.0 != 'o').count();
            let thrown: Vec<u64> = recent.iter().filter(|e| e.0 == 'e').map(|e| e.1).collect();
            let flaps = event == 'e' && thrown.len() >= 3 && now - thrown[thrown.len() - 3] <= 60;
            if in_a_row >= 3 || flaps {
                if !on_probation {
                    self.probes_failed = 0;
                }
                self.open(now);
            }
        }
        fn admit(&mut self, now: u64, forced: bool) -> Admission {
            if self.probing {
                return Admission::Refused {
                    retry_in: Duration::ZERO,
                };
            }
            if self.latched && !forced {
                return Admission::RefusedForGood;
            }
            match self.opened {
                None if !self.latched => Admission::Pass,
                Some((at, wait)) if !forced && now < at + wait => Admission::Refused {
                    retry_in: Duration::from_secs(at + wait - now),
                },
                _ => {
                    self.latched = false;
                    self.opened = None;
                    self.probing = true;
                    Admission::Probe
                }
            }
        }
    }

    #[test]
    fn random_stories_agree_with_the_reference() {
        for seed in 0..20_000_u64 {
            let mut rng = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut next = move |below: u64| {
                rng ^= rng << 13;
                rng ^= rng >> 7;
                rng ^= rng << 17;
                rng % below
            };
            let (mut b, mut r) = (Breaker::new(), Reference::default());
            let mut now = 0_u64;
            for step in 0..60 {
                now += [0, 0, 1, 7, 30, 61, 300][next(7) as usize];
                let at = Duration::from_secs(now);
                match next(16) {
                    0..=6 => assert_eq!(
                        b.admit(at),
                        r.admit(now, false),
                        "seed {seed} step {step}: admission"
                    ),
                    7 => assert_eq!(
                        b.admit_now(),
                        r.admit(now, true),
                        "seed {seed} step {step}: forced admission"
                    ),
                    8..=11 => {
                        b.failed(at);
                        if r.probing {
                            r.probes_failed += 1;
                            r.open(now);
                        } else if r.is_closed() {
                            r.count('f', now);
                        }
                    }
                    12 => {
                        b.succeeded(at);
                        if r.probing {
                            r = Reference {
                                probes_failed: r.probes_failed,
                                closed_by_probe: Some(now),
                                ..Reference::default()
                            };
                        } else if r.is_closed() {
                            r.story.push(('o', now));
                        }
                    }
                    13 => {
                        b.evicted(at);
                        if r.is_closed() {
                            r.count('e', now);
                        }
                    }
                    14 => {
                        b.inconclusive(at);
                        if r.probing {
                            r.open(now);
                        }
                    }
                    _ => {
                        if next(4) == 0 {
                            b.latch();
                            r.latched = true;
                            r.probing = false;
                            r.opened = None;
                        }
                    }
                }
            }
        }
    }
}
