//! What a memory works with: models that the person has chosen and, where there is none, what is built in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use oldgrowth_engine::ports::{
    Embedder, Embedders, Fallback, Reranker, Side, Statement, Summarised, Summariser, Unit, Writer,
    no_connection_held,
};
use parking_lot::Mutex;

use crate::Extractive;
use crate::asking::{Embedding, Embeds, Missed};
use crate::models::Models;
use crate::remote::{Class, Error};
use crate::summary;

/// How long to wait before what passes by itself is tried again, where the server does not say.
const RETRY_IN: Duration = Duration::from_secs(30);

/// So many passages go in one call.
const PASSAGES_AT_ONCE: usize = 32;

/// Asks the model that is chosen at that moment. A summary is made in any case.
#[derive(Debug)]
pub struct Chosen {
    models: Models,
    stop: Arc<AtomicBool>,
}

impl Chosen {
    /// Nobody wants to hear from a model any more once `stop` is true.
    #[must_use]
    pub fn new(models: Models, stop: Arc<AtomicBool>) -> Self {
        Self { models, stop }
    }
}

impl Summariser for Chosen {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> oldgrowth_engine::Result<Summarised> {
        no_connection_held()?;
        let missed = match self.models.choose_sentences(units, chars_max, &self.stop) {
            Ok((chosen, model)) => {
                return Ok(Summarised {
                    chosen,
                    by: format!("{model} ({})", summary::VERSION),
                    fallback: Fallback::None,
                });
            }
            Err(missed) => missed,
        };
        let fallback = match missed {
            // Nobody has asked for more.
            Missed::NotChosen => Fallback::None,
            Missed::Away(error) => {
                tracing::debug!(%error, "a summary is made by what is built in");
                Fallback::Away
            }
            Missed::CantDo(error) => {
                tracing::debug!(%error, "a summary is made by what is built in for good");
                Fallback::CantDo
            }
        };
        let made = Extractive.summarise(units, chars_max)?;
        Ok(Summarised { fallback, ..made })
    }
}

/// The embedder that is chosen at that moment: one of a server, or what is built in.
pub struct ChosenEmbedders {
    models: Models,
    stop: Arc<AtomicBool>,
    built_in: Option<Arc<dyn Embedder>>,
    /// The last choice that could be read: one that can't be read is no other choice.
    last: Mutex<Embeds>,
}

impl fmt::Debug for ChosenEmbedders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChosenEmbedders")
    }
}

impl ChosenEmbedders {
    /// As [`Chosen::new`]. `built_in` is none where none came with the program.
    #[must_use]
    pub fn new(models: Models, stop: Arc<AtomicBool>, built_in: Option<Arc<dyn Embedder>>) -> Self {
        Self {
            models,
            stop,
            built_in,
            last: Mutex::default(),
        }
    }

    fn choice(&self) -> Embeds {
        let mut last = self.last.lock();
        match self.models.embeds() {
            Some(embeds) => *last = embeds,
            None => tracing::debug!("which model embeds is not known"),
        }
        last.clone()
    }

    fn of_server(&self) -> Option<Arc<dyn Embedder>> {
        let Embeds::Server(embedding) = self.choice() else {
            return None;
        };
        Some(Arc::new(OfServer {
            id: embedding.id(),
            models: self.models.clone(),
            stop: Arc::clone(&self.stop),
            embedding,
        }))
    }
}

impl Embedders for ChosenEmbedders {
    fn chosen(&self) -> Option<Arc<dyn Embedder>> {
        self.of_server().or_else(|| self.built_in.clone())
    }

    fn named(&self, id: &str) -> Option<Arc<dyn Embedder>> {
        let all = [self.of_server(), self.built_in.clone()];
        all.into_iter().flatten().find(|one| one.id() == id)
    }

    /// What is built in would read all passages anew, and whoever is chosen would read them once more.
    fn passages_wait(&self) -> bool {
        self.choice() == Embeds::NobodyYet
    }

    fn rest_all(&self) {
        if let Some(built_in) = &self.built_in {
            built_in.rest();
        }
    }
}

/// Embeds with a model of a server, as long as that one is chosen.
struct OfServer {
    models: Models,
    stop: Arc<AtomicBool>,
    embedding: Embedding,
    id: String,
}

impl Embedder for OfServer {
    fn id(&self) -> &str {
        &self.id
    }

    /// Servers take texts as they are: no interface of theirs tells the sides apart.
    fn embed(&self, side: Side, texts: &[&str]) -> oldgrowth_engine::Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        Ok(self
            .models
            .embed(&self.embedding, side, texts, &self.stop)?)
    }

    fn at_once(&self) -> usize {
        PASSAGES_AT_ONCE
    }

    fn is_far(&self) -> bool {
        true
    }
}

/// The reranker that is chosen at that moment, if one is.
#[derive(Debug)]
pub struct ChosenReranker {
    models: Models,
    stop: Arc<AtomicBool>,
}

impl ChosenReranker {
    /// As [`Chosen::new`].
    #[must_use]
    pub fn new(models: Models, stop: Arc<AtomicBool>) -> Self {
        Self { models, stop }
    }
}

impl Reranker for ChosenReranker {
    fn id(&self) -> Option<String> {
        self.models.reranker()
    }

    fn rerank(&self, question: &str, texts: &[&str]) -> oldgrowth_engine::Result<Vec<f32>> {
        no_connection_held()?;
        Ok(self.models.rerank(question, texts, &self.stop)?)
    }
}

/// Has the model that summarises write answers too.
#[derive(Debug)]
pub struct ChosenWriter {
    models: Models,
    stop: Arc<AtomicBool>,
}

impl ChosenWriter {
    /// As [`Chosen::new`].
    #[must_use]
    pub fn new(models: Models, stop: Arc<AtomicBool>) -> Self {
        Self { models, stop }
    }
}

impl Writer for ChosenWriter {
    fn id(&self) -> Option<String> {
        self.models.writer()
    }

    fn answer(
        &self,
        question: &str,
        passages: &[&str],
    ) -> oldgrowth_engine::Result<Vec<Statement>> {
        no_connection_held()?;
        Ok(self.models.write(question, passages, &self.stop)?)
    }
}

impl From<Missed> for oldgrowth_engine::Error {
    fn from(missed: Missed) -> Self {
        match missed {
            // Whoever asks again asks another.
            Missed::NotChosen => Self::Model {
                code: "not_chosen",
                retry_in: Some(RETRY_IN),
            },
            Missed::Away(error) | Missed::CantDo(error) => error.into(),
        }
    }
}

impl From<Error> for oldgrowth_engine::Error {
    fn from(error: Error) -> Self {
        if error == Error::HeldConnection {
            return Self::HeldConnection;
        }
        let retry_in = match (error.class(), error) {
            (Class::Transient, Error::Busy { retry_in }) => Some(retry_in.unwrap_or(RETRY_IN)),
            (Class::Transient, _) => Some(RETRY_IN),
            (Class::BadItem | Class::NeedsPerson, _) => None,
        };
        Self::Model {
            code: error.code(),
            retry_in,
        }
    }
}
