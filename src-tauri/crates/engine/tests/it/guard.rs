//! No model is waited for while a connection is held. Not a debug assertion: it holds in every build.

use std::sync::{Arc, mpsc};

use oldgrowth_engine::ports::{Clock, Summariser, Unit};
use oldgrowth_engine::{Asked, Error, Note};
use oldgrowth_models::Extractive;
use oldgrowth_store::Lane;
use oldgrowth_testkit::WallClock;

use crate::rig::{DEADLINE, Place, Rig};
use crate::stand_ins::{GatedFiles, GatedSummariser};

fn asked() -> Result<(), Error> {
    let unit = Unit {
        text: "The boat left the harbour early.".to_owned(),
        group: 0,
    };
    Extractive.summarise(&[unit], 100).map(drop)
}

#[test]
fn a_model_refuses_to_work_inside_a_read_or_a_write() {
    let place = Place::new();
    let rig = place.start(0);
    let inside_read = rig.store.read(Lane::Background, |_| asked());
    assert!(
        matches!(inside_read, Err(Error::HeldConnection)),
        "a read holds a connection: {inside_read:?}"
    );
    let inside_write = rig.store.write(|_| asked());
    assert!(
        matches!(inside_write, Err(Error::HeldConnection)),
        "so does a write: {inside_write:?}"
    );
    assert!(asked().is_ok(), "and outside nothing is held any more");
}

#[test]
fn the_disk_is_not_read_inside_a_read() {
    let place = Place::new();
    place.write("a.md", "A note.");
    let rig = place.start(0);
    let inside = rig.store.read(Lane::Background, |_| {
        rig.engine.plan_import(&[rig.path().to_path_buf()])
    });
    assert!(
        matches!(inside, Err(Error::HeldConnection)),
        "walking a folder may take long: {inside:?}"
    );
}

#[test]
fn a_read_inside_a_read_is_refused() {
    let place = Place::new();
    let rig = place.start(0);
    let nested = rig.store.read(Lane::Background, |_| rig.engine.ledger());
    assert!(
        matches!(&nested, Err(Error::Store(error)) if !error.is_transient()),
        "a fault of ours, told as one: {nested:?}"
    );
}

/// What is asked while all readers are lent for a moment is told so at once, and asks again.
pub(crate) fn answer<T>(ask: impl Fn() -> Result<T, Error>) -> T {
    let clock = WallClock::start();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) if error.is_transient() && clock.monotonic() < DEADLINE => {}
            Err(error) => panic!("never answered: {error:?}"),
        }
    }
}

/// What a person may ask for at any time, and a note that is kept.
fn ask_everything(rig: &Rig, number: usize) {
    let boat = Asked {
        text: "boat7".to_owned(),
        limit: 5,
        ..Asked::default()
    };
    let note = || Note {
        text: format!("Note {number} was written while the model was thinking."),
        title: None,
        happened_at: None,
    };
    let found = answer(|| rig.engine.search(&boat)).hits.len();
    assert_eq!(found, 1, "a search finds");
    answer(|| rig.engine.add_note(note()));
    let status = rig.engine.status();
    assert!(!status.components.is_empty(), "health is told");
    let activity = answer(|| rig.engine.activity());
    assert_eq!(activity.running.len(), 1, "the summary is being made");
}

/// The model is held at a gate for as long as the test likes, so that nothing here depends on how long it
/// takes: if it held the one reader that is left, or the writer, nothing else would be answered.
#[test]
fn while_a_model_thinks_one_reader_and_the_writer_serve_everybody() {
    const PEOPLE: usize = 4;
    const TIMES: usize = 3;
    let place = Place::new();
    place.write_many(16);
    let model = Arc::new(GatedSummariser::default());
    model.gate.hold_call(1);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model.clone());
    rig.import();
    model.gate.wait_held();
    std::thread::scope(|scope| {
        let (enter, entered) = mpsc::channel();
        let mut leave = Vec::new();
        // Of three readers two are taken, one of them of those that jobs may use.
        for lane in [Lane::Background, Lane::Interactive] {
            let (go, wait) = mpsc::channel::<()>();
            let (store, enter) = (&rig.store, enter.clone());
            leave.push(go);
            scope.spawn(move || {
                store.read(lane, |_| {
                    enter.send(()).unwrap();
                    // Hung up on at the end of the test, however it ends.
                    let _hung_up = wait.recv();
                    Ok::<_, Error>(())
                })
            });
        }
        for _ in 0..leave.len() {
            entered.recv_timeout(DEADLINE).unwrap();
        }
        let asking: Vec<_> = (0..PEOPLE)
            .map(|person| {
                let rig = &rig;
                scope.spawn(move || {
                    (0..TIMES).for_each(|time| ask_everything(rig, person * TIMES + time));
                })
            })
            .collect();
        for person in asking {
            assert!(person.join().is_ok(), "everybody was answered");
        }
    });
    assert!(model.gate.is_holding(), "and the model thinks still");
    model.gate.open();
    rig.idle();
    let kept = place.count("SELECT count(*) FROM chunks WHERE text LIKE '%thinking%'");
    assert_eq!(kept as usize, PEOPLE * TIMES, "each note is there");
    place.assert_whole();
}
