//! How a command reaches the memory: as its owner, or through whoever is.

use std::path::Path;
use std::time::Duration;

use oldgrowth_store::{Holder, LockError, WorkspaceLock};
use oldgrowth_wire::{ErrorCode, Request, WireError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::owner::{Owner, Purpose, TakeError};
use crate::place::Workspace;
use crate::socket::{Client, ConnectError, Endpoint};
use crate::words::wire_error;

/// A workspace that is held but can't be reached is tried this often before it is called so: its
/// holder may be about to listen, or about to end. Two seconds in all.
const TRIES: u32 = 40;
const TRY_EVERY: Duration = Duration::from_millis(50);

pub(crate) enum Session {
    Own(Box<Owner>),
    Through { client: Client, endpoint: Endpoint },
}

impl Session {
    pub(crate) fn open(
        workspace: &Workspace,
        name: &str,
        purpose: Purpose,
    ) -> Result<Self, WireError> {
        let mut tries = 0;
        loop {
            let error = match Owner::take(workspace, name, purpose, None) {
                Ok(owner) => return Ok(Self::Own(Box::new(owner))),
                Err(error) => error,
            };
            let TakeError::Lock(folder, LockError::HeldBy(holder)) = &error else {
                return Err(error.explain());
            };
            let holder = holder.clone().or_else(|| WorkspaceLock::holder(folder));
            if let Some(holder) = holder {
                let endpoint = Endpoint::parse(&holder.endpoint);
                match Client::connect(&endpoint) {
                    Ok(client) => return Ok(Self::Through { client, endpoint }),
                    Err(ConnectError::NoAnswer) => return Err(no_answer(folder, &holder)),
                    Err(ConnectError::Refused(why)) => return Err(why),
                    Err(ConnectError::Gone) => {}
                }
            }
            tries += 1;
            if tries == TRIES {
                return Err(error.explain());
            }
            std::thread::park_timeout(TRY_EVERY);
        }
    }

    pub(crate) fn call<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, WireError> {
        let value = self.call_value(request)?;
        serde_json::from_value(value).map_err(|_| {
            wire_error(
                ErrorCode::Internal,
                "the answer was not understood",
                Some("the two programs may be of different versions; restart the older one"),
            )
        })
    }

    /// Does somebody work on what is queued?
    pub(crate) fn works(&self) -> bool {
        matches!(self, Self::Through { .. })
    }

    fn call_value(&mut self, request: Request) -> Result<Value, WireError> {
        match self {
            Self::Own(owner) => owner.call(request),
            Self::Through { client, .. } => client.call(request),
        }
    }
}

fn no_answer(folder: &Path, holder: &Holder) -> WireError {
    wire_error(
        ErrorCode::HeldByAnother,
        format!(
            "{} is in use by {} (process {}), which does not answer",
            folder.display(),
            holder.name,
            holder.pid
        ),
        Some("it may be stopped or stuck: let it go on, or end it, and try again"),
    )
}
