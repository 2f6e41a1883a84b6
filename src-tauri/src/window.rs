use tauri::webview::WebviewWindow;
use tauri::{
    AppHandle, CloseRequestApi, Manager, PhysicalPosition, Runtime, Url, WebviewUrl,
    WebviewWindowBuilder, WindowEvent,
};

use crate::choices::{Choices, Kept, ZOOM_PERCENT_DEFAULT};
use crate::events::Underway;
use crate::place::{self, HEIGHT_MIN_PX, Place, Screen, WIDTH_MIN_PX};
use crate::{menu, tray};

/// The one window's label, which its capability names too.
pub(crate) const MAIN: &str = "main";
/// The page's command that says what closing does, and closes.
const ASK: &str = "close-window";

/// Opens the window as it was left. Files can be dropped on it, and it follows the system's theme.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let choices = app.state::<Kept>().now();
    let opening = place::opening(choices.place, &screens(app));
    // It is shown when it is where it belongs.
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Oldgrowth")
        .inner_size(opening.width, opening.height)
        .min_inner_size(WIDTH_MIN_PX, HEIGHT_MIN_PX)
        .visible(false)
        .on_navigation(is_own_page)
        .build()?;
    if let Some((x, y)) = opening.corner {
        window.set_position(PhysicalPosition::new(x, y))?;
    }
    if opening.maximized {
        window.maximize()?;
    }
    if choices.zoom_percent != ZOOM_PERCENT_DEFAULT {
        zoom(&window, choices.zoom_percent)?;
    }
    show_menu_bar(&window, choices.menu_bar)?;
    let watched = window.clone();
    window.on_window_event(move |event| hear(&watched, event));
    window.show()
}

/// Does the person have it before them?
pub(crate) fn is_looked_at<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.get_webview_window(MAIN)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Brings the window to the front, from behind others or from the tray.
pub(crate) fn focus<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    for step in [window.unminimize(), window.show(), window.set_focus()] {
        if let Err(error) = step {
            tracing::debug!(%error, "the window could not be brought to the front");
        }
    }
}

/// Ends the program. The owner is shut down on the way, as with every end.
pub(crate) fn quit<R: Runtime>(app: &AppHandle<R>) {
    app.exit(0);
}

/// On macOS the menus are in the screen's bar, always.
pub(crate) const fn has_menu_bar() -> bool {
    !cfg!(target_os = "macos")
}

/// Shows the menus in the window, or takes them away.
pub(crate) fn show_menu_bar<R: Runtime>(
    window: &WebviewWindow<R>,
    shown: bool,
) -> tauri::Result<()> {
    if !has_menu_bar() {
        return Ok(());
    }
    #[cfg(target_os = "linux")]
    let_be_shown(window, shown)?;
    if shown {
        window.show_menu()
    } else {
        window.hide_menu()
    }
}

/// Whenever GTK shows a window it shows all in it, but for what must not be.
#[cfg(target_os = "linux")]
fn let_be_shown<R: Runtime>(window: &WebviewWindow<R>, shown: bool) -> tauri::Result<()> {
    use gtk::glib::object::ObjectExt;
    use gtk::prelude::{ContainerExt, WidgetExt};

    let looked_in = window.clone();
    window.run_on_main_thread(move || {
        let children = looked_in.default_vbox().map(|all| all.children());
        for child in children.unwrap_or_default() {
            if child.is::<gtk::MenuBar>() {
                child.set_no_show_all(!shown);
            }
        }
    })
}

/// Makes everything in the page larger or smaller.
pub(crate) fn zoom<R: Runtime>(window: &WebviewWindow<R>, percent: u16) -> tauri::Result<()> {
    window.set_zoom(f64::from(percent) / 100.0)
}

fn hear<R: Runtime>(window: &WebviewWindow<R>, event: &WindowEvent) {
    let kept = window.state::<Kept>();
    match event {
        WindowEvent::Moved(_) | WindowEvent::Resized(_) => note_place(window, &kept),
        WindowEvent::Focused(false) => kept.save(),
        WindowEvent::CloseRequested { api, .. } => {
            note_place(window, &kept);
            kept.save();
            close(window, &kept, api);
        }
        _ => {}
    }
}

