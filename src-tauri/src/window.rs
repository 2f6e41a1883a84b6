use tauri::{AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder};

/// The one window's label, which its capability names too.
const MAIN: &str = "main";
const WIDTH_PX: f64 = 1180.0;
const HEIGHT_PX: f64 = 780.0;
const WIDTH_MIN_PX: f64 = 720.0;
const HEIGHT_MIN_PX: f64 = 520.0;

/// Opens the window. Files can be dropped on it, and it follows the system's theme.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Oldgrowth")
        .inner_size(WIDTH_PX, HEIGHT_PX)
        .min_inner_size(WIDTH_MIN_PX, HEIGHT_MIN_PX)
        .on_navigation(is_own_page)
        .build()?;
    Ok(())
}

/// Brings the window to the front.
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

/// The window never leaves its own page, whatever a text in it links to.
fn is_own_page(url: &Url) -> bool {
    let built_in = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    built_in || (tauri::is_dev() && url.host_str() == Some("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
