//! What `status` and `doctor` print.

use oldgrowth_wire::{
    Component, ComponentCode, Event, FixPlan, FixProgress, FixReceipt, Happened, HealthState,
    Report, Status, Timeline,
};
use serde::Serialize;

use super::{Output, hint};

impl Output {
    pub(in crate::cli) fn status(&self, status: &Status) {
        if self.json {
            return self.object(status);
        }
        self.line(&status.headline);
        self.line("");
        let folded = |code: ComponentCode| {
            let waits = |row: &&Component| row.waits_for == Some(code);
            status.components.iter().filter(waits).count()
        };
        for row in status
            .components
            .iter()
            .filter(|row| row.waits_for.is_none())
        {
            self.component(row);
            match folded(row.code) {
                0 => {}
                1 => self.line(&format!("{:>25}1 other check waits for this.", "")),
                count => self.line(&format!("{:>25}{count} other checks wait for this.", "")),
            }
        }
        self.line("");
        self.line(&format!("Kept in {}", status.workspace));
    }

    fn component(&self, row: &Component) {
        let state = match row.state {
            HealthState::Ok => "ok",
            HealthState::Unknown if row.on_demand => "not run",
            HealthState::Unknown => "unknown",
            HealthState::Crashed => "BROKE",
            HealthState::Warn => "look",
            HealthState::Fail => "FAILS",
        };
        self.line(&format!("{state:>7}  {:<15} {}", name(row.code), row.cause));
        if let Some(next) = &row.next {
            self.line(&format!("{:>25}{next}", ""));
        }
        for fix in &row.fixes {
            self.line(&format!("{:>25}oldgrowth doctor --fix {}", "", word(fix)));
        }
    }

    pub(in crate::cli) fn fix_plan(&self, plan: &FixPlan) {
        if self.json {
            return self.object(plan);
        }
        self.line(&plan.summary);
        for step in &plan.steps {
            self.line(&format!("  {step}"));
        }
        if let Some(about) = plan.about_ms {
            self.line(&format!("  It takes about {} s.", about.div_ceil(1_000)));
        }
        if plan.undo {
            self.line("  It can be undone for seven days.");
        }
    }

    pub(in crate::cli) fn receipt(&self, receipt: &FixReceipt) {
        if self.json {
            return self.object(receipt);
        }
        self.line(&receipt.summary);
        for done in &receipt.done {
            self.line(&format!("  {done}"));
        }
        if let Some(folder) = &receipt.folder {
            self.line("  Look into it with:");
            for command in ["search WORDS", "doctor"] {
                self.line(&format!("    oldgrowth --workspace \"{folder}\" {command}"));
            }
        }
        match (&receipt.undone_at, &receipt.undo_until) {
            (Some(at), _) => self.line(&format!("  Undone at {at}.")),
            (None, Some(until)) => self.line(&format!(
                "  Until {until}: oldgrowth doctor --undo {}",
                receipt.id
            )),
            (None, None) => {}
        }
    }

    pub(in crate::cli) fn receipts(&self, receipts: &[FixReceipt]) {
        if self.json {
            return self.object(&receipts);
        }
        if receipts.is_empty() {
            self.line("Nothing was fixed yet.");
        }
        for receipt in receipts {
            self.line(&format!(
                "{}  {}  {}",
                receipt.at,
                receipt.id,
                word(&receipt.code)
            ));
            self.receipt(receipt);
        }
    }

    pub(in crate::cli) fn report(&self, report: &Report) {
        if self.json {
            return self.object(report);
        }
        self.line(report.text.trim_end());
    }

    pub(in crate::cli) fn timeline(&self, timeline: &Timeline) {
        if self.json {
            return self.object(timeline);
        }
        if timeline.entries.is_empty() {
            self.line("Nothing has happened yet.");
        }
        for entry in &timeline.entries {
            self.line(&format!("{}  {}", entry.at, happened(&entry.what)));
        }
    }

    /// Tells how far something is that takes long.
    pub(in crate::cli) fn progress(&self, event: &Event) {
        match event {
            Event::Move(progress) => self.move_progress(progress),
            Event::Fix(progress) => self.fix_progress(event, progress),
            Event::Health(status) if !self.json => {
                for row in status.components.iter().filter(|row| row.running) {
                    hint(&format!("Checking {} …", name(row.code)));
                }
            }
            _ => {}
        }
    }

    fn fix_progress(&self, event: &Event, progress: &FixProgress) {
        if self.json {
            return self.object(event);
        }
        hint(&match progress.total {
            0 => format!("{} …", progress.doing),
            total => format!("{}: {} of {total} …", progress.doing, progress.done),
        });
    }
}

fn happened(what: &Happened) -> String {
    match what {
        Happened::Health {
            code, to, cause, ..
        } => format!("{}: {}. {cause}", name(*code), word(to)),
        Happened::Started {
            version,
            updated_from: Some(before),
        } => format!("Oldgrowth {version} was started, updated from {before}."),
        Happened::Started { version, .. } => format!("Oldgrowth {version} was started."),
        Happened::EndedBadly => "The run before ended without being closed.".to_owned(),
        Happened::Crash { place } => format!("Oldgrowth itself broke, at {place}."),
        Happened::Import {
            label,
            added,
            failed,
            ..
        } => format!("Import of {label}: {added} added, {failed} failed."),
        Happened::Fix {
            code,
            summary,
            undone,
            ..
        } => match undone {
            true => format!("Taken back: {}.", word(code)),
            false => format!("{}: {summary}", word(code)),
        },
    }
}

/// As it is written on the wire.
fn word(code: &impl Serialize) -> String {
    let value = serde_json::to_value(code).ok();
    value
        .as_ref()
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn name(code: ComponentCode) -> String {
    match code {
        ComponentCode::WatchedFolders => "watching".to_owned(),
        code => word(&code).replace('_', " "),
    }
}
