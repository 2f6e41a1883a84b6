//! Checks on threads of their own: those that take long, write, or look at disks that may not answer. One
//! that panics or does not come back is told as such, and the others go on.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::Canceller;
pub(super) use oldgrowth_store::table::checks::Depth;
use parking_lot::{Condvar, Mutex};

use super::rows::{self, Row};
use super::{ComponentState, HealthCode, Look, Status};
use super::{faithful, integrity, orphans, round_trip, sources};
use crate::engine::Core;
use crate::ports::Clock;
use crate::{Engine, Error, Result};

/// How long a check may take before it is called hung: one that only looks, and one that reads everything.
const LOOKS_MAX: Duration = Duration::from_secs(10);
const READS_MAX: Duration = Duration::from_secs(30 * 60);

/// How often is looked at the clock while a check is waited for, and how often more after it was called off.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_AFTER_CALLING_OFF: u32 = 60;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How old the last result may be, and how old the last one that was thorough.
const EVERY_DAYS: i64 = 7;
const THOROUGH_EVERY_DAYS: i64 = 30;

/// One that broke off or hung is tried again after so many: it may have read for half an hour.
const BROKEN_EVERY_DAYS: i64 = 1;

/// What a round trip writes itself is written about when it was looked at.
const OWN_WRITES_MS: i64 = 60_000;

/// A check that could not be run by itself is tried again after this.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

#[derive(Default)]
pub(crate) struct Checks {
    core: OnceLock<Weak<Core>>,
    state: Mutex<State>,
    /// A run came back or was left behind.
    changed: Condvar,
    /// One call after the other.
    turn: Mutex<()>,
    by_the_week: Mutex<Option<JoinHandle<()>>>,
    /// When a check was last begun by itself.
    tried: Mutex<HashMap<HealthCode, Duration>>,
}

#[derive(Default)]
struct State {
    /// Checks whose threads have not come back.
    under_way: HashMap<HealthCode, Arc<Run>>,
    /// How often what is under way was called off.
    called_off: u64,
    stopping: bool,
}

/// One run of a check.
pub(super) struct Run {
    pub(super) depth: Depth,
    /// When, by the monotonic clock.
    begun: Duration,
    state: Mutex<RunState>,
    ended: Condvar,
}

#[derive(Default)]
struct RunState {
    cancelled: bool,
    canceller: Option<Canceller>,
    looked: Option<Looked>,
    /// Nobody waits for it any more: it was called off, or its time is over, and it has not ended.
    left: bool,
}

enum Looked {
    Row(Result<Row>),
    Panicked,
}

/// Whether a run was begun.
enum Begun {
    Run(Arc<Run>),
    /// The one before was left behind and has not come back.
    LeftBehind(Arc<Run>),
    Stopping,
}

/// What became of a check that was waited for.
enum Came {
    Back(Looked),
    CalledOff,
    /// Its time was over before it found anything out.
    Late,
    /// So it was, and it has not ended yet.
    Never,
}

impl Run {
    fn new(depth: Depth, begun: Duration) -> Self {
        Self {
            depth,
            begun,
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.state.lock().cancelled
    }

    /// What is read under this canceller ends when the check is called off.
    pub(super) fn heed(&self, canceller: Canceller) {
        let mut state = self.state.lock();
        if state.cancelled {
            canceller.cancel();
        }
        state.canceller = Some(canceller);
    }

    fn cancel(&self) {
        let mut state = self.state.lock();
        state.cancelled = true;
        if let Some(canceller) = &state.canceller {
            canceller.cancel();
        }
    }

    fn end(&self, looked: Looked) {
        self.state.lock().looked = Some(looked);
        self.ended.notify_all();
    }
}

impl Checks {
    pub(crate) fn serve(&self, core: Weak<Core>) {
        if self.core.set(core).is_err() {
            tracing::error!("checks are run for one engine alone");
        }
    }

    pub(crate) fn call_off(&self) {
        let mut state = self.state.lock();
        state.called_off += 1;
        state.under_way.values().for_each(|run| run.cancel());
    }

    /// What it looks at has changed: a run that is under way says nothing of that, and it may be run at once.
    pub(super) fn call_off_one(&self, code: HealthCode) {
        self.tried.lock().remove(&code);
        if let Some(run) = self.state.lock().under_way.get(&code) {
            run.cancel();
        }
    }

