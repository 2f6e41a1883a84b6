//! The memory behind a window or a server: open, being moved, or why it isn't there.
//!
//! ```text
//!   Refused ⇄ Open ─► Closed
//!      │       ⇅ a move: the store is closed, and calls are refused until it has ended
//! ```

mod fresh;
mod leading;
mod outward;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use oldgrowth_engine::ports::{Ambient, Random};
use oldgrowth_http::Teller;
use oldgrowth_reports::Sender;
use oldgrowth_store::WorkspaceLock;
use oldgrowth_wire::{
    Empty, ErrorCode, Event, FixApply, FixAsked, FixCode, Folder, Id, MoveProgress, MoveStage,
    Place, Request, WireError,
};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use crate::dispatch::reply;
use crate::owner::{Closed, Owner, Purpose, TakeError, holder};
use crate::place::{
    self, Begun, Failed, Pointer, Transfer, Workspace, commit, lead_back, undo, unnoted,
};
use crate::socket::Calls;
use crate::system::{SystemRandom, ambient};
use crate::views;
use crate::words::{explain, wire_error};

/// At most this often is progress told: four times a second.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// So long the calls under way are waited for before a memory that is read is opened whole.
const TAKE_WAIT: Duration = Duration::from_secs(2);

/// Added to the name of the one who holds the workspace while it is moved.
const MOVING: &str = "which is moving it to another folder";

/// Hears of everything that becomes true in the memory.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// The memory that a process keeps open. Dropping it closes the memory.
pub struct Home {
    /// Sends reports for as long as the memory is open, or was to be.
    sender: Mutex<Option<Sender>>,
    /// Tells of calls over the network as long.
    teller: Mutex<Option<Teller>>,
    inner: Arc<Inner>,
}

struct Inner {
    workspace: Workspace,
    ambient: Ambient,
    name: String,
    purpose: Purpose,
    listeners: RwLock<Vec<Listener>>,
    /// Held for reading while a call is answered, so that a move and the end wait for every answer.
    state: RwLock<State>,
    moving: Mutex<Option<Moving>>,
}

#[derive(Debug)]
enum State {
    Open(Owner),
    Refused(WireError),
    Closed,
}

struct Moving {
    progress: MoveProgress,
    /// When the first bytes were copied.
    began: Option<Duration>,
    told: Option<Duration>,
    cancelled: bool,
}

/// Tells that no move is under way any more, however it ended.
struct UnderWay<'h>(&'h Inner);

/// What other programs ask through the socket.
struct HomeCalls(Weak<Inner>);

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home").finish_non_exhaustive()
    }
}

impl Home {
    /// Opens a memory to work on it, and says as whom. A failure is kept, and is the answer to every call
    /// until it is mended.
    #[must_use]
    pub fn open(workspace: Workspace, name: &str, listener: Listener) -> Self {
        Self::open_for(workspace, name, Purpose::Work, listener)
    }

    pub(crate) fn open_for(
        workspace: Workspace,
        name: &str,
        purpose: Purpose,
        listener: Listener,
    ) -> Self {
        let inner = Arc::new(Inner {
            workspace,
            ambient: ambient(),
            name: name.to_owned(),
            purpose,
            listeners: RwLock::new(vec![listener]),
            state: RwLock::new(State::Closed),
            moving: Mutex::new(None),
        });
        *inner.state.write() = Inner::take(&inner);
        Self {
            sender: Mutex::new(Inner::keep_sending(&inner)),
            teller: Mutex::new(Inner::keep_telling(&inner)),
            inner,
        }
    }

    /// Answers a call, on the caller's thread.
    ///
    /// # Errors
    /// The owner's, or why the memory isn't open.
    pub fn call(&self, request: Request) -> Result<Value, WireError> {
        Inner::call(&self.inner, request)
    }

    /// Tries once more if the memory could not be opened, and says why if it still can't.
    pub fn try_again(&self) -> Option<WireError> {
        if self.inner.moving.lock().is_some() {
            return None;
        }
        let mut state = self.inner.state.write();
        if matches!(*state, State::Refused(_)) {
            *state = Inner::take(&self.inner);
        }
        match &*state {
            State::Refused(refusal) => Some(refusal.clone()),
            State::Open(_) | State::Closed => None,
        }
    }

    /// It is open, to be read alone.
    pub(crate) fn reads_only(&self) -> bool {
        matches!(&*self.inner.state.read(), State::Open(owner) if owner.reads_only())
    }

    /// Why the memory could not be opened, if so.
    pub(crate) fn refusal(&self) -> Option<WireError> {
        match &*self.inner.state.read() {
            State::Refused(refusal) => Some(refusal.clone()),
            State::Open(_) | State::Closed => None,
        }
    }

