//! What is counted only now and then is never the last word.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use oldgrowth_engine::{Event, HealthCode, SourceLedger, Status};
use oldgrowth_models::Extractive;
use oldgrowth_store::Clock;
use oldgrowth_testkit::{TestEngine, WallClock};

use crate::rig::{DEADLINE, Place};
use crate::stand_ins::GatedFiles;

const STEP_MS: u64 = 100;

const TRIES: u32 = 10;

/// All that was told of at this moment has been heard when for so long nothing is.
const QUIET: Duration = Duration::from_secs(1);

/// Time passes only while somebody counts, and then with each look at it.
#[derive(Debug, Default)]
struct SlowClock {
    ms: AtomicU64,
    passes: AtomicBool,
}

impl SlowClock {
    /// What was counted serves no longer.
    fn jump(&self) {
        self.ms.fetch_add(100 * STEP_MS, Ordering::SeqCst);
    }
}

impl Clock for SlowClock {
    fn monotonic(&self) -> Duration {
        let step = if self.passes.load(Ordering::SeqCst) {
            STEP_MS
        } else {
            0
        };
        Duration::from_millis(self.ms.fetch_add(step, Ordering::SeqCst) + step)
    }

    fn unix_ms(&self) -> i64 {
        1_700_000_000_000
    }
}

/// A memory of two notes at rest.
struct Memory {
    test: TestEngine,
    clock: Arc<SlowClock>,
    notes: tempfile::TempDir,
    _workspace: tempfile::TempDir,
}

impl Memory {
    fn new() -> Self {
        let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["heron.md", "reed.md"] {
            std::fs::write(notes.path().join(name), format!("About the {name}.\n")).unwrap();
        }
        let clock = Arc::new(SlowClock::default());
        let test = TestEngine::with(workspace.path(), 1, clock.clone(), Arc::new(Extractive));
        test.engine
            .start_import(&[notes.path().to_path_buf()])
            .unwrap();
        let wall = WallClock::start();
        let idle = test.engine.wait_until_idle(|| wall.monotonic() < DEADLINE);
        assert!(idle.unwrap(), "it comes to its end");
        Self {
            test,
            clock,
            notes,
            _workspace: workspace,
        }
    }

    /// What this finds serves for a while.
    fn count_slowly(&self) {
        self.clock.passes.store(true, Ordering::SeqCst);
        self.test.engine.doctor();
        self.clock.passes.store(false, Ordering::SeqCst);
    }

    fn ledger(&self) -> SourceLedger {
        let mut ledger = self.test.engine.ledger().unwrap();
        assert_eq!(ledger.len(), 1);
        ledger.remove(0)
    }

    fn file(&self, name: &str) -> PathBuf {
        let file = self.notes.path().join(name);
        std::fs::write(&file, "\u{0}\u{1}\u{2}").unwrap();
        file
    }
}

#[test]
fn a_source_is_told_as_it_is_whenever_it_was_counted() {
    let memory = Memory::new();
    let engine = &memory.test.engine;
    engine.stop();
    memory.count_slowly();
    let id = memory.ledger().source.id;
    engine.rename_source(&id, "My walks").unwrap();
    engine.watch_source(&id, true).unwrap();
    let source = memory.ledger().source;
    assert_eq!(source.name, "My walks", "it has its new name");
    assert!(source.watched_since.is_some(), "and is watched");
}

#[test]
fn a_count_that_changes_no_sentence_is_told_all_the_same() {
    let memory = Memory::new();
    let engine = &memory.test.engine;
    let (tell, told) = mpsc::channel();
    engine.subscribe(move |event| {
        if matches!(event, Event::MemoryChanged { .. }) {
            tell.send(()).ok();
        }
    });
    let quiet = || while told.recv_timeout(QUIET).is_ok() {};
    for pictures in 1..=TRIES {
        quiet();
        memory.count_slowly();
        let picture = memory.file(&format!("{pictures}.bin"));
        engine.start_import(&[picture]).unwrap();
        assert!(engine.wait_until_idle(|| true).unwrap());
        quiet();
        if memory.ledger().coverage.not_read == pictures {
            // A count that was still to come was quicker than the slow one.
            continue;
        }
        memory.clock.jump();
        let heard = told.recv_timeout(DEADLINE);
        assert!(heard.is_ok(), "whoever was answered of late asks again");
        assert_eq!(memory.ledger().coverage.not_read, pictures);
        return;
    }
    panic!("nobody was ever answered of late");
}

#[test]
fn a_count_that_nobody_asked_for_ends_with_the_work() {
    let place = Place::new();
    place.write_many(2);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    rig.import_to_the_end();
    rig.engine.doctor();
    files.rest.hold_call(1);
    rig.note("The heron stands in the reeds.");
    files.rest.wait_held();
    // The worker has nothing left to do but to count what the note has changed.
    rig.engine.begin_stop();
    files.rest.open();
    rig.engine.stop();
    let coverage = |status: &Status| {
        let mut rows = status.components.iter();
        let row = rows.find(|row| row.code == HealthCode::Coverage);
        row.map(|row| row.cause.clone()).unwrap()
    };
    let now = "3 passages from 2 sources, all of them searchable and in the tree.";
    for event in rig.events() {
        if let Event::Health(status) = event {
            assert_ne!(coverage(&status), now, "nobody waits for it");
        }
    }
    assert_eq!(
        coverage(&rig.engine.status()),
        now,
        "whoever asks afterwards is answered"
    );
}
