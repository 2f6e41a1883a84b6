//! What Oldgrowth does: import, seal, search, recall, show, and tell the truth about its health.
//!
//! A use case opens the transaction; everything below takes it. Time, randomness, threads, files
//! and models are ports, handed in by whoever composes the process.

mod above;
mod activity;
mod alike;
mod aside;
mod askers;
mod batches;
mod beside;
mod brief;
mod copies;
mod coverage;
mod days;
mod digest;
mod doctor;
mod embedding;
mod engine;
mod error;
mod events;
mod extraction;
mod faults;
mod health;
mod ingest;
mod jobs;
mod ledger;
mod matching;
mod names;
mod near;
mod nearest;
mod notes;
mod original;
mod page_search;
mod people;
pub mod ports;
mod ranking;
mod recall;
mod reranking;
mod samples;
mod sealing;
mod settings;
mod show;
mod similar;
mod sources;
mod storage;
mod tags;
mod tally;
mod telling;
mod topics;
mod tree;
mod watching;
mod why;
mod written;

pub use above::Above;
pub use activity::{Activity, AtWork, Failed, Retry, Work};
pub use askers::Asker;
pub use batches::{BatchReport, BatchView};
pub use brief::{BRIEF_CHARS_MAX, BRIEF_CHARS_MIN, BRIEF_PASSAGES, Brief, Cited, Piece};
pub use copies::{BackupView, Copies, CopyProgress, CopyWork};
pub use doctor::{FixOutcome, FixPlan, FixProgress, Receipt, Receipts, Undo};
pub use embedding::EmbeddingLeft;
pub use engine::{Engine, Parts};
pub use error::{Error, Result};
pub use events::{Committed, Event};
pub use faults::{Fault, Lasting};
pub use health::{
    Component, ComponentState, Entry, Evidence, FixCode, FixRisk, Happened, HealthCode,
    HealthGroup, Status, Timeline, Unwritable, aside_words,
};
pub use ingest::plan::{ImportPlan, PlanKnown, ReasonCount};
pub use jobs::{Pause, PausedBy};
pub use ledger::SourceLedger;
pub use names::{Name, Names};
pub use near::{Near, PlacedAt};
pub use nearest::Nearest;
pub use notes::{Note, NoteKept};
pub use original::{Original, OriginalPart, OriginalState};
pub use page_search::{FoundIn, FoundInDocument};
pub use people::{People, Person};
pub use recall::{Answer, Asked, Behind, Hit, Hits, Meaning, Surroundings};
pub use samples::Removal;
pub use settings::{NumberSetting, SETTINGS_FILE, SettingChange, SettingProblem, Settings};
pub use show::{Page, Shown, ShownDocument, ShownSentence, ShownSummary};
pub use similar::{Similar, SimilarPassage};
pub use sources::{Unread, UnreadList};
pub use storage::{SourceStorage, Storage, StorageCount, StorageParts, workspace_files};
pub use tally::Rate;
pub use tree::{At, Position, Row, RowKind, Step, View};
pub use watching::{FolderState, FolderView};
pub use why::{SamePassage, Why, WhyPart, WhyWord};
pub use written::{Written, WrittenSentence};
