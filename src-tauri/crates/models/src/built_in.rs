//! The engine's port, by the embedder that is built in.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use oldgrowth_embedder::{E5, ID, Side as TextSide, find};
use oldgrowth_engine::ports::{Embedder, Side, no_connection_held};

/// Embeds on this computer, with no network. It is loaded when it is first asked.
#[derive(Debug)]
pub struct BuiltIn(E5);

impl BuiltIn {
    /// `weights` is the file that came with the program, and `threads` how many it works with at most.
    #[must_use]
    pub fn new(weights: PathBuf, threads: NonZeroUsize) -> Self {
        Self(E5::new(weights, threads))
    }

    /// That of a program, with the weights that came with it. None where none came.
    #[must_use]
    pub fn of_program(program: &Path, threads: NonZeroUsize) -> Option<Self> {
        find(program).map(|weights| Self::new(weights, threads))
    }

    /// Gives back the memory that it takes while it is loaded.
    pub fn let_go(&self) {
        self.0.let_go();
    }
}

impl Embedder for BuiltIn {
    fn id(&self) -> &str {
        ID
    }

    fn embed(&self, side: Side, texts: &[&str]) -> oldgrowth_engine::Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        let side = match side {
            Side::Question => TextSide::Question,
            Side::Passage => TextSide::Passage,
        };
        self.0.vectors(side, texts).map_err(|error| {
            tracing::warn!(%error, "nothing was embedded");
            oldgrowth_engine::Error::Model {
                code: error.code(),
                retry_in: None,
            }
        })
    }

    fn rest(&self) {
        self.let_go();
    }
}
