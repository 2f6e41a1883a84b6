//! Rows about how the memory is looked after: long reads, and what keeps it safe.

use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_store::copies::{AsideReason, KeptAside};
use oldgrowth_store::{Reservations, SqliteGrade, SqliteVerdict};

use super::HealthCode;
use super::rows::{Row, bytes, counted};
use crate::copies::{BackupView, Failure, without_memory};
use crate::settings::{SETTINGS_FILE, SettingProblem};

/// Warns as the keeper does, and when a setting could not be obeyed.
pub(super) fn long_reads(now: &Reservations, problem: Option<SettingProblem>) -> Row {
    let set_it = "Set it under Settings, or with oldgrowth settings set long_reads_max N.";
    let default = format!("so the usual limit of {} is used", now.cap);
    match problem {
        Some(SettingProblem::NotSensible) => {
            return Row::warn(
                format!(
                    "The limit of long reads in {SETTINGS_FILE} is no whole number that can be used, {default}."
                ),
                set_it,
            );
        }
        Some(SettingProblem::FileUnreadable) => {
            return Row::warn(
                format!("{SETTINGS_FILE} can't be read as settings, {default}."),
                set_it,
            );
        }
        None => {}
    }
    let cause = match (now.reserved, now.cap) {
        (0, 0) => "Long reads are switched off, so no backup or export can begin.".to_owned(),
        (0, 1) => "No long read is under way; one may be.".to_owned(),
        (0, cap) => format!("No long read is under way; {cap} may be at once."),
        (reserved, cap) if reserved > cap => {
            format!(
                "{reserved} long reads are under way; no other may begin until fewer than {cap} are."
            )
        }
        (1, cap) => format!("1 of at most {cap} long reads is under way."),
        (reserved, cap) => format!("{reserved} of at most {cap} long reads are under way."),
    };
    if now.warns() {
        let waiting = match now.waiting {
            0 => String::new(),
            1 => " One more waits.".to_owned(),
            waiting => format!(" {waiting} more wait."),
        };
        return Row::warn(
            format!("{cause}{waiting}"),
            "They end by themselves. If it stays so, raise the limit of long reads under Settings.",
        );
    }
    Row::ok(cause)
}

