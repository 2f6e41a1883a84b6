//! Where the words of a question stand in a passage, and which sentence answers best.

use std::collections::HashSet;
use std::ops::Range;

use oldgrowth_domain::text::sentences;
use oldgrowth_domain::words::{fold, is_cjk};
use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// At most this many matches of a passage are marked.
const MATCHES_MAX: usize = 200;

/// The words of a question, ready to be looked for in texts.
pub(crate) struct Matcher {
    stemmer: Stemmer,
    stems: HashSet<String>,
    grams: Vec<String>,
}

impl Matcher {
    pub(crate) fn new(words: &[String]) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let (grams, words): (Vec<_>, Vec<_>) = words
            .iter()
            .cloned()
            .partition(|word| word.chars().all(is_cjk));
        let stems = words.iter().map(|word| stem(&stemmer, word)).collect();
        Self {
            stemmer,
            stems,
            grams,
        }
    }

    /// Byte ranges, in order, not overlapping.
    pub(crate) fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let words = text
            .unicode_word_indices()
            .filter(|(_, word)| self.stems.contains(&stem(&self.stemmer, word)))
            .map(|(at, word)| at..at + word.len());
        let grams = self
            .grams
            .iter()
            .flat_map(|gram| text.match_indices(gram.as_str()))
            .map(|(at, gram)| at..at + gram.len());
        let mut found: Vec<Range<usize>> = words.chain(grams).collect();
        found.sort_unstable_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found {
            match merged.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => merged.push(range),
            }
        }
        merged.truncate(MATCHES_MAX);
        merged
    }

    /// The sentence with the most different words of the question; of equals one that is no heading,
    /// then the shortest, then the first. The whole text when it has no sentences.
    pub(crate) fn best_sentence(&self, text: &str) -> Range<usize> {
        sentences(text)
            .into_iter()
            .max_by_key(|range| {
                let sentence = text.get(range.clone()).unwrap_or_default();
                (
                    self.distinct(sentence),
                    !sentence.starts_with('#'),
                    std::cmp::Reverse(sentence.len()),
                    std::cmp::Reverse(range.start),
                )
            })
            .unwrap_or(0..text.len())
    }

    fn distinct(&self, text: &str) -> usize {
        let stems: HashSet<String> = text
            .unicode_words()
            .map(|word| stem(&self.stemmer, word))
            .filter(|stem| self.stems.contains(stem))
            .collect();
        stems.len()
            + self
                .grams
                .iter()
                .filter(|gram| text.contains(gram.as_str()))
                .count()
    }
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
        Matcher::new(&words)
            .matches(text)
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
        let matcher = Matcher::new(&["passport".to_owned(), "expire".to_owned()]);
        assert_eq!(
            text.get(matcher.best_sentence(text)),
            Some("The passport expires in 2030.")
        );
        assert_eq!(matcher.best_sentence(""), 0..0, "no text, no sentence");
        let headed = "# Passport\n\nThe red passport.";
        assert_eq!(
            headed.get(matcher.best_sentence(headed)),
            Some("The red passport."),
            "a heading only says what it is about"
        );
    }
}
