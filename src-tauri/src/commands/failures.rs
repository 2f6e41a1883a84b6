use oldgrowth_reports::{Failure, PageFailure, Reports};
use oldgrowth_wire::{ErrorCode, WireError};
use serde_json::Value;
use tauri::{AppHandle, Manager, Runtime};

use super::blocking;

/// The longest account of an error that is looked at, in bytes of JSON.
const FAILURE_BYTES_MAX: usize = 16 * 1024;

/// Records that something in the page failed. Of what it says only names of errors, numbers, and scripts that
/// the app has are taken.
#[tauri::command]
pub(crate) async fn page_failed<R: Runtime>(
    app: AppHandle<R>,
    failure: Value,
) -> Result<(), WireError> {
    blocking(move || {
        let Some(reports) = app.try_state::<Reports>() else {
            return Ok(());
        };
        let failure = bounded(failure).ok_or_else(|| WireError {
            code: ErrorCode::Usage,
            message: "this account of an error can't be read".into(),
            hint: None,
        })?;
        let assets = app.asset_resolver();
        // Asked for by its name, what isn't there would be answered with the page itself.
        let is_script = |file: &str| {
            let mut names = assets.iter().map(|(name, _)| name);
            file.ends_with(".js") && names.any(|name| name.trim_start_matches('/') == file)
        };
        reports.record(&Failure::of_page(&failure, &is_script));
        Ok(())
    })
    .await
}

fn bounded(failure: Value) -> Option<PageFailure> {
    let text = serde_json::to_string(&failure).ok()?;
    (text.len() <= FAILURE_BYTES_MAX).then(|| serde_json::from_value(failure).ok())?
}
