//! `oldgrowth place` and `oldgrowth move`.

use std::path::Path;
use std::sync::Arc;

use oldgrowth_wire::{Empty, Folder, MovePlan, Place, Request, WireError};

use super::Ended;
use super::copies::{absolute, can_answer, confirm};
use super::output::Output;
use super::reached::Reached;
use crate::place::Workspace;

/// What a person asked of `place`.
pub(super) enum Way<'a> {
    Show,
    Use(&'a Path),
    RemoveCopy { folder: &'a Path, asked: bool },
}

pub(super) fn place(
    workspace: &Workspace,
    way: Way<'_>,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let mut reached = Reached::open(workspace, output)?;
    let request = match way {
        Way::Show => Request::Place(Empty {}),
        Way::Use(folder) => Request::PlaceUse(Folder {
            folder: absolute(folder)?,
        }),
        Way::RemoveCopy { folder, asked } => {
            if !asked {
                can_answer("removing a copy removes files for good", output)?;
                confirm("Remove the copy that a move has left there, for good? [y/N]")?;
            }
            Request::CopyLeftRemove(Folder {
                folder: absolute(folder)?,
            })
        }
    };
    let place: Place = reached.call(request)?;
    output.place(&place);
    Ok(if place.there {
        Ended::Well
    } else {
        Ended::Unavailable
    })
}

/// Shows what would be copied, asks, and moves.
pub(super) fn move_to(
    workspace: &Workspace,
    to: &Path,
    asked: bool,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let folder = absolute(to)?;
    let mut reached = Reached::open(workspace, output)?;
    let plan: MovePlan = reached.call(Request::MovePlan(Folder {
        folder: folder.clone(),
    }))?;
    if let Some(refusal) = plan.refusal {
        return Err(crate::place::refusal_error(refusal));
    }
    if !asked {
        can_answer(
            "moving copies the memory and uses the copy from then on",
            output,
        )?;
        output.move_plan(&plan);
        confirm("Move the memory there? What is here stays until you remove it. [y/N]")?;
    }
    reached.attend(output, || Request::MoveCancel(Empty {}));
    let place: Place = reached.call(Request::MoveStart(Folder { folder }))?;
    output.moved(&place);
    Ok(Ended::Well)
}
