//! T1: each call that the keeper's work makes to the file system fails in turn. What was acknowledged
//! must be there when the disk is well again, and each failure must have been given its right class.

use oldgrowth_keeper::Lane;

use super::Suite;
use super::faulted::{Scene, fail_every_call};
use super::oracle::{SCHEMA, checkpoint_every};
use super::work::Work;

pub(super) const SUITE: Suite = Suite {
    name: "faults",
    what: "T1, each call to the file system fails",
    short_runs: 3_000,
    long_runs: 20_000,
    run: |options| fail_every_call("faults", options, &SCENES),
};

const SCENES: [Scene; 2] = [
    Scene {
        name: "a small life",
        schema: SCHEMA,
        weight: 20,
        prepare: |_| Ok(()),
        act: |work| live(work, false),
    },
    // Much is written, so that the keeper moves the WAL into the file by itself.
    Scene {
        name: "a large life",
        schema: SCHEMA,
        weight: 1,
        prepare: |_| Ok(()),
        act: |work| live(work, true),
    },
];

const PRODUCERS: i64 = 4;
/// Pages after which SQLite moves the WAL into the file, so that small lives meet it as well.
const CHECKPOINT_PAGES: i64 = 20;

/// Makes the file, writes from several threads, closes it, and does a little more of each.
fn live(work: &Work, much: bool) {
    work.in_keeper(|file| {
        work.hear(checkpoint_every(file, CHECKPOINT_PAGES));
        std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                scope.spawn(move || work.produce(file, producer));
            }
        });
        if much {
            work.write_much(file);
        }
    });
    work.in_keeper(|file| {
        work.read(file, Lane::Interactive);
        work.produce(file, PRODUCERS);
    });
}
