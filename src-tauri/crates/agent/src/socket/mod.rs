//! How other programs of the same person reach the owner: one JSON object a line over a Unix domain
//! socket or a named pipe that only they can open.

mod client;
mod endpoint;
mod server;

pub(crate) use client::{Client, ConnectError};
pub(crate) use endpoint::Endpoint;
pub(crate) use server::{Calls, Server};

use oldgrowth_wire::{Event, Request, WireError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest line, in bytes: a note of a million characters and its escapes.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a client may send.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sent {
    Call(Box<Request>),
    /// From here on, send every event.
    Follow,
}

/// What the owner sends back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Received {
    /// The first line of a connection: somebody is awake here.
    Ready,
    Answer(Value),
    Error(WireError),
    Following,
    Event(Event),
}
