//! `oldgrowth network`. The list and the switch are the person's, so no memory has to be open.

use oldgrowth_reports::Reports;
use oldgrowth_wire::{self as wire, ErrorCode, NetworkAt, OfflineChoice, Request, WireError};

use super::Ended;
use super::args::{NetworkAction, OnOff};
use super::output::Output;
use crate::network;
use crate::place::Workspace;
use crate::socket::{Client, Endpoint};
use crate::words::wire_error;

pub(super) fn network(
    workspace: &Workspace,
    limit: u32,
    action: Option<NetworkAction>,
    output: &Output,
) -> Result<Ended, WireError> {
    if let Some(NetworkAction::Offline { to }) = action {
        let choice = OfflineChoice {
            on: matches!(to, OnOff::On),
        };
        ask(workspace, Request::OfflineSet(choice))?;
        if !tell_owner(workspace, choice)
            && !choice.on
            && let Some(reports) = workspace.reports()
        {
            // What waited may go, and nobody else is there to do it.
            reports.send_due();
        }
    }
    let at = NetworkAt {
        limit,
        ..NetworkAt::default()
    };
    let network = ask(workspace, Request::Network(at))?;
    output.network(&network);
    Ok(match network.problem {
        None => Ended::Well,
        Some(_) => Ended::Unavailable,
    })
}

fn ask(workspace: &Workspace, request: Request) -> Result<wire::Network, WireError> {
    let value = network::answer(workspace.reports().map(Reports::network), request)?;
    serde_json::from_value(value).map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "the answer was not understood; a fault of ours",
            None,
        )
    })
}

/// The choice is kept already and heeded by everybody. Whoever has the memory open hears of it at once, so that their
/// window shows it and what waits is sent. False when there is nobody.
fn tell_owner(workspace: &Workspace, choice: OfflineChoice) -> bool {
    let Ok(folder) = workspace.folder() else {
        return false;
    };
    let Ok(mut owner) = Client::connect(&Endpoint::of_workspace(&folder)) else {
        return false;
    };
    owner.call(Request::OfflineSet(choice)).is_ok()
}
