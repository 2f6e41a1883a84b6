//! Where the words of a question stand in a passage, and which sentence answers best.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use oldgrowth_domain::text::{paragraphs, sentences_within};
use oldgrowth_domain::words::{fold, is_unspaced};
use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// At most this many matches of a passage are marked.
const MATCHES_MAX: usize = 200;

/// The words of a question, ready to be looked for in texts.
pub(crate) struct Matcher {
    stemmer: Stemmer,
    stems: Vec<String>,
    /// What the stems begin with. Stemming leaves a word's first letter as it is, so most words of a
    /// text need not be stemmed to know that they are none of these.
    initials: HashSet<char>,
    grams: Vec<String>,
    /// Words that begin with this are meant as well.
    begun: Option<String>,
    /// Which word of the question each stem, and after them each gram, was made from.
    words: Vec<usize>,
}

/// A word of the question in a text.
struct Found {
    range: Range<usize>,
    /// Which one: stems first, then grams.
    word: usize,
}

/// Where the words of a question stand in a text.
pub(crate) struct Matches {
    /// Byte ranges, in order, not overlapping.
    pub(crate) marks: Vec<Range<usize>>,
    /// The sentence that answers best.
    pub(crate) quote: Range<usize>,
}

impl Matcher {
    /// `begun` is the last of the words, which may be unfinished.
    pub(crate) fn new(words: &[String], begun: Option<&str>) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let (grams, spaced): (Vec<_>, Vec<_>) = words
            .iter()
            .enumerate()
            .partition(|(_, word)| word.chars().all(is_unspaced));
        let stems: Vec<String> = spaced
            .iter()
            .map(|(_, word)| stem(&stemmer, word))
            .collect();
        let begun = begun.map(fold);
        let initials = stems
            .iter()
            .chain(&begun)
            .filter_map(|word| word.chars().next())
            .collect();
        Self {
            stemmer,
            stems,
            initials,
            words: spaced.iter().chain(&grams).map(|(at, _)| *at).collect(),
            grams: grams.into_iter().map(|(_, gram)| gram.clone()).collect(),
            begun,
        }
    }

    /// The words of the question that a text holds: which, and as the text has it.
    pub(crate) fn words_in<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        self.find(text)
            .into_iter()
            .filter_map(|found| Some((*self.words.get(found.word)?, text.get(found.range)?)))
            .collect()
    }

    pub(crate) fn look(&self, text: &str) -> Matches {
        let found = self.find(text);
        Matches {
            quote: best_sentence(text, &found),
            marks: merged(found),
        }
    }

    fn find(&self, text: &str) -> Vec<Found> {
        let words = text.unicode_word_indices().filter_map(|(at, word)| {
            let word_is = self.stem_of(word)?;
            Some(Found {
                range: at..at + word.len(),
                word: word_is,
            })
        });
        let grams = self.grams.iter().enumerate().flat_map(|(gram_is, gram)| {
            text.match_indices(gram.as_str())
                .map(move |(at, gram)| Found {
                    range: at..at + gram.len(),
                    word: self.stems.len() + gram_is,
                })
        });
        let mut found: Vec<Found> = words.chain(grams).collect();
        found.sort_unstable_by_key(|found| (found.range.start, found.range.end));
        found
    }

    fn stem_of(&self, word: &str) -> Option<usize> {
        let initial = word.chars().next()?;
        if initial.is_ascii() && !self.initials.contains(&initial.to_ascii_lowercase()) {
            return None;
        }
        let folded = fold(word);
        let stem = self.stemmer.stem(&folded);
        let known = self.stems.iter().position(|known| *known == stem);
        known.or_else(|| {
            let begun = self.begun.as_ref()?;
            let last = self.stems.len().checked_sub(1)?;
            folded.starts_with(begun.as_str()).then_some(last)
        })
    }
}

/// The sentence with the most different words of the question. Of equals one that is no heading, from
/// the first paragraph that has one, the shortest there. The whole text when it has no sentences.
fn best_sentence(text: &str, found: &[Found]) -> Range<usize> {
    let distinct = |range: &Range<usize>| {
        let within = found
            .iter()
            .filter(|found| range.start <= found.range.start && found.range.end <= range.end);
        within
            .map(|found| found.word)
            .collect::<HashSet<usize>>()
            .len()
    };
    let mut paragraphs: Vec<(usize, Range<usize>)> = paragraphs(text)
        .into_iter()
        .map(|range| (distinct(&range), range))
        .collect();
    paragraphs.sort_by_key(|(words, _)| Reverse(*words));
    let mut best: Option<(Worth, Range<usize>)> = None;
    for (words, paragraph) in paragraphs {
        // No sentence holds more of them than its paragraph, and finding sentences is slow.
        if best
            .as_ref()
            .is_some_and(|(worth, _)| (worth.0, worth.1) >= (words, true))
        {
            break;
        }
        for range in sentences_within(text, paragraph) {
            let heading = text
                .get(range.clone())
                .is_some_and(|text| text.starts_with('#'));
            let worth = (
                distinct(&range),
                !heading,
                Reverse(range.len()),
                Reverse(range.start),
            );
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, range));
            }
        }
    }
    best.map_or(0..text.len(), |(_, range)| range)
}

/// Different words, no heading, shortness, earliness.
type Worth = (usize, bool, Reverse<usize>, Reverse<usize>);

fn merged(found: Vec<Found>) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = Vec::new();
    for Found { range, .. } in found {
        match marks.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => marks.push(range),
        }
    }
    marks.truncate(MATCHES_MAX);
    marks
}

fn stem(stemmer: &Stemmer, word: &str) -> String {
    let folded = fold(word);
    stemmer.stem(&folded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(words: &[&str], text: &str) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Matcher::new(&words, None)
            .look(text)
            .marks
            .into_iter()
            .map(|r| text.get(r).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn words_match_by_stem_and_without_accents() {
        assert_eq!(
            marked(&["expire"], "It expires soon; the expiring one."),
            ["expires", "expiring"]
        );
        assert_eq!(marked(&["cafe"], "Un café 😀 fermé"), ["café"]);
    }

    #[test]
    fn overlapping_pairs_are_marked_as_one() {
        assert_eq!(marked(&["護照", "照在"], "我的護照在抽屜"), ["護照在"]);
    }

    #[test]
    fn the_sentence_that_says_most_of_it_is_quoted() {
        let text = "My passport is red. The passport expires in 2030. It rains.";
        let matcher = Matcher::new(&["passport".to_owned(), "expire".to_owned()], None);
        assert_eq!(
            text.get(matcher.look(text).quote),
            Some("The passport expires in 2030.")
        );
        assert_eq!(matcher.look("").quote, 0..0, "no text, no sentence");
        let headed = "# Passport\n\nThe red passport.";
        assert_eq!(
            headed.get(matcher.look(headed).quote),
            Some("The red passport."),
            "a heading only says what it is about"
        );
    }
}
