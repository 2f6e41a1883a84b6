//! A text as words, and the runs of them that may be names.

use std::ops::Range;

use oldgrowth_domain::{text, words::fold};
use oldgrowth_engine::ports::Named;
use unicode_segmentation::UnicodeSegmentation;

use super::lexicon::Word;

#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Without what makes it a possessive.
    pub(super) range: Range<usize>,
    pub(super) folded: String,
    pub(super) is_capital: bool,
    /// Capitals only, two or more.
    pub(super) is_letters: bool,
    /// Written as no word of a person's name is: "UTF", "WebAssembly", "v2", "read_to_end".
    pub(super) is_coded: bool,
    /// It may be written with a capital for its place alone.
    pub(super) begins: bool,
    /// Its line is one of a title, where every word may have a capital.
    pub(super) in_title: bool,
    /// What stands between the word before and this one lets both belong to one name.
    pub(super) joined: bool,
    /// So it does, but the word before is a possessive: "St Brigid's School".
    pub(super) owned: bool,
    /// What stands between them is "&".
    pub(super) by_and: bool,
    /// Begins its line and has a colon after it, as whoever speaks in a chat does.
    pub(super) speaks: bool,
}

impl Token {
    pub(super) fn word(&self) -> Word<'_> {
        Word(&self.folded)
    }

    pub(super) fn is_title(&self) -> bool {
        self.word().is_title()
    }

    /// Whose words follow, as far as one word says it.
    pub(super) fn is_speaker(&self) -> bool {
        self.speaks
            && self.is_capital
            && !self.is_coded
            && (self.word().is_first_name() || !self.word().is_common())
    }
}

/// What has a form of its own holds no words.
pub(super) fn tokens(text: &str, forms: &[Named]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let sentences = text::sentences(text);
    let mut starts = sentences.iter().map(|sentence| sentence.start).peekable();
    let mut title_until = 0;
    let mut line_end = 0;
    for (at, word) in text.unicode_word_indices() {
        let end = at + word.len();
        if forms
            .iter()
            .any(|form| form.range.start < end && at < form.range.end)
        {
            continue;
        }
        let mut begins = false;
        while starts.next_if(|start| *start <= at).is_some() {
            begins = true;
        }
        if at >= line_end {
            begins = true;
            line_end = text
                .get(at..)
                .and_then(|rest| rest.find('\n'))
                .map_or(text.len(), |n| at + n);
            if is_title(text.get(at..line_end).unwrap_or_default()) {
                title_until = line_end;
            }
        }
        let before = tokens.last().map_or("", |last: &Token| {
            text.get(last.range.end..at).unwrap_or_default()
        });
        let before_bare = before
            .trim_start_matches("'s")
            .trim_start_matches("\u{2019}s");
        let is_possessive_before = before_bare.len() < before.len();
        let bare = ["'s", "\u{2019}s", "'", "\u{2019}"]
            .iter()
            .find_map(|end| word.strip_suffix(end));
        let kept = bare.unwrap_or(word);
        let mut chars = kept.chars();
        let is_capital = chars.next().is_some_and(char::is_uppercase);
        let joined = !is_possessive_before
            && match before {
                " " | "-" | "\u{2011}" | " & " => true,
                ". " => tokens.last().is_some_and(|last| {
                    last.is_title() || last.folded.chars().count() == 1 || last.folded == "st"
                }),
                ", " => Word(&fold(kept)).is_legal_form(),
                _ => false,
            };
        let begins_line = at == 0 || text.get(..at).is_some_and(|before| before.ends_with('\n'));
        // A quotation, a colon or a bracket begins something too.
        begins |= before_bare.contains([
            '"', '\u{201c}', '\u{2018}', ':', '\u{2022}', '\u{2014}', '(', '\u{ab}',
        ]) || (before_bare.contains(['.', '!', '?', '\u{2026}']) && !joined);
        tokens.push(Token {
            range: at..at + kept.len() + usize::from(keeps_stop(text, at + kept.len(), kept)),
            folded: fold(kept),
            is_capital,
            is_letters: kept.chars().count() >= 2
                && kept.chars().any(char::is_alphabetic)
                && !kept.chars().any(char::is_lowercase),
            is_coded: is_coded(kept),
            begins,
            in_title: at < title_until,
            joined,
            owned: is_possessive_before && before_bare == " ",
            by_and: before == " & ",
            speaks: begins_line && text.get(end..).is_some_and(|rest| rest.starts_with(": ")),
        });
    }
    tokens
}

fn is_coded(word: &str) -> bool {
    let mut initials = word.split('.');
    if initials.all(|part| part.chars().count() <= 1) {
        return false;
    }
    // "McCarthy", "DeVito", "O'Brien" have two capitals.
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let second = word.char_indices().skip(1).find(|(_, c)| c.is_uppercase());
    let begins_name = second.is_some_and(|(at, _)| {
        word.get(..at).is_some_and(|start| {
            NAME_STARTS.contains(&fold(start).trim_end_matches(['\'', '\u{2019}']))
        })
    });
    capitals > 1 && !(capitals == 2 && begins_name)
        || word.contains(|c: char| c.is_numeric() || matches!(c, '_' | '.' | ':'))
}

/// What stands before a capital within a name.
const NAME_STARTS: [&str; 14] = [
    "mc", "mac", "de", "di", "du", "da", "la", "le", "lo", "van", "von", "fitz", "o", "d",
];

/// The full stop belongs to "Inc." and its like.
fn keeps_stop(text: &str, end: usize, word: &str) -> bool {
    word.starts_with(char::is_uppercase)
        && matches!(
            fold(word).as_str(),
            "inc" | "ltd" | "corp" | "kft" | "bros" | "jr" | "sr"
        )
        && text.get(end..).is_some_and(|rest| rest.starts_with('.'))
}

/// In a text that is German any noun has a capital: a tenth of its words are enough to know it by.
pub(super) fn is_german(tokens: &[Token]) -> bool {
    let german = tokens
        .iter()
        .filter(|token| token.word().is_german())
        .count();
    tokens.len() >= 5 && german * 10 >= tokens.len()
}

/// A line without a full stop in which most words have a capital, or all are capitals.
fn is_title(line: &str) -> bool {
    let line = line.trim();
    if line.ends_with(['.', '!', '?', ',', ';']) {
        return false;
    }
    let words: Vec<&str> = line.unicode_words().collect();
    let capitals = words
        .iter()
        .filter(|word| word.starts_with(char::is_uppercase))
        .count();
    words.len() >= 3 && capitals * 3 >= words.len() * 2
}
