//! `oldgrowth models`. What is chosen is the person's, so no memory has to be open.

use std::io::{IsTerminal, Read};

use oldgrowth_wire::{
    Empty, ErrorCode, ModelAgreement, ModelChoice, ModelKey, ModelLimits, ModelNames, ModelOf,
    ModelRole, ModelTested, Models, Request, Secret, WireError,
};
use serde::de::DeserializeOwned;

use super::Ended;
use super::args::{self, ModelFor, ModelsAction, OnOff};
use super::output::{Output, for_it, hint};
use crate::models;
use crate::place::Workspace;
use crate::socket::{Client, Endpoint};
use crate::words::wire_error;

const MEGABYTE: u64 = 1_000_000;
const KEY_BYTES_MAX: u64 = 8 * 1024;

pub(super) fn models(
    workspace: &Workspace,
    action: Option<ModelsAction>,
    output: &Output,
) -> Result<Ended, WireError> {
    let mut asked = Asked::of(workspace);
    let request = match action {
        None => Request::Models(Empty {}),
        Some(ModelsAction::Set { address, model, of }) => Request::ModelChoose(ModelChoice {
            role: role(of),
            address,
            model,
        }),
        Some(ModelsAction::Clear(of)) => Request::ModelClear(ModelOf { role: role(of) }),
        Some(ModelsAction::Names(of)) => {
            let of = ModelOf { role: role(of) };
            let names: ModelNames = asked.call(Request::ModelNames(of))?;
            output.model_names(&names);
            return Ok(Ended::Well);
        }
        Some(ModelsAction::Test(of)) => {
            let of = ModelOf { role: role(of) };
            let tested: ModelTested = asked.call(Request::ModelTest(of))?;
            output.model_tested(&tested);
            return Ok(Ended::Well);
        }
        Some(ModelsAction::Key { remove, of }) => {
            let role = role(of);
            let key = if remove { None } else { Some(read_key()?) };
            Request::ModelKeySet(ModelKey { role, key })
        }
        Some(ModelsAction::Consent { to, of }) => {
            let role = role(of);
            let now: Models = asked.call(Request::Models(Empty {}))?;
            let chosen = now.of(role).ok_or_else(|| {
                let for_it = for_it(role);
                let hint = format!("name its server first: oldgrowth models set ADDRESS{for_it}");
                wire_error(ErrorCode::Usage, "no model is chosen", Some(&hint))
            })?;
            Request::ModelAgree(ModelAgreement {
                role,
                address: chosen.address.clone(),
                on: matches!(to, OnOff::On),
            })
        }
        Some(ModelsAction::Limit { calls, megabytes }) => {
            let now: Models = asked.call(Request::Models(Empty {}))?;
            let bytes_max = megabytes.map(|megabytes| u64::from(megabytes) * MEGABYTE);
            Request::ModelLimitsSet(ModelLimits {
                calls_max: calls.unwrap_or(now.limits.calls_max),
                bytes_max: bytes_max.unwrap_or(now.limits.bytes_max),
            })
        }
    };
    let now: Models = asked.call(request)?;
    output.models(&now);
    Ok(Ended::Well)
}

fn role(of: args::ModelOf) -> ModelRole {
    match of.what {
        ModelFor::Summaries => ModelRole::Summaries,
        ModelFor::Embeddings => ModelRole::Embeddings,
        ModelFor::Reranking => ModelRole::Reranking,
    }
}

/// Whoever has the memory open, so that their window shows what is chosen and their work goes by it, or this program.
enum Asked<'w> {
    Owner(Client),
    Here(&'w Workspace),
}

impl<'w> Asked<'w> {
    fn of(workspace: &'w Workspace) -> Self {
        let owner = workspace
            .folder()
            .ok()
            .and_then(|folder| Client::connect(&Endpoint::of_workspace(&folder)).ok());
        owner.map_or(Self::Here(workspace), Self::Owner)
    }

    fn call<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, WireError> {
        let value = match self {
            Self::Owner(owner) => owner.call(request),
            Self::Here(workspace) => models::answer(workspace.models(), request),
        }?;
        serde_json::from_value(value).map_err(|_| {
            wire_error(
                ErrorCode::Internal,
                "the answer was not understood",
                Some("the two programs may be of different versions; restart the older one"),
            )
        })
    }
}

fn read_key() -> Result<Secret, WireError> {
    if std::io::stdin().is_terminal() {
        hint("Paste the key, then press Enter and Ctrl-D. It is seen here, and nowhere later.");
    }
    let mut key = String::new();
    std::io::stdin()
        .lock()
        .take(KEY_BYTES_MAX)
        .read_to_string(&mut key)
        .map_err(|_| {
            wire_error(
                ErrorCode::Usage,
                "the key can't be read",
                Some("hand it in on standard input"),
            )
        })?;
    Ok(Secret(key))
}
