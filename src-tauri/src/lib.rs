//! The desktop shell: a window onto the owner of one workspace.
//!
//! This is the only Rust that knows Tauri. It holds no rules of its own: commands hand requests to
//! the owner, events carry what the owner says, and closing the window shuts the owner down.

mod commands;
mod events;
mod memory;
mod window;

use tauri::{Builder, Context, Manager, RunEvent, Runtime};

pub use events::EVENT;
pub use memory::{Listener, Memory};

/// Names another workspace than the person's own.
const WORKSPACE_VARIABLE: &str = "OLDGROWTH_WORKSPACE";

/// Opens the window on the person's workspace and returns when it has been closed.
///
/// # Errors
/// When the window system can't be used. A workspace that can't be opened is no error here: the
/// window opens and says why.
pub fn run() -> anyhow::Result<()> {
    let app = with_plugins(with_commands(Builder::default()))
        .setup(|app| {
            app.manage(Memory::open_default(events::to_window(app.handle())));
            window::open(app.handle())?;
            Ok(())
        })
        .build(context())?;
    app.run(|app, event| {
        // Tauri leaves by `exit`, which runs no destructors.
        if let (RunEvent::Exit, Some(memory)) = (event, app.try_state::<Memory>()) {
            memory.close();
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
        commands::copies::show_copy,
        commands::files::show_source,
        commands::files::pick_paths,
        commands::files::samples_path,
    ])
}

/// What is built in: `tauri.conf.json`, the capabilities and the built page.
pub fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

fn with_plugins<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    // A second start on the person's own workspace means the window that is open already. Who names
    // a workspace may have one window for each; two on the same are kept apart by its lock.
    let builder = if std::env::var_os(WORKSPACE_VARIABLE).is_some_and(|named| !named.is_empty()) {
        builder
    } else {
        builder.plugin(tauri_plugin_single_instance::init(
            |app, _arguments, _folder| window::focus(app),
        ))
    };
    builder.plugin(tauri_plugin_dialog::init()).plugin(
        tauri_plugin_opener::Builder::new()
            .open_js_links_on_click(false)
            .build(),
    )
}
