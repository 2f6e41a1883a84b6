//! Text as every layer counts and cuts it.

use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Unicode normal form C, in which all text is kept and asked.
pub fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

/// An estimate of a text's length in model tokens: a quarter of its characters, and one for each
/// Chinese, Japanese or Korean character. Good to about a third for the languages we tried; used
/// only where a limit needs a size.
pub fn tokens(text: &str) -> u32 {
    let (cjk, other) = text.chars().fold((0_usize, 0_usize), |(cjk, other), c| {
        if crate::words::is_unspaced(c) {
            (cjk + 1, other)
        } else {
            (cjk, other + 1)
        }
    });
    u32::try_from(cjk + other.div_ceil(4)).unwrap_or(u32::MAX)
}

/// The sentences of a text as byte ranges without surrounding white space, in order. A line break
/// that is followed by another, or by a list marker, ends a sentence too.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let paragraphs = paragraphs(text).into_iter();
    paragraphs
        .flat_map(|paragraph| sentences_within(text, paragraph))
        .collect()
}

/// The sentences of one of a text's [`paragraphs`], as ranges of the text.
pub fn sentences_within(text: &str, paragraph: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // A break within a paragraph is the width of somebody's window, not the end of a sentence.
    // A space is as long as the break, so that the ranges hold for the text itself.
    let flowing = text
        .get(paragraph.clone())
        .unwrap_or_default()
        .replace('\n', " ");
    let mut start = 0;
    for (at, sentence) in flowing.split_sentence_bound_indices() {
        let end = at + sentence.len();
        if !ends_in_abbreviation(sentence) || end == flowing.len() {
            let sentence = flowing.get(start..end).unwrap_or_default();
            push_trimmed(&mut found, sentence, paragraph.start + start);
            start = end;
        }
    }
    found
}

/// Abbreviations that stand before what they belong to.
const LEADING_ABBREVIATIONS: &[&str] = &[
    "Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "St.", "No.", "Nr.", "e.g.", "i.e.", "vs.", "cf.", "ca.",
    "approx.",
];

fn ends_in_abbreviation(sentence: &str) -> bool {
    let last = sentence.split_whitespace().next_back().unwrap_or_default();
    LEADING_ABBREVIATIONS.contains(&last.trim_start_matches(['(', '"', '\'']))
}

/// What blank lines, list items and headings set apart, as byte ranges in order: a bullet is a
/// sentence even without a full stop.
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if (line.trim().is_empty() || starts_item(line)) && start < at {
            parts.push(start..at);
            start = at;
        }
        at += line.len();
    }
    if start < at {
        parts.push(start..at);
    }
    parts
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let bullet = ["- ", "* ", "+ ", "• ", "#", "|", "> "]
        .iter()
        .any(|mark| line.starts_with(mark));
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    bullet || (rest.len() < line.len() && (rest.starts_with(". ") || rest.starts_with(") ")))
}

fn push_trimmed(found: &mut Vec<Range<usize>>, sentence: &str, start: usize) {
    let kept = sentence.trim();
    if !kept.is_empty() {
        let start = start + (sentence.len() - sentence.trim_start().len());
        found.push(start..start + kept.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text)
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn sentences_end_at_stops_blank_lines_and_list_items() {
        assert_eq!(
            cut("One here. Two there!  \n\nThree"),
            ["One here.", "Two there!", "Three"]
        );
        assert_eq!(
            cut("Buy:\n- milk\n- bread and\n  butter\n1. eggs"),
            ["Buy:", "- milk", "- bread and\n  butter", "1. eggs"]
        );
        assert_eq!(
            cut("今日は雨です。明日は晴れ。"),
            ["今日は雨です。", "明日は晴れ。"]
        );
        assert_eq!(
            cut("Dr. Okafor called. I was out."),
            ["Dr. Okafor called.", "I was out."]
        );
        assert!(cut(" \n\n ").is_empty(), "white space holds no sentence");
    }

    #[test]
    fn tokens_count_cjk_by_character() {
        assert_eq!(tokens("abcdefgh"), 2);
        assert_eq!(tokens("護照"), 2);
    }
}
