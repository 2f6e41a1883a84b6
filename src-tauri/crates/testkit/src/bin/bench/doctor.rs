//! What the doctor's fast checks take, with everything counted anew, and what a search waits for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_engine::ComponentState;

use crate::search::Filled;
use crate::table::{Table, millis};
use crate::{median, timed};

const ROUNDS: usize = 9;
const SEARCHES: usize = 200;
const CHECKS_MAX: Duration = Duration::from_secs(1);
const SEARCH_MAX: Duration = Duration::from_millis(50);

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, passages: usize) {
    let filled = Filled::with(passages);
    let engine = &filled.test.engine;
    let checks: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let (time, status) = timed(|| engine.doctor());
            assert!(status.state < ComponentState::Fail, "{}", status.headline);
            time
        })
        .collect();
    let search = |at| {
        timed(|| {
            engine
                .search(&filled.question(at))
                .expect("the search works")
        })
        .0
    };
    let alone: Vec<Duration> = (0..SEARCHES).map(search).collect();
    let over = AtomicBool::new(false);
    let beside: Vec<Duration> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                engine.doctor();
            }
        });
        let beside = (0..SEARCHES).map(search).collect();
        over.store(true, Ordering::SeqCst);
        beside
    });
    let (checks, slowest) = (median(checks), beside.iter().max().copied());
    let slowest = slowest.unwrap_or_default();
    let kept = filled.passages;
    table.row(
        &format!("doctor: all fast checks at {kept} passages"),
        &millis(checks),
        "n/a",
        "under 1 s",
        checks < CHECKS_MAX,
    );
    table.row(
        &format!(
            "doctor: a search meanwhile, slowest of {SEARCHES}, against the median of one alone"
        ),
        &millis(slowest),
        &millis(median(alone)),
        "under 50 ms",
        slowest < SEARCH_MAX,
    );
}
