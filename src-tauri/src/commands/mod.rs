//! What the page may ask for. Each command is granted in `src-tauri/permissions`.

pub(crate) mod call;
pub(crate) mod copies;
pub(crate) mod failures;
pub(crate) mod files;
pub(crate) mod place;
pub(crate) mod shell;

use std::path::Path;

use oldgrowth_wire::{ErrorCode, WireError};
use tauri::async_runtime::spawn_blocking;
use tauri::{AppHandle, Runtime};
use tauri_plugin_opener::OpenerExt;

/// Runs blocking work off the threads that carry the page's messages.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WireError> + Send + 'static,
) -> Result<T, WireError> {
    spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(WireError {
            code: ErrorCode::Internal,
            message: "this could not be done because of a fault in Oldgrowth".into(),
            hint: Some("try it once more; what was kept before is safe".into()),
        })
    })
}

/// Shows a file or a folder in the system's file manager. Where that can't be done the person is told where
/// they read its place.
fn reveal<R: Runtime>(app: &AppHandle<R>, path: &Path, place: &str) -> Result<(), WireError> {
    app.opener()
        .reveal_item_in_dir(path)
        .map_err(|_| WireError {
            code: ErrorCode::Internal,
            message: "no program on this computer could show the folder".into(),
            hint: Some(format!("open it by hand; its place is shown {place}")),
        })
}
