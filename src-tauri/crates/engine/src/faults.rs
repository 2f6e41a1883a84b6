//! What a developer should hear of, for whoever makes reports: names and numbers, no text.

use std::sync::Arc;

use oldgrowth_store::{Health, Incident, Misplaced, Store};
use parking_lot::Mutex;

use crate::Error;

/// Does a fault pass, or is it a state that goes on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    Passes,
    GoesOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Failed {
        class: &'static str,
        /// What was being done.
        phase: &'static str,
        /// SQLite's extended code.
        code: Option<i32>,
        /// The system's own number.
        errno: Option<i32>,
        lasting: Lasting,
    },
    /// The store works: no state of it goes on.
    StoreWell,
}

type Listener = Arc<dyn Fn(&Fault) + Send + Sync>;

/// So many faults are kept for the first who listens. A store that is damaged is met by a worker right after the
/// start, and says so once.
const UNHEARD_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    listeners: Vec<Listener>,
    /// Told while nobody listened.
    unheard: Vec<Fault>,
}

impl Faults {
    pub(crate) fn subscribe(&self, listener: Listener) {
        // What comes meanwhile waits: it is heard after what came before it.
        let mut state = self.0.lock();
        for fault in state.unheard.drain(..) {
            listener(&fault);
        }
        state.listeners.push(listener);
    }

    /// Hears of what the store says of itself, from now on.
    pub(crate) fn listen_to(self: &Arc<Self>, store: &Store) {
        let faults = Arc::downgrade(self);
        store.on_fault(move |error| {
            if let Some(faults) = faults.upgrade() {
                faults.tell(&Fault::Failed {
                    class: error.class().as_str(),
                    phase: "use",
                    code: error.code(),
                    errno: error.errno(),
                    lasting: Lasting::Passes,
                });
            }
        });
        let faults = Arc::downgrade(self);
        store.on_incident(move |incident| {
            let Incident::StoreUnavailable {
                class, code, errno, ..
            } = incident;
            tracing::warn!(?incident, "the store could not be used for long");
            if let Some(faults) = faults.upgrade() {
                faults.tell(&Fault::Failed {
                    class: "store_unavailable",
                    phase: class.as_str(),
                    code: *code,
                    errno: *errno,
                    lasting: Lasting::GoesOn,
                });
            }
        });
        let faults = Arc::downgrade(self);
        store.on_health(move |change| {
            if let Some(faults) = faults.upgrade()
                && let Some(fault) = of_health(&change.state)
            {
                faults.tell(&fault);
            }
        });
    }

    /// A job ended in what can only be a fault of ours. The store tells of its own.
    pub(crate) fn tell_of_job(&self, kind: &'static str, error: &Error) {
        let class = match error {
            Error::HeldConnection => "held_connection",
            Error::Store(oldgrowth_store::Error::UnknownValue { .. }) => "unknown_value",
            Error::Model { retry_in: None, .. } => "model",
            _ => return,
        };
        self.tell(&Fault::Failed {
            class,
            phase: kind,
            code: None,
            errno: None,
            lasting: Lasting::Passes,
        });
    }

    fn tell(&self, fault: &Fault) {
        let listeners = {
            let mut state = self.0.lock();
            if state.listeners.is_empty() && state.unheard.len() < UNHEARD_MAX {
                state.unheard.push(*fault);
            }
            state.listeners.clone()
        };
        for listener in listeners {
            listener(fault);
        }
    }
}

/// States that only a bug or a damage explains. What somebody did to the file, or must do, is none of ours.
fn of_health(health: &Health) -> Option<Fault> {
    let class = match health {
        Health::Ok | Health::Recovered { .. } => return Some(Fault::StoreWell),
        Health::Corrupt => "corrupt",
        Health::WalDamaged { .. } => "wal_damaged",
        Health::SplitBrain => "split_brain",
        Health::Misplaced(Misplaced::MainMissing | Misplaced::MainEmpty) => "misplaced",
        Health::Resting
        | Health::Degraded(_)
        | Health::Unavailable { .. }
        | Health::ReadOnly
        | Health::DiskFull
        | Health::TooNew { .. }
        | Health::NotOurs
        | Health::Misplaced(Misplaced::Vanished)
        | Health::InTheWay(_)
        | Health::Closed => return None,
    };
    Some(Fault::Failed {
        class,
        phase: "open",
        code: None,
        errno: None,
        lasting: Lasting::GoesOn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_before_anybody_listens_is_heard_by_the_first_who_does_and_once() {
        let faults = Faults::default();
        for _ in 0..UNHEARD_MAX + 1 {
            faults.tell(&Fault::StoreWell);
        }
        let heard = Arc::new(Mutex::new([0_usize; 2]));
        for listener in 0..2 {
            let heard = Arc::clone(&heard);
            faults.subscribe(Arc::new(move |_| heard.lock()[listener] += 1));
        }
        assert_eq!(*heard.lock(), [UNHEARD_MAX, 0]);
        faults.tell(&Fault::StoreWell);
        assert_eq!(*heard.lock(), [UNHEARD_MAX + 1, 1]);
    }
}