    /// Shuts down, after the calls that are under way; a move or a backup is called off. Every later
    /// call is refused.
    pub fn close(&self) {
        // First: whoever tells of reports may be waiting for it.
        self.inner.cancel_move();
        drop(self.sender.lock().take());
        drop(self.teller.lock().take());
        if let Some(models) = self.inner.workspace.models() {
            models.cancel_trial();
        }
        if let Some(state) = self.inner.state.try_read()
            && let State::Open(owner) = &*state
        {
            // A backup may take long, and one that is called off leaves nothing.
            let called_off = owner.call(Request::CopyCancel(Empty {}));
            owner.leave_models();
            owner.engine().cancel_checks();
            owner.engine().cancel_fix();
            tracing::debug!(called_off = called_off.is_ok(), "closing");
        }
        let state = std::mem::replace(&mut *self.inner.state.write(), State::Closed);
        drop(state);
    }
}

impl Calls for HomeCalls {
    fn answer(&self, request: Request) -> Result<Value, WireError> {
        match self.0.upgrade() {
            Some(inner) => Inner::call(&inner, request),
            None => Err(closing()),
        }
    }
}

impl Inner {
    fn call(this: &Arc<Self>, request: Request) -> Result<Value, WireError> {
        match request {
            Request::Place(_) => reply(this.place()),
            Request::MovePlan(Folder { folder }) => {
                reply(place::plan(&this.workspace, Path::new(&folder)))
            }
            Request::MoveStart(Folder { folder }) => {
                Self::move_to(this, Path::new(&folder))?;
                reply(this.place())
            }
            Request::MoveCancel(_) => {
                this.cancel_move();
                reply(Empty {})
            }
            Request::PlaceUse(Folder { folder }) => {
                Self::use_folder(this, Path::new(&folder))?;
                reply(this.place())
            }
            Request::CopyLeftRemove(Folder { folder }) => {
                this.refuse_while_moving()?;
                let folder = PathBuf::from(folder);
                // Held to the end: a move that began meanwhile would write the same pointer. And while the
                // memory in use isn't open here, a copy may be the only one there is.
                match &*this.state.read() {
                    State::Open(_) => {
                        place::remove_left(&this.workspace, &folder, &holder(&folder, &this.name))?;
                    }
                    State::Refused(refusal) => return Err(refusal.clone()),
                    State::Closed => return Err(closing()),
                }
                reply(this.place())
            }
            Request::FixPlan(FixAsked {
                code: FixCode::StartFresh,
            }) => reply(views::doctor::fix_plan(this.plan_fresh()?)),
            Request::FixApply(FixApply {
                code: FixCode::StartFresh,
                plan,
            }) => {
                this.refuse_while_moving()?;
                reply(Self::start_fresh(this, &plan)?)
            }
            Request::FixUndo(Id { id }) if this.receipt_of_fresh(&id).is_some() => {
                this.refuse_while_moving()?;
                let (receipt, folder) = this.receipt_of_fresh(&id).ok_or_else(closing)?;
                reply(Self::lead_back_to(this, receipt, &folder)?)
            }
            request @ (Request::CrashReports(_)
            | Request::CrashReportsConsent(_)
            | Request::CrashReportsAsked(_)
            | Request::CrashReportSend(_)
            | Request::CrashReportDelete(_)
            | Request::CrashReportsDeleteAll(_)) => this.answer_of_reports(request),
            request @ (Request::Network(_) | Request::OfflineSet(_)) => {
                this.answer_of_network(request)
            }
            request @ (Request::Models(_)
            | Request::ModelChoose(_)
            | Request::ModelClear(_)
            | Request::ModelAgree(_)
            | Request::ModelKeySet(_)
            | Request::ModelLimitsSet(_)
            | Request::ModelNames(_)
            | Request::ModelTest(_)
            | Request::ModelTrialCancel(_)) => this.answer_of_models(request),
            request => {
                this.refuse_while_moving()?;
                Self::take_whole(this);
                match &*this.state.read() {
                    State::Open(owner) => owner.call(request),
                    State::Refused(refusal) => Err(refusal.clone()),
                    State::Closed => Err(closing()),
                }
            }
        }
    }

    fn place(&self) -> Place {
        let moving = self
            .moving
            .lock()
            .as_ref()
            .map(|moving| moving.progress.clone());
        place::view(&self.workspace, moving)
    }

    fn take(this: &Arc<Self>) -> State {
        let taken = Owner::take(
            &this.workspace,
            &this.name,
            this.purpose,
            Some(Self::calls(this)),
        );
        this.opened(taken)
    }

