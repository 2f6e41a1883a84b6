//! What a suite is told.

use std::path::PathBuf;

use crate::SeededRandom;

#[derive(Debug, Clone)]
pub struct Options {
    /// How many runs are wanted. What counts as one is the suite's own business.
    pub runs: u64,
    pub seed: u64,
    /// Do only the run of this number, as a replay file names it.
    pub only: Option<u64>,
    /// Runs that go on at the same time.
    pub workers: usize,
    /// Where the folders of runs are made. In memory if the system has such a place: what is torn
    /// from a disk by a power loss is simulated, and a kill does not reach the system's own memory.
    pub scratch: PathBuf,
    /// Where the folders of failed runs are kept.
    pub kept: PathBuf,
    /// The torture program, for suites that start processes.
    pub program: PathBuf,
    /// A bug planted to see that the suite finds it.
    pub sabotage: Option<Sabotage>,
}

/// Bugs that a suite must find. Each is done by the suite to itself: the keeper stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The WAL is deleted before the file is opened again.
    DeleteWal,
    /// A write counts as acknowledged before it is committed.
    AckEarly,
    /// The disk forgets what it was told to sync.
    SkipSync,
    /// The files are opened and closed beside SQLite, which drops its locks.
    DropLocks,
    /// The breaker is not told that its probe failed.
    ForgetProbe,
    /// The space that was to be freed is not.
    StayFull,
    /// Somebody the keeper does not know of holds a snapshot.
    KeepReading,
    /// A caller tries whatever it is told about waiting.
    AskAlways,
    /// A step of a schema ends its transaction before its work.
    StepOutside,
}

impl Sabotage {
    pub const ALL: [(&'static str, Sabotage); 9] = [
        ("delete-wal", Sabotage::DeleteWal),
        ("ack-early", Sabotage::AckEarly),
        ("skip-sync", Sabotage::SkipSync),
        ("drop-locks", Sabotage::DropLocks),
        ("forget-probe", Sabotage::ForgetProbe),
        ("stay-full", Sabotage::StayFull),
        ("keep-reading", Sabotage::KeepReading),
        ("ask-always", Sabotage::AskAlways),
        ("step-outside", Sabotage::StepOutside),
    ];

    pub fn name(self) -> &'static str {
        Sabotage::ALL
            .iter()
            .find(|(_, sabotage)| *sabotage == self)
            .map_or("", |(name, _)| name)
    }

    pub fn named(name: &str) -> Option<Sabotage> {
        Sabotage::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, sabotage)| *sabotage)
    }
}

impl Options {
    /// The program of this process, the fastest folder there is, and two runs at once.
    pub fn here(runs: u64, seed: u64) -> std::io::Result<Options> {
        Ok(Options {
            runs,
            seed,
            only: None,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            scratch: scratch(),
            kept: PathBuf::from("target/torture"),
            program: std::env::current_exe()?,
            sabotage: None,
        })
    }

    /// The random numbers of one run: the same for the same seed and number, whatever ran before.
    pub fn random_of(&self, run: u64) -> SeededRandom {
        let mixed = SeededRandom::new(self.seed ^ run.wrapping_mul(0xD134_2543_DE82_EF95));
        SeededRandom::new(mixed.next())
    }
}

fn scratch() -> PathBuf {
    let in_memory = PathBuf::from("/dev/shm");
    if in_memory.is_dir() {
        return in_memory;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "each run has a temporary folder of its own in there, which it removes"
    )]
    std::env::temp_dir()
}
