//! What is made of passages is mended without being asked for, on a thread of its own, as a fix that says how far it
//! is and leaves its receipt: a word index that holds nothing or lacks its second list, and after a damage what stands in the tree of passages
//! that are gone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, Weak};
use std::thread::JoinHandle;

use oldgrowth_store::Lane;
use oldgrowth_store::copies::Backup;
use parking_lot::Mutex;

use super::strays::Which;
use super::{Done, FixCode, Receipt, Work};
use crate::engine::Core;
use crate::health::{HealthCode, is_salvaged, lacks_index};
use crate::{Error, Result};

#[derive(Default)]
pub(crate) struct ByItself {
    core: OnceLock<Weak<Core>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    under_way: AtomicBool,
    /// Passages are missing, by the last count.
    is_lost: AtomicBool,
    /// Backups that were read through in this run because one may have to take the memory's place.
    proved: Mutex<HashSet<String>>,
}

/// A larger backup is read through only when somebody asks: it takes longer than they wait.
const PROVED_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mending {
    Index,
    Tree,
    /// Nothing is mended, but it is known what would help.
    Backup,
}

impl ByItself {
    pub(crate) fn serve(&self, core: Weak<Core>) {
        if self.core.set(core).is_err() {
            tracing::error!("one engine alone is mended");
        }
    }

    /// What the last count has found.
    pub(crate) fn note_lost(&self, is_lost: bool) {
        self.is_lost.store(is_lost, Ordering::SeqCst);
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Waits for it. Whoever calls off the fix that is under way ends it soon.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that mends by itself panicked");
        }
    }
}

impl Core {
    /// What comes can be entered then, and what is there is as it were not entered yet.
    pub(crate) fn put_index_where_none_is(&self) -> Result<()> {
        if self.lacks_words() && !self.reads_only() {
            self.store.write(|w| Ok::<_, Error>(w.make_words()?))?;
            tracing::warn!("the word index was missing and is made anew");
            self.tell_counts_unasked();
        }
        Ok(())
    }

    /// Begins what is to be mended, where nobody is about it.
    pub(crate) fn mend_by_itself(&self) {
        let mut thread = self.by_itself.thread.lock();
        let busy = self.by_itself.is_under_way() || self.fixing.progress().is_some();
        let rests = !self.has_workers || self.queue.begins_none() || self.reads_only();
        if busy || rests {
            return;
        }
        let Some(mending) = self.to_mend() else {
            return;
        };
        let Some(core) = self.by_itself.core.get().and_then(Weak::upgrade) else {
            return;
        };
        self.by_itself.under_way.store(true, Ordering::SeqCst);
        let body = Box::new(move || {
            let mended = match mending {
                Mending::Index => core.make_index_by_itself(),
                Mending::Tree => core.tidy_by_itself(),
                Mending::Backup => core.prove_backups(),
            };
            if let Err(error) = mended {
                tracing::debug!(
                    transient = error.is_transient(),
                    "what was to be mended is mended another time"
                );
            }
            core.by_itself.under_way.store(false, Ordering::SeqCst);
            core.counts_changed();
            core.queue.wake();
        });
        match self.ambient.spawn.spawn("mending".to_owned(), body) {
            Ok(begun) => *thread = Some(begun),
            Err(error) => {
                self.by_itself.under_way.store(false, Ordering::SeqCst);
                tracing::warn!(kind = ?error.kind(), "nothing can be mended by itself");
            }
        }
    }

    fn to_mend(&self) -> Option<Mending> {
        if self.needs_copy() {
            return self.unproved().map(|_| Mending::Backup);
        }
        let is_to_be_made = || {
            let read = self.store.read(Lane::Background, |r| {
                Ok::<_, Error>(r.words_are_to_be_made()?)
            });
            read.unwrap_or(false)
        };
        if lacks_index(&self.workspace) || is_to_be_made() {
            return Some(Mending::Index);
        }
        // A memory that was salvaged may never be whole again.
        let waits = self.by_itself.is_lost.load(Ordering::SeqCst) && !is_salvaged(&self.workspace);
        (self.is_untidy() && !waits && self.is_at_rest().unwrap_or(false)).then_some(Mending::Tree)
    }

    /// The backup that would be restored, unless it was read through already.
    fn unproved(&self) -> Option<Backup> {
        let newest = self.saved().newest_sound()?.backup.clone();
        let proved = self.by_itself.proved.lock();
        (newest.bytes <= PROVED_BYTES_MAX && !proved.contains(&newest.id)).then_some(newest)
    }

    /// So that no backup is offered that turns out to be damaged when somebody takes it.
    fn prove_backups(&self) -> Result<()> {
        while let Some(backup) = self.unproved() {
            self.by_itself.proved.lock().insert(backup.id.clone());
            self.verify(&backup)?;
        }
        self.look_at_store(&self.store.facts());
        Ok(())
    }

    fn make_index_by_itself(&self) -> Result<()> {
        self.by_itself(FixCode::RebuildIndex, |work, _| self.rebuild_index(work))
    }

    /// Takes what cites lost passages out of the tree, into a file beside the memory, and makes its summaries anew.
    fn tidy_by_itself(&self) -> Result<()> {
        self.store
            .write(|w| Ok::<_, Error>(w.detach_jobs_of_gone_documents()?))?;
        if self.is_untidy_of_passages()? {
            self.by_itself(FixCode::SetAsideOrphans, |work, begun| {
                self.set_strays_aside(work, begun, Which::MadeOfPassages)
            })?;
        }
        let stopping = || self.queue.is_stopping();
        if !self.read_summaries(&stopping)?.bad.is_empty() {
            self.by_itself(FixCode::RebuildSummaries, |work, _| {
                self.rebuild_summaries(work)
            })?;
        }
        self.tidied();
        let again = [HealthCode::Orphans, HealthCode::Faithful];
        self.look_at_mended(&again, &stopping);
        Ok(())
    }

    fn by_itself(
        &self,
        code: FixCode,
        fix: impl FnOnce(&Work<'_>, &Receipt) -> Result<Done>,
    ) -> Result<()> {
        let work = self.fixing.begin(self, code)?;
        let begun = Receipt::of_nothing(self.new_receipt_id(), code, self.now());
        let done = fix(&work, &begun)?;
        let receipt = self.keep_or_hold(begun.ended(done, self.now()));
        self.note_fix(&receipt);
        Ok(())
    }
}
