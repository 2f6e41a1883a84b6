//! What the rows rest on, and which fix mends what they find.

use oldgrowth_domain::UnixMs;
use oldgrowth_store::copies::KeptAside;
use oldgrowth_store::table::checks::QueueFacts;
use oldgrowth_store::table::jobs::{FailedGroup, JobCounts};
use oldgrowth_store::table::sources::Coverage;
use oldgrowth_store::{Class, Facts, Reservations};

use super::rows::{Row, bytes, counted, finds_nothing, grouped};
use super::store::is_for_a_copy;
use super::upkeep::CopiesSeen;
use super::{ComponentState, FixCode};
use crate::{FolderState, FolderView};

/// Reasons of failures that are told one by one.
const REASONS_MAX: usize = 5;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A backup is read through again when this has passed.
const VERIFIED_DAYS_MAX: i64 = 31;

/// What is known of the queue.
pub(super) struct JobsSeen {
    pub(super) counts: JobCounts,
    pub(super) failed: Vec<FailedGroup>,
    pub(super) facts: QueueFacts,
    /// Held by nobody, though their rows say that they are.
    pub(super) unheld: u32,
    pub(super) now: UnixMs,
}

/// What is known of the ways out of a trouble.
#[derive(Clone, Copy, Default)]
pub(super) struct Ways {
    /// There is a copy that is not known to be damaged.
    pub(super) restorable: bool,
    /// Of its own files nothing could be read when that was tried.
    pub(super) nothing_reads: bool,
}

/// `trouble` is why it can't be used, if it can't.
pub(super) fn store(row: Row, facts: &Facts, trouble: Option<Class>, ways: Ways) -> Row {
    let row = row
        .seen_privately(
            "File",
            facts.path.to_string_lossy(),
            "chunks.db in the memory's folder",
        )
        .seen_if(
            "Layout of its tables",
            facts.schema_version.map(|version| version.to_string()),
        )
        .seen("Opened", counted(facts.opens, "time", "times"))
        .seen("Written", counted(facts.writes, "time", "times"))
        .seen(
            "Given up and opened again",
            counted(facts.evictions, "time", "times"),
        )
        .seen("Calls refused meanwhile", grouped(facts.refused));
    match trouble {
        None | Some(Class::Closed) => row,
        Some(class) if is_for_a_copy(class) && !ways.restorable && ways.nothing_reads => row
            .mended_by(FixCode::StartFresh)
            .mended_by(FixCode::TryAgain)
            .mended_by(FixCode::RestoreBackup)
            .mended_by(FixCode::OpenCopy),
        // The last says what is left to do.
        Some(class) if is_for_a_copy(class) && !ways.restorable => {
            let holds = lies_there(facts) || facts.wal_bytes.is_some_and(|bytes| bytes > 0);
            let ways: &[FixCode] = match (holds, class) {
                (false, _) => &[FixCode::TryAgain, FixCode::StartFresh],
                (true, Class::SplitBrain) => {
                    &[FixCode::TryAgain, FixCode::StartFresh, FixCode::OpenCopy]
                }
                (true, _) if lies_there(facts) => {
                    &[FixCode::OpenCopy, FixCode::StartFresh, FixCode::TryAgain]
                }
                (true, _) => &[FixCode::TryAgain, FixCode::StartFresh, FixCode::OpenCopy],
            };
            ways.iter()
                .fold(row, |row, way| row.mended_by(*way))
                .mended_by(FixCode::RestoreBackup)
        }
        // Most often it has come back, and what was kept of it is older.
        Some(Class::SplitBrain) if lies_there(facts) => row
            .mended_by(FixCode::TryAgain)
            .mended_by(FixCode::RestoreBackup)
            .mended_by(FixCode::OpenCopy)
            .mended_by(FixCode::StartFresh),
        Some(class) if is_for_a_copy(class) => row
            .mended_by(FixCode::RestoreBackup)
            .mended_by(FixCode::OpenCopy)
            .mended_by(FixCode::StartFresh)
            .mended_by(FixCode::TryAgain),
        // It may be over by itself.
        Some(Class::TransientIo | Class::ShmUnavailable | Class::DurabilityLost) => row
            .mended_by(FixCode::TryAgain)
            .mended_by(FixCode::RestoreBackup)
            .mended_by(FixCode::OpenCopy)
            .mended_by(FixCode::StartFresh),
        Some(Class::TooNew) => row.mended_by(FixCode::StartFresh),
        Some(_) => row.mended_by(FixCode::TryAgain),
    }
}

