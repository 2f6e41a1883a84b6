//! The desktop shell: a window onto the owner of one workspace.
//!
//! This is the only Rust that knows Tauri. It holds no rules of its own: commands hand requests to
//! the owner, events carry what the owner says, and closing the window shuts the owner down.

mod choices;
mod commands;
mod events;
mod memory;
mod menu;
mod notices;
mod place;
mod tray;
mod window;

use std::ffi::OsString;
use std::path::PathBuf;

use oldgrowth_agent::reports_of_person;
use sha2::{Digest, Sha256};
use tauri::{AppHandle, Builder, Context, Manager, RunEvent, Runtime};

use choices::Kept;
pub use events::EVENT;
use events::Underway;
pub use memory::{Listener, Memory};
pub use menu::COMMAND;

/// Names another workspace than the person's own.
const WORKSPACE_VARIABLE: &str = "OLDGROWTH_WORKSPACE";

/// Opens the window on the person's workspace and returns when it has been closed.
///
/// # Errors
/// When the window system can't be used. A workspace that can't be opened is no error here: the
/// window opens and says why.
pub fn run() -> anyhow::Result<()> {
    // First of all: what fails from here on is recorded.
    let reports = reports_of_person("window");
    if let Some(reports) = &reports {
        reports.record_panics();
    }
    let app = with_plugins(with_commands(Builder::default()))
        .menu(menu::menus)
        .on_menu_event(|app, event| menu::choose(app, &event))
        .setup(move |app| {
            let app = app.handle();
            if let Some(reports) = &reports {
                app.manage(reports.clone());
            }
            app.manage(Underway::default());
            app.manage(Kept::open(choices_file(app)));
            notices::warm_up(app);
            app.manage(Memory::open_default(
                reports.clone(),
                events::to_window(app),
            ));
            tray::open(app)?;
            tray::refresh(app);
            window::open(app)?;
            Ok(())
        })
        .build(context())?;
    app.run(|app, event| {
        // A click on the icon in the dock, while the window is put away.
        #[cfg(target_os = "macos")]
        if matches!(event, RunEvent::Reopen { .. }) {
            window::focus(app);
        }
        // Tauri leaves by `exit`, which runs no destructors.
        if matches!(event, RunEvent::Exit) {
            if let Some(kept) = app.try_state::<Kept>() {
                kept.save();
            }
            if let Some(memory) = app.try_state::<Memory>() {
                memory.close();
            }
        }
    });
    Ok(())
}

/// Answers the window's calls. The app must manage a [`Memory`].
pub fn with_commands<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder.invoke_handler(tauri::generate_handler![
        commands::call::call,
        commands::call::open_error,
        commands::files::open_original,
        commands::files::show_original,
        commands::copies::show_copy,
        commands::failures::page_failed,
        commands::place::show_place,
        commands::files::show_source,
        commands::files::pick_paths,
        commands::files::samples_path,
        commands::shell::act,
        commands::shell::shell,
    ])
}

/// What is built in: `tauri.conf.json`, the capabilities and the built page.
pub fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// Where the choices about the window are kept: each workspace that is named has its own, since each may
/// have a window.
fn choices_file<R: Runtime>(app: &AppHandle<R>) -> Option<PathBuf> {
    let folder = app.path().app_config_dir().ok()?;
    let name = match named_workspace() {
        None => "window.json".to_owned(),
        Some(workspace) => {
            let digest = Sha256::digest(workspace.as_encoded_bytes());
            let short: String = digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("window-{short}.json")
        }
    };
    Some(folder.join(name))
}

fn named_workspace() -> Option<OsString> {
    std::env::var_os(WORKSPACE_VARIABLE).filter(|named| !named.is_empty())
}

fn with_plugins<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    // A second start on the person's own workspace means the window that is open already. Who names
    // a workspace may have one window for each; two on the same are kept apart by its lock.
    let builder = if named_workspace().is_some() {
        builder
    } else {
        builder.plugin(tauri_plugin_single_instance::init(
            |app, _arguments, _folder| window::focus(app),
        ))
    };
    builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
}
