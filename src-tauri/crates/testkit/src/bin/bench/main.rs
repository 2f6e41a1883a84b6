//! What things cost, always beside the plain alternative in the same run: machines differ and are
//! never idle, so only the ratios mean anything. `npm run bench` runs it and writes the table.

mod claim;
mod designs;
mod doctor;
mod embed;
mod growing;
mod grown;
mod idle;
mod import;
mod nearest;
mod opens;
mod read;
mod real;
mod recall;
mod refused;
mod search;
mod sized;
mod sizes;
mod table;
mod thinking;
mod window;
mod workload;
mod writing;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;

use table::Table;

/// Measures Oldgrowth beside plain SQLite.
#[derive(Debug, Parser)]
struct Args {
    /// Only what has this word in its name: read, refused, looks, write, import, search, recall, recall-million, embed, nearest, doctor, thinking, claim, sizes, window, events, growing, rest, idle
    #[arg(long)]
    only: Option<String>,
    /// Passages for the search
    #[arg(long, default_value_t = 100_000)]
    passages: usize,
    /// Files for the import
    #[arg(long, default_value_t = 3_000)]
    files: usize,
    /// Seconds of each run of the writes
    #[arg(long, default_value_t = 4)]
    write_seconds: u64,
    /// Sizes of the files that are opened, checked and copied, in MB
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    sizes: Vec<u64>,
    /// Seconds of idleness
    #[arg(long, default_value_t = 60)]
    idle_seconds: u64,
    /// Rows that others have measured, to be put into the table: JSON
    #[arg(long)]
    also: Option<PathBuf>,
    /// Write the table to this page as well; with --only its other rows stay
    #[arg(long)]
    write: Option<PathBuf>,
    /// Only see to it that the memory of a million passages is there, and say where
    #[arg(long)]
    grow: bool,
    /// Only grow a memory of these folders, and say what it comes to, with ten summaries beside their sources
    #[arg(long, value_delimiter = ',')]
    grow_from: Vec<PathBuf>,
    /// Be the process that leaves a file without closing it
    #[arg(long, hide = true)]
    be_killed: Option<PathBuf>,
}

fn main() {
    let args = Args::parse();
    if let Some(path) = &args.be_killed {
        sizes::be_killed(path);
    }
    if args.grow {
        table::say(&grown::workspace(grown::MILLION).to_string_lossy());
        return;
    }
    if !args.grow_from.is_empty() {
        real::grow(&args.grow_from);
        return;
    }
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| name.contains(only));
    let mut table = Table::default();
    if wanted("read") {
        read::measure(&mut table);
    }
    if wanted("refused") {
        refused::measure(&mut table);
    }
    if wanted("looks") {
        refused::measure_looks(&mut table);
    }
    if wanted("write") {
        writing::measure(&mut table, Duration::from_secs(args.write_seconds));
    }
    if wanted("import") {
        import::measure(&mut table, args.files);
    }
    if wanted("search") {
        search::measure(&mut table, args.passages);
    }
    if wanted("recall") {
        recall::measure(&mut table, args.passages);
    }
    if wanted("recall-million") {
        recall::measure_million(&mut table);
    }
    if wanted("embed") {
        embed::measure(&mut table);
    }
    if wanted("nearest") {
        nearest::measure(&mut table, args.passages);
    }
    if wanted("doctor") {
        doctor::measure(&mut table, args.passages);
    }
    if wanted("thinking") {
        thinking::measure(&mut table, args.passages);
    }
    if wanted("claim") {
        claim::measure(&mut table);
    }
    if wanted("sizes") {
        sizes::measure(&mut table, &args.sizes);
    }
    if wanted("window") {
        window::measure(&mut table);
    }
    if wanted("events") {
        window::measure_events(&mut table, args.files);
    }
    if wanted("growing") {
        growing::measure(&mut table);
    }
    if wanted("rest") {
        growing::measure_rest(&mut table);
    }
    if wanted("idle") {
        idle::measure(&mut table, Duration::from_secs(args.idle_seconds));
    }
    if let Some(also) = &args.also {
        table.add_all(also);
    }
    table.finish(args.write.as_deref(), args.only.is_some());
}

/// How long the work took.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// How long each of them took on average.
fn each(times: u32, mut work: impl FnMut()) -> Duration {
    timed(|| (0..times).for_each(|_| work())).0 / times
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
