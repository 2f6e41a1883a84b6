//! Named places at which torture may fail a step of ours, or stop the process there. SQLite's own
//! steps are reached through its file system; these are the ones beside it. Without the feature
//! `torture` a place costs nothing and does nothing.

#[cfg(not(feature = "torture"))]
use std::path::Path;

#[cfg(not(feature = "torture"))]
use crate::platform::volume::Volume;

#[cfg(not(feature = "torture"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature as under torture"
)]
pub(crate) fn point(_: &'static str) -> std::io::Result<()> {
    Ok(())
}

/// A kind of volume that cannot be had where the tests run.
#[cfg(not(feature = "torture"))]
pub(crate) fn pretended_volume(_: &Path) -> Option<Volume> {
    None
}

#[cfg(feature = "torture")]
pub use armed::{Act, Plan, arm, disarm, pretend_volume, visits};
#[cfg(feature = "torture")]
pub(crate) use armed::{point, pretended_volume};

#[cfg(feature = "torture")]
mod armed {
    use std::io;
    use std::path::{Path, PathBuf};

    use parking_lot::Mutex;

    use crate::platform::volume::Volume;

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
        counting: bool,
        plan: Option<Plan>,
        visits: Vec<&'static str>,
    }

    static STATE: Mutex<State> = Mutex::new(State {
        counting: false,
        plan: None,
        visits: Vec::new(),
    });
    static PRETENDED: Mutex<Vec<(PathBuf, Volume)>> = Mutex::new(Vec::new());

    /// Forgets the visits so far and follows `plan` from here; without one only counts.
    pub fn arm(plan: Option<Plan>) {
        *STATE.lock() = State {
            counting: true,
            plan,
            visits: Vec::new(),
        };
    }

    pub fn disarm() {
        let mut state = STATE.lock();
        state.plan = None;
        state.counting = false;
    }

    /// From here on databases below `folder` are taken to lie on such a volume.
    pub fn pretend_volume(folder: &Path, volume: Volume) {
        PRETENDED.lock().push((folder.to_path_buf(), volume));
    }

    pub(crate) fn pretended_volume(path: &Path) -> Option<Volume> {
        let pretended = PRETENDED.lock();
        let found = pretended
            .iter()
            .find(|(folder, _)| path.starts_with(folder));
        found.map(|(_, volume)| *volume)
    }

    /// The places visited since the last `arm`, in order.
    pub fn visits() -> Vec<&'static str> {
        STATE.lock().visits.clone()
    }

    pub(crate) fn point(name: &'static str) -> io::Result<()> {
        let mut state = STATE.lock();
        if !state.counting {
            return Ok(());
        }
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
