//! A large import floods nobody: each kind of news comes at most four times a second, and the last of
//! each says how it ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::{Event, Work};
use oldgrowth_models::Extractive;
use oldgrowth_store::Clock;
use oldgrowth_testkit::{TestEngine, WallClock};
use parking_lot::Mutex;

use crate::rig::{DEADLINE, Place, said};

const DOCUMENTS: u32 = 10_000;
const APART: Duration = Duration::from_millis(250);

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Batch(_) => "batch",
        Event::Health(_) => "health",
        Event::MemoryChanged { .. } => "memory",
        Event::Work(_) => "work",
        Event::Plan { .. } => "plan",
        Event::Copy(_) | Event::CopiesChanged => "copies",
        Event::Fix(_) => "fix",
        Event::NamesChanged => "names",
        Event::Committed(_) => "committed",
    }
}

#[test]
fn ten_thousand_documents_are_told_in_few_events_and_the_last_is_exact() {
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    for number in 0..DOCUMENTS {
        let text = format!("The keeper of light{number} wrote this down.\n");
        std::fs::write(notes.path().join(format!("{number}.txt")), text).unwrap();
    }
    let clock = WallClock::start();
    let test = TestEngine::with(workspace.path(), 2, clock.clone(), Arc::new(Extractive));
    let told: Arc<Mutex<Vec<(Duration, Event)>>> = Arc::default();
    let (telling, hearing) = (Arc::clone(&told), clock.clone());
    test.engine.subscribe(move |event| {
        telling.lock().push((hearing.monotonic(), event.clone()));
    });
    let view = test.engine.start_import(&[notes.path().to_path_buf()]);
    let batch = view.unwrap().batch.id;
    let until = clock.monotonic() + DEADLINE * 4;
    assert!(
        test.engine
            .wait_until_idle(|| clock.monotonic() < until)
            .unwrap(),
        "it comes to its end"
    );
    let rows = test.engine.batch(&batch).unwrap().progress;
    let status = test.engine.status();
    // What is held back is told before the end.
    let stopping = clock.monotonic();
    test.engine.stop();

    let told = told.lock().clone();
    // By how often since the first: whoever hears of one may be late, and of the next be in time.
    let mut last: HashMap<&str, (Duration, u32)> = HashMap::new();
    for (at, event) in told.iter() {
        let kind = kind(event);
        let (first, count) = last.get(kind).copied().unwrap_or((*at, 0));
        let most = (*at - first).as_millis() / APART.as_millis() + 2;
        assert!(
            kind == "committed" || *at > stopping || u128::from(count) < most,
            "{kind} came {count} times and again in {:?}",
            *at - first
        );
        last.insert(kind, (first, count + 1));
    }
    println!("{last:?}");
    assert_eq!(
        last["committed"].1, DOCUMENTS,
        "each document is told of once"
    );
    let newest = |wanted: &str| {
        let mut events = told.iter().rev();
        events
            .find(|(_, event)| kind(event) == wanted)
            .map(|(_, event)| event.clone())
    };
    let Some(Event::Batch(end)) = newest("batch") else {
        panic!("the import was told of");
    };
    assert_eq!(
        (end.batch.state, end.progress.new),
        (BatchState::Done, DOCUMENTS),
        "its end, with all of it"
    );
    assert_eq!(end.progress, rows, "as the rows have it");
    let Some(Event::Work(Work { jobs, paused })) = newest("work") else {
        panic!("the work was told of");
    };
    let jobs = jobs.unwrap();
    assert_eq!(
        (jobs.ready, jobs.running, paused),
        (0, 0, None),
        "nothing is left"
    );
    let Some(Event::Health(told)) = newest("health") else {
        panic!("health was told of");
    };
    assert_eq!(said(&told), said(&status));
    let ledger = test.engine.ledger().unwrap();
    let counted = ledger.first().unwrap().coverage;
    assert_eq!(
        (
            counted.documents,
            counted.chunks,
            counted.indexed,
            counted.in_tree
        ),
        (DOCUMENTS, DOCUMENTS, DOCUMENTS, DOCUMENTS),
        "and what is counted a little at a time is all there is"
    );
}

#[test]
fn a_listener_that_panics_silences_nobody() {
    let place = Place::new();
    let rig = place.start(0);
    let (calls, heard) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let (calling, hearing) = (Arc::clone(&calls), Arc::clone(&heard));
    rig.engine.subscribe(move |event| {
        if matches!(event, Event::MemoryChanged { .. }) {
            *calling.lock() += 1;
            panic!("a listener that panics, as told");
        }
    });
    rig.engine.subscribe(move |event| {
        *hearing.lock() += u32::from(matches!(event, Event::MemoryChanged { .. }));
    });
    rig.note("The first lamp.");
    assert_eq!(*heard.lock(), 1, "whoever comes behind it hears");
    place.clock.advance(APART);
    rig.note("The second lamp.");
    assert_eq!(*heard.lock(), 2, "also the next news of that kind");
    assert_eq!(*calls.lock(), 2, "and so does the one that panicked");
}
