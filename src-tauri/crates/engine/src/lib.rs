//! What Oldgrowth does: import, seal, search, recall, show, and tell the truth about its health.
//!
//! A use case opens the transaction; everything below takes it. Time, randomness, threads, files
//! and models are ports, handed in by whoever composes the process.

mod batches;
mod copies;
mod coverage;
mod engine;
mod error;
mod events;
mod health;
mod ingest;
mod jobs;
mod ledger;
mod matching;
mod notes;
mod people;
pub mod ports;
mod recall;
mod samples;
mod sealing;
mod settings;
mod show;
mod sources;
mod tree;
mod watching;

pub use batches::{BatchReport, BatchView};
pub use copies::{BackupView, Copies, CopyProgress, CopyWork};
pub use engine::{Engine, Parts};
pub use error::{Error, Result};
pub use events::{Committed, Event};
pub use health::{Component, ComponentState, HealthCode, Status, aside_words};
pub use ingest::plan::{Cause, ImportPlan, PlanKnown, ReasonCount};
pub use ledger::SourceLedger;
pub use notes::{Note, NoteKept};
pub use people::{People, Person};
pub use recall::{Answer, Asked, Hit, Hits, Surroundings};
pub use samples::Removal;
pub use settings::{NumberSetting, SETTINGS_FILE, SettingChange, SettingProblem, Settings};
pub use show::{Shown, ShownDocument, ShownSentence, ShownSummary};
pub use sources::{Unread, UnreadList};
pub use tree::{At, Row, RowKind, Step, View};
pub use watching::{FolderState, FolderView};
