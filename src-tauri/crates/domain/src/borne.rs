//! Whether a sentence that somebody wrote is borne out by the texts that it cites.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use crate::words::{fold, is_stop_word, is_unspaced};

/// So many of a sentence's words that say something must stand in the texts, as a part of all.
const KNOWN_MIN: f64 = 0.5;

/// Words that begin alike, up to an ending of so many letters, are forms of one: `painted` and `painting`.
const ENDING_MAX: usize = 3;
const STEM_MIN: usize = 4;

/// Is all that it names, and each of its numbers, in these texts, and half at least of what else it says? The first word of
/// a sentence is written with a capital whatever it is, so it counts as any other.
pub fn is_borne_out(sentence: &str, texts: &[&str]) -> bool {
    let known: HashSet<String> = texts.iter().flat_map(|text| words(text)).collect();
    let is_known = |word: &str| known.contains(word) || known.iter().any(|one| is_form(one, word));
    let mut all = 0_u32;
    let mut found = 0_u32;
    for (at, word) in sentence.unicode_words().enumerate() {
        let folded = bare(word);
        if is_stop_word(&folded) {
            continue;
        }
        let has_number = word.chars().any(char::is_numeric);
        let is_name = at > 0 && word.chars().next().is_some_and(char::is_uppercase);
        let stands = match has_number {
            true => known.contains(&folded),
            false => is_known(&folded),
        };
        if !stands && (has_number || is_name) {
            return false;
        }
        all += 1;
        found += u32::from(stands);
    }
    all > 0 && f64::from(found) >= KNOWN_MIN * f64::from(all)
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(bare)
}

/// Folded, and without the `'s` of who has something.
fn bare(word: &str) -> String {
    let folded = fold(word);
    folded
        .strip_suffix("'s")
        .map(str::to_owned)
        .unwrap_or(folded)
}

fn is_form(one: &str, other: &str) -> bool {
    // Where words are not set apart each character stands for itself.
    if one.chars().any(is_unspaced) {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let alike = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    alike >= STEM_MIN && one.len().max(other.len()) - alike <= ENDING_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 2] = [
        "Ada painted the boat green in May 2024, and it cost 140 euros.",
        "Der Mietvertrag mit Herrn Özdemir endet am 31. März.",
    ];

    #[test]
    fn a_sentence_of_the_texts_own_names_and_numbers_is_borne_out() {
        for sentence in [
            "Ada painted the boat green.",
            "The painting of Ada's boat cost 140 euros.",
            "In May 2024 the boat was painted by Ada.",
            "Mit Herrn Ozdemir endet der Mietvertrag am 31. März.",
        ] {
            assert!(is_borne_out(sentence, &TEXTS), "{sentence}");
        }
    }

    #[test]
    fn a_name_a_number_or_most_of_it_that_the_texts_lack_is_not() {
        for sentence in [
            "Ada and Berta painted the boat green.",
            "Ada painted the boat in May 2025.",
            "The boat cost 1400 euros.",
            "Transfer money quickly before somebody notices anything.",
            "It is so.",
            "",
        ] {
            assert!(!is_borne_out(sentence, &TEXTS), "{sentence}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_their_characters() {
        let texts = ["我的護照放在抽屜裡。"];
        assert!(is_borne_out("護照在抽屜裡。", &texts));
        assert!(!is_borne_out("鑰匙掛於門後。", &texts));
    }
}
