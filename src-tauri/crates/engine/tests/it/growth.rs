//! Whatever comes between, in whatever order: imports of files and conversations that change, removals, backups that are
//! put back, seals, digests, names, topics that grow and cool, vectors, other models, models that are away, restarts, and
//! processes that are killed, also while a model thinks. At each rest every passage is in just the places that it belongs
//! to, and what is made of passages is what the rows say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use oldgrowth_domain::entities::EntityKind::{Email, Organisation, Person};
use oldgrowth_engine::ports::{
    Clock, Embedder, Extractor, Fallback, Named, Passage, Side, Summarised, Summariser, Unit,
};
use oldgrowth_engine::{Error, Result};
use oldgrowth_models::Extractive;
use oldgrowth_store::table::sources::SourceKind;
use oldgrowth_testkit::{SeededRandom, WallClock};
use parking_lot::Mutex;

use crate::embedding::{Letters, embedded};
use crate::guard::answer;
use crate::rig::{DEADLINE, Place, Rig, TODAY, file_name};
use crate::stand_ins::Gate;
use crate::topics::{ALL, Known};

/// Each case is a history of its own. `OLDGROWTH_CASES` for the long form.
const CASES: u64 = 30;
const STEPS: usize = 10;
const FILES: usize = 40;
const CHATS: usize = 6;
const LONG_DAYS: u64 = 400;
const DAY_MS: i64 = 86_400_000;

/// Who finds names: the second knows others, and one of them as something else.
const KNOWN: [Known; 2] = [
    ALL,
    Known {
        id: "known-2",
        names: &[
            (Person, "Marta"),
            (Organisation, "Tom"),
            (Person, "Nobody"),
            (Email, "ada@example.org"),
        ],
    },
];
const EMBEDDERS: [&str; 2] = ["one", "two"];

/// A model that a process can be killed in the midst of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Summariser,
    Extractor,
    Embedder,
}

impl Model {
    const ALL: [Self; 3] = [Self::Summariser, Self::Extractor, Self::Embedder];
}

/// What the models of a history have in common: now and then they are away, and one may stand at a gate.
struct Moods {
    random: SeededRandom,
    well: AtomicBool,
    gated: Mutex<Option<Model>>,
    gate: Gate,
}

impl Moods {
    fn asked(&self, model: Model) -> Result<()> {
        if *self.gated.lock() == Some(model) {
            self.gate.pass();
        }
        // Of a page that is asked for piece by piece all is asked for again.
        let seldom = match model {
            Model::Summariser => 6,
            Model::Extractor | Model::Embedder => 60,
        };
        if self.well.load(Ordering::SeqCst) || self.random.below(seldom) > 0 {
            return Ok(());
        }
        Err(Error::Model {
            code: "away",
            retry_in: Some(Duration::from_millis(1)),
        })
    }
}

/// The built-in one, which now and then is stood in for.
struct Fitful(Arc<Moods>);

impl Summariser for Fitful {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        let made = Extractive.summarise(units, chars_max)?;
        self.0.asked(Model::Summariser)?;
        if !self.0.well.load(Ordering::SeqCst) && self.0.random.below(5) < 2 {
            return Ok(Summarised {
                fallback: Fallback::Away,
                ..made
            });
        }
        Ok(made)
    }
}

struct FitfulNames(Arc<Moods>, &'static Known);

impl Extractor for FitfulNames {
    fn id(&self) -> &str {
        self.1.id
    }

    fn extract(&self, passages: &[Passage<'_>]) -> Result<Vec<Vec<Named>>> {
        let found = self.1.extract(passages)?;
        self.0.asked(Model::Extractor)?;
        Ok(found)
    }
}

struct FitfulVectors(Arc<Moods>, Letters);

impl Embedder for FitfulVectors {
    fn id(&self) -> &str {
        self.1.id()
    }

    fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let vectors = self.1.embed(side, texts)?;
        self.0.asked(Model::Embedder)?;
        Ok(vectors)
    }
}

#[test]
fn every_passage_is_in_just_its_places_and_every_index_is_what_the_rows_say_after_any_history() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let cases = number("OLDGROWTH_CASES").unwrap_or(CASES);
    let first = number("OLDGROWTH_SEED").unwrap_or(1);
    let next = AtomicU64::new(first);
    let seen = Seen::default();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + cases {
                        return;
                    }
                    let outcome = std::panic::catch_unwind(|| history(seed, &seen));
                    assert!(outcome.is_ok(), "OLDGROWTH_SEED={seed} shows it");
                }
            });
        }
    });
    let Seen {
        days,
        topics,
        cold,
        put_back,
        killed: [summariser, extractor, embedder],
    } = seen;
    for (what, seen) in [
        ("days", days),
        ("topics", topics),
        ("cold topics", cold),
        ("backups put back", put_back),
        ("kills amid a summary", summariser),
        ("kills amid the names", extractor),
        ("kills amid the vectors", embedder),
    ] {
        assert!(seen.into_inner() > 0, "there were {what} in some history");
    }
}

