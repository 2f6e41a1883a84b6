//! Crash reports: what this program tells of itself, and what a person can do about it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::id::content_hash;
use oldgrowth_engine::ports::{CrashReports, CrashReportsSeen};
use oldgrowth_engine::{Engine, Fault, Lasting};
use oldgrowth_http::{Client, Network};
use oldgrowth_keeper::{SqliteGrade, connection_is_held};
use oldgrowth_reports::{Consent, Error, Failure, Parts, Reports, View};
use oldgrowth_wire::{self as wire, ErrorCode, Id, Request, WireError};
use serde_json::Value;

use crate::dispatch::reply;
use crate::network::NETWORK;
use crate::place::{person_folder, text};
use crate::system::ambient;
use crate::words::wire_error;

/// The folder of the reports in the person's own, whichever memory is in use.
pub(crate) const REPORTS: &str = "reports";

/// How many digits of its hash name a memory.
const MEMORY_CHARS: usize = 16;

/// Where reports go, as the program was built. Without one nothing can be sent.
const DSN: Option<&str> = option_env!("OLDGROWTH_SENTRY_DSN");

/// The reports of the person who runs this program, which is named by a literal such as `window`. `None` on a
/// computer that names no folder for them.
#[must_use]
pub fn reports_of_person(process: &'static str) -> Option<Reports> {
    let clock = ambient().clock;
    let now = Arc::new(move || clock.unix_ms());
    let folder = person_folder()?;
    let network = Network::new(folder.join(NETWORK), now.clone());
    Some(Reports::new(Parts {
        folder: folder.join(REPORTS),
        process,
        release: env!("CARGO_PKG_VERSION"),
        sqlite: SqliteGrade::of_linked().version,
        dsn: DSN,
        client: Client::new(network, connection_is_held),
        now,
    }))
}

/// Has what the engine meets recorded, and what breaks while it works.
pub fn report_faults(engine: &Engine, reports: &Reports) {
    let reports = reports.clone();
    // It ends with the engine, as its listener does.
    let opened = reports.opened(&memory_of(engine.workspace()));
    engine.on_fault(move |fault| match *fault {
        Fault::Failed {
            class,
            phase,
            code,
            errno,
            lasting,
        } => {
            let failure = Failure::typed(class, phase).codes(code, errno);
            reports.record(&match lasting {
                Lasting::Passes => failure,
                Lasting::GoesOn => failure.lasting_in(opened.memory()),
            });
        }
        Fault::StoreWell => reports.well(opened.memory()),
    });
}

/// Names a memory to the reports, without saying where it lies.
fn memory_of(workspace: &Path) -> String {
    let mut name = content_hash(&["memory", &text(workspace)]);
    name.truncate(MEMORY_CHARS);
    name
}

/// What the doctor of a memory sees of them.
pub(crate) struct Seen {
    reports: Reports,
    memory: String,
}

impl Seen {
    pub(crate) fn of(reports: &Reports, workspace: &Path) -> Self {
        Self {
            reports: reports.clone(),
            memory: memory_of(workspace),
        }
    }
}

impl CrashReports for Seen {
    fn seen(&self) -> CrashReportsSeen {
        let view = self.reports.view();
        CrashReportsSeen {
            agreed: match view.consent {
                Consent::Unasked => None,
                Consent::Yes => Some(true),
                Consent::No => Some(false),
            },
            has_address: view.host.is_some(),
            offline: view.offline,
            refused: view.held.iter().filter(|one| one.refused.is_some()).count() as u64,
            held: view.held.len() as u64,
        }
    }

    fn crashes_since(&self, since: UnixMs) -> Vec<(UnixMs, String)> {
        let crashes = self
            .reports
            .crashes_since(since.0, &self.memory)
            .into_iter();
        crashes.map(|(at, place)| (UnixMs(at), place)).collect()
    }
}

