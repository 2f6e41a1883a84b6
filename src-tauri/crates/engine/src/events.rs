//! What the engine tells, after it has become true.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oldgrowth_domain::{BatchId, DocumentId};
use parking_lot::RwLock;

use crate::{BatchView, CopyProgress, FixProgress, Status, Work};

#[derive(Clone, Debug)]
pub enum Event {
    Health(Status),
    Batch(BatchView),
    /// A plan is being made; so many items have been found.
    Plan {
        found: u32,
    },
    /// A backup, its check or a restore moved on.
    Copy(CopyProgress),
    /// Backups or what is kept aside changed.
    CopiesChanged,
    /// Lists and counts may be stale.
    MemoryChanged {
        seq: u64,
    },
    /// Passages were looked through for what they name.
    NamesChanged,
    /// What runs, waits or failed has changed, or whether the work is paused.
    Work(Work),
    /// A fix moved on.
    Fix(FixProgress),
    Committed(Committed),
}

/// A document of an import that is committed, durable and searchable.
#[derive(Clone, Debug)]
pub struct Committed {
    pub batch: BatchId,
    pub document: DocumentId,
    pub path: String,
    /// Of a conversation: its title. Many share a path.
    pub conversation: Option<String>,
    pub sha256: String,
    pub chunks: u32,
}

struct Listener {
    hear: Box<dyn Fn(&Event) + Send + Sync>,
    has_panicked: AtomicBool,
}

/// Calls its listeners in the order of their subscription, on the thread that publishes.
#[derive(Default)]
pub(crate) struct Events {
    listeners: RwLock<Vec<Arc<Listener>>>,
}

impl Events {
    pub(crate) fn subscribe(&self, hear: Box<dyn Fn(&Event) + Send + Sync>) {
        self.listeners.write().push(Arc::new(Listener {
            hear,
            has_panicked: AtomicBool::new(false),
        }));
    }

    pub(crate) fn nobody_listens(&self) -> bool {
        self.listeners.read().is_empty()
    }

    /// To be called outside every lock and transaction.
    pub(crate) fn publish(&self, event: &Event) {
        let listeners = self.listeners.read().clone();
        for listener in listeners {
            listener.hear(event);
        }
    }
}

impl Listener {
    /// One that panics must not silence the others, nor stop whoever tells. It is logged once, not for
    /// each event, and goes on hearing.
    fn hear(&self, event: &Event) {
        let heard = catch_unwind(AssertUnwindSafe(|| (self.hear)(event)));
        if heard.is_err() && !self.has_panicked.swap(true, Ordering::Relaxed) {
            tracing::error!("a listener panicked");
        }
    }
}
