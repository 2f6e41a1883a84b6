//! Whatever comes between, in whatever order: imports of files that change, cancels, retries, seals,
//! restarts. At each rest every live passage is in its one place and can be found.

use std::sync::Arc;

use oldgrowth_importers::FilesOnDisk;
use oldgrowth_models::Extractive;
use oldgrowth_testkit::SeededRandom;

use crate::rig::{Place, Rig, file_name, file_text};

/// Each case is a history of its own. `OLDGROWTH_CASES` for the long form.
const CASES: u64 = 200;
const STEPS: usize = 12;

/// More than two seals take; few enough that the same are hit again and again.
const FILES: usize = 40;

#[test]
fn every_passage_is_in_one_place_after_any_history() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let cases = number("OLDGROWTH_CASES").unwrap_or(CASES);
    let first = number("OLDGROWTH_SEED").unwrap_or(1);
    let next = std::sync::atomic::AtomicU64::new(first);
    let last = first + cases;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if seed >= last {
                        return;
                    }
                    let outcome = std::panic::catch_unwind(|| history(seed));
                    assert!(outcome.is_ok(), "OLDGROWTH_SEED={seed} shows it");
                }
            });
        }
    });
}

fn history(seed: u64) {
    let random = SeededRandom::new(seed);
    let place = Place::new();
    place.write_many(3);
    let mut rig = place.start(2);
    let mut batches = Vec::new();
    for step in 0..STEPS {
        match random.below(9) {
            0..=3 => {
                change(&place, &random, step);
                batches.push(rig.import());
            }
            4 => {
                rig.note(&file_text(step, "noted"));
            }
            5 if !batches.is_empty() => {
                let batch = &batches[random.below(batches.len())];
                rig.engine.cancel_batch(batch).unwrap();
            }
            6 if !batches.is_empty() => {
                let batch = &batches[random.below(batches.len())];
                rig.engine.retry_batch(batch).unwrap();
                rig.engine.resume_batch(batch).unwrap();
            }
            7 => {
                drop(rig);
                rig = restart(&place, &random);
            }
            _ => rest(&place, &rig),
        }
    }
    drop(rig);
    let rig = place.start(2);
    rest(&place, &rig);
    // What is on the disk now is what is found, whatever came before.
    rig.import_to_the_end();
    place.assert_whole();
    for number in 0..FILES {
        let Ok(text) = std::fs::read_to_string(place.notes.path().join(file_name(number))) else {
            continue;
        };
        let asked: Vec<&str> = text
            .split_whitespace()
            .filter(|word| word.starts_with("boat"))
            .collect();
        let asked = asked.join(" ");
        let found = rig.found(&asked);
        assert!(
            found.iter().any(|hit| hit.chunk.text == text.trim_end()),
            "seed {seed}: {asked} finds the file as it is"
        );
    }
}

fn change(place: &Place, random: &SeededRandom, step: usize) {
    for _ in 0..1 + random.below(FILES / 2) {
        let number = random.below(FILES);
        // Of few versions, so that contents come back, and some are the same at two places.
        let version = ["first", "second", "third"][random.below(3)];
        let of = if random.below(5) == 0 {
            step % FILES
        } else {
            number
        };
        place.write(&file_name(number), &file_text(of, version));
    }
}

fn restart(place: &Place, random: &SeededRandom) -> Rig {
    place.start_with(
        random.below(4),
        Arc::new(FilesOnDisk::default()),
        Arc::new(Extractive),
    )
}

fn rest(place: &Place, rig: &Rig) {
    // An engine without workers never rests by itself.
    let has_workers = rig.engine.wait_until_idle(|| false).unwrap();
    if has_workers {
        place.assert_whole();
    }
}
