//! Asking the models that are chosen: about a memory, and no more than the person has agreed to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use oldgrowth_engine::ports::{Side, Statement, Unit};
use oldgrowth_http::{Address, Client, Purpose};

use crate::answer;
use crate::models::Models;
use crate::remote::{self, Class, Form};
use crate::settings::{Choice, DayLimits, Role, Settings};
use crate::spent::Spent;
use crate::summary;

/// For one summary. A large model on a small computer takes its time.
const SUMMARY_PATIENCE: Duration = Duration::from_secs(180);
/// For an answer. Somebody waits for it.
const ANSWER_PATIENCE: Duration = Duration::from_secs(150);
/// For a page of passages.
const PASSAGES_PATIENCE: Duration = Duration::from_secs(120);
/// Nobody waits so long for a question's vector or for what was found to be read; but a model that is being loaded is
/// there for the next.
const QUESTION_PATIENCE: Duration = Duration::from_secs(20);

/// Why a model has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    NotChosen,
    /// It does not answer, or may not be asked, for the moment.
    Away(remote::Error),
    /// It answers, and not about this.
    CantDo(remote::Error),
}

impl Missed {
    fn by(error: remote::Error) -> Self {
        match error.class() {
            Class::BadItem => Self::CantDo(error),
            Class::Transient | Class::NeedsPerson => Self::Away(error),
        }
    }
}

/// What a summary is chosen from, for what, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Choosing<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) units: &'a [Unit],
    pub(crate) chars_max: usize,
    pub(crate) patience: Duration,
}

/// A model of a server that embeds, and what names its vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedding {
    address: Address,
    model: String,
    width: u32,
}

/// Who embeds, by what is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Embeds {
    /// No server is chosen for it.
    BuiltIn,
    Server(Embedding),
    /// A server is chosen, and can't be used yet. Or nobody knows what is chosen.
    #[default]
    NobodyYet,
}

impl Embedding {
    /// The one that is chosen, once it was tried and may be asked.
    fn of(choice: &Choice) -> Option<Self> {
        let is_named = !choice.model.is_empty() && choice.is_allowed();
        choice.width.filter(|_| is_named).map(|width| Self {
            address: choice.address.clone(),
            model: choice.model.clone(),
            width,
        })
    }

    pub(crate) fn id(&self) -> String {
        let Self {
            address,
            model,
            width,
        } = self;
        format!("{model} at {address} ({width})")
    }
}

impl Models {
    /// May the model that summarises be asked at this moment, as far as that is known? True also when none is chosen:
    /// what is built in is always there.
    #[must_use]
    pub fn may_summarise(&self) -> bool {
        let now = (self.0.now)();
        let settings = Settings::read(&self.0.folder).ok().flatten();
        let settings = settings.unwrap_or_default();
        let Some(choice) = settings.of(Role::Summaries) else {
            return true;
        };
        let switch = self.0.client.network().switch();
        let state = self.0.state(Role::Summaries).lock();
        let trouble = state.trouble_of(choice, settings.limits, switch);
        trouble.is_none_or(|trouble| now >= trouble.until_unix_ms)
    }

