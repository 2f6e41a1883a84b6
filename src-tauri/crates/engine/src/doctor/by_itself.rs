//! The word index of a memory that was made from a damaged one holds nothing yet. It is made without being asked for,
//! on a thread of its own, as a fix that says how far it is and leaves its receipt.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, Weak};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::{FixCode, Receipt};
use crate::engine::Core;
use crate::health::lacks_index;

#[derive(Default)]
pub(crate) struct ByItself {
    core: OnceLock<Weak<Core>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    under_way: AtomicBool,
}

impl ByItself {
    pub(crate) fn serve(&self, core: Weak<Core>) {
        if self.core.set(core).is_err() {
            tracing::error!("the word index is made for one engine alone");
        }
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Waits for it. Whoever calls off the fix that is under way ends it soon.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that makes the word index panicked");
        }
    }
}

impl Core {
    /// Begins it where it is to be made and nobody is about it.
    pub(crate) fn make_lacking_index(&self) {
        let mut thread = self.by_itself.thread.lock();
        let busy = self.by_itself.is_under_way() || self.fixing.progress().is_some();
        let rests = !self.has_workers || self.queue.begins_none() || self.reads_only();
        if busy || rests || !lacks_index(&self.workspace) {
            return;
        }
        let Some(core) = self.by_itself.core.get().and_then(Weak::upgrade) else {
            return;
        };
        self.by_itself.under_way.store(true, Ordering::SeqCst);
        let body = Box::new(move || {
            core.make_index_by_itself();
            core.by_itself.under_way.store(false, Ordering::SeqCst);
            core.queue.wake();
        });
        match self.ambient.spawn.spawn("word-index".to_owned(), body) {
            Ok(begun) => *thread = Some(begun),
            Err(error) => {
                self.by_itself.under_way.store(false, Ordering::SeqCst);
                tracing::warn!(kind = ?error.kind(), "the word index can't be made");
            }
        }
    }

    fn make_index_by_itself(&self) {
        let code = FixCode::RebuildIndex;
        let Ok(work) = self.fixing.begin(self, code) else {
            return;
        };
        let begun = Receipt::of_nothing(self.new_receipt_id(), code, self.now());
        match self.rebuild_index(&work) {
            Ok(done) => {
                let receipt = self.keep_or_hold(begun.ended(done, self.now()));
                self.note_fix(&receipt);
            }
            Err(error) => {
                tracing::debug!(
                    transient = error.is_transient(),
                    "the word index is made another time"
                );
            }
        }
        drop(work);
        self.counts_changed();
    }
}