    /// A memory that could only be read is opened anew once its folder may be written to. Costs nothing where it
    /// can be written.
    fn take_whole(this: &Arc<Self>) {
        let may_be_whole = |state: &State| match state {
            State::Open(owner) => owner.may_be_whole(),
            State::Refused(_) | State::Closed => false,
        };
        if !may_be_whole(&this.state.read()) {
            return;
        }
        // What is under way may take long, and there is another look after this one.
        let Some(mut state) = this.state.try_write_for(TAKE_WAIT) else {
            return;
        };
        if may_be_whole(&state) {
            // Let go of first: whoever writes shares it with nobody.
            *state = State::Closed;
            *state = Self::take(this);
            drop(state);
            this.publish(&Event::PlaceChanged);
        }
    }

    fn calls(this: &Arc<Self>) -> Arc<dyn Calls> {
        Arc::new(HomeCalls(Arc::downgrade(this)))
    }

    fn opened(&self, taken: Result<Owner, TakeError>) -> State {
        match taken {
            Ok(owner) => {
                place::sweep(&self.workspace);
                for listener in self.listeners.read().iter().map(Arc::clone) {
                    owner.subscribe(move |event| listener(event));
                }
                State::Open(owner)
            }
            Err(error) => State::Refused(error.explain()),
        }
    }

    fn publish(&self, event: &Event) {
        let listeners = self.listeners.read().clone();
        for listener in listeners {
            listener(event);
        }
    }

    fn refuse_while_moving(&self) -> Result<(), WireError> {
        if self.moving.lock().is_some() {
            return Err(wire_error(
                ErrorCode::Moving,
                "the memory is being moved to another folder",
                Some("try again when that has ended"),
            ));
        }
        Ok(())
    }

    fn cancel_move(&self) {
        if let Some(moving) = self.moving.lock().as_mut() {
            moving.cancelled = true;
        }
    }