/// In how many rests there was something to be right, and how often what came between.
#[derive(Default)]
struct Seen {
    days: AtomicU64,
    topics: AtomicU64,
    cold: AtomicU64,
    put_back: AtomicU64,
    /// While one of these was at work, in their order.
    killed: [AtomicU64; 3],
}

struct History<'s> {
    seen: &'s Seen,
    place: Place,
    random: SeededRandom,
    moods: Arc<Moods>,
    known: &'static Known,
    embedder: &'static str,
    samples: tempfile::TempDir,
    /// How often a conversation was written.
    said: AtomicU64,
    backup: Option<String>,
}

fn history(seed: u64, seen: &Seen) {
    let moods = Moods {
        random: SeededRandom::new(seed + 1_000_000),
        well: AtomicBool::new(false),
        gated: Mutex::default(),
        gate: Gate::default(),
    };
    let mut it = History {
        seen,
        place: Place::new(),
        random: SeededRandom::new(seed),
        moods: Arc::new(moods),
        known: &KNOWN[0],
        embedder: EMBEDDERS[0],
        samples: tempfile::tempdir().unwrap(),
        said: AtomicU64::new(0),
        backup: None,
    };
    it.change(it.place.notes.path());
    let (mut rig, mut workers) = (it.start(2), 2);
    for _ in 0..STEPS {
        match it.random.below(14) {
            0..=3 => {
                it.change(it.place.notes.path());
                it.say();
                rig.import();
            }
            4 => {
                it.change(it.samples.path());
                // While it is imported it is not imported again.
                let _begun = rig.engine.start_samples(it.samples.path()).is_ok();
            }
            5 => it.remove_samples(&rig),
            6 => {
                drop(rig);
                workers = it.random.below(3);
                it.choose_models();
                rig = it.start(workers);
            }
            7 => {
                let hours = it.random.below(24 * 150) as u64;
                it.place.clock.advance(Duration::from_secs(hours * 60 * 60));
                rig.engine.look_after_jobs().unwrap();
            }
            8 => it.back_up_or_put_back(&rig),
            9 => rig = it.kill(rig, workers),
            10 | 11 => rig = it.kill_amid(rig, workers),
            _ if workers > 0 => it.rest(&rig),
            // Nobody is there to come to an end.
            _ => {}
        }
    }
    drop(rig);
    let rig = it.start(2);
    it.rest(&rig);
    rig.import_to_the_end();
    it.rest(&rig);
    // Nothing is said of anybody for so long that all topics are cold.
    it.place
        .clock
        .advance(Duration::from_secs(LONG_DAYS * 24 * 60 * 60));
    rig.engine.look_after_jobs().unwrap();
    it.rest(&rig);
}

