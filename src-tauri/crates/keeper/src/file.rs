//! One kept file: what others call.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::ambient::Ambient;
use crate::breaker::{Breaker, BreakerState};
use crate::cache::Shelf;
use crate::class::Class;
use crate::disk::{DiskGate, Space};
use crate::error::Error;
use crate::facts::{Checkpoint, Facts, JournalMode};
use crate::grade::SqliteGrade;
use crate::health::{Degraded, Health, HealthCell, HealthSnapshot, Moment};
use crate::held::connection_is_held;
use crate::hub::{Hub, ReadOutcome, SharedHub};
use crate::incident::Incidents;
use crate::migrate::Schema;
use crate::open::Stop;
use crate::opening::Opening;
use crate::place::{self, Place, size_of};
use crate::platform::volume::Volume;
use crate::queue::Push;
use crate::reserve::{Canceller, Permits};
use crate::split_brain::{Split, StrangeWal};
use crate::ticket::{Ticket, new_job};
use crate::tx::{ReadTx, WriteTx};

/// Times a call follows a hub that was closed under it to the one after.
const HUBS_FOLLOWED_MAX: usize = 3;

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A person. A read waits 250 ms for a reader and may run 2 s; one reader is kept for this lane.
    /// Writes go first.
    Interactive,
    /// A job. A read waits 5 s for a reader and may run 10 s. Writes go after those of people, one at
    /// least with each commit.
    Background,
}

/// A file that is opened when it is needed, reopened when it fails, and left alone while that
/// does not help.
pub struct KeptFile {
    pub(crate) me: Weak<KeptFile>,
    pub(crate) place: Place,
    pub(crate) schema: Schema,
    pub(crate) ambient: Ambient,
    /// Whatever its folder allows, this process does not write it.
    pub(crate) reads_only: bool,
    pub(crate) breaker: Mutex<Breaker>,
    pub(crate) opening: Opening,
    pub(crate) hub: RwLock<Option<SharedHub>>,
    pub(crate) writers: Mutex<Vec<(SharedHub, JoinHandle<()>)>>,
    pub(crate) health: HealthCell,
    pub(crate) closed: AtomicBool,
    /// This process has had it open, so that there was one.
    pub(crate) was_open: AtomicBool,
    pub(crate) counts: Counts,
    pub(crate) permits: Permits,
    pub(crate) incidents: Incidents,
    pub(crate) disk: DiskGate,
    pub(crate) space: Arc<dyn Space>,
    /// One backup or restore at a time.
    pub(crate) vault: Mutex<()>,
    pub(crate) aside: Mutex<Vec<Split>>,
    pub(crate) strangers: Mutex<Vec<StrangeWal>>,
    shelf: Arc<Shelf>,
    used_at: AtomicU64,
    schema_version: Mutex<Option<i32>>,
    checkpoints: Mutex<Checkpoints>,
}

#[derive(Debug, Default)]
struct Checkpoints {
    last: Option<Checkpoint>,
    incomplete: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) opens: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) evictions: AtomicU64,
    pub(crate) rights_repaired: AtomicU64,
}

impl KeptFile {
    pub(crate) fn new(
        place: Place,
        schema: Schema,
        ambient: Ambient,
        space: Arc<dyn Space>,
        shelf: Arc<Shelf>,
        reads_only: bool,
    ) -> Arc<KeptFile> {
        let unix_ms = ambient.clock.unix_ms();
        Arc::new_cyclic(|me| KeptFile {
            me: me.clone(),
            place,
            schema,
            ambient,
            reads_only,
            breaker: Mutex::new(Breaker::new()),
            opening: Opening::default(),
            hub: RwLock::new(None),
            writers: Mutex::new(Vec::new()),
            health: HealthCell::new(unix_ms),
            closed: AtomicBool::new(false),
            was_open: AtomicBool::new(false),
            counts: Counts::default(),
            permits: Permits::new(),
            incidents: Incidents::default(),
            disk: DiskGate::default(),
            space,
            vault: Mutex::new(()),
            aside: Mutex::default(),
            strangers: Mutex::default(),
            shelf,
            used_at: AtomicU64::new(0),
            schema_version: Mutex::new(None),
            checkpoints: Mutex::default(),
        })
    }

    /// Runs `op` on this thread, on one consistent snapshot, under the deadline of its lane.
    pub fn read<T, E>(
        &self,
        lane: Lane,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.read_with(lane, None, op)
    }

