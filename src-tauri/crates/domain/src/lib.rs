//! Pure types and rules: no input or output, no clock, no randomness, no threads.

pub mod borne;
pub mod calendar;
pub mod canonical;
pub mod chunking;
pub mod entities;
pub mod hotness;
pub mod id;
pub mod jobs;
pub mod sealing;
pub mod tags;
pub mod text;
pub mod time;
pub mod vectors;
pub mod when;
pub mod words;

pub use id::{BatchId, ChunkId, DocumentId, EntityId, NodeId, SourceId};
pub use time::{Happened, TimeZone, UnixMs};
