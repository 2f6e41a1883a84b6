//! `NaN` and `Infinity`, which JSON doesn't have and some programs write: read as nought, so that one such
//! number costs no conversation.

use std::borrow::Cow;
use std::io::{self, Read};

/// Puts noughts in their place, byte for byte: what follows stays where it is.
#[derive(Clone, Copy, Debug, Default)]
struct Noughts {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Between,
    InText,
    /// After a backslash.
    Escaped,
    /// So many letters of such a number have passed.
    InNumber(usize),
}

impl Noughts {
    fn put_into(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.state = match (self.state, *byte) {
                (State::InText, b'\\') => State::Escaped,
                (State::InText, b'"') => State::Between,
                (State::InText | State::Escaped, _) => State::InText,
                (State::InNumber(letters), b'a'..=b'z' | b'A'..=b'Z') => {
                    *byte = if letters == 1 { b'.' } else { b'0' };
                    State::InNumber(letters + 1)
                }
                (_, b'"') => State::InText,
                (_, b'N' | b'I') => {
                    *byte = b'0';
                    State::InNumber(1)
                }
                (_, _) => State::Between,
            };
        }
    }
}

pub(super) struct Readable<R> {
    inner: R,
    noughts: Noughts,
}

impl<R: Read> Readable<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            noughts: Noughts::default(),
        }
    }
}

impl<R: Read> Read for Readable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.noughts
            .put_into(buffer.get_mut(..read).unwrap_or_default());
        Ok(read)
    }
}

/// JSON that begins between two values.
pub(super) fn readable(json: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(json);
    // In most there is none, and a look costs less than a copy.
    if holds(json, b"NaN") || holds(json, b"Infinity") {
        Noughts::default().put_into(mended.to_mut());
    }
    mended
}

fn holds(json: &[u8], word: &[u8]) -> bool {
    json.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_are_none_are_changed() {
        let text =
            r#"[NaN, -Infinity, Infinity, "NaN \" Infinity \\", true, null, 1E5, {"N": NaN}]"#;
        let read = readable(text.as_bytes());
        assert_eq!(
            std::str::from_utf8(&read).unwrap(),
            r#"[0.0, -0.000000, 0.000000, "NaN \" Infinity \\", true, null, 1E5, {"N": 0.0}]"#,
            "each as long as it was, texts as they are"
        );
        assert!(serde_json::from_slice::<serde_json::Value>(&read).is_ok());
    }
}
