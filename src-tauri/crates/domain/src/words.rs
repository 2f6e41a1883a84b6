//! How text becomes words in the index, and a question becomes words to look for.
//!
//! The index splits words at spaces and punctuation and stems them. Chinese, Japanese, Thai and their
//! like are written without spaces (Korean with particles glued on), so runs of their characters are
//! indexed, and asked, as single characters and overlapping pairs. Trigrams would miss the many
//! words of two characters.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::nfc;

/// At most this many words of a question are looked for; the rest are dropped, last first.
pub const QUESTION_WORDS_MAX: usize = 64;

/// Words that say nothing about what is asked. Dropping them from the question is worth more than
/// a better ranking: 5.8 points of recall at 10 on LoCoMo's questions with FTS5's BM25.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "before", "being", "between", "both", "but", "by", "can", "could",
    "did", "do", "does", "doing", "down", "during", "each", "few", "for", "from", "further", "had",
    "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "just", "me", "more", "most", "my", "no", "nor", "not", "now", "of",
    "off", "on", "once", "only", "or", "other", "our", "ours", "out", "over", "own", "same", "she",
    "should", "so", "some", "such", "than", "that", "the", "their", "theirs", "them", "then",
    "there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up",
    "very", "was", "we", "were", "what", "what's", "when", "when's", "where", "where's", "which",
    "while", "who", "who's", "whom", "whose", "why", "will", "with", "would", "you", "your",
    "yours", "don't", "didn't", "doesn't", "isn't", "wasn't", "i'm", "i've", "it's",
];

/// Does a folded word say nothing about what is asked?
pub fn is_stop_word(folded: &str) -> bool {
    STOP_WORDS.contains(&folded)
}

/// Is it written in a script whose words are not set apart by spaces, or whose words carry
/// particles: Han, Kana, Hangul, Bopomofo, Thai, Lao, Burmese, Khmer?
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E01..=0x0E4E | 0x0E81..=0x0ECF | 0x1000..=0x103F | 0x1780..=0x17D3 // without digits
        | 0x1100..=0x11FF       // Hangul Jamo
        | 0x2E80..=0x2FDF     // radicals
        | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3038..=0x303B
        | 0x3040..=0x30FF     // Hiragana, Katakana
        | 0x3100..=0x318F     // Bopomofo, Hangul compatibility Jamo
        | 0x31A0..=0x31BF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xA960..=0xA97F | 0xAC00..=0xD7FF
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F     // half-width Katakana
        | 0x1AFF0..=0x1B16F
        | 0x20000..=0x3FFFF)
}

/// The text as the word index takes it in: normal form C, with each run of such a script spread
/// into its characters and pairs.
pub fn index_text(text: &str) -> String {
    let text = nfc(text);
    if !text.chars().any(is_unspaced) {
        return text;
    }
    let mut out = String::with_capacity(text.len() * 2);
    for run in runs(&text) {
        match run {
            Run::Unspaced(run) => {
                out.push(' ');
                for gram in singles_and_pairs(run) {
                    out.push_str(gram);
                    out.push(' ');
                }
            }
            Run::Other(other) => out.push_str(other),
        }
    }
    out
}

/// The words of a question, in order, each once, without stop words unless there is nothing else.
/// A pair stands for its two characters; a lone character for itself.
pub fn question_words(question: &str) -> Vec<String> {
    let question = nfc(question);
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for run in runs(&question) {
        match run {
            Run::Unspaced(run) => {
                unspaced_question_words(run).for_each(|gram| push_new(&mut kept, gram.to_owned()))
            }
            Run::Other(other) => {
                for word in other.unicode_words() {
                    let word = word.to_lowercase().replace('\u{2019}', "'");
                    let list = if STOP_WORDS.contains(&word.as_str()) {
                        &mut dropped
                    } else {
                        &mut kept
                    };
                    push_new(list, word);
                }
            }
        }
    }
    if kept.is_empty() { dropped } else { kept }
}

/// The words of a question among which somebody may be named.
#[derive(Debug)]
pub struct Naming {
    folded: String,
    words: Vec<String>,
}

impl Naming {
    pub fn of(question: &str) -> Self {
        Self {
            folded: fold(&nfc(question)),
            words: name_words(question),
        }
    }

    /// By the whole name, or by the first word of it. A word that says nothing by itself names nobody.
    pub fn names(&self, name: &str) -> bool {
        if name.chars().any(is_unspaced) {
            return self.folded.contains(fold(&nfc(name)).trim());
        }
        let name = name_words(name);
        let Some(first) = name.first() else {
            return false;
        };
        let is_whole = name.len() > 1 && self.words.windows(name.len()).any(|words| words == name);
        let tells = first.chars().count() >= BEGUN_CHARS_MIN && !is_stop_word(first);
        is_whole || (tells && self.words.contains(first))
    }
}

/// Folded, and without the `'s` of who has something.
fn name_words(text: &str) -> Vec<String> {
    let words = text.unicode_words().map(fold);
    words
        .map(|word| word.strip_suffix("'s").map_or(word.clone(), str::to_owned))
        .collect()
}

