//! Stand-ins at the engine's edge: a summariser that does as it is told, and a gate in front of one
//! or of the files.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;

use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use oldgrowth_engine::ports::{
    Fallback, FetchedFile, FilePart, FilePlan, Files, FolderNames, Forbidden, Problem, Random,
    Spawn, Summarised, Summariser, Unit,
};
use oldgrowth_engine::{Error, Result};
use oldgrowth_importers::FilesOnDisk;
use oldgrowth_models::Extractive;
use oldgrowth_testkit::{SeededRandom, Threads};
use parking_lot::{Condvar, Mutex};

use crate::rig::DEADLINE;

/// Holds up one call, the so-and-so-manieth, until it is opened.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    calls: u32,
    holds: Option<u32>,
    held: bool,
    open: bool,
}

impl Gate {
    /// Will hold up the `nth` call from now, counted from one.
    pub(crate) fn hold_call(&self, nth: u32) {
        *self.state.lock() = GateState {
            holds: Some(nth),
            ..GateState::default()
        };
    }

    /// Waits until a call is held up.
    pub(crate) fn wait_held(&self) {
        self.wait("a call at the gate", |state| state.held);
    }

    /// Is a call held up at this moment?
    pub(crate) fn is_holding(&self) -> bool {
        let state = self.state.lock();
        state.held && !state.open
    }

    pub(crate) fn open(&self) {
        self.state.lock().open = true;
        self.changed.notify_all();
    }

    pub(crate) fn pass(&self) {
        let holds = {
            let mut state = self.state.lock();
            state.calls += 1;
            let holds = state.holds == Some(state.calls);
            state.held |= holds;
            holds
        };
        self.changed.notify_all();
        if holds {
            self.wait("the gate's opening", |state| state.open);
        }
    }

    fn wait(&self, what: &str, is_so: impl Fn(&GateState) -> bool) {
        let mut state = self.state.lock();
        let waited = self
            .changed
            .wait_while_for(&mut state, |state| !is_so(state), DEADLINE);
        assert!(!waited.timed_out(), "never came: {what}");
    }
}

/// The built-in summariser behind a gate.
#[derive(Default)]
pub(crate) struct GatedSummariser {
    pub(crate) gate: Gate,
}

impl Summariser for GatedSummariser {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        let answer = Extractive.summarise(units, chars_max);
        self.gate.pass();
        answer
    }
}

/// Threads, of which the one with this name stands at a gate before it begins, or can't be had.
pub(crate) struct GatedThreads {
    pub(crate) name: &'static str,
    pub(crate) gate: Arc<Gate>,
    pub(crate) refused: AtomicBool,
}

impl GatedThreads {
    pub(crate) fn of(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            gate: Arc::default(),
            refused: AtomicBool::new(false),
        })
    }
}

impl Spawn for GatedThreads {
    fn spawn(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> std::io::Result<JoinHandle<()>> {
        if name != self.name {
            return Threads.spawn(name, body);
        }
        if self.refused.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        let gate = Arc::clone(&self.gate);
        let gated = move || {
            gate.pass();
            body();
        };
        Threads.spawn(name, Box::new(gated))
    }
}

/// What a scripted summariser does at its next calls; afterwards it works.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Away,
    /// It is away, and another makes it meanwhile.
    StandIn,
    /// It can do nothing with it, and another makes it.
    CantDo,
    Refuse,
    /// It names what is not there.
    Invent,
    /// It says all of it.
    Ramble,
    /// It says nothing.
    Silence,
    Panic,
}

#[derive(Default)]
pub(crate) struct ScriptedSummariser {
    acts: Mutex<VecDeque<Act>>,
    done: Mutex<u32>,
}

impl ScriptedSummariser {
    pub(crate) fn playing(acts: &[Act]) -> Arc<Self> {
        Arc::new(Self {
            acts: Mutex::new(acts.iter().copied().collect()),
            done: Mutex::new(0),
        })
    }

    pub(crate) fn calls(&self) -> u32 {
        *self.done.lock()
    }
}