impl History<'_> {
    fn start(&self, workers: usize) -> Rig {
        let moods = || Arc::clone(&self.moods);
        self.place.start_thinking(
            workers,
            Arc::new(Fitful(moods())),
            Arc::new(FitfulNames(moods(), self.known)),
            Arc::new(FitfulVectors(moods(), Letters::of(self.embedder))),
        )
    }

    fn choose_models(&mut self) {
        self.known = &KNOWN[self.random.below(KNOWN.len())];
        self.embedder = EMBEDDERS[self.random.below(EMBEDDERS.len())];
    }

    fn back_up_or_put_back(&mut self, rig: &Rig) {
        match self.backup.take() {
            None => self.backup = Some(answer(|| rig.engine.make_backup(None)).backup.id),
            Some(id) => {
                answer(|| rig.engine.restore(&id));
                self.seen.put_back.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Between any two steps of the work.
    fn kill(&mut self, rig: Rig, workers: usize) -> Rig {
        self.place.kill(rig, || {});
        self.start(workers)
    }

    /// While one of the models is at work, if it comes to that before all is done.
    fn kill_amid(&mut self, rig: Rig, workers: usize) -> Rig {
        let which = self.random.below(Model::ALL.len());
        let moods = Arc::clone(&self.moods);
        moods.gate.hold_call(1 + self.random.below(3) as u32);
        *moods.gated.lock() = Some(Model::ALL[which]);
        self.change(self.place.notes.path());
        self.say();
        rig.import();
        let clock = WallClock::start();
        let all_done = rig.engine.wait_until_embedded(|| {
            self.place.clock.advance(Duration::from_millis(250));
            !moods.gate.is_holding() && clock.monotonic() < DEADLINE
        });
        let amid = moods.gate.is_holding();
        assert!(all_done.unwrap() || amid || workers == 0, "it goes on");
        self.seen.killed[which].fetch_add(u64::from(amid), Ordering::SeqCst);
        self.place.kill(rig, || {
            *moods.gated.lock() = None;
            moods.gate.open();
        });
        self.start(workers)
    }

    fn change(&self, folder: &std::path::Path) {
        for _ in 0..1 + self.random.below(FILES) {
            let number = self.random.below(FILES);
            let who = ["Marta", "Tom", "Nobody"][self.random.below(3)];
            let at = TODAY
                - self.random.below(12) as i64 * DAY_MS
                - self.random.below(80_000_000) as i64;
            let date = match self.random.below(5) {
                // A name and no date; the file's own time is of another year.
                0 => String::new(),
                _ => format!(
                    "---\ndate: {}\n---\n",
                    oldgrowth_domain::UnixMs(at).to_rfc3339()
                ),
            };
            let text = format!(
                "{date}{who} says that boat{number} left the harbour early in the morning.\n\
                 Nobody on the quay had expected the wind{number} to turn so soon after dawn.\n"
            );
            std::fs::write(folder.join(file_name(number)), text).unwrap();
        }
    }

    fn remove_samples(&self, rig: &Rig) {
        let ledger = rig.engine.ledger().unwrap();
        let samples = ledger
            .into_iter()
            .find(|row| row.source.kind == SourceKind::Samples);
        if let Some(row) = samples {
            rig.engine.remove_source(&row.source.id).unwrap();
        }
    }

    /// A conversation, or what has become of it since.
    fn say(&self) {
        let (number, version) = (
            self.random.below(CHATS),
            self.said.fetch_add(1, Ordering::SeqCst),
        );
        let begun = TODAY / 1_000 - self.random.below(12) as i64 * 86_400;
        let mut thread = serde_json::Map::new();
        let turns = 3 + self.random.below(5);
        for turn in 0..turns {
            let who = ["Marta", "Tom", "Nobody"][self.random.below(3)];
            let text =
                format!("{who} asked in letter{version} for boat{turn}, or for a later one.");
            let role = ["user", "assistant"][turn % 2];
            let message = serde_json::json!({
                "author": {"role": role},
                "create_time": begun + turn as i64 * 60,
                "content": {"content_type": "text", "parts": [text]},
            });
            let parent = turn.checked_sub(1).map(|before| before.to_string());
            let entry = serde_json::json!({"parent": parent, "message": message});
            thread.insert(turn.to_string(), entry);
        }
        let export = serde_json::json!([{
            "id": format!("chat-{number}"), "title": format!("About {number}"),
            "create_time": begun, "update_time": TODAY / 1_000 + version as i64,
            "mapping": thread, "current_node": (turns - 1).to_string(),
        }]);
        let name = format!("chat-{number}/conversations.json");
        self.place.write(&name, &export.to_string());
    }

    /// Everything comes to its end, and what was made while the model was away is made anew.
    fn rest(&self, rig: &Rig) {
        self.moods.well.store(true, Ordering::SeqCst);
        rig.grown();
        for _ in 0..200 {
            if self
                .place
                .count("SELECT count(*) FROM nodes WHERE degraded = 1")
                == 0
            {
                break;
            }
            rig.engine.look_after_jobs().unwrap();
            rig.grown();
        }
        embedded(rig, &self.place);
        self.place.assert_gathered();
        self.place.assert_indexed(rig, self.known, self.embedder);
        for (seen, sql) in [
            (
                &self.seen.days,
                "SELECT count(*) FROM periods WHERE root_id IS NOT NULL",
            ),
            (&self.seen.topics, "SELECT count(*) FROM topics"),
            (&self.seen.cold, "SELECT count(*) FROM topics WHERE hot = 0"),
        ] {
            seen.fetch_add(u64::from(self.place.count(sql) > 0), Ordering::SeqCst);
        }
        self.moods.well.store(false, Ordering::SeqCst);
    }
}
