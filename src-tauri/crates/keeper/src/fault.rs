//! Named places at which torture may fail a step of ours, or stop the process there. SQLite's own
//! steps are reached through its file system; these are the ones beside it. Without the feature
//! `torture` a place costs nothing and does nothing.

#[cfg(not(feature = "torture"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature as under torture"
)]
pub(crate) fn point(_: &'static str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "torture")]
pub(crate) use armed::point;
#[cfg(feature = "torture")]
pub use armed::{Act, Plan, arm, disarm, visits};

#[cfg(feature = "torture")]
mod armed {
    use std::io;

    use parking_lot::Mutex;

    /// What happens at the place chosen.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Act {
        /// The step fails with this error number of the system.
        Fail { errno: i32 },
        /// The process ends there, as by a kill.
        Abort,
    }

    #[derive(Debug, Clone, Copy)]
    pub struct Plan {
        /// The first visit is 1.
        pub at_visit: u64,
        /// All visits after that one fail as well.
        pub sticky: bool,
        pub act: Act,
    }

    struct State {
        plan: Option<Plan>,
        visits: Vec<&'static str>,
    }

    static STATE: Mutex<State> = Mutex::new(State {
        plan: None,
        visits: Vec::new(),
    });

    /// Forgets the visits so far and follows `plan` from here; without one only counts.
    pub fn arm(plan: Option<Plan>) {
        *STATE.lock() = State {
            plan,
            visits: Vec::new(),
        };
    }

    pub fn disarm() {
        STATE.lock().plan = None;
    }

    /// The places visited since the last `arm`, in order.
    pub fn visits() -> Vec<&'static str> {
        STATE.lock().visits.clone()
    }

    pub(crate) fn point(name: &'static str) -> io::Result<()> {
        let mut state = STATE.lock();
        state.visits.push(name);
        let visit = state.visits.len() as u64;
        let Some(plan) = state.plan else {
            return Ok(());
        };
        let hit = visit == plan.at_visit || (plan.sticky && visit > plan.at_visit);
        match plan.act {
            _ if !hit => Ok(()),
            Act::Fail { errno } => Err(io::Error::from_raw_os_error(errno)),
            Act::Abort => std::process::abort(),
        }
    }
}
