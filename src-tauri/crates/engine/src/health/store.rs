//! The row about the store itself: can it be read and written, and if not, why and what now.

use oldgrowth_store::{Class, Degraded, Facts, Health, Misplaced, PathProblem};

use super::evidence::{Ways, lies_there};
use super::rows::{Row, bytes, counted, goes_on_with, is_full};
use crate::copies::Saved;

/// Why the store can't be used, if it can't.
pub(super) fn trouble(health: &Health) -> Option<Class> {
    match health {
        Health::Resting | Health::Ok | Health::Recovered { .. } => None,
        Health::Degraded(Degraded::NoSharedIndex | Degraded::UnfitVolume) => None,
        Health::Degraded(Degraded::Failing { class, .. }) | Health::Unavailable { class, .. } => {
            Some(*class)
        }
        Health::ReadOnly => Some(Class::Permission),
        Health::DiskFull => Some(Class::DiskFull),
        Health::WalDamaged { .. } | Health::Corrupt => Some(Class::Corrupt),
        Health::TooNew { .. } => Some(Class::TooNew),
        Health::NotOurs | Health::Misplaced(_) => Some(Class::Misplaced),
        Health::InTheWay(_) => Some(Class::Path),
        Health::SplitBrain => Some(Class::SplitBrain),
        Health::Closed => Some(Class::Closed),
    }
}

/// A full disk, a missing right to write and a damaged log leave what is kept readable.
pub(super) fn can_be_read(health: &Health) -> bool {
    matches!(trouble(health), None | Some(Class::DiskFull))
        || matches!(health, Health::ReadOnly | Health::WalDamaged { .. })
}

/// Not what stays as it is until somebody does something.
fn may_be_over_soon(class: Class) -> bool {
    !matches!(
        class,
        Class::Permission
            | Class::Path
            | Class::Misplaced
            | Class::Corrupt
            | Class::DerivedCorrupt
            | Class::DiskFull
            | Class::QuarantineFull
            | Class::TooNew
    )
}

/// Is it of a kind that a copy in the memory's place mends?
pub(super) fn is_for_a_copy(class: Class) -> bool {
    matches!(
        class,
        Class::Corrupt | Class::DerivedCorrupt | Class::Misplaced | Class::Path | Class::SplitBrain
    )
}

/// Adds what the trouble means: what can't be done meanwhile, and what there is to go back to.
/// `place_is_fixed` as for [`row`].
pub(super) fn with_what_is_saved(
    row: Row,
    health: &Health,
    saved: &Saved,
    ways: Ways,
    place_is_fixed: bool,
) -> Row {
    let words = what_is_saved(saved, health);
    let cause = if can_be_read(health) {
        format!("{} {words}", row.cause)
    } else {
        format!(
            "{} Until that is mended nothing can be found and nothing new is kept. {words}",
            row.cause
        )
    };
    // The way back is not named where there is none. What can be read still has others.
    let is_lost = !can_be_read(health) && !ways.restorable;
    let is_gone = matches!(health, Health::Misplaced(Misplaced::Vanished));
    let next = match (is_lost, row.next) {
        (true, Some(_)) if is_gone && place_is_fixed => Some(
            "Put it back where it was and choose Try now: all that was in it is there again. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (true, Some(_)) if is_gone => Some(
            "Put it back where it was and choose Try now: all that was in it is there again. Or begin an empty memory beside it. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (true, Some(_)) if ways.nothing_reads && place_is_fixed => Some(
            "It was tried to read it, and nothing could be. A backup from elsewhere can be restored: Restore the newest copy says where it is looked for. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (true, Some(_)) if ways.nothing_reads => Some(
            "It was tried to read it, and nothing could be. Begin an empty memory beside this one, or restore a backup from elsewhere: Restore the newest copy says where it is looked for. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (true, Some(_)) if place_is_fixed => Some(
            "What can still be read can be laid out as a copy. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (true, Some(_)) => Some(
            "What can still be read can be laid out as a copy, and an empty memory begun beside this one. Nothing here is changed or deleted."
                .to_owned(),
        ),
        (_, next) => next,
    };
    Row { cause, next, ..row }
}

