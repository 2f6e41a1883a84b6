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
    /// The jobs at work did not come to an end in time.
    #[error("jobs are still at work")]
    StillWorking,
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

    /// Will the same call do later, without anybody doing anything?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Model { retry_in, .. } => retry_in.is_some(),
            _ => false,
        }
    }
}
