//! Are crash reports sent, and what is held? Each answer is well: it is the person's to choose.

use super::HealthCode;
use super::rows::{Row, counted};
use crate::Engine;
use crate::engine::Core;
use crate::ports::CrashReportsSeen;

impl Engine {
    /// To be called when the person has chosen, or reports were made, sent or deleted.
    pub fn crash_reports_changed(&self) {
        self.core().look_at_crash_reports();
        self.core().tell_changes();
    }
}

impl Core {
    pub(super) fn look_at_crash_reports(&self) {
        self.put(HealthCode::CrashReports, || {
            let seen = self.crash_reports.as_ref().map(|reports| reports.seen());
            seen.map_or_else(|| Row::ok("No crash report is made here."), row)
        });
    }
}

fn row(seen: CrashReportsSeen) -> Row {
    let reports = counted(seen.held, "report is", "reports are");
    let cause = match (seen.agreed, seen.has_address, seen.held) {
        (Some(true), true, 0) if seen.offline => {
            "Oldgrowth is offline, so no crash report is sent. None waits.".to_owned()
        }
        (Some(true), true, _) if seen.offline => {
            format!("Oldgrowth is offline, so no crash report is sent. {reports} waiting.")
        }
        (Some(true), true, 0) => {
            "Crash reports are sent when something breaks. None waits.".to_owned()
        }
        (Some(true), true, _) => {
            format!("Crash reports are sent when something breaks. {reports} waiting.")
        }
        (Some(true), false, 0) => {
            "This copy of Oldgrowth knows no address for crash reports, so none is sent.".to_owned()
        }
        (Some(true), false, _) => format!(
            "This copy of Oldgrowth knows no address for crash reports, so none is sent. {reports} kept on this computer."
        ),
        (_, _, 0) => "No crash report is sent.".to_owned(),
        (_, _, _) => format!("No crash report is sent. {reports} kept on this computer."),
    };
    let chosen = match seen.agreed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not asked yet",
    };
    let row = Row::ok(cause)
        .seen("May be sent", chosen)
        .seen("Kept and not sent", seen.held.to_string());
    match seen.held {
        0 => row,
        _ => row.next("Look at them under Settings, Privacy."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ComponentState;

    #[test]
    fn what_is_kept_is_counted_and_whatever_was_chosen_is_well() {
        let seen = |agreed, has_address, held| CrashReportsSeen {
            agreed,
            has_address,
            offline: false,
            held,
        };
        let offline = |agreed| CrashReportsSeen {
            offline: true,
            ..seen(agreed, true, 2)
        };
        for (seen, words) in [
            (seen(None, true, 0), "No crash report is sent."),
            (seen(Some(false), true, 1), "1 report is kept"),
            (seen(Some(true), true, 2), "2 reports are waiting"),
            (seen(Some(true), false, 2), "knows no address"),
            (
                offline(Some(true)),
                "is offline, so no crash report is sent. 2",
            ),
            (offline(Some(false)), "2 reports are kept"),
        ] {
            let row = row(seen);
            assert_eq!(row.state, ComponentState::Ok);
            assert!(row.cause.contains(words), "{}", row.cause);
        }
    }
}