    /// The units that make a summary of at most so many characters, and the model that has chosen them.
    pub(crate) fn choose_sentences(
        &self,
        units: &[Unit],
        chars_max: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<(BTreeSet<usize>, String), Missed> {
        let choosing = Choosing {
            purpose: Purpose::Summary,
            units,
            chars_max,
            patience: SUMMARY_PATIENCE,
        };
        self.ask(Role::Summaries, stop, |choice, limits, client, form| {
            let (chosen, form) = self.choose_by(choice, limits, client, form, choosing)?;
            Ok(((chosen, choice.model.clone()), form))
        })
    }

    /// Who embeds: a server's model once it was tried and, where it is on another computer, agreed to. None when what is
    /// chosen can't be read at this moment, or isn't understood.
    pub(crate) fn embeds(&self) -> Option<Embeds> {
        let settings = Settings::read(&self.0.folder).ok().flatten()?;
        let Some(choice) = settings.of(Role::Embeddings) else {
            return Some(Embeds::BuiltIn);
        };
        Some(Embedding::of(choice).map_or(Embeds::NobodyYet, Embeds::Server))
    }

    /// A vector of length 1 for each text, by this model, as long as it is the one that is chosen.
    pub(crate) fn embed(
        &self,
        by: &Embedding,
        side: Side,
        texts: &[&str],
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Vec<f32>>, Missed> {
        let patience = match side {
            Side::Passage => PASSAGES_PATIENCE,
            Side::Question => QUESTION_PATIENCE,
        };
        self.ask(Role::Embeddings, stop, |choice, limits, client, form| {
            if Embedding::of(choice).as_ref() != Some(by) {
                return Err(remote::Error::Stopped);
            }
            let may_leave = match side {
                Side::Passage => limits.for_passages(),
                Side::Question => limits,
            };
            let bytes = length_of(texts);
            let remote = self.remote(choice, may_leave, client.clone(), bytes, patience);
            let remote = remote.map_err(|error| match (error, side) {
                (remote::Error::LimitReached, Side::Passage) if !self.has_spent_all(limits) => {
                    remote::Error::PassagesLimitReached
                }
                _ => error,
            })?;
            let mut vectors = remote.embed(Purpose::Embedding, &choice.model, texts)?;
            let width = vectors.first().map_or(0, Vec::len);
            if !texts.is_empty() && u32::try_from(width) != Ok(by.width) {
                return Err(remote::Error::OtherWidth);
            }
            vectors.iter_mut().for_each(|vector| make_unit(vector));
            Ok((vectors, form))
        })
    }

    fn has_spent_all(&self, limits: DayLimits) -> bool {
        Spent::read(&self.0.folder, (self.0.now)()).is_all(limits)
    }

    /// Names the model that reads what was found, if one is chosen and may be asked.
    pub(crate) fn reranker(&self) -> Option<String> {
        let settings = Settings::read(&self.0.folder).ok().flatten()?;
        let choice = settings.of(Role::Reranking)?;
        let is_named = !choice.model.is_empty() && choice.is_allowed();
        is_named.then(|| format!("{} at {}", choice.model, choice.address))
    }

    /// How well each text answers the question.
    pub(crate) fn rerank(
        &self,
        question: &str,
        texts: &[&str],
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<f32>, Missed> {
        self.ask(Role::Reranking, stop, |choice, limits, client, form| {
            let bytes = length_of(&[question]) + length_of(texts);
            let client = client.clone();
            let remote = self.remote(choice, limits, client, bytes, QUESTION_PATIENCE)?;
            let scores = remote.rerank(Purpose::Rerank, &choice.model, question, texts)?;
            Ok((scores, form))
        })
    }

    /// Names the model that writes answers, which is that of summaries, if one is chosen and may be asked.
    pub(crate) fn writer(&self) -> Option<String> {
        let settings = Settings::read(&self.0.folder).ok().flatten()?;
        let choice = settings.of(Role::Summaries)?;
        let is_named = !choice.model.is_empty() && choice.is_allowed();
        is_named.then(|| format!("{} at {}", choice.model, choice.address))
    }

    /// What the passages say of the question.
    pub(crate) fn write(
        &self,
        question: &str,
        passages: &[&str],
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Statement>, Missed> {
        self.ask(Role::Summaries, stop, |choice, limits, client, form| {
            let data = answer::data(question, passages);
            let bytes = length_of(&[&data.to_string()]);
            let ask = |form| {
                let client = client.clone();
                let remote = self.remote(choice, limits, client, bytes, ANSWER_PATIENCE)?;
                answer::write(&remote, &choice.model, &data, form).map(|said| (said, form))
            };
            in_either_form(form, ask)
        })
    }

    /// Asks the model of a role, in the form that it took the last time, unless it is to be left alone; and notes what
    /// came of it.
    fn ask<T>(
        &self,
        role: Role,
        stop: &Arc<AtomicBool>,
        ask: impl FnOnce(&Choice, DayLimits, &Client, Form) -> Result<(T, Form), remote::Error>,
    ) -> Result<T, Missed> {
        let inner = &self.0;
        let settings = Settings::read(&inner.folder).ok().flatten();
        let settings = settings.unwrap_or_default();
        let limits = settings.limits;
        let choice = settings.of(role).filter(|choice| !choice.model.is_empty());
        let choice = choice.ok_or(Missed::NotChosen)?;
        let now = (inner.now)();
        let switch = inner.client.network().switch();
        let form = {
            let mut state = inner.state(role).lock();
            state.turn_to(choice, limits);
            match state.trouble_of(choice, limits, switch) {
                Some(trouble) if now < trouble.until_unix_ms => {
                    // Whatever it could not do, it was not asked for this.
                    return Err(Missed::Away(trouble.error));
                }
                _ => state.form,
            }
        };
        let client = inner.client.until(Arc::clone(stop));
        // Nothing of a memory leaves for where nobody has agreed to.
        let client = if choice.agreed {
            client
        } else {
            client.only_here()
        };
        let answered = ask(choice, limits, &client, form);
        let mut state = inner.state(role).lock();
        match answered {
            Ok((answer, form)) => {
                state.is_well(choice, limits, form);
                Ok(answer)
            }
            Err(error) => {
                if error != remote::Error::Stopped {
                    state.has_failed(choice, limits, error, (inner.now)());
                }
                Err(Missed::by(error))
            }
        }
    }

    /// Asks the model in the form that is named and, where its server does not take that, in plain words. Answers in which it
    /// was taken, to be asked like that the next time.
    pub(crate) fn choose_by(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: &Client,
        form: Form,
        choosing: Choosing<'_>,
    ) -> Result<(BTreeSet<usize>, Form), remote::Error> {
        let Choosing {
            purpose,
            units,
            chars_max,
            patience,
        } = choosing;
        let data = summary::data(units, chars_max)?;
        let bytes = length_of(&[&data.to_string()]);
        let ask = |form| {
            let remote = self.remote(choice, limits, client.clone(), bytes, patience)?;
            let model = &choice.model;
            summary::choose(&remote, purpose, model, &data, units, chars_max, form)
                .map(|chosen| (chosen, form))
        };
        in_either_form(form, ask)
    }
}

/// In plain words where the server does not take the other form.
fn in_either_form<T>(
    form: Form,
    ask: impl Fn(Form) -> Result<T, remote::Error>,
) -> Result<T, remote::Error> {
    match (ask(form), form) {
        (Err(remote::Error::Unwanted(400 | 422)), Form::Strict) => ask(Form::Plain),
        (answered, _) => answered,
    }
}

/// In bytes, of all of them.
pub(crate) fn length_of(texts: &[&str]) -> u64 {
    texts.iter().map(|text| text.len() as u64).sum()
}

/// Makes a vector one of length 1, as all are compared. None is all noughts.
fn make_unit(vector: &mut [f32]) {
    let square = |number: &f32| f64::from(*number).powi(2);
    let length = vector.iter().map(square).sum::<f64>().sqrt();
    for number in vector {
        *number = (f64::from(*number) / length) as f32;
    }
}