/// There is a file under the memory's name, and something in it.
pub(super) fn lies_there(facts: &Facts) -> bool {
    facts.main_bytes.is_some_and(|bytes| bytes > 0)
}

pub(super) fn sidecars(row: Row, facts: &Facts) -> Row {
    let last = facts.last_checkpoint.map(|last| match last.failed {
        Some(code) => format!("failed with code {code}"),
        None => format!("{} of {} pages", last.checkpointed, last.log),
    });
    let warns = row.state == ComponentState::Warn;
    let row = row
        .seen_if("Main file", facts.main_bytes.map(bytes))
        .seen_if("Log", facts.wal_bytes.map(bytes))
        .seen_if("Last fold of the log", last)
        .seen(
            "Folds left unfinished",
            facts.incomplete_checkpoints.to_string(),
        )
        .seen_if(
            "Longest reader",
            facts
                .oldest_reader
                .map(|oldest| format!("{}, {} s", oldest.label, oldest.age.as_secs())),
        );
    if warns {
        row.mended_by(FixCode::FoldLog)
    } else {
        row
    }
}

pub(super) fn space(row: Row, facts: &Facts) -> Row {
    row.seen_if("Free", facts.free_bytes.map(bytes))
        .seen_if("Needed for writing", facts.needed_bytes.map(bytes))
        .seen_if("The memory takes", facts.main_bytes.map(bytes))
        .seen(
            "Imports and summaries",
            if facts.jobs_paused {
                "paused"
            } else {
                "not held back"
            },
        )
}

pub(super) fn long_reads(row: Row, now: &Reservations) -> Row {
    row.seen("Under way", now.reserved.to_string())
        .seen("At most", now.cap.to_string())
        .seen("Waiting", now.waiting.to_string())
}

pub(super) fn coverage(row: Row, sum: &Coverage) -> Row {
    let missing = sum.indexed != sum.chunks || sum.in_tree != sum.chunks;
    let row = row
        .seen("Documents", grouped(sum.documents.into()))
        .seen("Passages", grouped(sum.chunks.into()))
        .seen("In the word index", grouped(sum.indexed.into()))
        .seen("In the tree", grouped(sum.in_tree.into()))
        .seen("Summaries", grouped(sum.nodes.into()))
        .seen("Items not read", grouped(sum.not_read.into()));
    // The first is the one that its words name.
    match missing && row.state == ComponentState::Warn {
        true if finds_nothing(sum) => row
            .mended_by(FixCode::RebuildIndex)
            .mended_by(FixCode::FinishMissing),
        true => row
            .mended_by(FixCode::FinishMissing)
            .mended_by(FixCode::RebuildIndex),
        false => row,
    }
}

pub(super) fn watched(row: Row, folders: &[(String, FolderView)]) -> Row {
    let mut row = row;
    let mut gone = false;
    for (number, (name, view)) in (1_u32..).zip(folders) {
        let state = match view.state {
            FolderState::Starting => "looked at for the first time".to_owned(),
            FolderState::Watched => "watched".to_owned(),
            FolderState::LookedAt(_) => "looked at every five minutes".to_owned(),
            FolderState::NotThere { since } => {
                gone = true;
                format!("not there since {since}")
            }
        };
        row = row.seen_privately(
            "Folder",
            format!("{name}: {state}"),
            format!("folder {number}: {state}"),
        );
    }
    if gone {
        row.mended_by(FixCode::StopWatching)
    } else {
        row
    }
}

pub(super) fn backup(row: Row, seen: &CopiesSeen) -> Row {
    let newest = seen.backups.first();
    let made = newest.map(|view| view.backup.made_at);
    let verified = newest.and_then(|view| view.verified_at);
    let warns = row.state == ComponentState::Warn;
    let unsound = newest.is_some_and(|view| view.unsound);
    let long_ago =
        verified.is_some_and(|verified| seen.now.0 - verified.0 > VERIFIED_DAYS_MAX * DAY_MS);
    let row = row
        .seen("Backups", seen.backups.len().to_string())
        .seen_if("Newest", made.map(|at| at.to_minute(&seen.zone)))
        .seen_if("Its size", newest.map(|view| bytes(view.backup.bytes)))
        .seen_if(
            "Last read through",
            match (verified, unsound) {
                (_, true) => Some("not as it was when it was made".to_owned()),
                (verified, false) => verified.map(|at| at.to_minute(&seen.zone)),
            },
        );
    // Without a file that can be read there is nothing to make one of.
    let row = if warns && seen.written.is_some() && seen.readable {
        row.mended_by(FixCode::BackUpNow)
    } else {
        row
    };
    if unsound || long_ago {
        row.mended_by(FixCode::VerifyBackup)
    } else {
        row
    }
}

