//! The tray: how the memory is, by shape and in words, and the way back to the window.

#[cfg(target_os = "linux")]
mod host;

use oldgrowth_wire::{Activity, Empty, HealthState, Request, Status, WireError, Work};
use parking_lot::Mutex;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Runtime, async_runtime};

use crate::menu::{self, QUIT, StateWords, TrayWords};
use crate::{Memory, window};

const ID: &str = "oldgrowth";
/// Its items that are not the page's commands.
const LINE: &str = "tray-line";
const OPEN: &str = "tray-open";
const NOTE: &str = "tray-note";
const PAUSE: &str = "tray-pause";
/// The page's command behind [`NOTE`].
const NEW_NOTE: &str = "note";

/// What the tray says: the window's headline, and how grave it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    state: HealthState,
    text: String,
}

impl Line {
    pub(crate) fn of(status: &Status) -> Self {
        Self {
            state: status.state,
            text: status.headline.clone(),
        }
    }

    /// The memory could not be asked.
    fn of_refusal(refusal: &WireError) -> Self {
        Self {
            state: HealthState::Fail,
            text: refusal.message.clone(),
        }
    }

    /// `Attention: 2 files could not be read`
    fn with_state(&self, words: &StateWords) -> String {
        let word = match self.state {
            HealthState::Ok => &words.ok,
            HealthState::Unknown => &words.unknown,
            HealthState::Crashed => &words.crashed,
            HealthState::Warn => &words.warn,
            HealthState::Fail => &words.fail,
        };
        format!("{word}: {}", self.text)
    }
}

/// What is shown now.
struct Shown<R: Runtime> {
    line: Mutex<Option<Line>>,
    item: MenuItem<R>,
    pause: MenuItem<R>,
    paused: Mutex<bool>,
    words: TrayWords,
}

/// Puts the icon in the tray. Where there is none, the app is as it is without.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    #[cfg(target_os = "linux")]
    if !host::can_be_reached() {
        tracing::info!("no tray");
        return Ok(());
    }
    let words = menu::words().tray;
    // It says how the memory is and does nothing.
    let item = MenuItem::with_id(app, LINE, &words.opening, false, None::<&str>)?;
    let pause = MenuItem::with_id(app, PAUSE, &words.pause, true, None::<&str>)?;
    let menu = Menu::with_items(
        app,
        &[
            &item,
            &PredefinedMenuItem::separator(app)?,
            &MenuItem::with_id(app, OPEN, &words.open, true, None::<&str>)?,
            &MenuItem::with_id(app, NOTE, &words.note, true, None::<&str>)?,
            &pause,
            &PredefinedMenuItem::separator(app)?,
            &MenuItem::with_id(app, QUIT, &words.quit, true, None::<&str>)?,
        ],
    )?;
    let builder = TrayIconBuilder::with_id(ID)
        .icon(icon_of(HealthState::Ok))
        .tooltip(&app.package_info().name)
        .menu(&menu)
        // Elsewhere than on macOS a click on the icon opens the window, and the other button the menu.
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_tray_icon_event(|tray, event| {
            let click = matches!(
                event,
                TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                }
            );
            if click && !cfg!(target_os = "macos") {
                window::focus(tray.app_handle());
            }
        });
    // On Linux the icon goes through a file, which is kept among the app's own.
    let builder = match app.path().app_cache_dir() {
        Ok(folder) if crate::choices::create_private(&folder).is_ok() => {
            builder.temp_dir_path(folder)
        }
        _ => builder,
    };
    builder.build(app)?;
    app.manage(Shown {
        line: Mutex::new(None),
        item,
        pause,
        paused: Mutex::new(false),
        words,
    });
    Ok(())
}

/// Is the icon where the person can see it? Only then may closing the window leave the program running.
pub(crate) fn is_seen<R: Runtime>(app: &AppHandle<R>) -> bool {
    #[cfg(target_os = "linux")]
    if !host::shows_icons() {
        return false;
    }
    app.tray_by_id(ID).is_some()
}

/// Asks, off this thread, whether the memory is there and what it works on, and shows it. How it is comes
/// with its own news, so that nothing is counted for the icon while the window is still being drawn.
pub(crate) fn refresh<R: Runtime>(app: &AppHandle<R>) {
    if app.tray_by_id(ID).is_none() {
        return;
    }
    let app = app.clone();
    async_runtime::spawn_blocking(move || {
        match app
            .state::<Memory>()
            .call(Request::Activity(Empty {}))
            .map(serde_json::from_value::<Activity>)
        {
            Ok(Ok(activity)) => show_work(&app, &activity.work),
            Ok(Err(_)) => {}
            Err(refusal) => show(&app, Line::of_refusal(&refusal)),
        }
    });
}

