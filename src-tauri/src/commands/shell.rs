use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, Runtime, WebviewWindow};

use super::blocking;
use crate::choices::{Choices, Kept, ZOOM_PERCENT_DEFAULT};
use crate::{tray, window};
use oldgrowth_wire::{ErrorCode, WireError};

/// What the page may do with its window.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    ZoomIn,
    ZoomOut,
    ZoomReset,
    FullScreen,
    MenuBar,
    /// As the person would, by its button.
    Close,
    Quit,
    KeepRunning,
    EndWithWindow,
    Notices,
    NoNotices,
}

/// How the window is, as far as the person chose it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Shell {
    zoom_percent: u16,
    /// Are the menus shown? Null where the window has no place for them.
    menu_bar: Option<bool>,
    keep_running: bool,
    /// The system tells when something fails.
    notices: bool,
    /// Only with an icon in the tray can the program go on without its window.
    tray: bool,
}

/// How the window is.
#[tauri::command]
pub(crate) async fn shell<R: Runtime>(app: AppHandle<R>) -> Result<Shell, WireError> {
    blocking(move || Ok(seen(&app))).await
}

/// Does something with the window, and says how it is then.
#[tauri::command]
pub(crate) async fn act<R: Runtime>(
    window: WebviewWindow<R>,
    act: Act,
) -> Result<Shell, WireError> {
    blocking(move || {
        done(&window, act).map_err(|_| WireError {
            code: ErrorCode::Internal,
            message: "the system did not let the window do this".into(),
            hint: None,
        })?;
        Ok(seen(window.app_handle()))
    })
    .await
}

fn seen<R: Runtime>(app: &AppHandle<R>) -> Shell {
    let choices = app.state::<Kept>().now();
    let tray = tray::is_seen(app);
    Shell {
        zoom_percent: choices.zoom_percent,
        menu_bar: window::has_menu_bar().then_some(choices.menu_bar),
        keep_running: choices.keep_running && tray,
        notices: choices.notices,
        tray,
    }
}

fn done<R: Runtime>(window: &WebviewWindow<R>, act: Act) -> tauri::Result<()> {
    match act {
        Act::ZoomIn => zoom(window, Choices::larger),
        Act::ZoomOut => zoom(window, Choices::smaller),
        Act::ZoomReset => zoom(window, |_| ZOOM_PERCENT_DEFAULT),
        Act::FullScreen => window.set_fullscreen(!window.is_fullscreen()?),
        Act::MenuBar if !window::has_menu_bar() => Ok(()),
        Act::MenuBar => {
            let kept = window.state::<Kept>();
            let shown = kept.choose(|choices| choices.menu_bar = !choices.menu_bar);
            window::show_menu_bar(window, shown.menu_bar)
        }
        Act::Close => window.close(),
        Act::Quit => {
            window::quit(window.app_handle());
            Ok(())
        }
        Act::KeepRunning => {
            keep_running(window, true);
            Ok(())
        }
        Act::EndWithWindow => {
            keep_running(window, false);
            Ok(())
        }
        Act::Notices | Act::NoNotices => {
            let on = matches!(act, Act::Notices);
            window
                .state::<Kept>()
                .choose(|choices| choices.notices = on);
            Ok(())
        }
    }
}

fn zoom<R: Runtime>(
    window: &WebviewWindow<R>,
    step: impl FnOnce(&Choices) -> u16,
) -> tauri::Result<()> {
    let kept = window.state::<Kept>();
    let percent = step(&kept.now());
    window::zoom(window, percent)?;
    kept.choose(|choices| choices.zoom_percent = percent);
    Ok(())
}

fn keep_running<R: Runtime>(window: &WebviewWindow<R>, on: bool) {
    window
        .state::<Kept>()
        .choose(|choices| choices.keep_running = on);
}
