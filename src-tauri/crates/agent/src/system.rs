//! The composition root's own: the clock, threads and randomness of this machine.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oldgrowth_engine::ports::{Ambient, Clock, Random, Spawn};

pub(crate) fn ambient() -> Ambient {
    Ambient {
        clock: Arc::new(SystemClock::start()),
        spawn: Arc::new(NamedThreads),
    }
}

struct SystemClock {
    start: Instant,
}

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the composition root is where the clock is read"
    )]
    fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the composition root is where the clock is read"
    )]
    fn unix_ms(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

struct NamedThreads;

impl Spawn for NamedThreads {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(name).spawn(body)
    }
}

/// The operating system's randomness.
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        // Without randomness an id would only be less unique; the time still tells them apart.
        if getrandom::fill(&mut bytes).is_err() {
            tracing::error!("the operating system gave no randomness");
            return SystemClock::start().unix_ms().unsigned_abs().into();
        }
        u128::from_le_bytes(bytes)
    }
}
