//! Errors of the page in the window. What it sends may quote anything, so only what is known beforehand
//! is taken from it: names of errors, our own scripts, and numbers.

use serde::Deserialize;

use crate::failure::{Failure, Frame};

const FRAMES_MAX: usize = 32;
const LINE_MAX: u32 = 1_000_000;

/// The names of errors that the language and its browsers have.
const NAMES: [&str; 20] = [
    "AbortError",
    "AggregateError",
    "DataCloneError",
    "DataError",
    "Error",
    "EvalError",
    "HierarchyRequestError",
    "InternalError",
    "InvalidCharacterError",
    "InvalidStateError",
    "NetworkError",
    "NotAllowedError",
    "NotFoundError",
    "NotSupportedError",
    "QuotaExceededError",
    "RangeError",
    "ReferenceError",
    "SecurityError",
    "SyntaxError",
    "TypeError",
];

/// How the page came to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFailureKind {
    /// Nobody caught an error.
    Error,
    /// Nobody heard that a promise was broken.
    Rejection,
    /// A part of the page could not be shown.
    Boundary,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageFailure {
    pub kind: PageFailureKind,
    pub name: String,
    /// The innermost first.
    pub frames: Vec<PageFrame>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageFrame {
    /// A script by its path in the app, such as `assets/index-1a2b3c4d.js`.
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl Failure {
    /// An error of the page. `is_script` says whether the app has a script of this path.
    #[must_use]
    pub fn of_page(failure: &PageFailure, is_script: &dyn Fn(&str) -> bool) -> Self {
        let frames = failure
            .frames
            .iter()
            .take(FRAMES_MAX)
            .filter(|frame| frame.line <= LINE_MAX && frame.column <= LINE_MAX)
            .filter(|frame| is_script(&frame.file))
            .map(|frame| Frame {
                function: None,
                file: Some(frame.file.clone()),
                line: Some(frame.line),
                column: Some(frame.column),
                ours: true,
            })
            .collect();
        let name = NAMES.into_iter().find(|name| *name == failure.name);
        Self {
            kind: name.unwrap_or("Other"),
            platform: "javascript",
            frames,
            ..Self::typed(
                "page",
                match failure.kind {
                    PageFailureKind::Error => "error",
                    PageFailureKind::Rejection => "rejection",
                    PageFailureKind::Boundary => "boundary",
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_the_page_says_only_the_known_is_taken() {
        let frame = |file: &str, line| PageFrame {
            file: file.to_owned(),
            line,
            column: 7,
        };
        let said = PageFailure {
            kind: PageFailureKind::Rejection,
            name: "AnnaMuellerError".to_owned(),
            frames: vec![
                frame("assets/anna-mueller.js", 1),
                frame("assets/index-1a2b.js", 4_000_000_000),
                frame("assets/index-1a2b.js", 2),
            ]
            .into_iter()
            .chain((0..1000).map(|_| frame("assets/index-1a2b.js", 3)))
            .collect(),
        };
        let failure = Failure::of_page(&said, &|file| file == "assets/index-1a2b.js");
        assert_eq!(
            (failure.kind, failure.phase, failure.place()),
            ("Other", "rejection", Some(("assets/index-1a2b.js", 2))),
            "a name that somebody made up, a script that isn't there and a number that is no line are dropped"
        );
        assert!(
            failure.frames.len() <= FRAMES_MAX,
            "and the rest is bounded"
        );
    }
}
