//! The model, from texts to vectors.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::body::Body;
use crate::words::Words;
use crate::{Error, Tokens, Weights};

/// Names the model, how its numbers are kept and how texts are given to it. Vectors of another can't be compared.
pub const ID: &str = "multilingual-e5-small-int7-1";

/// How many numbers a vector has.
pub const WIDTH: usize = 384;

/// What a text is embedded for: the model was taught to tell the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To look for what answers it.
    Question,
    /// To be found.
    Passage,
}

/// The embedder. It is loaded when it is first asked, and again after it was let go of.
pub struct E5 {
    file: PathBuf,
    threads: NonZeroUsize,
    loaded: Mutex<Option<Arc<Loaded>>>,
}

struct Loaded {
    tokens: Tokens,
    words: Words,
    body: Body,
}

impl E5 {
    /// Nothing is read yet. It never works with more than so many threads.
    #[must_use]
    pub fn new(file: PathBuf, threads: NonZeroUsize) -> Self {
        Self {
            file,
            threads,
            loaded: Mutex::new(None),
        }
    }

    /// Gives back what it takes: some 100 MB and its threads. Who is being answered still is.
    pub fn let_go(&self) {
        let loaded = self.loaded.lock().take();
        if loaded.is_some() {
            drop(loaded);
            give_back();
        }
    }

    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.lock().is_some()
    }

    /// A vector of length 1 for each text.
    ///
    /// # Errors
    /// When the weights are not there or unusable.
    pub fn vectors(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let loaded = self.loaded()?;
        texts
            .iter()
            .map(|text| loaded.vector(&format!("{}{text}", prefix(side))))
            .collect()
    }

    fn loaded(&self) -> Result<Arc<Loaded>, Error> {
        let mut loaded = self.loaded.lock();
        if let Some(loaded) = &*loaded {
            return Ok(Arc::clone(loaded));
        }
        let weights = Weights::open(&self.file)?;
        let fresh = Arc::new(Loaded {
            tokens: Tokens::of(&weights)?,
            words: Words::of(&weights)?,
            body: Body::of(&weights, self.threads)?,
        });
        Ok(Arc::clone(loaded.insert(fresh)))
    }
}

impl std::fmt::Debug for E5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("E5")
            .field("threads", &self.threads)
            .field("is_loaded", &self.is_loaded())
            .finish_non_exhaustive()
    }
}

impl Loaded {
    /// Each text goes through the model alone. Together they would share the scales of what goes into a layer, and
    /// would have other vectors in other company; and with layers that are put in order beforehand it is no quicker.
    fn vector(&self, text: &str) -> Result<Vec<f32>, Error> {
        let tokens = self.tokens.of_text(text);
        let mut rows = vec![0.0; tokens.len() * WIDTH];
        for ((place, token), row) in tokens.iter().enumerate().zip(rows.chunks_exact_mut(WIDTH)) {
            self.words.fill(row, *token, place)?;
        }
        let size = [1, tokens.len(), WIDTH];
        let states = self.body.run(NdTensor::from_data(size, rows))?;
        if states.shape() != size {
            return Err(Error::Unusable("its layers are of another model"));
        }
        Ok(direction(states.to_vec().chunks_exact(WIDTH)))
    }
}

/// Has the allocator give to the system what was freed. The one of Linux would keep most of it.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "it takes no pointer, and may be called at any time by any thread"
    )]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// What the model was taught to find before each text.
fn prefix(side: Side) -> &'static str {
    match side {
        Side::Question => "query: ",
        Side::Passage => "passage: ",
    }
}

/// The sum of the rows at length 1: it points where their mean does.
fn direction<'r>(rows: impl Iterator<Item = &'r [f32]>) -> Vec<f32> {
    let mut sum = vec![0.0_f32; WIDTH];
    for row in rows {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, number)| *sum += number);
    }
    let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|number| *number /= length);
    }
    sum
}
