//! Has the first passages that were found read together with the question, by a model that the person has chosen for it.
//! Where it does not answer in time, the order stays as it was.

use std::collections::HashMap;
use std::sync::Arc;

use oldgrowth_store::{ChunkKey, Lane};

use crate::aside::{Aside, Deadline, Told};
use crate::engine::Core;
use crate::ranking::Looking;
use crate::recall::{Asked, find, words_of};
use crate::{Error, Result};

/// So many different texts are read, the first that were found.
const TEXTS_MAX: u32 = 50;

/// So much of each. Models of this kind take some 512 tokens, those of the question among them.
const TEXT_CHARS_MAX: usize = 1_000;

/// What is read at this moment, and what was.
pub(crate) type Reranks = Aside<Reading, Arc<[f32]>>;

/// A question and what is read with it. A passage's text never changes.
#[derive(Clone, PartialEq)]
pub(crate) struct Reading {
    model: String,
    question: String,
    /// A passage of each text.
    passages: Vec<ChunkKey>,
    texts: Arc<[String]>,
}

/// What the model has said of the passages.
#[derive(Debug, Default)]
pub(crate) enum Reranked {
    /// Nothing.
    #[default]
    No,
    /// It was not asked yet, as the question may be unfinished, or has not answered in time.
    ToCome,
    /// For each passage a part of the best score, between 0 and 1.
    Yes(HashMap<ChunkKey, f64>),
}

impl Reranked {
    pub(crate) fn part_of(&self, chunk: ChunkKey) -> f64 {
        match self {
            Self::Yes(parts) => parts.get(&chunk).copied().unwrap_or_default(),
            Self::No | Self::ToCome => 0.0,
        }
    }
}

/// The first passages that were found, each with the number of its text.
#[derive(Default)]
struct First {
    texts: Vec<String>,
    passages: Vec<ChunkKey>,
    number_of: HashMap<ChunkKey, usize>,
}

impl Core {
    /// What the chosen model says of the first passages that are found, if one is chosen and it answers in time.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn rerank(
        &self,
        asked: &Asked,
        may_go_on: bool,
        deadline: Deadline,
        looking: &Looking<'_>,
    ) -> Result<Reranked> {
        let Some(reranker) = self.reranker.clone().filter(|_| !asked.by_words_alone) else {
            return Ok(Reranked::No);
        };
        let Some(model) = reranker.id() else {
            return Ok(Reranked::No);
        };
        crate::ports::no_connection_held()?;
        if may_go_on {
            return Ok(Reranked::ToCome);
        }
        let First {
            texts,
            passages,
            number_of,
        } = match self.first_found(asked, looking) {
            Ok(first) => first,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            // The search itself meets the same, and says so.
            Err(_) => return Ok(Reranked::No),
        };
        if texts.len() < 2 {
            return Ok(Reranked::No);
        }
        let reading = Reading {
            model,
            question: asked.text.clone(),
            passages,
            texts: texts.into(),
        };
        let read = move |reading: &Reading| {
            let texts: Vec<&str> = reading.texts.iter().map(String::as_str).collect();
            let scores = reranker.rerank(&reading.question, &texts);
            let scores = scores.inspect_err(|error| {
                tracing::debug!(
                    transient = error.is_transient(),
                    "what was found keeps its order"
                );
            });
            let scores = scores.ok()?;
            let is_whole = scores.len() == texts.len() && scores.iter().all(|s| s.is_finite());
            is_whole.then(|| scores.into())
        };
        let told = self
            .reranks
            .ask(self, reading, deadline, looking.canceller, read)?;
        Ok(match told {
            Told::Yes(scores) => Reranked::Yes(parts(&scores, number_of)),
            Told::NotYet => Reranked::ToCome,
            Told::No => Reranked::No,
        })
    }

    fn first_found(&self, asked: &Asked, looking: &Looking<'_>) -> Result<First> {
        let words = words_of(asked)?;
        let asked = Asked {
            limit: TEXTS_MAX,
            ..asked.clone()
        };
        let canceller = looking.canceller;
        let read = self.store.read_until(Lane::Interactive, canceller, |r| {
            let ranked = find(r, looking, &asked, &words, None)?.ranking.ranked;
            let mut first = First::default();
            let mut numbers: HashMap<String, usize> = HashMap::new();
            for one in ranked {
                if canceller.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let Some(chunk) = r.chunk_if_there(one.chunk)? else {
                    continue;
                };
                let known = numbers.get(&chunk.text).copied();
                if known.is_none() && first.texts.len() >= TEXTS_MAX as usize {
                    break;
                }
                let number = known.unwrap_or(first.texts.len());
                if known.is_none() {
                    let text: String = chunk.text.chars().take(TEXT_CHARS_MAX).collect();
                    first.texts.push(text);
                    first.passages.push(one.chunk);
                    numbers.insert(chunk.text, number);
                }
                first.number_of.insert(one.chunk, number);
            }
            Ok(first)
        });
        read.map_err(Error::called_off)
    }
}

/// Scores of one answer can be compared, and no others: so each counts by where it stands between the least and the best.
fn parts(scores: &[f32], number_of: HashMap<ChunkKey, usize>) -> HashMap<ChunkKey, f64> {
    let scores = || scores.iter().copied().map(f64::from);
    let (least, best) = (
        scores().fold(f64::INFINITY, f64::min),
        scores().fold(f64::NEG_INFINITY, f64::max),
    );
    let span = best - least;
    let part = |score: f64| match span > 0.0 {
        true => (score - least) / span,
        false => 0.0,
    };
    let parts: Vec<f64> = scores().map(part).collect();
    let of = |(chunk, number): (ChunkKey, usize)| Some((chunk, *parts.get(number)?));
    number_of.into_iter().filter_map(of).collect()
}
