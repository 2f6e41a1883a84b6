//! `oldgrowth activity`, `pause`, `resume` and `retry`.

use oldgrowth_wire::{Activity, Empty, JobsRetry, Request, Retried, WireError, Work};

use super::Ended;
use super::output::Output;
use crate::session::Session;

pub(super) fn show(
    session: impl FnOnce() -> Result<Session, WireError>,
    output: &Output,
) -> Result<Ended, WireError> {
    let activity: Activity = session()?.call(Request::Activity(Empty {}))?;
    output.activity(&activity);
    Ok(Ended::Well)
}

/// Pauses or resumes.
pub(super) fn change(
    session: impl FnOnce() -> Result<Session, WireError>,
    request: Request,
    output: &Output,
) -> Result<Ended, WireError> {
    let work: Work = session()?.call(request)?;
    output.work(&work);
    Ok(Ended::Well)
}

pub(super) fn retry(
    session: impl FnOnce() -> Result<Session, WireError>,
    reason: Option<String>,
    output: &Output,
) -> Result<Ended, WireError> {
    let mut session = session()?;
    let retried: Retried = session.call(Request::JobsRetry(JobsRetry { reason, id: None }))?;
    output.retried(retried, session.works());
    Ok(Ended::Well)
}
