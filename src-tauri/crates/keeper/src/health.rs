//! The state of a file as people and programs are told it. Only changes are sent.
//!
//! ```text
//!   Resting ──first open──► Ok ◄──────────────────────────┐ (Degraded instead of Ok without -shm)
//!      │                     │                            │
//!      └──────fault──────────┴─► Degraded │ Unavailable │ DiskFull │ ReadOnly │ Corrupt │ ...
//!                                  ▲ │  any to any         │
//!                                  └─┘                    ▼
//!                                            Recovered(downtime, refused) ──fault──► ...
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::class::Class;
use crate::error::{Error, Misplaced, PathProblem};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not opened yet.
    Resting,
    Ok,
    /// It works, with less than it should have.
    Degraded(Degraded),
    /// Nothing is tried before the time named. The time moves on with each failed try without
    /// being sent as a change.
    Unavailable {
        class: Class,
        code: Option<i32>,
        errno: Option<i32>,
        retry_at_unix_ms: i64,
    },
    /// Writing is refused by the system.
    ReadOnly,
    /// Writing fails for want of space; reading goes on.
    DiskFull,
    /// Commits in the WAL lie behind a break that SQLite would stop at. Everything is kept, reading goes
    /// on, and a person chooses which state to go on with.
    WalDamaged {
        commits_behind: u32,
    },
    /// Verified: this is not a sound database.
    Corrupt,
    TooNew {
        found: i32,
        supported: i32,
    },
    /// The file belongs to another program.
    NotOurs,
    Misplaced(Misplaced),
    /// Something that is no file lies where one should be, and stays there until somebody moves it.
    InTheWay(PathProblem),
    /// It was moved or replaced while it was open. What our connection held is in quarantine.
    SplitBrain,
    /// Well again. It stays until the next change.
    Recovered {
        downtime: Duration,
        /// Calls refused meanwhile.
        suppressed: u64,
    },
    /// The keeper was shut down.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degraded {
    /// No shared index: one connection serves everybody, and no other process can look.
    NoSharedIndex,
    /// On a file system of the network, where shared memory does not work: one connection serves
    /// everybody, and it is slow.
    UnfitVolume,
    /// The last open failed, or the connection was given up. The next call tries again.
    Failing {
        class: Class,
        code: Option<i32>,
        errno: Option<i32>,
    },
}

