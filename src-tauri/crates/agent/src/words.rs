//! Errors in words for a person: what happened, why, and what to do.

use std::path::Path;

use oldgrowth_engine::{Error, Unwritable};
use oldgrowth_store::Class;
use oldgrowth_wire::{ErrorCode, WireError};

/// Of a refusal of which no more is known yet.
const DISK_FULL: &str = "the disk is full; reading still works";

pub(crate) fn wire_error(
    code: ErrorCode,
    message: impl Into<String>,
    hint: Option<&str>,
) -> WireError {
    WireError {
        code,
        message: message.into(),
        hint: hint.map(str::to_owned),
    }
}

pub(crate) fn explain(error: &Error) -> WireError {
    match error {
        Error::Store(error) => explain_store(error),
        Error::NotFound => wire_error(
            ErrorCode::NotFound,
            "there is no such memory, source or import",
            None,
        ),
        Error::AmbiguousSource => wire_error(
            ErrorCode::Usage,
            "more than one source has this name",
            Some("use its id instead; the list of sources shows it"),
        ),
        Error::NothingAsked => wire_error(
            ErrorCode::Usage,
            "there are no words to look for",
            Some("ask with at least one word"),
        ),
        Error::EmptyText => wire_error(ErrorCode::Usage, "there is no text to keep", None),
        Error::TextTooLong { chars_max } => wire_error(
            ErrorCode::Usage,
            format!("the text is longer than {chars_max} characters"),
            Some("save it as a file and import that"),
        ),
        Error::NothingToImport => wire_error(
            ErrorCode::NothingToImport,
            "there is nothing here that can be imported",
            Some(
                "Markdown, plain text and HTML files and exports of ChatGPT and Claude can be read",
            ),
        ),
        Error::NoSuchPath => wire_error(
            ErrorCode::Usage,
            "a named file or folder is not there, or may not be read",
            Some("check the path and its rights"),
        ),
        Error::NotAFolder => wire_error(
            ErrorCode::Usage,
            "this source is no folder, so it can't be watched or read again",
            Some("import a newer export, or the folder itself"),
        ),
        Error::NotRemovable => wire_error(
            ErrorCode::Usage,
            "only the sample memories can be removed",
            None,
        ),
        Error::BadName { chars_max } => wire_error(
            ErrorCode::Usage,
            format!("a source needs a name of 1 to {chars_max} characters"),
            None,
        ),
        Error::SettingTooLarge { most } => wire_error(
            ErrorCode::Usage,
            format!("the largest that can be set is {most}"),
            Some("choose a whole number from 0 on"),
        ),
        Error::SettingsNotKept => wire_error(
            ErrorCode::ReadOnly,
            "the settings could not be written, so nothing has changed",
            Some("check the rights and the free space of the memory's folder"),
        ),
        Error::CopyUnderWay => wire_error(
            ErrorCode::Busy,
            "a backup or a restore is under way already",
            Some("try again when it has ended"),
        ),
        Error::TooManyLongReads => wire_error(
            ErrorCode::Busy,
            "no other long read may begin now",
            Some("try again later, or raise the limit: oldgrowth settings set long_reads_max N"),
        ),
        Error::FixUnderWay => wire_error(
            ErrorCode::Busy,
            "something is being mended already",
            Some("try again when it has ended"),
        ),
        Error::PlanStale => wire_error(
            ErrorCode::Busy,
            "things have changed since this plan was made, so nothing was done",
            Some("look at the plan again; it says what is the case now"),
        ),
        Error::NotOurFix => wire_error(
            ErrorCode::Usage,
            "this can't be mended from here",
            Some("do it in the app"),
        ),
        Error::NotUndoable => wire_error(
            ErrorCode::Usage,
            "this can't be undone, or not any more",
            Some("a fix can be undone for seven days, and once"),
        ),
        Error::NoWordIndex => wire_error(
            ErrorCode::NeedsPerson,
            "the word index is missing, so nothing can be found by its words",
            Some("the Doctor makes it anew; the passages themselves are safe"),
        ),
        Error::NotKept => wire_error(
            ErrorCode::ReadOnly,
            "what is to be kept beside the memory could not be written",
            Some("check the rights and the free space of the memory's folder"),
        ),
        Error::InUse => wire_error(
            ErrorCode::Busy,
            "somebody reads or writes the memory at this moment",
            Some("try again in a moment"),
        ),
        Error::StillWorking => wire_error(
            ErrorCode::Busy,
            "the work at hand did not come to its end in time",
            Some("try again in a moment; nothing has been changed"),
        ),
        Error::NoWriter => wire_error(
            ErrorCode::Unavailable,
            "no model is chosen that could write an answer, or it may not be asked",
            Some("choose one for summaries: Settings, Models, or `oldgrowth models set ADDRESS`"),
        ),
        Error::NotWritten { code } => not_written(code),
        Error::Cancelled => wire_error(
            ErrorCode::Cancelled,
            "it was called off, and nothing was left behind",
            None,
        ),
        Error::Stopping => wire_error(
            ErrorCode::Unavailable,
            "Oldgrowth is stopping",
            Some("start it again and repeat what was asked"),
        ),
        Error::Conflict { .. } => wire_error(
            ErrorCode::Busy,
            "it changed while it was worked on",
            Some("try again"),
        ),
        Error::HeldConnection | Error::Model { .. } => wire_error(
            ErrorCode::Internal,
            format!("a fault of ours: {error}"),
            None,
        ),
    }
}

