//! Pure types and rules: no input or output, no clock, no randomness, no threads.

pub mod canonical;
pub mod time;

pub use time::UnixMs;
