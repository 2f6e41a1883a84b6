//! The memory, however it is reached, and in whatever state it is.

use std::sync::Arc;

use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use serde::de::DeserializeOwned;

use super::output::Output;
use crate::home::Home;
use crate::owner::Purpose;
use crate::place::Workspace;
use crate::session::Session;
use crate::socket::{Client, Endpoint};
use crate::words::wire_error;

const NAME: &str = "the oldgrowth command line";

/// The memory as its owner, also while it can't be opened, or through whoever has it open.
pub(super) enum Reached {
    Own(Arc<Home>),
    Through { client: Client, endpoint: Endpoint },
}

impl Reached {
    pub(super) fn open(workspace: &Workspace, output: &Arc<Output>) -> Result<Self, WireError> {
        let printing = Arc::clone(output);
        let listener = move |event: &Event| printing.progress(event);
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

    pub(super) fn call<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, WireError> {
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

    /// Prints the progress that the owner tells, and calls what is done off when interrupted.
    pub(super) fn attend(
        &self,
        output: &Arc<Output>,
        call_off: impl Fn() -> Request + Send + Sync + 'static,
    ) {
        let heeded = match self {
            Self::Own(home) => {
                let home = Arc::clone(home);
                ctrlc::set_handler(move || {
                    let called_off = home.call(call_off());
                    tracing::debug!(called_off = called_off.is_ok(), "interrupted");
                })
            }
            Self::Through { endpoint, .. } => {
                let printing = Arc::clone(output);
                let print = move |event: Event| printing.progress(&event);
                let events = Client::connect(endpoint)
                    .ok()
                    .and_then(|client| client.follow().ok());
                if let Some(events) = events {
                    let spawned = std::thread::Builder::new()
                        .name("progress".to_owned())
                        .spawn(move || events.for_each(print));
                    if spawned.is_err() {
                        tracing::debug!("it goes on without telling its progress");
                    }
                }
                let endpoint = endpoint.clone();
                ctrlc::set_handler(move || {
                    let called_off = Client::connect(&endpoint)
                        .is_ok_and(|mut client| client.call(call_off()).is_ok());
                    if !called_off {
                        tracing::warn!("it could not be called off");
                    }
                })
            }
        };
        if heeded.is_err() {
            tracing::warn!("an interrupt will end this at once");
        }
    }
}
