//! The real program as a person starts it, without a driver: what only the desktop sees of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::driver::{Person, at_home, until};
use crate::screen::{focus, press, window_named, xdotool};

pub(crate) const TITLE: &str = "Oldgrowth";

pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts it on the person's own workspace, as a click on its icon does.
    pub(crate) fn start(person: &Person, bus: Option<&str>) -> Program {
        Self::start_with(person, bus, None)
    }

    /// Starts it on a workspace that is named.
    pub(crate) fn start_on_named(person: &Person) -> Program {
        Self::start_with(person, None, Some(&person.workspace()))
    }

    /// Starts it with somebody looking on from outside, who writes down each call on the network of this
    /// process and of all that it starts. `None` where strace is not installed.
    pub(crate) fn start_traced(person: &Person, trace: &Path) -> Option<Program> {
        let mut program = Command::new("strace");
        at_home(&mut program, person.home())
            .args(["-f", "-qq", "-e", "trace=network", "-o"])
            .arg(trace)
            .arg(env!("CARGO_BIN_EXE_oldgrowth-desktop"))
            .env_remove("OLDGROWTH_WORKSPACE")
            .stdin(Stdio::null());
        match program.spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            child => Some(Program {
                child: child.unwrap(),
            }),
        }
    }

    fn start_with(person: &Person, bus: Option<&str>, workspace: Option<&Path>) -> Program {
        let mut program = Command::new(env!("CARGO_BIN_EXE_oldgrowth-desktop"));
        at_home(&mut program, person.home()).stdin(Stdio::null());
        match workspace {
            Some(workspace) => program.env("OLDGROWTH_WORKSPACE", workspace),
            None => program.env_remove("OLDGROWTH_WORKSPACE"),
        };
        if let Some(bus) = bus {
            program.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        Program {
            child: program.spawn().unwrap(),
        }
    }

    /// Its window, as soon as it is seen, with the keyboard.
    pub(crate) async fn window(&self) -> String {
        let window = window_named(TITLE).await;
        focus(&window).await;
        window
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = std::cell::RefCell::new(&mut self.child);
        until("the program ends", || async {
            child.borrow_mut().try_wait().unwrap()
        })
        .await
    }

    /// By its shortcut. The page may not listen yet, so it is pressed until the program ends.
    pub(crate) async fn quit(mut self) {
        let child = std::cell::RefCell::new(&mut self.child);
        let status = until("the program ends when it is told to", || async {
            let ended = child.borrow_mut().try_wait().unwrap();
            if ended.is_none() && xdotool(&["getwindowfocus"]).is_some() {
                press("ctrl+q");
            }
            ended
        })
        .await;
        assert!(status.success(), "it ends well: {status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The one file with what was chosen about the window, once something was.
pub(crate) fn choices_file(person: &Person) -> Option<PathBuf> {
    let folder = person.home().join(".config/app.oldgrowth.desktop");
    let named = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let entries = std::fs::read_dir(folder).ok()?;
    entries.map(|entry| entry.unwrap().path()).find(named)
}

pub(crate) fn choices_now(person: &Person) -> Option<Value> {
    let file = choices_file(person)?;
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

pub(crate) fn choices(person: &Person) -> Value {
    choices_now(person).unwrap()
}

/// Where a window is on the screen: its corner and its size.
pub(crate) fn geometry(window: &str) -> [i32; 4] {
    let told = xdotool(&["getwindowgeometry", "--shell", window]).unwrap();
    ["X", "Y", "WIDTH", "HEIGHT"].map(|name| {
        let line = told
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap().parse().unwrap()
    })
}
