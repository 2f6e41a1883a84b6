//! Has passages embedded, so that they are found by what they mean: a page at a time, while nothing else is to be done.
//! Words come first: what is committed is found by them at once.
//!
//! How far it has come is a row of the store that moves in the write that keeps the vectors, so a process that ends
//! anywhere loses the page it was at and nothing else. A vector is kept where the passage would be embedded as the same
//! text at that moment; so what comes between costs some work and never leaves a vector of something else.

mod compare;
mod power;
mod quantised;
mod question;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_store::table::extraction::FailureReason;
use oldgrowth_store::table::vectors::{Embedding, ToCome, Vector};
use oldgrowth_store::{ChunkKey, Class, Lane, Read, Write};
use parking_lot::Mutex;

pub(crate) use self::compare::Compared;
use self::quantised::quantised;
pub(crate) use self::question::{QuestionVector, Questions, Understood, WAIT_MAX};
use self::window::window;
use crate::engine::Core;
use crate::ports::{Embedder, Side};
use crate::telling::News;
use crate::{Engine, Error, Result};

/// So many passages are looked at at a time, whether they are due or not.
const PAGE_LOOKED_AT: u32 = 4_096;

/// And so many of them embedded, some seconds' work on one core, before what came of it is kept.
const PAGE_PASSAGES: usize = 32;

/// What refuses everything, as a damaged file does, is asked again after so long.
const REFUSED_WAIT: Duration = Duration::from_secs(10 * 60);

/// What every model can embed. One that can't is not refusing a text: it is away.
const PROBE: &str = "passage";

/// Nobody has asked for so long: what the model takes is given back.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// How soon to look again whether all is embedded.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Who embeds at this moment; others leave it to them.
#[derive(Debug, Default)]
pub(crate) struct Embeds {
    turn: Mutex<Turn>,
    pace: Mutex<Pace>,
    power: power::Heard,
    /// When the model was last asked for anything, by the monotonic clock. None since it was let go of.
    asked: Mutex<Option<Duration>>,
}

#[derive(Debug, Default)]
struct Turn {
    /// What was kept did not hold together and was forgotten once. Twice would be a fault of ours.
    began_anew: bool,
    /// It is told that there is something to do.
    is_told: bool,
}

/// How fast it goes since the start, and whether it goes at all.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    passages: u64,
    worked: Duration,
    /// Why the model could not be asked when it last was.
    away: Option<&'static str>,
    /// It is not asked for passages before this moment of the monotonic clock.
    not_before: Option<Duration>,
}

/// What is yet to be embedded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbeddingLeft {
    /// At most so many passages: those that are searched no more are among them.
    pub passages: u64,
    /// Those that could not be embedded.
    pub failed: u32,
    /// None before any was embedded since the start.
    pub passages_per_second: Option<f64>,
    /// Why the model could not be asked when it last was: the code of its error.
    pub away: Option<&'static str>,
    /// The computer runs on its battery, and they wait until it does not.
    pub on_battery: bool,
}

/// Why a passage could not be embedded.
enum Failed {
    /// It may be embedded at another time.
    Passing(Error),
    For(FailureReason),
}

/// What comes next, and where the embedding stood when it was read.
struct Page {
    before: Option<Embedding>,
    looked_at: Vec<(ChunkKey, Option<String>)>,
}

/// What became of a passage.
struct Made {
    chunk: ChunkKey,
    /// None where none was due.
    of: Option<(String, std::result::Result<Vector, FailureReason>)>,
}

impl Engine {
    /// Waits until every passage was embedded. False when it was told to wait no longer, and when nobody embeds: nothing
    /// is set up to, the work is paused, or the computer runs on its battery.
    ///
    /// # Errors
    /// Those of the store.
    pub fn wait_until_embedded(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        let core = self.core();
        loop {
            let seen = core.queue.seen();
            let Some(embedder) = core.embedder() else {
                return Ok(false);
            };
            let any = core.store.read(Lane::Interactive, |r| {
                Ok::<_, Error>(r.has_live_jobs()? || r.has_to_embed(embedder.id())?)
            })?;
            if !any {
                return Ok(true);
            }
            // What waits for a person can wait for ever.
            if let Some(refused) = core.store.writing_refused() {
                return Err(refused.into());
            }
            let stands = core.pause().is_some()
                || core.queue.is_stopping()
                || !core.has_workers
                || core.is_on_battery()
                || core.passages_wait();
            if stands || !keep_waiting() {
                return Ok(false);
            }
            core.queue.sleep(seen, Some(LOOK_AGAIN));
        }
    }

