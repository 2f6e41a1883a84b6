//! What an idle memory costs: opens, write transactions and wake-ups of its threads.

use std::time::Duration;

use oldgrowth_engine::Note;
use oldgrowth_testkit::TestEngine;

use crate::table::Table;

/// What the start still has to do is over by then.
const SETTLE: Duration = Duration::from_secs(3);

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, how_long: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let test = TestEngine::start(folder.path(), 2);
    let note = Note {
        text: "Something to rest upon.".to_owned(),
        title: None,
        happened_at: None,
    };
    test.engine.add_note(note).expect("a note is kept");
    test.engine
        .wait_until_idle(|| true)
        .expect("the queue empties");
    std::thread::park_timeout(SETTLE);
    let (before, woken_before) = (test.store.facts(), wake_ups());
    std::thread::park_timeout(how_long);
    let (after, woken_after) = (test.store.facts(), wake_ups());
    let opens = after.opens - before.opens;
    let writes = after.writes - before.writes;
    let minutes = how_long.as_secs_f64() / 60.0;
    let woken = woken_before
        .zip(woken_after)
        .map(|(before, after)| after.saturating_sub(before));
    let a_minute = woken.map_or(0.0, |woken| woken as f64 / minutes);
    table.row(
        &format!("idle for {:.1} minutes", minutes),
        &format!("{opens} opens, {writes} writes, {a_minute:.1} wake-ups a minute"),
        "n/a",
        "0 opens, 0 writes, at most 2 wake-ups a minute",
        opens == 0 && writes == 0 && a_minute <= 2.0,
    );
}

/// Voluntary context switches of all threads but this one: each is a thread that went to sleep
/// again. `None` where the system does not count them.
fn wake_ups() -> Option<u64> {
    let own = std::process::id().to_string();
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let task = task.ok()?;
        if task.file_name().to_str() == Some(own.as_str()) {
            continue;
        }
        let status = std::fs::read_to_string(task.path().join("status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        sum += line.trim().parse::<u64>().ok()?;
    }
    Some(sum)
}