    /// As `read`, and ends with `Cancelled` when it is called off, before it begins or while a
    /// statement runs. What runs for long between statements asks the canceller itself.
    pub fn read_until<T, E>(
        &self,
        lane: Lane,
        canceller: &Canceller,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.read_with(lane, Some(canceller), op)
    }

    fn read_with<T, E>(
        &self,
        lane: Lane,
        canceller: Option<&Canceller>,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        if connection_is_held() {
            return Err(Error::Nested.into());
        }
        let mut op = Some(op);
        for _ in 0..HUBS_FOLLOWED_MAX {
            let hub = self.hub()?;
            let connected = || self.count_connection();
            let place = &self.place;
            let outcome = hub.read(
                lane,
                place,
                &self.ambient,
                connected,
                canceller,
                |tx| match op.take() {
                    Some(op) => op(tx),
                    None => Err(Error::Closed.into()),
                },
            );
            match outcome {
                ReadOutcome::Done { result, fault } => {
                    if let Some(fault) = fault {
                        self.note_fault(&hub, &fault);
                        self.health.deliver();
                    }
                    return result;
                }
                ReadOutcome::Retired => {}
            }
        }
        Err(Error::Overloaded.into())
    }

    /// Runs `op` on the writer thread and returns after the commit that makes it durable. If `op`
    /// fails or panics, or runs for more than 60 s, nothing of it stays. It goes with the lane of
    /// people; the one of jobs is asked for with `submit_in`, and pauses when the disk grows full.
    pub fn write<T, E>(
        &self,
        op: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit(op).wait()
    }

    /// Like `write`, without waiting: many writes of one thread share one commit.
    pub fn submit<T, E>(
        &self,
        op: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Ticket<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit_in(Lane::Interactive, op)
    }

    /// Like `submit`, in a lane. Writes of one lane keep their order; between lanes there is none.
    pub fn submit_in<T, E>(
        &self,
        lane: Lane,
        op: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Ticket<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if connection_is_held() {
            return Ticket::refused(Error::Nested);
        }
        if let Err(error) = self.admit_write(lane) {
            return Ticket::refused(error);
        }
        let (mut job, ticket) = new_job(op);
        for _ in 0..HUBS_FOLLOWED_MAX {
            let hub = match self.hub() {
                Ok(hub) => hub,
                Err(error) => {
                    job.fail(error);
                    return ticket;
                }
            };
            if let Some(refusal) = &hub.refusal {
                job.fail(refusal.clone());
                return ticket;
            }
            match hub.queue.push(lane, job) {
                Push::Taken => return ticket,
                Push::Closed(back) => job = back,
            }
        }
        job.fail(Error::Overloaded);
        ticket
    }

    pub fn health(&self) -> HealthSnapshot {
        self.health.snapshot()
    }

    /// The last changes, the newest at the end, at most 64.
    pub fn health_history(&self) -> Vec<HealthSnapshot> {
        self.health.history()
    }

    /// Calls `listener` after each change, in order, outside all locks. The call may come on any
    /// thread that uses the file, the writer's included, so it should only pass the news on.
    pub fn on_health(&self, listener: impl Fn(&HealthSnapshot) + Send + Sync + 'static) {
        self.health.listen(Arc::new(listener));
    }