    fn begin_moving(&self, to: &Path) -> Result<UnderWay<'_>, WireError> {
        let progress = MoveProgress {
            stage: MoveStage::Closing,
            to: place::text(to),
            done: 0,
            of: 0,
            bytes_per_second: None,
            eta_seconds: None,
        };
        {
            let mut moving = self.moving.lock();
            if moving.is_some() {
                drop(moving);
                self.refuse_while_moving()?;
                return Err(closing());
            }
            *moving = Some(Moving {
                progress: progress.clone(),
                began: None,
                told: None,
                cancelled: false,
            });
        }
        self.publish(&Event::Move(progress));
        Ok(UnderWay(self))
    }

    /// Moves the memory. Answers when it is open in its new folder; after an error it is open where it was.
    fn move_to(this: &Arc<Self>, to: &Path) -> Result<(), WireError> {
        let pointer = this.workspace.pointer();
        if let Some(refusal) = place::plan(&this.workspace, to).refusal {
            return Err(place::refusal_error(refusal));
        }
        let (Some(pointer), Ok(from)) = (pointer, this.workspace.folder()) else {
            return Err(closing());
        };
        let target = place::Target::of(to).map_err(|error| Failed::Io(error).explain())?;
        this.let_go_of_checks()?;
        let _under_way = this.begin_moving(&target.folder)?;
        // From here on new calls are refused; those that are under way are waited for.
        let mut state = this.state.write();
        let owner = match std::mem::replace(&mut *state, State::Closed) {
            State::Open(owner) => owner,
            other => {
                *state = other;
                return Err(wire_error(
                    ErrorCode::Unavailable,
                    "the memory isn't open, so it can't be moved",
                    Some("open it first; oldgrowth doctor says what is wrong"),
                ));
            }
        };
        if owner.engine().copies().running.is_some() {
            *state = State::Open(owner);
            return Err(wire_error(
                ErrorCode::Busy,
                "a backup or a restore is under way",
                Some("try again when it has ended"),
            ));
        }
        let (moved, now) = Self::moved(this, pointer, &from, &target, owner);
        *state = now;
        moved
    }

    /// The move itself, and the state it leads to.
    fn moved(
        this: &Arc<Self>,
        pointer: &Pointer,
        from: &Path,
        target: &place::Target,
        owner: Owner,
    ) -> (Result<(), WireError>, State) {
        let begun = Begun {
            to: target.folder.clone(),
            id: new_id(),
            unix_ms: this.ambient.clock.unix_ms(),
            made: target.made,
            fresh: target.fresh,
        };
        // The new folder is taken first, so that nobody else begins anything there.
        let lock = pointer
            .read()
            .and_then(|mut note| {
                note.begun.push(begun.clone());
                pointer.write(&note).map_err(|error| unnoted(&error))
            })
            .and_then(|()| {
                WorkspaceLock::acquire(&begun.to, &holder(&begun.to, &this.name))
                    .map_err(|error| TakeError::Lock(begun.to.clone(), error).explain())
            });
        let lock = match lock {
            Ok(lock) => lock,
            Err(error) => {
                undo(pointer, &begun, false);
                return (Err(error), State::Open(owner));
            }
        };
        owner.engine().stop();
        let totals = owner.engine().totals();
        let Some(Closed {
            server,
            lock: old_lock,
        }) = owner.close()
        else {
            return (Err(closing()), State::Closed);
        };
        let name = format!("{}, {MOVING}", this.name);
        old_lock.rename(from, &holder(from, &name));
        let tell = |event: &Event| {
            if let Some(server) = &server {
                server.tell(event);
            }
            this.publish(event);
        };
        let before = pointer.read();
        let committed = totals
            .map_err(|error| explain(&error))
            .and_then(|totals| {
                Transfer::new(from.to_owned(), begun.clone())
                    .run(totals, &mut |stage, done, of| {
                        this.goes_on(stage, done, of, &tell)
                    })
                    .map_err(|failed| failed.explain())
            })
            .and_then(|copied| {
                tell(&Event::Move(this.step(MoveStage::Opening)));
                commit(pointer, &begun, from, copied)
            });
        let error = match committed {
            Err(error) => {
                // The last step may have failed after the pointer was replaced.
                if let Err(unwritten) = lead_back(pointer, before, &begun) {
                    return (Err(unwritten.clone()), State::Refused(unwritten));
                }
                undo(pointer, &begun, true);
                drop(lock);
                error
            }
            Ok(()) => match Owner::begin(
                lock,
                &begun.to,
                &this.workspace,
                this.purpose,
                Some(Self::calls(this)),
            ) {
                Ok(owner) => {
                    begun.forget_draft();
                    old_lock.rename(from, &holder(from, &this.name));
                    return (Ok(()), this.opened(Ok(owner)));
                }
                Err(error) => {
                    if let Err(unwritten) = lead_back(pointer, before, &begun) {
                        return (Err(unwritten.clone()), State::Refused(unwritten));
                    }
                    undo(pointer, &begun, true);
                    error.explain()
                }
            },
        };
        drop(server);
        old_lock.rename(from, &holder(from, &this.name));
        let owner = Owner::begin(
            old_lock,
            from,
            &this.workspace,
            this.purpose,
            Some(Self::calls(this)),
        );
        (Err(error), this.opened(owner))
    }

    fn step(&self, stage: MoveStage) -> MoveProgress {
        let mut moving = self.moving.lock();
        match moving.as_mut() {
            Some(moving) => {
                moving.progress.stage = stage;
                moving.progress.eta_seconds = None;
                moving.progress.clone()
            }
            None => MoveProgress {
                stage,
                to: String::new(),
                done: 0,
                of: 0,
                bytes_per_second: None,
                eta_seconds: None,
            },
        }
    }

    /// Tells how far it is, four times a second at most, and whether somebody wants it to stop.
    fn goes_on(
        &self,
        stage: MoveStage,
        done: u64,
        of: u64,
        tell: &dyn Fn(&Event),
    ) -> ControlFlow<()> {
        let now = self.ambient.clock.monotonic();
        let (due, cancelled) = {
            let mut moving = self.moving.lock();
            let Some(moving) = moving.as_mut() else {
                return ControlFlow::Break(());
            };
            moving.progress.stage = stage;
            moving.progress.done = done;
            moving.progress.of = of;
            let due = moving
                .told
                .is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
            if due {
                moving.told = Some(now);
                let began = *moving.began.get_or_insert(now);
                let took = now.saturating_sub(began).as_millis().max(1);
                let rate = u64::try_from(u128::from(done) * 1000 / took).unwrap_or(u64::MAX);
                moving.progress.bytes_per_second = Some(rate);
                moving.progress.eta_seconds = of.saturating_sub(done).checked_div(rate);
            }
            (due.then(|| moving.progress.clone()), moving.cancelled)
        };
        if let Some(progress) = due {
            tell(&Event::Move(progress));
        }
        if cancelled {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *self.0.moving.lock() = None;
        self.0.reports_changed();
        self.0.publish(&Event::PlaceChanged);
    }
}

fn new_id() -> String {
    format!("{:032x}", SystemRandom.bits())
}

fn closing() -> WireError {
    wire_error(ErrorCode::Unavailable, "Oldgrowth is closing", None)
}

#[cfg(test)]
mod tests;