/// What the newest of the copies holds.
fn what_is_saved(saved: &Saved, health: &Health) -> String {
    let Some(moved) = saved.when_moved() else {
        return saved.newest_in_words();
    };
    let at = moved.made_at.to_minute(&saved.zone);
    match health {
        Health::SplitBrain | Health::Misplaced(_) => {
            format!("All that was in it then was saved, on {at}, and can be put back.")
        }
        // It was another trouble, of that day.
        _ => format!("What was in it on {at} was saved, and can be put back."),
    }
}

/// `place_is_fixed` is whether no other memory can be begun, nor this one moved, from here.
pub(super) fn row(health: &Health, facts: &Facts, place_is_fixed: bool) -> Row {
    match health {
        Health::Resting => Row::unknown("The memory has not been opened yet."),
        // The same words: of what was over in a moment nobody has heard.
        Health::Ok | Health::Recovered { .. } => Row::ok("The memory can be read and written."),
        Health::Degraded(Degraded::NoSharedIndex) => Row::warn(
            "The memory works without its shared index, which could not be made.",
            "Check the rights and the free space of its folder, then restart Oldgrowth. Nothing is lost.",
        ),
        Health::Degraded(Degraded::UnfitVolume) => Row::warn(
            "The memory lies on a network volume. It works there, slowly and for one program at a time.",
            "Move the memory's folder to a disk of this computer if you can. Nothing is lost.",
        ),
        Health::Degraded(Degraded::Failing { class, .. }) if may_be_over_soon(*class) => Row::fail(
            format!(
                "The memory could not be used just now: {}.",
                class_words(*class)
            ),
            next_for(*class),
        ),
        Health::Degraded(Degraded::Failing { class, .. }) | Health::Unavailable { class, .. } => {
            Row::fail(
                format!("The memory can't be used: {}.", class_words(*class)),
                next_for(*class),
            )
        }
        Health::ReadOnly if facts.read_only_volume => Row::fail(
            "The disk is read-only: the memory can be read, but nothing can be kept.",
            if place_is_fixed {
                "Allow writing to the disk again, then choose Try now; or copy the memory's folder to another disk, and start Oldgrowth with that one. Until then search, recall and the tree work, and nothing is brought in, summarised or backed up."
            } else {
                "Allow writing to the disk again, then choose Try now; or, if it is not the disk of your own folder too, move the memory to another under Settings. Until then search, recall and the tree work, and nothing is brought in, summarised or backed up."
            },
        ),
        Health::ReadOnly => Row::fail(
            "This account may not write to the memory's folder, or to the files in it: the memory can be read, but nothing can be kept.",
            if place_is_fixed {
                "Give your account the right to write to the folder and its files, then choose Try now; or start Oldgrowth as the account that they belong to. Until then search, recall and the tree work, and nothing is brought in, summarised or backed up."
            } else {
                "Give your account the right to write to the folder and its files, then choose Try now; or move the memory to a folder of your own under Settings. Until then search, recall and the tree work, and nothing is brought in, summarised or backed up."
            },
        ),
        Health::DiskFull if facts.jobs_paused && !is_full(facts) => Row::fail(
            format!(
                "The disk is nearly full{}, so imports and summaries wait. Nothing is lost.",
                free_words(facts)
            ),
            &format!(
                "Free some space. {} Until then all that is kept can be read, and a note is kept where it still fits.",
                goes_on_with(facts)
            ),
        ),
        Health::DiskFull => Row::fail(
            format!(
                "The disk is full{}, so nothing new is kept. Nothing is lost.",
                free_words(facts)
            ),
            &format!(
                "Free some space. Imports and summaries wait. {} Try now does it at once. Until then all that is kept can be read.",
                goes_on_with(facts)
            ),
        ),
        Health::WalDamaged { commits_behind } => Row::fail(
            format!(
                "The memory's log is damaged in its middle, and {} lie behind the damage. Everything can be read as of before it; nothing is written.",
                counted((*commits_behind).into(), "change", "changes")
            ),
            "Choose under Settings, Backup: go on without those changes, or restore a copy. All of it is kept aside, and nothing has been deleted.",
        ),
        Health::Corrupt => Row::fail(
            "The memory's file is damaged and can't be read as it was written.",
            "Oldgrowth leaves it as it is. Restore a backup, or make a copy of what can still be read.",
        ),
        Health::TooNew { .. } => Row::fail(
            "This memory was written by a newer Oldgrowth.",
            "Update Oldgrowth. Nothing has been changed.",
        ),
        Health::NotOurs => Row::fail(
            "The file in the memory's place belongs to another program.",
            if place_is_fixed {
                "Move that file elsewhere and restore a backup, or start Oldgrowth with another folder. Nothing has been changed."
            } else {
                "Move that file elsewhere and restore a backup, or begin a memory beside it. Nothing has been changed."
            },
        ),
        Health::Misplaced(Misplaced::Vanished) => Row::fail(
            "The memory's file has disappeared or is empty. Nothing new is begun in its place.",
            "Put the file back, or restore a backup. What lies beside it is left alone.",
        ),
        Health::Misplaced(Misplaced::MainMissing | Misplaced::MainEmpty) => Row::fail(
            "The memory's main file is missing or empty, but its log is there and may hold the only copy of something.",
            "Nothing has been opened, changed or deleted. Put the main file back beside it, or restore a backup under Settings; the log is kept.",
        ),
        Health::InTheWay(what) => Row::fail(
            match what {
                PathProblem::IsFolder => "A folder lies where the memory's file should be.",
                PathProblem::DanglingLink => {
                    "A link that leads nowhere lies where the memory's file should be."
                }
                PathProblem::SidecarNotAFile => {
                    "Something that is no file lies where the memory's log should be."
                }
                _ => "Something that is no file lies where the memory's file should be.",
            },
            "Move it elsewhere, put the memory's file back and choose Try now; or restore a backup, which sets it aside whole. Nothing has been changed or deleted.",
        ),
        Health::SplitBrain if lies_there(facts) => Row::fail(
            "The memory's file was moved or replaced while it was open. A file lies in its place, which has not been opened.",
            "Choose Try now if it is yours: it is opened as it is. What was open is kept aside, as far as there was room for it: Settings, Backup shows what can be restored.",
        ),
        Health::SplitBrain => Row::fail(
            "The memory's file was moved, replaced or emptied while it was open.",
            "What was open is kept aside, as far as there was room for it: Settings, Backup shows what can be restored. Or put the file back and choose Try now.",
        ),
        // No state of the memory's: the next start knows it.
        Health::Closed => Row::unknown("Oldgrowth is stopping.").next("Start it again."),
    }
}

