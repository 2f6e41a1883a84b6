//! T9: random stories are told to the breaker and to a model that keeps the whole story and derives
//! each answer from it. They must agree at every step, and nobody may be kept out for ever.

use std::time::Duration;

use oldgrowth_keeper::torture::{Admitted, LoneBreaker};

use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};

pub(super) const SUITE: Suite = Suite {
    name: "breaker",
    what: "T9, random stories of a breaker against a model of it",
    short_runs: 100_000,
    long_runs: 1_000_000,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(60);
const STORIES_PER_RUN: u64 = 1_000;
const STEPS_MAX: usize = 100;
const STEPS_OF_TIME_S: [u64; 10] = [0, 0, 0, 1, 7, 29, 30, 59, 61, 300];

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::default();
        for _ in 0..STORIES_PER_RUN {
            report.runs += 1;
            if let Err(what) = tell(run, &mut report) {
                report.fail(run.number, Breach::Other, what);
            }
        }
        report
    })
}

fn tell(run: &Run, report: &mut Report) -> Result<(), String> {
    let (mut breaker, mut model) = (LoneBreaker::new(), Model::default());
    let forgets = run.options.sabotage == Some(Sabotage::ForgetProbe);
    let mut now_ms = 0;
    for step in 0..1 + run.random.below(STEPS_MAX) {
        let seconds = STEPS_OF_TIME_S.get(run.random.below(STEPS_OF_TIME_S.len()));
        now_ms += seconds.copied().unwrap_or(0) * 1_000 + run.random.below(2) as u64;
        let now = Duration::from_millis(now_ms);
        let said = match run.random.below(16) {
            0..6 => Some((breaker.admit(now), model.admit(now_ms, false))),
            6 => Some((breaker.admit_now(), model.admit(now_ms, true))),
            7..11 => {
                report.faults += 1;
                if !(forgets && model.standing() == Standing::Probing) {
                    breaker.failed(now);
                }
                model.failed(now_ms);
                None
            }
            11 | 12 => {
                report.acknowledged += 1;
                breaker.succeeded(now);
                model.succeeded(now_ms);
                None
            }
            13 => {
                breaker.evicted(now);
                model.evicted(now_ms);
                None
            }
            14 => {
                breaker.inconclusive(now);
                model.inconclusive(now_ms);
                None
            }
            _ => {
                if run.random.below(6) == 0 {
                    breaker.latch();
                    model.tell(now_ms, Told::Latched);
                }
                None
            }
        };
        if let Some((is, should)) = said.filter(|(is, should)| is != should) {
            return Err(format!("step {step}: {is:?} instead of {should:?}"));
        }
        let (is, should) = (breaker.open_since(), model.open_since());
        if is != should {
            return Err(format!("step {step}: open since {is:?}, not {should:?}"));
        }
    }
    let later = Duration::from_millis(now_ms) + Duration::from_secs(300);
    let waits_for_nobody = matches!(model.standing(), Standing::Closed | Standing::Open { .. });
    if waits_for_nobody && !matches!(breaker.admit(later), Admitted::Pass | Admitted::Probe) {
        return Err("nobody is let in after the longest wait".to_owned());
    }
    Ok(())
}

/// Everything that has happened, in order.
#[derive(Default)]
struct Model {
    story: Vec<(u64, Told)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Failed,
    Evicted,
    Worked,
    ProbeBegan,
    ProbeWorked,
    ProbeFailed,
    /// What was before is over: the next opening is another illness.
    Anew,
    Opened {
        until_ms: u64,
    },
    Latched,
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Closed,
    Open { until_ms: u64 },
    Probing,
    Latched,
}

impl Model {
    fn tell(&mut self, at_ms: u64, told: Told) {
        self.story.push((at_ms, told));
    }

    /// What was told after the last of these, the newest first.
    fn since(&self, end: impl Fn(Told) -> bool) -> impl Iterator<Item = (u64, Told)> {
        let all = self.story.iter().rev().copied();
        all.take_while(move |(_, told)| !end(*told))
    }

