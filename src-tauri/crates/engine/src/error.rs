use std::time::Duration;

use oldgrowth_store as store;

pub type Result<T> = std::result::Result<T, Error>;

/// What a use case can end in, named for what its caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no such memory, row or import")]
    NotFound,
    /// More than one source has this name; its id says which.
    #[error("more than one source has this name")]
    AmbiguousSource,
    #[error("there are no words to look for")]
    NothingAsked,
    #[error("the word index is missing")]
    NoWordIndex,
    #[error("there is no text to keep")]
    EmptyText,
    #[error("the text is longer than {chars_max} characters")]
    TextTooLong { chars_max: usize },
    #[error("nothing among the named paths can be imported")]
    NothingToImport,
    #[error("a named file or folder is not there, or may not be read")]
    NoSuchPath,
    /// Only a folder can be watched or read again.
    #[error("this source is no folder")]
    NotAFolder,
    #[error("only the sample memories can be removed")]
    NotRemovable,
    #[error("a source needs a name of at most {chars_max} characters")]
    BadName { chars_max: usize },
    #[error("the setting is larger than {most}")]
    SettingTooLarge { most: u32 },
    #[error("the settings could not be kept")]
    SettingsNotKept,
    /// A copy is being made, checked or put back already.
    #[error("another copy is under way")]
    CopyUnderWay,
    #[error("as many long reads as may be are under way")]
    TooManyLongReads,
    /// Something is being mended already.
    #[error("another fix is under way")]
    FixUnderWay,
    /// The plan says what was the case when it was made, and something has changed since.
    #[error("the plan no longer says the truth")]
    PlanStale,
    /// It can't be mended here: whoever keeps the memory's place does it.
    #[error("this fix is not the engine's")]
    NotOurFix,
    /// It has been undone, or too much time has passed.
    #[error("it can't be undone any more")]
    NotUndoable,
    /// What was to be kept or set aside could not be written down.
    #[error("it could not be written down")]
    NotKept,
    /// Somebody reads or writes what is to be changed.
    #[error("it is in use")]
    InUse,
    /// The jobs at work did not come to an end in time.
    #[error("jobs are still at work")]
    StillWorking,
    /// No model is chosen that could write an answer, or it may not be asked.
    #[error("no model is chosen that writes")]
    NoWriter,
    /// The model that was to write an answer did not.
    #[error("the model has written nothing: {code}")]
    NotWritten { code: &'static str },
    #[error("it was called off")]
    Cancelled,
    #[error("the engine is stopping")]
    Stopping,
    /// The rows that were read have changed meanwhile, each time it was tried.
    #[error("it changed meanwhile, {tries} times")]
    Conflict { tries: u32 },
    /// A model or a network was called while a connection was held. A fault of ours, caught before
    /// it can do harm.
    #[error("a connection is held")]
    HeldConnection,
    #[error("the model failed: {code}")]
    Model {
        code: &'static str,
        retry_in: Option<Duration>,
    },
}

impl Error {
    /// Is it the store that is in the way, and not what was to be done with it? Then work waits for it,
    /// whatever it takes to mend it.
    pub(crate) fn is_of_the_store(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_of_the_store())
    }

    /// Of an error of the store: what it means for those who must act on it.
    pub(crate) fn store_class(&self) -> Option<store::Class> {
        match self {
            Self::Store(store::Error::Keeper(error)) => Some(error.class()),
            _ => None,
        }
    }

    /// What called a read off has called the whole off.
    pub(crate) fn called_off(self) -> Self {
        match self {
            Self::Store(error) if error.is_cancelled() => Self::Cancelled,
            error => error,
        }
    }

    /// Will the same call do later, without anybody doing anything?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Model { retry_in, .. } => retry_in.is_some(),
            _ => false,
        }
    }
}
