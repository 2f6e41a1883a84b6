//! The system's own dialog, worked by its keyboard: a page can't reach it, and a person can.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::driver::{screenshots, until};

/// How long the dialog may take to close before the path is typed once more.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Chooses a folder in the dialog that has this title.
pub(crate) async fn choose_folder(title: &str, folder: &Path) {
    let dialog = until("the folder dialog opens", || async {
        xdotool(&["search", "--onlyvisible", "--name", title])
    })
    .await;
    let dialog = dialog.lines().next().unwrap().to_owned();
    // Without a window manager nobody else gives it the keyboard.
    until("the dialog takes the keyboard", || async {
        xdotool(&["windowfocus", "--sync", &dialog])
    })
    .await;
    // The first slash opens the field for a path. Completion may swallow what is typed meanwhile, so
    // the path is typed anew, over what is there, until the dialog takes it.
    xdotool(&["key", "slash"]);
    let path = folder.display().to_string();
    until("the dialog takes the path", || async {
        xdotool(&[
            "windowfocus",
            "--sync",
            &dialog,
            "key",
            "ctrl+a",
            "type",
            "--delay",
            "20",
            &path,
        ]);
        screenshot_of_screen("02-dialog");
        xdotool(&["key", "Return"]);
        let closes = until("the dialog closes", || async {
            xdotool(&["search", "--onlyvisible", "--name", title])
                .is_none()
                .then_some(())
        });
        tokio::time::timeout(A_MOMENT, closes).await.ok()
    })
    .await;
}

fn xdotool(arguments: &[&str]) -> Option<String> {
    let ran = Command::new("xdotool")
        .args(arguments)
        .output()
        .expect("xdotool is installed: npm test sees to it");
    ran.status
        .success()
        .then(|| String::from_utf8_lossy(&ran.stdout).into_owned())
}

fn screenshot_of_screen(name: &str) {
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
