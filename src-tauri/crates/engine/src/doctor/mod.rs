//! Fixes: what each would do, with its numbers; doing it, with progress; and taking it back while that
//! can be done.
//!
//! ```text
//!   plan ─► apply: still the same plan? ─► backup, if what is remembered changes ─► done ─► receipt ─► looked at again
//!                        └ no: refused            └ called off: as it was                       └ undo, for 7 days
//! ```

mod copies;
mod index;
mod missing;
mod queue;
mod receipts;
mod strays;
mod summaries;
mod upkeep;
mod work;

pub(crate) use receipts::FILE as RECEIPTS_FILE;
pub use receipts::{Receipt, Receipts, Undo};
pub(crate) use strays::files as files_set_aside;
pub use work::FixProgress;
pub(crate) use work::{Fixing, Work};

use std::time::Duration;

use oldgrowth_domain::id::content_hash;

use crate::engine::Core;
use crate::health::{FixCode, FixRisk, HealthCode, counted};
use crate::telling::News;
use crate::{Engine, Error, Result};

/// For so long a fix can be undone.
const UNDO_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// How many digits of its hash name a plan, and of randomness a receipt.
const ID_DIGITS: usize = 16;

/// What a fix would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixPlan {
    /// Says all that the plan says, but for how long it takes.
    pub id: String,
    pub code: FixCode,
    pub risk: FixRisk,
    pub summary: String,
    pub steps: Vec<String>,
    pub about: Option<Duration>,
    pub backup_first: bool,
    pub undo: bool,
    pub nothing_to_do: bool,
}

impl FixPlan {
    /// A plan of these steps; with none there is nothing to do.
    #[must_use]
    pub fn new(code: FixCode, summary: String, steps: Vec<String>) -> Self {
        let mut said = vec![summary.as_str()];
        said.extend(steps.iter().map(String::as_str));
        let mut id = content_hash(&said);
        id.truncate(ID_DIGITS);
        Self {
            nothing_to_do: steps.is_empty(),
            id,
            code,
            risk: code.risk(),
            summary,
            steps,
            about: None,
            backup_first: false,
            undo: code.can_be_undone(),
        }
    }

    pub(crate) fn nothing(code: FixCode, why: &str) -> Self {
        Self::new(code, why.to_owned(), Vec::new())
    }

    pub(crate) fn about(self, about: Duration) -> Self {
        Self {
            about: Some(about),
            ..self
        }
    }

    /// Says the truth however much is written in between.
    fn whatever_is_written(mut self) -> Self {
        self.id = content_hash(&[&format!("{:?}", self.code)]);
        self.id.truncate(ID_DIGITS);
        self
    }

    /// With a backup as its first step.
    fn backing_up(mut self) -> Self {
        self.steps
            .insert(0, "A backup is made and read through first.".to_owned());
        let plan = Self::new(self.code, self.summary, self.steps);
        Self {
            about: self.about,
            backup_first: true,
            ..plan
        }
    }
}

/// What a fix has come to.
pub(crate) struct Done {
    pub(crate) summary: String,
    pub(crate) done: Vec<String>,
    /// What of these words is a name of the person's own.
    names: Vec<String>,
    pub(crate) undo: Option<Undo>,
}

impl Done {
    pub(crate) fn new(summary: impl Into<String>, done: Vec<String>) -> Self {
        Self {
            summary: summary.into(),
            done,
            names: Vec::new(),
            undo: None,
        }
    }

    pub(crate) fn naming(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    pub(crate) fn undone_by(self, undo: Undo) -> Self {
        Self {
            undo: Some(undo),
            ..self
        }
    }
}

impl Engine {
    /// What a fix would do. Nothing is changed.
    pub fn plan_fix(&self, code: FixCode) -> Result<FixPlan> {
        self.core().plan(code)
    }

    /// Carries out a plan and looks at what it mends again. Others are told of its progress. Called off, it
    /// leaves everything as it was, or in steps that are whole each and harmless.
    ///
    /// # Errors
    /// [`Error::PlanStale`] when the plan no longer says what would be done.
    pub fn apply_fix(&self, code: FixCode, plan: &str) -> Result<Receipt> {
        let core = self.core();
        let work = core.fixing.begin(core, code)?;
        let now = core.plan(code)?;
        if now.id != plan {
            return Err(Error::PlanStale);
        }
        if now.nothing_to_do {
            let done = Done::new(now.summary, Vec::new());
            return Ok(self.receipt(code, done));
        }
        let mut told = Vec::new();
        if now.backup_first {
            work.doing("Making a backup", 0, 0)?;
            let made = core.make_backup(None)?;
            told.push(format!("A backup was made: {}.", made.backup.id));
        }
        let mut done = self.apply(code, &work)?;
        told.append(&mut done.done);
        done.done = told;
        let receipt = self.receipt(code, done);
        core.keep_receipt(&receipt)?;
        work.told("Looking again");
        self.look_again(code);
        Ok(receipt)
    }

    pub fn is_fixing(&self) -> bool {
        self.core().fixing.progress().is_some()
    }

    /// Stops the fix that is under way.
    pub fn cancel_fix(&self) {
        self.core().fixing.call_off();
        self.core().running.cancel();
    }

