//! A desktop with a tray, as far as an icon can tell: a session bus of the test's own, and on it who
//! gathers icons. And what else goes over such a bus: a second start.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, Proxy};
use zbus::message::Header;
use zbus::zvariant::{OwnedValue, Value};

use crate::driver::{Person, until};
use crate::program::{Program, TITLE};
use crate::screen::{window_named, xdotool};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
/// A notice waits until a minute has passed since the start.
const NOTICE_MAX: Duration = Duration::from_secs(90);
const MENU: &str = "com.canonical.dbusmenu";

/// A session bus for one person.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Bus {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus is installed: npm test sees to it");
        let mut address = String::new();
        let told = daemon.stdout.take().unwrap();
        BufReader::new(told).read_line(&mut address).unwrap();
        Bus {
            daemon,
            address: address.trim().to_owned(),
        }
    }

    fn watched_by(&self, watcher: Watcher) -> Connection {
        Builder::address(self.address.as_str())
            .unwrap()
            .serve_at(WATCHER_PATH, watcher)
            .unwrap()
            .name(WATCHER)
            .unwrap()
            .build()
            .unwrap()
    }

    fn connect(&self) -> Connection {
        Builder::address(self.address.as_str())
            .unwrap()
            .build()
            .unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        drop(self.daemon.kill());
        drop(self.daemon.wait());
    }
}

/// Gathers icons and shows them to nobody.
struct Watcher {
    registered: Sender<(String, String)>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, item: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().unwrap().to_string();
        self.registered.send((sender, item.to_owned())).unwrap();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// Takes the notices that the system is to show.
struct Notices {
    shown: Sender<(String, String)>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notices {
    #[expect(
        clippy::too_many_arguments,
        reason = "so many has the call of the desktop's"
    )]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        title: &str,
        body: &str,
        _actions: Vec<String>,
        _hints: std::collections::HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        self.shown
            .send((title.to_owned(), body.to_owned()))
            .unwrap();
        1
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("test", "test", "1", "1.2")
    }
}

/// The icon, as the desktop sees it.
struct Icon {
    bus: Connection,
    owner: String,
    path: String,
}

impl Icon {
    async fn gathered(bus: Connection, registered: &Receiver<(String, String)>) -> Icon {
        let (owner, path) = until("the icon comes into the tray", || async {
            registered.try_recv().ok()
        })
        .await;
        Icon { bus, owner, path }
    }

    fn file(&self) -> String {
        let item = Proxy::new(&self.bus, self.owner.as_str(), self.path.as_str(), ITEM).unwrap();
        item.get_property("IconName").unwrap()
    }

