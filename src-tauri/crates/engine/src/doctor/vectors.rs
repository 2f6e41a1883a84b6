//! Has all passages embedded anew. What is there goes a page at a time, each in one write that has its passages come
//! again; the embedding itself goes on behind, as ever, and whoever searches meanwhile finds by words.

use oldgrowth_store::Lane;

use super::{Done, FixPlan, Work};
use crate::engine::Core;
use crate::health::{FixCode, counted, grouped};
use crate::{Error, Result};

/// So many go in one write.
const AT_A_TIME: u32 = 2_000;

impl Core {
    pub(super) fn plan_vectors(&self) -> Result<FixPlan> {
        let (vectors, failed) = self.vectors_there()?;
        if self.embedder.is_none() || vectors + failed == 0 {
            return Ok(FixPlan::nothing(
                FixCode::RebuildVectors,
                "There is nothing by which passages are compared, so nothing is to be made anew.",
            ));
        }
        let compared = counted(vectors, "passage is", "passages are");
        let plan = FixPlan::new(
            FixCode::RebuildVectors,
            "Has all passages read anew for what they mean. Nothing that is remembered is changed."
                .to_owned(),
            vec![
                format!("What {compared} compared by is taken out."),
                "It is made anew from the passages by itself, whenever nothing else is to be done. Until then they are found by their words."
                    .to_owned(),
            ],
        );
        Ok(plan.whatever_is_written())
    }

    pub(super) fn rebuild_vectors(&self, work: &Work<'_>) -> Result<Done> {
        let (total, _) = self.vectors_there()?;
        // What is made meanwhile has larger keys, and is right.
        let last = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.last_vector()?))?;
        let mut taken: u64 = 0;
        let ended = loop {
            if let Err(error) = work.doing("Taking out what passages are compared by", taken, total)
            {
                break Err(error);
            }
            let page = self.store.write_in(Lane::Background, move |w| {
                Ok::<_, Error>(w.take_vectors_up_to(last, AT_A_TIME)?)
            });
            match page {
                Ok(0) => break Ok(()),
                Ok(page) => taken += u64::from(page),
                Err(error) => break Err(error),
            }
        };
        self.queue.wake();
        self.meaning_changed();
        let steps = vec!["They are read anew by themselves.".to_owned()];
        match ended {
            Ok(()) => Ok(Done::new(
                format!(
                    "What {} compared by was taken out.",
                    counted(taken, "passage is", "passages are")
                ),
                steps,
            )),
            Err(error) if taken > 0 => {
                let of = counted(total, "passage", "passages");
                Ok(Done::in_part(&error, &grouped(taken), &of, steps))
            }
            Err(error) => Err(error),
        }
    }

    /// How many vectors there are, and passages that could not be embedded.
    fn vectors_there(&self) -> Result<(u64, u64)> {
        self.store.read(Lane::Background, |r| {
            let vectors = r.vector_count()?;
            let failed = match &self.embedder {
                Some(embedder) => r.left_to_embed(embedder.id())?.failed,
                None => 0,
            };
            Ok::<_, Error>((vectors, failed.into()))
        })
    }
}
