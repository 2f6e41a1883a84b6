//! Who reads, and since when. A snapshot that stays open keeps the WAL from being emptied, so the one
//! that has been open longest can be named and, at the worst, called off.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::facts::OldestReader;
use crate::open::Stop;

#[derive(Default)]
pub(crate) struct Watch {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next_id: u64,
    /// In the order of their beginning, so the first is the oldest.
    reading: Vec<Entry>,
}

struct Entry {
    id: u64,
    label: &'static str,
    since: Duration,
    stop: Arc<Stop>,
}

impl Watch {
    pub(crate) fn enter(
        &self,
        label: &'static str,
        since: Duration,
        stop: &Arc<Stop>,
    ) -> Watched<'_> {
        let mut inner = self.inner.lock();
        let id = inner.next_id;
        inner.next_id += 1;
        inner.reading.push(Entry {
            id,
            label,
            since,
            stop: Arc::clone(stop),
        });
        Watched { watch: self, id }
    }

    pub(crate) fn oldest(&self, now: Duration) -> Option<OldestReader> {
        self.inner.lock().reading.first().map(|entry| OldestReader {
            label: entry.label,
            age: now.saturating_sub(entry.since),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inner.lock().reading.is_empty()
    }

    /// Stops what those who have read for longer than `age_max` run. Returns how many were not stopped
    /// before.
    pub(crate) fn call_off_older(&self, now: Duration, age_max: Duration) -> usize {
        let inner = self.inner.lock();
        let old = |entry: &&Entry| now.saturating_sub(entry.since) > age_max;
        inner
            .reading
            .iter()
            .filter(old)
            .filter(|entry| entry.stop.call_off())
            .count()
    }
}

/// On the list for as long as it lives.
pub(crate) struct Watched<'w> {
    watch: &'w Watch,
    id: u64,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let mut inner = self.watch.inner.lock();
        inner.reading.retain(|entry| entry.id != self.id);
    }
}
