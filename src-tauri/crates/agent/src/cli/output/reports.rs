//! What `reports` prints.

use oldgrowth_wire::{CrashReports, CrashReportsConsent, HeldCrashReport};

use super::{Output, hint};

impl Output {
    pub(in crate::cli) fn reports(&self, reports: &CrashReports) {
        if self.json {
            return self.object(reports);
        }
        self.line(match (reports.consent, &reports.host) {
            (CrashReportsConsent::Yes, Some(_)) if reports.offline => {
                "Oldgrowth is offline, so crash reports wait until that has ended."
            }
            (CrashReportsConsent::Yes, Some(_)) => "Crash reports are sent when there are any.",
            (CrashReportsConsent::Yes, None) => {
                "Crash reports may be sent, but this copy of Oldgrowth knows no address for them."
            }
            (CrashReportsConsent::Unasked | CrashReportsConsent::No, _) => {
                "Crash reports are not sent."
            }
        });
        if let Some(host) = &reports.host {
            self.line(&format!("They would go to {host}."));
        }
        if let Some(at) = &reports.last_sent_at {
            self.line(&format!("The last one was sent at {at}."));
        }
        if let (Some(at), false) = (&reports.next_try_at, reports.held.is_empty()) {
            self.line(&format!("None is tried before {at}."));
        }
        for held in &reports.held {
            let place = held.place.as_deref().unwrap_or_default();
            let refused = held.refused.map_or_else(String::new, |status| {
                format!("  (not wanted by the server, status {status})")
            });
            self.line(&format!(
                "{}  {}  {}  {place}{refused}",
                held.id, held.at, held.class
            ));
        }
        if reports.held.is_empty() {
            self.line("No report is held.");
        } else {
            hint("Look at one with oldgrowth reports show ID");
        }
        hint(&format!("They lie in {}", reports.folder));
    }

    /// The very bytes that would be sent.
    pub(in crate::cli) fn held_report(&self, held: &HeldCrashReport) {
        if self.json {
            return self.object(held);
        }
        for line in held.envelope.lines() {
            self.line(line);
        }
    }
}
