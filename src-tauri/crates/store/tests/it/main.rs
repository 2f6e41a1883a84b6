//! The schema as it is on disk: written down, strict, reachable by its indexes, and readable after
//! it has been released.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod names;
mod place;
mod plans;
mod released;
mod schema;
mod tags;
mod vectors;