    /// What runs by the week ends for whoever asks; it comes again by itself.
    fn make_way(&self) {
        let thread = self.by_the_week.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            self.call_off();
        }
    }

    pub(crate) fn begin_stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
        self.call_off();
    }

    /// Waits for what runs by the week. A check that hangs is left behind by it too.
    pub(crate) fn stop(&self) {
        self.begin_stop();
        let thread = self.by_the_week.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the week's checks panicked");
        }
    }

    /// Begins a run, after the one that is under way.
    fn begin(&self, code: HealthCode, depth: Depth, clock: &dyn Clock) -> Begun {
        let mut state = self.state.lock();
        loop {
            if state.stopping {
                return Begun::Stopping;
            }
            match state.under_way.get(&code) {
                None => break,
                Some(before) if before.state.lock().left => {
                    return Begun::LeftBehind(Arc::clone(before));
                }
                // Whoever waits for it leaves it behind when it takes too long.
                Some(_) => self.changed.wait(&mut state),
            }
        }
        let run = Arc::new(Run::new(depth, clock.monotonic()));
        state.under_way.insert(code, Arc::clone(&run));
        Begun::Run(run)
    }

    fn came_back(&self, code: HealthCode) {
        self.state.lock().under_way.remove(&code);
        self.changed.notify_all();
    }

    /// It has not come back, and is waited for no longer.
    fn leave(&self, run: &Run) {
        run.state.lock().left = true;
        let _state = self.state.lock();
        self.changed.notify_all();
    }

    fn called_off(&self) -> (u64, bool) {
        let state = self.state.lock();
        (state.called_off, state.stopping)
    }
}

impl Engine {
    /// Runs these checks, or all, and answers when they have ended or were called off. Each is told of as it
    /// ends.
    pub fn run_checks(&self, codes: &[HealthCode]) -> Status {
        let core = self.core();
        let all = codes.is_empty();
        core.checks.make_way();
        // Who is called off while waiting for a turn does not begin either.
        let (before, _) = core.checks.called_off();
        let _turn = core.checks.turn.lock();
        let asked = |code: &HealthCode| all || codes.contains(code);
        let is_called_off = || {
            let (called_off, stopping) = core.checks.called_off();
            called_off != before || stopping
        };
        // Read through before anything speaks of it.
        if asked(&HealthCode::Backup) && !is_called_off() {
            core.run_check(HealthCode::Backup, Depth::Quick, &|| false);
        }
        if all || codes.iter().any(|code| !code.on_demand()) {
            core.look(Look::Everything);
        }
        for code in HealthCode::ALL {
            if is_called_off() {
                break;
            }
            if code.on_demand() && asked(&code) {
                core.run_check(code, Depth::Quick, &|| false);
            }
        }
        core.look(Look::Changed)
    }

    /// Stops the checks that are under way.
    pub fn cancel_checks(&self) {
        self.core().checks.call_off();
    }

    /// Runs what is due by the week. The ticker calls it by itself.
    pub fn look_after_health(&self) {
        self.core().look_after_health();
        let thread = self.core().checks.by_the_week.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the week's checks panicked");
        }
    }
}

impl Core {
    /// Looks at what was mended. Waits for nobody's turn, and ends soon after it was called off; what was not
    /// looked at says so. False when it was called off.
    pub(crate) fn look_at_mended(
        &self,
        codes: &[HealthCode],
        called_off: &dyn Fn() -> bool,
    ) -> bool {
        let on_demand = || codes.iter().copied().filter(|code| code.on_demand());
        on_demand().for_each(|code| self.outdate_check(code));
        if !called_off() {
            self.look(Look::Everything);
            if let Some(_turn) = self.checks.turn.try_lock() {
                for code in on_demand().take_while(|_| !called_off()) {
                    self.run_check(code, Depth::Quick, called_off);
                }
            }
        }
        self.tell_changes();
        !called_off()
    }