impl Summariser for ScriptedSummariser {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        *self.done.lock() += 1;
        let act = self.acts.lock().pop_front();
        let model = |retry_in| {
            Err(Error::Model {
                code: "test",
                retry_in,
            })
        };
        let instead = |fallback| {
            let made = Extractive.summarise(units, chars_max)?;
            Ok(Summarised { fallback, ..made })
        };
        let choosing = |chosen| {
            let made = Extractive.summarise(units, chars_max)?;
            Ok(Summarised { chosen, ..made })
        };
        match act {
            None => Extractive.summarise(units, chars_max),
            Some(Act::StandIn) => instead(Fallback::Away),
            Some(Act::CantDo) => instead(Fallback::CantDo),
            Some(Act::Invent) => choosing(BTreeSet::from([units.len()])),
            Some(Act::Ramble) => choosing((0..units.len()).collect()),
            Some(Act::Silence) => choosing(BTreeSet::new()),
            Some(Act::Away) => model(Some(Duration::from_secs(1))),
            Some(Act::Refuse) => model(None),
            Some(Act::Panic) => panic!("a summariser that panics, as told"),
        }
    }
}

/// A summariser, and a source of randomness at which whoever has just made a summary stands: it is asked for the
/// summary's id, after the making and before the write that keeps it.
pub(crate) struct BetweenMadeAndKept {
    made_by: Mutex<Option<ThreadId>>,
    model: Arc<ScriptedSummariser>,
    random: SeededRandom,
    pub(crate) gate: Gate,
}

impl BetweenMadeAndKept {
    pub(crate) fn of(model: Arc<ScriptedSummariser>) -> Arc<Self> {
        Arc::new(Self {
            made_by: Mutex::default(),
            model,
            random: SeededRandom::new(1),
            gate: Gate::default(),
        })
    }
}

impl Summariser for BetweenMadeAndKept {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised> {
        let made = self.model.summarise(units, chars_max)?;
        *self.made_by.lock() = Some(std::thread::current().id());
        Ok(made)
    }
}

impl Random for BetweenMadeAndKept {
    fn bits(&self) -> u128 {
        let made_by = *self.made_by.lock();
        if made_by == Some(std::thread::current().id()) {
            *self.made_by.lock() = None;
            self.gate.pass();
        }
        self.random.bits()
    }
}

/// The files on disk behind a gate, and with one name at which the reader panics.
#[derive(Default)]
pub(crate) struct GatedFiles {
    pub(crate) disk: FilesOnDisk,
    pub(crate) gate: Gate,
    /// At which a worker stands when it finds nothing else to do, before it counts.
    pub(crate) rest: Gate,
    /// At which looking for a folder stands.
    pub(crate) look: Gate,
    /// At which who watches a folder stands, having looked through it.
    pub(crate) names: Gate,
    pub(crate) look_panics: AtomicBool,
    pub(crate) parser_panics_at: Option<&'static str>,
    pub(crate) fetch_panics_at: Option<&'static str>,
}

impl Files for GatedFiles {
    fn plan(
        &self,
        roots: &[PathBuf],
        forbidden: &Forbidden,
        cancelled: &dyn Fn() -> bool,
        found: &mut dyn FnMut(usize),
    ) -> FilePlan {
        self.disk.plan(roots, forbidden, cancelled, found)
    }

    fn names(
        &self,
        root: &Path,
        forbidden: &Forbidden,
        cancelled: &dyn Fn() -> bool,
    ) -> FolderNames {
        let names = self.disk.names(root, forbidden, cancelled);
        self.names.pass();
        names
    }

    fn is_there(&self, path: &Path) -> bool {
        let panics = self.look_panics.load(Ordering::SeqCst);
        assert!(!panics, "a disk that panics, as told");
        self.look.pass();
        self.disk.is_there(path)
    }

    fn fetch(
        &self,
        path: &Path,
        part: Option<&FilePart>,
        forbidden: &Forbidden,
    ) -> std::result::Result<FetchedFile, Problem> {
        let named = |name: &str| path.ends_with(name);
        assert!(
            !self.fetch_panics_at.is_some_and(named),
            "a reader that panics, as told"
        );
        let fetched = self.disk.fetch(path, part, forbidden);
        self.gate.pass();
        fetched
    }

    fn rest(&self) {
        self.rest.pass();
        self.disk.rest();
    }

    fn parse(
        &self,
        format: Format,
        name: &str,
        bytes: &[u8],
    ) -> std::result::Result<CanonicalDocument, Problem> {
        assert!(
            self.parser_panics_at != Some(name),
            "a parser that panics, as told"
        );
        self.disk.parse(format, name, bytes)
    }

    fn text(&self, format: Format, bytes: &[u8]) -> String {
        FilesOnDisk::default().text(format, bytes)
    }
}
