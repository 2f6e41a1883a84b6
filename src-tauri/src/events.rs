use std::collections::BTreeSet;
use std::sync::Arc;

use oldgrowth_wire::{BatchState, Event};
use parking_lot::Mutex;
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::memory::Listener;
use crate::tray;

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
            Event::Copy(_) => work.copying = true,
            Event::CopiesChanged => work.copying = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_wire::{CopyProgress, CopyWork};

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
}
