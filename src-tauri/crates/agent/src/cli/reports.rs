//! `oldgrowth reports`. The folder of the reports is the person's, so no memory has to be open.

use oldgrowth_reports::Reports;
use oldgrowth_wire::{self as wire, CrashReportsChoice, Empty, ErrorCode, Id, Request, WireError};

use super::Ended;
use super::args::{OnOff, ReportsAction};
use super::output::Output;
use crate::reporting;
use crate::words::wire_error;

pub(super) fn reports(
    reports: Option<&Reports>,
    action: Option<ReportsAction>,
    output: &Output,
) -> Result<Ended, WireError> {
    let request = match action {
        None => Request::CrashReports(Empty {}),
        Some(ReportsAction::Show { id }) => {
            let all = ask(reports, Request::CrashReports(Empty {}))?;
            let held = all.held.iter().find(|held| held.id == id);
            output.held_report(held.ok_or_else(|| {
                wire_error(
                    ErrorCode::NotFound,
                    "there is no such report",
                    Some("oldgrowth reports lists those there are"),
                )
            })?);
            return Ok(Ended::Well);
        }
        Some(ReportsAction::Send { id }) => Request::CrashReportSend(Id { id }),
        Some(ReportsAction::Delete { id: Some(id), .. }) => Request::CrashReportDelete(Id { id }),
        Some(ReportsAction::Delete { id: None, .. }) => Request::CrashReportsDeleteAll(Empty {}),
        Some(ReportsAction::Consent { to }) => Request::CrashReportsConsent(CrashReportsChoice {
            on: matches!(to, OnOff::On),
        }),
    };
    let agreed = matches!(
        request,
        Request::CrashReportsConsent(CrashReportsChoice { on: true })
    );
    let mut all = ask(reports, request)?;
    if agreed && let Some(reports) = reports {
        // The person said so just now, and nobody else may be there to do it.
        reports.send_due();
        all = ask(Some(reports), Request::CrashReports(Empty {}))?;
    }
    output.reports(&all);
    Ok(Ended::Well)
}

fn ask(reports: Option<&Reports>, request: Request) -> Result<wire::CrashReports, WireError> {
    let value = reporting::answer(reports, request)?;
    serde_json::from_value(value).map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "the answer was not understood; a fault of ours",
            None,
        )
    })
}