pub(super) fn sqlite(grade: &SqliteGrade) -> Row {
    let version = grade.version;
    match grade.verdict {
        SqliteVerdict::Good => Row::ok(format!("SQLite {version} keeps the memory.")),
        SqliteVerdict::TooOld { why } => Row::warn(
            format!("SQLite {version} is too old: {why}."),
            "Install a release of Oldgrowth that comes with a newer one.",
        ),
        SqliteVerdict::NotThreadsafe => Row::fail(
            format!("SQLite {version} was built in a way that is not safe for this program."),
            "Install a release of Oldgrowth; don't import anything with this one.",
        ),
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Without a backup for so many days there is too much to lose.
const BACKUP_DAYS_MAX: i64 = 7;

/// What is known of backups without opening anything.
pub(super) struct CopiesSeen {
    pub(super) now: UnixMs,
    /// Newest first.
    pub(super) backups: Vec<BackupView>,
    /// When the store was last written; `None` when its file is not there.
    pub(super) written: Option<UnixMs>,
    /// When the store was made.
    pub(super) made: Option<UnixMs>,
    /// Why the last one that nobody asked for could not be made.
    pub(super) failure: Option<Failure>,
    /// The memory can be read, so that another can be made.
    pub(super) readable: bool,
    /// Of the instants in words.
    pub(super) zone: TimeZone,
}

/// Nor can one be made.
fn without_any() -> Row {
    Row {
        waits_for: Some(HealthCode::Store),
        ..Row::unknown("There is no backup of this memory, and none can be made of it now.")
    }
}

pub(super) fn backup(seen: &CopiesSeen) -> Row {
    let ask = match seen.readable {
        true => "Choose Back up now under Settings, or run oldgrowth backup.",
        false => {
            "Another can be made once the memory can be read again. Remove none of those that there are."
        }
    };
    let made_at = |view: &BackupView| view.backup.made_at;
    let newest = seen.backups.first();
    let damaged = newest.filter(|view| view.unsound);
    let Some(written) = seen.written else {
        let words = without_memory(&seen.backups, &seen.zone);
        return match damaged {
            Some(_) if seen.backups.iter().any(|view| !view.unsound) => Row::warn(
                words,
                "Put the memory's file back, or restore an older backup.",
            ),
            Some(_) => Row::warn(words, "Put the memory's file back."),
            None if seen.backups.is_empty() && !seen.readable => without_any(),
            None => Row::ok(words),
        };
    };
    if let Some(damaged) = damaged {
        let older = match seen.backups.iter().find(|view| !view.unsound) {
            Some(sound) => format!(
                "The newest that is not known to be damaged is of {}.",
                made_at(sound).to_minute(&seen.zone)
            ),
            None => "There is no other.".to_owned(),
        };
        return Row::warn(
            format!(
                "The newest backup, of {}, is damaged: it has changed since it was made. {older}",
                made_at(damaged).to_minute(&seen.zone)
            ),
            ask,
        );
    }
    let newest = newest.map(made_at);
    match seen.failure {
        Some(Failure::NoSpace) => {
            return Row::warn(
                "Today's backup could not be made: there is too little room for it.",
                "Free some space; it is tried again by itself. Or write one to another disk: oldgrowth backup --to PATH.",
            );
        }
        Some(Failure::Store) => {
            return Row::warn(
                "Today's backup could not be made: the memory could not be read through.",
                match seen.readable {
                    true => {
                        "It is tried again tomorrow. Choose Back up now under Settings to see why."
                    }
                    false => ask,
                },
            );
        }
        Some(Failure::NoPermit) | None => {}
    }
    let changed = newest.is_none_or(|newest| written > newest);
    let since = newest.or(seen.made).unwrap_or(seen.now);
    let days = (seen.now.0 - since.0).max(0) / DAY_MS;
    match (newest, changed) {
        (Some(_), false) => Row::ok("All of the memory is in the newest backup."),
        (Some(_), true) if days > BACKUP_DAYS_MAX => Row::warn(
            format!("The newest backup is {days} days old, and something has been added since."),
            ask,
        ),
        (None, _) if days > BACKUP_DAYS_MAX => Row::warn(
            format!("There is no backup of this memory, which is {days} days old."),
            ask,
        ),
        (Some(_), true) => Row::ok(match days {
            0 => "The newest backup is less than a day old.".to_owned(),
            1 => "The newest backup is a day old.".to_owned(),
            days => format!("The newest backup is {days} days old."),
        }),
        (None, _) if !seen.readable => without_any(),
        (None, _) => Row::ok(
            "There is no backup yet. One is made by itself when the app has been idle for a while.",
        ),
    }
}

pub(super) fn kept_aside(sets: &[KeptAside]) -> Row {
    let size = bytes(sets.iter().map(|set| set.bytes).sum());
    let Some(newest) = sets.first() else {
        return Row::ok("Nothing is kept aside.");
    };
    let count = counted(sets.len() as u64, "set of files is", "sets of files are");
    if let Some(found) = sets.iter().find(|set| set.only_copy && !set.by_person) {
        return Row::warn(
            format!(
                "{count} kept aside ({size}); one may hold the only copy of something: {}.",
                aside_words(found.reason)
            ),
            "Look at it under Settings, Backup: restore it, or discard it when you have all you need.",
        );
    }
    Row::ok(format!(
        "{count} kept aside ({size}); the newest because {}.",
        aside_words(newest.reason)
    ))
}

/// Why a set of files was kept aside; fits after "because".
pub fn aside_words(reason: AsideReason) -> &'static str {
    match reason {
        AsideReason::LogDamaged => "the memory's log was damaged",
        AsideReason::LogTorn => "the end of the memory's log was torn, as by a power cut",
        AsideReason::LogForeign => "a log of another memory lay beside it",
        AsideReason::MainMissing => "the memory's main file was missing",
        AsideReason::MainEmpty => "the memory's main file was empty",
        AsideReason::NotSound => "the memory's file did not read as sound",
        AsideReason::HotJournal => "a change had been broken off half-way",
        AsideReason::SplitBrain => {
            "the memory's file was moved, replaced or emptied while it was open"
        }
        AsideReason::Replaced => "a copy was restored in its place",
        AsideReason::Unknown => "of a reason this version does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FixCode, evidence};
    use super::*;
    use crate::health::ComponentState;
    use oldgrowth_store::copies::{Backup, BackupNote};

    fn held(reserved: u32, cap: u32, waiting: u32) -> Reservations {
        Reservations {
            reserved,
            cap,
            near_cap: cap > 0 && reserved * 5 >= cap * 4,
            blocked: reserved >= cap,
            waiting,
            oldest: None,
        }
    }

    #[test]
    fn the_row_warns_when_the_keeper_does_and_not_before() {
        for (now, state) in [
            (held(0, 2, 0), ComponentState::Ok),
            (held(2, 2, 0), ComponentState::Ok),
            (held(2, 2, 1), ComponentState::Warn),
            (held(3, 5, 0), ComponentState::Ok),
            (held(4, 5, 0), ComponentState::Warn),
            (held(0, 0, 0), ComponentState::Ok),
            (held(0, 0, 1), ComponentState::Ok),
            (held(3, 2, 0), ComponentState::Ok),
        ] {
            let row = long_reads(&now, None);
            assert_eq!(row.state, state, "{now:?}: {}", row.cause);
            assert_eq!(
                row.next.is_some(),
                state == ComponentState::Warn,
                "only a warning asks for something"
            );
        }
        assert!(
            long_reads(&held(0, 0, 0), None)
                .cause
                .contains("switched off"),
            "a limit of nought is told as what it is"
        );
    }

    #[test]
    fn a_setting_that_was_not_obeyed_is_told_with_what_is_used_instead() {
        for problem in [SettingProblem::NotSensible, SettingProblem::FileUnreadable] {
            let row = long_reads(&held(0, 2, 0), Some(problem));
            assert_eq!(row.state, ComponentState::Warn);
            assert!(row.cause.contains("limit of 2"), "{}", row.cause);
        }
    }

    const NOW: UnixMs = UnixMs(1_000 * DAY_MS);

    fn days_ago(days: i64) -> UnixMs {
        NOW.plus_ms(-days * DAY_MS)
    }

    fn made(days: i64) -> BackupView {
        BackupView {
            backup: Backup {
                id: "b".to_owned(),
                path: "b.db".into(),
                bytes: 1,
                failed: false,
                made_at: days_ago(days),
                note: Some(BackupNote {
                    before_update: false,
                    rows: Default::default(),
                }),
            },
            verified_at: Some(days_ago(days)),
            unsound: false,
        }
    }

    fn seen(newest: Option<i64>, written: Option<i64>) -> CopiesSeen {
        CopiesSeen {
            now: NOW,
            backups: newest.map(made).into_iter().collect(),
            written: written.map(days_ago),
            made: Some(days_ago(20)),
            failure: None,
            readable: true,
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn of_what_cannot_be_read_no_backup_is_offered() {
        let readable = seen(Some(8), Some(0));
        let offered = |seen: &CopiesSeen| evidence::backup(backup(seen), seen);
        assert_eq!(offered(&readable).fixes, [FixCode::BackUpNow]);
        let row = offered(&CopiesSeen {
            readable: false,
            ..readable
        });
        assert_eq!(row.fixes, []);
        let next = row.next.unwrap();
        assert!(!next.contains("Back up now"), "{next}");
    }

    #[test]
    fn an_old_backup_warns_only_when_there_is_something_to_lose() {
        for (seen, state, why) in [
            (seen(None, None), ComponentState::Ok, "nothing is kept"),
            (
                seen(Some(7), Some(0)),
                ComponentState::Ok,
                "a week is in time",
            ),
            (seen(Some(8), Some(0)), ComponentState::Warn, "more is not"),
            (
                seen(Some(90), Some(91)),
                ComponentState::Ok,
                "it holds everything",
            ),
            (
                seen(None, Some(0)),
                ComponentState::Warn,
                "20 days without any",
            ),
        ] {
            let row = backup(&seen);
            assert_eq!(row.state, state, "{why}: {}", row.cause);
        }
        let new = CopiesSeen {
            made: Some(days_ago(1)),
            ..seen(None, Some(0))
        };
        assert_eq!(
            backup(&new).state,
            ComponentState::Ok,
            "a new memory is no warning"
        );
    }

    #[test]
    fn a_backup_that_could_not_be_made_or_does_not_read_is_told() {
        for failure in [Failure::NoSpace, Failure::Store] {
            let seen = CopiesSeen {
                failure: Some(failure),
                ..seen(Some(1), Some(0))
            };
            assert_eq!(backup(&seen).state, ComponentState::Warn, "{failure:?}");
        }
        let mut unsound = seen(Some(1), Some(0));
        unsound.backups[0].unsound = true;
        unsound.backups.push(made(3));
        let row = backup(&unsound);
        assert_eq!(row.state, ComponentState::Warn);
        let older = days_ago(3).to_minute(&TimeZone::UTC);
        assert!(row.cause.contains(&older), "the next best: {}", row.cause);
        let row = evidence::backup(row, &unsound);
        assert_eq!(row.fixes, [FixCode::BackUpNow, FixCode::VerifyBackup]);
    }

    #[test]
    fn backups_are_told_of_while_the_file_is_missing() {
        let mut gone = seen(Some(1), None);
        gone.backups.push(made(3));
        let row = backup(&gone);
        assert!(
            row.cause.contains("2 backups")
                && row.cause.contains(&days_ago(1).to_minute(&TimeZone::UTC)),
            "{}",
            row.cause
        );
        assert_eq!(row.state, ComponentState::Ok, "they are well");
        gone.backups[0].unsound = true;
        let row = evidence::backup(backup(&gone), &gone);
        assert_eq!(row.state, ComponentState::Warn);
        assert_eq!(
            row.fixes,
            [FixCode::VerifyBackup],
            "there is nothing to make another of"
        );
    }

    #[test]
    fn only_what_may_be_the_only_copy_and_was_not_asked_for_warns() {
        let set = |only_copy, by_person| KeptAside {
            id: "s".to_owned(),
            folder: "s".into(),
            made_at: NOW,
            reason: AsideReason::LogDamaged,
            by_person,
            only_copy,
            bytes: 2_048,
            restorable: true,
        };
        assert_eq!(kept_aside(&[]).state, ComponentState::Ok);
        for (only_copy, by_person, state) in [
            (false, false, ComponentState::Ok),
            (true, true, ComponentState::Ok),
            (true, false, ComponentState::Warn),
        ] {
            let row = kept_aside(&[set(only_copy, by_person)]);
            assert_eq!(row.state, state, "{}", row.cause);
            assert!(row.cause.contains("2 KB"), "{}", row.cause);
        }
    }
}
