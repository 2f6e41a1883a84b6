//! The `oldgrowth` command line, and the owner of a workspace that it shares with the desktop app.

pub mod cli;
mod dates;
mod dispatch;
mod owner;
mod session;
mod socket;
mod system;
mod views;
mod words;

pub use owner::{Owner, default_workspace};
