//! An answer in a few sentences, written by a model that the person has chosen. It is asked for, and never comes by itself.
//! What the model says is held against the passages: a sentence that cites none of them, or says what those that it cites
//! do not, is left out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::borne::is_borne_out;
use parking_lot::Mutex;

use crate::aside::{Aside, Deadline, Told};
use crate::askers::Asker;
use crate::ports::Statement;
use crate::recall::{Asked, Hit, find, words_of};
use crate::{Engine, Error, Result};

/// So many passages are given to the model, and so much of each.
const PASSAGES_MAX: u32 = 12;
const PASSAGE_CHARS_MAX: usize = 2_000;

/// A large model on a small computer takes its time. Whoever asks may call it off.
const PATIENCE: Duration = Duration::from_secs(180);

/// A sentence of it is no longer, and it has no more of them.
const SENTENCE_CHARS_MAX: usize = 600;
const SENTENCES_MAX: usize = 8;

/// What is written at this moment, and what was.
pub(crate) type Writes = Aside<Writing, Arc<[Statement]>>;

/// A question and the passages that it is answered from.
#[derive(Clone, PartialEq)]
pub(crate) struct Writing {
    model: String,
    question: String,
    passages: Arc<[String]>,
}

/// A written answer.
#[derive(Clone, Debug)]
pub struct Written {
    /// The model that wrote it.
    pub by: String,
    /// None where the passages answer nothing, as far as the model says.
    pub sentences: Vec<WrittenSentence>,
    /// So many sentences were left out: no passage bears them out.
    pub left_out: u32,
    /// What was found, the best first, and given to the model.
    pub hits: Vec<Hit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenSentence {
    pub text: String,
    /// The numbers of the hits that say so, from 0 on. At least one.
    pub hits: Vec<usize>,
}

impl Engine {
    /// The model that would write an answer at this moment. None while none is chosen that may be asked.
    pub fn writer(&self) -> Option<String> {
        self.core().writer.as_ref()?.id()
    }

    /// Whatever this asker waits for is called off.
    pub fn call_off(&self, asker: &Asker) {
        self.core().askers.begin(Some(asker));
    }

    /// Has the model that is chosen answer from what is found. Nothing is kept of it.
    ///
    /// # Errors
    /// Those of [`Engine::recall`]; [`Error::NoWriter`]; [`Error::NotWritten`] when the model does not answer.
    pub fn write_answer(&self, asked: &Asked) -> Result<Written> {
        let core = self.core();
        let writer = core.writer.clone().ok_or(Error::NoWriter)?;
        let by = writer.id().ok_or(Error::NoWriter)?;
        let words = words_of(asked)?;
        let asked = Asked {
            limit: PASSAGES_MAX,
            ..asked.clone()
        };
        let hits = self.look_for(&asked, |r, looking| {
            Ok(find(r, looking, &asked, &words, None)?.hits)
        })?;
        let mut written = Written {
            by: by.clone(),
            sentences: Vec::new(),
            left_out: 0,
            hits,
        };
        if written.hits.is_empty() {
            return Ok(written);
        }
        let shortened = |hit: &Hit| hit.chunk.text.chars().take(PASSAGE_CHARS_MAX).collect();
        let writing = Writing {
            model: by,
            question: asked.text.clone(),
            passages: written.hits.iter().map(shortened).collect(),
        };
        crate::ports::no_connection_held()?;
        // What calls this off is the next question of the same asker, once the search is over.
        let canceller = core.askers.begin(asked.asker.as_ref());
        let failed: Arc<Mutex<Option<Error>>> = Arc::default();
        let note = Arc::clone(&failed);
        let write = move |writing: &Writing| {
            let passages: Vec<&str> = writing.passages.iter().map(String::as_str).collect();
            let said = writer.answer(&writing.question, &passages);
            said.map_err(|error| *note.lock() = Some(error))
                .ok()
                .map(Into::into)
        };
        let deadline = Deadline::after(core, PATIENCE);
        let told = core
            .writes
            .ask(core, writing, deadline, &canceller, write)?;
        let said = match told {
            Told::Yes(said) => said,
            Told::NotYet => return Err(Error::NotWritten { code: "timed_out" }),
            Told::No => {
                return Err(match failed.lock().take() {
                    Some(Error::Model { code, .. }) => Error::NotWritten { code },
                    Some(error) => error,
                    None => Error::NotWritten {
                        code: "not_understood",
                    },
                });
            }
        };
        for statement in said.iter() {
            match held_against(statement, &asked.text, &written.hits) {
                Some(sentence) if written.sentences.len() < SENTENCES_MAX => {
                    written.sentences.push(sentence);
                }
                _ => written.left_out += 1,
            }
        }
        Ok(written)
    }
}

/// The sentence, if the passages that it cites bear it out. The words of the question may stand in it too.
fn held_against(statement: &Statement, question: &str, hits: &[Hit]) -> Option<WrittenSentence> {
    let text = statement.text.trim();
    let cited: BTreeSet<usize> = statement
        .passages
        .iter()
        .copied()
        .filter(|at| *at < hits.len())
        .collect();
    let mut texts = Vec::with_capacity(4 * cited.len() + 1);
    for hit in cited.iter().filter_map(|at| hits.get(*at)) {
        texts.push(hit.chunk.text.as_str());
        texts.push(hit.document.title.as_str());
        texts.extend(hit.chunk.author.as_deref());
        texts.extend(hit.chunk.headings.iter().map(String::as_str));
    }
    let fits = !cited.is_empty() && text.chars().count() <= SENTENCE_CHARS_MAX;
    texts.push(question);
    (fits && is_borne_out(text, &texts)).then(|| WrittenSentence {
        text: text.to_owned(),
        hits: cited.into_iter().collect(),
    })
}
