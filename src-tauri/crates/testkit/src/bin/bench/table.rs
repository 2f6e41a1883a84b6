//! Rows as they are measured, and the table at the end.

use std::path::Path;
use std::time::Duration;

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

    pub(crate) fn finish(self, write: Option<&Path>) {
        let mut text =
            String::from("| what | Oldgrowth | plain | bar | |\n|---|---|---|---|---|\n");
        for row in &self.rows {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        say(&format!("\n{text}"));
        if let Some(path) = write
            && let Err(error) = put(path, &text)
        {
            say(&format!("the table could not be written: {error}"));
        }
        std::process::exit(i32::from(self.missed > 0));
    }
}

/// Puts the table between the marks of a page, leaving what stands around it.
fn put(path: &Path, table: &str) -> std::io::Result<()> {
    const BEGIN: &str = "<!-- table -->\n";
    const END: &str = "<!-- /table -->";
    let page = std::fs::read_to_string(path)?;
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(std::io::Error::other("the page has no marks for a table"));
    };
    std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}"))
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
