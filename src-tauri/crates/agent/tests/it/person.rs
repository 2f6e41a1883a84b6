use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::Ran;

/// Somebody with a home of their own, in which their memory lies in the usual folder.
pub(crate) struct Person {
    home: tempfile::TempDir,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(name)
    }

    /// The usual folder.
    pub(crate) fn memory(&self) -> PathBuf {
        self.path("data/oldgrowth")
    }

    pub(crate) fn at_home(&self, mut command: Command) -> Command {
        command
            .env_remove("OLDGROWTH_WORKSPACE")
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.path("data"))
            // Nothing of a test belongs into the keychain of whoever runs it.
            .env("OLDGROWTH_KEYCHAIN", "off")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.at_home(Command::new(env!("CARGO_BIN_EXE_oldgrowth")));
        command.arg("--json");
        command
    }

    /// The program, with all that it and what it starts does on a network written down.
    pub(crate) fn traced(&self, trace: &Path, args: &[&str]) -> Command {
        let mut command = self.at_home(Command::new("strace"));
        command
            .args(["-f", "-qq", "-A", "-o"])
            .arg(trace)
            .args(["-e", "trace=network"])
            .arg(env!("CARGO_BIN_EXE_oldgrowth"))
            .arg("--json")
            .args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command().args(args).output().unwrap().into()
    }
}

/// Is strace there, which looks on from outside?
#[expect(clippy::print_stdout, reason = "a test that is left out should say so")]
pub(crate) fn can_trace(person: &Person, trace: &Path) -> bool {
    match person.traced(trace, &["reports"]).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("left out: strace, which looks on from outside, is not installed");
            false
        }
        ran => {
            assert!(ran.unwrap().status.success(), "strace can look on");
            true
        }
    }
}

/// The one process that strace has started.
pub(crate) fn pid_below(parent: u32) -> rustix::process::Pid {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(path).unwrap();
    let pid = children.split_whitespace().next().unwrap().parse().unwrap();
    rustix::process::Pid::from_raw(pid).unwrap()
}
