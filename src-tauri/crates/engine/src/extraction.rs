//! Looks passages through for whom and what they name: a page at a time, while nothing else is to be done.
//!
//! How far it has come is a row of the store that moves in the write that keeps what was found, so a process that
//! ends anywhere loses the page it was at and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use oldgrowth_store::table::extraction::{Extracted, Extraction, FailureReason, ToExtract};
use oldgrowth_store::table::mentions::Mention;
use oldgrowth_store::{Class, Lane};
use parking_lot::Mutex;

use crate::engine::Core;
use crate::ports::{Extractor, Named, Passage};
use crate::telling::News;
use crate::{Engine, Error, Result};

/// So many passages are read, and kept, at a time. Those of a document come together, so that a name is understood
/// by what the document says of it elsewhere; a longer one comes in stretches of as many.
const PAGE_PASSAGES: u32 = 256;

/// A longer name is none: it would be an address that carries data.
const NAME_BYTES_MAX: usize = 512;

/// How soon to look again whether all is looked through.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);

/// Who looks through at this moment; others leave it to them.
#[derive(Debug, Default)]
pub(crate) struct Extracting {
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// What was kept did not hold together and was forgotten once. Twice would be a fault of ours.
    began_anew: bool,
}

/// Why a document, or a passage of it, could not be looked through.
enum Failed {
    /// It may be looked through at another time.
    Passing(Error),
    For(FailureReason),
}

/// What comes next, and where the looking through stood when it was read.
struct Page {
    before: Option<Extraction>,
    passages: Vec<ToExtract>,
}

impl Engine {
    /// Waits until every passage was looked through. False when it was told to wait no longer, and when nobody
    /// looks: nothing is set up to, or the work is paused.
    ///
    /// # Errors
    /// Those of the store.
    pub fn wait_until_extracted(&self, keep_waiting: impl Fn() -> bool) -> Result<bool> {
        let core = self.core();
        loop {
            let seen = core.queue.seen();
            let Some(extractor) = core.extractor.as_deref() else {
                return Ok(false);
            };
            let any = core.store.read(Lane::Interactive, |r| {
                Ok::<_, Error>(r.has_live_jobs()? || r.has_to_extract(extractor.id())?)
            })?;
            if !any {
                return Ok(true);
            }
            // What waits for a person can wait for ever.
            if let Some(refused) = core.store.writing_refused() {
                return Err(refused.into());
            }
            let stands = core.pause().is_some() || core.queue.is_stopping() || !core.has_workers;
            if stands || !keep_waiting() {
                return Ok(false);
            }
            core.queue.sleep(seen, Some(LOOK_AGAIN));
        }
    }
}

