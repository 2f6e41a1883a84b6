//! Why there are no vectors.

/// A failure of the built-in embedder. What is searched for is then found by its words.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the weights can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// Of another version, cut off or damaged: the set-up makes it anew, and an installation brings it.
    #[error("the file of the weights is not what it should be: {0}")]
    Unusable(&'static str),
    #[error("the model could not be run: {0}")]
    Run(String),
}

impl Error {
    /// Stable, to count by.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "weights_unreadable",
            Self::Unusable(_) => "weights_unusable",
            Self::Run(_) => "embedder_failed",
        }
    }
}
