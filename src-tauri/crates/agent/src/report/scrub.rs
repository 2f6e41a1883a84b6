//! Takes out of a text what names a person, a file or a folder.
//!
//! What is left stands for itself: a name is a hash and, for a file of a kind that we know, its ending; an
//! address keeps its first letter, and long runs of letters and digits that could be a key are gone. The same
//! name gives the same hash within a report, so that it can be told that two rows speak of one thing; in
//! another report it has another.
//!
//! Whoever writes a path into a text says which, so that it is among the names. Where any other begins and ends
//! nobody knows, as a folder may be called anything: a text that holds one is gone whole.

use oldgrowth_domain::id::content_hash;

/// A run of letters and digits this long may be a key or a password.
const TOKEN_CHARS_MIN: usize = 32;

/// How many digits of its hash stand for a name.
const HASH_CHARS: usize = 6;

/// A shorter name in our letters is met by chance in any text.
const NAME_CHARS_MIN: usize = 3;

/// What follows the last dot of any other name may be a part of it.
const ENDINGS: [&str; 12] = [
    "db", "eml", "htm", "html", "json", "jsonl", "markdown", "mbox", "md", "pdf", "txt", "zip",
];

/// Stands for what could be a key or a password.
const REMOVED: &str = "(removed)";

/// Stands for a text that holds a path.
const NAMES_A_FILE: &str = "(removed, as it names a file or a folder)";

pub(super) struct Scrubber {
    /// Longest first, so that a path is replaced before a name within it.
    names: Vec<String>,
    salt: String,
}

impl Scrubber {
    /// `names` are all that the texts may hold. `salt` is this report's own, so that nobody can try out which
    /// name gives a hash.
    pub(super) fn new(names: &[String], salt: &str) -> Self {
        let long = |name: &&String| name.chars().count() >= NAME_CHARS_MIN || !name.is_ascii();
        let mut names: Vec<String> = names.iter().filter(long).cloned().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self {
            names,
            salt: salt.to_owned(),
        }
    }

    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in self.names.iter().filter(|name| !name.is_empty()) {
            if text.contains(name.as_str()) {
                text = text.replace(name.as_str(), &self.hashed(name));
            }
        }
        if text.contains(['/', '\\']) {
            return NAMES_A_FILE.to_owned();
        }
        scrub_words(&self.quoted(&text))
    }

    /// Our sentences put a name between these marks, and nothing else. It may hold such marks itself.
    fn quoted(&self, text: &str) -> String {
        let Some((before, quoted)) = text.split_once('“') else {
            return text.to_owned();
        };
        let (name, after) = quoted.rsplit_once('”').unwrap_or((quoted, ""));
        let name = if is_hash(name) {
            name.to_owned()
        } else {
            self.hashed(name)
        };
        format!("{before}“{name}”{after}")
    }

    fn hashed(&self, name: &str) -> String {
        let mut hash = content_hash(&[&self.salt, name]);
        hash.truncate(HASH_CHARS);
        let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        match ENDINGS.into_iter().find(|known| ending == Some(known)) {
            Some(ending) => format!("#{hash}.{ending}"),
            None => format!("#{hash}"),
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hash| {
        let (digits, ending) = hash.split_once('.').unwrap_or((hash, "md"));
        digits.len() == HASH_CHARS
            && digits.chars().all(|c| c.is_ascii_hexdigit())
            && ENDINGS.contains(&ending)
    })
}

fn scrub_words(text: &str) -> String {
    let mut out = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = piece.get(word.len()..).unwrap_or_default();
        out.push_str(&scrub_word(word));
        out.push_str(space);
    }
    out
}

