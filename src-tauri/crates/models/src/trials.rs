//! Trials of what the person has chosen: of each role as it will be asked, with texts of ours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use oldgrowth_engine::ports::Unit;
use oldgrowth_http::{Client, Purpose};

use crate::asking::{Choosing, length_of};
use crate::models::{Error, Models, Tried};
use crate::remote::{self, Form};
use crate::settings::{Choice, DayLimits, Role};

/// While somebody looks on.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a model is tried with: nothing of anybody's.
const TEXTS: [&str; 4] = [
    "The garden gate was painted green in May.",
    "It rained on Tuesday.",
    "The old harbour will be closed for repairs until the end of the year.",
    "Somebody had left an umbrella there.",
];
const SUMMARY_CHARS_MAX: usize = 120;

/// What the third of them answers, and no other.
const QUESTION: &str = "Until when is the harbour closed?";
const ANSWER: usize = 2;

impl Models {
    /// The models that the chosen server has. Nothing of a memory is sent.
    ///
    /// # Errors
    /// When it does not say.
    pub fn names(&self, role: Role) -> Result<Vec<String>, Error> {
        let (choice, limits) = self.chosen(role)?;
        self.trial(|client| {
            let remote = self.remote(&choice, limits, client, 0, PATIENCE)?;
            Ok(remote.names()?)
        })
    }

    /// Asks the chosen model for what it is chosen for, with texts of ours. Nothing of a memory is sent. One that embeds is
    /// used from then on.
    ///
    /// # Errors
    /// When it does not do it.
    pub fn test(&self, role: Role) -> Result<Tried, Error> {
        let (choice, limits) = self.chosen(role)?;
        if choice.model.is_empty() {
            return Err(Error::NotChosen);
        }
        let begun = (self.0.now)();
        let (form, width) = self.trial(|client| {
            Ok(match role {
                Role::Summaries => (self.try_summary(&choice, limits, &client)?, None),
                Role::Embeddings => {
                    let width = self.try_embedding(&choice, limits, client)?;
                    (Form::default(), Some(width))
                }
                Role::Reranking => {
                    self.try_reranking(&choice, limits, client)?;
                    (Form::default(), None)
                }
            })
        })?;
        let choice = self.note_width(role, choice, width)?;
        let mut state = self.0.state(role).lock();
        state.is_well(&choice, limits, form);
        drop(state);
        let took = (self.0.now)().saturating_sub(begun).max(0).unsigned_abs();
        Ok(Tried {
            took: Duration::from_millis(took),
        })
    }

    /// Ends the trials that are under way.
    pub fn cancel_trial(&self) {
        let trials = self.0.trials.lock();
        for stop in trials.iter().filter_map(Weak::upgrade) {
            stop.store(true, Ordering::SeqCst);
        }
    }

    fn try_summary(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: &Client,
    ) -> Result<Form, remote::Error> {
        let units = TEXTS.map(|text| Unit {
            text: text.to_owned(),
            group: 0,
        });
        let choosing = Choosing {
            purpose: Purpose::ModelTrial,
            units: &units,
            chars_max: SUMMARY_CHARS_MAX,
            patience: PATIENCE,
        };
        let (_, form) = self.choose_by(choice, limits, client, Form::Strict, choosing)?;
        Ok(form)
    }

    /// How many numbers its vectors have.
    fn try_embedding(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: Client,
    ) -> Result<u32, remote::Error> {
        let remote = self.remote(choice, limits, client, length_of(&TEXTS), PATIENCE)?;
        let vectors = remote.embed(Purpose::ModelTrial, &choice.model, &TEXTS)?;
        let first = vectors.first();
        if vectors.iter().skip(1).any(|vector| Some(vector) == first) {
            return Err(remote::Error::NotUnderstood(
                "vectors that tell no text apart",
            ));
        }
        let width = first.map_or(0, Vec::len);
        u32::try_from(width).map_err(|_| remote::Error::TooWide)
    }

    fn try_reranking(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: Client,
    ) -> Result<(), remote::Error> {
        let bytes = length_of(&[QUESTION]) + length_of(&TEXTS);
        let remote = self.remote(choice, limits, client, bytes, PATIENCE)?;
        let scores = remote.rerank(Purpose::ModelTrial, &choice.model, QUESTION, &TEXTS)?;
        let of_answer = scores.get(ANSWER).copied().unwrap_or(f32::NEG_INFINITY);
        let mut others = scores.iter().enumerate().filter(|(at, _)| *at != ANSWER);
        if others.all(|(_, score)| *score < of_answer) {
            return Ok(());
        }
        Err(remote::Error::NotUnderstood(
            "another text before the one that answers",
        ))
    }

    /// Keeps what was found out about vectors, unless another model is chosen by now. The choice as it is then: somebody may
    /// have agreed to it meanwhile.
    fn note_width(&self, role: Role, choice: Choice, width: Option<u32>) -> Result<Choice, Error> {
        if width == choice.width || width.is_none() {
            return Ok(choice);
        }
        self.change(|settings, _| {
            let chosen = settings.of_mut(role).as_mut().ok_or(Error::NotChosen)?;
            if (&chosen.address, &chosen.model) != (&choice.address, &choice.model) {
                return Err(Error::ChosenAnew);
            }
            chosen.width = width;
            Ok(chosen.clone())
        })
    }

    fn trial<T>(&self, ask: impl FnOnce(Client) -> Result<T, Error>) -> Result<T, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut trials = self.0.trials.lock();
            trials.retain(|trial| trial.strong_count() > 0);
            trials.push(Arc::downgrade(&stop));
        }
        ask(self.0.client.until(stop))
    }
}
