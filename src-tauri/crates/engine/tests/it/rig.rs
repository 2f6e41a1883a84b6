//! An engine on a workspace and a folder of files, and a look behind its back at the rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::{BatchId, TimeZone};
use oldgrowth_engine::ports::{
    Ambient, Clock, Embedder, Embedders, Extractor, Files, Power, Random, Reranker, Spawn,
    Summariser, Writer,
};
use oldgrowth_engine::{Asked, BatchView, Engine, Event, Hit, Note, NoteKept, Parts, Status};
use oldgrowth_importers::{FilesOnDisk, WatchesOnDisk};
use oldgrowth_keeper::Keeper;
use oldgrowth_models::Extractive;
use oldgrowth_store::Store;
use oldgrowth_testkit::{FakeClock, SeededRandom, Threads, WallClock};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

/// Whatever is waited for comes long before this, or never.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);

/// The day on which most tests take place: in November 2026.
pub(crate) const TODAY: i64 = 1_795_000_000_000;

/// A workspace and a folder to import, which outlive engines.
pub(crate) struct Place {
    pub(crate) workspace: tempfile::TempDir,
    pub(crate) notes: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) spawn: Arc<dyn Spawn>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            workspace: private_folder(),
            notes: tempfile::tempdir().unwrap(),
            clock: FakeClock::at(TODAY),
            spawn: Arc::new(Threads),
        }
    }

    /// On this very day, so that the times of files and of the clock can be compared.
    pub(crate) fn at_this_moment() -> Self {
        Self {
            clock: FakeClock::at(WallClock::start().unix_ms()),
            ..Self::new()
        }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.notes.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `count` files of one passage each, with a word of its own in each.
    pub(crate) fn write_many(&self, count: usize) {
        for number in 0..count {
            self.write(&file_name(number), &file_text(number, "first"));
        }
    }

    pub(crate) fn start(&self, workers: usize) -> Rig {
        self.start_with(
            workers,
            Arc::new(FilesOnDisk::default()),
            Arc::new(Extractive),
        )
    }

    pub(crate) fn start_with(
        &self,
        workers: usize,
        files: Arc<dyn Files>,
        summariser: Arc<dyn Summariser>,
    ) -> Rig {
        Rig::start(self, workers, files, summariser, Beside::default())
    }

    /// With the days gathered too, by this clock.
    pub(crate) fn start_growing(
        &self,
        workers: usize,
        summariser: Arc<dyn Summariser>,
        zone: fn() -> TimeZone,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            days: Some(zone),
            ..Beside::default()
        };
        Rig::start(self, workers, files, summariser, beside)
    }

    /// With the days and the topics gathered too.
    pub(crate) fn start_whole(
        &self,
        workers: usize,
        summariser: Arc<dyn Summariser>,
        extractor: Arc<dyn Extractor>,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            extractor: Some(extractor),
            days: Some(|| TimeZone::UTC),
            ..Beside::default()
        };
        Rig::start(self, workers, files, summariser, beside)
    }

    /// With all that is done beside the trees of the sources, by these.
    pub(crate) fn start_thinking(
        &self,
        workers: usize,
        summariser: Arc<dyn Summariser>,
        extractor: Arc<dyn Extractor>,
        embedder: Arc<dyn Embedder>,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            extractor: Some(extractor),
            embedders: Some(Arc::new(embedder)),
            days: Some(|| TimeZone::UTC),
            ..Beside::default()
        };
        Rig::start(self, workers, files, summariser, beside)
    }

    /// With this randomness.
    pub(crate) fn start_random(
        &self,
        workers: usize,
        summariser: Arc<dyn Summariser>,
        random: Arc<dyn Random>,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            random: Some(random),
            ..Beside::default()
        };
        Rig::start(self, workers, files, summariser, beside)
    }

    /// With somebody who embeds passages.
    pub(crate) fn start_embedding(&self, workers: usize, embedder: Arc<dyn Embedder>) -> Rig {
        self.start_asking(workers, Arc::new(embedder), None)
    }

    /// With somebody who embeds passages, and who may change, and with somebody who reads what was found.
    pub(crate) fn start_asking(
        &self,
        workers: usize,
        embedders: Arc<dyn Embedders>,
        reranker: Option<Arc<dyn Reranker>>,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            embedders: Some(embedders),
            reranker,
            ..Beside::default()
        };
        Rig::start(self, workers, files, Arc::new(Extractive), beside)
    }

    /// With somebody who writes answers.
    pub(crate) fn start_writing(&self, writer: Arc<dyn Writer>) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            writer: Some(writer),
            ..Beside::default()
        };
        Rig::start(self, 0, files, Arc::new(Extractive), beside)
    }

    /// With somebody who embeds passages, on this power.
    pub(crate) fn start_embedding_on(
        &self,
        workers: usize,
        embedder: Arc<dyn Embedder>,
        power: Arc<dyn Power>,
    ) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            embedders: Some(Arc::new(embedder)),
            power: Some(power),
            ..Beside::default()
        };
        Rig::start(self, workers, files, Arc::new(Extractive), beside)
    }

    /// With somebody who looks for what passages name.
    pub(crate) fn start_extracting(&self, workers: usize, extractor: Arc<dyn Extractor>) -> Rig {
        let files = Arc::new(FilesOnDisk::default());
        let beside = Beside {
            extractor: Some(extractor),
            ..Beside::default()
        };
        Rig::start(self, workers, files, Arc::new(Extractive), beside)
    }

    /// A connection of the test's own, past the keeper.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks at the rows behind the keeper's back"
    )]
    pub(crate) fn raw(&self) -> Connection {
        let raw = Connection::open(self.workspace.path().join(Store::FILE)).unwrap();
        raw.busy_timeout(Duration::from_secs(10)).unwrap();
        raw
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.raw().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// What must hold whenever nothing is under way.
    pub(crate) fn assert_whole(&self) {
        let raw = self.raw();
        for (fact, sql) in RULES {
            let broken: i64 = raw.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(broken, 0, "{fact}");
        }
        let mut keys = raw.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!keys.exists([]).unwrap(), "every reference leads somewhere");
        assert_spans(&raw);
    }
}