fn not_written(code: &str) -> WireError {
    let (cause, hint) = match code {
        "offline" => ("Oldgrowth is offline", "go online: Settings, Privacy"),
        "no_consent" => (
            "nobody has agreed that texts go to its server",
            "agree under Settings, Models",
        ),
        "limit_reached" => (
            "as much has left today as may",
            "try again tomorrow, or raise the limit under Settings, Models",
        ),
        "timed_out" => ("it took too long", "try again, or choose a smaller model"),
        "refused" | "unreachable" => ("its server does not answer", "start it, and try again"),
        "not_understood" | "unwanted" | "response_too_large" => (
            "it answered in a form that can't be used",
            "try again, or choose another model",
        ),
        _ => (
            "its server could not do it",
            "test it under Settings, Models",
        ),
    };
    wire_error(
        ErrorCode::Unavailable,
        format!("the model has written nothing: {cause}"),
        Some(hint),
    )
}

pub(crate) fn explain_store(error: &oldgrowth_store::Error) -> WireError {
    match error {
        oldgrowth_store::Error::Keeper(error) => explain_class(error.class()),
        oldgrowth_store::Error::LeaseLost => wire_error(
            ErrorCode::Busy,
            "it changed while it was worked on",
            Some("try again"),
        ),
        oldgrowth_store::Error::UnknownValue { .. } => wire_error(
            ErrorCode::NeedsPerson,
            "the store holds something that this version does not know",
            Some("update Oldgrowth; nothing has been changed"),
        ),
    }
}

/// Of what was to be kept in a memory that can only be read.
pub(crate) fn unwritable(why: Unwritable, workspace: &Path) -> WireError {
    let folder = workspace.display();
    let (message, hint) = match why {
        Unwritable::Volume => (
            format!("nothing can be kept: the disk on which {folder} lies is read-only"),
            "allow writing to that disk and try again; what is kept can be read meanwhile",
        ),
        Unwritable::Account => (
            format!(
                "nothing can be kept: this account may not write to {folder} or to the files in it"
            ),
            "give this account the right to write there and try again; what is kept can be read meanwhile",
        ),
    };
    wire_error(ErrorCode::ReadOnly, message, Some(hint))
}

/// Of what was to be written where there is too little room: how much there is, and with how much it goes on.
pub(crate) fn without_room(error: WireError, free: u64, needed: u64) -> WireError {
    if error.message != DISK_FULL {
        return error;
    }
    let there = match free {
        0..1_000_000 => "less than 1 MB is free".to_owned(),
        free => format!("{} are free", megabytes(free)),
    };
    let message = format!("the disk is full: {there}; what is kept can be read");
    let hint = match free < needed {
        true => format!(
            "free some space: with {} free all is written again; nothing that has been kept is lost",
            megabytes(needed)
        ),
        false => "free some space; nothing that has been kept is lost".to_owned(),
    };
    wire_error(error.code, message, Some(&hint))
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn explain_class(class: Class) -> WireError {
    match class {
        Class::Busy => wire_error(
            ErrorCode::Busy,
            "another program holds the memory's file",
            Some("try again in a moment"),
        ),
        Class::Overloaded | Class::Cancelled => wire_error(
            ErrorCode::Busy,
            "there is too much going on at once",
            Some("try again in a moment"),
        ),
        Class::DiskFull => wire_error(
            ErrorCode::DiskFull,
            DISK_FULL,
            Some("free some space; what has been kept is safe"),
        ),
        Class::QuarantineFull => wire_error(
            ErrorCode::NeedsPerson,
            "too much is kept aside already, so nothing is touched",
            Some("discard what you don't need among what is kept aside, then try again"),
        ),
        Class::Permission => wire_error(
            ErrorCode::ReadOnly,
            "a right to the memory's folder or to the files in it is missing",
            Some("give this account the right to read and write there; the doctor says more"),
        ),
        Class::Corrupt | Class::DerivedCorrupt => wire_error(
            ErrorCode::NeedsPerson,
            "the memory's file is damaged, or is no memory",
            Some("nothing has been changed or deleted; the doctor says what can be done"),
        ),
        Class::TooNew => wire_error(
            ErrorCode::NeedsPerson,
            "this memory was written by a newer Oldgrowth",
            Some("update Oldgrowth; nothing has been changed"),
        ),
        Class::Misplaced | Class::Path | Class::SplitBrain => wire_error(
            ErrorCode::NeedsPerson,
            "the memory's file was moved, replaced or emptied, or something else lies in its place",
            Some("nothing has been changed or deleted; the doctor says what was found"),
        ),
        Class::TransientIo
        | Class::ShmUnavailable
        | Class::DurabilityLost
        | Class::Resource
        | Class::Memory
        | Class::Closed => wire_error(
            ErrorCode::Unavailable,
            "the memory can't be used at the moment",
            Some("it is tried again by itself; the doctor says why"),
        ),
        Class::Constraint | Class::Misuse | Class::Panicked => wire_error(
            ErrorCode::Internal,
            format!("a fault of ours in the store ({class})"),
            None,
        ),
    }
}
