//! Waiting a moment for something of the system that sends no word when it is over.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Rests this thread. For moments only: whoever waits for an event of ours waits for the event.
pub(crate) fn pause(moment: Duration) {
    let (mutex, nobody_notifies) = (Mutex::new(()), Condvar::new());
    nobody_notifies.wait_for(&mut mutex.lock(), moment);
}
