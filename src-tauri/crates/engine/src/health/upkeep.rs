//! Rows about how the memory is looked after: long reads, and what keeps it safe.

use oldgrowth_store::{Reservations, SqliteGrade, SqliteVerdict};

use super::rows::Row;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ComponentState;

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
}
