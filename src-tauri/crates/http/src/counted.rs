//! Counts what really goes over a connection: below TLS, so that its greetings and its covers are counted too.

use std::cell::Cell;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use crate::contacts::Bytes;

thread_local! {
    /// Of the call that this thread makes. It does all of its reading and writing by itself.
    static COUNTED: Cell<Bytes> = const { Cell::new(Bytes { sent: 0, received: 0 }) };
}

/// Takes what was counted on this thread, and begins anew.
pub(crate) fn take() -> Bytes {
    COUNTED.take()
}

#[derive(Debug)]
pub(crate) struct CountingConnector;

#[derive(Debug)]
pub(crate) struct Counted<T>(T);

impl<In: Transport> Connector<In> for CountingConnector {
    type Out = Counted<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Counted<In>>, Error> {
        Ok(chained.map(Counted))
    }
}

impl<T: Transport> Transport for Counted<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Before it is known whether all of it went: rather too much than too little.
        add(amount, 0);
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.0.buffers().input().len();
        let awaited = self.0.await_input(timeout);
        let now = self.0.buffers().input().len();
        add(0, now.saturating_sub(before));
        awaited
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn add(sent: usize, received: usize) {
    let mut bytes = COUNTED.get();
    bytes.sent = bytes.sent.saturating_add(sent as u64);
    bytes.received = bytes.received.saturating_add(received as u64);
    COUNTED.set(bytes);
}
