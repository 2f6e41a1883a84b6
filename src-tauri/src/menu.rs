//! The menus. What stands in them is in `ui/src/menus.json`, beside the page's own words; each id but
//! those of editing names a command of the page's table, which runs it.

use serde::Deserialize;
use tauri::menu::{IsMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Emitter, Manager, Runtime};

use crate::window;

/// The name under which the page hears which command was chosen.
pub const COMMAND: &str = "oldgrowth-command";
/// Ends the program, whatever the page is doing.
pub(crate) const QUIT: &str = "quit";
/// What edits text, which the system or the web view does where the caret is.
const EDITING: &str = "edit-";

/// All words that are shown outside the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Words {
    menus: Vec<MenuWords>,
    /// Over a notice of the system's.
    pub(crate) notice: String,
    pub(crate) tray: TrayWords,
}

#[derive(Debug, Deserialize)]
struct MenuWords {
    title: String,
    items: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Command(Command),
    Line(Line),
}

/// What stands between commands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Separator,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Command {
    id: String,
    title: String,
    keys: Option<String>,
    /// Where macOS has a custom of its own.
    keys_on_mac: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TrayWords {
    pub(crate) open: String,
    pub(crate) note: String,
    pub(crate) pause: String,
    pub(crate) resume: String,
    pub(crate) quit: String,
    /// Until the first status is there.
    pub(crate) opening: String,
    pub(crate) states: StateWords,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StateWords {
    pub(crate) ok: String,
    pub(crate) unknown: String,
    pub(crate) warn: String,
    pub(crate) crashed: String,
    pub(crate) fail: String,
}

/// # Panics
/// When `menus.json` is not as it should be, which a test keeps from happening.
pub(crate) fn words() -> Words {
    serde_json::from_str(include_str!("../../ui/src/menus.json"))
        .expect("menus.json is built in and a test reads it")
}

/// The menus, in the order of this system.
pub(crate) fn menus<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Menu<R>> {
    let words = words();
    let menu = Menu::new(app)?;
    #[cfg(target_os = "macos")]
    menu.append(&app_menu(app, &words)?)?;
    for one in &words.menus {
        #[cfg(target_os = "macos")]
        if one.title == "Help" {
            menu.append(&window_menu(app)?)?;
        }
        let submenu = Submenu::new(app, &one.title, true)?;
        let mut pending = false;
        let mut any = false;
        for entry in &one.items {
            match entry {
                Entry::Line(Line::Separator) => pending = any,
                Entry::Command(command) if is_in_app_menu(&one.title, &command.id) => {}
                Entry::Command(command) => {
                    if std::mem::take(&mut pending) {
                        submenu.append(&PredefinedMenuItem::separator(app)?)?;
                    }
                    submenu.append(item(app, command)?.as_ref())?;
                    any = true;
                }
            }
        }
        menu.append(&submenu)?;
    }
    Ok(menu)
}

/// Does what a menu or the tray asks for.
pub(crate) fn choose<R: Runtime>(app: &AppHandle<R>, event: &MenuEvent) {
    let id = event.id().as_ref();
    if id == QUIT {
        window::quit(app);
    } else if let Some(editing) = id.strip_prefix(EDITING) {
        edit(app, editing);
    } else if !crate::tray::choose(app, id) {
        tell(app, id);
    }
}

/// Hands a command to the page. Nothing but its id goes there.
pub(crate) fn tell<R: Runtime>(app: &AppHandle<R>, id: &str) {
    if let Err(error) = app.emit_to(window::MAIN, COMMAND, id) {
        tracing::debug!(%error, "a command did not reach the window");
    }
}

/// On macOS these stand in the app's own menu, as people expect, and the menus of the window do without.
fn is_in_app_menu(menu: &str, id: &str) -> bool {
    let apart = matches!((menu, id), ("File", "go-settings" | "quit") | (_, "about"));
    // The menus are always in the screen's bar there.
    cfg!(target_os = "macos") && (apart || id == "menu-bar")
}

#[cfg(target_os = "macos")]
fn app_menu<R: Runtime>(app: &AppHandle<R>, words: &Words) -> tauri::Result<Submenu<R>> {
    let submenu = Submenu::new(app, &app.package_info().name, true)?;
    let separator = || PredefinedMenuItem::separator(app);
    let named = |id: &str| {
        let mut entries = words.menus.iter().flat_map(|menu| &menu.items);
        entries.find_map(|entry| match entry {
            Entry::Command(command) if command.id == id => Some(command),
            Entry::Command(_) | Entry::Line(Line::Separator) => None,
        })
    };
    if let Some(about) = named("about") {
        submenu.append(item(app, about)?.as_ref())?;
        submenu.append(&separator()?)?;
    }
    if let Some(settings) = named("go-settings") {
        submenu.append(item(app, settings)?.as_ref())?;
        submenu.append(&separator()?)?;
    }
    submenu.append_items(&[
        &PredefinedMenuItem::services(app, None)?,
        &separator()?,
        &PredefinedMenuItem::hide(app, None)?,
        &PredefinedMenuItem::hide_others(app, None)?,
        &PredefinedMenuItem::show_all(app, None)?,
        &separator()?,
    ])?;
    if let Some(quit) = named(QUIT) {
        submenu.append(item(app, quit)?.as_ref())?;
    }
    Ok(submenu)
}

/// What every window of macOS can do, before the last menu, where people look for it.
#[cfg(target_os = "macos")]
fn window_menu<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Submenu<R>> {
    Submenu::with_items(
        app,
        "Window",
        true,
        &[
            &PredefinedMenuItem::minimize(app, None)?,
            &PredefinedMenuItem::maximize(app, None)?,
            &PredefinedMenuItem::separator(app)?,
            &PredefinedMenuItem::close_window(app, None)?,
        ],
    )
}

fn item<R: Runtime>(
    app: &AppHandle<R>,
    command: &Command,
) -> tauri::Result<Box<dyn IsMenuItem<R>>> {
    if let Some(predefined) = predefined(app, command)? {
        return Ok(Box::new(predefined));
    }
    let keys = match &command.keys_on_mac {
        Some(keys) if cfg!(target_os = "macos") => Some(keys),
        _ => command.keys.as_ref(),
    };
    let (title, keys) = shown(&command.title, keys.map(String::as_str));
    let item = MenuItem::with_id(app, &command.id, title, true, keys)?;
    Ok(Box::new(item))
}

/// What the menu says, and which keys it takes.
///
/// GTK and macOS give a stroke to the page or to the menu, never to both. On Windows the page gets every
/// stroke, so there the menu only shows its keys.
fn shown<'a>(title: &str, keys: Option<&'a str>) -> (String, Option<&'a str>) {
    match keys {
        Some(keys) if cfg!(windows) => {
            let keys = keys.replace("CmdOrCtrl", "Ctrl");
            (format!("{title}\t{keys}"), None)
        }
        keys => (title.to_owned(), keys),
    }
}