    /// Runs one check and puts what it has found on the board. It is called off as soon as `called_off` says so.
    pub(super) fn run_check(&self, code: HealthCode, depth: Depth, called_off: &dyn Fn() -> bool) {
        let Some(core) = self.checks.core.get().and_then(Weak::upgrade) else {
            return;
        };
        let clock = &*self.ambient.clock;
        let run = match self.checks.begin(code, depth, clock) {
            Begun::Run(run) => run,
            Begun::LeftBehind(before) => {
                let so_long = clock.monotonic().saturating_sub(before.begun);
                let row = if so_long > at_most(code) {
                    Some(rows::hangs(at_most(code)))
                } else {
                    self.not_now(code, "it was called off and has not ended yet")
                };
                if let Some(row) = row {
                    self.board.set(code, row, self.now());
                }
                return;
            }
            Begun::Stopping => return,
        };
        // What is looked at with every look comes and goes too quickly to be told.
        if code.on_demand() {
            self.board.set_running(code, true);
            self.tell_changes();
        }
        let on = Arc::clone(&run);
        let body = Box::new(move || {
            let look = || look(code, &core, &on).map_err(|error| core.named(error));
            let looked = catch_unwind(AssertUnwindSafe(look));
            core.checks.came_back(code);
            on.end(looked.map_or(Looked::Panicked, Looked::Row));
        });
        // Who waits for it has a limit, so that the thread is not joined: one that hangs is left behind.
        let came = match self.ambient.spawn.spawn(format!("check-{code:?}"), body) {
            Ok(_left_to_itself) => self.wait_for(&run, at_most(code), called_off),
            Err(error) => {
                tracing::error!(kind = ?error.kind(), "a check could not be begun");
                self.checks.came_back(code);
                Came::Back(Looked::Panicked)
            }
        };
        self.board.set_running(code, false);
        let row = match came {
            Came::CalledOff => {
                self.checks.leave(&run);
                None
            }
            Came::Back(Looked::Row(Err(Error::Cancelled))) => None,
            Came::Late => Some(rows::hangs(at_most(code))),
            Came::Never => {
                self.checks.leave(&run);
                Some(rows::hangs(at_most(code)))
            }
            Came::Back(Looked::Panicked) => Some(rows::broke_off()),
            Came::Back(Looked::Row(Ok(row))) => Some(row),
            Came::Back(Looked::Row(Err(Error::TooManyLongReads))) => {
                self.not_now(code, "as many long reads as may be are under way")
            }
            Came::Back(Looked::Row(Err(Error::CopyUnderWay))) => {
                self.not_now(code, "a backup or a restore is under way")
            }
            Came::Back(Looked::Row(Err(error))) => self.unanswered(code, &error),
        };
        if let Some(row) = row {
            let row = self.with_what_can_be_done(row);
            let found = !matches!(row.state, ComponentState::Unknown | ComponentState::Crashed);
            self.board.set(code, row, self.now());
            let took = clock.monotonic().saturating_sub(run.begun);
            self.board.took(code, took);
            if code.on_demand() {
                let thorough = code == HealthCode::Integrity && depth == Depth::Thorough;
                self.keep_check(code, thorough && found);
            }
        }
        self.tell_changes();
    }

    /// What was found before stands; where nothing was, it says why there is nothing still.
    pub(super) fn not_now(&self, code: HealthCode, why: &str) -> Option<Row> {
        let before = self.board.row(code)?;
        let before = match before.waits_for {
            Some(_) => self.kept_check(code),
            None => before,
        };
        let stands = match before.state {
            ComponentState::Unknown => false,
            // That nothing could be written is what this one is to find out.
            ComponentState::Ok => code != HealthCode::RoundTrip,
            ComponentState::Crashed | ComponentState::Warn | ComponentState::Fail => true,
        };
        (!stands).then(|| {
            Row::unknown(format!("It could not be looked at just now: {why}."))
                .next("Run it again in a moment.")
        })
    }

    fn wait_for(&self, run: &Run, at_most: Duration, called_off: &dyn Fn() -> bool) -> Came {
        let mut looks_left = LOOKS_AFTER_CALLING_OFF;
        let mut too_long = false;
        let mut state = run.state.lock();
        loop {
            if let Some(looked) = state.looked.take() {
                return match looked {
                    // It heeded that its time was over.
                    Looked::Row(Err(_)) if too_long => Came::Late,
                    // What it has found may not be the case any more.
                    Looked::Row(_) if state.cancelled && !too_long => Came::CalledOff,
                    looked => Came::Back(looked),
                };
            }
            if state.cancelled {
                looks_left -= 1;
                if looks_left == 0 {
                    return if too_long {
                        Came::Never
                    } else {
                        Came::CalledOff
                    };
                }
            } else {
                let took = self.ambient.clock.monotonic().saturating_sub(run.begun);
                too_long = took > at_most;
                if too_long || called_off() {
                    drop(state);
                    run.cancel();
                    state = run.state.lock();
                    continue;
                }
            }
            let _timed_out = run.ended.wait_for(&mut state, LOOK_EVERY);
        }
    }