/// How many words a text has; of scripts without spaces about as many.
pub fn word_count(text: &str) -> usize {
    const CHARS_A_WORD: usize = 2;
    let spaced = text
        .split_whitespace()
        .filter(|word| !word.chars().any(is_unspaced));
    let unspaced = text.chars().filter(|c| is_unspaced(*c)).count();
    spaced.count() + unspaced / CHARS_A_WORD
}

/// The fewest characters of a word that say what it may become.
const BEGUN_CHARS_MIN: usize = 2;

/// The word at the very end of a question, which may be unfinished. None where words are not set apart,
/// for a stop word, and for a single letter.
pub fn begun_word(question: &str) -> Option<String> {
    let question = nfc(question);
    let (at, word) = question.unicode_word_indices().next_back()?;
    let is_last = at + word.len() == question.len();
    let word = word.to_lowercase().replace('\u{2019}', "'");
    let is_telling = !STOP_WORDS.contains(&word.as_str()) && !word.chars().any(is_unspaced);
    (is_last && is_telling && word.chars().count() >= BEGUN_CHARS_MIN).then_some(word)
}

/// Where this stands in a text, whatever the case and the accents and wherever a line ends, as byte ranges
/// in order, not overlapping.
pub fn find_folded(text: &str, wanted: &str) -> Vec<Range<usize>> {
    let wanted = Folded::of(wanted).text;
    if wanted.is_empty() {
        return Vec::new();
    }
    let folded = Folded::of(text);
    folded
        .text
        .match_indices(&wanted)
        .filter_map(|(at, found)| folded.range(at..at + found.len()))
        .collect()
}

/// Can a text of at most so many characters hold this, whatever the case and the accents?
pub fn fits_folded(wanted: &str, chars_max: usize) -> bool {
    Folded::of(wanted).text.chars().count() <= chars_max * FOLDED_CHARS_MAX
}

/// Folding makes at most so many characters of one: of a Hangul syllable its letters.
const FOLDED_CHARS_MAX: usize = 3;

/// A text in lower case without accents, its white space as spaces, and where each of its bytes comes from.
struct Folded {
    text: String,
    /// For each byte the start and the end of the character it was made from; empty when the text was
    /// ASCII, in which nothing moves.
    from: Vec<(usize, usize)>,
}

impl Folded {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                text: text
                    .chars()
                    .map(folded_space)
                    .collect::<String>()
                    .to_ascii_lowercase(),
                from: Vec::new(),
            };
        }
        let mut folded = Self {
            text: String::with_capacity(text.len()),
            from: Vec::with_capacity(text.len()),
        };
        for (at, c) in text.char_indices() {
            decompose_canonical(c, |part| {
                if !matches!(u32::from(part), 0x0300..=0x036F) {
                    folded.text.extend(folded_space(part).to_lowercase());
                }
            });
            let end = at + c.len_utf8();
            if folded.from.len() == folded.text.len()
                && let Some(last) = folded.from.last_mut()
            {
                // An accent by itself belongs to what stands before it.
                last.1 = end;
            }
            folded.from.resize(folded.text.len(), (at, end));
        }
        folded
    }

    fn range(&self, range: Range<usize>) -> Option<Range<usize>> {
        if self.from.is_empty() {
            return Some(range);
        }
        let (start, _) = self.from.get(range.start)?;
        let (_, end) = self.from.get(range.end.checked_sub(1)?)?;
        Some(*start..*end)
    }
}

/// A word as it is compared: lower case, without the accents of the Latin, Greek and Cyrillic
/// scripts, with a straight apostrophe.
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let bare: String = word
        .nfd()
        .filter(|c| !matches!(u32::from(*c), 0x0300..=0x036F))
        .map(|c| if c == '\u{2019}' { '\'' } else { c })
        .collect();
    nfc(&bare.to_lowercase())
}

fn push_new(list: &mut Vec<String>, word: String) {
    if list.len() < QUESTION_WORDS_MAX && !list.contains(&word) {
        list.push(word);
    }
}

enum Run<'t> {
    Unspaced(&'t str),
    Other(&'t str),
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let unspaced = is_unspaced(first);
        let end = rest
            .find(|c| is_unspaced(c) != unspaced)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(if unspaced {
            Run::Unspaced(run)
        } else {
            Run::Other(run)
        })
    })
}

fn singles_and_pairs(run: &str) -> impl Iterator<Item = &str> {
    grams(run, 1).chain(grams(run, 2))
}

fn unspaced_question_words(run: &str) -> impl Iterator<Item = &str> {
    let length = run.chars().count();
    grams(run, length.min(2))
}

/// The overlapping runs of `size` characters, in order.
fn grams(run: &str, size: usize) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = run
        .char_indices()
        .map(|(at, _)| at)
        .chain([run.len()])
        .collect();
    let count = starts.len().saturating_sub(size);
    (0..count).filter_map(move |i| run.get(*starts.get(i)?..*starts.get(i + size)?))
}

