//! The `oldgrowth` command line, and the owner of a workspace that it shares with the desktop app.

pub mod cli;
mod dates;
mod dispatch;
mod home;
mod models;
mod network;
mod owner;
mod place;
mod power;
mod report;
mod reporting;
mod session;
mod socket;
mod system;
mod views;
mod words;

pub use home::{Home, Listener};
pub use place::Workspace;
pub use reporting::{report_faults, reports_of_person};