/// Answers the calls about reports, and no others.
pub(crate) fn answer(reports: Option<&Reports>, request: Request) -> Result<Value, WireError> {
    let reports = reports.ok_or_else(|| {
        wire_error(
            ErrorCode::Unavailable,
            "this computer names no folder in which crash reports could be kept",
            Some("nothing is recorded and nothing is sent"),
        )
    })?;
    match request {
        Request::CrashReportsConsent(wire::CrashReportsChoice { on }) => reports.consent(on),
        Request::CrashReportsAsked(_) => reports.asked(),
        Request::CrashReportSend(Id { id }) => reports.send(&id),
        Request::CrashReportDelete(Id { id }) => reports.delete(&id),
        Request::CrashReportsDeleteAll(_) => reports.delete_all(),
        _ => Ok(()),
    }
    .map_err(explain)?;
    reply(view(reports.view()))
}

fn view(view: View) -> wire::CrashReports {
    let at = |unix_ms: i64| UnixMs(unix_ms).to_rfc3339();
    wire::CrashReports {
        consent: match view.consent {
            Consent::Unasked => wire::CrashReportsConsent::Unasked,
            Consent::Yes => wire::CrashReportsConsent::Yes,
            Consent::No => wire::CrashReportsConsent::No,
        },
        asked: view.asked,
        host: view.host,
        held: view
            .held
            .into_iter()
            .map(|held| wire::HeldCrashReport {
                id: held.id,
                at: at(held.at_unix_ms),
                class: held.class,
                place: held.place,
                asked: held.asked,
                refused: held.refused,
                envelope: held.envelope,
            })
            .collect(),
        offline: view.offline,
        last_sent_at: view.last_sent_unix_ms.map(at),
        next_try_at: view.next_try_unix_ms.map(at),
        folder: text(&view.folder),
        example: view.example,
    }
}

fn explain(error: Error) -> WireError {
    let unavailable =
        |message: String, hint| wire_error(ErrorCode::Unavailable, message, Some(hint));
    match error {
        Error::NotFound => wire_error(
            ErrorCode::NotFound,
            "there is no such report any more",
            Some("it may have been sent or deleted meanwhile"),
        ),
        Error::NoAddress => unavailable(
            "this copy of Oldgrowth knows no address to send reports to".to_owned(),
            "look at the report and pass it on yourself, if you like",
        ),
        Error::Folder(ErrorKind::WouldBlock) => wire_error(
            ErrorCode::Busy,
            "another program of yours is changing the folder of the reports",
            Some("try again; they are as they were before"),
        ),
        Error::Folder(kind) => wire_error(
            ErrorCode::ReadOnly,
            format!("the folder of the reports can't be used: {kind}"),
            Some("check the rights and the free space of your own folder"),
        ),
        Error::Http(oldgrowth_http::Error::Offline) => unavailable(
            "Oldgrowth is offline, so the report was not sent".to_owned(),
            "it is kept; go online under Settings, Privacy, or with oldgrowth network offline off",
        ),
        Error::Http(oldgrowth_http::Error::NotNoted(kind)) => unavailable(
            format!("the call could not be noted, so the report was not sent: {kind}"),
            "it is kept; check the rights and the free space of your own folder",
        ),
        Error::Http(error) => unavailable(
            format!("the report could not be sent: {error}"),
            "check the connection to the internet; it is kept, and can be sent later",
        ),
        Error::Refused(status) => unavailable(
            format!("the server did not want the report (status {status})"),
            "it is kept until you delete it",
        ),
        Error::ServerFailed => unavailable(
            "the server failed to take the report".to_owned(),
            "it is kept, and can be sent later",
        ),
        Error::Wait { until_unix_ms } => wire_error(
            ErrorCode::Busy,
            format!(
                "the server wants no more reports before {}",
                UnixMs(until_unix_ms).to_rfc3339()
            ),
            Some("it is kept, and can be sent then"),
        ),
        Error::Busy => wire_error(
            ErrorCode::Busy,
            "reports are being sent already",
            Some("try again in a moment"),
        ),
    }
}
