use std::path::Path;

use oldgrowth_keeper::{Ambient, Keeper};
use oldgrowth_store::Store;
use oldgrowth_store::table::sources::Origin;
use oldgrowth_testkit::{Threads, WallClock};
use rusqlite::Connection;

pub(crate) fn keeper() -> Keeper {
    Keeper::new(Ambient {
        clock: WallClock::start(),
        spawn: std::sync::Arc::new(Threads),
    })
}

/// A store in this folder, made if it isn't there, with something done in it.
pub(crate) fn with_store(folder: &Path, work: impl FnOnce(&Store)) {
    let folder = folder.canonicalize().unwrap();
    let keeper = keeper();
    let store = Store::of_workspace(&keeper, &folder).unwrap();
    work(&store);
    keeper.shut_down();
}

/// Makes an empty store.
pub(crate) fn fresh(folder: &Path) {
    with_store(folder, |store| {
        store
            .write(|w| w.ensure_source(Origin::Notes, "Notes", NOW))
            .unwrap();
    });
}

pub(crate) const NOW: oldgrowth_domain::UnixMs = oldgrowth_domain::UnixMs(1_795_000_000_000);

/// A connection of the test's own, past the keeper.
#[expect(
    clippy::disallowed_methods,
    reason = "the test looks at the file behind the keeper's back"
)]
pub(crate) fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join(Store::FILE)).unwrap()
}
