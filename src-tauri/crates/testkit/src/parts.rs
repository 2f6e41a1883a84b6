use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oldgrowth_engine::ports::{
    Ambient, Clock, Embedder, Embedders, Extractor, Files, Random, Spawn, Summariser,
};
use oldgrowth_engine::{Engine, Parts};
use oldgrowth_keeper::Keeper;
use oldgrowth_store::Store;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    pub fn at(unix_ms: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(unix_ms)))
    }

    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(
            i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }
}

impl Clock for FakeClock {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }

    fn unix_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// This machine's clock.
#[derive(Debug)]
pub struct WallClock(Instant);

impl WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's composition root reads the clock"
    )]
    pub fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for WallClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's composition root reads the clock"
    )]
    fn unix_ms(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Threads;

impl Spawn for Threads {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(name).spawn(body)
    }
}

/// The same bits in the same order for the same seed (SplitMix64: Steele, Lea and Flood, 2014).
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub fn next(&self) -> u64 {
        let mut z = self
            .0
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`, which is at least 1.
    pub fn below(&self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

impl Random for SeededRandom {
    fn bits(&self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

/// Keeps a temporary folder alive, or names one that somebody else keeps.
#[derive(Debug)]
pub enum Held {
    Temporary(tempfile::TempDir),
    Named(PathBuf),
}

impl Held {
    pub fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Named(path) => path,
        }
    }
}

/// An engine on a workspace of its own, with the real store and the real files.
#[derive(Debug)]
pub struct TestEngine {
    pub engine: Arc<Engine>,
    pub store: Store,
    pub keeper: Keeper,
    pub workspace: PathBuf,
}

impl TestEngine {
    pub fn start(workspace: &Path, workers: usize) -> Self {
        Self::with(
            workspace,
            workers,
            WallClock::start(),
            Arc::new(oldgrowth_models::Extractive),
        )
    }

    pub fn with(
        workspace: &Path,
        workers: usize,
        clock: Arc<dyn Clock>,
        summariser: Arc<dyn Summariser>,
    ) -> Self {
        Self::begin(workspace, workers, clock, summariser, Vec::new(), false)
    }

    /// As a person has it: with all that goes on behind what is asked for.
    pub fn whole(workspace: &Path, workers: usize) -> Self {
        let summariser = Arc::new(oldgrowth_models::Extractive);
        Self::begin(
            workspace,
            workers,
            WallClock::start(),
            summariser,
            Vec::new(),
            true,
        )
    }

    /// With somebody who embeds.
    pub fn embedding(workspace: &Path, workers: usize, embedder: Arc<dyn Embedder>) -> Self {
        let clock = WallClock::start();
        let summariser = Arc::new(oldgrowth_models::Extractive);
        let embedder: Option<Arc<dyn Embedders>> = Some(Arc::new(embedder));
        Self::begin_with(
            workspace,
            workers,
            clock,
            summariser,
            Vec::new(),
            false,
            embedder,
        )
    }

    /// On a system that empties these folders by itself.
    pub fn in_folders(workspace: &Path, emptied: Vec<PathBuf>) -> Self {
        let summariser = Arc::new(oldgrowth_models::Extractive);
        Self::begin(workspace, 0, WallClock::start(), summariser, emptied, false)
    }

    fn begin(
        workspace: &Path,
        workers: usize,
        clock: Arc<dyn Clock>,
        summariser: Arc<dyn Summariser>,
        emptied: Vec<PathBuf>,
        whole: bool,
    ) -> Self {
        Self::begin_with(workspace, workers, clock, summariser, emptied, whole, None)
    }

    #[expect(clippy::expect_used, reason = "a failed set-up fails the test")]
    fn begin_with(
        workspace: &Path,
        workers: usize,
        clock: Arc<dyn Clock>,
        summariser: Arc<dyn Summariser>,
        emptied: Vec<PathBuf>,
        whole: bool,
        embedders: Option<Arc<dyn Embedders>>,
    ) -> Self {
        let workspace = workspace.canonicalize().expect("the workspace is there");
        let ambient = Ambient {
            clock,
            spawn: Arc::new(Threads),
        };
        let keeper = Keeper::new(ambient.clone());
        let store = Store::of_workspace(&keeper, &workspace).expect("a store can be named");
        let files: Arc<dyn Files> = Arc::new(oldgrowth_importers::FilesOnDisk::default());
        let engine = Engine::start(Parts {
            workspace: workspace.clone(),
            store: store.clone(),
            ambient,
            // Others may have made ids in this workspace before, and what has the id of something else is refused.
            random: Arc::new(SeededRandom::new(RandomState::new().hash_one(0))),
            files,
            watches: Arc::new(oldgrowth_importers::WatchesOnDisk),
            summariser,
            extractor: whole.then(|| Arc::new(oldgrowth_models::Rules) as Arc<dyn Extractor>),
            embedders,
            embeds_after: Duration::ZERO,
            reranker: None,
            writer: None,
            power: None,
            gathers_days: whole,
            workers,
            emptied,
            crash_reports: None,
            models: None,
            place_is_fixed: false,
            zone: || oldgrowth_domain::TimeZone::UTC,
        });
        Self {
            engine: Arc::new(engine.expect("threads can be started")),
            store,
            keeper,
            workspace,
        }
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        self.engine.stop();
        self.keeper.shut_down();
    }
}
