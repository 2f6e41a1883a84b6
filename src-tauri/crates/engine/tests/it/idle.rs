//! With nothing to do, nothing is done.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_engine::ports::Clock;
use oldgrowth_models::Rules;
use oldgrowth_testkit::WallClock;

use crate::rig::Place;

const QUIET: Duration = Duration::from_secs(2);

#[test]
fn an_idle_engine_neither_opens_nor_writes_nor_tells_anything() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start_extracting(4, Arc::new(Rules));
    rig.import_to_the_end();
    assert!(rig.engine.wait_until_extracted(|| true).unwrap());
    // The last worker counts what there is before it falls asleep.
    rig.engine.status();
    let facts = || {
        let facts = rig.store.facts();
        (facts.opens, facts.connections, facts.writes)
    };
    let settled = (0..10).any(|_| rig.quiet(QUIET));
    assert!(settled, "the news of the import come to an end");
    let (before, told) = (facts(), rig.events().len());
    let clock = WallClock::start();
    assert!(rig.quiet(QUIET), "nothing is told");
    assert!(clock.monotonic() >= QUIET, "all that time");
    assert_eq!(facts(), before, "nothing is opened or written");
    assert_eq!(rig.events().len(), told, "and nothing is told of");
    assert_eq!(before.0, 1, "the store was opened once");
}
