//! The vectors of questions. A model that was let go of takes up to two seconds to load, and nobody waits for longer:
//! then words alone answer, and the next question finds it loaded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::{Canceller, Lane};
use parking_lot::Mutex;

use super::{PROBE, quantised};
use crate::aside::{Aside, Told};
use crate::engine::Core;
use crate::ports::{Embedder, Side};
use crate::{Error, Result};

/// Nobody waits for a model that a question needs any longer.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);

/// So many of the last questions that may be unfinished are remembered.
const UNFINISHED_MAX: usize = 16;

/// What means nothing, in some scripts. A question that is no nearer to some passages than to others, as these are not, says
/// as little.
const NOTHING: [&str; 6] = [
    "vkqzt wbrhfn",
    "plonqua drimbelo",
    "qwerasdf zxcvnm",
    "48213 9057146",
    "бгщкж хцрвфп",
    "龘麤爨鑫猋",
];

/// What a question means, to one model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QuestionVector(Arc<Meaning>);

#[derive(Debug, PartialEq)]
struct Meaning {
    model: String,
    vector: Vector,
}

impl QuestionVector {
    /// What somebody has said is asked about, by the vector that it has.
    pub(crate) fn of_passage(model: String, vector: Vector) -> Self {
        Self(Arc::new(Meaning { model, vector }))
    }

    pub(crate) fn model(&self) -> &str {
        &self.0.model
    }

    pub(crate) fn vector(&self) -> &Vector {
        &self.0.vector
    }
}

/// A question, and the model that is asked for its vector.
#[derive(Clone, PartialEq)]
struct OfModel {
    model: String,
    text: String,
}

/// Questions that are embedded at this moment, and those that were.
#[derive(Default)]
pub(crate) struct Questions {
    aside: Aside<OfModel, QuestionVector>,
    unfinished: Mutex<VecDeque<String>>,
    /// Whether the model could be asked when it last was, until it is told.
    could: Arc<Mutex<Option<Result<()>>>>,
    /// Those of [`NOTHING`].
    nothing: Mutex<Vec<QuestionVector>>,
}

/// What came of asking for a question's vector.
pub(crate) enum Understood {
    Yes(QuestionVector),
    /// Not in time. Who asks again soon may have it.
    NotYet,
    /// Nobody embeds, or it can't be embedded.
    No,
}

impl Understood {
    pub(crate) fn known(self) -> Option<QuestionVector> {
        match self {
            Self::Yes(question) => Some(question),
            Self::NotYet | Self::No => None,
        }
    }
}

impl Questions {
    /// Was this asked before, while it was being written? Then nothing followed, and it is meant as it stands.
    pub(crate) fn is_asked_again(&self, text: &str) -> bool {
        let mut unfinished = self.unfinished.lock();
        if unfinished.iter().any(|one| one == text) {
            return true;
        }
        if unfinished.len() >= UNFINISHED_MAX {
            unfinished.pop_front();
        }
        unfinished.push_back(text.to_owned());
        false
    }

    /// Waits for the threads that embed questions.
    pub(crate) fn stop(&self) {
        self.aside.stop();
    }
}

impl Core {
    /// Where it is not known, words alone answer. What `may_go_on` is told to nobody over a network.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn question_vector(
        &self,
        text: &str,
        may_go_on: bool,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Understood> {
        if self.embedders.is_none() {
            return Ok(Understood::No);
        }
        crate::ports::no_connection_held()?;
        let Some(embedder) = self.who_answers() else {
            return Ok(Understood::No);
        };
        if may_go_on && embedder.is_far() {
            return Ok(Understood::NotYet);
        }
        self.note_model_asked();
        let asked = OfModel {
            model: embedder.id().to_owned(),
            text: text.to_owned(),
        };
        let note = Arc::clone(&self.questions.could);
        let aside = &self.questions.aside;
        let told = aside.ask(self, asked, patience, canceller, move |asked| {
            let embedded = embed(&*embedder, asked);
            *note.lock() = match &embedded {
                Ok(_) => Some(Ok(())),
                Err(Some(error)) => Some(Err(error.clone())),
                Err(None) => None,
            };
            embedded.ok()
        })?;
        let could = self.questions.could.lock().take();
        match could {
            Some(Ok(())) => self.note_back(),
            Some(Err(error)) => self.note_away(&error),
            None => {}
        }
        Ok(match told {
            Told::Yes(question) => Understood::Yes(question),
            Told::NotYet => Understood::NotYet,
            Told::No => Understood::No,
        })
    }

    /// The vectors of what means nothing. None where they are not known in time.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn nothing_vectors(
        &self,
        model: &str,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Option<Vec<QuestionVector>>> {
        let known = self.questions.nothing.lock().clone();
        if known.len() == NOTHING.len() && known.iter().all(|one| one.model() == model) {
            return Ok(Some(known));
        }
        let begun = self.ambient.clock.monotonic();
        let mut vectors = Vec::with_capacity(NOTHING.len());
        for text in NOTHING {
            let taken = self.ambient.clock.monotonic().saturating_sub(begun);
            let left = patience.saturating_sub(taken);
            match self.question_vector(text, false, left, canceller)? {
                Understood::Yes(vector) => vectors.push(vector),
                Understood::NotYet | Understood::No => return Ok(None),
            }
        }
        self.questions.nothing.lock().clone_from(&vectors);
        Ok(Some(vectors))
    }

    /// Whose vectors questions are compared with: while the one that is chosen reads all passages, whoever did it before and
    /// can still be asked, as long as more are of theirs.
    pub(crate) fn who_answers(&self) -> Option<Arc<dyn Embedder>> {
        let embedders = self.embedders.as_ref()?;
        let chosen = embedders.chosen()?;
        let made = self.store.read(Lane::Interactive, |r| {
            let is_done = r.embedding()?.is_some_and(|of| of.model == chosen.id())
                && r.left_to_embed(chosen.id())?.passages == 0;
            let none = Vec::new();
            Ok::<_, Error>(if is_done { none } else { r.vectors_made()? })
        });
        // A store that can't be read is met by the search itself.
        for (model, _) in made.unwrap_or_default() {
            if model == chosen.id() {
                break;
            }
            if let Some(before) = embedders.named(&model) {
                return Some(before);
            }
        }
        Some(chosen)
    }
}

/// The error is none where it is this text that the model refuses, and not all.
fn embed(
    embedder: &dyn Embedder,
    asked: &OfModel,
) -> std::result::Result<QuestionVector, Option<Error>> {
    let vectors = embedder.embed(Side::Question, &[&asked.text]);
    let vectors = vectors.map_err(|error| {
        tracing::debug!(transient = error.is_transient(), "a question has no vector");
        embedder.embed(Side::Passage, &[PROBE]).err()
    })?;
    let vector = vectors.first().and_then(|vector| quantised(vector));
    Ok(QuestionVector(Arc::new(Meaning {
        model: asked.model.clone(),
        vector: vector.ok_or(None)?,
    })))
}
