//! Using another memory from now on: it is begun first, and only then does the pointer lead to it.

use std::path::Path;
use std::sync::Arc;

use oldgrowth_store::WorkspaceLock;
use oldgrowth_wire::{ErrorCode, WireError};

use super::{Inner, State, new_id, unnoted};
use crate::owner::{Owner, TakeError, holder};
use crate::place::{self, Note, Pointer};
use crate::words::wire_error;

impl Inner {
    /// Uses the memory in a folder from now on. After an error the one that was used is used still.
    pub(super) fn use_folder(this: &Arc<Self>, folder: &Path) -> Result<(), WireError> {
        let Some(pointer) = this.workspace.pointer() else {
            return Err(place::refusal_error(place::fixed()));
        };
        let folder = folder
            .canonicalize()
            .ok()
            .filter(|folder| place::is_memory(folder))
            .ok_or_else(|| {
                wire_error(
                    ErrorCode::NotFound,
                    "no memory lies in this folder",
                    Some("choose the folder that holds settings and the folder memory_tree"),
                )
            })?;
        this.let_go_of_checks()?;
        let _under_way = this.begin_moving(&folder)?;
        let mut state = this.state.write();
        let is_used = this
            .workspace
            .folder()
            .is_ok_and(|used| place::is_same(&used, &folder));
        // The pointer may have come back with the folder, under another memory that is open.
        let is_open = |owner: &Owner| place::is_same(owner.engine().workspace(), &folder);
        if is_used && matches!(&*state, State::Open(owner) if is_open(owner)) {
            return Ok(());
        }
        let lock = WorkspaceLock::acquire(&folder, &holder(&folder, &this.name))
            .map_err(|error| TakeError::Lock(folder.clone(), error).explain())?;
        // Begun first: the pointer never leads to a folder that could not be.
        let owner = Owner::begin(
            lock,
            &folder,
            &this.workspace,
            this.purpose,
            Some(Self::calls(this)),
        )
        .map_err(|error| error.explain())?;
        if !is_used {
            this.lead(pointer, &folder, &mut state)?;
        }
        *state = this.opened(Ok(owner));
        Ok(())
    }

    /// Has the pointer lead to a folder in which a memory is open. After an error it leads where it led
    /// before; where it can't be led back either, calls are refused with that.
    pub(super) fn lead(
        &self,
        pointer: &Pointer,
        folder: &Path,
        state: &mut State,
    ) -> Result<(), WireError> {
        let (id, now) = (new_id(), self.ambient.clock.unix_ms());
        let (before, aside) = match pointer.read() {
            Ok(note) => (note, None),
            Err(_) => (
                Note::default(),
                Some(pointer.set_aside(now).map_err(|error| unnoted(&error))?),
            ),
        };
        let mut note = before.clone();
        let led = note
            .lead_to(pointer, folder, &id)
            .and_then(|()| pointer.write(&note));
        let Err(error) = led else {
            return Ok(());
        };
        let back = match &aside {
            Some(aside) => pointer.put_back(aside),
            None => pointer.lead_back(&before, folder, &id),
        };
        if let Err(unwritten) = back {
            *state = State::Refused(unnoted(&unwritten));
        }
        Err(unnoted(&error))
    }
}
