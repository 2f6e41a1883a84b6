//! The app's one way to the network.
//!
//! Whoever speaks to another computer does it through a [`Client`]: it never follows a redirect, goes
//! through no proxy that the environment names, ends by a deadline, and reads no more than it was told.
//! A thread that holds a database connection is refused, in release builds too: a slow server would keep
//! everybody else from the database.

mod client;

pub use client::{Client, Error, Limits, Response};
