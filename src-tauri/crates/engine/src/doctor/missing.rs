//! Puts passages that are missing into the word index and the tree.

use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::checks::Missing;
use oldgrowth_store::table::trees::Branch;
use oldgrowth_store::{Lane, Write};

use super::{Done, FixPlan, Work};
use crate::engine::Core;
use crate::health::{FixCode, counted, grouped};
use crate::sealing::ask_for_seal;
use crate::{Error, Result};

/// So many passages are looked at in one read, and mended in one write.
const AT_A_TIME: u32 = 2_000;

const A_SECOND: u64 = 1_500;

#[derive(Clone, Copy, Default)]
struct Found {
    words: u64,
    tree: u64,
    twice: u64,
}

impl Found {
    fn of(missing: &[Missing]) -> Self {
        let mut found = Self::default();
        for one in missing {
            found.words += u64::from(one.words);
            found.tree += u64::from(one.tree);
            found.twice += u64::from(one.twice);
        }
        found
    }

    fn add(&mut self, page: Self) {
        self.words += page.words;
        self.tree += page.tree;
        self.twice += page.twice;
    }

    fn sum(self) -> u64 {
        self.words + self.tree + self.twice
    }

    fn steps(self) -> Vec<String> {
        let mut steps = Vec::new();
        if self.words > 0 {
            let words = counted(self.words, "passage is", "passages are");
            steps.push(format!("{words} entered into the word index."));
        }
        if self.tree > 0 {
            let words = counted(self.tree, "passage is", "passages are");
            steps.push(format!("{words} put into the tree, to wait for a summary."));
        }
        if self.twice > 0 {
            let words = counted(self.twice, "passage waits", "passages wait");
            steps.push(format!(
                "{words} for a summary no longer, because one was made already."
            ));
        }
        steps
    }
}

impl Core {
    pub(super) fn plan_missing(&self) -> Result<FixPlan> {
        let found = self.find_missing()?;
        if found.sum() == 0 {
            return Ok(FixPlan::nothing(
                FixCode::FinishMissing,
                "Every passage is in the word index and in the tree.",
            ));
        }
        let plan = FixPlan::new(
            FixCode::FinishMissing,
            format!(
                "Puts {} where they belong. Nothing is removed.",
                counted(found.sum(), "entry", "entries")
            ),
            found.steps(),
        );
        Ok(plan.about(Duration::from_secs(found.sum() / A_SECOND + 1)))
    }

    pub(super) fn finish_missing(&self, work: &Work<'_>) -> Result<Done> {
        let all = self.find_missing()?;
        let mut put = Found::default();
        let now = self.now();
        let ended = self.each_page(|missing| {
            work.doing("Putting passages where they belong", put.sum(), all.sum())?;
            let page = Found::of(&missing);
            if page.sum() > 0 {
                self.store
                    .write_in(Lane::Background, move |w| finish(w, &missing, now))?;
                put.add(page);
            }
            Ok(())
        });
        let done = match ended {
            Ok(()) => Done::new(
                format!(
                    "{} put where they belong.",
                    counted(put.sum(), "entry was", "entries were")
                ),
                put.steps(),
            ),
            Err(error) if put.sum() > 0 => {
                let of = counted(all.sum().max(put.sum()), "entry", "entries");
                Done::in_part(&error, &grouped(put.sum()), &of, put.steps())
            }
            Err(error) => return Err(error),
        };
        self.memory_changed();
        Ok(done)
    }

    fn find_missing(&self) -> Result<Found> {
        let mut found = Found::default();
        self.each_page(|missing| {
            found.add(Found::of(&missing));
            Ok(())
        })?;
        Ok(found)
    }

    /// Goes through all passages, a page at a time.
    fn each_page(&self, mut each: impl FnMut(Vec<Missing>) -> Result<()>) -> Result<()> {
        let mut after = -1;
        loop {
            let (missing, last) = self.store.read(Lane::Background, |r| {
                Ok::<_, Error>(r.missing_after(after, AT_A_TIME)?)
            })?;
            let Some(last) = last else {
                return Ok(());
            };
            after = last;
            each(missing)?;
        }
    }
}

fn finish(w: &Write<'_>, missing: &[Missing], now: UnixMs) -> Result<()> {
    for one in missing {
        // Another write may have been there since.
        let (still, _) = w.missing_after(one.chunk.get() - 1, 1)?;
        let Some(one) = still.first().filter(|still| still.chunk == one.chunk) else {
            continue;
        };
        if one.twice {
            w.take_chunk_from_buffers(one.chunk, Branch::Sources)?;
        }
        if one.tree {
            let tree = w.ensure_tree(one.source)?;
            w.append_to_buffer(tree, 0, Member::Chunk(one.chunk), one.tokens, now)?;
            ask_for_seal(w, tree, 0, now)?;
        }
    }
    // Last, so that the index writes out what it gathers once.
    for one in missing {
        if one.words {
            // It may be in one list of the two.
            w.unindex_words(one.chunk)?;
            w.index_words(one.chunk)?;
        }
    }
    Ok(())
}