    /// What is yet to be embedded, and how fast that goes. None where nobody embeds.
    ///
    /// # Errors
    /// Those of the store.
    pub fn embedding_left(&self) -> Result<Option<EmbeddingLeft>> {
        let core = self.core();
        core.store
            .read(Lane::Interactive, |r| core.left_to_embed(r))
    }
}

impl Core {
    pub(crate) fn left_to_embed(&self, r: &Read<'_>) -> Result<Option<EmbeddingLeft>> {
        let Some(embedder) = self.embedder() else {
            return Ok(None);
        };
        let ToCome { passages, failed } = r.left_to_embed(embedder.id())?;
        let pace = *self.embeds.pace.lock();
        let worked = pace.worked.as_secs_f64();
        Ok(Some(EmbeddingLeft {
            passages,
            failed,
            passages_per_second: (worked > 0.0).then(|| pace.passages as f64 / worked),
            away: pace.away,
            on_battery: self.is_on_battery(),
        }))
    }

    /// Who embeds passages at this moment.
    pub(crate) fn embedder(&self) -> Option<Arc<dyn Embedder>> {
        self.embedders.as_ref()?.chosen()
    }

    fn passages_wait(&self) -> bool {
        let embedders = self.embedders.as_ref();
        embedders.is_some_and(|embedders| embedders.passages_wait())
    }

    /// Another may embed from now on: what is known of the one before says nothing of them.
    pub(crate) fn embedder_changed(&self) {
        *self.embeds.pace.lock() = Pace::default();
        self.questions.look_up_anew();
        self.queue.wake();
    }

