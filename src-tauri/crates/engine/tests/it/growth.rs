//! Whatever comes between, in whatever order: imports of files that change, removals, seals, digests, topics that grow
//! and cool, models that are away, restarts. At each rest every passage is in just the places that it belongs to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use oldgrowth_engine::ports::{Fallback, Summarised, Summariser, Unit};
use oldgrowth_engine::{Error, Result};
use oldgrowth_models::Extractive;
use oldgrowth_store::table::sources::SourceKind;
use oldgrowth_testkit::SeededRandom;

use crate::rig::{Place, Rig, TODAY, file_name};
use crate::topics::{ALL, Known};

/// Each case is a history of its own. `OLDGROWTH_CASES` for the long form.
const CASES: u64 = 30;
const STEPS: usize = 9;
const FILES: usize = 40;
const LONG_DAYS: u64 = 400;
const DAY_MS: i64 = 86_400_000;

/// The built-in one, which now and then is away, or stood in for.
struct Fitful {
    random: SeededRandom,
    well: AtomicBool,
}

impl Summariser for Fitful {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        let made = Extractive.summarise(units, chars_max)?;
        if self.well.load(Ordering::SeqCst) {
            return Ok(made);
        }
        match self.random.below(6) {
            0 => Err(Error::Model {
                code: "away",
                retry_in: Some(Duration::from_millis(1)),
            }),
            1 | 2 => Ok(Summarised {
                fallback: Fallback::Away,
                ..made
            }),
            _ => Ok(made),
        }
    }
}

#[test]
fn every_passage_is_in_just_its_places_after_any_history() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let cases = number("OLDGROWTH_CASES").unwrap_or(CASES);
    let first = number("OLDGROWTH_SEED").unwrap_or(1);
    let next = AtomicU64::new(first);
    let seen = Seen::default();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + cases {
                        return;
                    }
                    let outcome = std::panic::catch_unwind(|| history(seed, &seen));
                    assert!(outcome.is_ok(), "OLDGROWTH_SEED={seed} shows it");
                }
            });
        }
    });
    let Seen { days, topics, cold } = seen;
    for (what, seen) in [("days", days), ("topics", topics), ("cold topics", cold)] {
        assert!(seen.into_inner() > 0, "there were {what} in some history");
    }
}

/// In how many rests there was something to be right.
#[derive(Default)]
struct Seen {
    days: AtomicU64,
    topics: AtomicU64,
    cold: AtomicU64,
}

struct History<'s> {
    seen: &'s Seen,
    place: Place,
    random: SeededRandom,
    model: Arc<Fitful>,
    samples: tempfile::TempDir,
}

fn history(seed: u64, seen: &Seen) {
    let it = History {
        seen,
        place: Place::new(),
        random: SeededRandom::new(seed),
        model: Arc::new(Fitful {
            random: SeededRandom::new(seed + 1_000_000),
            well: AtomicBool::new(false),
        }),
        samples: tempfile::tempdir().unwrap(),
    };
    it.change(it.place.notes.path());
    let (mut rig, mut workers) = (it.start(2), 2);
    for _ in 0..STEPS {
        match it.random.below(10) {
            0..=3 => {
                it.change(it.place.notes.path());
                rig.import();
            }
            4 => {
                it.change(it.samples.path());
                // While it is imported it is not imported again.
                let _begun = rig.engine.start_samples(it.samples.path()).is_ok();
            }
            5 => it.remove_samples(&rig),
            6 => {
                drop(rig);
                workers = it.random.below(3);
                rig = it.start(workers);
            }
            7 => {
                let hours = it.random.below(24 * 150) as u64;
                it.place.clock.advance(Duration::from_secs(hours * 60 * 60));
                rig.engine.look_after_jobs().unwrap();
            }
            _ if workers > 0 => it.rest(&rig),
            // Nobody is there to come to an end.
            _ => {}
        }
    }
    drop(rig);
    let rig = it.start(2);
    it.rest(&rig);
    rig.import_to_the_end();
    it.rest(&rig);
    // Nothing is said of anybody for so long that all topics are cold.
    it.place
        .clock
        .advance(Duration::from_secs(LONG_DAYS * 24 * 60 * 60));
    rig.engine.look_after_jobs().unwrap();
    it.rest(&rig);
}

impl History<'_> {
    fn start(&self, workers: usize) -> Rig {
        let known = Known { ..ALL };
        self.place
            .start_whole(workers, self.model.clone(), Arc::new(known))
    }

    fn change(&self, folder: &std::path::Path) {
        for _ in 0..1 + self.random.below(FILES) {
            let number = self.random.below(FILES);
            let who = ["Marta", "Tom", "Nobody"][self.random.below(3)];
            let at = TODAY
                - self.random.below(12) as i64 * DAY_MS
                - self.random.below(80_000_000) as i64;
            let date = match self.random.below(5) {
                // A name and no date; the file's own time is of another year.
                0 => String::new(),
                _ => format!(
                    "---\ndate: {}\n---\n",
                    oldgrowth_domain::UnixMs(at).to_rfc3339()
                ),
            };
            let text = format!(
                "{date}{who} says that boat{number} left the harbour early in the morning.\n\
                 Nobody on the quay had expected the wind{number} to turn so soon after dawn.\n"
            );
            std::fs::write(folder.join(file_name(number)), text).unwrap();
        }
    }

    fn remove_samples(&self, rig: &Rig) {
        let ledger = rig.engine.ledger().unwrap();
        let samples = ledger
            .into_iter()
            .find(|row| row.source.kind == SourceKind::Samples);
        if let Some(row) = samples {
            rig.engine.remove_source(&row.source.id).unwrap();
        }
    }

    /// Everything comes to its end, and what was made while the model was away is made anew.
    fn rest(&self, rig: &Rig) {
        self.model.well.store(true, Ordering::SeqCst);
        rig.grown();
        for _ in 0..200 {
            if self
                .place
                .count("SELECT count(*) FROM nodes WHERE degraded = 1")
                == 0
            {
                break;
            }
            rig.engine.look_after_jobs().unwrap();
            rig.grown();
        }
        self.place.assert_gathered();
        for (seen, sql) in [
            (
                &self.seen.days,
                "SELECT count(*) FROM periods WHERE root_id IS NOT NULL",
            ),
            (&self.seen.topics, "SELECT count(*) FROM topics"),
            (&self.seen.cold, "SELECT count(*) FROM topics WHERE hot = 0"),
        ] {
            seen.fetch_add(u64::from(self.place.count(sql) > 0), Ordering::SeqCst);
        }
        self.model.well.store(false, Ordering::SeqCst);
    }
}
