//! Long holds take a permit. A backup, an export or a consistent read of many pages keeps a snapshot
//! open for as long as it runs, and the WAL cannot be emptied past it, so few may run at once.
//!
//! The count goes up before anything is opened or waited for, and down exactly once: the permit is a
//! guard. Who is refused comes back later; saying so with `reserve_later` makes it visible.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Error;
use crate::file::KeptFile;
use crate::held::connection_is_held;
use crate::hub::ReadOutcome;
use crate::open::Stop;
use crate::pool::{BACKGROUND_READERS_MAX, READERS_MAX};
use crate::tx::ReadTx;

/// As many readers as are kept for people stay out of the count.
const HEADROOM: usize = READERS_MAX - BACKGROUND_READERS_MAX;
/// The share of the cap at which it is called near, in percent.
const NEAR_PERCENT: u32 = 80;
/// With fewer permits than this one hold is already near the cap, so being near is no news by itself.
const WARNS_ALONE_FROM: u32 = 5;
/// Times a read follows a hub that was closed under it to the one after.
const HUBS_FOLLOWED_MAX: usize = 3;

/// The permits of a file, as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservations {
    /// Permits held: the number of live [`Reservation`]s.
    pub reserved: u32,
    pub cap: u32,
    /// At least 80 % of the cap are held. Never with a cap of 0.
    pub near_cap: bool,
    /// Nobody more may pass now. Always with a cap of 0.
    pub blocked: bool,
    /// Callers that were refused and said that they come back: the number of live [`Waiting`]s.
    pub waiting: u32,
    /// Age of the longest hold.
    pub oldest: Option<Duration>,
}

impl Reservations {
    /// The cap that is used when none is set.
    pub fn cap_default() -> u32 {
        default_cap(READERS_MAX, HEADROOM)
    }

    /// Somebody should know: the cap is near and is not a small one, or somebody waits.
    pub fn warns(&self) -> bool {
        self.near_cap && (self.cap >= WARNS_ALONE_FROM || self.waiting > 0)
    }
}

impl KeptFile {
    /// Takes a permit for a long hold, or `None` at the cap: then the caller comes back later, and
    /// has failed at nothing. Does not wait and opens nothing. `label` names the holder in facts and
    /// logs.
    pub fn reserve(&self, label: &'static str) -> Option<Reservation> {
        let file = self.me.upgrade()?;
        let permit = self.permits.take(label, self.now())?;
        Some(Reservation { file, permit })
    }

    /// Says that the caller was refused and comes back. It counts as waiting while the value lives.
    pub fn reserve_later(&self, label: &'static str) -> Option<Waiting> {
        let file = self.me.upgrade()?;
        let place = self.permits.wait();
        Some(Waiting { file, place, label })
    }

    pub fn reservations(&self) -> Reservations {
        self.permits.ledger.lock().read_out(self.now())
    }

    /// `None` is the default, `max(1, readers - headroom)`; 0 lets nobody pass. Permits that are held
    /// stay held, also above a smaller cap.
    pub fn set_reservation_cap(&self, cap: Option<u32>) {
        let mut ledger = self.permits.ledger.lock();
        ledger.cap = cap.unwrap_or_else(Reservations::cap_default);
        ledger.look();
    }
}

/// A permit. Dropping it gives it back.
pub struct Reservation {
    file: Arc<KeptFile>,
    permit: Permit,
}

impl Reservation {
    /// Runs `op` on this thread, on one consistent snapshot and a connection of its own, without a
    /// deadline. It ends with `Cancelled` when it is called off: by [`Reservation::canceller`], when
    /// the keeper shuts down, or because the WAL has grown too long behind it. A file without shared
    /// memory has one connection only: there the read takes turns with the writer, under the deadline
    /// of the background lane.
    pub fn read<T, E>(&self, op: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        if connection_is_held() {
            return Err(Error::Nested.into());
        }
        let mut op = Some(op);
        for _ in 0..HUBS_FOLLOWED_MAX {
            let hub = self.file.hub()?;
            let begun = |stop: &Arc<Stop>| self.permit.stopping.begin(stop);
            let outcome = self
                .file
                .read_apart(&hub, self.label(), begun, |tx| match op.take() {
                    Some(op) => op(tx),
                    None => Err(Error::Closed.into()),
                });
            self.permit.stopping.end();
            match outcome {
                ReadOutcome::Done { result, fault } => {
                    if let Some(fault) = fault {
                        self.file.note_fault(&hub, &fault);
                        self.file.deliver_health();
                    }
                    return result;
                }
                ReadOutcome::Retired => {}
            }
        }
        Err(Error::Overloaded.into())
    }