pub(super) fn kept_aside(row: Row, sets: &[KeptAside]) -> Row {
    let only = sets.iter().filter(|set| set.only_copy).count();
    row.seen("Sets of files", sets.len().to_string())
        .seen("May hold an only copy", only.to_string())
        .seen("Size", bytes(sets.iter().map(|set| set.bytes).sum()))
}

/// `working` is whether this process works on the queue.
pub(super) fn jobs(row: Row, seen: &JobsSeen, working: bool) -> Row {
    let JobsSeen { counts, facts, .. } = seen;
    let well = row.state == ComponentState::Ok;
    let row = match (seen.unheld, facts.empty_imports) {
        (unheld, _) if well && working && unheld > 0 => Row::warn(
            format!(
                "{} held by nobody and would wait for ever.",
                counted(unheld.into(), "piece of work is", "pieces of work are")
            ),
            "Give it back to the queue; then it goes on. Nothing is lost.",
        ),
        (_, empty) if well && empty > 0 => Row::warn(
            format!(
                "{} to be under way, though nothing of it is left to do.",
                counted(empty.into(), "import seems", "imports seem")
            ),
            "End it. What it brought in stays.",
        ),
        _ => row,
    };
    let waited = facts.oldest_waiting.map(|oldest| {
        let seconds = (seen.now.0 - oldest.0).max(0) / 1_000;
        format!("{} s", grouped(seconds.unsigned_abs()))
    });
    let mut row = row
        .seen("Waiting", grouped(counts.ready.into()))
        .seen("Running", grouped(counts.running.into()))
        .seen("Put off for another try", grouped(counts.deferred.into()))
        .seen(
            "Failed",
            grouped((counts.failed + counts.failed_summaries).into()),
        )
        .seen_if("Oldest has waited", waited);
    if facts.deferrals_most > 0 {
        row = row.seen(
            "Most often put off",
            counted(facts.deferrals_most.into(), "time", "times"),
        );
    }
    for group in seen.failed.iter().take(REASONS_MAX) {
        let count = grouped((group.items + group.summaries).into());
        row = row.seen("Failed because", format!("{}: {count}", group.code));
    }
    if seen.unheld > 0 {
        row = row
            .seen("Held by nobody", grouped(seen.unheld.into()))
            .mended_by(FixCode::ReleaseStuck);
    }
    if facts.empty_imports > 0 {
        row = row
            .seen(
                "Imports with nothing left to do",
                grouped(facts.empty_imports.into()),
            )
            .mended_by(FixCode::CloseEmptyImports);
    }
    if counts.failed + counts.failed_summaries > 0 {
        row = row.mended_by(FixCode::RetryFailed);
    }
    row
}

#[cfg(test)]
mod tests {
    use oldgrowth_store::copies::{Backup, BackupNote};

    use super::*;
    use crate::copies::BackupView;

    #[test]
    fn a_backup_is_offered_to_be_read_through_when_that_was_long_ago() {
        let now = UnixMs(1_000 * DAY_MS);
        let offers = |made_days: i64, verified_days: i64| {
            let ago = |days: i64| now.plus_ms(-days * DAY_MS);
            let view = BackupView {
                backup: Backup {
                    id: "b".to_owned(),
                    path: "b.db".into(),
                    bytes: 1,
                    failed: false,
                    made_at: ago(made_days),
                    note: Some(BackupNote {
                        before_update: false,
                        rows: Default::default(),
                    }),
                },
                verified_at: Some(ago(verified_days)),
                unsound: false,
            };
            let seen = CopiesSeen {
                now,
                backups: vec![view],
                written: Some(ago(0)),
                made: None,
                failure: None,
                readable: true,
                zone: oldgrowth_domain::TimeZone::UTC,
            };
            let row = backup(Row::ok("a"), &seen);
            row.fixes.contains(&FixCode::VerifyBackup)
        };
        assert!(!offers(31, 31), "a month is not over");
        assert!(offers(32, 32), "never since it was made");
        assert!(!offers(90, 1), "it is old, and was read through yesterday");
        assert!(offers(90, 40), "and not since");
    }
}
