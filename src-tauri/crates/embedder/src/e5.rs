//! The model, from texts to vectors.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::body::Body;
use crate::words::Words;
use crate::{Error, TOKENS_MAX, Tokens, Weights};

/// Names the model, how its numbers are kept and how texts are given to it. Vectors of another can't be compared.
pub const ID: &str = "multilingual-e5-small-int8-1";

/// How many numbers a vector has.
pub const WIDTH: usize = 384;

/// Texts that go through the model together. More make it no quicker.
const TEXTS_MAX: usize = 32;
/// What they take together grows with the square of the longest: 9 texts of 128 tokens, 1 of 384.
const PAIRS_MAX: usize = TOKENS_MAX * TOKENS_MAX;

/// Added where a text has no token any more, so that nobody looks there.
const NOWHERE: f32 = -10_000.0;

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

    /// Gives back what it takes: some 80 MB and its threads. Who is being answered still is.
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
        let tokens: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| loaded.tokens.of_text(&format!("{}{text}", prefix(side))))
            .collect();
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in batches(&tokens) {
            let together: Vec<&[u32]> = batch
                .iter()
                .filter_map(|at| tokens.get(*at).map(Vec::as_slice))
                .collect();
            for (at, vector) in batch.iter().zip(loaded.embed(&together)?) {
                if let Some(slot) = vectors.get_mut(*at) {
                    *slot = vector;
                }
            }
        }
        Ok(vectors)
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
    /// The texts go through the model side by side. Of what it makes of each token the mean stands for the text.
    fn embed(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut rows = vec![0.0; texts.len() * longest * WIDTH];
        let mut mask = vec![0.0; texts.len() * longest];
        let spaces = rows
            .chunks_exact_mut(longest * WIDTH)
            .zip(mask.chunks_exact_mut(longest));
        for (text, (rows, mask)) in texts.iter().zip(spaces) {
            for ((place, token), row) in text.iter().enumerate().zip(rows.chunks_exact_mut(WIDTH)) {
                self.words.fill(row, *token, place)?;
            }
            mask.iter_mut()
                .skip(text.len())
                .for_each(|at| *at = NOWHERE);
        }
        let states = self.body.run(
            NdTensor::from_data([texts.len(), longest, WIDTH], rows),
            NdTensor::from_data([texts.len(), 1, 1, longest], mask),
        )?;
        if states.shape() != [texts.len(), longest, WIDTH] {
            return Err(Error::Unusable("its layers are of another model"));
        }
        let states = states.to_vec();
        Ok(texts
            .iter()
            .zip(states.chunks_exact(longest * WIDTH))
            .map(|(text, states)| direction(states.chunks_exact(WIDTH).take(text.len())))
            .collect())
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

/// Which texts go through the model together: such of about the same length.
fn batches(texts: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let length = |at: &usize| texts.get(*at).map_or(0, Vec::len);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(length(at)));
    let mut batches = Vec::new();
    let mut rest = order.as_slice();
    while let Some(longest) = rest.first().map(length) {
        let fitting = (PAIRS_MAX / (longest * longest).max(1)).clamp(1, TEXTS_MAX);
        let (batch, after) = rest.split_at(fitting.min(rest.len()));
        batches.push(batch.to_vec());
        rest = after;
    }
    batches
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
