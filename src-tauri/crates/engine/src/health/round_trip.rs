//! Something is written, found, cited, forgotten and proved gone. What is written lies in a source of its own
//! that no search, list or count of the person's shows; what an earlier try has left goes first.

use std::time::Duration;

use oldgrowth_store::table::canary::is_canary;
use oldgrowth_store::table::words::{Filter, List, Wanted};
use oldgrowth_store::{ChunkKey, DocumentKey, Lane, SourceKey};

use super::FixCode;
use super::checks::Run;
use super::rows::Row;
use crate::engine::Core;
use crate::{Error, Result};

const TITLE: &str = "A test memory";

/// What is done, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Clear,
    Write,
    Find,
    Cite,
    Forget,
    Prove,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Clear => "What was left before cleared",
            Self::Write => "Written",
            Self::Find => "Found",
            Self::Cite => "Cited",
            Self::Forget => "Forgotten",
            Self::Prove => "Proved gone",
        }
    }

    fn failed(self) -> &'static str {
        match self {
            Self::Clear => "What an earlier test memory left could not be removed.",
            Self::Write => "A test memory could not be written.",
            Self::Find => "A test memory was written and could not be found by its words.",
            Self::Cite => "A test memory was found, and does not lead back to its very words.",
            Self::Forget => "A test memory could not be forgotten.",
            Self::Prove => "Something of a test memory is left after it was forgotten.",
        }
    }
}

pub(super) fn look(core: &Core, run: &Run) -> Result<Row> {
    // Asked once it is open.
    if core.store_reads() && core.reads_only() {
        return Ok(Row::unknown(
            "Skipped: it writes a test memory, and this memory can only be read now.",
        )
        .next("It is run when the memory can be written again."));
    }
    let mut trip = Trip {
        core,
        // No word of any language, and another one each time.
        word: format!("oldgrowth{:032x}", core.random.bits()),
        took: Vec::new(),
    };
    let ended = trip.go(run);
    // However it ended, nothing stays.
    let cleared = core
        .store
        .write(|w| Ok::<_, Error>(w.forget_canary()?))
        .map(drop);
    let failed = ended?;
    if failed.is_none() {
        cleared?;
    }
    let row = match failed {
        None => Row::ok("A test memory was written, found, cited, forgotten, and is gone."),
        Some(step @ Step::Find) => Row::fail(
            step.failed(),
            "Make the word index anew. Nothing that is remembered is changed.",
        )
        .mended_by(FixCode::RebuildIndex),
        Some(step) => Row::fail(
            step.failed(),
            "Please report it; Copy report has what is needed.",
        ),
    };
    Ok(trip.took.iter().fold(row, |row, (step, took)| {
        row.seen(
            step.words(),
            format!("{:.1} ms", took.as_secs_f64() * 1_000.0),
        )
    }))
}

/// Does a step, and says whether it went as it should.
type Act<'c> = fn(&Trip<'c>) -> Result<bool>;

struct Trip<'c> {
    core: &'c Core,
    word: String,
    took: Vec<(Step, Duration)>,
}

impl<'c> Trip<'c> {
    /// The step at which it failed, if one did.
    fn go(&mut self, run: &Run) -> Result<Option<Step>> {
        let steps: [(Step, Act<'c>); 6] = [
            (Step::Clear, Self::clear),
            (Step::Write, Self::write),
            (Step::Find, Self::find),
            (Step::Cite, Self::cite),
            (Step::Forget, Self::forget),
            (Step::Prove, Self::prove),
        ];
        for (step, act) in steps {
            if run.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let clock = &self.core.ambient.clock;
            let begun = clock.monotonic();
            let well = act(self)?;
            self.took
                .push((step, clock.monotonic().saturating_sub(begun)));
            if !well {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    fn body(&self) -> String {
        format!(
            "This was written to be found by {} and forgotten.",
            self.word
        )
    }

    fn clear(&self) -> Result<bool> {
        let write = |w: &oldgrowth_store::Write<'_>| Ok::<_, Error>(w.forget_canary()?);
        self.core.store.write(write)?;
        Ok(self.rows()? == 0)
    }

    fn write(&self) -> Result<bool> {
        let (body, now) = (self.body(), self.core.now());
        self.core
            .store
            .write(move |w| Ok::<_, Error>(w.write_canary(TITLE, &body, now)?))?;
        Ok(true)
    }

    /// By who asks for its source, and by nobody else.
    fn find(&self) -> Result<bool> {
        let of_its_own = Filter {
            source: Some(SourceKey::CANARY),
            ..Filter::default()
        };
        let found = self.found(of_its_own)?;
        Ok(found == [ChunkKey::CANARY] && self.found(Filter::default())?.is_empty())
    }

    fn found(&self, filter: Filter<'_>) -> Result<Vec<ChunkKey>> {
        let words = [self.word.clone()];
        self.core.store.read(Lane::Interactive, |r| {
            let hits = r.search_words(List::Own, Wanted::whole(&words), filter, 10)?;
            Ok(hits.into_iter().map(|hit| hit.chunk).collect())
        })
    }

    /// From the passage to its document, its place, and the very words in it.
    fn cite(&self) -> Result<bool> {
        self.core.store.read(Lane::Interactive, |r| {
            let chunk = r.chunk(ChunkKey::CANARY)?;
            let document = r.document(chunk.document)?;
            let place = r.place_of(chunk.document)?;
            Ok(chunk.text == self.body()
                && chunk.text.contains(&self.word)
                && (chunk.lines.first, chunk.lines.last) == (1, 1)
                && document.title == TITLE
                && document.source == SourceKey::CANARY
                && place.is_some_and(|place| is_canary(&place)))
        })
    }

    fn forget(&self) -> Result<bool> {
        let gone = self
            .core
            .store
            .write(|w| Ok::<_, Error>(w.forget_canary()?))?;
        Ok(gone > 0)
    }

    fn prove(&self) -> Result<bool> {
        let of_its_own = Filter {
            source: Some(SourceKey::CANARY),
            ..Filter::default()
        };
        let placed = self.core.store.read(Lane::Interactive, |r| {
            Ok::<_, Error>(r.has_place(DocumentKey::CANARY)?)
        })?;
        Ok(self.rows()? == 0 && !placed && self.found(of_its_own)?.is_empty())
    }

    fn rows(&self) -> Result<u32> {
        self.core
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.canary_rows()?))
    }
}
