//! The engine itself: its parts, its life, and nothing of what it does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_store::table::totals::Totals;
use oldgrowth_store::{Lane, Store, Waiting};
use parking_lot::Mutex;

use crate::askers::Askers;
use crate::copies::{Memo, Running};
use crate::coverage::LastCount;
use crate::doctor::{ByItself, FilesSeen, Fixing, Receipts};
use crate::embedding::{Embeds, Questions};
use crate::events::Events;
use crate::extraction::Extracting;
use crate::faults::{Fault, Faults};
use crate::health::{Board, Checks, ClockSeen, History, KeptChecks};
use crate::jobs::{Pruning, Queue, Workers, kept_pause};
use crate::nearest::Mirror;
use crate::ports::{
    Ambient, CrashReports, Embedders, Extractor, Files, Forbidden, Models, Power, Random, Reranker,
    Summariser, Watches, Writer,
};
use crate::reranking::Reranks;
use crate::sealing::Degraded;
use crate::settings::Settings;
use crate::storage::Counted;
use crate::tally::Tallies;
use crate::telling::{News, Telling};
use crate::watching::Watching;
use crate::written::Writes;
use crate::{Event, Result};

/// What an engine is composed of.
pub struct Parts {
    pub workspace: PathBuf,
    pub store: Store,
    pub ambient: Ambient,
    pub random: Arc<dyn Random>,
    pub files: Arc<dyn Files>,
    pub watches: Arc<dyn Watches>,
    pub summariser: Arc<dyn Summariser>,
    /// None where nobody is to look for what passages name.
    pub extractor: Option<Arc<dyn Extractor>>,
    /// None where passages are found by words alone.
    pub embedders: Option<Arc<dyn Embedders>>,
    /// Passages are embedded from so long after the start on. Questions are whenever they are asked.
    pub embeds_after: Duration,
    /// None where what is found keeps its order.
    pub reranker: Option<Arc<dyn Reranker>>,
    /// None where nobody writes answers.
    pub writer: Option<Arc<dyn Writer>>,
    /// While it says that the computer runs on its battery no passages are embedded. None where nobody asks.
    pub power: Option<Arc<dyn Power>>,
    /// Are passages gathered by days too, or by their sources alone?
    pub gathers_days: bool,
    /// How many jobs are worked on at once; with none the queue waits for another engine.
    pub workers: usize,
    /// Folders that the system empties by itself: no place for a memory, unless a person has named it.
    pub emptied: Vec<PathBuf>,
    /// None where nothing is recorded.
    pub crash_reports: Option<Arc<dyn CrashReports>>,
    /// None where no choice can be kept.
    pub models: Option<Arc<dyn Models>>,
    /// Its folder was named by whoever started this: the next start looks for a memory there again, so this one
    /// is not moved, and no other begun, from here.
    pub place_is_fixed: bool,
    /// Asks for the zone of the computer's clock as it is now.
    pub zone: fn() -> TimeZone,
}

/// The memory of one workspace, at work. Dropping it stops and joins its workers.
pub struct Engine {
    // Dropped first: no worker outlives what it works with.
    workers: Mutex<Option<Workers>>,
    core: Arc<Core>,
}

