//! Tests that break things on purpose, many thousand times, and count what was lost.

pub mod flips;
