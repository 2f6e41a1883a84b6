//! What is asked of a server of models, and what is made of its answers, against a real one on this computer that is
//! slow, wrong, cut off, short of breath, pointing elsewhere and malicious.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

mod answers;
mod built_in;
mod choice;
mod remote;
mod roles;
mod support;
