//! What the process lends: time and threads.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The two clocks. Only the monotonic one decides anything; the other one is shown to people.
pub trait Clock: Send + Sync {
    fn monotonic(&self) -> Duration;
    fn unix_ms(&self) -> i64;
}

pub trait Spawn: Send + Sync {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>>;
}

#[derive(Clone)]
pub struct Ambient {
    pub clock: Arc<dyn Clock>,
    pub spawn: Arc<dyn Spawn>,
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ambient")
    }
}
