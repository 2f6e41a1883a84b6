//! What says nothing that something else does not say already.

use oldgrowth_domain::words::fold;
use unicode_segmentation::UnicodeSegmentation;

/// A text as its words alone, whatever their case, their accents, and what stands between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said(String);

impl Said {
    pub(crate) fn of(text: &str) -> Self {
        let words: Vec<String> = text.unicode_words().map(fold).collect();
        Self(format!(" {} ", words.join(" ")))
    }

    /// Its words stand in the other's, side by side. A word more or another number is something new.
    pub(crate) fn is_in(&self, other: &Self) -> bool {
        other.0.contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_say_nothing_new_and_one_word_more_does() {
        let said = Said::of("The boat was repaired on Tuesday, for 40 euros.");
        for again in [
            "the boat was repaired on tuesday for 40 euros",
            "> The BOAT was  repaired\n> on Tuesday",
            "répaired on Tuesday",
        ] {
            assert!(Said::of(again).is_in(&said), "{again}");
        }
        for new in [
            "The boat was not repaired on Tuesday, for 40 euros.",
            "The boat was repaired on Tuesday, for 41 euros.",
            "he boat was repaired",
        ] {
            assert!(!Said::of(new).is_in(&said), "{new}");
        }
    }
}
