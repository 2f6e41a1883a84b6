//! The embedder on the file that the set-up has made.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod files;
mod support;
mod tokens;
mod vectors;
