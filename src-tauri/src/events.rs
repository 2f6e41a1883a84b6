use std::collections::BTreeSet;
use std::sync::Arc;

use oldgrowth_wire::{BatchState, CopyWork, Event};
use parking_lot::Mutex;
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::memory::Listener;
use crate::{notices, tray};

/// The name under which the window hears of the owner's events.
pub const EVENT: &str = "oldgrowth";

/// Passes what the owner says on to the window: all but each single document of an import, of which it
/// hears by the import's progress. The tray hears of the health.
pub(crate) fn to_window<R: Runtime>(app: &AppHandle<R>) -> Listener {
    let window = app.clone();
    Arc::new(move |event| {
        if matches!(event, Event::Committed { .. }) {
            return;
        }
        window.state::<Underway>().hear(event);
        if let Event::Health(status) = event {
            tray::show(&window, tray::Line::of(status));
            notices::hear(&window, status);
        }
        if let Event::Work(work) = event {
            tray::show_work(&window, work);
        }
        // An event that gets lost costs a late refresh, and at the end there is no window to hear it.
        if let Err(error) = window.emit(EVENT, event) {
            tracing::debug!(%error, "an event did not reach the window");
        }
    })
}

/// What the owner is working on, as far as closing the window is concerned.
#[derive(Debug, Default)]
pub(crate) struct Underway(Mutex<Work>);

#[derive(Debug, Default)]
struct Work {
    imports: BTreeSet<String>,
    copying: bool,
}

impl Underway {
    pub(crate) fn any(&self) -> bool {
        let work = self.0.lock();
        work.copying || !work.imports.is_empty()
    }

    fn hear(&self, event: &Event) {
        let mut work = self.0.lock();
        match event {
            Event::Batch(batch) if batch.state == BatchState::Running => {
                work.imports.insert(batch.id.clone());
            }
            Event::Batch(batch) => {
                work.imports.remove(&batch.id);
            }
            Event::Copy(copy) => {
                work.copying = true;
                if copy.work == CopyWork::Restore {
                    work.imports.clear();
                }
            }
            Event::CopiesChanged => work.copying = false,
            // What is open from now on may never have heard of them. Those that go on tell so.
            Event::PlaceChanged => *work = Work::default(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_wire::{Batch, BatchCause, CopyProgress};

    use super::*;

    #[test]
    fn a_copy_is_work_until_it_has_ended() {
        let underway = Underway::default();
        assert!(!underway.any(), "nothing has begun");
        underway.hear(&Event::Copy(CopyProgress {
            work: CopyWork::Backup,
            done: 1,
            of: 2,
        }));
        assert!(underway.any(), "a backup is being made");
        underway.hear(&Event::CopiesChanged);
        assert!(!underway.any(), "it is made");
    }

    fn running() -> Event {
        Event::Batch(Batch {
            id: "batch-1".to_owned(),
            label: "Notes".to_owned(),
            state: BatchState::Running,
            cause: BatchCause::Named,
            created_at: String::new(),
            ended_at: None,
            total: 2,
            conversations: 0,
            ended: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            skipped: 0,
            failed: 0,
            cancelled: 0,
            reason: None,
            bytes_total: 0,
            bytes_ended: 0,
            rate: None,
            paused: false,
            eta_seconds: None,
        })
    }

    #[test]
    fn an_import_that_the_memory_no_longer_knows_is_no_work() {
        let underway = Underway::default();
        underway.hear(&running());
        underway.hear(&Event::PlaceChanged);
        assert!(!underway.any(), "another memory is open");
        underway.hear(&running());
        underway.hear(&Event::Copy(CopyProgress {
            work: CopyWork::Restore,
            done: 0,
            of: 0,
        }));
        underway.hear(&Event::CopiesChanged);
        assert!(!underway.any(), "its end will never be told");
        underway.hear(&running());
        assert!(underway.any(), "one that goes on tells so");
    }
}
