//! What is looked after though nobody calls: by the minute, and after sleep.

use crate::file::KeptFile;

impl KeptFile {
    /// Looks after the file. The process calls it about once a minute; it is cheap and opens nothing.
    pub fn tick(&self) {
        self.look_at_disk(true);
        self.look_at_identity();
        self.deliver_health();
    }

    /// Compares the names with the open files, and copies what could not be copied before.
    fn look_at_identity(&self) {
        if let Some(hub) = self.current_hub() {
            // Who writes is told; nobody waits here.
            self.check_identity(&hub).ok();
        }
        self.keep_aside();
    }
}
