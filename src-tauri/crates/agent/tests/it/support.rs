use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program on a workspace, from another folder, with nothing of ours in its environment.
pub(crate) fn oldgrowth(workspace: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oldgrowth"));
    command
        .arg("--workspace")
        .arg(workspace)
        .arg("--json")
        // What fails in a test is no report of whoever runs it.
        .env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env_remove("OLDGROWTH_WORKSPACE");
    command
}

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

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
}

impl Ran {
    /// The only line, or the last.
    pub(crate) fn last(&self) -> &Value {
        self.lines.last().unwrap_or(&Value::Null)
    }

    pub(crate) fn events(&self, name: &str) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| line["event"] == name)
            .collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            lines: lines(&String::from_utf8_lossy(&output.stdout)),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(workspace: &Path, args: &[S]) -> Ran {
    oldgrowth(workspace)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

pub(crate) fn run_with_input(workspace: &Path, args: &[&str], input: &[u8]) -> Ran {
    let mut child = oldgrowth(workspace)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Is strace there, which looks on from outside?
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
pub(crate) fn pid_below(parent: u32) -> rustix::process::Pid {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(path).unwrap();
    let pid = children.split_whitespace().next().unwrap().parse().unwrap();
    rustix::process::Pid::from_raw(pid).unwrap()
}
