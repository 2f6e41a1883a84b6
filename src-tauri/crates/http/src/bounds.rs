//! How far a call may go, and for how long anybody wants it: asked where its name has been looked up, and while its
//! answer is awaited.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use crate::client::Error;

/// This often whoever waits for an answer asks whether anybody still wants it.
const ASK_EVERY: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds {
    /// The name has to lead to this computer.
    pub(crate) only_here: bool,
    /// Nobody wants the answer any more.
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

thread_local! {
    /// Of the call that this thread makes.
    static BOUNDS: RefCell<Bounds> = RefCell::default();
    /// What it was ended for.
    static OVERSTEPPED: Cell<Option<Error>> = const { Cell::new(None) };
}

/// Of the next call of this thread.
pub(crate) fn set(bounds: Bounds) {
    BOUNDS.set(bounds);
    OVERSTEPPED.set(None);
}

/// What the last call of this thread was ended for, if it was.
pub(crate) fn overstepped() -> Option<Error> {
    BOUNDS.take();
    OVERSTEPPED.take()
}

fn overstep(error: Error) -> ureq::Error {
    OVERSTEPPED.set(Some(error));
    ureq::Error::Other(Box::new(error))
}

fn is_stopped() -> bool {
    BOUNDS.with_borrow(|bounds| {
        let stop = bounds.stop.as_ref();
        stop.is_some_and(|stop| stop.load(Ordering::SeqCst))
    })
}

/// The system's names. What they lead to is what is connected to: nobody can change it in between.
#[derive(Debug, Default)]
pub(crate) struct BoundedResolver(DefaultResolver);

impl Resolver for BoundedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let only_here = BOUNDS.with_borrow(|bounds| bounds.only_here);
        if only_here && !found.iter().all(|at| at.ip().to_canonical().is_loopback()) {
            return Err(overstep(Error::NotHere));
        }
        Ok(found)
    }
}

#[derive(Debug)]
pub(crate) struct BoundedConnector;

#[derive(Debug)]
pub(crate) struct Bounded<T>(T);

impl<In: Transport> Connector<In> for BoundedConnector {
    type Out = Bounded<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Bounded<In>>, ureq::Error> {
        Ok(chained.map(Bounded))
    }
}

impl<T: Transport> Transport for Bounded<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if is_stopped() {
            return Err(overstep(Error::Stopped));
        }
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let mut left = *timeout.after;
        loop {
            if is_stopped() {
                return Err(overstep(Error::Stopped));
            }
            let turn = left.min(ASK_EVERY);
            let awaited = self.0.await_input(NextTimeout {
                after: turn.into(),
                ..timeout
            });
            left = left.saturating_sub(turn);
            match awaited {
                Err(ureq::Error::Timeout(_)) if !left.is_zero() => {}
                other => return other,
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}
