//! What torture compares with its models: the pure parts, in words that may leave the crate.

use std::time::Duration;

use crate::breaker::{Admission, Breaker, BreakerState};

/// The breaker alone, told of events by hand.
#[derive(Debug)]
pub struct LoneBreaker(Breaker);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    Pass,
    Probe,
    Refused { retry_in: Duration },
    RefusedForGood,
}

impl LoneBreaker {
    #[expect(
        clippy::new_without_default,
        reason = "a breaker has no value that means nothing"
    )]
    pub fn new() -> LoneBreaker {
        LoneBreaker(Breaker::new())
    }

    pub fn admit(&mut self, now: Duration) -> Admitted {
        self.0.admit(now).into()
    }

    pub fn admit_now(&mut self) -> Admitted {
        self.0.admit_now().into()
    }

    pub fn succeeded(&mut self, now: Duration) {
        self.0.succeeded(now);
    }

    pub fn failed(&mut self, now: Duration) {
        self.0.failed(now);
    }

    pub fn inconclusive(&mut self, now: Duration) {
        self.0.inconclusive(now);
    }

    pub fn evicted(&mut self, now: Duration) {
        self.0.evicted(now);
    }

    pub fn latch(&mut self) {
        self.0.latch();
    }

    pub fn state(&self, now: Duration) -> BreakerState {
        self.0.state(now)
    }

    pub fn open_since(&self) -> Option<Duration> {
        self.0.open_since()
    }
}

impl From<Admission> for Admitted {
    fn from(admission: Admission) -> Admitted {
        match admission {
            Admission::Pass => Admitted::Pass,
            Admission::Probe => Admitted::Probe,
            Admission::Refused { retry_in } => Admitted::Refused { retry_in },
            Admission::RefusedForGood => Admitted::RefusedForGood,
        }
    }
}