fn free_words(facts: &Facts) -> String {
    let free = facts.free_bytes.map(bytes);
    free.map_or_else(String::new, |free| format!(" ({free} left)"))
}

pub(super) fn class_words(class: Class) -> &'static str {
    match class {
        Class::Busy => "another program holds it",
        Class::Overloaded => "too much is going on at once",
        Class::Cancelled => "the work on it was stopped",
        Class::TransientIo => "the system could not read or write its file",
        Class::ShmUnavailable => "its shared index could not be made",
        Class::DurabilityLost => "the disk did not confirm that it has written",
        Class::DiskFull => "the disk is full",
        Class::QuarantineFull => {
            "too much is kept aside already to keep a copy of it before mending it"
        }
        Class::Resource => "the system has no more open files to give",
        Class::Memory => "the system has no more memory to give",
        Class::Permission => "this account lacks a right to its folder or to a file in it",
        Class::Path => "there is something else in the place of its file",
        Class::Misplaced => "its files do not belong together",
        Class::Corrupt | Class::DerivedCorrupt => "its file is damaged",
        Class::SplitBrain => "its file was moved or replaced while it was open",
        Class::TooNew => "it was written by a newer Oldgrowth",
        Class::Constraint | Class::Misuse | Class::Panicked => "a fault of ours",
        Class::Closed => "Oldgrowth is stopping",
    }
}

fn next_for(class: Class) -> &'static str {
    match class {
        Class::Permission => {
            "Give your account the rights to the memory's folder and to the files in it, or start Oldgrowth as the account that they belong to; then choose Try now. Nothing has been changed."
        }
        Class::DiskFull => "Free some space, then choose Try now.",
        Class::QuarantineFull => {
            "Look under Settings, Backup at what is kept aside, discard what you don't need, then choose Try now."
        }
        Class::Path | Class::Misplaced | Class::SplitBrain => {
            "Nothing has been changed or deleted. Put the memory's files back in their place, then choose Try now."
        }
        Class::Corrupt | Class::DerivedCorrupt => {
            "Oldgrowth leaves it as it is. Restore a backup, or make a copy of what can still be read."
        }
        Class::TooNew => "Update Oldgrowth.",
        _ => "It is tried again by itself; Try now does it at once. What has been kept is safe.",
    }
}
