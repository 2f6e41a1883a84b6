//! What was called over the network, and the switch that ends it, as they are told.

use std::io;

use oldgrowth_domain::UnixMs;
use oldgrowth_http::{Contact, Contacts, Network, Outcome, Purpose, Switch};
use oldgrowth_wire::{
    self as wire, CallOutcome, CallPurpose, ErrorCode, NetworkAt, NetworkCall, NetworkHost,
    OfflineChoice, Request, WireError,
};
use serde_json::Value;

use crate::dispatch::reply;
use crate::place::text;
use crate::words::wire_error;

/// The folder of the switch and the list in the person's own, whichever memory is in use.
pub(crate) const NETWORK: &str = "network";

/// Answers the calls about the network, and no others. `None` on a computer that names no folder for the person.
pub(crate) fn answer(network: Option<&Network>, request: Request) -> Result<Value, WireError> {
    let network = network.ok_or_else(|| {
        wire_error(
            ErrorCode::Unavailable,
            "this computer names no folder in which calls could be noted",
            Some("so nothing is called"),
        )
    })?;
    let at = match request {
        Request::Network(at) => at,
        Request::OfflineSet(OfflineChoice { on }) => {
            network.set_offline(on).map_err(|error| unkept(&error))?;
            NetworkAt::default()
        }
        _ => NetworkAt::default(),
    };
    reply(view(network, &at))
}

fn view(network: &Network, at: &NetworkAt) -> wire::Network {
    let (contacts, problem) = match network.contacts() {
        Ok(contacts) => (contacts, None),
        Err(error) => (Contacts::default(), Some(error.kind().to_string())),
    };
    let Contacts {
        contacts,
        unread_lines,
    } = contacts;
    let switch = network.switch();
    let wanted = |contact: &&Contact| {
        at.host.as_ref().is_none_or(|host| *host == contact.host)
            && at
                .purpose
                .is_none_or(|wanted| wanted == purpose(contact.purpose))
    };
    let calls_in_all = contacts.iter().filter(wanted).count();
    wire::Network {
        offline: !switch.is_online(),
        unreadable: switch == Switch::Unreadable,
        since: contacts.last().map(|oldest| instant(oldest.at_unix_ms)),
        days: Contacts::DAYS_MAX,
        hosts: hosts(&contacts),
        calls: contacts
            .iter()
            .filter(wanted)
            .skip(at.offset as usize)
            .take(at.limit as usize)
            .map(call)
            .collect(),
        calls_in_all: count(calls_in_all),
        problem,
        unread_lines: count(unread_lines),
        folder: text(network.folder()),
    }
}

/// Of contacts whose newest comes first.
fn hosts(contacts: &[Contact]) -> Vec<NetworkHost> {
    let mut hosts: Vec<NetworkHost> = Vec::new();
    for contact in contacts {
        let purpose = purpose(contact.purpose);
        let known = hosts
            .iter()
            .position(|host| host.host == contact.host && host.purpose == purpose);
        let at = known.unwrap_or_else(|| {
            hosts.push(NetworkHost {
                host: contact.host.clone(),
                purpose,
                calls: 0,
                last_at: instant(contact.at_unix_ms),
                sent_bytes: 0,
                received_bytes: 0,
                uncounted: 0,
            });
            hosts.len() - 1
        });
        let Some(host) = hosts.get_mut(at) else {
            continue;
        };
        host.calls += 1;
        match contact.bytes {
            Some(bytes) => {
                host.sent_bytes = host.sent_bytes.saturating_add(bytes.sent);
                host.received_bytes = host.received_bytes.saturating_add(bytes.received);
            }
            None => host.uncounted += 1,
        }
    }
    hosts
}

fn call(contact: &Contact) -> NetworkCall {
    let (outcome, status) = match contact.outcome {
        Outcome::UnderWay => (CallOutcome::UnderWay, None),
        Outcome::Answered(status) => (CallOutcome::Answered, Some(status)),
        Outcome::Refused => (CallOutcome::Refused, None),
        Outcome::Unreachable => (CallOutcome::Unreachable, None),
        Outcome::TimedOut => (CallOutcome::TimedOut, None),
        Outcome::NotSafe => (CallOutcome::NotSafe, None),
        Outcome::NotHere => (CallOutcome::NotHere, None),
        Outcome::Stopped => (CallOutcome::Stopped, None),
        Outcome::CutOff => (CallOutcome::CutOff, None),
        Outcome::BadAnswer => (CallOutcome::BadAnswer, None),
        Outcome::NoEnd => (CallOutcome::NoEnd, None),
    };
    NetworkCall {
        at: instant(contact.at_unix_ms),
        host: contact.host.clone(),
        purpose: purpose(contact.purpose),
        outcome,
        status,
        sent_bytes: contact.bytes.map(|bytes| bytes.sent),
        received_bytes: contact.bytes.map(|bytes| bytes.received),
    }
}

fn purpose(purpose: Purpose) -> CallPurpose {
    match purpose {
        Purpose::CrashReport => CallPurpose::CrashReport,
        Purpose::Summary => CallPurpose::Summary,
        Purpose::Answer => CallPurpose::Answer,
        Purpose::Embedding => CallPurpose::Embedding,
        Purpose::Rerank => CallPurpose::Rerank,
        Purpose::ModelTrial => CallPurpose::ModelTrial,
    }
}

fn instant(unix_ms: i64) -> String {
    UnixMs(unix_ms).to_rfc3339()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn unkept(error: &io::Error) -> WireError {
    if error.kind() == io::ErrorKind::WouldBlock {
        return wire_error(
            ErrorCode::Busy,
            "another program of yours is changing the folder of the switch",
            Some("try again; it is as it was before"),
        );
    }
    wire_error(
        ErrorCode::ReadOnly,
        format!("the choice can't be kept: {}", error.kind()),
        Some("check the rights and the free space of your own folder; it is as it was before"),
    )
}
