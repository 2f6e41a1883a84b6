//! Rows as they are measured, and the table at the end.

use std::path::Path;
use std::time::Duration;

const HEAD: &str = "| what | Oldgrowth | plain | bar | |\n|---|---|---|---|---|\n";

/// A row as others write it down.
#[derive(serde::Deserialize)]
struct Measured {
    what: String,
    ours: String,
    plain: String,
    bar: String,
    holds: bool,
}

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 5]>,
    missed: usize,
}

impl Table {
    /// `holds` says whether the bar was met.
    pub(crate) fn row(&mut self, what: &str, ours: &str, plain: &str, bar: &str, holds: bool) {
        let verdict = if holds { "met" } else { "MISSED" };
        self.missed += usize::from(!holds);
        say(&format!("{what}: {ours} | {plain} | {bar}: {verdict}"));
        self.rows
            .push([what, ours, plain, bar, verdict].map(str::to_owned));
    }

    /// What was measured elsewhere.
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    pub(crate) fn add_all(&mut self, path: &Path) {
        let rows = std::fs::read_to_string(path).expect("the rows are there");
        let rows: Vec<Measured> = serde_json::from_str(&rows).expect("they are rows");
        for row in rows {
            self.row(&row.what, &row.ours, &row.plain, &row.bar, row.holds);
        }
    }

    /// `part` says that not everything was measured: rows on the page that were not stay there.
    pub(crate) fn finish(self, write: Option<&Path>, part: bool) {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| format!("| {} |", row.join(" | ")))
            .collect();
        say(&format!("\n{HEAD}{}\n", rows.join("\n")));
        if let Some(path) = write
            && let Err(error) = put(path, rows, part)
        {
            say(&format!("the table could not be written: {error}"));
        }
        std::process::exit(i32::from(self.missed > 0));
    }
}

/// Puts the rows between the marks of a page, leaving what stands around them.
fn put(path: &Path, rows: Vec<String>, part: bool) -> std::io::Result<()> {
    const BEGIN: &str = "<!-- table -->\n";
    const END: &str = "<!-- /table -->";
    let page = std::fs::read_to_string(path)?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(END)?;
        Some((before, table, after))
    });
    let Some((before, table, after)) = parts else {
        return Err(std::io::Error::other("the page has no marks for a table"));
    };
    let rows = if part { merged(table, rows) } else { rows };
    let text = rows.join("\n");
    std::fs::write(path, format!("{before}{BEGIN}{HEAD}{text}\n{END}{after}"))
}

/// New rows in the places of old ones that say what they say, the others at the end.
fn merged(table: &str, new: Vec<String>) -> Vec<String> {
    let what = |row: &str| row.split(" | ").next().map(str::to_owned);
    let mut rows: Vec<String> = table
        .lines()
        .skip(HEAD.lines().count())
        .map(str::to_owned)
        .collect();
    for row in new {
        match rows.iter_mut().find(|old| what(old) == what(&row)) {
            Some(old) => *old = row,
            None => rows.push(row),
        }
    }
    rows
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
