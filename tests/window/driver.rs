//! The real program in a real window, driven through WebKit's own WebDriver.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long anything may take. It is long because the machine may be busy; nothing waits for its end.
const PATIENCE: Duration = Duration::from_secs(30);
/// The Enter key, as WebDriver writes it.
pub(crate) const ENTER: &str = "\u{e007}";
/// How often something that tells nobody is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A person at a computer of their own: a home, a workspace, and somewhere to put screenshots.
pub(crate) struct Person {
    home: tempfile::TempDir,
    /// The screen has one keyboard, so persons take turns at it.
    _turn: MutexGuard<'static, ()>,
}

static SCREEN: Mutex<()> = Mutex::new(());

/// The window, open on the person's workspace.
pub(crate) struct Window {
    client: Client,
    driver: Child,
    /// The file that the owner of the workspace holds locked.
    lock: PathBuf,
}

impl Person {
    pub(crate) fn new() -> Person {
        Person {
            home: tempfile::tempdir().unwrap(),
            _turn: SCREEN.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.home.path().join("memory")
    }

    /// Starts Oldgrowth, as a click on its icon would.
    pub(crate) async fn open_window(&self) -> Window {
        self.open_window_on(None).await
    }

    /// Starts it where there is a session bus.
    pub(crate) async fn open_window_on(&self, bus: Option<&str>) -> Window {
        let port = free_port();
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("OLDGROWTH_WORKSPACE", self.workspace());
        at_home(&mut driver, self.home());
        if let Some(bus) = bus {
            driver.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        let driver = driver
            .stdin(Stdio::null())
            .spawn()
            .expect("WebKitWebDriver is installed: npm test sees to it");
        let program = json!({ "binary": env!("CARGO_BIN_EXE_oldgrowth-desktop"), "args": [] });
        let capabilities = [("webkitgtk:browserOptions".to_owned(), program)]
            .into_iter()
            .collect();
        let address = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = until("the driver lets the window be opened", || async {
            builder.connect(&address).await.ok()
        })
        .await;
        Window {
            client,
            driver,
            lock: self.workspace().join(".lock"),
        }
    }
}

impl Window {
    /// The first element with this test id (and what follows it in CSS), as soon as it is there.
    pub(crate) async fn find(&self, test_id: &str) -> Element {
        self.find_css(&css(test_id)).await
    }

    pub(crate) async fn find_css(&self, css: &str) -> Element {
        let waiting = self.client.wait().at_most(PATIENCE);
        match waiting.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => {
                self.give_up(&format!("the window must come to show {css}: {error}"))
                    .await
            }
        }
    }

    pub(crate) async fn click(&self, test_id: &str) {
        self.find(test_id).await.click().await.unwrap();
    }

    pub(crate) async fn text(&self, test_id: &str) -> String {
        self.find(test_id).await.text().await.unwrap()
    }

    pub(crate) async fn count(&self, test_id: &str) -> usize {
        self.client
            .find_all(Locator::Css(&css(test_id)))
            .await
            .unwrap()
            .len()
    }

    /// Types into whatever has the focus, as at a keyboard.
    pub(crate) async fn keys(&self, keys: &str) {
        self.client
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    }

    /// Runs a function's body in the page.
    pub(crate) async fn script(&self, body: &str) -> Value {
        self.client.execute(body, Vec::new()).await.unwrap()
    }

    /// Waits until an expression in the page is true.
    pub(crate) async fn holds(&self, expression: &str) {
        let asked = format!("return Boolean({expression})");
        let looked =
            within_patience(|| async { (self.script(&asked).await == true).then_some(()) });
        if looked.await.is_none() {
            self.give_up(&format!("this must come true in the page: {expression}"))
                .await;
        }
    }

    /// Fails the test, with a picture of what was there instead.
    async fn give_up(&self, why: &str) -> ! {
        self.screenshot("failed").await;
        panic!("{why}; target/window-screenshots/failed.png shows what was there instead");
    }

    /// Keeps what the window shows in `target/window-screenshots`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let drawn = "const done = arguments[arguments.length - 1];
            Promise.allSettled(document.getAnimations()
                    .filter((moving) => Number.isFinite(moving.effect.getComputedTiming().endTime))
                    .map((moving) => moving.finished))
                .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));";
        self.client.execute_async(drawn, Vec::new()).await.unwrap();
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(screenshots().join(format!("{name}.png")), picture).unwrap();
    }

    /// Closes the window and waits until the program has let the workspace go.
    pub(crate) async fn close(mut self) {
        self.client.clone().close().await.unwrap();
        until("the program lets the workspace go", || async {
            let lock = File::open(&self.lock).ok()?;
            lock.try_lock().ok()
        })
        .await;
        self.end_driver();
    }

    fn end_driver(&mut self) {
        // It may have ended by itself; either way it is waited for.
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.end_driver();
    }
}

/// As on a computer of one's own: nothing of this account's, no session bus, this screen.
pub(crate) fn at_home<'a>(program: &'a mut Command, home: &Path) -> &'a mut Command {
    program
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_RUNTIME_DIR")
        // Settings in memory: without a session bus the system's would complain at each step.
        .env("GSETTINGS_BACKEND", "memory")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("WAYLAND_DISPLAY")
}

/// Asks again until there is an answer, and fails when patience ends.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    ask: impl FnMut() -> F,
) -> T {
    within_patience(ask)
        .await
        .unwrap_or_else(|| panic!("this must come true: {what}"))
}

async fn within_patience<T, F: Future<Output = Option<T>>>(
    mut ask: impl FnMut() -> F,
) -> Option<T> {
    let answer = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(PATIENCE, answer).await.ok()
}

/// The folder for screenshots, beside what cargo builds.
pub(crate) fn screenshots() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("window-screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// `hit` or `ledger-row[data-in-step=true]` or `component-row[..] p`: the test id comes first.
fn css(test_id: &str) -> String {
    let end = test_id
        .find(|c: char| c != '-' && !c.is_ascii_alphanumeric())
        .unwrap_or(test_id.len());
    let (id, rest) = test_id.split_at(end);
    format!("[data-testid=\"{id}\"]{rest}")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
