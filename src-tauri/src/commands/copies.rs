use std::path::PathBuf;

use oldgrowth_wire::{Copies, Empty, ErrorCode, Request, WireError};
use tauri::{AppHandle, Manager, Runtime};

use super::{blocking, reveal};
use crate::Memory;

/// Shows a backup, or what is kept aside, in the system's file manager. The page names it by id, never
/// by path.
#[tauri::command]
pub(crate) async fn show_copy<R: Runtime>(app: AppHandle<R>, id: String) -> Result<(), WireError> {
    blocking(move || {
        let copies = app.state::<Memory>().call(Request::Copies(Empty {}))?;
        let path = path_of(copies, &id).filter(|path| path.exists());
        let path = path.ok_or_else(|| WireError {
            code: ErrorCode::NotFound,
            message: "this copy is no longer there".into(),
            hint: None,
        })?;
        reveal(&app, &path, "under the list")
    })
    .await
}

fn path_of(copies: serde_json::Value, id: &str) -> Option<PathBuf> {
    let copies: Copies = serde_json::from_value(copies).ok()?;
    let backups = copies.backups.into_iter().map(|one| (one.id, one.path));
    let aside = copies.kept_aside.into_iter().map(|one| (one.id, one.path));
    backups
        .chain(aside)
        .find(|(known, _)| known == id)
        .map(|(_, path)| PathBuf::from(path))
}