    /// Tries once, now, whatever the breaker thinks of waiting.
    pub fn try_now(&self) -> Result<(), Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        self.look_at_disk(true);
        if let Some(hub) = self.current_hub()
            && let Some(refusal) = &hub.refusal
        {
            if self.stays_unwritable(&hub, refusal) {
                self.read(Lane::Interactive, look_inside)?;
                return Err(refusal.clone());
            }
            self.let_go();
        }
        if self.current_hub().is_none() {
            let hub = self.open_now()?;
            return hub.refusal.clone().map_or(Ok(()), Err);
        }
        self.read(Lane::Interactive, look_inside)?;
        // Only a commit tells that the disk takes one: the version is set to what it is.
        self.write(|tx| {
            let connection = tx.connection();
            let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            connection.pragma_update(None, "user_version", version)?;
            Ok(())
        })
    }

    /// To open it again would change nothing, or would come between those who read.
    fn stays_unwritable(&self, hub: &Hub, refusal: &Error) -> bool {
        let in_use = || hub.is_in_use() || self.permits.any_held();
        let lacks_right = matches!(refusal, Error::ReadOnly { .. });
        self.reads_only || lacks_right && (self.place.is_on_read_only_volume() || in_use())
    }

    /// Attempts to open the file since the start: while it stays the same, so does the file.
    pub fn opens(&self) -> u64 {
        self.counts.opens.load(Ordering::Relaxed)
    }

    /// What can be known without opening anything.
    pub fn facts(&self) -> Facts {
        let count = |c: &AtomicU64| c.load(Ordering::Relaxed);
        let hub = self.current_hub();
        let (last_checkpoint, incomplete_checkpoints) = {
            let checkpoints = self.checkpoints.lock();
            (checkpoints.last, checkpoints.incomplete)
        };
        let volume = self.place.folder().and_then(|f| self.space.look(f));
        let wal_bytes = size_of(&self.place.wal);
        let needed = |volume| self.disk.needed_bytes(volume, wal_bytes.unwrap_or(0));
        Facts {
            path: self.place.main.clone(),
            main_bytes: place::bytes_unless_folder(&self.place.main),
            wal_bytes,
            shm_bytes: size_of(&self.place.shm),
            free_bytes: volume.map(|volume| volume.free_bytes),
            needed_bytes: volume.map(needed),
            read_only_volume: self.place.is_on_read_only_volume(),
            jobs_paused: self.disk.is_paused(),
            sqlite_version: rusqlite::version(),
            sqlite: SqliteGrade::of_linked(),
            schema_version: *self.schema_version.lock(),
            journal_mode: hub.as_ref().map(|hub| hub.mode),
            breaker: self.breaker_state(),
            opens: count(&self.counts.opens),
            connections: count(&self.counts.connections),
            writes: count(&self.counts.commits),
            evictions: count(&self.counts.evictions),
            refused: self.health.refused_in_all(),
            rights_repaired: count(&self.counts.rights_repaired),
            last_checkpoint,
            incomplete_checkpoints,
            oldest_reader: hub.as_ref().and_then(|hub| hub.watch.oldest(self.now())),
        }
    }

    /// Acts on a failure met in use. Ones that condemn the connection close it, so that the next
    /// call opens a new one through the breaker; `deliver_health` must follow.
    pub(crate) fn note_fault(&self, hub: &SharedHub, fault: &Error) {
        self.tell_fault(fault);
        match fault.class() {
            Class::DiskFull => self.health.fall(Health::DiskFull, self.moment()),
            Class::Permission => self.health.fall(Health::ReadOnly, self.moment()),
            Class::SplitBrain => {
                let changed = hub.identity.changed(&self.place);
                self.split(hub, changed.unwrap_or_default());
            }
            class if class.evicts() => self.evict(hub, fault),
            _ => {}
        }
    }

    fn evict(&self, hub: &SharedHub, fault: &Error) {
        {
            let mut slot = self.hub.write();
            let is_current = slot
                .as_ref()
                .is_some_and(|now| now.generation == hub.generation);
            if !is_current {
                return;
            }
            *slot = None;
        }
        let given_back = hub.retire(false);
        self.counts.evictions.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let state = {
            let mut breaker = self.breaker.lock();
            breaker.evicted(now);
            breaker.state(now)
        };
        self.opening.remember(fault.clone(), now);
        let health = match state {
            BreakerState::Open { retry_in } => self.unavailable(fault, retry_in),
            _ => Health::failing(fault),
        };
        self.health.fall(health, self.moment());
        for job in given_back {
            job.fail(fault.clone());
        }
    }

    /// The writer thread ended by a panic that was no job's: nobody would ever be answered there.
    pub(crate) fn writer_died(&self, hub: &SharedHub) {
        self.evict(hub, &Error::Panicked);
        self.health.deliver();
    }

    /// A commit proves that space or the right to write has come back.
    pub(crate) fn write_succeeded(&self, hub: &Hub) {
        let has_come_back = match self.health.snapshot().state {
            // While the gate pauses jobs, a write of a person that fits proves little.
            Health::DiskFull => !self.disk.is_paused(),
            Health::ReadOnly => true,
            _ => false,
        };
        if has_come_back {
            self.health.rise(normal_health(hub.mode), self.moment());
        }
    }

    /// Closes what is open, without judging it; the next call opens it again.
    pub(crate) fn let_go(&self) -> bool {
        let hub = self.hub.write().take();
        if let Some(hub) = hub {
            drop(hub.retire(true));
        }
        self.join_writers()
    }

    pub(crate) fn shut_down(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // An opening under way sees `closed` before it installs its hub, or is seen here.
        let hub = self.hub.write().take();
        // Long holds have no deadline that would end them.
        self.permits.close();
        if let Some(hub) = hub {
            drop(hub.retire(true));
        }
        self.join_writers();
        self.keep_aside();
        self.health.close(self.moment());
        self.health.deliver();
    }

    /// Waits for the writers of closed hubs to let go of the file.
    pub(crate) fn join_writers(&self) -> bool {
        let mine = std::thread::current().id();
        let writers: Vec<_> = self.writers.lock().drain(..).collect();
        let mut all_gone = true;
        for (hub, thread) in writers {
            if thread.thread().id() == mine {
                continue;
            }
            if hub.wait_for_exit() {
                // A panicked writer has already been accounted for by closing its hub.
                thread.join().ok();
            } else {
                all_gone = false;
                self.writers.lock().push((hub, thread));
            }
        }
        all_gone
    }

    /// Folds the log into the main file by closing the file for a moment, as a program that ends does.
    /// False while somebody uses it.
    pub fn fold_log(&self) -> Result<bool, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        if !(self.rest() && self.join_writers()) {
            return Ok(false);
        }
        self.read(Lane::Background, look_inside)?;
        Ok(true)
    }

    /// What kind of volume the file lies on.
    pub fn volume(&self) -> Volume {
        self.place.volume()
    }

    /// Closes the file if nobody uses it. The next call opens it again.
    pub(crate) fn rest(&self) -> bool {
        let hub = {
            let mut slot = self.hub.write();
            let in_use = |hub: &SharedHub| self.permits.any_held() || hub.is_in_use();
            if slot.as_ref().is_some_and(in_use) {
                return false;
            }
            slot.take()
        };
        if let Some(hub) = hub {
            // Who found it just before is told that it is retired and follows to the next.
            drop(hub.retire(true));
        }
        true
    }

    pub(crate) fn is_open(&self) -> bool {
        self.hub.read().is_some()
    }

    pub(crate) fn mark_use(&self) {
        self.used_at.store(self.shelf.use_now(), Ordering::Relaxed);
    }

    pub(crate) fn used_at(&self) -> u64 {
        self.used_at.load(Ordering::Relaxed)
    }

    pub(crate) fn shelve(&self) {
        self.shelf.opened(&self.me);
    }

    pub(crate) fn unavailable(&self, error: &Error, retry_in: Duration) -> Health {
        let wait_ms = i64::try_from(retry_in.as_millis()).unwrap_or(i64::MAX);
        Health::Unavailable {
            class: error.class(),
            code: error.code(),
            errno: error.errno(),
            retry_at_unix_ms: self.ambient.clock.unix_ms().saturating_add(wait_ms),
        }
    }

    pub(crate) fn current_hub(&self) -> Option<SharedHub> {
        self.hub.read().clone()
    }

    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker.lock().state(self.now())
    }

    pub(crate) fn now(&self) -> Duration {
        self.ambient.clock.monotonic()
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            monotonic: self.ambient.clock.monotonic(),
            unix_ms: self.ambient.clock.unix_ms(),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn deliver_health(&self) {
        self.health.deliver();
    }

    pub(crate) fn count_commit(&self) {
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read_apart<T, E: From<Error>>(
        &self,
        hub: &Hub,
        label: &'static str,
        begun: impl FnOnce(&Arc<Stop>) -> bool,
        op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> ReadOutcome<T, E> {
        let connected = || self.count_connection();
        hub.read_apart(label, &self.place, &self.ambient, connected, begun, op)
    }

    pub(crate) fn count_connection(&self) {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn record_checkpoint(&self, checkpoint: Checkpoint) {
        let mut checkpoints = self.checkpoints.lock();
        checkpoints.last = Some(checkpoint);
        checkpoints.incomplete = if checkpoint.is_complete() {
            0
        } else {
            checkpoints.incomplete.saturating_add(1)
        };
    }

    pub(crate) fn record_schema_version(&self, version: i32) {
        *self.schema_version.lock() = Some(version);
    }
}

/// Reads a page, so that a file which cannot be read shows it.
pub(crate) fn look_inside(tx: &ReadTx<'_>) -> Result<(), Error> {
    let mut statement = tx
        .connection()
        .prepare_cached("SELECT count(*) FROM sqlite_schema")?;
    Ok(statement
        .query_row([], |row| row.get::<_, i64>(0))
        .map(drop)?)
}

pub(crate) fn normal_health(mode: JournalMode) -> Health {
    match mode {
        JournalMode::Wal => Health::Ok,
        JournalMode::WalExclusive => Health::Degraded(Degraded::NoSharedIndex),
        JournalMode::RollbackExclusive => Health::Degraded(Degraded::UnfitVolume),
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl fmt::Debug for KeptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptFile")
            .field("health", &self.health)
            .field("breaker", &self.breaker_state())
            .finish_non_exhaustive()
    }
}
