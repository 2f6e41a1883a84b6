//! Whether anything of a call itself was handed to its connection: above TLS, which greets and is convinced before that.

use std::cell::Cell;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

thread_local! {
    /// Of the call that this thread makes. It does all of its writing by itself.
    static SAID: Cell<bool> = const { Cell::new(false) };
}

/// Takes whether anything was said on this thread, and begins anew.
pub(crate) fn take() -> bool {
    SAID.take()
}

#[derive(Debug)]
pub(crate) struct SayingConnector;

#[derive(Debug)]
pub(crate) struct Saying<T>(T);

impl<In: Transport> Connector<In> for SayingConnector {
    type Out = Saying<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Saying<In>>, Error> {
        Ok(chained.map(Saying))
    }
}

impl<T: Transport> Transport for Saying<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // Before it is known whether any of it went.
        SAID.set(true);
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}
