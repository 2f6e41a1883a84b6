//! Takes out of a text what names a person, a file or a folder.
//!
//! What is left stands for itself: the home folder is `~`, a path is the hash of its name and its ending, an
//! address keeps its first letter, what stands between our quotation marks is hashed, and long runs of
//! letters and digits that could be a key are gone. The same name gives the same hash, so that it can be
//! told that two rows speak of one thing.

use std::path::PathBuf;

use oldgrowth_domain::id::content_hash;

/// A run of letters and digits this long may be a key or a password.
const TOKEN_CHARS_MIN: usize = 32;

/// How many digits of its hash stand for a name.
const HASH_CHARS: usize = 6;

/// A shorter name is met by chance in any text.
const NAME_CHARS_MIN: usize = 3;

/// The longest ending that is left: `markdown`.
const ENDING_CHARS_MAX: usize = 8;

pub(super) struct Scrubber {
    /// Longest first, so that a path is replaced before a name within it.
    names: Vec<String>,
    home: Option<String>,
}

impl Scrubber {
    pub(super) fn new(names: &[String], home: Option<PathBuf>) -> Self {
        let long = |name: &&String| name.chars().count() >= NAME_CHARS_MIN;
        let mut names: Vec<String> = names.iter().filter(long).cloned().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        let home = home.map(|home| home.to_string_lossy().into_owned());
        Self {
            names,
            home: home.filter(|home| home.chars().count() >= NAME_CHARS_MIN),
        }
    }

    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = quoted(text);
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
        for name in &self.names {
            if text.contains(name.as_str()) {
                text = text.replace(name.as_str(), &hashed(name));
            }
        }
        let mut out = String::new();
        for piece in text.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end();
            let space = piece.get(word.len()..).unwrap_or_default();
            out.push_str(&scrub_word(word));
            out.push_str(space);
        }
        out
    }
}

/// Our sentences put names between these marks, and nothing else.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('“') {
        out.push_str(before);
        out.push('“');
        let Some((name, after)) = after.split_once('”') else {
            // Cut off in the middle of a name.
            return out;
        };
        out.push_str(&hashed(name));
        out.push('”');
        rest = after;
    }
    out.push_str(rest);
    out
}

fn scrub_word(word: &str) -> String {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric() && !"/\\~.@_-".contains(c));
    if inner.is_empty() {
        return word.to_owned();
    }
    let scrubbed = if is_address(inner) {
        address(inner)
    } else if is_path(inner) {
        path(inner)
    } else if is_token(inner) {
        "(removed)".to_owned()
    } else {
        return word.to_owned();
    };
    word.replacen(inner, &scrubbed, 1)
}

fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.')
    })
}

fn address(word: &str) -> String {
    let first = word.chars().next().unwrap_or('*');
    format!("{first}***@…")
}

fn is_path(word: &str) -> bool {
    let drive = word
        .get(1..3)
        .is_some_and(|part| part == ":\\" || part == ":/");
    let rooted = word.starts_with('/') || word.starts_with("~/") || word.starts_with("~\\");
    let shared = word.starts_with("\\\\");
    (rooted || drive || shared) && word.chars().any(char::is_alphanumeric)
}

/// The home folder stays `~`; of the rest the last name's hash and ending.
fn path(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).find(|part| !part.is_empty());
    let begin = if word.starts_with('~') { "~/" } else { "…/" };
    format!("{begin}{}", name.map_or_else(String::new, hashed))
}

fn is_token(word: &str) -> bool {
    let run = word.chars().filter(|c| c.is_ascii_alphanumeric()).count();
    run >= TOKEN_CHARS_MIN && word.chars().any(|c| c.is_ascii_digit())
        || word.starts_with("sk-")
        || word.starts_with("ghp_")
}

fn hashed(name: &str) -> String {
    let mut hash = content_hash(&[name]);
    hash.truncate(HASH_CHARS);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.filter(|ending| {
        let short = (1..=ENDING_CHARS_MAX).contains(&ending.len());
        short && ending.chars().all(|c| c.is_ascii_alphanumeric())
    });
    ending.map_or_else(|| format!("#{hash}"), |ending| format!("#{hash}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(text: &str) -> String {
        let names = ["Diary of Ada".to_owned(), "/home/ada/Diary".to_owned()];
        Scrubber::new(&names, Some(PathBuf::from("/home/ada"))).scrub(text)
    }

    #[test]
    fn what_names_somebody_is_gone_and_what_does_not_stays() {
        for kept in [
            "2 files could not be read.",
            "2026-11-21T07:01:11Z",
            "backup chunks-20261121T070111Z",
            "Of 1,204 passages, 3 are missing (0.2 %).",
            "no_0123456789abcdefghjkmnpqrs",
        ] {
            assert_eq!(scrub(kept), kept);
        }
        for (text, secret) in [
            ("write to ada@lovelace.org today", "lovelace"),
            ("/home/ada/letters/to-babbage.md is gone", "babbage"),
            ("the folder “Love letters” is gone", "Love"),
            ("Diary of Ada can't be read", "Diary"),
            ("kept in C:\\Users\\Ada\\memory", "Ada"),
            ("key sk-abc123", "abc123"),
            ("x 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ] {
            let scrubbed = scrub(text);
            assert!(!scrubbed.contains(secret), "{text} became {scrubbed}");
        }
    }

    #[test]
    fn a_file_keeps_its_ending_and_a_name_always_becomes_the_same() {
        let once = scrub("/srv/a/b.md");
        assert!(once.ends_with(".md"), "{once}");
        assert_eq!(once, scrub("/srv/a/b.md"));
        assert!(
            scrub("~/x/y.txt").starts_with("~/#"),
            "below the home folder"
        );
        assert_eq!(scrub("ada@x.org"), "a***@…");
    }
}
