//! `oldgrowth backup` and `oldgrowth restore`.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use oldgrowth_wire::{
    Backup, BackupMake, Copies, CopyWork, Empty, ErrorCode, Event, Id, Request, RestorePreview,
    RestoreTo, Restored, WireError,
};

use super::Ended;
use super::output::Output;
use crate::owner::Purpose;
use crate::place::Workspace;
use crate::session::Session;
use crate::socket::Client;
use crate::words::wire_error;

/// What a person asked of `restore` besides the copy's id.
pub(super) enum Way<'a> {
    Preview,
    Into(&'a Path),
    InPlace { asked: bool },
    Discard { asked: bool },
}

fn session(workspace: &Workspace) -> Result<Session, WireError> {
    Session::open(workspace, "a backup on the command line", Purpose::OneCall)
}

/// Tells its progress, and is called off by an interrupt.
pub(super) fn backup(
    workspace: &Workspace,
    to: Option<&Path>,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let to = to.map(absolute).transpose()?;
    let mut session = session(workspace)?;
    follow(&session, output);
    call_off_when_interrupted(&session);
    let made: Backup = session.call(Request::BackupMake(BackupMake { to }))?;
    output.backup_made(&made);
    Ok(Ended::Well)
}

pub(super) fn list(workspace: &Workspace, output: &Output) -> Result<Ended, WireError> {
    let copies: Copies = session(workspace)?.call(Request::Copies(Empty {}))?;
    output.copies(&copies);
    Ok(Ended::Well)
}

pub(super) fn restore(
    workspace: &Workspace,
    id: String,
    way: Way<'_>,
    output: &Output,
) -> Result<Ended, WireError> {
    let mut session = session(workspace)?;
    match way {
        Way::Preview => {
            let preview: RestorePreview = session.call(Request::RestorePreview(Id { id }))?;
            output.preview(&preview);
        }
        Way::Into(path) => {
            let to = absolute(path)?;
            let _done: Empty =
                session.call(Request::RestoreTo(RestoreTo { id, to: to.clone() }))?;
            output.restored_to(&to);
        }
        Way::InPlace { asked } => {
            if !asked {
                can_answer("restoring puts a copy in the memory's place", output)?;
                let preview: RestorePreview =
                    session.call(Request::RestorePreview(Id { id: id.clone() }))?;
                output.preview(&preview);
                confirm("Restore this copy? What is there now is kept aside. [y/N]")?;
            }
            let restored: Restored = session.call(Request::Restore(Id { id }))?;
            output.restored(&restored);
        }
        Way::Discard { asked } => {
            if !asked {
                can_answer("discarding removes files for good", output)?;
                confirm("Remove what is kept aside under this id, for good? [y/N]")?;
            }
            let copies: Copies = session.call(Request::KeptAsideDiscard(Id { id }))?;
            output.copies(&copies);
        }
    }
    Ok(Ended::Well)
}

/// Only a person at a terminal can say yes to a question.
pub(super) fn can_answer(what: &str, output: &Output) -> Result<(), WireError> {
    if output.is_for_programs() || !std::io::stdin().is_terminal() {
        return Err(unconfirmed(what));
    }
    Ok(())
}

pub(super) fn confirm(question: &str) -> Result<(), WireError> {
    super::output::hint(question);
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(unconfirmed("not confirmed"))
    }
}

fn unconfirmed(what: &str) -> WireError {
    wire_error(
        ErrorCode::Usage,
        what,
        Some("add --yes to do it; nothing has been changed"),
    )
}

/// Prints progress, from the engine of this process or from the owner's events.
fn follow(session: &Session, output: &Arc<Output>) {
    let printing = Arc::clone(output);
    let print = move |event: &Event| {
        if let Event::Copy(progress) = event
            && progress.work == CopyWork::Backup
        {
            printing.copy_progress(progress);
        }
    };
    match session {
        Session::Own(owner) => owner.subscribe(print),
        Session::Through { endpoint, .. } => {
            let events = Client::connect(endpoint)
                .ok()
                .and_then(|client| client.follow().ok());
            let Some(events) = events else { return };
            let spawned = std::thread::Builder::new()
                .name("progress".to_owned())
                .spawn(move || events.for_each(|event| print(&event)));
            if spawned.is_err() {
                tracing::debug!("the backup goes on without telling its progress");
            }
        }
    }
}

fn call_off_when_interrupted(session: &Session) {
    let heeded = match session {
        Session::Own(owner) => {
            let engine = Arc::clone(owner.engine());
            ctrlc::set_handler(move || engine.cancel_copy())
        }
        Session::Through { endpoint, .. } => {
            let endpoint = endpoint.clone();
            ctrlc::set_handler(move || {
                let called_off = Client::connect(&endpoint)
                    .is_ok_and(|mut client| client.call(Request::CopyCancel(Empty {})).is_ok());
                if !called_off {
                    tracing::warn!("the backup could not be called off");
                }
            })
        }
    };
    if heeded.is_err() {
        tracing::warn!("an interrupt will end this at once");
    }
}

pub(super) fn absolute(path: &Path) -> Result<String, WireError> {
    std::path::absolute(path)
        .ok()
        .and_then(|path| path.to_str().map(str::to_owned))
        .ok_or_else(|| {
            wire_error(
                ErrorCode::Usage,
                format!("{} can't be used as a path", path.display()),
                None,
            )
        })
}
