//! What a fix has done is told whatever happens to its receipt, to the fix, or to the process.

use std::sync::atomic::{AtomicUsize, Ordering};

use oldgrowth_engine::{Error, FixCode};

use crate::fixes::mend;
use crate::rig::Place;

#[test]
fn of_all_who_undo_a_fix_at_once_one_does() {
    const ASKING: usize = 24;
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    let source = rig.engine.ledger().unwrap().remove(0).source;
    let moved = place.notes.path().with_extension("moved");
    for _ in 0..15 {
        rig.engine.watch_source(&source.id, true).unwrap();
        std::fs::rename(place.notes.path(), &moved).unwrap();
        let (_, receipt) = mend(&rig, FixCode::StopWatching);
        std::fs::rename(&moved, place.notes.path()).unwrap();
        let undone = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..ASKING {
                scope.spawn(|| {
                    loop {
                        match rig.engine.undo_fix(&receipt.id) {
                            Ok(_) => _ = undone.fetch_add(1, Ordering::Relaxed),
                            Err(Error::FixUnderWay) => {}
                            Err(Error::NotUndoable) => break,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                });
            }
        });
        assert_eq!(undone.into_inner(), 1, "once is enough");
    }
}
