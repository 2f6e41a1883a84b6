//! The table, for people or as JSON.

use std::process::ExitCode;
use std::time::Duration;

use oldgrowth_testkit::torture::{Options, Report, Suite};
use serde_json::{Value, json};

const HEAD: [&str; 11] = [
    "suite",
    "runs",
    "faults",
    "acknowledged",
    "lost",
    "corrupt",
    "panics",
    "hangs",
    "broken",
    "worst reopen",
    "took",
];

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; HEAD.len()]>,
    values: Vec<Value>,
    missed: bool,
}

impl Table {
    pub(crate) fn add(
        &mut self,
        suite: &Suite,
        options: &Options,
        report: Report,
        took: Duration,
        quiet: bool,
    ) {
        self.missed |= !report.holds();
        let seconds = took.as_secs_f64();
        let reopen_ms = report.worst_reopen.as_secs_f64() * 1e3;
        self.rows.push([
            format!("{}: {}", suite.name, suite.what),
            report.runs.to_string(),
            report.faults.to_string(),
            report.acknowledged.to_string(),
            report.lost.to_string(),
            report.corrupt.to_string(),
            report.panics.to_string(),
            report.hangs.to_string(),
            report.broken.to_string(),
            format!("{reopen_ms:.1} ms"),
            format!("{seconds:.1} s"),
        ]);
        self.values.push(json!({
            "suite": suite.name,
            "seed": options.seed,
            "runs": report.runs,
            "faults": report.faults,
            "acknowledged": report.acknowledged,
            "lost": report.lost,
            "corrupt": report.corrupt,
            "panics": report.panics,
            "hangs": report.hangs,
            "broken": report.broken,
            "worst_reopen_ms": reopen_ms,
            "seconds": seconds,
            "notes": report.notes,
        }));
        if quiet {
            return;
        }
        let verdict = if report.holds() { "holds" } else { "BROKEN" };
        say(&format!(
            "{} (seed {}): {verdict}, {} runs in {seconds:.1} s",
            suite.name, options.seed, report.runs
        ));
        for (what, times) in &report.notes {
            say(&format!("    {times} x {what}"));
        }
        for failure in &report.failures {
            say(&format!("  ! run {}: {}", failure.run, failure.what));
        }
    }

    pub(crate) fn finish(self, as_json: bool) -> ExitCode {
        if as_json {
            say(&Value::Array(self.values).to_string());
        } else {
            let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
            say(&format!("\n{}", line(&HEAD.map(str::to_owned))));
            say(&format!("|{}", "---|".repeat(HEAD.len())));
            for row in &self.rows {
                say(&line(row));
            }
        }
        if self.missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