fn scrub_word(word: &str) -> String {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric() && !".@_-".contains(c));
    if inner.is_empty() {
        return word.to_owned();
    }
    let scrubbed = if is_address(inner) {
        address(inner)
    } else if is_token(inner) {
        REMOVED.to_owned()
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

fn is_token(word: &str) -> bool {
    let run = word.chars().filter(|c| c.is_ascii_alphanumeric()).count();
    run >= TOKEN_CHARS_MIN && word.chars().any(|c| c.is_ascii_digit())
        || word.starts_with("sk-")
        || word.starts_with("ghp_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(text: &str) -> String {
        let names = [
            "Diary of Ada",
            "/home/ada/Diary",
            "/home/ada/Diary of Babbage.md",
            "C:\\Users\\Ada Lovelace",
            "王伟",
            "“Ada” and ”more",
            "",
        ];
        Scrubber::new(&names.map(str::to_owned), "salt").scrub(text)
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
            ("the folder “Love letters” is gone", "Love"),
            ("the folder “Love” letters” is gone", "letters"),
            ("the folder “Love letters", "Love"),
            ("Diary of Ada can't be read", "Diary"),
            ("the folder of 王伟 is gone", "王伟"),
            ("key sk-abc123", "abc123"),
            ("x 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ] {
            let scrubbed = scrub(text);
            assert!(!scrubbed.contains(secret), "{text} became {scrubbed}");
        }
    }

    #[test]
    fn of_a_path_that_nobody_has_told_of_nothing_is_left() {
        let names = [
            "Lovelace",
            "Ada Lovelace/Diary of 1842",
            "ada.lovelace/letters.d/to.babbage",
            "Lovelace, Ada (1842)! is gone; see",
            "Ada\"s 'Lovelace' “letters” ”",
            "Größe & Lovelace – café",
            "يوميات Lovelace المساء",
            "\u{200f}يوميات\u{200e} Lovelace",
            "Ada  Lovelace ",
            "Ada\nLovelace\tDiary",
            "@lovelace sk-Ada",
        ];
        let secrets = [
            "ada",
            "lovelace",
            "diary",
            "1842",
            "babbage",
            "letters",
            "größe",
            "café",
            "يوميات",
            "المساء",
        ];
        for name in names {
            let other = name.replace('/', "\\");
            for path in [
                format!("/home/ada/{name}"),
                format!("/home/ada/Diary {name}/x"),
                format!("/home/ada/Diary/{name}"),
                format!("~/{name}"),
                format!("~ada/{name}"),
                format!("file:///srv/{name}"),
                format!("C:\\Users\\{other}"),
                format!("C:\\Users\\Ada Lovelace\\Diary\\{other}"),
                format!("d:/{name}/x.md"),
                format!("\\\\lovelace\\{other}"),
                format!("\\\\?\\C:\\{other}"),
                format!("{name}/x"),
                format!("./{other}\\x"),
            ] {
                for text in [
                    path.clone(),
                    format!("It lies in {path}."),
                    format!("It lies in ({path}), and was in {path}; “{name}” is gone!"),
                    format!("Open it with: oldgrowth --workspace \"{path}\" search WORDS"),
                    format!("--workspace='{path}'"),
                    format!("“{name}” was in {path}"),
                ] {
                    let scrubbed = scrub(&text).to_lowercase();
                    for secret in secrets {
                        assert!(!scrubbed.contains(secret), "{text} became {scrubbed}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_path_that_was_told_of_is_all_that_goes() {
        let scrubbed = scrub("“/home/ada/Diary of Babbage.md” is there, and so are 2 others.");
        let (name, rest) = scrubbed.split_at("“#123456.md”".len());
        assert!(name.starts_with("“#") && name.ends_with(".md”"), "{name}");
        assert_eq!(rest, " is there, and so are 2 others.");
        let scrubbed = scrub("It lies in /home/ada/Diary.");
        assert_eq!(scrubbed.len(), "It lies in #123456.".len(), "{scrubbed}");
        let marked = scrub("The folder ““Ada” and ”more” and 1 other are not there.");
        assert_eq!(
            marked.matches(['“', '”']).count(),
            2,
            "the marks in a name are its own: {marked}"
        );
        assert!(marked.ends_with("” and 1 other are not there."));
    }

    #[test]
    fn a_name_is_the_same_in_one_report_and_keeps_an_ending_that_is_known() {
        let once = scrub("the file “b.md”");
        assert!(once.ends_with(".md”"), "{once}");
        assert_eq!(once, scrub("the file “b.md”"));
        let other = Scrubber::new(&[], "pepper");
        assert_ne!(once, other.scrub("the file “b.md”"), "in this one alone");
        let person = scrub("the folder “ada.lovelace”");
        assert!(!person.contains('.'), "not every ending is one: {person}");
        assert_eq!(scrub("ada@x.org"), "a***@…");
    }
}
