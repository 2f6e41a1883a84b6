//! What the window, the command line and other programs see of Oldgrowth.
//!
//! The TypeScript in `ui/src/wire` is generated from these types by `cargo test -p oldgrowth-wire`
//! and committed; a difference fails the check. Field documentation travels with it, so it is
//! written for both readers. All instants are RFC 3339 in UTC.

mod activity;
mod calls;
mod copies;
mod doctor;
mod document;
mod error;
mod event;
mod health;
mod import;
mod memory;
mod models;
mod names;
mod network;
mod people;
mod place;
mod reports;
mod settings;
mod storage;
mod tree;
mod why;

pub use activity::{
    Activity, FailedAt, FailedGroup, JobCancelled, JobsRetry, MeaningToCome, Pause, PausedBy,
    Retried, Work, WorkCounts, WorkFailed, WorkItem, WorkKind, WorkPutOff, WorkRunning,
    WorkWaiting,
};
pub use calls::{Calls, Empty, Request};
pub use copies::{
    Backup, BackupKind, BackupMake, Copies, CopyProgress, CopyWork, KeptAside, RestorePreview,
    RestoreTo, Restored, TablePreview, TableRows,
};
pub use doctor::{
    ChecksAsked, FixApply, FixAsked, FixOutcome, FixPlan, FixProgress, FixReceipt, Happened,
    Report, ReportAsked, Timeline, TimelineAt, TimelineDay, TimelineEntry,
};
pub use document::{
    DocumentLink, DocumentPlace, FindAsked, FoundIn, FoundInDocument, Near, NearAsked, Original,
    OriginalPart, OriginalState, ShowAt, SimilarPassage, Unit,
};
pub use error::{ErrorCode, WireError};
pub use event::Event;
pub use health::{
    Component, ComponentCode, ComponentGroup, Evidence, FixCode, FixRisk, HealthState,
    Reservations, Status,
};
pub use import::{
    AddNote, Batch, BatchCause, BatchItem, BatchReport, BatchState, CountByReason, ImportOrder,
    ImportPaths, ImportPlan, ItemOutcome, NoteAdded, PlanKnown, PlanSkip, PlannedFormat,
};
pub use memory::{
    Answer, AnswerHit, AnswerSummary, Asker, Behind, Brief, BriefAsked, BriefPiece, Chunk, Cite,
    Hit, Hits, Id, Locator, Meaning, MemoryKind, Question, Search, Shown, Span, SummarySentence,
    TagCount, TreeStep, Written,
};
pub use models::{
    ModelAgreement, ModelChoice, ModelChosen, ModelKey, ModelKeyPlace, ModelLimits, ModelNames,
    ModelOf, ModelRole, ModelTested, ModelTrouble, Models, Secret,
};
pub use names::{
    Name, NameAt, NameBeside, NameCount, NameKind, NameRow, NameSource, Names, NamesAsked,
    NamesLeft,
};
pub use network::{
    CallOutcome, CallPurpose, Network, NetworkAt, NetworkCall, NetworkHost, OfflineChoice,
};
pub use people::{People, Person, PersonSource};
pub use place::{
    CopyLeft, CopyLeftKind, Folder, MoveItem, MovePlan, MoveProblem, MoveProgress, MoveRefusal,
    MoveStage, MoveWarning, MoveWhat, Place,
};
pub use reports::{CrashReports, CrashReportsChoice, CrashReportsConsent, HeldCrashReport};
pub use settings::{NumberSetting, SettingChange, SettingName, Settings};
pub use storage::{SourceStorage, Storage, StorageAsk, StorageCount, StoragePart, StorageWhat};
pub use tree::{
    Ledger, SourceRemoval, SourceRename, SourceRow, SourceWatch, TreeAt, TreePosition, TreeRow,
    TreeRowKind, TreeView, Unread, UnreadAt, UnreadItem, Watching, WatchingState,
};
pub use why::{SamePassage, Why, WhyAsked, WhyPart, WhyPartOf, WhyWord};