/// The end of a line is mostly the width of somebody's window.
fn folded_space(c: char) -> char {
    if c.is_whitespace() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_go_unless_nothing_else_was_asked() {
        assert_eq!(
            question_words("When does my passport expire?"),
            ["passport", "expire"]
        );
        assert_eq!(
            question_words("To be or not to be"),
            ["to", "be", "or", "not"]
        );
        assert!(question_words("?! ...").is_empty());
    }

    #[test]
    fn cjk_is_indexed_as_characters_and_pairs_and_asked_as_pairs() {
        assert_eq!(
            index_text("護照2030年")
                .split_whitespace()
                .collect::<Vec<_>>(),
            ["護", "照", "護照", "2030", "年"]
        );
        assert_eq!(question_words("護照在哪"), ["護照", "照在", "在哪"]);
        assert_eq!(question_words("여권 어디"), ["여권", "어디"]);
        assert_eq!(question_words("犬"), ["犬"]);
        assert_eq!(
            question_words("แมว"),
            ["แม", "มว"],
            "Thai is written without spaces too"
        );
    }

    #[test]
    fn decomposed_text_is_asked_and_indexed_composed() {
        assert_eq!(question_words("cafe\u{301}"), ["café"]);
        assert_eq!(index_text("cafe\u{301}"), "café");
        assert_eq!(
            question_words("\u{1112}\u{1161}\u{11ab}"),
            ["한"],
            "Hangul Jamo compose to a syllable"
        );
    }

    #[test]
    fn somebody_is_named_by_the_whole_name_or_the_first_word_of_it() {
        for (question, name) in [
            ("What is Caroline\u{2019}s plan?", "Caroline"),
            ("what did zoe bring", "Zoë Berg"),
            ("Where does Zoë Berg live?", "Zoë Berg"),
            ("田中さんは何を言った", "田中"),
        ] {
            assert!(Naming::of(question).names(name), "{question} names {name}");
        }
        for (question, name) in [
            ("What did you say?", "You"),
            ("Who climbed the berg?", "Zoë Berg"),
            ("Who is Carolin?", "Caroline"),
            ("Who?", ""),
        ] {
            let names = Naming::of(question).names(name);
            assert!(!names, "{question} does not name {name}");
        }
    }

    #[test]
    fn words_are_counted_in_any_script() {
        assert_eq!(word_count("I have sold the boat."), 5);
        assert_eq!(word_count("我把船卖了"), 2);
        assert_eq!(word_count(" \n"), 0);
    }

    #[test]
    fn only_a_word_at_the_very_end_is_begun() {
        assert_eq!(begun_word("When does my Passp").as_deref(), Some("passp"));
        for finished in [
            "my passport ",
            "my passport?",
            "is the",
            "p",
            "我的護照",
            "",
        ] {
            assert_eq!(begun_word(finished), None, "{finished:?}");
        }
    }

    #[test]
    fn what_is_found_without_case_and_accents_stands_at_the_right_bytes() {
        for (text, wanted, found) in [
            (
                "The CAFÉ, a café, a cafe\u{301}.",
                "Cafe",
                vec!["CAFÉ", "café", "cafe\u{301}"],
            ),
            (
                "😀 İstanbul ist ISTANBUL",
                "istanbul",
                vec!["İstanbul", "ISTANBUL"],
            ),
            ("我的護照在護照裡", "護照", vec!["護照", "護照"]),
            ("aaa", "aa", vec!["aa"]),
            ("Straße", "ß", vec!["ß"]),
            (
                "Nobody expected the wind\nto turn.",
                "wind to",
                vec!["wind\nto"],
            ),
            (
                "Où est\u{a0}la\tclé\n?",
                "est la cle ?",
                vec!["est\u{a0}la\tclé\n?"],
            ),
            ("nothing", "", vec![]),
        ] {
            let ranges = find_folded(text, wanted);
            let stands: Vec<&str> = ranges.into_iter().map(|r| text.get(r).unwrap()).collect();
            assert_eq!(stands, found, "{wanted} in {text}");
        }
    }

    #[test]
    fn no_character_becomes_more_than_three_when_it_is_folded() {
        let most = ('\0'..=char::MAX)
            .map(|c| Folded::of(c.encode_utf8(&mut [0; 4])).text.chars().count())
            .max();
        assert_eq!(most, Some(FOLDED_CHARS_MAX));
        let syllables = "각".repeat(9);
        assert!(!find_folded(&syllables, &syllables).is_empty());
        assert!(fits_folded(&syllables, 9), "what is found fits");
        assert!(!fits_folded(&"a".repeat(28), 9), "what fits in no way");
    }

    #[test]
    fn a_question_has_a_limit() {
        let long: String = (0..500).map(|i| format!("w{i} ")).collect();
        assert_eq!(question_words(&long).len(), QUESTION_WORDS_MAX);
    }
}