impl Health {
    /// Reading and writing are expected to work.
    pub fn is_well(&self) -> bool {
        matches!(
            self,
            Health::Resting
                | Health::Ok
                | Health::Recovered { .. }
                | Health::Degraded(Degraded::NoSharedIndex | Degraded::UnfitVolume)
        )
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            Health::Resting => "resting",
            Health::Ok => "ok",
            Health::Degraded(_) => "degraded",
            Health::Unavailable { .. } => "unavailable",
            Health::ReadOnly => "read_only",
            Health::DiskFull => "disk_full",
            Health::WalDamaged { .. } => "wal_damaged",
            Health::Corrupt => "corrupt",
            Health::TooNew { .. } => "too_new",
            Health::NotOurs => "not_ours",
            Health::Misplaced(_) => "misplaced",
            Health::InTheWay(_) => "in_the_way",
            Health::SplitBrain => "split_brain",
            Health::Recovered { .. } => "recovered",
            Health::Closed => "closed",
        }
    }

    /// The state a latched failure puts the file in.
    pub(crate) fn latched(error: &Error) -> Health {
        match error {
            Error::TooNew { found, supported } => Health::TooNew {
                found: *found,
                supported: *supported,
            },
            Error::NotOurs { .. } => Health::NotOurs,
            Error::Misplaced(how) => Health::Misplaced(*how),
            Error::SplitBrain => Health::SplitBrain,
            Error::ReadOnly { .. } => Health::ReadOnly,
            Error::WalDamaged { commits_behind } => Health::WalDamaged {
                commits_behind: *commits_behind,
            },
            _ => Health::Corrupt,
        }
    }

    pub(crate) fn failing(error: &Error) -> Health {
        Health::Degraded(Degraded::Failing {
            class: error.class(),
            code: error.code(),
            errno: error.errno(),
        })
    }

    fn is_same_news(&self, other: &Health) -> bool {
        match (self, other) {
            (Health::Unavailable { class: a, .. }, Health::Unavailable { class: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }
}

/// Changes kept to look back at.
const CHANGES_KEPT_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthSnapshot {
    /// Grows by one with each change.
    pub seq: u64,
    pub state: Health,
    pub since_unix_ms: i64,
}

type Listener = Arc<dyn Fn(&HealthSnapshot) + Send + Sync>;

/// The state and those who wait for its changes.
pub(crate) struct HealthCell {
    inner: Mutex<Inner>,
}

struct Inner {
    now: HealthSnapshot,
    ill_since: Option<Duration>,
    refused: u64,
    refused_in_all: u64,
    listeners: Vec<Listener>,
    outbox: VecDeque<HealthSnapshot>,
    history: VecDeque<HealthSnapshot>,
    delivering: bool,
}

/// The time of a change on both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) monotonic: Duration,
    pub(crate) unix_ms: i64,
}

impl HealthCell {
    pub(crate) fn new(unix_ms: i64) -> HealthCell {
        HealthCell {
            inner: Mutex::new(Inner {
                now: HealthSnapshot {
                    seq: 0,
                    state: Health::Resting,
                    since_unix_ms: unix_ms,
                },
                ill_since: None,
                refused: 0,
                refused_in_all: 0,
                listeners: Vec::new(),
                outbox: VecDeque::new(),
                history: VecDeque::new(),
                delivering: false,
            }),
        }
    }

    pub(crate) fn snapshot(&self) -> HealthSnapshot {
        self.inner.lock().now
    }

    pub(crate) fn listen(&self, listener: Listener) {
        self.inner.lock().listeners.push(listener);
    }

    pub(crate) fn count_refusal(&self) {
        let mut inner = self.inner.lock();
        inner.refused = inner.refused.saturating_add(1);
        inner.refused_in_all = inner.refused_in_all.saturating_add(1);
    }

    pub(crate) fn history(&self) -> Vec<HealthSnapshot> {
        self.inner.lock().history.iter().copied().collect()
    }

    /// Since it fell ill.
    pub(crate) fn refused(&self) -> u64 {
        self.inner.lock().refused
    }

    pub(crate) fn refused_in_all(&self) -> u64 {
        self.inner.lock().refused_in_all
    }

    /// Something is wrong. `deliver` tells the listeners.
    pub(crate) fn fall(&self, state: Health, at: Moment) {
        let mut inner = self.inner.lock();
        if inner.now.state == Health::Closed {
            return;
        }
        if inner.ill_since.is_none() {
            inner.ill_since = Some(at.monotonic);
            inner.refused = 0;
        }
        inner.change(state, at);
    }

    /// It works again, as `normal`: `Ok`, or what is less than that.
    pub(crate) fn rise(&self, normal: Health, at: Moment) {
        let mut inner = self.inner.lock();
        if inner.now.state == Health::Closed {
            return;
        }
        let state = match (inner.ill_since.take(), inner.now.state) {
            (Some(since), _) if normal == Health::Ok => Health::Recovered {
                downtime: at.monotonic.saturating_sub(since),
                suppressed: inner.refused,
            },
            (None, Health::Recovered { .. }) if normal == Health::Ok => return,
            _ => normal,
        };
        inner.change(state, at);
    }

    pub(crate) fn close(&self, at: Moment) {
        self.inner.lock().change(Health::Closed, at);
    }

    /// Tells the listeners every change not told yet, in order, outside the lock. When another
    /// thread is telling already, it tells these too.
    pub(crate) fn deliver(&self) {
        let mut inner = self.inner.lock();
        if inner.delivering {
            return;
        }
        inner.delivering = true;
        while let Some(change) = inner.outbox.pop_front() {
            let listeners = inner.listeners.clone();
            drop(inner);
            for listener in listeners {
                // A listener that panics must not silence the others or stop the writer.
                catch_unwind(AssertUnwindSafe(|| listener(&change))).ok();
            }
            inner = self.inner.lock();
        }
        inner.delivering = false;
    }
}

impl Inner {
    fn change(&mut self, state: Health, at: Moment) {
        if self.now.state.is_same_news(&state) {
            self.now.state = state;
            return;
        }
        self.now = HealthSnapshot {
            seq: self.now.seq + 1,
            state,
            since_unix_ms: at.unix_ms,
        };
        self.outbox.push_back(self.now);
        if self.history.len() == CHANGES_KEPT_MAX {
            self.history.pop_front();
        }
        self.history.push_back(self.now);
        let (class, code) = match state {
            Health::Unavailable { class, code, .. }
            | Health::Degraded(Degraded::Failing { class, code, .. }) => (class.as_str(), code),
            _ => ("", None),
        };
        if state.is_well() {
            tracing::info!(
                state = state.as_str(),
                seq = self.now.seq,
                refused = self.refused,
                "database health changed"
            );
        } else {
            tracing::warn!(
                state = state.as_str(),
                seq = self.now.seq,
                class,
                code,
                "database health changed"
            );
        }
    }
}

impl fmt::Debug for HealthCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HealthCell").field(&self.snapshot()).finish()
    }
}