/// As whoever takes a workspace makes it.
pub(crate) fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), private).unwrap();
    }
    folder
}

/// Rules about rows: what holds, and how many rows break it.
const RULES: [(&str, &str); 11] = [
    (
        "a live passage is in exactly one buffer or node of its source",
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NULL
           AND (SELECT count(*) FROM buffer_items b WHERE b.chunk_id = c.id AND b.branch = 0)
             + (SELECT count(*) FROM node_children n WHERE n.chunk_id = c.id AND n.branch = 0) <> 1",
    ),
    (
        "a superseded passage is in no buffer, node, span or word index",
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NOT NULL
           AND (EXISTS (SELECT 1 FROM buffer_items b WHERE b.chunk_id = c.id)
             OR EXISTS (SELECT 1 FROM node_children n WHERE n.chunk_id = c.id)
             OR EXISTS (SELECT 1 FROM node_spans s WHERE s.chunk_id = c.id)
             OR EXISTS (SELECT 1 FROM words_docsize w WHERE w.id = c.id)
             OR EXISTS (SELECT 1 FROM words_near_docsize w WHERE w.id = c.id))",
    ),
    (
        "a live passage has its row in the word index",
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM words_docsize w WHERE w.id = c.id)",
    ),
    (
        "a live passage that somebody has said has its row in the second list, and no other has",
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NULL
           AND (c.author IS NOT NULL) <> EXISTS (SELECT 1 FROM words_near_docsize w WHERE w.id = c.id)",
    ),
    (
        "the word index has no row of anything else",
        "SELECT count(*) FROM (SELECT id FROM words_docsize UNION SELECT id FROM words_near_docsize WHERE id <> -2) w
         WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.id = w.id)",
    ),
    (
        "a node is in exactly one buffer or node",
        "SELECT count(*) FROM nodes x
         WHERE (SELECT count(*) FROM buffer_items b WHERE b.child_id = x.id)
             + (SELECT count(*) FROM node_children n WHERE n.child_id = x.id) <> 1",
    ),
    (
        "a node counts the passages under it",
        "SELECT count(*) FROM nodes x WHERE passages <>
           (WITH RECURSIVE below(node) AS (SELECT x.id UNION ALL
              SELECT n.child_id FROM node_children n JOIN below ON n.node_id = below.node
              WHERE n.child_id IS NOT NULL)
            SELECT count(*) FROM node_children n JOIN below ON n.node_id = below.node
            WHERE n.chunk_id IS NOT NULL)",
    ),
    (
        "a summary says something",
        "SELECT count(*) FROM nodes WHERE text = ''",
    ),
    (
        "no summary is left that is to be made anew",
        "SELECT count(*) FROM nodes WHERE degraded = 1",
    ),
    (
        "a document lives as long as it has a place",
        "SELECT count(*) FROM documents d
         WHERE (superseded_at IS NULL) <> EXISTS (SELECT 1 FROM places p WHERE p.document_id = d.id)",
    ),
    (
        "an import's state is its children's",
        "SELECT count(*) FROM batches b WHERE state <> (
           SELECT CASE
             WHEN sum(j.state IN ('ready', 'running')) > 0 THEN 'running'
             WHEN count(j.state) = 0 OR sum(j.state = 'failed') > 0 THEN 'failed'
             WHEN sum(j.state = 'cancelled') > 0 THEN 'cancelled'
             ELSE 'done' END
           FROM (SELECT state, batch_id FROM jobs UNION ALL SELECT state, batch_id FROM pruned_jobs) j
           WHERE j.batch_id = b.id)",
    ),
];

