//! The states of a job and of an import, and what a failure means for them.
//!
//! ```text
//!            claim               settle(done)
//!   READY ───────────► RUNNING ───────────────► DONE
//!    ▲ ▲                │ │ │
//!    │ └── defer ───────┘ │ └─ settle(failed) ► FAILED ──┐
//!    │    (no attempt     │                              │ retry (a person)
//!    │     is burned)     │ lease ran out                │
//!    ├────────────────────┘ (reaper; an attempt          │
//!    │                       is burned)                  │
//!    └───────────────────────────────────────────────────┘
//!   READY or RUNNING ── cancel ──► CANCELLED
//! ```
//!
//! What has ended stays until it is pruned: long after, and only when a newer job on the same has
//! answered it.
//!
//! A claim is a lease with a fencing token. Whoever settles names the token; when the job has been
//! claimed again or cancelled meanwhile, nothing is changed and the settler is told so.

/// The states of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    Ready,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    pub const ALL: [Self; 5] = [
        Self::Ready,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The store, a model or the network is away: wait, without burning an attempt.
    Transient,
    /// This item is bad, or we are bad at it: try a few times, then give it up with a reason.
    BadItem,
}

/// A bad item is given up after this many attempts.
pub const ATTEMPTS_MAX: u32 = 5;

/// How often leases are renewed, and leases without a holder looked for.
pub const TICK_MS: i64 = 60_000;

/// A lease that isn't renewed for this long has lost its holder: two ticks and a half.
pub const LEASE_MS: i64 = 150_000;

/// The first and the longest wait before another try.
pub const BACKOFF_FIRST_MS: i64 = 1_000;
pub const BACKOFF_MAX_MS: i64 = 30_000;

/// A job that ended, and that a newer one on the same has answered, is kept for so long.
pub const JOBS_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// So many of the newest imports keep the jobs of all their items, however old they are.
pub const IMPORTS_KEPT_MIN: u32 = 50;

/// How long to wait after `failures` failures in a row (at least one): 1, 2, 4, ... 30 seconds.
/// `jitter` between 0 and 1 spreads it by a fifth each way, so that workers do not come in step.
pub fn backoff_ms(failures: u32, jitter: f64) -> i64 {
    let doublings = failures.saturating_sub(1).min(16);
    let wait = (BACKOFF_FIRST_MS << doublings).min(BACKOFF_MAX_MS);
    let spread = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    ((wait as f64) * spread).round() as i64
}

/// The states of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchState {
    Running,
    Done,
    Failed,
    Cancelled,
}

impl BatchState {
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Why an import was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// Somebody named what to import.
    #[default]
    Named,
    /// Somebody had a source read again.
    Again,
    /// Something changed in a watched folder.
    Folder,
}

impl Cause {
    pub const ALL: [Self; 3] = [Self::Named, Self::Again, Self::Folder];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Again => "again",
            Self::Folder => "folder",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

/// How many of an import's children are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCounts {
    pub waiting: u32,
    pub running: u32,
    pub done: u32,
    pub failed: u32,
    pub cancelled: u32,
}

/// An import's state follows from its children's: it runs while one of them may still move, has
/// failed when one of them has, and was cancelled when only cancelled ones are missing from a good
/// end. An import without children did nothing and says so by failing.
pub fn batch_state(children: ChildCounts) -> BatchState {
    if children.waiting + children.running > 0 {
        BatchState::Running
    } else if children.failed > 0 || children.done + children.cancelled == 0 {
        BatchState::Failed
    } else if children.cancelled > 0 {
        BatchState::Cancelled
    } else {
        BatchState::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_follows_its_children() {
        let none = ChildCounts::default();
        assert_eq!(batch_state(none), BatchState::Failed, "nothing was done");
        assert_eq!(
            batch_state(ChildCounts {
                waiting: 1,
                failed: 1,
                ..none
            }),
            BatchState::Running
        );
        assert_eq!(
            batch_state(ChildCounts { done: 2, ..none }),
            BatchState::Done
        );
        assert_eq!(
            batch_state(ChildCounts {
                done: 2,
                failed: 1,
                cancelled: 1,
                ..none
            }),
            BatchState::Failed
        );
        assert_eq!(
            batch_state(ChildCounts {
                done: 2,
                cancelled: 1,
                ..none
            }),
            BatchState::Cancelled
        );
    }

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<i64> = (1..8).map(|n| backoff_ms(n, 0.5)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(backoff_ms(u32::MAX, 1.0), 36_000, "the jitter is a fifth");
    }
}