impl Core {
    /// Looks a page of passages through, if nothing else is to be done. True when there may be more.
    pub(crate) fn extract_some(&self) -> Result<bool> {
        let Some(extractor) = self.extractor.as_deref() else {
            return Ok(false);
        };
        let Some(mut turn) = self.extracting.turn.try_lock() else {
            return Ok(false);
        };
        if !self.has_nothing_else_to_do() {
            return Ok(false);
        }
        let Some(page) = self.next_page(extractor)? else {
            return Ok(false);
        };
        let Some(extracted) = self.extract_page(extractor, &page.passages)? else {
            return Ok(false);
        };
        let (id, before) = (extractor.id().to_owned(), page.before);
        let kept = self.store.write_in(Lane::Background, move |w| {
            Ok::<_, Error>(w.keep_extracted(before.as_ref(), &id, &extracted)?)
        });
        match kept {
            // None are kept when something else has come in between: they are read again.
            Ok(kept) => {
                if kept.is_some() {
                    self.tell_later(News::Names);
                }
                Ok(true)
            }
            Err(error) if error.store_class() == Some(Class::Constraint) && !turn.began_anew => {
                tracing::warn!("what passages name did not hold together and is made anew");
                turn.began_anew = true;
                self.store
                    .write_in(Lane::Background, |w| Ok::<_, Error>(w.forget_extraction()?))?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn has_nothing_else_to_do(&self) -> bool {
        self.queue.is_recovered()
            && self.queue.holds_none()
            && !self.queue.begins_none()
            && self.pause().is_none()
            && self.store.writing_refused().is_none()
    }

    fn next_page(&self, extractor: &dyn Extractor) -> Result<Option<Page>> {
        let (before, mut passages) = self.store.read(Lane::Background, |r| {
            if !r.has_to_extract(extractor.id())? {
                return Ok((None, Vec::new()));
            }
            // One more, to know whether the last document goes on behind the page.
            let passages = r.to_extract(extractor.id(), PAGE_PASSAGES + 1)?;
            Ok::<_, Error>((r.extraction()?, passages))
        })?;
        let Some(first) = passages.first().map(|passage| passage.document) else {
            return Ok(None);
        };
        if passages.len() > PAGE_PASSAGES as usize
            && let Some(next) = passages.pop()
            && next.document != first
        {
            passages.retain(|passage| passage.document != next.document);
        }
        Ok(Some(Page { before, passages }))
    }

    /// None when the program is about to end, or the work to rest.
    fn extract_page(
        &self,
        extractor: &dyn Extractor,
        passages: &[ToExtract],
    ) -> Result<Option<Vec<Extracted>>> {
        let mut extracted = Vec::with_capacity(passages.len());
        for document in passages.chunk_by(|a, b| a.document == b.document) {
            if self.queue.begins_none() {
                return Ok(None);
            }
            let searched: Vec<(&ToExtract, Passage<'_>)> =
                document.iter().filter_map(searched).collect();
            let all: Vec<Passage<'_>> = searched.iter().map(|(_, passage)| *passage).collect();
            let found = match self.extract(extractor, &all) {
                Ok(found) => found.into_iter().map(Ok).collect(),
                Err(Failed::Passing(error)) => return Err(error),
                // One passage is not to take the others along.
                Err(Failed::For(_)) => {
                    let mut each = Vec::with_capacity(all.len());
                    for passage in &all {
                        if self.queue.begins_none() {
                            return Ok(None);
                        }
                        match self.extract(extractor, std::slice::from_ref(passage)) {
                            Ok(found) => each.push(Ok(found.into_iter().flatten().collect())),
                            Err(Failed::Passing(error)) => return Err(error),
                            Err(Failed::For(reason)) => each.push(Err(reason)),
                        }
                    }
                    each
                }
            };
            let mut found = searched.iter().zip(found).peekable();
            for passage in document {
                let of_this = found.next_if(|((of, _), _)| of.chunk == passage.chunk);
                extracted.push(Extracted {
                    chunk: passage.chunk,
                    id: passage.id.clone(),
                    document: passage.document,
                    happened_at: passage.happened_at,
                    found: of_this.map_or_else(
                        || Ok(Vec::new()),
                        |((_, passage), found)| found.map(|found| mentions(passage.text, found)),
                    ),
                });
            }
        }
        Ok(Some(extracted))
    }

    fn extract(
        &self,
        extractor: &dyn Extractor,
        passages: &[Passage<'_>],
    ) -> std::result::Result<Vec<Vec<Named>>, Failed> {
        if passages.is_empty() {
            return Ok(Vec::new());
        }
        let tried = catch_unwind(AssertUnwindSafe(|| extractor.extract(passages)));
        match tried {
            Ok(Ok(found)) if found.len() == passages.len() => Ok(found),
            Ok(Ok(_)) => Err(Failed::For(FailureReason::Refused)),
            Ok(Err(error)) if error.is_transient() => Err(Failed::Passing(error)),
            Ok(Err(error)) => {
                self.faults.tell_of_job("extract", &error);
                Err(match error {
                    Error::HeldConnection => Failed::Passing(error),
                    _ => Failed::For(FailureReason::Refused),
                })
            }
            Err(_) => {
                tracing::error!(passages = passages.len(), "the extractor panicked");
                Err(Failed::For(FailureReason::Panic))
            }
        }
    }
}

fn searched(passage: &ToExtract) -> Option<(&ToExtract, Passage<'_>)> {
    let text = passage.text.as_deref()?;
    let author = passage.author.as_deref();
    Some((passage, Passage { text, author }))
}

/// What is a stretch of this text, and has a name.
fn mentions(text: &str, found: Vec<Named>) -> Vec<Mention> {
    let stands = |named: &Named| {
        let name = named.name.trim();
        let says = !name.is_empty() && named.name.len() <= NAME_BYTES_MAX;
        says && text
            .get(named.range.clone())
            .is_some_and(|stretch| !stretch.is_empty())
    };
    found
        .into_iter()
        .filter(stands)
        .map(|named| Mention {
            kind: named.kind,
            name: named.name,
            range: named.range,
        })
        .collect()
}