    /// Has a page of passages embedded, if nothing else is to be done. True when there may be more.
    pub(crate) fn embed_some(&self) -> Result<bool> {
        let Some(embedder) = self.embedder() else {
            return Ok(false);
        };
        if self.passages_wait() {
            return Ok(false);
        }
        let embedder = &*embedder;
        let Some(mut turn) = self.embeds.turn.try_lock() else {
            return Ok(false);
        };
        if !self.has_nothing_else_to_do() || self.embeds_in().is_some() {
            return Ok(false);
        }
        let Some(page) = self.next_to_embed(embedder)? else {
            if std::mem::take(&mut turn.is_told) {
                self.questions.look_up_anew();
                self.meaning_changed();
            }
            return Ok(false);
        };
        if self.waits_for_power() {
            return Ok(false);
        }
        if !std::mem::replace(&mut turn.is_told, true) {
            self.meaning_changed();
        }
        let before = page.before;
        let made = self.embed_page(embedder, page.looked_at);
        let made = made.inspect_err(|error| self.note_away(embedder.id(), error))?;
        if made.is_empty() {
            return Ok(false);
        }
        let id = embedder.id().to_owned();
        let kept = self.store.write_in(Lane::Background, move |w| {
            keep(w, before.as_ref(), &id, &made)
        });
        match kept {
            Ok(()) => {
                self.tell_later(News::Work);
                Ok(true)
            }
            Err(error) if error.store_class() == Some(Class::Constraint) && !turn.began_anew => {
                tracing::warn!("the vectors did not hold together and are made anew");
                turn.began_anew = true;
                self.store
                    .write_in(Lane::Background, |w| Ok::<_, Error>(w.forget_vectors()?))?;
                self.forget_mirror();
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    fn next_to_embed(&self, embedder: &dyn Embedder) -> Result<Option<Page>> {
        let page = self.store.read(Lane::Background, |r| {
            let mut looked_at = Vec::new();
            let mut due = 0;
            for next in r.to_embed(embedder.id(), PAGE_LOOKED_AT)? {
                if due == PAGE_PASSAGES {
                    break;
                }
                due += usize::from(next.is_due);
                let text = match next.is_due {
                    true => window(&r.around(next.chunk)?, next.chunk),
                    false => None,
                };
                looked_at.push((next.chunk, text));
            }
            Ok::<_, Error>(Page {
                before: r.embedding()?,
                looked_at,
            })
        })?;
        Ok(Some(page).filter(|page| !page.looked_at.is_empty()))
    }

    /// As far as it comes before something else is to be done.
    fn embed_page(
        &self,
        embedder: &dyn Embedder,
        looked_at: Vec<(ChunkKey, Option<String>)>,
    ) -> Result<Vec<Made>> {
        let mut made: Vec<Made> = Vec::with_capacity(looked_at.len());
        let mut rest = looked_at.into_iter().peekable();
        let seen = self.queue.seen();
        // Between two askings it is seen whether something else is to be done.
        let at_once = embedder.at_once().max(1);
        while rest.peek().is_some() {
            // What is asked for wakes the queue.
            if self.queue.has_woken_since(seen) || !self.has_nothing_else_to_do() {
                break;
            }
            let mut some = Vec::new();
            let mut texts = 0;
            while texts < at_once
                && let Some(next) = rest.next()
            {
                texts += usize::from(next.1.is_some());
                some.push(next);
            }
            let asked: Vec<&str> = some
                .iter()
                .filter_map(|(_, text)| text.as_deref())
                .collect();
            let mut vectors = self.embed_each(embedder, &asked)?.into_iter();
            made.extend(some.into_iter().map(|(chunk, text)| Made {
                chunk,
                of: text.and_then(|text| Some((text, vectors.next()?))),
            }));
        }
        Ok(made)
    }

    /// A vector of each text, or why it has none.
    fn embed_each(
        &self,
        embedder: &dyn Embedder,
        texts: &[&str],
    ) -> Result<Vec<std::result::Result<Vector, FailureReason>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        self.note_model_asked();
        let begun = self.ambient.clock.monotonic();
        let each = match self.ask_embedder(embedder, texts) {
            Ok(vectors) => vectors.into_iter().map(Ok).collect(),
            Err(Failed::Passing(error)) => return Err(error),
            // One text is not to take the others along.
            Err(Failed::For(_)) => {
                let mut each = Vec::with_capacity(texts.len());
                for text in texts {
                    match self.ask_embedder(embedder, &[text]) {
                        Ok(vectors) => each.extend(vectors.into_iter().map(Ok)),
                        Err(Failed::Passing(error)) => return Err(error),
                        Err(Failed::For(reason)) => each.push(Err(reason)),
                    }
                }
                each
            }
        };
        let mut pace = self.embeds.pace.lock();
        pace.passages += texts.len() as u64;
        pace.worked += self.ambient.clock.monotonic().saturating_sub(begun);
        drop(pace);
        self.note_back(embedder.id());
        Ok(each)
    }

    fn ask_embedder(
        &self,
        embedder: &dyn Embedder,
        texts: &[&str],
    ) -> std::result::Result<Vec<Vector>, Failed> {
        let ask = |texts: &[&str]| {
            catch_unwind(AssertUnwindSafe(|| embedder.embed(Side::Passage, texts)))
        };
        let (reason, error) = match ask(texts) {
            Ok(Ok(vectors)) => {
                let all: Option<Vec<Vector>> = vectors.iter().map(|v| quantised(v)).collect();
                match all.filter(|all| all.len() == texts.len()) {
                    Some(all) => return Ok(all),
                    None => (FailureReason::Refused, None),
                }
            }
            Ok(Err(error)) if error.is_transient() => return Err(Failed::Passing(error)),
            Ok(Err(error @ Error::HeldConnection)) => return Err(Failed::Passing(error)),
            Ok(Err(error)) => (FailureReason::Refused, Some(error)),
            Err(_) => {
                tracing::error!(passages = texts.len(), "the embedder panicked");
                (FailureReason::Panic, None)
            }
        };
        // A model that can't be loaded refuses everything, and no passage is to blame.
        match ask(&[PROBE]) {
            Ok(Err(error)) => Err(Failed::Passing(error)),
            Err(_) => Err(Failed::Passing(Error::Model {
                code: "embedder_panicked",
                retry_in: None,
            })),
            Ok(Ok(_)) => {
                // What a server does not take is no fault of ours.
                if let Some(error) = error.filter(|_| !embedder.is_far()) {
                    self.faults.tell_of_job("embed", &error);
                }
                Err(Failed::For(reason))
            }
        }
    }

    /// How long until passages may be embedded, if they may not: who starts the program wants to use it, and a model that
    /// refuses everything is left alone for a while.
    pub(crate) fn embeds_in(&self) -> Option<Duration> {
        self.embedders.as_ref()?;
        let begins = self.begun.saturating_add(self.embeds_after);
        let not_before = self.embeds.pace.lock().not_before.unwrap_or_default();
        let left = begins
            .max(not_before)
            .saturating_sub(self.ambient.clock.monotonic());
        (left > Duration::ZERO).then_some(left)
    }

    pub(crate) fn note_model_asked(&self) {
        *self.embeds.asked.lock() = Some(self.ambient.clock.monotonic());
    }

    /// Lets the model go when nobody has asked it for a while.
    pub(crate) fn rest_from_embedding(&self) {
        let now = self.ambient.clock.monotonic();
        let mut asked = self.embeds.asked.lock();
        if let Some(embedders) = &self.embedders
            && asked.is_some_and(|asked| now.saturating_sub(asked) >= IDLE)
        {
            *asked = None;
            embedders.rest_all();
        }
    }

    fn is_chosen(&self, model: &str) -> bool {
        self.embedder().is_some_and(|chosen| chosen.id() == model)
    }

    /// It could be asked. What another could says nothing of who embeds passages.
    fn note_back(&self, model: &str) {
        if !self.is_chosen(model) {
            return;
        }
        let mut pace = self.embeds.pace.lock();
        pace.not_before = None;
        let was_away = pace.away.take().is_some();
        drop(pace);
        if was_away {
            self.meaning_changed();
        }
    }

    fn note_away(&self, model: &str, error: &Error) {
        if let Error::Model { code, .. } = error
            && self.is_chosen(model)
        {
            let mut pace = self.embeds.pace.lock();
            if !error.is_transient() {
                pace.not_before = Some(self.ambient.clock.monotonic() + REFUSED_WAIT);
            }
            let before = pace.away.replace(code);
            drop(pace);
            if before.is_none() {
                self.meaning_changed();
            }
        }
    }
}

/// Keeps what still is so. What has changed meanwhile is embedded again, and what comes after it.
fn keep(w: &Write<'_>, before: Option<&Embedding>, model: &str, made: &[Made]) -> Result<()> {
    if w.embedding()?.as_ref() != before {
        return Ok(());
    }
    if before.is_none_or(|before| before.model != model) {
        w.begin_embedding(model)?;
    }
    let mut up_to = None;
    for one in made {
        if let Some((text, outcome)) = &one.of {
            match window(&w.around(one.chunk)?, one.chunk) {
                // It is searched no more.
                None => {}
                Some(now) if now != *text => break,
                Some(_) => keep_one(w, model, one.chunk, outcome)?,
            }
        }
        up_to = Some(one.chunk);
    }
    if let Some(up_to) = up_to {
        w.note_embedded(model, up_to)?;
    }
    Ok(())
}

fn keep_one(
    w: &Write<'_>,
    model: &str,
    chunk: ChunkKey,
    outcome: &std::result::Result<Vector, FailureReason>,
) -> Result<()> {
    let reason = match outcome {
        Ok(vector) if w.put_vector(chunk, model, vector)? => return Ok(()),
        // Of another length than what this model has made before.
        Ok(_) => FailureReason::Refused,
        Err(reason) => *reason,
    };
    Ok(w.put_embedding_failure(chunk, reason)?)
}
