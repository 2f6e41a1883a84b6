//! `oldgrowth place` and `oldgrowth move`.

use std::path::Path;
use std::sync::Arc;

use oldgrowth_wire::{Empty, ErrorCode, Event, Folder, MovePlan, Place, Request, WireError};
use serde::de::DeserializeOwned;

use super::Ended;
use super::copies::{absolute, can_answer, confirm};
use super::output::Output;
use crate::home::Home;
use crate::owner::Purpose;
use crate::place::Workspace;
use crate::session::Session;
use crate::socket::{Client, Endpoint};
use crate::words::wire_error;

const NAME: &str = "the oldgrowth command line";

/// What a person asked of `place`.
pub(super) enum Way<'a> {
    Show,
    Use(&'a Path),
    RemoveCopy { folder: &'a Path, asked: bool },
}

/// The memory as its owner, also while it can't be opened, or through whoever has it open.
enum Reached {
    Own(Arc<Home>),
    Through { client: Client, endpoint: Endpoint },
}

impl Reached {
    fn open(workspace: &Workspace, output: &Arc<Output>) -> Result<Self, WireError> {
        let printing = Arc::clone(output);
        let listener = move |event: &Event| {
            if let Event::Move(progress) = event {
                printing.move_progress(progress);
            }
        };
        let home = Home::open_for(
            workspace.clone(),
            NAME,
            Purpose::OneCall,
            Arc::new(listener),
        );
        match home.refusal() {
            Some(error) if error.code == ErrorCode::HeldByAnother => {
                match Session::open(workspace, NAME, Purpose::OneCall)? {
                    Session::Through { client, endpoint } => Ok(Self::Through { client, endpoint }),
                    // Its holder has ended meanwhile.
                    Session::Own(owner) => {
                        drop(owner);
                        home.try_again().map_or(Ok(Self::Own(Arc::new(home))), Err)
                    }
                }
            }
            _ => Ok(Self::Own(Arc::new(home))),
        }
    }

    fn call<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, WireError> {
        let value = match self {
            Self::Own(home) => home.call(request),
            Self::Through { client, .. } => client.call(request),
        }?;
        serde_json::from_value(value).map_err(|_| {
            wire_error(
                ErrorCode::Internal,
                "the answer was not understood",
                Some("the two programs may be of different versions; restart the older one"),
            )
        })
    }

    /// Prints the progress that the owner tells, and calls the move off when interrupted.
    fn attend(&self, output: &Arc<Output>) {
        let heeded = match self {
            Self::Own(home) => {
                let home = Arc::clone(home);
                ctrlc::set_handler(move || {
                    let called_off = home.call(Request::MoveCancel(Empty {}));
                    tracing::debug!(called_off = called_off.is_ok(), "interrupted");
                })
            }
            Self::Through { endpoint, .. } => {
                let printing = Arc::clone(output);
                let print = move |event: Event| {
                    if let Event::Move(progress) = event {
                        printing.move_progress(&progress);
                    }
                };
                let events = Client::connect(endpoint)
                    .ok()
                    .and_then(|client| client.follow().ok());
                if let Some(events) = events {
                    let spawned = std::thread::Builder::new()
                        .name("progress".to_owned())
                        .spawn(move || events.for_each(print));
                    if spawned.is_err() {
                        tracing::debug!("the move goes on without telling its progress");
                    }
                }
                let endpoint = endpoint.clone();
                ctrlc::set_handler(move || {
                    let called_off = Client::connect(&endpoint)
                        .is_ok_and(|mut client| client.call(Request::MoveCancel(Empty {})).is_ok());
                    if !called_off {
                        tracing::warn!("the move could not be called off");
                    }
                })
            }
        };
        if heeded.is_err() {
            tracing::warn!("an interrupt will end this at once");
        }
    }
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
    reached.attend(output);
    let place: Place = reached.call(Request::MoveStart(Folder { folder }))?;
    output.moved(&place);
    Ok(Ended::Well)
}
