//! Calls about checks, fixes and the report.

use jiff::tz::TimeZone;
use oldgrowth_engine::{Engine, Error};
use oldgrowth_wire::{self as wire, ErrorCode, WireError};

use super::{Reply, workspace};
use crate::report;
use crate::words::wire_error;
use crate::{dates, views};

/// So many days the strip of the timeline shows.
const TIMELINE_DAYS: u16 = 30;

pub(super) fn run(engine: &Engine, asked: &wire::ChecksAsked) -> wire::Status {
    let codes: Vec<_> = asked.codes.iter().copied().map(views::code_of).collect();
    views::status(engine.run_checks(&codes), &workspace(engine))
}

pub(super) fn plan(engine: &Engine, asked: wire::FixAsked) -> Reply<wire::FixPlan> {
    let plan = engine
        .plan_fix(views::doctor::fix_of(asked.code))
        .map_err(|error| explain_fix(&error))?;
    Ok(views::doctor::fix_plan(plan))
}

pub(super) fn apply(engine: &Engine, apply: &wire::FixApply) -> Reply<wire::FixReceipt> {
    let receipt = engine
        .apply_fix(views::doctor::fix_of(apply.code), &apply.plan)
        .map_err(|error| explain_fix(&error))?;
    Ok(views::doctor::receipt(receipt, engine.now()))
}

pub(super) fn undo(engine: &Engine, id: &wire::Id) -> Reply<wire::FixReceipt> {
    let receipt = engine
        .undo_fix(&id.id)
        .map_err(|error| explain_fix(&error))?;
    Ok(views::doctor::receipt(receipt, engine.now()))
}

pub(super) fn receipts(engine: &Engine) -> Vec<wire::FixReceipt> {
    let now = engine.now();
    let receipts = engine.receipts().into_iter();
    receipts
        .map(|receipt| views::doctor::receipt(receipt, now))
        .collect()
}

pub(super) fn report(engine: &Engine, asked: wire::ReportAsked) -> Reply<wire::Report> {
    let status = views::status(engine.status(), &workspace(engine));
    // Without the store nothing is known of the sources, and no row names any.
    let mut names = engine.private_names().unwrap_or_default();
    names.push(status.workspace.clone());
    report::report(
        &status,
        &engine.receipts(),
        &names,
        asked.names,
        engine.now(),
    )
}

fn explain_fix(error: &Error) -> WireError {
    match error {
        Error::NotFound => wire_error(
            ErrorCode::NotFound,
            "there is nothing of this kind to be mended or undone",
            Some("oldgrowth doctor --receipts lists what was fixed"),
        ),
        Error::Cancelled => wire_error(
            ErrorCode::Cancelled,
            "it was called off before anything was changed",
            None,
        ),
        Error::NotOurFix => wire_error(
            ErrorCode::Usage,
            "the folder of this memory was named, or a command is at work on it, so no other can be begun from here",
            Some("do it in the app, started without naming a folder"),
        ),
        error => super::copies::explain_copy(error),
    }
}

/// What has happened, and how the last days were.
pub(super) fn timeline(engine: &Engine, at: wire::TimelineAt) -> wire::Timeline {
    let days = dates::last_days(engine.now(), TIMELINE_DAYS, &TimeZone::system());
    let spans: Vec<_> = days.iter().map(|(_, from, to)| (*from, *to)).collect();
    let names = days.into_iter().map(|(name, _, _)| name).collect();
    views::doctor::timeline(engine.timeline(at.before, at.limit, &spans), names)
}
