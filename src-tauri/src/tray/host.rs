//! Whether a Linux desktop has a tray. Many have none, or get one some time after the session begins.

use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::{DBusProxy, PropertiesProxy};
use zbus::names::InterfaceName;

/// Who gathers the icons for the desktop to show.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const HAS_HOST: &str = "IsStatusNotifierHostRegistered";
/// The desktop is asked while the person waits.
const ANSWER_MAX: Duration = Duration::from_millis(500);
/// The libraries that the icon goes through, in the order in which they are looked for. Without either,
/// asking for an icon ends the program.
const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Can an icon be offered at all? A desktop may come to show it later.
pub(super) fn can_be_reached() -> bool {
    has_library() && session().is_some()
}

/// Does the desktop show icons now?
pub(super) fn shows_icons() -> bool {
    session().and_then(|session| has_host(&session).ok()) == Some(true)
}

fn session() -> Option<zbus::blocking::Connection> {
    // The address is read, never made: no session bus is started for the tray's sake.
    let builder = Builder::session().ok()?;
    builder.method_timeout(ANSWER_MAX).build().ok()
}

fn has_host(session: &zbus::blocking::Connection) -> zbus::Result<bool> {
    // Asking a watcher that isn't there could start one.
    if !DBusProxy::new(session)?.name_has_owner(WATCHER.try_into()?)? {
        return Ok(false);
    }
    let watcher = PropertiesProxy::builder(session)
        .destination(WATCHER)?
        .path(WATCHER_PATH)?
        .build()?;
    let has_host = watcher.get(InterfaceName::try_from(WATCHER)?, HAS_HOST)?;
    Ok(bool::try_from(has_host)?)
}

fn has_library() -> bool {
    LIBRARIES.iter().any(|name| {
        #[expect(
            unsafe_code,
            reason = "loading runs the library's start-up code, as the icon itself will"
        )]
        let library = unsafe { libloading::Library::new(name) };
        library.is_ok()
    })
}
