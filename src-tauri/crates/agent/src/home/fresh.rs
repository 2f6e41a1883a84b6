//! Beginning an empty memory in a folder beside the one that can't be used, and leading back to that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::{FixCode, FixOutcome, FixPlan, Receipt, Receipts, Undo};
use oldgrowth_keeper::relocate;
use oldgrowth_store::WorkspaceLock;
use oldgrowth_wire::{ErrorCode, FixReceipt, WireError};

use super::{Inner, State, closing, new_id, unnoted};
use crate::owner::{Owner, TakeError, holder};
use crate::place::Pointer;
use crate::views;
use crate::words::{explain, wire_error};

/// So many memories may be begun beside one another.
const FRESH_MAX: u32 = 99;

/// For so long it can be undone.
const UNDO_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

impl Inner {
    pub(super) fn plan_fresh(&self) -> Result<FixPlan, WireError> {
        let pointer = self.may_start_fresh()?;
        let used = self.workspace.folder_named();
        let fresh = free_folder(&used, pointer.usual()).ok_or_else(closing)?;
        Ok(FixPlan::new(
            FixCode::StartFresh,
            "Begins an empty memory in a folder of its own. The one that is there stays as it is."
                .to_owned(),
            vec![
                format!(
                    "An empty memory is begun in {}, and used from then on.",
                    fresh.display()
                ),
                format!(
                    "Nothing in {} is changed, moved or removed.",
                    used.display()
                ),
            ],
        ))
    }

    /// The next start looks for a memory whose folder was named where it was named.
    fn may_start_fresh(&self) -> Result<&Pointer, WireError> {
        self.workspace.pointer().ok_or_else(|| {
            wire_error(
                ErrorCode::Usage,
                "this memory's folder was named when Oldgrowth was started, so no other is begun from here",
                Some("to begin another, start Oldgrowth with another folder; this one stays as it is"),
            )
        })
    }

    /// Answers when the empty memory is open; after an error the one that was used is used still.
    pub(super) fn start_fresh(this: &Arc<Self>, plan: &str) -> Result<FixReceipt, WireError> {
        if this.plan_fresh()?.id != plan {
            return Err(explain(&oldgrowth_engine::Error::PlanStale));
        }
        let pointer = this.may_start_fresh()?;
        let used = this.workspace.folder_named();
        let folder = free_folder(&used, pointer.usual()).ok_or_else(closing)?;
        this.let_go_of_checks()?;
        let _under_way = this.begin_moving(&folder)?;
        let mut state = this.state.write();
        relocate::make_folder(&folder).map_err(|error| unnoted(&error))?;
        let folder = folder.canonicalize().map_err(|error| unnoted(&error))?;
        let lock = WorkspaceLock::acquire(&folder, &holder(&folder, &this.name))
            .map_err(|error| TakeError::Lock(folder.clone(), error).explain())?;
        let now = UnixMs(this.ambient.clock.unix_ms());
        let receipt = noted(&folder, &used, now);
        // How to lead back is kept there before anything leads there.
        Receipts::of(&folder)
            .keep(receipt.clone())
            .map_err(|error| explain(&error))?;
        let owner = Owner::begin(
            lock,
            &folder,
            &this.workspace,
            this.purpose,
            Some(Self::calls(this)),
        )
        .map_err(|error| error.explain())?;
        this.lead(pointer, &folder, &mut state)?;
        *state = this.opened(Ok(owner));
        Ok(views::doctor::receipt(receipt, now))
    }

    /// The receipt of a memory that was begun beside another, if this is one. None during a move, which is not
    /// waited for.
    pub(super) fn receipt_of_fresh(&self, id: &str) -> Option<(Receipt, PathBuf)> {
        self.refuse_while_moving().ok()?;
        let state = self.state.read();
        let State::Open(owner) = &*state else {
            return None;
        };
        let receipt = owner
            .engine()
            .receipts()
            .into_iter()
            .find(|one| one.id == id)?;
        match &receipt.undo {
            Some(Undo::LeadBack { folder }) => Some((receipt.clone(), folder.clone())),
            _ => None,
        }
    }

    /// Uses the memory of before again. The one that was begun stays in its folder.
    pub(super) fn lead_back_to(
        this: &Arc<Self>,
        receipt: Receipt,
        folder: &Path,
    ) -> Result<FixReceipt, WireError> {
        let now = UnixMs(this.ambient.clock.unix_ms());
        if receipt.undoable_until(now).is_none() {
            return Err(explain(&oldgrowth_engine::Error::NotUndoable));
        }
        let left = this.workspace.folder_named();
        Self::use_folder(this, folder)?;
        let undone = Receipt {
            undone_at: Some(now),
            ..receipt
        };
        // Said in both, so that neither offers it once more. Whoever keeps this one open has read its receipts
        // already.
        let here = match &*this.state.read() {
            State::Open(owner) => owner.engine().keep_receipt(undone.clone()),
            State::Refused(_) | State::Closed => Receipts::of(folder).keep(undone.clone()),
        };
        let there = Receipts::of(&left).keep(undone.clone());
        if here.and(there).is_err() {
            tracing::warn!("that a new memory was left again could not be noted");
        }
        Ok(views::doctor::receipt(undone, now))
    }

    /// Checks that are under way are called off, for who waits for the end of every call would wait for
    /// them. A fix is waited for by nobody.
    pub(super) fn let_go_of_checks(&self) -> Result<(), WireError> {
        if let State::Open(owner) = &*self.state.read() {
            if owner.engine().is_fixing() {
                return Err(wire_error(
                    ErrorCode::Busy,
                    "something is being mended",
                    Some("try again when it has ended"),
                ));
            }
            owner.engine().cancel_checks();
        }
        Ok(())
    }
}

/// A name beside the folder in use at which nothing is; beside the usual one while that folder's disk is away.
fn free_folder(used: &Path, usual: &Path) -> Option<PathBuf> {
    let beside = if used.parent().is_some_and(Path::is_dir) {
        used
    } else {
        usual
    };
    let (above, name) = (beside.parent()?, beside.file_name()?);
    let name = name.to_string_lossy();
    (1..=FRESH_MAX)
        .map(|number| above.join(format!("{name}-fresh-{number}")))
        .find(|folder| folder.symlink_metadata().is_err())
}

/// What was done, and how to lead back.
fn noted(folder: &Path, used: &Path, now: UnixMs) -> Receipt {
    Receipt {
        id: format!("fx_{}", new_id().get(..16).unwrap_or_default()),
        code: FixCode::StartFresh,
        at: now,
        summary: "An empty memory was begun. The one before is as it was.".to_owned(),
        done: vec![
            format!("The empty memory lies in {}.", folder.display()),
            format!("The one before lies in {}.", used.display()),
        ],
        names: Some(vec![
            folder.display().to_string(),
            used.display().to_string(),
        ]),
        undo_until: Some(now.plus_ms(UNDO_MS)),
        undone_at: None,
        undo: Some(Undo::LeadBack {
            folder: used.to_owned(),
        }),
        outcome: FixOutcome::Done,
    }
}
