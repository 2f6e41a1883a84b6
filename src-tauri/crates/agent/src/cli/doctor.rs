//! `oldgrowth doctor`.

use std::sync::Arc;

use oldgrowth_wire::{
    ChecksAsked, ComponentCode, Empty, ErrorCode, FixApply, FixAsked, FixCode, FixOutcome, FixPlan,
    FixReceipt, HealthState, Id, Report, ReportAsked, Request, Status, Timeline, TimelineAt,
    WireError,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Ended;
use super::args::Doctor;
use super::copies::{can_answer, confirm};
use super::output::Output;
use super::reached::Reached;
use crate::place::Workspace;
use crate::words::wire_error;

/// Stands for every check.
const ALL: &str = "all";

/// So many of the newest things that happened are told.
const TIMELINE_ENTRIES: u32 = 100;

pub(super) fn doctor(
    workspace: &Workspace,
    asked: Doctor,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    // What was asked wrongly is told before anything is opened.
    let codes = codes(&asked.run)?;
    let fix: Option<FixCode> = asked.fix.as_deref().map(fix_code).transpose()?;
    let mut reached = Reached::open(workspace, output)?;
    if asked.receipts {
        let receipts: Vec<FixReceipt> = reached.call(Request::Receipts(Empty {}))?;
        output.receipts(&receipts);
        return Ok(Ended::Well);
    }
    if asked.report {
        let names = asked.names;
        let report: Report = reached.call(Request::Report(ReportAsked { names }))?;
        output.report(&report);
        return Ok(Ended::Well);
    }
    if asked.timeline {
        let newest = TimelineAt {
            before: None,
            limit: TIMELINE_ENTRIES,
        };
        let timeline: Timeline = reached.call(Request::Timeline(newest))?;
        output.timeline(&timeline);
        return Ok(Ended::Well);
    }
    if let Some(id) = asked.undo {
        let receipt: FixReceipt = reached.call(Request::FixUndo(Id { id }))?;
        output.receipt(&receipt);
        return Ok(match receipt.undone_at {
            Some(_) => Ended::Well,
            None => Ended::InPart,
        });
    }
    if let Some(code) = fix {
        return mend(&mut reached, code, asked.yes, output);
    }
    let status: Status = if asked.accept_damage {
        // What it came to is in the rows that follow.
        let _accepted: Status = reached.call(Request::DamageAccept(Empty {}))?;
        reached.call(Request::Doctor(Empty {}))?
    } else if asked.run.is_empty() {
        reached.call(Request::Doctor(Empty {}))?
    } else {
        reached.attend(output, || Request::ChecksCancel(Empty {}));
        reached.call(Request::ChecksRun(ChecksAsked { codes }))?
    };
    output.status(&status);
    Ok(match status.state {
        HealthState::Ok => Ended::Well,
        HealthState::Unknown | HealthState::Warn | HealthState::Crashed => Ended::InPart,
        HealthState::Fail => Ended::Unavailable,
    })
}

/// Shows what would be done, asks, and does it.
fn mend(
    reached: &mut Reached,
    code: FixCode,
    asked: bool,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let plan: FixPlan = reached.call(Request::FixPlan(FixAsked { code }))?;
    if plan.nothing_to_do {
        output.fix_plan(&plan);
        // Whoever asks for a copy and gets none is not where they wanted to be.
        return Ok(match code {
            FixCode::RestoreBackup | FixCode::OpenCopy => Ended::Unavailable,
            _ => Ended::Well,
        });
    }
    if !asked {
        can_answer(
            "a fix is done only when somebody says yes to its plan",
            output,
        )
        .inspect_err(|_| output.fix_plan(&plan))?;
        output.fix_plan(&plan);
        confirm("Do this? [y/N]")?;
    }
    reached.attend(output, || Request::FixCancel(Empty {}));
    let receipt: FixReceipt = reached.call(Request::FixApply(FixApply {
        code,
        plan: plan.id,
    }))?;
    output.receipt(&receipt);
    Ok(match receipt.outcome {
        FixOutcome::Done => Ended::Well,
        FixOutcome::InPart | FixOutcome::StillUnwell | FixOutcome::Unknown => Ended::InPart,
    })
}

fn codes(named: &[String]) -> Result<Vec<ComponentCode>, WireError> {
    if named.iter().any(|name| name == ALL) {
        return Ok(Vec::new());
    }
    named
        .iter()
        .map(|name| {
            parsed(name).ok_or_else(|| {
                wire_error(
                    ErrorCode::Usage,
                    format!("there is no check called \"{name}\""),
                    Some("oldgrowth doctor --json lists their codes; all runs every one"),
                )
            })
        })
        .collect()
}

fn fix_code(name: &str) -> Result<FixCode, WireError> {
    parsed(name).ok_or_else(|| {
        wire_error(
            ErrorCode::Usage,
            format!("there is no fix called \"{name}\""),
            Some("oldgrowth doctor names the fixes that mend what it finds"),
        )
    })
}

/// A code by its name on the wire; capital letters and hyphens make no difference.
fn parsed<T: DeserializeOwned>(name: &str) -> Option<T> {
    let name = name.trim().to_lowercase().replace('-', "_");
    serde_json::from_value(Value::from(name)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_as_on_the_wire() {
        assert_eq!(fix_code("REBUILD_INDEX").ok(), Some(FixCode::RebuildIndex));
        assert_eq!(fix_code("retry-failed").ok(), Some(FixCode::RetryFailed));
        assert!(fix_code("everything").is_err());
        let run = ["round_trip", "Integrity"].map(str::to_owned);
        let known = [ComponentCode::RoundTrip, ComponentCode::Integrity];
        assert_eq!(codes(&run).ok(), Some(known.to_vec()));
        assert_eq!(codes(&["all".to_owned()]).ok(), Some(Vec::new()));
        assert!(codes(&["nothing".to_owned()]).is_err());
    }
}
