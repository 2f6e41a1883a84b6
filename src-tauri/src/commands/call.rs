use oldgrowth_wire::{ErrorCode, Request, WireError};
use serde_json::Value;
use tauri::{AppHandle, Manager, Runtime};

use super::blocking;
use crate::Memory;

/// Every call on the memory goes through here.
#[tauri::command]
pub(crate) async fn call<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<Value, WireError> {
    // The parser's own words would quote the request, which may hold the person's text.
    let request: Request = serde_json::from_value(request).map_err(|_| WireError {
        code: ErrorCode::Usage,
        message: "this call isn't one that Oldgrowth knows".into(),
        hint: Some("close the window and start Oldgrowth again".into()),
    })?;
    blocking(move || app.state::<Memory>().call(request)).await
}

/// Why the workspace can't be opened; null when it is open. Each asking is one more try.
#[tauri::command]
pub(crate) async fn open_error<R: Runtime>(
    app: AppHandle<R>,
) -> Result<Option<WireError>, WireError> {
    blocking(move || {
        let refusal = app.state::<Memory>().try_again();
        crate::tray::refresh(&app);
        Ok(refusal)
    })
    .await
}
