//! The other end: a command line that found somebody else at work.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use interprocess::local_socket::{Stream, prelude::*};
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use serde_json::Value;

use super::{Endpoint, LINE_BYTES_MAX, Received, Sent};
use crate::words::wire_error;

#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<Stream>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// Nobody listens, or whoever does is about to end.
    Gone,
    /// An owner is there that does not answer.
    NoAnswer,
    /// An owner is there, and says why not.
    Refused(WireError),
}

/// An owner at work says at once that it is there. One that was stopped or is stuck does not, though
/// the system lets anybody connect to it.
const READY_MAX: Duration = Duration::from_secs(5);

impl Client {
    /// # Errors
    /// When the owner has not said within five seconds that it listens.
    pub(crate) fn connect(endpoint: &Endpoint) -> Result<Self, ConnectError> {
        let endpoint = endpoint.clone();
        let (ready, waiting) = mpsc::sync_channel(1);
        // Named pipes know no timeout, so another thread waits; one that is kept waiting ends with the process.
        std::thread::Builder::new()
            .name("socket-connect".to_owned())
            .spawn(move || ready.send(Self::greeted(&endpoint)))
            .map_err(|_| ConnectError::Gone)?;
        waiting
            .recv_timeout(READY_MAX)
            .unwrap_or(Err(ConnectError::NoAnswer))
    }

    fn greeted(endpoint: &Endpoint) -> Result<Self, ConnectError> {
        let stream = endpoint.name().and_then(Stream::connect);
        let mut client = Self {
            stream: BufReader::new(stream.map_err(|_| ConnectError::Gone)?),
        };
        match client.receive() {
            Ok(Received::Ready) => Ok(client),
            Ok(Received::Error(error)) => Err(ConnectError::Refused(error)),
            _ => Err(ConnectError::Gone),
        }
    }

    pub(crate) fn call(&mut self, request: Request) -> Result<Value, WireError> {
        match self.exchange(&Sent::Call(Box::new(request)))? {
            Received::Answer(value) => Ok(value),
            Received::Error(error) => Err(error),
            Received::Ready | Received::Following | Received::Event(_) => Err(lost()),
        }
    }

    /// Turns this connection into a stream of events.
    pub(crate) fn follow(mut self) -> Result<impl Iterator<Item = Event>, WireError> {
        match self.exchange(&Sent::Follow)? {
            Received::Following => Ok(std::iter::from_fn(move || match self.receive() {
                Ok(Received::Event(event)) => Some(event),
                _ => None,
            })),
            Received::Error(error) => Err(error),
            Received::Ready | Received::Answer(_) | Received::Event(_) => Err(lost()),
        }
    }

    fn exchange(&mut self, sent: &Sent) -> Result<Received, WireError> {
        let mut line = serde_json::to_vec(sent).map_err(|_| lost())?;
        line.push(b'\n');
        let stream = self.stream.get_mut();
        stream
            .write_all(&line)
            .and_then(|()| stream.flush())
            .map_err(|_| lost())?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Received, WireError> {
        let mut line = String::new();
        let read = self
            .stream
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_line(&mut line);
        match read {
            Ok(length) if length > 0 => serde_json::from_str(&line).map_err(|_| lost()),
            _ => Err(lost()),
        }
    }
}

fn lost() -> WireError {
    wire_error(
        ErrorCode::Unavailable,
        "the program that holds the workspace stopped answering",
        Some("what it has acknowledged is safe; try again"),
    )
}
