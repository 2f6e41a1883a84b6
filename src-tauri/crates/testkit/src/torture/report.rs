//! What a suite found.

use std::collections::BTreeMap;
use std::time::Duration;

/// Failures named one by one; more are only counted.
const FAILURES_NAMED_MAX: usize = 20;

/// Counts that add up over runs.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub runs: u64,
    /// Faults, kills, crashes or bad files that really happened.
    pub faults: u64,
    pub acknowledged: u64,
    /// Acknowledged writes that were not there afterwards.
    pub lost: u64,
    /// Runs after which the file was unsound, or held what nobody wrote.
    pub corrupt: u64,
    pub panics: u64,
    pub hangs: u64,
    /// Breaches of the other bars of a suite.
    pub broken: u64,
    pub worst_reopen: Duration,
    /// What else is worth a look, with how often it was seen.
    pub notes: BTreeMap<String, u64>,
    pub failures: Vec<Failure>,
}

#[derive(Debug, Clone)]
pub struct Failure {
    pub run: u64,
    pub what: String,
}

/// The bar that did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    Lost(u64),
    Corrupt,
    Panic,
    Hang,
    Other,
}

impl Report {
    pub fn one_run() -> Report {
        Report {
            runs: 1,
            ..Report::default()
        }
    }

    /// All bars held.
    pub fn holds(&self) -> bool {
        let breaches = [
            self.lost,
            self.corrupt,
            self.panics,
            self.hangs,
            self.broken,
        ];
        breaches.iter().all(|count| *count == 0)
    }

    /// `what` holds counts and codes: it is kept in a file.
    pub fn fail(&mut self, run: u64, breach: Breach, what: impl Into<String>) {
        match breach {
            Breach::Lost(writes) => self.lost += writes,
            Breach::Corrupt => self.corrupt += 1,
            Breach::Panic => self.panics += 1,
            Breach::Hang => self.hangs += 1,
            Breach::Other => self.broken += 1,
        }
        let what = what.into();
        self.name_failure(Failure { run, what });
    }

    /// A failure that is counted already.
    pub(super) fn fail_named(&mut self, what: &str) {
        let what = what.to_owned();
        self.name_failure(Failure { run: 0, what });
    }

    pub fn note(&mut self, what: impl Into<String>) {
        *self.notes.entry(what.into()).or_default() += 1;
    }

    pub fn reopened_in(&mut self, time: Duration) {
        self.worst_reopen = self.worst_reopen.max(time);
    }

    pub fn add(&mut self, other: Report) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.corrupt += other.corrupt;
        self.panics += other.panics;
        self.hangs += other.hangs;
        self.broken += other.broken;
        self.reopened_in(other.worst_reopen);
        for (what, times) in other.notes {
            *self.notes.entry(what).or_default() += times;
        }
        for failure in other.failures {
            self.name_failure(failure);
        }
    }

    fn name_failure(&mut self, failure: Failure) {
        if self.failures.len() < FAILURES_NAMED_MAX {
            self.failures.push(failure);
        }
    }
}
