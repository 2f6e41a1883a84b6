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
    let count = |reports| counted(reports, "report is", "reports are");
    let waiting = seen.held.saturating_sub(seen.refused);
    let mut cause = match (seen.agreed, seen.has_address) {
        (Some(true), true) => {
            let sent = if seen.offline {
                "Oldgrowth is offline, so no crash report is sent."
            } else {
                "Crash reports are sent when something breaks."
            };
            match waiting {
                0 => format!("{sent} None waits."),
                waiting => format!("{sent} {} waiting.", count(waiting)),
            }
        }
        (Some(true), false) => {
            "This copy of Oldgrowth knows no address for crash reports, so none is sent.".to_owned()
        }
        (Some(false) | None, _) => "No crash report is sent.".to_owned(),
    };
    let kept = if seen.agreed == Some(true) && seen.has_address {
        seen.refused
    } else {
        seen.held
    };
    if kept > 0 {
        cause.push_str(&format!(" {} kept on this computer.", count(kept)));
    }
    let chosen = match seen.agreed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not asked yet",
    };
    let row = Row::ok(cause)
        .seen("May be sent", chosen)
        .seen("Kept and not sent", seen.held.to_string());
    let row = match seen.refused {
        0 => row,
        refused => row.seen("Not wanted by the server", refused.to_string()),
    };
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
    fn only_what_will_be_sent_waits_and_whatever_was_chosen_is_well() {
        let seen = |agreed, has_address, (held, refused)| CrashReportsSeen {
            agreed,
            has_address,
            offline: false,
            held,
            refused,
        };
        let offline = |agreed| CrashReportsSeen {
            offline: true,
            ..seen(agreed, true, (2, 0))
        };
        for (seen, words) in [
            (seen(None, true, (0, 0)), "No crash report is sent."),
            (
                offline(Some(true)),
                "Oldgrowth is offline, so no crash report is sent. 2 reports are waiting.",
            ),
            (
                offline(Some(false)),
                "No crash report is sent. 2 reports are kept on this computer.",
            ),
            (
                seen(Some(false), true, (1, 0)),
                "No crash report is sent. 1 report is kept on this computer.",
            ),
            (
                seen(Some(false), true, (2, 1)),
                "No crash report is sent. 2 reports are kept on this computer.",
            ),
            (
                seen(Some(true), true, (0, 0)),
                "Crash reports are sent when something breaks. None waits.",
            ),
            (
                seen(Some(true), true, (2, 0)),
                "Crash reports are sent when something breaks. 2 reports are waiting.",
            ),
            (
                seen(Some(true), true, (3, 1)),
                "Crash reports are sent when something breaks. 2 reports are waiting. 1 report is kept on this computer.",
            ),
            (
                seen(Some(true), true, (2, 2)),
                "Crash reports are sent when something breaks. None waits. 2 reports are kept on this computer.",
            ),
            (
                seen(Some(true), false, (2, 1)),
                "This copy of Oldgrowth knows no address for crash reports, so none is sent. 2 reports are kept on this computer.",
            ),
        ] {
            let row = row(seen);
            assert_eq!(row.state, ComponentState::Ok);
            assert_eq!(row.cause, words);
        }
    }
}
