use std::io::ErrorKind;
use std::time::Duration;

/// What a failure means for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It passes by itself: the same may be asked again later.
    Transient,
    /// This text can't be done, now or later. Others can.
    BadItem,
    /// It stays so until the person changes something.
    NeedsPerson,
}

/// Why a model gave no answer that can be used. No text of the other side is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The thread is inside a database operation. A fault of ours, caught before anything is sent.
    #[error("a database connection is held by this thread")]
    HeldConnection,
    #[error("it was stopped")]
    Stopped,
    #[error("Oldgrowth is offline")]
    Offline,
    #[error("the call can't be noted: {0}")]
    NotNoted(ErrorKind),
    #[error("the address can't be used")]
    BadAddress,
    /// It leads to another computer, to which the person has not agreed.
    #[error("the address leads to another computer, and nobody has agreed to that")]
    NoConsent,
    /// As many calls, or as many bytes, as may leave in a day have left.
    #[error("the limit of this day is reached")]
    LimitReached,
    /// What of it is left is kept for questions.
    #[error("what passages may take of the limit of this day is reached")]
    PassagesLimitReached,
    /// The keychain does not say it.
    #[error("the key can't be read")]
    KeyAway,
    #[error("nothing takes calls there")]
    Refused,
    #[error("nobody answers there")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    #[error("the connection was cut off")]
    CutOff,
    #[error("the connection is not safe")]
    NotSafe,
    /// The server failed, with this status.
    #[error("the server failed (status {0})")]
    ServerFailed(u16),
    /// The server asks for patience.
    #[error("the server asks for patience")]
    Busy { retry_in: Option<Duration> },
    #[error("the server does not take the key (status {0})")]
    KeyRefused(u16),
    #[error("the account at the server has nothing left to spend")]
    NoQuota,
    /// Neither is the model there, nor perhaps anything that speaks this protocol.
    #[error("there is no such model, or no such service, at this address")]
    NotThere,
    /// It points elsewhere, with this status. Nobody follows: elsewhere is no place that was agreed to.
    #[error("the server points to another address (status {0})")]
    Redirected(u16),
    /// More text than the model takes, or a longer answer than it may give.
    #[error("the text is too long for the model")]
    TooLong,
    /// The server does not do this, with this status.
    #[error("the server does not take what it was asked (status {0})")]
    Unwanted(u16),
    /// Vectors of more numbers than are kept.
    #[error("the vectors are too long")]
    TooWide,
    /// Vectors of another length than when the model was tried: another one goes by its name now.
    #[error("the vectors are of another length than before")]
    OtherWidth,
    #[error("the answer is too large")]
    ResponseTooLarge,
    /// The answer is none in the form that was asked for.
    #[error("the answer was not understood: {0}")]
    NotUnderstood(&'static str),
}

impl Error {
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Stopped
            | Self::NotNoted(_)
            | Self::LimitReached
            | Self::PassagesLimitReached
            | Self::KeyAway
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::CutOff
            | Self::ServerFailed(_)
            | Self::Busy { .. } => Class::Transient,
            Self::HeldConnection
            | Self::TooLong
            | Self::Unwanted(_)
            | Self::ResponseTooLarge
            | Self::NotUnderstood(_) => Class::BadItem,
            Self::Offline
            | Self::BadAddress
            | Self::NoConsent
            | Self::NotSafe
            | Self::KeyRefused(_)
            | Self::NoQuota
            | Self::NotThere
            | Self::TooWide
            | Self::OtherWidth
            | Self::Redirected(_) => Class::NeedsPerson,
        }
    }

    /// Stable, to count by.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::HeldConnection => "held_connection",
            Self::Stopped => "stopped",
            Self::Offline => "offline",
            Self::NotNoted(_) => "not_noted",
            Self::BadAddress => "bad_address",
            Self::NoConsent => "no_consent",
            Self::LimitReached => "limit_reached",
            Self::PassagesLimitReached => "passages_limit_reached",
            Self::KeyAway => "key_away",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::CutOff => "cut_off",
            Self::NotSafe => "not_safe",
            Self::ServerFailed(_) => "server_failed",
            Self::Busy { .. } => "busy",
            Self::KeyRefused(_) => "key_refused",
            Self::NoQuota => "no_quota",
            Self::NotThere => "not_there",
            Self::Redirected(_) => "redirected",
            Self::TooLong => "too_long",
            Self::Unwanted(_) => "unwanted",
            Self::TooWide => "too_wide",
            Self::OtherWidth => "other_width",
            Self::ResponseTooLarge => "response_too_large",
            Self::NotUnderstood(_) => "not_understood",
        }
    }
}

impl From<oldgrowth_http::Error> for Error {
    fn from(error: oldgrowth_http::Error) -> Self {
        use oldgrowth_http::Error as Http;
        match error {
            Http::HeldConnection => Self::HeldConnection,
            Http::Stopped => Self::Stopped,
            Http::Offline => Self::Offline,
            Http::NotNoted(kind) => Self::NotNoted(kind),
            Http::BadAddress => Self::BadAddress,
            Http::NotHere => Self::NoConsent,
            Http::RequestTooLarge => Self::TooLong,
            Http::Refused => Self::Refused,
            Http::Unreachable => Self::Unreachable,
            Http::TimedOut => Self::TimedOut,
            Http::NotSafe => Self::NotSafe,
            Http::CutOff => Self::CutOff,
            Http::ResponseTooLarge => Self::ResponseTooLarge,
            Http::BadResponse => Self::NotUnderstood("no HTTP"),
        }
    }
}
