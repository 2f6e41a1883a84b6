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
const WAIT_MAX: Duration = Duration::from_secs(2);

/// How often it is looked whether the question was called off.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// So many questions are embedded at once; more are answered by words alone.
const AT_ONCE_MAX: usize = 4;

/// So many are remembered: who asks for the next page asks the same again.
const REMEMBERED_MAX: usize = 16;

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
}

/// Where a thread leaves its answer.
#[derive(Default)]
struct Answer {
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
    /// None where nobody embeds, and when it does not come in time or not at all: then words alone answer.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it is called off.
    pub(crate) fn question_vector(
        &self,
        text: &str,
        canceller: &Canceller,
    ) -> Result<Option<QuestionVector>> {
        let Some(embedder) = &self.embedder else {
            return Ok(None);
        };
        crate::ports::no_connection_held()?;
        if let Some(known) = self.questions.known(embedder.id(), text) {
            return Ok(Some(known));
        }
        let Some(answer) = self.ask_aside(embedder, text) else {
            return Ok(None);
        };
        let Some(vector) = wait_for(&answer, canceller)? else {
            return Ok(None);
        };
        let question = QuestionVector(Arc::new(Meaning {
            model: embedder.id().to_owned(),
            text: text.to_owned(),
            vector,
        }));
        self.questions.remember(&question);
        Ok(Some(question))
    }

    /// Has a thread of its own ask the model. None when it can't be begun.
    fn ask_aside(&self, embedder: &Arc<dyn Embedder>, text: &str) -> Option<Arc<Answer>> {
        let mut threads = self.questions.threads.lock();
        if self.queue.is_stopping() {
            return None;
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
        let answer = Arc::new(Answer::default());
        let (asked, leaves, text) = (Arc::clone(embedder), Arc::clone(&answer), text.to_owned());
        let body = move || {
            let embedded = asked.embed(Side::Question, &[&text]);
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

fn wait_for(answer: &Answer, canceller: &Canceller) -> Result<Option<Vector>> {
    let mut vector = answer.vector.lock();
    let mut waited = Duration::ZERO;
    loop {
        if let Some(vector) = vector.take() {
            return Ok(vector);
        }
        if canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if waited >= WAIT_MAX {
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
