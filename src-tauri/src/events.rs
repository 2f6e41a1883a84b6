use std::sync::Arc;

use oldgrowth_wire::Event;
use tauri::{AppHandle, Emitter, Runtime};

use crate::memory::Listener;

/// The name under which the window hears of the owner's events.
pub const EVENT: &str = "oldgrowth";

/// Passes what the owner says on to the window: all but each single document of an import, of which it
/// hears by the import's progress.
pub(crate) fn to_window<R: Runtime>(app: &AppHandle<R>) -> Listener {
    let window = app.clone();
    Arc::new(move |event| {
        if matches!(event, Event::Committed { .. }) {
            return;
        }
        // An event that gets lost costs a late refresh, and at the end there is no window to hear it.
        if let Err(error) = window.emit(EVENT, event) {
            tracing::debug!(%error, "an event did not reach the window");
        }
    })
}
