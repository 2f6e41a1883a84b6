//! The vectors of questions. A model that was let go of takes up to two seconds to load, and nobody waits for longer:
//! then words alone answer, and the next question finds it loaded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_store::Canceller;
use oldgrowth_store::table::vectors::Vector;
use parking_lot::{Condvar, Mutex};

use super::quantised;
use crate::engine::Core;
use crate::ports::{Embedder, Side};
use crate::{Error, Result};

/// Nobody waits for a question's vector any longer.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(2);

/// How often it is looked whether the question was called off.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// So many questions are embedded at once; more are answered by words alone.
const AT_ONCE_MAX: usize = 4;

/// So many are remembered: who asks for the next page asks the same again.
const REMEMBERED_MAX: usize = 16;

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
    text: String,
    vector: Vector,
}

impl QuestionVector {
    /// What somebody has said is asked about, by the vector that it has.
    pub(crate) fn of_passage(model: String, vector: Vector) -> Self {
        Self(Arc::new(Meaning {
            model,
            text: String::new(),
            vector,
        }))
    }

    pub(crate) fn model(&self) -> &str {
        &self.0.model
    }

    pub(crate) fn vector(&self) -> &Vector {
        &self.0.vector
    }
}

/// Questions that are embedded at this moment, and those that were.
#[derive(Default)]
pub(crate) struct Questions {
    threads: Mutex<Vec<(JoinHandle<()>, Arc<Answer>)>>,
    known: Mutex<VecDeque<QuestionVector>>,
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

/// Where a thread leaves its answer.
struct Answer {
    text: String,
    vector: Mutex<Option<Option<Vector>>>,
    there: Condvar,
    /// It was left, and its thread does no more.
    is_given: AtomicBool,
}

impl Questions {
    fn known(&self, model: &str, text: &str) -> Option<QuestionVector> {
        let known = self.known.lock();
        let mut of = known.iter().filter(|one| one.0.text == text);
        of.find(|one| one.0.model == model).cloned()
    }

    fn remember(&self, question: &QuestionVector) {
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED_MAX {
            known.pop_front();
        }
        known.push_back(question.clone());
    }

    /// Waits for the threads that embed questions.
    pub(crate) fn stop(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        join(threads);
    }
}

impl Core {
    /// Where it is not known, words alone answer.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn question_vector(
        &self,
        text: &str,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Understood> {
        let Some(embedder) = &self.embedder else {
            return Ok(Understood::No);
        };
        crate::ports::no_connection_held()?;
        if let Some(known) = self.questions.known(embedder.id(), text) {
            return Ok(Understood::Yes(known));
        }
        let Some(answer) = self.ask_aside(embedder, text) else {
            return Ok(Understood::NotYet);
        };
        let vector = match wait_for(&answer, patience, canceller)? {
            Some(Some(vector)) => vector,
            Some(None) => return Ok(Understood::No),
            None => return Ok(Understood::NotYet),
        };
        let question = QuestionVector(Arc::new(Meaning {
            model: embedder.id().to_owned(),
            text: text.to_owned(),
            vector,
        }));
        self.questions.remember(&question);
        Ok(Understood::Yes(question))
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
        let mut vectors = Vec::with_capacity(NOTHING.len());
        for text in NOTHING {
            match self.question_vector(text, patience, canceller)? {
                Understood::Yes(vector) => vectors.push(vector),
                Understood::NotYet | Understood::No => return Ok(None),
            }
        }
        self.questions.nothing.lock().clone_from(&vectors);
        Ok(Some(vectors))
    }

    /// Has a thread of its own ask the model. None when it can't be begun.
    fn ask_aside(&self, embedder: &Arc<dyn Embedder>, text: &str) -> Option<Arc<Answer>> {
        let mut threads = self.questions.threads.lock();
        if self.queue.is_stopping() {
            return None;
        }
        // Somebody may have asked just that and not waited.
        if let Some((_, answer)) = threads.iter().find(|(_, answer)| answer.text == text) {
            return Some(Arc::clone(answer));
        }
        let has_ended = |(thread, answer): &(JoinHandle<()>, Arc<Answer>)| {
            answer.is_given.load(Ordering::SeqCst) || thread.is_finished()
        };
        let (ended, at_work): (Vec<_>, Vec<_>) = std::mem::take(&mut *threads)
            .into_iter()
            .partition(has_ended);
        *threads = at_work;
        join(ended);
        if threads.len() >= AT_ONCE_MAX {
            return None;
        }
        self.note_model_asked();
        let answer = Arc::new(Answer {
            text: text.to_owned(),
            vector: Mutex::default(),
            there: Condvar::new(),
            is_given: AtomicBool::new(false),
        });
        let (asked, leaves) = (Arc::clone(embedder), Arc::clone(&answer));
        let body = move || {
            let embedded = asked.embed(Side::Question, &[&leaves.text]);
            let vector = match embedded {
                Ok(vectors) => vectors.first().and_then(|vector| quantised(vector)),
                Err(error) => {
                    tracing::debug!(transient = error.is_transient(), "a question has no vector");
                    None
                }
            };
            leaves.is_given.store(true, Ordering::SeqCst);
            *leaves.vector.lock() = Some(vector);
            leaves.there.notify_all();
        };
        let spawned = self
            .ambient
            .spawn
            .spawn("question".to_owned(), Box::new(body));
        threads.push((spawned.ok()?, Arc::clone(&answer)));
        Some(answer)
    }
}

fn wait_for(
    answer: &Answer,
    patience: Duration,
    canceller: &Canceller,
) -> Result<Option<Option<Vector>>> {
    let mut vector = answer.vector.lock();
    let mut waited = Duration::ZERO;
    loop {
        if let Some(vector) = &*vector {
            return Ok(Some(vector.clone()));
        }
        if canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if waited >= patience {
            return Ok(None);
        }
        answer.there.wait_for(&mut vector, LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

fn join(threads: Vec<(JoinHandle<()>, Arc<Answer>)>) {
    for (thread, _) in threads {
        if thread.join().is_err() {
            tracing::error!("a thread that embeds a question panicked");
        }
    }
}
