use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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
        .env("OLDGROWTH_KEYCHAIN", "off")
        .env_remove("OLDGROWTH_WORKSPACE");
    command
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
    // Whoever ends without listening says why, and that is what the test is told.
    child.stdin.take().unwrap().write_all(input).ok();
    child.wait_with_output().unwrap().into()
}

pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// `oldgrowth serve`, ready and ended with the value.
pub(crate) struct Serving(Child);

impl Serving {
    pub(crate) fn start(workspace: &Path) -> Self {
        let mut child = oldgrowth(workspace)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("serving"), "it says when it is ready: {line}");
        Self(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
