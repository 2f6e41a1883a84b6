//! The table, for people or as JSON.

use std::path::Path;
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

    /// `page` gets the rows between its marks; rows of suites that did not run stay there.
    pub(crate) fn finish(mut self, as_json: bool, page: Option<&Path>) -> ExitCode {
        let rows: Vec<String> = self.rows.iter().map(|row| line(row)).collect();
        if as_json {
            say(&Value::Array(self.values).to_string());
        } else {
            say(&format!("\n{}\n{}", head(), rows.join("\n")));
        }
        if let Some(page) = page
            && let Err(error) = put(page, &rows)
        {
            say(&format!("the table could not be written: {error}"));
            self.missed = true;
        }
        if self.missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn head() -> String {
    let names = line(&HEAD.map(str::to_owned));
    format!("{names}\n|{}", "---|".repeat(HEAD.len()))
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn put(page: &Path, rows: &[String]) -> std::io::Result<()> {
    const BEGIN: &str = "<!-- torture -->\n";
    const END: &str = "<!-- /torture -->";
    let text = std::fs::read_to_string(page)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(END)?;
        Some((before, table, after))
    });
    let Some((before, table, after)) = parts else {
        return Err(std::io::Error::other("the page has no marks for a table"));
    };
    let suite = |row: &str| row.split(':').next().map(str::to_owned);
    let mut all: Vec<String> = table.lines().skip(2).map(str::to_owned).collect();
    for row in rows {
        match all.iter_mut().find(|old| suite(old) == suite(row)) {
            Some(old) => old.clone_from(row),
            None => all.push(row.clone()),
        }
    }
    let table = format!("{}\n{}\n", head(), all.join("\n"));
    std::fs::write(page, format!("{before}{BEGIN}{table}{END}{after}"))
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
