//! What the embedder takes, in a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::num::NonZeroUsize;
use std::path::Path;

use oldgrowth_embedder::{E5, FILE, Side};

const MB: u64 = 1_000_000;
const LOADED_MAX: u64 = 120 * MB;
/// What the allocator keeps to itself, and code that has been used.
const LEFT_MAX: u64 = 30 * MB;

/// Memory of this process in bytes, what it has mapped included, by the system's account.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() * 1_024
}

#[test]
fn it_takes_less_than_120_mb_and_gives_it_back() {
    let lines: Vec<&str> = include_str!("data/lines.txt").lines().collect();
    let windows: Vec<String> = lines.chunks(6).map(|lines| lines.join("\n")).collect();
    let windows: Vec<&str> = windows.iter().map(String::as_str).take(64).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../weights")
        .join(FILE);
    let embedder = E5::new(file, NonZeroUsize::MIN);
    let before = resident();
    embedder.vectors(Side::Passage, &windows).unwrap();
    let loaded = resident() - before;
    assert!(loaded < LOADED_MAX, "{} MB are taken", loaded / MB);
    embedder.let_go();
    let left = resident().saturating_sub(before);
    assert!(left < LEFT_MAX, "{} MB are not given back", left / MB);
}
