//! The vectors of questions. A model that was let go of takes up to two seconds to load, and nobody waits for longer:
//! then words alone answer, and the next question finds it loaded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::{Canceller, Lane};
use parking_lot::Mutex;

use super::{PROBE, quantised};
use crate::aside::{Aside, Deadline, Told};
use crate::engine::Core;
use crate::ports::{Embedder, Side};
use crate::recall::Asked;
use crate::{Error, Result};

/// Nobody waits for a model that a question needs any longer.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);

/// So many who ask are remembered, each with the last question that may be unfinished.
const UNFINISHED_MAX: usize = 16;

/// It is looked up so often who answers: to tell whose vectors are more takes some milliseconds for a million.
const LOOK_UP: Duration = Duration::from_secs(10);

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
    /// Who asks, and what: who asked last comes last.
    unfinished: Mutex<VecDeque<(String, String)>>,
    /// Whether a model could be asked when it last was, until it is told.
    could: Arc<Mutex<Option<Could>>>,
    /// Those of [`NOTHING`], by the model.
    nothing: Aside<String, Arc<[QuestionVector]>>,
    /// Who has more vectors than the one that is chosen, and when that was looked up.
    before: Mutex<Option<Before>>,
}

/// The model that was asked, and what came of it.
type Could = (String, Result<()>);

/// Of the model that is chosen: whose vectors questions are compared with in its place.
struct Before {
    chosen: String,
    at: Duration,
    models: Vec<String>,
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
    /// Was this the last that this asker has asked too, while it was being written? Then nothing followed, and it is meant as
    /// it stands.
    pub(crate) fn is_asked_again(&self, asked: &Asked) -> bool {
        let name = asked.asker.as_ref().map_or("", |asker| &asker.name);
        let mut unfinished = self.unfinished.lock();
        let at = unfinished.iter().position(|(of, _)| of == name);
        let before = at.and_then(|at| unfinished.remove(at));
        if unfinished.len() >= UNFINISHED_MAX {
            unfinished.pop_front();
        }
        unfinished.push_back((name.to_owned(), asked.text.clone()));
        before.is_some_and(|(_, text)| text == asked.text)
    }

    /// Others may answer from now on.
    pub(super) fn look_up_anew(&self) {
        *self.before.lock() = None;
    }

    /// Waits for the threads that embed questions.
    pub(crate) fn stop(&self) {
        self.aside.stop();
        self.nothing.stop();
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
        deadline: Deadline,
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
        let told = aside.ask(self, asked, deadline, canceller, move |asked| {
            let embedded = embed(&*embedder, asked);
            let could = match &embedded {
                Ok(_) => Some(Ok(())),
                Err(Some(error)) => Some(Err(error.clone())),
                Err(None) => None,
            };
            *note.lock() = could.map(|could| (asked.model.clone(), could));
            embedded.ok()
        })?;
        let could = self.questions.could.lock().take();
        match could {
            Some((model, Ok(()))) => self.note_back(&model),
            Some((model, Err(error))) => self.note_away(&model, &error),
            None => {}
        }
        Ok(match told {
            Told::Yes(question) => Understood::Yes(question),
            Told::NotYet => Understood::NotYet,
            Told::No => Understood::No,
        })
    }

    /// Has what means nothing embedded by this model. False where that is not known in time.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn ask_for_nothing(
        &self,
        model: &str,
        deadline: Deadline,
        canceller: &Canceller,
    ) -> Result<bool> {
        crate::ports::no_connection_held()?;
        let Some(embedder) = self.who_answers().filter(|who| who.id() == model) else {
            return Ok(false);
        };
        let aside = &self.questions.nothing;
        let model = model.to_owned();
        let told = aside.ask(self, model, deadline, canceller, move |model| {
            let vectors = embedder.embed(Side::Question, &NOTHING).ok()?;
            let each = vectors.iter().map(|vector| {
                Some(QuestionVector(Arc::new(Meaning {
                    model: model.clone(),
                    vector: quantised(vector)?,
                })))
            });
            each.collect()
        })?;
        Ok(matches!(told, Told::Yes(_)))
    }

    /// The vectors of what means nothing to this model. None where they are not known yet.
    pub(crate) fn nothing_vectors(&self, model: &str) -> Option<Arc<[QuestionVector]>> {
        self.questions.nothing.known(&model.to_owned())
    }

    /// Whose vectors questions are compared with: while the one that is chosen reads all passages, whoever did it before and
    /// can still be asked, as long as more are of theirs.
    pub(crate) fn who_answers(&self) -> Option<Arc<dyn Embedder>> {
        let embedders = self.embedders.as_ref()?;
        let chosen = embedders.chosen()?;
        let now = self.ambient.clock.monotonic();
        let mut before = self.questions.before.lock();
        let known = before.take().filter(|known| known.chosen == chosen.id());
        let known = match known {
            Some(known) if now.saturating_sub(known.at) < LOOK_UP => Some(known),
            older => {
                let models = self.with_more_vectors(chosen.id());
                let looked_up = models.ok().map(|models| Before {
                    chosen: chosen.id().to_owned(),
                    at: now,
                    models,
                });
                // A store that can't be read is met by the search itself.
                looked_up.or(older)
            }
        };
        let models = known.as_ref().map(|known| known.models.as_slice());
        let mut named = models.unwrap_or_default().iter();
        let answers = named.find_map(|model| embedders.named(model));
        *before = known;
        Some(answers.unwrap_or(chosen))
    }

    /// The models that more vectors are of than of the one that is chosen, while that reads passages.
    fn with_more_vectors(&self, chosen: &str) -> Result<Vec<String>> {
        self.store.read(Lane::Interactive, |r| {
            let is_done =
                r.embedding()?.is_some_and(|of| of.model == chosen) && !r.has_to_embed(chosen)?;
            if is_done || !r.has_other_vectors(chosen)? {
                return Ok(Vec::new());
            }
            let made = r.vectors_made()?.into_iter().map(|(model, _)| model);
            Ok(made.take_while(|model| model != chosen).collect())
        })
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
        embedder.embed(Side::Question, &[PROBE]).err()
    })?;
    let vector = vectors.first().and_then(|vector| quantised(vector));
    Ok(QuestionVector(Arc::new(Meaning {
        model: asked.model.clone(),
        vector: vector.ok_or(None)?,
    })))
}
