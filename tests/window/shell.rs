//! What is the window's and not the page's: its place, its menus, its closing, and what is dropped on it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::drag_source::DragSource;
use crate::driver::{Person, Window, until};
use crate::folder_of_notes;
use crate::program::{Program, choices, choices_file, choices_now, geometry};
use crate::screen::{press, screenshot_of_screen, xdotool};

/// Where on the screen the middle of the window is.
const MIDDLE: (i32, i32) = (560, 400);

#[tokio::test]
async fn the_window_opens_as_it_was_left_and_never_off_the_screen() {
    let person = Person::new();
    let program = Program::start_on_named(&person);
    let window = program.window().await;
    xdotool(&["windowsize", "--sync", &window, "900", "600"]).unwrap();
    xdotool(&["windowmove", "--sync", &window, "140", "90"]).unwrap();
    until("the window is where it was moved", || async {
        (geometry(&window) == [140, 90, 900, 600]).then_some(())
    })
    .await;
    program.quit().await;

    let file = choices_file(&person).unwrap();
    let left = &choices(&person)["place"];
    assert_eq!(
        (&left["x"], &left["width"]),
        (&json!(140), &json!(900.0)),
        "where it was is kept: {left}"
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "nobody else may read where the window was");

    let program = Program::start_on_named(&person);
    let window = program.window().await;
    until("the window opens as it was left", || async {
        (geometry(&window) == [140, 90, 900, 600]).then_some(())
    })
    .await;
    program.quit().await;

    let mut kept = choices(&person);
    kept["place"] =
        json!({ "x": 4000, "y": -900, "width": 5000.0, "height": 10.0, "maximized": false });
    fs::write(&file, kept.to_string()).unwrap();
    let program = Program::start_on_named(&person);
    let window = program.window().await;
    until("the window is seen whole", || async {
        let [x, y, width, height] = geometry(&window);
        let seen = x >= 0 && y >= 0 && x + width <= 1280 && y + height <= 800;
        (seen && height >= 520).then_some(())
    })
    .await;
    program.quit().await;
}

#[tokio::test]
async fn a_key_does_what_its_menu_says_once_with_the_menus_shown_or_not() {
    let person = Person::new();
    let program = Program::start_on_named(&person);
    program.window().await;
    // Until the page listens, keys are lost. One after another is done in the order of pressing.
    let percent = || choices_now(&person).map(|choices| choices["zoom_percent"].clone());
    until("the page hears the keys", || async {
        press("ctrl+equal");
        percent().filter(|percent| *percent != 100)
    })
    .await;
    press("ctrl+0");
    until("the page has its own size again", || async {
        percent().filter(|percent| *percent == 100)
    })
    .await;

    for (shown, percent) in [(false, 110), (true, 125)] {
        let before = choices(&person)["zoom_percent"].clone();
        press("ctrl+equal");
        until("the page is larger", || async {
            (choices(&person)["zoom_percent"] != before).then_some(())
        })
        .await;
        assert_eq!(
            choices(&person)["zoom_percent"],
            percent,
            "one press is one step, with the menus shown: {shown}"
        );
        press("F10");
        until("the menus come and go", || async {
            (choices(&person)["menu_bar"] == !shown).then_some(())
        })
        .await;
    }
    program.quit().await;
}

#[tokio::test]
async fn the_window_says_once_what_closing_does_to_the_work() {
    let person = Person::new();
    let folder = folder_of_notes(person.home());
    for number in 0..3000 {
        let text = format!("# Leaf {number}\n\nIt fell on the {number}th day.\n");
        fs::write(folder.join(format!("leaf-{number}.md")), text).unwrap();
    }
    let window = person.open_window().await;
    window.find("welcome").await;
    let start = format!(
        "window.__TAURI_INTERNALS__.invoke('call', {{ request: {{ method: 'import_start', params: {{ paths: [{:?}] }} }} }})
             .then(() => window.__TAURI_INTERNALS__.invoke('act', {{ act: 'close' }}))",
        folder.display()
    );
    window.script(&start).await;
    let said = window.text("close-text").await;
    assert!(
        said.contains("goes on at the next start"),
        "there is no tray here, so closing ends the program: {said}"
    );
    assert_eq!(
        window.count("keep-running").await,
        0,
        "without a tray the program can't be kept running"
    );
    window.screenshot("21-closing").await;
    window.click("close-stay").await;
    assert_eq!(
        choices(&person)["told_of_closing"],
        true,
        "this is said once"
    );
    window.close().await;
}

#[tokio::test]
async fn a_folder_is_dropped_on_every_place() {
    let person = Person::new();
    let folder = folder_of_notes(person.home());
    let source = DragSource::offering(&folder);
    let window = person.open_window().await;
    window.click("welcome-skip").await;

    for place in ["recall", "tree", "sources", "doctor", "settings"] {
        window.click(&format!("nav-{place}")).await;
        source.drag_to(MIDDLE).await;
        window.find("drop-target").await;
        if place == "recall" {
            screenshot_of_screen("22-drop");
        }
        source.drop_here();
        window.find("plan-start:not([disabled])").await;
        assert_eq!(
            window.count("drop-veil").await,
            0,
            "what was dropped is no longer held"
        );
        window.escape().await;
        window.gone("plan-dialog").await;
    }

    window.click("nav-sources").await;
    window.click("write-note").await;
    window.find("note-dialog").await;
    source.drag_to(MIDDLE).await;
    let refused = window.text("drop-refused").await;
    assert!(
        refused.contains("Close the dialog first"),
        "the veil says why not: {refused}"
    );
    screenshot_of_screen("23-drop-refused");
    source.drop_here();
    window.notice("Close the dialog first").await;
    assert_eq!(
        window.count("plan-dialog").await,
        0,
        "nothing was looked at"
    );
    window.close().await;
}

impl Window {
    /// Waits until the page says this in passing.
    async fn notice(&self, words: &str) {
        self.holds(&format!(
            "document.querySelector('[data-testid=toast]')?.textContent.includes('{words}')"
        ))
        .await;
    }

    async fn escape(&self) {
        self.keys("\u{e00c}").await;
    }

    async fn gone(&self, test_id: &str) {
        self.holds(&format!(
            "document.querySelector('[data-testid={test_id}]') === null"
        ))
        .await;
    }
}
