//! What the engine promises, on a real store with real files. Only models, and where a test must
//! stop time between two steps the reader of files, are replaced.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failed set-up should fail the test"
)]

mod activity;
mod answers;
mod asking;
mod checks;
mod conversations;
mod copies;
mod counting;
mod crashing;
mod days;
mod embedding;
mod extracting;
mod failures;
mod fixes;
mod fixes_of_copies;
mod fixes_of_work;
mod gathered;
mod growth;
mod guard;
mod health;
mod idle;
mod imports;
mod indexes;
mod interleavings;
mod leases;
mod losses;
mod meaning;
mod memories;
mod nearest;
mod parents;
mod pausing;
mod power;
mod pruning;
mod ranking;
mod receipts;
mod reranking;
mod rig;
mod salvaged;
mod samples;
mod sealing;
mod searching;
mod servers;
mod similar;
mod stand_ins;
mod storage;
mod superseding;
mod tags;
mod telling;
mod topics;
mod vectors_anew;
mod walking;
mod watching;
mod ways_out;
mod why;
mod written;
