//! Processes that a suite starts, hears and kills.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::Builder;
use std::time::Duration;

use oldgrowth_keeper::Clock;

use super::Options;
use crate::WallClock;

/// A running child. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    lines: Receiver<String>,
    heard: Heard,
}

/// What a child has said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) acknowledged: Vec<i64>,
    /// Failures by their class and code.
    pub(super) failures: Vec<String>,
    /// How it ended, if it did so before it was killed.
    pub(super) ended: Option<ExitStatus>,
}

impl Process {
    pub(super) fn start(options: &Options, child: &str, arguments: &[String]) -> io::Result<Self> {
        let mut child = Command::new(&options.program)
            .args(["child", child])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let (tell, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            Builder::new().name("listener".into()).spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        return;
                    }
                }
            })?;
        }
        Ok(Process {
            child,
            lines,
            heard: Heard::default(),
        })
    }

    /// Listens for so long, or until the child ends.
    pub(super) fn listen_for(&mut self, time: Duration) {
        let clock = WallClock::start();
        loop {
            let left = time.saturating_sub(clock.monotonic());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.hear(&line),
                Err(mpsc::RecvTimeoutError::Timeout) => return,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    // Its output is closed, so it is about to end; `kill` must find out how.
                    self.heard.ended = self.child.wait().ok();
                    return;
                }
            }
        }
    }

    /// Kills it with SIGKILL, and returns all it has said until then.
    pub(super) fn kill(mut self) -> io::Result<Heard> {
        self.heard.ended = self.child.try_wait()?;
        self.child.kill()?;
        self.child.wait()?;
        while let Ok(line) = self.lines.recv() {
            self.hear(&line);
        }
        Ok(std::mem::take(&mut self.heard))
    }

    fn hear(&mut self, line: &str) {
        match line.strip_prefix("kept ").map(str::parse) {
            Some(Ok(id)) => self.heard.acknowledged.push(id),
            _ => self.heard.failures.push(line.to_owned()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
