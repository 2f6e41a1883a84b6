//! Makes the word index anew from the passages, beside the one in use. Searches meanwhile are answered from
//! the old one, and nobody waits for more than a few passages to be entered.

use std::time::Duration;

use oldgrowth_store::{ChunkKey, Lane};

use super::{Done, FixPlan, Work};
use crate::engine::Core;
use crate::health::{FixCode, counted, index_is_made};
use crate::{Error, Result};

/// So many passages are entered in one write.
const AT_A_TIME: u32 = 400;

/// About how many are entered in a second on an old computer.
const A_SECOND: u64 = 1_500;

impl Core {
    pub(super) fn plan_index(&self) -> Result<FixPlan> {
        let passages = self.passages_to_index()?;
        let words = counted(passages, "passage", "passages");
        let plan = FixPlan::new(
            FixCode::RebuildIndex,
            format!(
                "Makes the word index anew from {words}. Nothing that is remembered is changed."
            ),
            match self.lacks_words() {
                true => vec![format!(
                    "{words} are entered into a new index. Nothing can be found by its words until that is done."
                )],
                false => vec![
                    format!(
                        "{words} are entered into a new index, beside the one in use; searches go on."
                    ),
                    "The new index takes the place of the old one, which goes.".to_owned(),
                ],
            },
        );
        let about = Duration::from_secs(passages / A_SECOND + 1);
        Ok(plan.about(about).whatever_is_written())
    }

    fn passages_to_index(&self) -> Result<u64> {
        let passages = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.searched_passages()?))?;
        Ok(passages.into())
    }

    pub(super) fn rebuild_index(&self, work: &Work<'_>) -> Result<Done> {
        let there_is_none = self.lacks_words();
        let begun = self
            .store
            .write_in(Lane::Background, |w| Ok::<_, Error>(w.begin_words_anew()?));
        let entered = begun.and_then(|()| self.enter_all(work));
        match entered {
            Ok(passages) => {
                index_is_made(&self.workspace);
                self.memory_changed();
                let words = counted(passages, "passage was", "passages were");
                Ok(Done::new(
                    format!("The word index was made anew; {words} entered."),
                    match there_is_none {
                        true => Vec::new(),
                        false => vec!["The new index took the place of the old one.".to_owned()],
                    },
                ))
            }
            Err(error) => {
                let dropped = self.store.write(|w| Ok::<_, Error>(w.drop_words_anew()?));
                if dropped.is_err() {
                    tracing::warn!("a half-made word index goes at the next start");
                }
                Err(error)
            }
        }
    }

    fn enter_all(&self, work: &Work<'_>) -> Result<u64> {
        let total = self.passages_to_index()?;
        let mut entered = 0;
        let mut after = ChunkKey::from_payload(-1);
        loop {
            work.doing("Entering passages into the new index", entered, total)?;
            let page = self.store.read(Lane::Background, |r| {
                Ok::<_, Error>(r.searched_after(after, AT_A_TIME)?)
            })?;
            let Some(last) = page.last() else {
                break;
            };
            after = *last;
            entered += page.len() as u64;
            self.store.write_in(Lane::Background, move |w| {
                Ok::<_, Error>(w.index_words_anew(&page)?)
            })?;
        }
        work.doing("Putting the new index in place", entered, total)?;
        self.store
            .write_in(Lane::Background, |w| Ok::<_, Error>(w.put_words_anew()?))?;
        Ok(entered)
    }
}
