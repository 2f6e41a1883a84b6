//! What the client does and refuses to do, and what it notes, against real listeners on this computer.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod bounds;
mod calls;
mod network;
mod support;
