//! Fixes: what each would do, with its numbers; doing it, with progress; and taking it back while that
//! can be done.
//!
//! ```text
//!   plan ─► apply: still the same plan? ─► backup, if what is remembered changes ─► done ─► receipt ─► looked at again
//!                        └ no: refused            └ called off: as it was           │         └ undo, for 7 days
//!                                                       what can be undone: its receipt first, as begun
//! ```
//!
//! An error says that nothing was changed. Whatever may have been changed is told by a receipt.

mod by_itself;
mod copies;
mod index;
mod missing;
mod open_copy;
mod queue;
mod receipts;
mod strays;
mod summaries;
mod upkeep;
mod vectors;
mod work;

pub(crate) use by_itself::ByItself;
pub(crate) use copies::FilesSeen;
pub(crate) use receipts::{FILE as RECEIPTS_FILE, set_aside as receipts_set_aside};
pub use receipts::{FixOutcome, Receipt, Receipts, Undo};
pub(crate) use strays::files as files_set_aside;
pub use work::FixProgress;
pub(crate) use work::{Fixing, Work};

use strays::Which;

use std::time::Duration;

use oldgrowth_domain::id::content_hash;

use crate::engine::Core;
use crate::health::{ComponentState, FixCode, FixRisk, HealthCode, counted};
use crate::telling::News;
use crate::{Engine, Error, Result};

/// For so long a fix can be undone.
const UNDO_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Of what was done, and could not be noted.
const NOT_KEPT: &str = "How this ended could not be written down beside the memory, so it is listed here only until \
    the memory is closed. Check the rights and the free space of its folder.";

/// Of what was done, and did not help.
const STILL_UNWELL: &str = "It was looked at again, and is still not well.";

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
    /// The copy that it puts in the memory's place.
    pub(crate) takes: Option<copies::Taken>,
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
            undo: code.can_be_undone() && !steps.is_empty(),
            id,
            code,
            risk: code.risk(),
            summary,
            steps,
            about: None,
            backup_first: false,
            takes: None,
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
    fn whatever_is_written(self) -> Self {
        self.whatever_is_written_for("")
    }

    /// As [`FixPlan::whatever_is_written`], and no longer when this changes.
    fn whatever_is_written_for(mut self, this: &str) -> Self {
        self.id = content_hash(&[&format!("{:?}", self.code), this]);
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
    pub(crate) outcome: FixOutcome,
}

/// What undoing has come to.
struct Undone {
    words: String,
    /// It is known that all of it was undone.
    whole: bool,
}

/// A copy that was put in the memory's place.
struct Replaced {
    /// In which what was there before is kept.
    set: String,
    /// It is known that it came to its end.
    ended: bool,
}

impl Done {
    pub(crate) fn new(summary: impl Into<String>, done: Vec<String>) -> Self {
        Self {
            summary: summary.into(),
            done,
            names: Vec::new(),
            undo: None,
            outcome: FixOutcome::Done,
        }
    }

    /// What it was to mend is unwell as before.
    pub(crate) fn still_unwell(self) -> Self {
        Self {
            outcome: FixOutcome::StillUnwell,
            ..self
        }
    }

