//! The screen that the windows are on: its keyboard, its pointer, and what is seen there.

use std::process::Command;
use std::time::Duration;

use crate::driver::{screenshots, until};

/// What xdotool says, if it could do it.
pub(crate) fn xdotool(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("xdotool")
        .args(arguments)
        .output()
        .expect("xdotool is installed: npm test sees to it");
    ran.status
        .success()
        .then(|| String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

/// The window with this title, as soon as it is seen.
pub(crate) async fn window_named(title: &str) -> String {
    let found = until("a window with this title is seen", || async {
        xdotool(&["search", "--onlyvisible", "--name", title])
    })
    .await;
    found.lines().next().unwrap().to_owned()
}

/// Gives a window the keyboard: without a window manager nobody else does.
pub(crate) async fn focus(window: &str) {
    until("the window takes the keyboard", || async {
        xdotool(&["windowfocus", "--sync", window])
    })
    .await;
}

/// Presses keys as a person would, in whatever window has the keyboard.
pub(crate) fn press(keys: &str) {
    xdotool(&["key", keys]).unwrap();
}

/// A pointer that is moved by a hand takes time on its way.
pub(crate) async fn pause(long: Duration) {
    tokio::time::sleep(long).await;
}

/// Keeps what the whole screen shows, with what is not the page's own.
pub(crate) fn screenshot_of_screen(name: &str) {
    let path = screenshots().join(format!("{name}.png"));
    let ran = Command::new("import")
        .args(["-window", "root"])
        .arg(path)
        .status();
    assert!(
        ran.is_ok_and(|status| status.success()),
        "the screen can be pictured"
    );
}
