//! Runs the suites and prints one table. Ends with an error if a bar did not hold.

mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use oldgrowth_testkit::torture::{Options, Report, Sabotage, Suite, suites};

use table::{Table, say};

/// Breaks the keeper's files on purpose and counts what was lost.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    child: Option<Hidden>,
    /// Only this suite; all of them without it
    suite: Option<String>,
    /// Runs of each suite
    #[arg(long)]
    runs: Option<u64>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the run of this number
    #[arg(long)]
    only: Option<u64>,
    /// The form that every commit must stand
    #[arg(long)]
    short: bool,
    #[arg(long)]
    json: bool,
    /// A page that gets the table between its marks, as docs/reliability.md
    #[arg(long)]
    write: Option<PathBuf>,
    /// Runs at the same time
    #[arg(long)]
    workers: Option<usize>,
    /// Where the folders of runs are made
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// A bug to plant: delete-wal, ack-early, skip-sync or drop-locks
    #[arg(long, value_parser = sabotage)]
    sabotage: Option<Sabotage>,
}

#[derive(Debug, Subcommand)]
enum Hidden {
    /// A process that a suite starts and may kill.
    #[command(hide = true)]
    Child {
        name: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn sabotage(name: &str) -> Result<Sabotage, String> {
    Sabotage::named(name).ok_or_else(|| "no such bug".to_owned())
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Hidden::Child { name, arguments }) = &args.child {
        return be_child(name, arguments);
    }
    let chosen: Vec<&Suite> = suites::ALL
        .iter()
        .filter(|suite| args.suite.as_deref().is_none_or(|name| name == suite.name))
        .collect();
    if chosen.is_empty() {
        say("no suite has that name; there are:");
        for suite in suites::ALL {
            say(&format!("  {}: {}", suite.name, suite.what));
        }
        return ExitCode::FAILURE;
    }
    let mut table = Table::default();
    for suite in chosen {
        let options = match options(&args, suite) {
            Ok(options) => options,
            Err(error) => {
                say(&format!("the program cannot find itself: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let (took, report) = timed(|| (suite.run)(&options));
        table.add(suite, &options, report, took, args.json);
    }
    table.finish(args.json, args.write.as_deref())
}

fn be_child(name: &str, arguments: &[String]) -> ExitCode {
    match suites::CHILDREN.iter().find(|child| child.name == name) {
        Some(child) => (child.run)(arguments),
        None => ExitCode::FAILURE,
    }
}

fn options(args: &Args, suite: &Suite) -> std::io::Result<Options> {
    let runs = args.runs.unwrap_or(if args.short {
        suite.short_runs
    } else {
        suite.long_runs
    });
    let mut options = Options::here(runs, args.seed)?;
    options.only = args.only;
    options.sabotage = args.sabotage;
    options.workers = args.workers.unwrap_or(options.workers);
    if let Some(scratch) = &args.scratch {
        options.scratch.clone_from(scratch);
    }
    Ok(options)
}

#[expect(clippy::disallowed_methods, reason = "the table says how long it took")]
fn timed(work: impl FnOnce() -> Report) -> (Duration, Report) {
    let start = Instant::now();
    let report = work();
    (start.elapsed(), report)
}
