//! What is looked after though nobody calls: by the minute, and after sleep.

use crate::file::KeptFile;

impl KeptFile {
    /// Looks after the file. The process calls it about once a minute; it is cheap and opens nothing.
    pub fn tick(&self) {
        self.look_at_disk(true);
        self.deliver_health();
    }
}