/// Offers to pause the work, or to resume it. Returns at once.
pub(crate) fn show_work<R: Runtime>(app: &AppHandle<R>, work: &Work) {
    let Some(shown) = app.try_state::<Shown<R>>() else {
        return;
    };
    let paused = work.paused.is_some();
    if std::mem::replace(&mut *shown.paused.lock(), paused) == paused {
        return;
    }
    let later = app.clone();
    let posted = app.run_on_main_thread(move || {
        let shown = later.state::<Shown<R>>();
        let words = &shown.words;
        let offered = if paused { &words.resume } else { &words.pause };
        if let Err(error) = shown.pause.set_text(offered) {
            tracing::debug!(%error, "the tray could not be changed");
        }
    });
    if let Err(error) = posted {
        tracing::debug!(%error, "the tray could not be changed");
    }
}

/// Does what the item offers; what comes of it is told as an event. A refusal is said by the window.
fn turn_work<R: Runtime>(app: &AppHandle<R>) {
    let Some(shown) = app.try_state::<Shown<R>>() else {
        return;
    };
    let request = if *shown.paused.lock() {
        Request::WorkResume(Empty {})
    } else {
        Request::WorkPause(Empty {})
    };
    let app = app.clone();
    async_runtime::spawn_blocking(move || {
        let turned = app.state::<Memory>().call(request);
        if turned.is_err() {
            window::focus(&app);
        }
    });
}

/// Shows this, if it is something else than before. Returns at once: whoever tells of the health must
/// not wait for the window's thread, which may be waiting for them to end.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>, line: Line) {
    let Some(shown) = app.try_state::<Shown<R>>() else {
        return;
    };
    let before = shown.line.lock().replace(line.clone());
    if before.as_ref() == Some(&line) {
        return;
    }
    let later = app.clone();
    let posted = app.run_on_main_thread(move || {
        if let Err(error) = put(&later, &line, before.map(|before| before.state)) {
            tracing::debug!(%error, "the tray could not be changed");
        }
    });
    if let Err(error) = posted {
        tracing::debug!(%error, "the tray could not be changed");
    }
}

/// Does what one of the tray's own items asks for; false when the id is not one of them.
pub(crate) fn choose<R: Runtime>(app: &AppHandle<R>, id: &str) -> bool {
    match id {
        OPEN => window::focus(app),
        NOTE => {
            window::focus(app);
            menu::tell(app, NEW_NOTE);
        }
        PAUSE => turn_work(app),
        _ => return false,
    }
    true
}

fn put<R: Runtime>(
    app: &AppHandle<R>,
    line: &Line,
    before: Option<HealthState>,
) -> tauri::Result<()> {
    let (Some(tray), Some(shown)) = (app.tray_by_id(ID), app.try_state::<Shown<R>>()) else {
        return Ok(());
    };
    shown.item.set_text(&line.text)?;
    tray.set_tooltip(Some(line.with_state(&shown.words.states)))?;
    if before != Some(line.state) {
        tray.set_icon(Some(icon_of(line.state)))?;
    }
    Ok(())
}

/// They differ by shape: a triangle for what needs attention, an octagon for a problem.
fn icon_of(state: HealthState) -> Image<'static> {
    match state {
        HealthState::Ok | HealthState::Unknown => tauri::include_image!("icons/tray-well.png"),
        HealthState::Crashed | HealthState::Warn => {
            tauri::include_image!("icons/tray-attention.png")
        }
        HealthState::Fail => tauri::include_image!("icons/tray-problem.png"),
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_wire::ErrorCode;

    use super::*;

    #[test]
    fn each_grave_state_has_a_shape_of_its_own() {
        let shape = |state| {
            let icon = icon_of(state);
            // What is seen without any colour: where the icon is, and where it is bright.
            let bright = |pixel: &[u8]| {
                let light: u32 = pixel.iter().take(3).map(|part| u32::from(*part)).sum();
                (pixel[3] > 127, light > 382)
            };
            icon.rgba().chunks_exact(4).map(bright).collect::<Vec<_>>()
        };
        let differ = |one: HealthState, other: HealthState| {
            let pairs = shape(one).into_iter().zip(shape(other));
            pairs.filter(|(one, other)| one != other).count()
        };
        for (one, other) in [
            (HealthState::Ok, HealthState::Warn),
            (HealthState::Ok, HealthState::Fail),
            (HealthState::Warn, HealthState::Fail),
        ] {
            let pixels = differ(one, other);
            assert!(
                pixels > 100,
                "{one:?} and {other:?} differ in {pixels} pixels of 4096"
            );
        }
        assert_eq!(
            differ(HealthState::Ok, HealthState::Unknown),
            0,
            "what nobody has looked at yet is no reason to worry"
        );
    }

    #[test]
    fn the_words_are_the_windows() {
        let refusal = WireError {
            code: ErrorCode::HeldByAnother,
            message: "it is in use by another program".into(),
            hint: None,
        };
        let line = Line::of_refusal(&refusal);
        assert_eq!(
            line.with_state(&menu::words().tray.states),
            "Problem: it is in use by another program",
            "a memory that is held is said to be"
        );
    }
}