    pub fn label(&self) -> &'static str {
        self.permit.label
    }

    /// Somebody wants the read to end. What runs for long without a statement of SQLite asks.
    pub(crate) fn is_called_off(&self) -> bool {
        let stopping = &self.permit.stopping;
        let clock = self.file.ambient.clock.as_ref();
        stopping.cancelled.load(Ordering::SeqCst)
            || stopping
                .reading
                .lock()
                .as_ref()
                .is_some_and(|stop| stop.says_stop(clock))
    }

    /// Calls the hold off from elsewhere.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.permit.stopping))
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.label()).finish()
    }
}

/// Ends a read from elsewhere: that of its reservation or the one it was given to, the one under way
/// and those to come.
#[derive(Clone, Default)]
pub struct Canceller(Arc<Stopping>);

impl Canceller {
    pub fn cancel(&self) {
        self.0.cancel();
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn begin(&self, stop: &Arc<Stop>) -> bool {
        self.0.begin(stop)
    }

    /// Lets go of what is read, when dropped.
    pub(crate) fn ending(&self) -> EndingRead<'_> {
        EndingRead(&self.0)
    }
}

pub(crate) struct EndingRead<'s>(&'s Stopping);

impl Drop for EndingRead<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canceller")
    }
}

/// A caller that was refused and comes back.
pub struct Waiting {
    file: Arc<KeptFile>,
    place: WaitingPlace,
    label: &'static str,
}

impl Waiting {
    /// The permit, or the place among the waiting again.
    pub fn try_again(self) -> Result<Reservation, Waiting> {
        match self.file.reserve(self.label) {
            Some(reservation) => Ok(reservation),
            None => Err(self),
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("label", &self.label)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// What calls a reservation off, whether it reads now or not.
#[derive(Default)]
struct Stopping {
    cancelled: AtomicBool,
    reading: Mutex<Option<Arc<Stop>>>,
}

impl Stopping {
    /// False if it is called off already.
    fn begin(&self, stop: &Arc<Stop>) -> bool {
        *self.reading.lock() = Some(Arc::clone(stop));
        !self.cancelled.load(Ordering::SeqCst)
    }

    fn end(&self) {
        *self.reading.lock() = None;
    }

    fn cancel(&self) {
        // In this order `begin` either sees the flag or is seen here.
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(stop) = self.reading.lock().as_ref() {
            // Whether somebody else has done so before is all the same here.
            stop.call_off();
        }
    }
}

/// `max(1, readers - headroom)`: derived from the readers there are, so that it cannot exceed them.
fn default_cap(readers: usize, headroom: usize) -> u32 {
    u32::try_from(readers.saturating_sub(headroom).max(1)).unwrap_or(u32::MAX)
}

/// The permits of one file, shared with those who hold them.
#[derive(Clone)]
pub(crate) struct Permits {
    ledger: Arc<Mutex<Ledger>>,
}

impl Permits {
    pub(crate) fn new() -> Permits {
        Permits {
            ledger: Arc::new(Mutex::new(Ledger {
                cap: Reservations::cap_default(),
                held: Vec::new(),
                waiting: 0,
                next_id: 0,
                warned: false,
                warnings: 0,
                closed: false,
                suspended: false,
            })),
        }
    }

    pub(crate) fn any_held(&self) -> bool {
        !self.ledger.lock().held.is_empty()
    }

    fn take(&self, label: &'static str, now: Duration) -> Option<Permit> {
        let mut ledger = self.ledger.lock();
        let reserved = u32::try_from(ledger.held.len()).unwrap_or(u32::MAX);
        if ledger.closed || ledger.suspended || reserved >= ledger.cap {
            return None;
        }
        let id = ledger.next_id;
        ledger.next_id += 1;
        let stopping = Arc::<Stopping>::default();
        ledger.held.push(Hold {
            id,
            since: now,
            stopping: Arc::clone(&stopping),
        });
        ledger.look();
        Some(Permit {
            permits: self.clone(),
            id,
            label,
            stopping,
        })
    }

    /// Calls every hold off and gives no more permits.
    pub(crate) fn close(&self) {
        let mut ledger = self.ledger.lock();
        ledger.closed = true;
        ledger.held.iter().for_each(|hold| hold.stopping.cancel());
    }

    /// No permit is given while the value lives. `None` if one is held, or somebody else does so.
    pub(crate) fn suspend(&self) -> Option<Suspended> {
        let mut ledger = self.ledger.lock();
        if ledger.suspended || !ledger.held.is_empty() {
            return None;
        }
        ledger.suspended = true;
        Some(Suspended(self.clone()))
    }

    fn wait(&self) -> WaitingPlace {
        let mut ledger = self.ledger.lock();
        ledger.waiting = ledger.waiting.saturating_add(1);
        ledger.look();
        WaitingPlace(self.clone())
    }
}

pub(crate) struct Suspended(Permits);

impl Drop for Suspended {
    fn drop(&mut self) {
        self.0.ledger.lock().suspended = false;
    }
}

struct Permit {
    permits: Permits,
    id: u64,
    label: &'static str,
    stopping: Arc<Stopping>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut ledger = self.permits.ledger.lock();
        ledger.held.retain(|hold| hold.id != self.id);
        ledger.look();
    }
}

struct WaitingPlace(Permits);

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        let mut ledger = self.0.ledger.lock();
        ledger.waiting = ledger.waiting.saturating_sub(1);
        ledger.look();
    }
}

