//! Everything that the memory is doing: what runs, what waits and for what, and what failed.

use oldgrowth_store::Lane;
use oldgrowth_store::table::jobs::JobCounts;

use crate::engine::Core;
use crate::jobs::Pause;
use crate::{Engine, Error};

/// How much there is to do, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub paused: Option<Pause>,
    /// `None` while the store can't be read.
    pub jobs: Option<JobCounts>,
}

impl Engine {
    /// Always answers, whatever the state of the store.
    pub fn work_now(&self) -> Work {
        self.core().work_now()
    }
}

impl Core {
    pub(crate) fn work_now(&self) -> Work {
        let now = self.now();
        let jobs = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.job_counts(now)?));
        Work {
            paused: self.pause(),
            jobs: jobs.ok(),
        }
    }
}
