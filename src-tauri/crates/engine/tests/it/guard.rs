//! No model is waited for while a connection is held. Not a debug assertion: it holds in every build.

use oldgrowth_engine::Error;
use oldgrowth_engine::ports::{Summariser, Unit};
use oldgrowth_models::Extractive;
use oldgrowth_store::Lane;

use crate::rig::Place;

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