    /// Of what ended before all was done, after so many of so many.
    pub(crate) fn in_part(error: &Error, after: &str, of: &str, mut done: Vec<String>) -> Self {
        let summary = match error {
            Error::Cancelled => format!("It was stopped after {after} of {of}."),
            error => {
                done.push(format!("It could not go on: {error}."));
                format!("It broke off after {after} of {of}.")
            }
        };
        Self {
            outcome: FixOutcome::InPart,
            ..Self::new(summary, done)
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

    /// Carries out a plan and looks at what it mends again. Others are told of its progress. Called off before
    /// anything was changed, it leaves everything as it was.
    ///
    /// # Errors
    /// [`Error::PlanStale`] when the plan no longer says what would be done. After any error nothing has been
    /// changed: what has is told by a receipt, and so is that it could not be kept.
    pub fn apply_fix(&self, code: FixCode, plan: &str) -> Result<Receipt> {
        let core = self.core();
        let work = core.fixing.begin(core, code)?;
        let now = core.plan(code)?;
        if now.id != plan {
            return Err(Error::PlanStale);
        }
        let mut begun = Receipt::of_nothing(core.new_receipt_id(), code, core.now());
        if now.nothing_to_do {
            return Ok(begun.ended(Done::new(now.summary, Vec::new()), core.now()));
        }
        if now.backup_first {
            work.doing("Making a backup", 0, 0)?;
            let made = core.make_backup(None, &|| work.is_called_off())?;
            let told = format!("A backup was made: {}.", made.backup.id);
            begun.done.push(told);
        }
        let done = self
            .apply(&work, &begun, now)
            .inspect_err(|_| core.receipts.lock().forget(&begun.id))?;
        let receipt = core.keep_or_hold(begun.ended(done, core.now()));
        core.note_fix(&receipt);
        work.told("Looking again");
        let looked = self.look_again(code);
        if looked && receipt.outcome == FixOutcome::Done && core.still_needs(code) {
            return Ok(core.keep_or_hold(Receipt {
                outcome: FixOutcome::StillUnwell,
                ..receipt.with(STILL_UNWELL.to_owned())
            }));
        }
        Ok(receipt)
    }

    pub fn is_fixing(&self) -> bool {
        self.core().fixing.progress().is_some()
    }

    /// Stops the fix that is under way, with the backup that it makes.
    pub fn cancel_fix(&self) {
        self.core().fixing.call_off();
    }

    /// Takes back what a fix has done.
    ///
    /// # Errors
    /// [`Error::NotUndoable`] when it has been undone already, can't be, or too much time has passed. After any
    /// error nothing has been changed.
    pub fn undo_fix(&self, id: &str) -> Result<Receipt> {
        let core = self.core();
        let receipt = |id: &str| core.receipts.lock().find(id).ok_or(Error::NotFound);
        let work = core.fixing.begin(core, receipt(id)?.code)?;
        // Asked only now: whoever undid it a moment ago has kept that.
        let now = core.now();
        let found = receipt(id)?;
        let undo = found
            .undo
            .clone()
            .filter(|_| found.undoable_until(now).is_some())
            .ok_or(Error::NotUndoable)?;
        work.doing("Taking it back", 0, 0)?;
        let undone = match undo {
            Undo::Restore { set } => self.put_set_back(&set, &found)?,
            Undo::Watch { sources } => core.watch_again(&sources)?,
            Undo::Strays { file } => core.put_strays_back(&file)?,
            Undo::LeadBack { .. } => return Err(Error::NotOurFix),
        };
        let receipt = core.keep_or_hold(Receipt {
            undone_at: undone.whole.then_some(now),
            ..found.with(undone.words)
        });
        if undone.whole {
            core.note_fix(&receipt);
        }
        self.look_again(receipt.code);
        Ok(receipt)
    }

    /// What was fixed, newest first.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.core().receipts.lock().list()
    }

    /// Keeps the receipt of what was done beside the engine, to this memory.
    ///
    /// # Errors
    /// [`Error::NotKept`] when it could not be written.
    pub fn keep_receipt(&self, receipt: Receipt) -> Result<()> {
        self.core().receipts.lock().keep(receipt)
    }

    fn apply(&self, work: &Work<'_>, begun: &Receipt, plan: FixPlan) -> Result<Done> {
        let core = self.core();
        match begun.code {
            FixCode::TryAgain => self.try_again(),
            FixCode::FoldLog => core.fold_log(),
            FixCode::RebuildIndex => core.rebuild_index(work),
            FixCode::FinishMissing => core.finish_missing(work),
            FixCode::SetAsideOrphans => core.set_strays_aside(work, begun, Which::All),
            FixCode::RebuildSummaries => core.rebuild_summaries(work),
            FixCode::RebuildVectors => core.rebuild_vectors(work),
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
            FixCode::StopWatching => core.stop_watching_gone(begun),
            FixCode::RestoreBackup => self.restore_planned(begun, plan),
            FixCode::OpenCopy => core.copy_to_open(),
            FixCode::StartFresh => Err(Error::NotOurFix),
        }
    }

    /// Puts a copy in the memory's place. `begin` writes down what is about to be set aside.
    ///
    /// # Errors
    /// Then nothing has been moved, or it has been moved back.
    fn replace(&self, id: &str, begin: &dyn Fn(&str) -> Result<()>) -> Result<Replaced> {
        let mut announced = None;
        let restored = self.restore_noting(id, &mut |set| {
            begin(set)?;
            announced = Some(set.to_owned());
            Ok(())
        });
        match (restored, announced) {
            (Ok(set), _) => Ok(Replaced { set, ended: true }),
            // The set goes when all is back in its place. Until then the next opening sees to it.
            (Err(error), Some(set)) => {
                let mut sets = self.core().store.kept_aside().into_iter();
                match sets.any(|kept| kept.id == set) {
                    true => Ok(Replaced { set, ended: false }),
                    false => Err(error),
                }
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Looks at what a fix mends, those checks included that nobody runs by themselves.
    fn look_again(&self, code: FixCode) -> bool {
        let again: &[HealthCode] = match code {
            FixCode::RebuildIndex => &[
                HealthCode::Coverage,
                HealthCode::Integrity,
                HealthCode::RoundTrip,
            ],
            // Sentences go with the passages that they cite.
            FixCode::SetAsideOrphans => &[
                HealthCode::Orphans,
                HealthCode::Faithful,
                HealthCode::Coverage,
            ],
            FixCode::RebuildSummaries => &[HealthCode::Faithful, HealthCode::Tree],
            FixCode::RebuildVectors => &[HealthCode::Orphans, HealthCode::Meaning],
            FixCode::RestoreBackup => &[
                HealthCode::Store,
                HealthCode::Integrity,
                HealthCode::Orphans,
            ],
            _ => &[HealthCode::Store],
        };
        let core = self.core();
        core.queue.wake();
        core.counts_changed();
        let looked = core.look_at_mended(again, &|| core.fixing.is_called_off());
        core.tell(News::Work);
        looked
    }
}

impl Core {
    fn new_receipt_id(&self) -> String {
        let mut id = format!("fx_{:032x}", self.random.bits());
        id.truncate("fx_".len() + ID_DIGITS);
        id
    }

    /// Does something that is unwell name this fix?
    fn still_needs(&self, code: FixCode) -> bool {
        // A copy that is laid out mends nothing.
        let mends = code != FixCode::OpenCopy;
        let rows = self.board.status(self.store.reservations()).components;
        let unwell = |state| matches!(state, ComponentState::Warn | ComponentState::Fail);
        mends
            && rows
                .iter()
                .any(|row| unwell(row.state) && row.fixes.contains(&code))
    }

    /// Writes down what is about to be done and how that is taken back, before anything is moved: a process
    /// that is killed meanwhile leaves that.
    fn keep_begun(&self, begun: &Receipt, lines: Vec<String>, undo: Option<Undo>) -> Result<()> {
        let mut begun = Receipt {
            undo_until: undo.is_some().then(|| self.now().plus_ms(UNDO_MS)),
            undo,
            ..begun.clone()
        };
        begun.done.extend(lines);
        self.receipts.lock().keep(begun)
    }

    /// Keeps a receipt, or says in it that it could not be kept.
    fn keep_or_hold(&self, mut receipt: Receipt) -> Receipt {
        let mut receipts = self.receipts.lock();
        receipt.done.retain(|line| line != NOT_KEPT);
        if receipts.keep(receipt.clone()).is_ok() {
            return receipt;
        }
        receipt.done.push(NOT_KEPT.to_owned());
        receipts.hold(receipt.clone());
        receipt
    }

    fn plan(&self, code: FixCode) -> Result<FixPlan> {
        let writes = !matches!(code, FixCode::TryAgain | FixCode::VerifyBackup);
        if writes && self.store_reads() && self.reads_only() {
            return Err(Error::NotKept);
        }
        let plan = match code {
            FixCode::TryAgain => self.plan_try_again(),
            FixCode::FoldLog => self.plan_fold_log(),
            FixCode::RebuildIndex => self.plan_index()?,
            FixCode::FinishMissing => self.plan_missing()?,
            FixCode::SetAsideOrphans => self.plan_strays()?,
            FixCode::RebuildSummaries => self.plan_summaries()?,
            FixCode::RebuildVectors => self.plan_vectors()?,
            FixCode::RetryFailed => self.plan_retry()?,
            FixCode::ReleaseStuck => self.plan_release()?,
            FixCode::CloseEmptyImports => self.plan_close()?,
            FixCode::BackUpNow => self.plan_back_up(),
            FixCode::VerifyBackup => self.plan_verify(),
            FixCode::RepairPermissions => self.plan_permissions(),
            FixCode::StopWatching => self.plan_stop_watching()?,
            FixCode::RestoreBackup => self.plan_restore()?,
            FixCode::OpenCopy => self.plan_open_copy()?,
            FixCode::StartFresh => return Err(Error::NotOurFix),
        };
        Ok(plan)
    }
}
