use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::Memory;

/// The name under which the window hears of the owner's events.
pub const EVENT: &str = "oldgrowth";

/// Passes what the owner says on to the window.
pub(crate) fn forward<R: Runtime>(app: &AppHandle<R>) {
    let window = app.clone();
    app.state::<Memory>().subscribe(move |event| {
        // An event that gets lost costs a late refresh, and at the end there is no window to hear it.
        if let Err(error) = window.emit(EVENT, event) {
            tracing::debug!(%error, "an event did not reach the window");
        }
    });
}