    fn menu(&self) -> Proxy<'_> {
        let path = format!("{}/Menu", self.path);
        Proxy::new(&self.bus, self.owner.as_str(), path, MENU).unwrap()
    }

    /// The lines of its menu: their numbers and words.
    fn lines(&self) -> Vec<(i32, String)> {
        type Layout = (
            i32,
            std::collections::HashMap<String, OwnedValue>,
            Vec<OwnedValue>,
        );
        let (_, (_, _, children)): (u32, Layout) = self
            .menu()
            .call("GetLayout", &(0, -1, Vec::<&str>::new()))
            .unwrap();
        children
            .into_iter()
            .filter_map(|child| {
                let (id, properties, _) = Layout::try_from(child).unwrap();
                let label = properties.get("label")?;
                let label: &str = label.downcast_ref().unwrap();
                Some((id, label.replace('_', "")))
            })
            .collect()
    }

    fn choose(&self, words: &str) {
        let lines = self.lines();
        let (id, _) = lines.iter().find(|(_, label)| label == words).unwrap();
        let event = (*id, "clicked", Value::from(0), 0_u32);
        self.menu().call::<_, _, ()>("Event", &event).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_says_how_the_memory_is_and_keeps_the_program() {
    let person = Person::new();
    let bus = Bus::start();
    let (registered, icons) = channel();
    let watcher = bus.watched_by(Watcher { registered });
    let (shown, notices) = channel();
    watcher
        .object_server()
        .at("/org/freedesktop/Notifications", Notices { shown })
        .unwrap();
    watcher
        .request_name("org.freedesktop.Notifications")
        .unwrap();
    let window = person.open_window_on(Some(&bus.address)).await;
    let icon = Icon::gathered(bus.connect(), &icons).await;
    window.click("welcome-skip").await;
    let headline = window.text("headline").await;
    until("the tray says what the window says", || async {
        let lines = icon.lines();
        let words: Vec<&str> = lines.iter().map(|(_, words)| words.as_str()).collect();
        (words
            == [
                &headline,
                "Open Oldgrowth",
                "New note",
                "Pause work",
                "Quit Oldgrowth",
            ])
        .then_some(())
    })
    .await;
    let file = icon.file();
    assert!(
        file.starts_with(&person.home().display().to_string()),
        "the icon lies among the app's own files: {file}"
    );

    icon.choose("Pause work");
    window.find("work-mark .paused").await;
    let offered = |words: &str| icon.lines().iter().any(|(_, line)| line == words);
    until("the tray offers to resume it", || async {
        offered("Resume work").then_some(())
    })
    .await;
    icon.choose("Resume work");
    until("and to pause it again", || async {
        offered("Pause work").then_some(())
    })
    .await;

    window.click("nav-settings").await;
    window.click("keep-running").await;
    window.find("keep-running:checked").await;
    window.screenshot("24-keep-running").await;
    window
        .script("window.__TAURI_INTERNALS__.invoke('act', { act: 'close' })")
        .await;
    let seen = || xdotool(&["search", "--onlyvisible", "--name", TITLE]);
    until("the window is gone", || async {
        seen().is_none().then_some(())
    })
    .await;
    icon.choose("New note");
    until("the tray brings it back", || async { seen() }).await;
    window.find("note-dialog").await;

    // The store is taken away: the tray says so, with another icon.
    let store = person.workspace().join("memory_tree/chunks.db");
    std::fs::rename(&store, person.home().join("chunks.db")).unwrap();
    window
        .find("note-text")
        .await
        .send_keys("Anything.")
        .await
        .unwrap();
    // Somebody who looks at the window needs no notice.
    window
        .script("window.__TAURI_INTERNALS__.invoke('act', { act: 'close' })")
        .await;
    until("the window is away again", || async {
        seen().is_none().then_some(())
    })
    .await;
    window
        .script("document.querySelector('[data-testid=note-save]').click()")
        .await;
    until("the icon is another one", || async {
        (icon.file() != file && icon.lines()[0].1 != headline).then_some(())
    })
    .await;
    // Nobody is told in the first minute, and then of this failure once.
    let (title, body) = tokio::task::block_in_place(|| notices.recv_timeout(NOTICE_MAX)).unwrap();
    assert_eq!(title, "Oldgrowth needs you");
    assert!(
        icon.lines()[0].1.contains(body.split('.').next().unwrap()),
        "{body}: the tray's words"
    );
    std::fs::rename(person.home().join("chunks.db"), &store).unwrap();
    assert!(notices.try_recv().is_err(), "and no more");
    drop(watcher);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_in_the_tray_ends_the_program_well() {
    let person = Person::new();
    let bus = Bus::start();
    let (registered, icons) = channel();
    let _watcher = bus.watched_by(Watcher { registered });
    let mut program = Program::start(&person, Some(&bus.address));
    let icon = Icon::gathered(bus.connect(), &icons).await;
    program.window().await;
    icon.choose("Quit Oldgrowth");
    let status = program.ended().await;
    assert!(status.success(), "it ends well: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_brings_the_first_window_to_the_front() {
    let person = Person::new();
    let bus = Bus::start();
    let first = Program::start(&person, Some(&bus.address));
    // Without a window manager nobody gives a new window the keyboard.
    window_named(TITLE).await;
    let focused = || xdotool(&["getwindowfocus", "getwindowname"]);
    assert_ne!(
        focused().as_deref(),
        Some(TITLE),
        "the window is not in front of all yet"
    );

    let mut second = Program::start(&person, Some(&bus.address));
    let status = second.ended().await;
    assert_eq!(status.code(), Some(0), "the second start has done its work");
    until("the first window has the keyboard", || async {
        (focused()? == TITLE).then_some(())
    })
    .await;
    first.quit().await;
}
