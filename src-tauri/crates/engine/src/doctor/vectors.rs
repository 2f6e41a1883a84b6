//! Has all passages embedded anew. What is there goes a page at a time, each in one write that has its passages come
//! again; the embedding itself goes on behind, as ever, and whoever searches meanwhile finds by words.

use oldgrowth_store::Lane;

use super::{Done, FixPlan, Work};
use crate::engine::Core;
use crate::health::{FixCode, counted, grouped};
use crate::{Error, Result};

/// So many go in one write.
const AT_A_TIME: u32 = 2_000;

#[derive(Clone, Copy, Default)]
struct Taken {
    vectors: u64,
    /// Passages that could not be embedded, and are to be once more.
    failed: u64,
}

impl Core {
    pub(super) fn plan_vectors(&self) -> Result<FixPlan> {
        let (vectors, failed) = self.vectors_there()?;
        let embedder = self.embedder().filter(|_| vectors + failed > 0);
        let Some(embedder) = embedder else {
            return Ok(FixPlan::nothing(
                FixCode::RebuildVectors,
                "There is nothing by which passages are compared, so nothing is to be made anew.",
            ));
        };
        let mut steps = Vec::new();
        if vectors > 0 {
            let compared = counted(vectors, "passage is", "passages are");
            steps.push(format!("What {compared} compared by is taken out."));
        }
        if failed > 0 {
            let not_read = counted(failed, "passage that", "passages that");
            let tried = if failed == 1 { "is" } else { "are" };
            steps.push(format!(
                "{not_read} could not be read for it {tried} tried again."
            ));
        }
        if embedder.is_far() {
            let texts = counted(vectors + failed, "passage", "passages");
            steps.push(format!(
                "The texts of {texts} go to the server that you have chosen again, and count against the day's limits."
            ));
        }
        let when = if self.pause().is_some() {
            "once work is no longer paused"
        } else if self.waits_for_power() {
            "once this computer is plugged in"
        } else {
            "whenever nothing else is to be done"
        };
        steps.push(format!(
            "It is made anew from the passages by itself, {when}. Until then they are found by their words."
        ));
        let summary = match vectors {
            0 => "Has passages read once more that could not be read for what they mean.",
            _ => "Has all passages read anew for what they mean.",
        };
        let summary = format!("{summary} Nothing that is remembered is changed.");
        let plan = FixPlan::new(FixCode::RebuildVectors, summary, steps);
        // Whoever agreed that one server is asked has agreed to no other.
        Ok(match embedder.is_far() {
            true => plan.whatever_is_written_for(embedder.id()),
            false => plan.whatever_is_written(),
        })
    }

    pub(super) fn rebuild_vectors(&self, work: &Work<'_>) -> Result<Done> {
        let (total, _) = self.vectors_there()?;
        // What is made meanwhile has larger keys, and is right.
        let last = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.last_vector()?))?;
        let mut taken = Taken::default();
        let mut is_first = true;
        let mut steps = vec!["They are read anew by themselves.".to_owned()];
        let ended = loop {
            let doing = "Taking out what passages are compared by";
            if let Err(error) = work.doing(doing, taken.vectors, total) {
                break Err(error);
            }
            if self.embedder().is_none() {
                steps = vec![
                    "What is left stays as it is: there is no model any more that would read it anew."
                        .to_owned(),
                ];
                break Ok(());
            }
            let with_failed = std::mem::take(&mut is_first);
            let page = self.store.write_in(Lane::Background, move |w| {
                let failed = match with_failed {
                    true => w.forget_embedding_failures()?,
                    false => 0,
                };
                Ok::<_, Error>((w.take_vectors_up_to(last, AT_A_TIME)?, failed))
            });
            match page {
                Ok((vectors, failed)) => {
                    taken.vectors += u64::from(vectors);
                    taken.failed += u64::from(failed);
                    if vectors == 0 {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if taken.vectors > 0 {
            self.forget_mirror();
        }
        self.queue.wake();
        self.meaning_changed();
        match ended {
            Ok(()) => Ok(done(taken, steps)),
            Err(error) if taken.vectors > 0 => {
                let of = counted(total, "passage", "passages");
                Ok(Done::in_part(&error, &grouped(taken.vectors), &of, steps))
            }
            Err(error) => Err(error),
        }
    }

    /// How many vectors there are, and passages that could not be embedded.
    fn vectors_there(&self) -> Result<(u64, u64)> {
        self.store.read(Lane::Background, |r| {
            let vectors = r.vector_count()?;
            let failed = match self.embedder() {
                Some(embedder) => r.left_to_embed(embedder.id())?.failed,
                None => 0,
            };
            Ok::<_, Error>((vectors, failed.into()))
        })
    }
}

fn done(taken: Taken, steps: Vec<String>) -> Done {
    let mut said = Vec::new();
    if taken.vectors > 0 {
        let compared = counted(taken.vectors, "passage is", "passages are");
        said.push(format!("What {compared} compared by was taken out."));
    }
    if taken.failed > 0 {
        let tried = counted(taken.failed, "passage is", "passages are");
        said.push(format!(
            "{tried} tried again that could not be read for it."
        ));
    }
    match said.is_empty() {
        true => Done::new("Nothing was taken out.", steps),
        false => Done::new(said.join(" "), steps),
    }
}
