//! What a person waits for while summaries are thought about: with all readers but one taken, and a summariser that
//! thinks for two seconds about each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use oldgrowth_engine::ports::{Summarised, Summariser, Unit};
use oldgrowth_engine::{Error, Result};
use oldgrowth_models::Extractive;
use oldgrowth_store::Lane;
use oldgrowth_testkit::Corpus;

use crate::search::Filled;
use crate::table::{Table, millis};
use crate::{median, timed};

const THINKS: Duration = Duration::from_secs(2);
const ROUNDS: usize = 600;
const REST: Duration = Duration::from_millis(20);
const ANSWER_MAX: Duration = Duration::from_millis(50);
/// Enough for more summaries than can be thought about in these rounds.
const NOTES: usize = 60;
const PARAGRAPHS: usize = 12;

/// The built-in one, that thinks once it is told to.
#[derive(Default)]
struct Thinker {
    thinks: AtomicBool,
    at_it: AtomicUsize,
}

impl Summariser for Thinker {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        let made = Extractive.summarise(units, chars_max);
        if self.thinks.load(Ordering::SeqCst) {
            self.at_it.fetch_add(1, Ordering::SeqCst);
            std::thread::park_timeout(THINKS);
            self.at_it.fetch_sub(1, Ordering::SeqCst);
        }
        made
    }
}

/// How long searches took, and the read-outs of health.
struct Asked {
    searches: Vec<Duration>,
    healths: Vec<Duration>,
}

impl Asked {
    fn of(filled: &Filled, meanwhile: impl Fn()) -> Self {
        let (mut searches, mut healths) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let asked = filled.question(round);
            searches.push(timed(|| answer(|| filled.test.engine.search(&asked))).0);
            healths.push(timed(|| filled.test.engine.status()).0);
            meanwhile();
            std::thread::park_timeout(REST);
        }
        Self { searches, healths }
    }
}

/// What finds the one reader lent is told so at once, and asks again.
fn answer<T>(ask: impl Fn() -> Result<T>) -> T {
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) if error.is_transient() => {}
            Err(error) => panic!("the search works: {error:?}"),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table, passages: usize) {
    let thinker = Arc::new(Thinker::default());
    let filled = Filled::summarised_by(passages, thinker.clone());
    let engine = &filled.test.engine;
    let alone = Asked::of(&filled, || {});
    let notes = tempfile::tempdir().expect("a temporary folder");
    Corpus::new(7)
        .write_notes(notes.path(), NOTES, PARAGRAPHS)
        .expect("the notes are written");
    thinker.thinks.store(true, Ordering::SeqCst);
    engine
        .start_import(&[notes.path().to_path_buf()])
        .expect("the import starts");
    while thinker.at_it.load(Ordering::SeqCst) == 0 {
        std::thread::park_timeout(REST);
    }
    let idle = AtomicUsize::new(0);
    let meanwhile = std::thread::scope(|scope| {
        let (enter, entered) = mpsc::channel();
        let mut leave = Vec::new();
        // Of three readers these are taken, one of them of those that jobs may use.
        for lane in [Lane::Background, Lane::Interactive] {
            let (go, wait) = mpsc::channel::<()>();
            let (store, enter) = (&filled.test.store, enter.clone());
            leave.push(go);
            scope.spawn(move || {
                store.read(lane, |_| {
                    enter.send(()).expect("somebody waits for it");
                    // Hung up on when all was asked.
                    let _hung_up = wait.recv();
                    Ok::<_, Error>(())
                })
            });
        }
        for _ in 0..leave.len() {
            entered.recv().expect("a reader is taken");
        }
        Asked::of(&filled, || {
            let nobody_thinks = thinker.at_it.load(Ordering::SeqCst) == 0;
            idle.fetch_add(usize::from(nobody_thinks), Ordering::SeqCst);
        })
    });
    let idle = idle.into_inner();
    assert!(idle < ROUNDS / 10, "nobody thought in {idle} rounds");
    thinker.thinks.store(false, Ordering::SeqCst);
    let kept = filled.passages;
    for (what, beside, alone) in [
        ("a search", meanwhile.searches, alone.searches),
        ("a read-out of health", meanwhile.healths, alone.healths),
    ] {
        let slowest = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
        for (which, beside, alone) in [
            ("the slowest of 600", slowest(&beside), slowest(&alone)),
            ("the median", median(beside), median(alone)),
        ] {
            table.row(
                &format!(
                    "{what} at {kept} passages while a model thinks 2 s at a time and one reader is left, {which}, against nothing to do"
                ),
                &millis(beside),
                &millis(alone),
                &format!("under {} ms", ANSWER_MAX.as_millis()),
                beside < ANSWER_MAX,
            );
        }
    }
}