impl fmt::Debug for WaitingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitingPlace")
    }
}

struct Ledger {
    cap: u32,
    /// In the order of their beginning, so the first is the oldest.
    held: Vec<Hold>,
    waiting: u32,
    next_id: u64,
    /// Being near the cap has been told, and is not told again before it was below.
    warned: bool,
    warnings: u64,
    closed: bool,
    /// The file is being replaced.
    suspended: bool,
}

struct Hold {
    id: u64,
    since: Duration,
    stopping: Arc<Stopping>,
}

impl Ledger {
    fn read_out(&self, now: Duration) -> Reservations {
        let reserved = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        Reservations {
            reserved,
            cap: self.cap,
            near_cap: self.cap > 0 && reserved >= near(self.cap),
            blocked: reserved >= self.cap,
            waiting: self.waiting,
            oldest: self.held.first().map(|hold| now.saturating_sub(hold.since)),
        }
    }

    /// After each change: one warning when the cap comes near, none again before it is far.
    fn look(&mut self) {
        let now = self.read_out(Duration::ZERO);
        if !now.near_cap {
            self.warned = false;
            return;
        }
        if now.warns() && !self.warned {
            self.warned = true;
            self.warnings += 1;
            tracing::warn!(
                reserved = now.reserved,
                cap = now.cap,
                waiting = now.waiting,
                "long reads of the database are near their cap"
            );
        }
    }
}

/// `ceil(0.8 * cap)`
fn near(cap: u32) -> u32 {
    let share = u64::from(cap) * u64::from(NEAR_PERCENT);
    u32::try_from(share.div_ceil(100)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    fn permits(cap: u32) -> Permits {
        let permits = Permits::new();
        permits.ledger.lock().cap = cap;
        permits
    }

    fn warnings(permits: &Permits) -> u64 {
        permits.ledger.lock().warnings
    }

    #[test]
    fn the_default_cap_follows_the_readers_and_is_never_nothing() {
        for (readers, headroom, cap) in [
            (20, 5, 15),
            (6, 5, 1),
            (5, 5, 1),
            (3, 5, 1),
            (0, 5, 1),
            (READERS_MAX, HEADROOM, 2),
        ] {
            assert_eq!(
                default_cap(readers, headroom),
                cap,
                "{readers} readers, {headroom} of them kept"
            );
        }
    }

    #[test]
    fn the_warning_comes_once_at_the_crossing_and_again_only_after_the_cap_was_far() {
        let permits = permits(10);
        let mut held: Vec<_> = (0..7).map(|_| permits.take("t", NOW)).collect();
        assert_eq!(warnings(&permits), 0, "seven of ten is not near");
        held.push(permits.take("t", NOW));
        assert_eq!(warnings(&permits), 1, "eight of ten is");
        held.push(permits.take("t", NOW));
        held.push(permits.take("t", NOW));
        assert_eq!(warnings(&permits), 1, "nine and ten say nothing new");
        held.truncate(8);
        held.push(permits.take("t", NOW));
        assert_eq!(warnings(&permits), 1, "it has not been below eight");
        held.truncate(7);
        held.push(permits.take("t", NOW));
        assert_eq!(warnings(&permits), 2, "it has been, and crossed again");
    }

    #[test]
    fn with_a_small_cap_being_near_warns_only_when_somebody_waits() {
        let permits = permits(2);
        let held = [permits.take("t", NOW), permits.take("t", NOW)];
        let near = permits.ledger.lock().read_out(NOW);
        assert!(near.near_cap && near.blocked, "shown: {near:?}");
        assert_eq!(warnings(&permits), 0, "but nobody is kept waiting");
        let place = permits.wait();
        assert_eq!(warnings(&permits), 1, "now somebody is");
        drop(place);
        drop(permits.wait());
        assert_eq!(warnings(&permits), 1, "the same two holds, told once");
        drop(held);
        assert_eq!(
            permits.ledger.lock().read_out(NOW).reserved,
            0,
            "all came back"
        );
    }

    #[test]
    fn near_is_four_fifths_of_the_cap_rounded_up() {
        for (cap, at) in [(1, 1), (2, 2), (4, 4), (5, 4), (6, 5), (10, 8), (15, 12)] {
            assert_eq!(near(cap), at, "cap {cap}");
        }
    }
}
