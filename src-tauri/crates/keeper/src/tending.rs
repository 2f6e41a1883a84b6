//! What is looked after though nobody calls: by the minute, and after sleep.

use crate::breaker::BreakerState;
use crate::file::{KeptFile, Lane};
use crate::held::connection_is_held;

impl KeptFile {
    /// Looks after the file: the room on its volume, the names of its files, and how long it has not
    /// been usable. The process calls it about once a minute; it is cheap and opens nothing.
    pub fn tick(&self) {
        if connection_is_held() {
            // What it does may have to wait for that very connection. The next minute comes.
            return;
        }
        self.look_at_disk(true);
        self.look_at_identity();
        self.look_for_incident();
        self.health.deliver();
    }

    /// Compares the names of the files with those that are open, for whoever asks how it is: between two
    /// acknowledgements nobody else would. A few `stat`s; what was opened stays as it is.
    pub fn compare_names(&self) {
        if connection_is_held() {
            return;
        }
        if let Some(hub) = self.current_hub() {
            // What comes of it is in the health.
            self.check_identity(&hub).ok();
        }
        self.health.deliver();
    }

    /// After the computer slept: what was open may have gone with a drive, and waiting times that ran
    /// meanwhile mean nothing. A file that was never opened is left alone, and so is one that waits for
    /// a person.
    pub fn resumed(&self) {
        if connection_is_held() {
            return;
        }
        self.tick();
        if self.is_open() {
            // What comes of it is in the health, for whoever asks.
            self.read(Lane::Interactive, crate::file::look_inside).ok();
        } else if let BreakerState::Open { .. } = self.breaker_state() {
            self.open_now().ok();
        }
    }

    /// Compares the names with the open files, and copies what could not be copied before.
    fn look_at_identity(&self) {
        if let Some(hub) = self.current_hub() {
            // Those who write are told; nobody waits here.
            self.check_identity(&hub).ok();
        }
        self.keep_aside();
    }
}