    /// Takes back what a fix has done.
    ///
    /// # Errors
    /// [`Error::NotUndoable`] when it has been undone already, can't be, or too much time has passed.
    pub fn undo_fix(&self, id: &str) -> Result<Receipt> {
        let core = self.core();
        let now = core.now();
        let found = core.receipts.lock().find(id).ok_or(Error::NotFound)?;
        let may_be =
            found.undone_at.is_none() && found.undo_until.is_some_and(|until| now <= until);
        let undo = found
            .undo
            .clone()
            .filter(|_| may_be)
            .ok_or(Error::NotUndoable)?;
        let work = core.fixing.begin(core, found.code)?;
        work.doing("Taking it back", 0, 0)?;
        let undone = match undo {
            Undo::Restore { set } => {
                let aside = self.restore(&set)?;
                format!(
                    "What was there before is back; what took its place is kept aside as {aside}."
                )
            }
            Undo::Watch { sources } => core.watch_again(&sources)?,
            Undo::Strays { file } => core.put_strays_back(&file)?,
            Undo::LeadBack { .. } => return Err(Error::NotOurFix),
        };
        let receipt = Receipt {
            undone_at: Some(now),
            done: found.done.iter().cloned().chain([undone]).collect(),
            ..found
        };
        core.keep_receipt(&receipt)?;
        self.look_again(receipt.code);
        Ok(receipt)
    }

    /// What was fixed, newest first.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.core().receipts.lock().list()
    }

    fn apply(&self, code: FixCode, work: &Work<'_>) -> Result<Done> {
        let core = self.core();
        match code {
            FixCode::TryAgain => self.try_again(),
            FixCode::FoldLog => core.fold_log(),
            FixCode::RebuildIndex => core.rebuild_index(work),
            FixCode::FinishMissing => core.finish_missing(work),
            FixCode::SetAsideOrphans => core.set_strays_aside(work),
            FixCode::RebuildSummaries => core.rebuild_summaries(work),
            FixCode::RetryFailed => {
                let queued = self.retry_failed(crate::Retry::default())?;
                let waits = counted(queued.into(), "piece of work waits", "pieces of work wait");
                Ok(Done::new(format!("{waits} for another try."), Vec::new()))
            }
            FixCode::ReleaseStuck => core.release_stuck(),
            FixCode::CloseEmptyImports => core.close_empty_imports(),
            FixCode::BackUpNow => core.back_up(work),
            FixCode::VerifyBackup => self.read_newest_backup(),
            FixCode::RepairPermissions => core.repair_permissions(),
            FixCode::StopWatching => core.stop_watching_gone(),
            FixCode::RestoreBackup => self.restore_newest(),
            FixCode::OpenCopy => core.copy_to_open(),
            FixCode::StartFresh => Err(Error::NotOurFix),
        }
    }

    fn receipt(&self, code: FixCode, done: Done) -> Receipt {
        let core = self.core();
        let now = core.now();
        let mut id = format!("fx_{:032x}", core.random.bits());
        id.truncate("fx_".len() + ID_DIGITS);
        Receipt {
            id,
            code,
            at: now,
            summary: done.summary,
            done: done.done,
            names: Some(done.names),
            undo_until: done.undo.is_some().then(|| now.plus_ms(UNDO_MS)),
            undone_at: None,
            undo: done.undo,
        }
    }

    /// Looks at what a fix mends, those checks included that nobody runs by themselves.
    fn look_again(&self, code: FixCode) {
        let again: &[HealthCode] = match code {
            FixCode::RebuildIndex => &[
                HealthCode::Coverage,
                HealthCode::Integrity,
                HealthCode::RoundTrip,
            ],
            FixCode::SetAsideOrphans => &[HealthCode::Orphans, HealthCode::Coverage],
            FixCode::RebuildSummaries => &[HealthCode::Faithful, HealthCode::Tree],
            FixCode::RestoreBackup => &[HealthCode::Store, HealthCode::Integrity],
            _ => &[HealthCode::Store],
        };
        let core = self.core();
        core.queue.wake();
        core.counts_changed();
        core.look_at_mended(again, &|| core.fixing.is_called_off());
        core.tell(News::Work);
    }
}

impl Core {
    fn plan(&self, code: FixCode) -> Result<FixPlan> {
        let plan = match code {
            FixCode::TryAgain => self.plan_try_again(),
            FixCode::FoldLog => self.plan_fold_log(),
            FixCode::RebuildIndex => self.plan_index()?,
            FixCode::FinishMissing => self.plan_missing()?,
            FixCode::SetAsideOrphans => self.plan_strays()?,
            FixCode::RebuildSummaries => self.plan_summaries()?,
            FixCode::RetryFailed => self.plan_retry()?,
            FixCode::ReleaseStuck => self.plan_release()?,
            FixCode::CloseEmptyImports => self.plan_close()?,
            FixCode::BackUpNow => self.plan_back_up(),
            FixCode::VerifyBackup => self.plan_verify(),
            FixCode::RepairPermissions => self.plan_permissions(),
            FixCode::StopWatching => self.plan_stop_watching()?,
            FixCode::RestoreBackup => self.plan_restore()?,
            FixCode::OpenCopy => self.plan_open_copy(),
            FixCode::StartFresh => return Err(Error::NotOurFix),
        };
        Ok(plan)
    }
}
