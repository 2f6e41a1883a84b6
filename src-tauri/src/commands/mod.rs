//! What the page may ask for. Each command is granted in `src-tauri/permissions`.

pub(crate) mod call;
pub(crate) mod copies;
pub(crate) mod failures;
pub(crate) mod files;
pub(crate) mod place;
pub(crate) mod shell;

use oldgrowth_wire::{ErrorCode, WireError};
use tauri::async_runtime::spawn_blocking;

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
