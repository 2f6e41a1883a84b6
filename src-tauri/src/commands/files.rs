use std::path::{Path, PathBuf};

use oldgrowth_wire::{Empty, ErrorCode, Id, Ledger, Original, Request, WireError};
use serde::Deserialize;
use tauri::path::BaseDirectory;
use tauri::{AppHandle, Manager, Runtime, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tauri_plugin_opener::OpenerExt;

use super::{blocking, reveal};
use crate::Memory;

/// Where the sample memories lie among the app's resources.
const SAMPLES: &str = "samples";

/// Endings that name a text to every system. Whatever else was imported is shown in its folder
/// instead of being opened: to the system it may be a program.
const TEXT_ENDINGS: [&str; 8] = [
    "md", "markdown", "txt", "text", "html", "htm", "xhtml", "log",
];

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pick {
    Files,
    Folder,
    /// A folder for the memory itself.
    Place,
}

/// Lets the person choose files or a folder. Empty when they choose none.
#[tauri::command]
pub(crate) async fn pick_paths<R: Runtime>(
    window: WebviewWindow<R>,
    kind: Pick,
) -> Result<Vec<String>, WireError> {
    let dialog = window.dialog().file().set_parent(&window);
    blocking(move || {
        let picked = match kind {
            Pick::Files => dialog
                .set_title("Choose files to remember")
                .blocking_pick_files(),
            Pick::Folder => dialog
                .set_title("Choose a folder to remember")
                .blocking_pick_folder()
                .map(|folder| vec![folder]),
            Pick::Place => dialog
                .set_title("Choose a folder for your memory")
                .set_can_create_directories(true)
                .blocking_pick_folder()
                .map(|folder| vec![folder]),
        };
        picked
            .unwrap_or_default()
            .into_iter()
            .map(path_text)
            .collect()
    })
    .await
}

/// The folder of the sample memories.
#[tauri::command(async)]
pub(crate) fn samples_path<R: Runtime>(app: AppHandle<R>) -> Result<String, WireError> {
    let missing = || WireError {
        code: ErrorCode::NotFound,
        message: "the sample memories did not come with this installation".into(),
        hint: Some("choose a folder of your own instead".into()),
    };
    let samples = sample_places(&app)
        .into_iter()
        .find(|place| place.is_dir())
        .ok_or_else(missing)?;
    samples
        .into_os_string()
        .into_string()
        .map_err(|_| missing())
}

/// Opens the file that a document was read from. The page names the document, never a path.
#[tauri::command]
pub(crate) async fn open_original<R: Runtime>(
    app: AppHandle<R>,
    document: String,
) -> Result<(), WireError> {
    blocking(move || {
        let path = original_of(&app, document)?;
        let opened = if names_a_text(&path) {
            app.opener().open_path(path.to_string_lossy(), None::<&str>)
        } else {
            app.opener().reveal_item_in_dir(&path)
        };
        opened.map_err(|_| WireError {
            code: ErrorCode::Internal,
            message: "no program on this computer could open the original file".into(),
            hint: Some("open it by hand; its place is shown above the passage".into()),
        })
    })
    .await
}

/// Shows the file that a document was read from in the system's file manager.
#[tauri::command]
pub(crate) async fn show_original<R: Runtime>(
    app: AppHandle<R>,
    document: String,
) -> Result<(), WireError> {
    blocking(move || {
        let path = original_of(&app, document)?;
        reveal(&app, &path, "above the passage")
    })
    .await
}

/// Shows a source's folder in the system's file manager. The page names the source, never a path.
#[tauri::command]
pub(crate) async fn show_source<R: Runtime>(
    app: AppHandle<R>,
    id: String,
) -> Result<(), WireError> {
    blocking(move || {
        let ledger = app
            .state::<Memory>()
            .call(Request::Ledger(Empty::default()))?;
        let folder = folder_of(ledger, &id).filter(|folder| folder.exists());
        let folder = folder.ok_or_else(|| WireError {
            code: ErrorCode::NotFound,
            message: "the folder is no longer where it was imported from".into(),
            hint: Some(
                "what is remembered of it is still here; plug its disk in, if it has one".into(),
            ),
        })?;
        reveal(&app, &folder, "beside its name")
    })
    .await
}

fn folder_of(ledger: serde_json::Value, id: &str) -> Option<PathBuf> {
    let ledger: Ledger = serde_json::from_value(ledger).ok()?;
    let source = ledger.sources.into_iter().find(|source| source.id == id)?;
    source.path.map(PathBuf::from)
}

/// The file of a document, of a conversation that of its export, as it is named now.
fn original_of<R: Runtime>(app: &AppHandle<R>, document: String) -> Result<PathBuf, WireError> {
    let original = app
        .state::<Memory>()
        .call(Request::Original(Id { id: document }))?;
    let path = serde_json::from_value::<Original>(original)
        .ok()
        .and_then(|original| original.path)
        .map(PathBuf::from)
        .ok_or_else(|| WireError {
            code: ErrorCode::NotFound,
            message: "there is no file of this memory".into(),
            hint: None,
        })?;
    if path.exists() {
        return Ok(path);
    }
    Err(WireError {
        code: ErrorCode::NotFound,
        message: "the original file is no longer where it was imported from".into(),
        hint: Some("what was kept of it is still here; import it again from its new place".into()),
    })
}

/// Where the samples are, best first: among the resources of an installed app; beside the program,
/// where a build from source puts them; and above it, for the tests' programs.
fn sample_places<R: Runtime>(app: &AppHandle<R>) -> Vec<PathBuf> {
    let installed = app.path().resolve(SAMPLES, BaseDirectory::Resource).ok();
    let program = std::env::current_exe().unwrap_or_default();
    let built = program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(SAMPLES));
    installed.into_iter().chain(built).collect()
}

fn path_text(picked: FilePath) -> Result<String, WireError> {
    picked
        .into_path()
        .ok()
        .and_then(|path| path.into_os_string().into_string().ok())
        .ok_or_else(|| WireError {
            code: ErrorCode::Usage,
            message: "the name of one of these files isn't valid Unicode, so it can't be passed on"
                .into(),
            hint: Some("choose the folder that holds it instead".into()),
        })
}

fn names_a_text(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| TEXT_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_a_text_is_opened() {
        for (name, opened) in [
            ("a.md", true),
            ("A.HTML", true),
            ("run.bat", false),
            ("x.desktop", false),
            ("Makefile", false),
        ] {
            assert_eq!(
                names_a_text(Path::new(name)),
                opened,
                "a program must never be started: {name}"
            );
        }
    }
}
