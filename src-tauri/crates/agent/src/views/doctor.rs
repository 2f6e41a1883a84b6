//! Fixes and what they have done, as the wire says it.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine as engine;
use oldgrowth_wire as wire;

use super::health::{code, millis, state};
use super::time;

same_names! {
    pub(super) fn fix(engine::FixCode) -> wire::FixCode;
    pub(crate) fn fix_of(wire::FixCode) -> engine::FixCode;
    TryAgain, FoldLog, RebuildIndex, FinishMissing, SetAsideOrphans, RebuildSummaries, RebuildVectors, RetryFailed, ReleaseStuck, CloseEmptyImports, BackUpNow, VerifyBackup, RepairPermissions, StopWatching, RestoreBackup, OpenCopy, StartFresh
}

fn outcome(outcome: engine::FixOutcome) -> wire::FixOutcome {
    match outcome {
        engine::FixOutcome::Done => wire::FixOutcome::Done,
        engine::FixOutcome::InPart => wire::FixOutcome::InPart,
        engine::FixOutcome::StillUnwell => wire::FixOutcome::StillUnwell,
        engine::FixOutcome::Unknown => wire::FixOutcome::Unknown,
    }
}

fn risk(risk: engine::FixRisk) -> wire::FixRisk {
    match risk {
        engine::FixRisk::None => wire::FixRisk::None,
        engine::FixRisk::Low => wire::FixRisk::Low,
        engine::FixRisk::Data => wire::FixRisk::Data,
    }
}

pub(crate) fn fix_plan(plan: engine::FixPlan) -> wire::FixPlan {
    wire::FixPlan {
        id: plan.id,
        code: fix(plan.code),
        risk: risk(plan.risk),
        summary: plan.summary,
        steps: plan.steps,
        about_ms: plan.about.map(millis),
        backup_first: plan.backup_first,
        undo: plan.undo,
        nothing_to_do: plan.nothing_to_do,
    }
}

pub(crate) fn receipt(receipt: engine::Receipt, now: UnixMs) -> wire::FixReceipt {
    let named = receipt.names.as_ref().and_then(|names| names.first());
    // What could not be read is not opened either.
    let is_copy = receipt.code == engine::FixCode::OpenCopy
        && receipt.outcome != engine::FixOutcome::StillUnwell;
    wire::FixReceipt {
        folder: named.filter(|_| is_copy).cloned(),
        code: fix(receipt.code),
        at: receipt.at.to_rfc3339(),
        undo_until: time(receipt.undoable_until(now)),
        undone_at: time(receipt.undone_at),
        outcome: outcome(receipt.outcome),
        id: receipt.id,
        summary: receipt.summary,
        done: receipt.done,
    }
}

pub(crate) fn fix_progress(progress: &engine::FixProgress) -> wire::FixProgress {
    wire::FixProgress {
        code: fix(progress.code),
        doing: progress.doing.clone(),
        done: progress.done,
        total: progress.total,
    }
}

/// `days` are those that were asked for, in their order.
pub(crate) fn timeline(timeline: engine::Timeline, days: Vec<String>) -> wire::Timeline {
    wire::Timeline {
        entries: timeline.entries.into_iter().filter_map(entry).collect(),
        more: timeline.more,
        days: days
            .into_iter()
            .zip(timeline.spans)
            .map(|(day, worst)| wire::TimelineDay {
                day,
                state: worst.map(state),
            })
            .collect(),
    }
}

fn entry(entry: engine::Entry) -> Option<wire::TimelineEntry> {
    let what = match entry.what {
        engine::Happened::Health {
            code: component,
            from,
            to,
            cause,
        } => wire::Happened::Health {
            code: code(component),
            from: state(from),
            to: state(to),
            cause,
        },
        engine::Happened::Started {
            version,
            updated_from,
        } => wire::Happened::Started {
            version,
            updated_from,
        },
        engine::Happened::Closed => return None,
        engine::Happened::EndedBadly => wire::Happened::EndedBadly,
        engine::Happened::Crash { place } => wire::Happened::Crash { place },
        engine::Happened::Import {
            batch,
            label,
            added,
            failed,
        } => wire::Happened::Import {
            batch,
            label,
            added,
            failed,
        },
        engine::Happened::Fix {
            receipt,
            code,
            summary,
            undone,
        } => wire::Happened::Fix {
            receipt,
            code: fix(code),
            summary,
            undone,
        },
    };
    Some(wire::TimelineEntry {
        number: entry.number,
        at: entry.at.to_rfc3339(),
        what,
    })
}
