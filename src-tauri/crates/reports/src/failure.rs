//! What is known of a failure.

use crate::place::{crate_relative, symbol};

/// Frames of a stack that are kept, the innermost.
const FRAMES_MAX: usize = 32;

/// Where the standard library calls the hook, and what lies between that and the code that panicked.
const HOOK: [&str; 2] = [
    "panicking::panic_with_hook",
    "panicking::rust_panic_with_hook",
];
const PANICKING: [&str; 5] = [
    "panicking::",
    "rust_begin_unwind",
    "short_backtrace",
    "core::option::",
    "core::result::",
];

/// A failure, in words that are literals of the program, numbers, and places in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub(crate) class: &'static str,
    /// The kind within the class: an error's name in the page's language.
    pub(crate) kind: &'static str,
    pub(crate) phase: &'static str,
    pub(crate) code: Option<i32>,
    pub(crate) errno: Option<i32>,
    /// The memory in which it goes on. No report has it.
    pub(crate) lasting_in: Option<String>,
    pub(crate) platform: &'static str,
    /// The innermost first.
    pub(crate) frames: Vec<Frame>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    /// It is code of ours.
    pub(crate) ours: bool,
}

impl Failure {
    /// A failure that is known by its class, met in a phase of the work.
    #[must_use]
    pub fn typed(class: &'static str, phase: &'static str) -> Self {
        Self {
            class,
            kind: class,
            phase,
            code: None,
            errno: None,
            lasting_in: None,
            platform: "native",
            frames: Vec::new(),
        }
    }

    /// With SQLite's extended code and the system's own number.
    #[must_use]
    pub fn codes(mut self, code: Option<i32>, errno: Option<i32>) -> Self {
        self.code = code;
        self.errno = errno;
        self
    }

    /// It is a state that goes on in a memory until [`crate::Reports::well`] is said of it.
    #[must_use]
    pub fn lasting_in(mut self, memory: &str) -> Self {
        self.lasting_in = Some(memory.to_owned());
        self
    }

    /// A panic at this place in the code. `stack` is a backtrace as the standard library writes it.
    pub(crate) fn of_panic(place: Option<(&str, u32)>, phase: &'static str, stack: &str) -> Self {
        let mut frames = of_backtrace(stack);
        if let Some((path, line)) = place
            && let Some(file) = crate_relative(path)
        {
            let is_first = frames
                .first()
                .is_some_and(|frame| frame.file.as_ref() == Some(&file));
            if !is_first {
                // The place is known even where the symbols were stripped.
                let here = Frame {
                    ours: is_ours(&file),
                    file: Some(file),
                    line: Some(line),
                    ..Frame::default()
                };
                frames.insert(0, here);
            }
        }
        frames.truncate(FRAMES_MAX);
        Self {
            frames,
            ..Self::typed("panic", phase)
        }
    }

    /// The innermost place that is known, in our own code if there is one.
    pub(crate) fn place(&self) -> Option<(&str, u32)> {
        let known = |frame: &&Frame| frame.file.is_some() && frame.line.is_some();
        let ours = self.frames.iter().filter(known).find(|frame| frame.ours);
        let frame = ours.or_else(|| self.frames.iter().find(known))?;
        Some((frame.file.as_deref()?, frame.line?))
    }
}

/// The frames of a backtrace with whole paths, from the one that panicked on. A line that isn't understood is passed over.
fn of_backtrace(stack: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in stack.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                let mut parts = place.rsplitn(3, ':');
                let (_column, line, path) = (parts.next(), parts.next(), parts.next());
                frame.file = path.and_then(crate_relative);
                frame.line = line
                    .and_then(|line| line.parse().ok())
                    .filter(|_| frame.file.is_some());
                frame.ours = frame.file.as_deref().is_some_and(is_ours);
            }
        } else if let Some((number, name)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            let name = name.trim_start();
            let name = match name.split_once(" - ") {
                Some((address, name)) if address.starts_with("0x") => name,
                _ => name,
            };
            frames.push(Frame {
                function: Some(symbol(name)).filter(|name| name != "<unknown>"),
                ..Frame::default()
            });
        }
    }
    let is = |frame: &Frame, parts: &[&str]| {
        let name = frame.function.as_deref().unwrap_or_default();
        parts.iter().any(|part| name.contains(part))
    };
    if let Some(hook) = frames.iter().position(|frame| is(frame, &HOOK)) {
        let of_panicking = frames
            .iter()
            .skip(hook)
            .take_while(|frame| is(frame, &PANICKING))
            .count();
        frames.drain(..hook + of_panicking);
    }
    frames.retain(|frame| frame.function.is_some() || frame.file.is_some());
    frames
}

fn is_ours(file: &str) -> bool {
    let of_others = file.starts_with("library/")
        || file
            .split('/')
            .next()
            .is_some_and(|name| name.contains(|c: char| c.is_ascii_digit()));
    !of_others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backtrace_is_read_from_the_frame_that_panicked_on() {
        let stack = "   0:     0x55d3c0 - std::backtrace::Backtrace::create\n             at /rustc/1/library/std/src/backtrace.rs:331:13\n\
                        1: std::panicking::panic_with_hook\n\
                        2: __rustc[0123456789abcdef]::rust_begin_unwind\n\
                        3:     0x55d3c1 - oldgrowth_engine[1f]::jobs::Core::seal::h0123456789abcdef\n             at /home/anna/src-tauri/crates/engine/src/jobs/mod.rs:17:9\n\
                        4: <unknown>\n\
                        5: std::thread::spawn\n             at /home/anna/secret.rs:9:9\n";
        let failure = Failure::of_panic(
            Some(("src-tauri/crates/engine/src/jobs/mod.rs", 17)),
            "worker",
            stack,
        );
        let told: Vec<_> = failure
            .frames
            .iter()
            .map(|frame| (frame.function.as_deref(), frame.file.as_deref(), frame.line))
            .collect();
        assert_eq!(
            told,
            [
                (
                    Some("oldgrowth_engine::jobs::Core::seal"),
                    Some("engine/src/jobs/mod.rs"),
                    Some(17)
                ),
                (Some("std::thread::spawn"), None, None),
            ],
            "a path that is none of ours is dropped, the name of the function stays"
        );
        assert_eq!(failure.place(), Some(("engine/src/jobs/mod.rs", 17)));
    }

    #[test]
    fn without_symbols_the_place_is_known_all_the_same() {
        let failure = Failure::of_panic(
            Some(("src-tauri/crates/engine/src/jobs/mod.rs", 17)),
            "main",
            "   0: <unknown>\n   1: <unknown>\n",
        );
        assert_eq!(failure.place(), Some(("engine/src/jobs/mod.rs", 17)));
        assert_eq!(failure.frames.len(), 1);
    }

    #[test]
    fn a_real_backtrace_is_understood() {
        let stack = std::backtrace::Backtrace::force_capture();
        let frames = of_backtrace(&format!("{stack:#}"));
        let here = frames.iter().find(|frame| {
            frame
                .function
                .as_deref()
                .is_some_and(|name| name.contains("a_real_backtrace_is_understood"))
        });
        assert_eq!(
            here.and_then(|frame| frame.file.as_deref()),
            Some("reports/src/failure.rs"),
            "this very test is among {frames:?}"
        );
    }
}