    /// Runs what is due by the week on a thread of its own, while nothing else is done.
    pub(crate) fn look_after_health(&self) {
        let mut thread = self.checks.by_the_week.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let due = self.due_checks();
        let at_rest = || self.queue.paused().is_none() && self.is_at_rest().unwrap_or(false);
        if due.is_empty() || self.running.progress().is_some() || !at_rest() {
            return;
        }
        let Some(core) = self.checks.core.get().and_then(Weak::upgrade) else {
            return;
        };
        let body = Box::new(move || {
            let Some(_turn) = core.checks.turn.try_lock() else {
                return;
            };
            let before = core.checks.called_off();
            for (code, depth) in due {
                if core.checks.called_off() != before || !core.is_at_rest().unwrap_or(false) {
                    return;
                }
                let now = core.ambient.clock.monotonic();
                core.checks.tried.lock().insert(code, now);
                core.run_check(code, depth, &|| false);
            }
        });
        match self.ambient.spawn.spawn("checks".to_owned(), body) {
            Ok(begun) => *thread = Some(begun),
            Err(error) => tracing::warn!(kind = ?error.kind(), "the week's checks can't be run"),
        }
    }

    fn due_checks(&self) -> Vec<(HealthCode, Depth)> {
        let Some(written) = self.store.written_at() else {
            return Vec::new();
        };
        let now = self.now();
        let older_than =
            |at: Option<UnixMs>, days: i64| at.is_none_or(|at| now.0 - at.0 >= days * DAY_MS);
        let thorough = older_than(self.kept_checks.lock().thorough_at(), THOROUGH_EVERY_DAYS);
        // Whatever ended it may have harmed the file where nobody has read yet.
        let bad_end = self.history.began_after_bad_end();
        let unread_since =
            |at: Option<UnixMs>| bad_end.is_some_and(|end| at.is_none_or(|at| at < end));
        let monotonic = self.ambient.clock.monotonic();
        let tried = self.checks.tried.lock();
        let rests = |code: &HealthCode| {
            tried
                .get(code)
                .is_some_and(|at| monotonic.saturating_sub(*at) < TRY_AGAIN_AFTER)
        };
        HealthCode::ALL
            .into_iter()
            .filter(|code| code.on_demand() && !rests(code))
            .filter_map(|code| {
                let row = self.board.row(code)?;
                let thorough = thorough && code == HealthCode::Integrity;
                let changed = row
                    .checked_at
                    .is_none_or(|at| written > at.plus_ms(OWN_WRITES_MS));
                // A memory at rest is not written to only to see whether it can be.
                let may_be = changed || code != HealthCode::RoundTrip;
                let due = match row.state {
                    ComponentState::Unknown => true,
                    ComponentState::Crashed => older_than(row.checked_at, BROKEN_EVERY_DAYS),
                    _ => thorough || older_than(row.checked_at, EVERY_DAYS),
                };
                let due = due || code == HealthCode::Integrity && unread_since(row.checked_at);
                let due = may_be && due;
                let depth = if thorough {
                    Depth::Thorough
                } else {
                    Depth::Quick
                };
                due.then_some((code, depth))
            })
            .collect()
    }
}

fn at_most(code: HealthCode) -> Duration {
    if code.on_demand() || code == HealthCode::Backup {
        READS_MAX
    } else {
        LOOKS_MAX
    }
}

fn look(code: HealthCode, core: &Core, run: &Run) -> Result<Row> {
    match code {
        HealthCode::Integrity => integrity::look(core, run),
        HealthCode::Orphans => orphans::look(core, run),
        HealthCode::Faithful => faithful::look(core, run),
        HealthCode::RoundTrip => round_trip::look(core, run),
        HealthCode::Sources => sources::look(core, run),
        HealthCode::Backup => core.read_newest_backup(),
        // The others are looked at where they stand.
        _ => Ok(rows::broke_off()),
    }
}
