//! Plans and reads folders, and says what came of it: `cargo run --example look -- FOLDER..`

#![expect(clippy::print_stdout, reason = "a program for the terminal")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use oldgrowth_importers::{Forbidden, fetch, plan, read};

fn main() {
    let roots: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let start = Instant::now();
    let plan = plan(&roots, &Forbidden::default(), &|| false, &mut |_| {});
    println!(
        "planned {} items in {:?}",
        plan.items.len(),
        start.elapsed()
    );
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for skipped in &plan.skipped {
        *counts
            .entry(format!("skipped: {}", skipped.reason.message()))
            .or_default() += 1;
    }
    let (mut bytes, mut blocks, mut slowest) = (0, 0, (std::time::Duration::ZERO, String::new()));
    let start = Instant::now();
    for item in &plan.items {
        let one = Instant::now();
        let outcome = match fetch(&item.path, &Forbidden::default()) {
            Err(error) => format!("failed: {}", error.message()),
            Ok(fetched) => match read(fetched.format, &item.relative, &fetched.bytes) {
                Err(error) => format!("failed: {error}"),
                Ok(document) => {
                    bytes += fetched.bytes.len();
                    blocks += document.blocks.len();
                    for warning in &document.warnings {
                        *counts.entry(format!("warning: {warning:?}")).or_default() += 1;
                    }
                    format!("read: {}", fetched.format.as_str())
                }
            },
        };
        *counts.entry(outcome).or_default() += 1;
        if one.elapsed() > slowest.0 {
            slowest = (one.elapsed(), item.relative.clone());
        }
    }
    println!(
        "read {bytes} bytes into {blocks} blocks in {:?}",
        start.elapsed()
    );
    println!("slowest: {:?} {}", slowest.0, slowest.1);
    for (what, count) in counts {
        println!("{count:>8}  {what}");
    }
}
