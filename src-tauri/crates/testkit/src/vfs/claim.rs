//! The folders that runs have claimed, each with its faults, its counts and its memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::event::Event;
use super::fault::{Answer, Call, Fault, How, answer};
use super::shim;

/// A folder whose files are under command for as long as this lives. SQLite's files must be closed
/// before it goes, or they keep its faults.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    claimed: Arc<Claimed>,
}

/// A fault that has struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    pub at: u64,
    pub call: Call,
    pub how: How,
    /// The name of the file below the claimed folder.
    pub file: Arc<str>,
    /// SQLite's code and the system's number that were answered.
    pub code: i32,
    pub errno: i32,
}

impl Claim {
    /// Puts the file system in place if this is the first claim of the process.
    pub fn of(folder: &Path) -> io::Result<Claim> {
        shim::register()?;
        let folder = folder.canonicalize()?;
        let claimed = Arc::new(Claimed::default());
        CLAIMS.write().insert(folder.clone(), Arc::clone(&claimed));
        Ok(Claim { folder, claimed })
    }

    /// Counts from zero, and fails these calls.
    pub fn arm(&self, faults: &[Fault]) {
        let mut state = self.claimed.state.lock();
        state.calls = 0;
        state.by_call.clear();
        state.fired.clear();
        state.faults = faults.to_vec();
    }

    /// Fails no more. The counts stay.
    pub fn disarm(&self) {
        self.claimed.state.lock().faults.clear();
    }

    /// Calls since `arm`.
    pub fn calls(&self) -> u64 {
        self.claimed.state.lock().calls
    }

    pub fn calls_by_kind(&self) -> BTreeMap<Call, u64> {
        self.claimed.state.lock().by_call.clone()
    }

    pub fn fired(&self) -> Vec<Fired> {
        self.claimed.state.lock().fired.clone()
    }

    /// A sync succeeds without doing anything, for runs in which no power is lost.
    pub fn sync_in_name_only(&self) {
        self.claimed.state.lock().sync_in_name_only = true;
    }

    /// The memory leaves syncs out, as a disk that lies about them would.
    pub fn forget_syncs(&self) {
        self.claimed.state.lock().forget_syncs = true;
    }

    pub fn record(&self) {
        self.claimed.state.lock().events = Some(Vec::new());
    }

    /// Puts a mark between the events.
    pub fn mark(&self, mark: u64) {
        self.claimed.state.lock().remember(|| Event::Mark(mark));
    }

    /// What was recorded; nothing more is.
    pub fn take_events(&self) -> Vec<Event> {
        self.claimed.state.lock().events.take().unwrap_or_default()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMS.write().remove(&self.folder);
    }
}

static CLAIMS: RwLock<BTreeMap<PathBuf, Arc<Claimed>>> = RwLock::new(BTreeMap::new());

/// The claim a file falls under, with its name below the folder.
pub(super) fn claim_on(path: &Path) -> Option<(Arc<Claimed>, Arc<str>)> {
    let claims = CLAIMS.read();
    let mut above = path.ancestors().skip(1);
    let folder = above.find(|folder| claims.contains_key(*folder))?;
    let claimed = Arc::clone(claims.get(folder)?);
    let name = path.strip_prefix(folder).ok()?.to_string_lossy();
    Some((claimed, Arc::from(name.as_ref())))
}

#[derive(Debug, Default)]
pub(super) struct Claimed {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    calls: u64,
    by_call: BTreeMap<Call, u64>,
    faults: Vec<Fault>,
    fired: Vec<Fired>,
    pub(super) sync_in_name_only: bool,
    forget_syncs: bool,
    events: Option<Vec<Event>>,
}

/// What a call may do.
pub(super) enum Turn<'c> {
    /// Go on. While events are recorded the state stays locked until the call is over, so that the
    /// events have the order of the calls.
    Pass(Option<MutexGuard<'c, State>>),
    Fail {
        answer: Answer,
        half_written: bool,
    },
}

impl Claimed {
    pub(super) fn turn(&self, call: Call, file: &Arc<str>) -> Turn<'_> {
        let mut state = self.state.lock();
        state.calls += 1;
        *state.by_call.entry(call).or_default() += 1;
        let at = state.calls;
        let Some(fault) = state.faults.iter().find(|fault| fault.hits(at)).copied() else {
            let keeps_order = state.events.is_some() || call == Call::Sync;
            return Turn::Pass(keeps_order.then_some(state));
        };
        let answer = answer(call, fault.how);
        state.fired.push(Fired {
            at,
            call,
            how: fault.how,
            file: Arc::clone(file),
            code: answer.code,
            errno: answer.errno,
        });
        Turn::Fail {
            answer,
            half_written: call == Call::Write && matches!(fault.how, How::Short | How::NoSpace),
        }
    }
}

impl State {
    pub(super) fn remember(&mut self, event: impl FnOnce() -> Event) {
        let forget_syncs = self.forget_syncs;
        if let Some(events) = &mut self.events {
            let event = event();
            if !(forget_syncs && matches!(event, Event::Sync { .. })) {
                events.push(event);
            }
        }
    }
}