    fn standing(&self) -> Standing {
        let last = self.story.iter().rev().find_map(|(_, told)| match told {
            Told::Opened { until_ms } => Some(Standing::Open {
                until_ms: *until_ms,
            }),
            Told::ProbeBegan => Some(Standing::Probing),
            Told::ProbeWorked => Some(Standing::Closed),
            Told::Latched => Some(Standing::Latched),
            _ => None,
        });
        last.unwrap_or(Standing::Closed)
    }

    fn admit(&mut self, now_ms: u64, forced: bool) -> Admitted {
        match self.standing() {
            Standing::Closed => return Admitted::Pass,
            Standing::Probing => {
                return Admitted::Refused {
                    retry_in: Duration::ZERO,
                };
            }
            Standing::Latched if !forced => return Admitted::RefusedForGood,
            Standing::Open { until_ms } if !forced && now_ms < until_ms => {
                return Admitted::Refused {
                    retry_in: Duration::from_millis(until_ms - now_ms),
                };
            }
            Standing::Latched | Standing::Open { .. } => {}
        }
        self.tell(now_ms, Told::ProbeBegan);
        Admitted::Probe
    }

    fn failed(&mut self, now_ms: u64) {
        match self.standing() {
            Standing::Probing => {
                self.tell(now_ms, Told::ProbeFailed);
                self.open(now_ms);
            }
            Standing::Closed => {
                self.tell(now_ms, Told::Failed);
                self.open_if_enough(now_ms);
            }
            Standing::Open { .. } | Standing::Latched => {}
        }
    }

    fn succeeded(&mut self, now_ms: u64) {
        match self.standing() {
            Standing::Probing => self.tell(now_ms, Told::ProbeWorked),
            Standing::Closed => self.tell(now_ms, Told::Worked),
            Standing::Open { .. } | Standing::Latched => {}
        }
    }

    fn inconclusive(&mut self, now_ms: u64) {
        if self.standing() == Standing::Probing {
            self.open(now_ms);
        }
    }

    fn evicted(&mut self, now_ms: u64) {
        if self.standing() != Standing::Closed {
            return;
        }
        if self.is_on_probation(now_ms) {
            self.tell(now_ms, Told::ProbeFailed);
            return self.open(now_ms);
        }
        self.tell(now_ms, Told::Evicted);
        self.open_if_enough(now_ms);
    }

    fn open_if_enough(&mut self, now_ms: u64) {
        let is_strike = |told| matches!(told, Told::Failed | Told::Evicted);
        let in_a_row = self
            .since(|told| matches!(told, Told::Worked | Told::ProbeWorked))
            .filter(|(_, told)| is_strike(*told))
            .count();
        let evicted = |told| told == Told::Evicted;
        let third_last = self
            .since(|told| told == Told::ProbeWorked)
            .filter(|(_, told)| evicted(*told))
            .nth(2);
        let just_now = self.story.last().is_some_and(|(_, told)| evicted(*told));
        let flaps = just_now && third_last.is_some_and(|(at, _)| now_ms - at <= 60_000);
        if in_a_row >= 3 || flaps {
            if !self.is_on_probation(now_ms) {
                self.tell(now_ms, Told::Anew);
            }
            self.open(now_ms);
        }
    }

    fn open(&mut self, now_ms: u64) {
        let failed_probes = self
            .since(|told| told == Told::Anew)
            .filter(|(_, told)| *told == Told::ProbeFailed)
            .count();
        let wait_ms = if failed_probes >= 10 { 300_000 } else { 30_000 };
        self.tell(
            now_ms,
            Told::Opened {
                until_ms: now_ms + wait_ms,
            },
        );
    }

    fn is_on_probation(&self, now_ms: u64) -> bool {
        let closed = self
            .story
            .iter()
            .rev()
            .find(|(_, told)| *told == Told::ProbeWorked);
        closed.is_some_and(|(at, _)| now_ms - at < 60_000)
    }

    fn open_since(&self) -> Option<Duration> {
        if matches!(self.standing(), Standing::Closed | Standing::Latched) {
            return None;
        }
        self.since(|told| matches!(told, Told::Anew | Told::Latched))
            .filter(|(_, told)| matches!(told, Told::Opened { .. }))
            .last()
            .map(|(at, _)| Duration::from_millis(at))
    }
}
