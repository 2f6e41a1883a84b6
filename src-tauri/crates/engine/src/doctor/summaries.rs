//! Makes summaries anew that do not stand in their sources.

use oldgrowth_store::{Lane, NodeKey};

use super::{Done, FixPlan, Work};
use crate::engine::Core;
use crate::health::{FixCode, counted, grouped};
use crate::{Error, Result};

impl Core {
    pub(super) fn plan_summaries(&self) -> Result<FixPlan> {
        let read = self.read_summaries(&|| self.queue.is_stopping())?;
        if read.bad.is_empty() {
            return Ok(FixPlan::nothing(
                FixCode::RebuildSummaries,
                "Each sentence of each summary stands in its sources.",
            ));
        }
        let summaries = counted(read.bad.len() as u64, "summary", "summaries");
        let sentences = counted(read.unfaithful, "sentence", "sentences");
        Ok(FixPlan::new(
            FixCode::RebuildSummaries,
            format!("Makes {summaries} anew from their passages, which stay as they are."),
            vec![
                format!("{summaries} with {sentences} that stand in no source are made anew."),
                "Summaries above them are queued to be made anew too.".to_owned(),
            ],
        ))
    }

    pub(super) fn rebuild_summaries(&self, work: &Work<'_>) -> Result<Done> {
        let read = self.read_summaries(&|| self.queue.is_stopping())?;
        let total = read.bad.len() as u64;
        let mut bad: Vec<(u32, NodeKey)> = self.store.read(Lane::Background, |r| {
            let nodes = read.bad.iter().map(|(node, _)| {
                let level = r.node(*node)?.map_or(0, |node| node.level);
                Ok::<_, Error>((level, *node))
            });
            nodes.collect::<Result<_>>()
        })?;
        // From the leaves up, so that one above is made of what is right already.
        bad.sort_unstable();
        let mut made = 0;
        let ended = bad.into_iter().try_for_each(|(_, node)| {
            work.doing("Making summaries anew", made, total)?;
            self.remake_node(node, None)?;
            made += 1;
            Ok(())
        });
        self.summaries_were_made();
        let steps = vec!["Summaries above them wait to be made anew.".to_owned()];
        let done = match ended {
            Ok(()) => Done::new(
                format!(
                    "{} made anew.",
                    counted(made, "summary was", "summaries were")
                ),
                steps,
            ),
            Err(error) if made > 0 => {
                let of = counted(total, "summary", "summaries");
                Done::in_part(&error, &grouped(made), &of, steps)
            }
            Err(error) => return Err(error),
        };
        self.memory_changed();
        Ok(done)
    }
}
