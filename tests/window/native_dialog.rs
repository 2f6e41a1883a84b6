//! The system's own dialog, worked by its keyboard: a page can't reach it, and a person can.

use std::path::Path;
use std::time::Duration;

use crate::driver::until;
use crate::screen::{focus, screenshot_of_screen, window_named, xdotool};

/// How long the dialog may take to close before the path is typed once more.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Chooses a folder in the dialog that has this title.
pub(crate) async fn choose_folder(title: &str, folder: &Path) {
    let dialog = window_named(title).await;
    focus(&dialog).await;
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