/// Each sentence of each summary stands word for word in the passage that it names.
fn assert_spans(raw: &Connection) {
    let mut spans = raw
        .prepare(
            "SELECT n.text, s.text_start, s.text_end, c.text, s.chunk_start, s.chunk_end
             FROM node_spans s JOIN nodes n ON n.id = s.node_id JOIN chunks c ON c.id = s.chunk_id
             ORDER BY s.node_id, s.sentence",
        )
        .unwrap();
    let spans = spans
        .query_map([], |row| {
            let said: String = row.get(0)?;
            let origin: String = row.get(3)?;
            let cut = |text: &str, start: usize, end: usize| text.get(start..end).map(flat);
            Ok((
                cut(&said, row.get(1)?, row.get(2)?),
                cut(&origin, row.get(4)?, row.get(5)?),
            ))
        })
        .unwrap();
    for pair in spans {
        let (said, origin) = pair.unwrap();
        assert!(
            said.is_some(),
            "a span lies within its summary, between characters"
        );
        assert_eq!(said, origin, "a sentence is its passage's own");
    }
    let unspanned: i64 = raw
        .query_row(
            "SELECT count(*) FROM nodes n WHERE length(replace(text, char(10), '')) <>
               (SELECT coalesce(sum(length(CAST(substr(CAST(n.text AS BLOB), text_start + 1, text_end - text_start) AS TEXT))), 0)
                FROM node_spans s WHERE s.node_id = n.id)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(unspanned, 0, "no word of a summary is without its span");
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn file_name(number: usize) -> String {
    format!("{number:03}.md")
}

/// Two sentences, so that a summary has something to leave out.
pub(crate) fn file_text(number: usize, version: &str) -> String {
    format!(
        "The {version} note says that boat{number} left the harbour early in the morning.\n\
         Nobody on the quay had expected the wind{number} to turn so soon after dawn.\n"
    )
}

/// An engine at work, with a bell that rings at each of its events.
pub(crate) struct Rig {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    keeper: Keeper,
    folder: PathBuf,
    clock: Arc<FakeClock>,
    bell: Arc<Bell>,
}

/// What is done beside the trees of the sources.
#[derive(Default)]
struct Beside {
    extractor: Option<Arc<dyn Extractor>>,
    embedders: Option<Arc<dyn Embedders>>,
    reranker: Option<Arc<dyn Reranker>>,
    writer: Option<Arc<dyn Writer>>,
    /// Days are gathered, by this clock.
    days: Option<fn() -> TimeZone>,
    random: Option<Arc<dyn Random>>,
    power: Option<Arc<dyn Power>>,
}

#[derive(Default)]
struct Bell {
    events: Mutex<Vec<Event>>,
    rung: Condvar,
}

impl Rig {
    fn start(
        place: &Place,
        workers: usize,
        files: Arc<dyn Files>,
        summariser: Arc<dyn Summariser>,
        beside: Beside,
    ) -> Self {
        let workspace = place.workspace.path().canonicalize().unwrap();
        let ambient = Ambient {
            clock: place.clock.clone(),
            spawn: place.spawn.clone(),
        };
        let keeper = Keeper::new(ambient.clone());
        let store = Store::of_workspace(&keeper, &workspace).unwrap();
        // Ids that are random must differ from one engine to the next, as they do in life.
        let seed = std::fs::read_dir(&workspace).unwrap().count() as u64
            + WallClock::start().unix_ms().unsigned_abs() * 1_000;
        let engine = Engine::start(Parts {
            workspace,
            store: store.clone(),
            ambient,
            random: beside
                .random
                .unwrap_or_else(|| Arc::new(SeededRandom::new(seed))),
            files,
            watches: Arc::new(WatchesOnDisk),
            summariser,
            extractor: beside.extractor,
            embedders: beside.embedders,
            reranker: beside.reranker,
            writer: beside.writer,
            embeds_after: Duration::ZERO,
            power: beside.power,
            gathers_days: beside.days.is_some(),
            workers,
            emptied: Vec::new(),
            crash_reports: None,
            models: None,
            place_is_fixed: false,
            zone: beside.days.unwrap_or(|| TimeZone::UTC),
        });
        let engine = Arc::new(engine.unwrap());
        let bell = Arc::new(Bell::default());
        let ringing = Arc::clone(&bell);
        engine.subscribe(move |event| {
            ringing.events.lock().push(event.clone());
            ringing.rung.notify_all();
        });
        Self {
            engine,
            store,
            keeper,
            folder: place.notes.path().to_path_buf(),
            clock: place.clock.clone(),
            bell,
        }
    }

    /// Queues the import of the folder.
    pub(crate) fn import(&self) -> BatchId {
        let view = self.engine.start_import(std::slice::from_ref(&self.folder));
        view.unwrap().batch.id
    }

    /// Imports the folder and waits until all that follows is done.
    pub(crate) fn import_to_the_end(&self) -> BatchView {
        let batch = self.import();
        self.idle();
        self.engine.batch(&batch).unwrap()
    }

    pub(crate) fn note(&self, text: &str) -> NoteKept {
        let note = Note {
            text: text.to_owned(),
            title: None,
            happened_at: None,
        };
        self.engine.add_note(note).unwrap()
    }

    pub(crate) fn found(&self, words: &str) -> Vec<Hit> {
        let asked = Asked {
            text: words.to_owned(),
            limit: 20,
            ..Asked::default()
        };
        self.engine.search(&asked).unwrap().hits
    }

    /// Those that hold a word of it, and not only stand beside one that does.
    pub(crate) fn holding(&self, words: &str) -> Vec<Hit> {
        let mut hits = self.found(words);
        hits.retain(|hit| !hit.matches.is_empty());
        hits
    }

    /// Waits until all work is done. Time passes meanwhile, or what is put off would never come.
    pub(crate) fn idle(&self) {
        let clock = WallClock::start();
        let done = self
            .engine
            .wait_until_idle(|| {
                self.clock.advance(Duration::from_millis(250));
                clock.monotonic() < DEADLINE
            })
            .unwrap();
        assert!(done, "all work comes to an end");
    }

    /// Waits until all work is done, every day that is over is summed up, and every topic is in step. Time passes
    /// meanwhile.
    pub(crate) fn grown(&self) {
        let clock = WallClock::start();
        let patience = || {
            self.clock.advance(Duration::from_millis(250));
            clock.monotonic() < DEADLINE
        };
        // With nobody to look through there is nothing to wait for.
        self.engine.wait_until_extracted(patience).unwrap();
        let done = self.engine.wait_until_grown(patience).unwrap();
        assert!(done, "all that grows comes to an end");
    }

    /// Waits until this is so, looking at each turn of the work. No time passes meanwhile.
    pub(crate) fn at_work_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let clock = WallClock::start();
        let so = || {
            assert!(clock.monotonic() < DEADLINE, "never came: {what}");
            is_so()
        };
        while !so() {
            self.engine.wait_until_idle(|| !so()).unwrap();
        }
    }

    /// Waits until this is so, looking whenever the engine has told of something.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let clock = WallClock::start();
        let mut seen = 0;
        loop {
            if is_so() {
                return;
            }
            let mut events = self.bell.events.lock();
            if events.len() == seen {
                let left = DEADLINE.saturating_sub(clock.monotonic());
                let rang = self.bell.rung.wait_for(&mut events, left);
                assert!(!rang.timed_out(), "never came: {what}");
            }
            seen = events.len();
        }
    }

    pub(crate) fn until_ended(&self, batch: &BatchId) -> BatchView {
        let running = oldgrowth_domain::jobs::BatchState::Running;
        self.until("the end of the import", || {
            self.engine.batch(batch).unwrap().batch.state != running
        });
        self.engine.batch(batch).unwrap()
    }

    /// Waits so long for any news; true when none came.
    pub(crate) fn quiet(&self, so_long: Duration) -> bool {
        let clock = WallClock::start();
        let mut events = self.bell.events.lock();
        let before = events.len();
        let asleep = |events: &mut Vec<Event>| events.len() == before;
        self.bell
            .rung
            .wait_while_for(
                &mut events,
                asleep,
                so_long.saturating_sub(clock.monotonic()),
            )
            .timed_out()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.bell.events.lock().clone()
    }

    /// Lets time pass, and has the engine look at the clock.
    pub(crate) fn later(&self, by: Duration) {
        self.clock.advance(by);
        self.engine.try_store_now();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.engine.stop();
        self.keeper.shut_down();
    }
}

/// What rows say, without the figures and times that move with every look.
pub(crate) fn said(status: &Status) -> Vec<String> {
    let rows = status.components.iter();
    rows.map(|row| {
        format!(
            "{:?} {:?} {} {:?} {:?} {:?} {:?}",
            row.code, row.state, row.cause, row.since, row.next, row.waits_for, row.fixes
        )
    })
    .collect()
}
