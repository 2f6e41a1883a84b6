//! Pausing the work: no job begins, what is under way ends, and searches go on. It is kept in the
//! file of the settings, so that it outlives the process.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Lane;
use serde_json::Value;

use crate::engine::Core;
use crate::health::HealthCode;
use crate::settings::{keep, read_settings};
use crate::telling::News;
use crate::{Engine, Error, Result, Work};

const WORK_PAUSED_SINCE: &str = "work_paused_since";

/// Why no job begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub since: UnixMs,
    pub by: PausedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PausedBy {
    /// It stays so until a person resumes it.
    Person,
    /// The disk is nearly full; it goes on by itself.
    FullDisk,
}

impl Engine {
    /// Lets no job begin until somebody resumes the work, over restarts too. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Error::SettingsNotKept`] when it could not be written down; then the work goes on.
    pub fn pause_work(&self) -> Result<Work> {
        let core = self.core();
        if core.queue.paused().is_none() {
            core.keep_pause(Some(core.now()))?;
        }
        Ok(core.pause_changed())
    }

    /// Lets the work go on. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Error::SettingsNotKept`] when it could not be written down; then it stays paused.
    pub fn resume_work(&self) -> Result<Work> {
        let core = self.core();
        if core.queue.paused().is_some() {
            core.keep_pause(None)?;
            core.watching.wake();
        }
        Ok(core.pause_changed())
    }
}

impl Core {
    /// Why no job begins, if none does. A person's word comes first.
    pub(crate) fn pause(&self) -> Option<Pause> {
        if let Some(since) = self.queue.paused() {
            return Some(Pause {
                since,
                by: PausedBy::Person,
            });
        }
        self.store.facts().jobs_paused.then(|| Pause {
            since: self.board.since(HealthCode::Space),
            by: PausedBy::FullDisk,
        })
    }

    /// What runs says whether it is paused.
    fn tell_running(&self) {
        let running = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.running_batches()?));
        for batch in running.unwrap_or_default() {
            self.tell(News::Batch(batch.key));
        }
    }

    fn keep_pause(&self, since: Option<UnixMs>) -> Result<()> {
        // The lock of the settings keeps two changes of the one file apart.
        let _settings = self.settings.lock();
        let value = since.map(|since| Value::from(since.to_rfc3339()));
        keep(&self.workspace, WORK_PAUSED_SINCE, value, self.now().0).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "the pause could not be kept");
            Error::SettingsNotKept
        })?;
        self.queue.set_paused(since);
        Ok(())
    }

    fn pause_changed(&self) -> Work {
        self.tallies.measure_anew();
        self.counts_changed();
        self.tell(News::Work);
        self.tell_running();
        self.work_now()
    }
}

/// As the last process has left it. What makes no sense pauses nothing.
pub(crate) fn kept_pause(workspace: &std::path::Path) -> Option<UnixMs> {
    read_settings(workspace)
        .ok()?
        .get(WORK_PAUSED_SINCE)?
        .as_str()
        .and_then(UnixMs::parse_rfc3339)
}
