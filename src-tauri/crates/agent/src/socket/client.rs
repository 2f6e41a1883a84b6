//! The other end: a command line that found somebody else at work.

use std::io::{BufRead, BufReader, Read, Write};

use interprocess::local_socket::{Stream, prelude::*};
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use serde_json::Value;

use super::{Endpoint, LINE_BYTES_MAX, Received, Sent};
use crate::words::wire_error;

#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<Stream>,
}

impl Client {
    pub(crate) fn connect(endpoint: &Endpoint) -> std::io::Result<Self> {
        Ok(Self {
            stream: BufReader::new(Stream::connect(endpoint.name()?)?),
        })
    }

    pub(crate) fn call(&mut self, request: Request) -> Result<Value, WireError> {
        match self.exchange(&Sent::Call(request))? {
            Received::Answer(value) => Ok(value),
            Received::Error(error) => Err(error),
            Received::Following | Received::Event(_) => Err(lost()),
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
            Received::Answer(_) | Received::Event(_) => Err(lost()),
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