/// What use cases and workers share.
pub(crate) struct Core {
    pub(crate) workspace: PathBuf,
    pub(crate) store: Store,
    pub(crate) ambient: Ambient,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) watches: Arc<dyn Watches>,
    pub(crate) watching: Watching,
    /// Grows whenever the plans under way are called off.
    pub(crate) plans_cancelled: AtomicU64,
    pub(crate) summariser: Arc<dyn Summariser>,
    pub(crate) extractor: Option<Arc<dyn Extractor>>,
    pub(crate) extracting: Extracting,
    pub(crate) embedders: Option<Arc<dyn Embedders>>,
    pub(crate) embeds: Embeds,
    pub(crate) embeds_after: Duration,
    pub(crate) power: Option<Arc<dyn Power>>,
    /// When it was started, by the monotonic clock.
    pub(crate) begun: Duration,
    pub(crate) questions: Questions,
    pub(crate) reranker: Option<Arc<dyn Reranker>>,
    pub(crate) writer: Option<Arc<dyn Writer>>,
    pub(crate) writes: Writes,
    pub(crate) reranks: Reranks,
    pub(crate) mirror: Mirror,
    pub(crate) gathers_days: bool,
    /// Who puts passages to their days at this moment; others leave it to them.
    pub(crate) growing: Mutex<()>,
    pub(crate) events: Events,
    pub(crate) faults: Arc<Faults>,
    pub(crate) askers: Askers,
    pub(crate) board: Board,
    pub(crate) history: History,
    pub(crate) checks: Checks,
    pub(crate) kept_checks: Mutex<KeptChecks>,
    pub(crate) clock_seen: Mutex<ClockSeen>,
    pub(crate) emptied: Vec<PathBuf>,
    pub(crate) crash_reports: Option<Arc<dyn CrashReports>>,
    pub(crate) models: Option<Arc<dyn Models>>,
    pub(crate) degraded: Mutex<Degraded>,
    pub(crate) place_is_fixed: bool,
    zone: fn() -> TimeZone,
    pub(crate) fixing: Fixing,
    pub(crate) by_itself: ByItself,
    pub(crate) receipts: Mutex<Receipts>,
    /// The files of which nothing could be read when that was last tried.
    pub(crate) unreadable: Mutex<Option<FilesSeen>>,
    pub(crate) last_count: LastCount,
    pub(crate) queue: Queue,
    pub(crate) pruning: Mutex<Pruning>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) running: Running,
    pub(crate) tallies: Arc<Tallies>,
    pub(crate) telling: Telling,
    pub(crate) memo: Mutex<Memo>,
    /// A daily backup that was refused its long read and comes back.
    pub(crate) waiting: Mutex<Option<Waiting>>,
    /// What took room when it was last counted.
    pub(crate) counted: Mutex<Option<Counted>>,
    /// Does this process work on the queue, or only answer?
    pub(crate) has_workers: bool,
    changes: AtomicU64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the workers. The store need not be usable: they wait for it, and health says so.
    ///
    /// The caller holds the workspace's lock, so every lease found in the store is a dead process's.
    pub fn start(parts: Parts) -> std::io::Result<Self> {
        let count = parts.workers;
        let now = UnixMs(parts.ambient.clock.unix_ms());
        let settings = Settings::load(&parts.workspace);
        let memo = Memo::load(&parts.workspace);
        let paused = kept_pause(&parts.workspace);
        let kept_checks = KeptChecks::load(&parts.workspace);
        let receipts = Receipts::of(&parts.workspace);
        let board = Board::new(now);
        for row in kept_checks.components() {
            board.put_back(row);
        }
        parts
            .store
            .set_reservation_cap(settings.long_reads_max.to_use());
        let history = History::of(&parts.workspace);
        let begun = parts.ambient.clock.monotonic();
        let core = Arc::new(Core {
            workspace: parts.workspace,
            history,
            store: parts.store,
            ambient: parts.ambient,
            random: parts.random,
            files: parts.files,
            watches: parts.watches,
            watching: Watching::default(),
            plans_cancelled: AtomicU64::new(0),
            summariser: parts.summariser,
            extractor: parts.extractor,
            extracting: Extracting::default(),
            embedders: parts.embedders,
            reranker: parts.reranker,
            writer: parts.writer,
            writes: Writes::default(),
            reranks: Reranks::default(),
            embeds: Embeds::default(),
            embeds_after: parts.embeds_after,
            power: parts.power,
            begun,
            questions: Questions::default(),
            mirror: Mirror::default(),
            gathers_days: parts.gathers_days,
            growing: Mutex::default(),
            events: Events::default(),
            faults: Arc::default(),
            askers: Askers::default(),
            board,
            checks: Checks::default(),
            kept_checks: Mutex::new(kept_checks),
            clock_seen: Mutex::default(),
            emptied: parts.emptied,
            crash_reports: parts.crash_reports,
            models: parts.models,
            degraded: Mutex::default(),
            place_is_fixed: parts.place_is_fixed,
            zone: parts.zone,
            fixing: Fixing::default(),
            by_itself: ByItself::default(),
            receipts: Mutex::new(receipts),
            unreadable: Mutex::default(),
            last_count: LastCount::default(),
            queue: Queue::paused_since(paused),
            pruning: Mutex::default(),
            settings: Mutex::new(settings),
            running: Running::default(),
            tallies: Arc::default(),
            telling: Telling::default(),
            memo: Mutex::new(memo),
            waiting: Mutex::default(),
            counted: Mutex::default(),
            has_workers: count > 0,
            changes: AtomicU64::new(0),
        });
        core.watching.serve(Arc::downgrade(&core));
        core.checks.serve(Arc::downgrade(&core));
        core.by_itself.serve(Arc::downgrade(&core));
        let weak = Arc::downgrade(&core);
        core.faults.listen_to(&core.store);
        core.store.on_health(move |_| {
            if let Some(core) = weak.upgrade() {
                core.store_health_changed();
            }
        });
        let workers = Workers::start(&core, count)?;
        Ok(Self {
            workers: Mutex::new(Some(workers)),
            core,
        })
    }

    pub fn workspace(&self) -> &Path {
        &self.core.workspace
    }

    /// How much there is. Read in a job's lane: to be asked while nothing else is done.
    pub fn totals(&self) -> Result<Totals> {
        Ok(self
            .core
            .store
            .read(Lane::Background, |read| read.totals())?)
    }

    /// Calls back for each event: quick listeners only. Each kind of news is told at most four times a
    /// second, the last of it always; only [`Event::Committed`] is told of each document.
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.core.events.subscribe(Box::new(listener));
    }

    /// What time it is for this memory.
    pub fn now(&self) -> UnixMs {
        self.core.now()
    }

    /// Names that mean something to this person alone: of sources and of their folders.
    pub fn private_names(&self) -> Result<Vec<String>> {
        self.core.store.read(Lane::Background, |r| {
            let mut names = Vec::new();
            for source in r.sources()? {
                names.push(source.name);
                names.extend(source.root);
            }
            Ok(names)
        })
    }

    /// Calls back for what a developer should hear of, on the thread that met it: quick listeners only.
    pub fn on_fault(&self, listener: impl Fn(&Fault) + Send + Sync + 'static) {
        self.core.faults.subscribe(Arc::new(listener));
    }

    /// Asks the workers, and a plan that is being made, to stop soon; [`Engine::stop`] waits for them.
    pub fn begin_stop(&self) {
        self.core.queue.stop();
        self.core.watching.begin_stop();
        self.core.checks.begin_stop();
        self.core.fixing.call_off();
    }

    /// Stops the workers and waits for them; jobs that have not begun go back to the queue. Calls are
    /// still answered.
    pub fn stop(&self) {
        self.core.fixing.call_off();
        self.core.checks.stop();
        drop(self.workers.lock().take());
        self.core.by_itself.stop();
        self.core.questions.stop();
        self.core.reranks.stop();
        self.core.writes.stop();
        self.core.note_changes();
        self.core.history.end_run(self.core.now());
    }

    /// Waits until no job waits or runs. False when it was told to wait no longer, and when the work is
    /// paused and none is at work; an error when the store can't be used, or not be written until
    /// somebody does something about it.
    pub fn wait_until_idle(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        self.core.wait_until_idle(keep_waiting)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Core {
    pub(crate) fn now(&self) -> UnixMs {
        UnixMs(self.ambient.clock.unix_ms())
    }

    /// By whose clock instants are told.
    pub(crate) fn zone(&self) -> TimeZone {
        (self.zone)()
    }

    /// What no import may open: this workspace, and the store's files under whatever name.
    pub(crate) fn forbidden(&self) -> Forbidden {
        let main = self.workspace.join(Store::FILE);
        let beside = |suffix: &str| {
            let mut name = main.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        Forbidden {
            directories: vec![self.workspace.clone()],
            files: vec![
                main.clone(),
                beside("-wal"),
                beside("-shm"),
                beside("-journal"),
            ],
        }
    }

    pub(crate) fn memory_changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.tell(News::Memory);
    }

    /// How often the memory has changed since the start.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
