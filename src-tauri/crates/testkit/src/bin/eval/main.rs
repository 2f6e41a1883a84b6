//! How well recall finds: questions whose answers are known are asked through the product's own import, index and
//! recall, by words and by what the built-in model says that they mean. `npm run eval` runs it.

mod described;
mod known;
mod locomo;
mod measure;
mod memory;
mod nonsense;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use measure::Table;
use memory::By;

/// Measures how well Oldgrowth finds what it was asked for.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    set: Set,
}

#[derive(Debug, Subcommand)]
enum Set {
    /// Conversations of the shape of LoCoMo's, with questions and the turns that answer them
    Locomo {
        /// Such as locomo10.json
        file: PathBuf,
        /// All conversations in one memory, not each in its own
        #[arg(long)]
        pooled: bool,
        /// By words alone
        #[arg(long)]
        words: bool,
        #[arg(long)]
        json: bool,
    },
    /// The read-me files of the packages in these folders, asked for by the packages' descriptions
    Described {
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// By words alone
        #[arg(long)]
        words: bool,
        #[arg(long)]
        json: bool,
    },
    /// Documents of these folders, and questions that are made from them by rule
    Known {
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// By words alone
        #[arg(long)]
        words: bool,
        #[arg(long)]
        json: bool,
    },
    /// What means nothing, and what is asked in another language, of a file as `locomo` takes it or of a folder: how much of
    /// it is answered though no word of it stands there
    Nonsense { file: PathBuf },
}

fn main() {
    match Args::parse().set {
        Set::Locomo {
            file,
            pooled,
            words,
            json,
        } => print(&locomo::measure(&file, pooled, by(words)), json),
        Set::Described {
            folders,
            words,
            json,
        } => print(&described::measure(&folders, by(words)), json),
        Set::Known {
            folders,
            words,
            json,
        } => print(&known::measure(&folders, by(words)), json),
        Set::Nonsense { file } => answered(&nonsense::measure(&file)),
    }
}

fn by(words: bool) -> By {
    if words { By::Words } else { By::Meaning }
}

#[expect(clippy::print_stdout, reason = "what is measured is what it prints")]
fn print(table: &Table, json: bool) {
    println!("{}", if json { table.json() } else { table.page() });
}

#[expect(clippy::print_stdout, reason = "what is measured is what it prints")]
fn answered(kinds: &[(&str, usize, usize)]) {
    for (kind, asked, answered) in kinds {
        println!("{kind:12} {answered:5} of {asked}");
    }
}
