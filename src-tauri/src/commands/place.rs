use std::path::PathBuf;

use oldgrowth_wire::{Empty, ErrorCode, Place, Request, WireError};
use tauri::{AppHandle, Manager, Runtime};

use super::{blocking, reveal};
use crate::Memory;

/// Shows the memory's folder, or one that a move has left, in the system's file manager. No other
/// folder is shown, whatever the page asks for.
#[tauri::command]
pub(crate) async fn show_place<R: Runtime>(
    app: AppHandle<R>,
    folder: String,
) -> Result<(), WireError> {
    blocking(move || {
        let place = app.state::<Memory>().call(Request::Place(Empty {}))?;
        let path = known(place, &folder).filter(|path| path.exists());
        let path = path.ok_or_else(|| WireError {
            code: ErrorCode::NotFound,
            message: "this folder is not there".into(),
            hint: Some("connect its disk, if it lies on another one".into()),
        })?;
        reveal(&app, &path, "in the settings")
    })
    .await
}

fn known(place: serde_json::Value, folder: &str) -> Option<PathBuf> {
    let place: Place = serde_json::from_value(place).ok()?;
    let left = place.left.into_iter().map(|copy| copy.folder);
    std::iter::once(place.folder)
        .chain(left)
        .find(|known| known == folder)
        .map(PathBuf::from)
}