/// The system's own item, where it has one that works.
fn predefined<R: Runtime>(
    app: &AppHandle<R>,
    command: &Command,
) -> tauri::Result<Option<PredefinedMenuItem<R>>> {
    let title = Some(command.title.as_str());
    if cfg!(target_os = "macos") && command.id == "full-screen" {
        return PredefinedMenuItem::fullscreen(app, None).map(Some);
    }
    // On Linux they would be disabled, or type keys into whatever window has the keyboard.
    if cfg!(target_os = "linux") {
        return Ok(None);
    }
    match command.id.strip_prefix(EDITING) {
        Some("undo") => PredefinedMenuItem::undo(app, title).map(Some),
        Some("redo") => PredefinedMenuItem::redo(app, title).map(Some),
        Some("cut") => PredefinedMenuItem::cut(app, title).map(Some),
        Some("copy") => PredefinedMenuItem::copy(app, title).map(Some),
        Some("paste") => PredefinedMenuItem::paste(app, title).map(Some),
        Some("select-all") => PredefinedMenuItem::select_all(app, title).map(Some),
        _ => Ok(None),
    }
}

/// Edits where the caret is in the page.
#[cfg(target_os = "linux")]
fn edit<R: Runtime>(app: &AppHandle<R>, what: &str) {
    use webkit2gtk::WebViewExt;

    let command = match what {
        "undo" => "Undo",
        "redo" => "Redo",
        "cut" => "Cut",
        "copy" => "Copy",
        "paste" => "Paste",
        "select-all" => "SelectAll",
        _ => return,
    };
    let Some(window) = app.get_webview_window(window::MAIN) else {
        return;
    };
    let asked = window.with_webview(move |view| view.inner().execute_editing_command(command));
    if let Err(error) = asked {
        tracing::debug!(%error, "the text could not be edited");
    }
}

/// Elsewhere the system's own items do it.
#[cfg(not(target_os = "linux"))]
fn edit<R: Runtime>(_app: &AppHandle<R>, _what: &str) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menus_stand_in_the_order_that_people_know() {
        let words = words();
        let titles: Vec<_> = words.menus.iter().map(|menu| menu.title.as_str()).collect();
        assert_eq!(
            titles,
            ["File", "Edit", "View", "Go", "Help"],
            "and every entry of theirs could be read"
        );
    }
}
