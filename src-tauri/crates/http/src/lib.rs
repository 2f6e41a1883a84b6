//! The app's one way to the network.
//!
//! Whoever speaks to another computer does it through a [`Client`]: it never follows a redirect, goes
//! through no proxy that the environment names, ends by a deadline, and reads no more than it was told.
//! A thread that holds a database connection is refused, in release builds too: a slow server would keep
//! everybody else from the database.
//!
//! ```text
//!   call ─► online? ─► noted in contacts.jsonl ─► name looked up, connected, sent ─► how it ended is noted
//!             └ no: refused    └ not possible: refused
//! ```
//!
//! The switch and the list of calls, a [`Network`], lie in a folder of the person's own, which all of their processes
//! share and each reads anew before each call.

mod address;
mod bounds;
mod client;
mod contacts;
mod counted;
mod network;
mod said;
mod switch;

pub use address::Address;
pub use client::{Client, Error, Limits, Response};
pub use contacts::{Contact, Contacts, Outcome, Purpose};
pub use network::{Network, Teller};
pub use switch::Switch;