fn close<R: Runtime>(window: &WebviewWindow<R>, kept: &Kept, api: &CloseRequestApi) {
    let app = window.app_handle();
    let choices = kept.now();
    let keeps = choices.keep_running && tray::is_seen(app);
    match closing(&choices, keeps, app.state::<Underway>().any()) {
        Closing::Close => {}
        Closing::Hide => {
            api.prevent_close();
            if let Err(error) = window.hide() {
                tracing::debug!(%error, "the window could not be hidden");
            }
        }
        Closing::Ask => {
            api.prevent_close();
            // Said once: should the page not answer, the next try closes.
            kept.choose(|choices| choices.told_of_closing = true);
            menu::tell(app, ASK);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// The window and with it the program end.
    Close,
    /// The program goes on in the tray.
    Hide,
    /// The page says what closing does.
    Ask,
}

fn closing(choices: &Choices, keeps_running: bool, working: bool) -> Closing {
    match (working && !choices.told_of_closing, keeps_running) {
        (true, _) => Closing::Ask,
        (false, true) => Closing::Hide,
        (false, false) => Closing::Close,
    }
}

/// Where the window is as long as it is neither put away nor as large as the screen.
fn note_place<R: Runtime>(window: &WebviewWindow<R>, kept: &Kept) {
    let looked = || -> tauri::Result<Option<Place>> {
        if window.is_minimized()? || window.is_fullscreen()? || !window.is_visible()? {
            return Ok(None);
        }
        let corner = window.outer_position()?;
        let size = window
            .inner_size()?
            .to_logical::<f64>(window.scale_factor()?);
        Ok(Some(Place {
            x: corner.x,
            y: corner.y,
            width: size.width,
            height: size.height,
            maximized: window.is_maximized()?,
        }))
    };
    let Ok(Some(seen)) = looked() else { return };
    kept.note(|choices| {
        choices.place = Some(match choices.place {
            Some(before) if seen.maximized => Place {
                maximized: true,
                ..before
            },
            Some(_) | None => seen,
        });
    });
}

fn screens<R: Runtime>(app: &AppHandle<R>) -> Vec<Screen> {
    let main = app.primary_monitor().ok().flatten();
    let all = app.available_monitors().unwrap_or_default();
    main.iter()
        .chain(&all)
        .map(|monitor| {
            let area = monitor.work_area();
            Screen {
                x: area.position.x,
                y: area.position.y,
                width: area.size.width,
                height: area.size.height,
                scale: monitor.scale_factor(),
            }
        })
        .collect()
}

/// The window never leaves its own page, whatever a text in it links to.
fn is_own_page(url: &Url) -> bool {
    let built_in = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    built_in || (tauri::is_dev() && url.host_str() == Some("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_says_once_what_becomes_of_the_work() {
        let fresh = Choices::default();
        let told = Choices {
            told_of_closing: true,
            ..Choices::default()
        };
        for (choices, keeps_running, working, then) in [
            (&fresh, false, false, Closing::Close),
            (&fresh, true, false, Closing::Hide),
            (&fresh, false, true, Closing::Ask),
            (&fresh, true, true, Closing::Ask),
            (&told, false, true, Closing::Close),
            (&told, true, true, Closing::Hide),
        ] {
            assert_eq!(
                closing(choices, keeps_running, working),
                then,
                "keeps running: {keeps_running}, at work: {working}, {choices:?}"
            );
        }
    }

    #[test]
    fn the_window_stays_on_its_own_page() {
        for (url, stays) in [
            ("tauri://localhost/index.html", true),
            ("http://tauri.localhost/", true),
            ("https://example.org/", false),
            ("file:///etc/passwd", false),
            ("https://tauri.localhost.example.org/", false),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(
                is_own_page(&url),
                stays,
                "only the built-in page may be shown: {url}"
            );
        }
    }
}
