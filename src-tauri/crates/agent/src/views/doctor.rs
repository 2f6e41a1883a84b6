//! Fixes and what they have done, as the wire says it.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine as engine;
use oldgrowth_wire as wire;

use super::health::{code, millis, state};
use super::time;

/// The codes of the engine and of the wire, side by side.
const FIXES: [(engine::FixCode, wire::FixCode); 16] = [
    (engine::FixCode::TryAgain, wire::FixCode::TryAgain),
    (engine::FixCode::FoldLog, wire::FixCode::FoldLog),
    (engine::FixCode::RebuildIndex, wire::FixCode::RebuildIndex),
    (engine::FixCode::FinishMissing, wire::FixCode::FinishMissing),
    (
        engine::FixCode::SetAsideOrphans,
        wire::FixCode::SetAsideOrphans,
    ),
    (
        engine::FixCode::RebuildSummaries,
        wire::FixCode::RebuildSummaries,
    ),
    (engine::FixCode::RetryFailed, wire::FixCode::RetryFailed),
    (engine::FixCode::ReleaseStuck, wire::FixCode::ReleaseStuck),
    (
        engine::FixCode::CloseEmptyImports,
        wire::FixCode::CloseEmptyImports,
    ),
    (engine::FixCode::BackUpNow, wire::FixCode::BackUpNow),
    (engine::FixCode::VerifyBackup, wire::FixCode::VerifyBackup),
    (
        engine::FixCode::RepairPermissions,
        wire::FixCode::RepairPermissions,
    ),
    (engine::FixCode::StopWatching, wire::FixCode::StopWatching),
    (engine::FixCode::RestoreBackup, wire::FixCode::RestoreBackup),
    (engine::FixCode::OpenCopy, wire::FixCode::OpenCopy),
    (engine::FixCode::StartFresh, wire::FixCode::StartFresh),
];

pub(crate) fn fix(code: engine::FixCode) -> wire::FixCode {
    let found = FIXES.iter().find(|(ours, _)| *ours == code);
    found.map_or(wire::FixCode::TryAgain, |(_, theirs)| *theirs)
}

pub(crate) fn fix_of(code: wire::FixCode) -> engine::FixCode {
    let found = FIXES.iter().find(|(_, theirs)| *theirs == code);
    found.map_or(engine::FixCode::TryAgain, |(ours, _)| *ours)
}

pub(crate) fn risk(risk: engine::FixRisk) -> wire::FixRisk {
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
    wire::FixReceipt {
        code: fix(receipt.code),
        at: receipt.at.to_rfc3339(),
        undo_until: time(receipt.undoable_until(now)),
        undone_at: time(receipt.undone_at),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fix_has_its_own_code_on_the_wire() {
        for (ours, theirs) in FIXES {
            assert_eq!(
                (fix(ours), fix_of(theirs)),
                (theirs, ours),
                "there and back"
            );
        }
    }
}
