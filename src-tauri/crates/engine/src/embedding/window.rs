//! The text that a passage is embedded as: itself, and what stands around it.

use oldgrowth_domain::TimeZone;
use oldgrowth_domain::calendar::{Day, Period, Rank};
use oldgrowth_domain::words::is_unspaced;
use oldgrowth_store::ChunkKey;
use oldgrowth_store::table::vectors::Around;

/// So long is it at most, by an estimate of the tokens of models: what takes part in a vector takes time, too.
const TOKENS_MAX: u32 = 256;

/// With fewer left, no part of another neighbour is taken in: it would say nothing.
const PART_TOKENS_MIN: u32 = 16;

/// A quarter of a token: what a character counts, other than one of Chinese, Japanese or Korean.
const QUARTERS: u32 = 4;

/// Which end of a text is kept where it is too long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Start,
    End,
}

/// The day of the passage, then a line for each of these passages in reading order, with its author where one is known.
/// The passage itself comes first to the room there is, then the nearest neighbours. None when the passage is not among
/// these. The day is that of UTC, so that the same rows make the same text under every clock.
pub(crate) fn window(around: &[Around], chunk: ChunkKey) -> Option<String> {
    let centre = around.iter().position(|one| one.chunk == chunk)?;
    let of = around.get(centre)?;
    let head = day(of);
    let mut left = (TOKENS_MAX * QUARTERS).saturating_sub(size(&head));
    let mut lines: Vec<Option<String>> = vec![None; around.len()];
    for (place, one) in nearest_first(around, of.ordinal) {
        let is_centre = place == centre;
        if !is_centre && left < PART_TOKENS_MIN * QUARTERS {
            break;
        }
        let keep = if place < centre {
            Keep::End
        } else {
            Keep::Start
        };
        let author = one.author.as_deref();
        let author = author.map(|author| format!("{author}: "));
        let author = author.unwrap_or_default();
        // Its line break counts too.
        let text = part(&one.text, keep, left.saturating_sub(size(&author) + 1));
        let line = format!("{author}{text}");
        left = left.saturating_sub(size(&line) + 1);
        if let Some(slot) = lines.get_mut(place) {
            *slot = Some(line);
        }
    }
    let mut window = head;
    for line in lines.into_iter().flatten() {
        if !window.is_empty() {
            window.push('\n');
        }
        window.push_str(&line);
    }
    Some(window)
}

/// The passage, the one before it, the one after it, the one before that, and so on.
fn nearest_first(around: &[Around], ordinal: u32) -> Vec<(usize, &Around)> {
    let mut order: Vec<_> = around.iter().enumerate().collect();
    order.sort_by_key(|(_, one)| (one.ordinal.abs_diff(ordinal), one.ordinal));
    order
}

fn day(of: &Around) -> String {
    let day = of.happened_at.and_then(|at| Day::of(at, &TimeZone::UTC));
    let day = day.and_then(|day| Period::of(Rank::Day, day));
    day.map(|day| format!("[{}]", day.title()))
        .unwrap_or_default()
}

fn size_of(c: char) -> u32 {
    if is_unspaced(c) { QUARTERS } else { 1 }
}

/// In quarters of tokens.
fn size(text: &str) -> u32 {
    let sizes = text.chars().map(size_of);
    sizes.fold(0, u32::saturating_add)
}

/// So much of a text as there is room for, in whole words where it has any.
fn part(text: &str, keep: Keep, room: u32) -> &str {
    if size(text) <= room {
        return text;
    }
    let mut left = room;
    let mut takes = |c: char| {
        let size = size_of(c);
        let takes = size <= left;
        left = left.saturating_sub(size);
        takes
    };
    match keep {
        Keep::Start => {
            let end = text.find(|c| !takes(c)).unwrap_or(text.len());
            let cut = text.get(..end).unwrap_or_default();
            let words = cut.rfind(char::is_whitespace).and_then(|at| cut.get(..at));
            words
                .map(str::trim_end)
                .filter(|words| !words.is_empty())
                .unwrap_or(cut)
        }
        Keep::End => {
            let after = |(at, c): (usize, char)| at + c.len_utf8();
            let start = text.char_indices().rev().find(|(_, c)| !takes(*c));
            let cut = text.get(start.map_or(0, after)..).unwrap_or_default();
            let words = cut.find(char::is_whitespace).and_then(|at| cut.get(at..));
            words
                .map(str::trim_start)
                .filter(|words| !words.is_empty())
                .unwrap_or(cut)
        }
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_domain::UnixMs;
    use oldgrowth_domain::text::tokens;

    use super::*;

    fn key(ordinal: u32) -> ChunkKey {
        ChunkKey::from_payload(i64::from(ordinal))
    }

    fn passages(texts: &[(&str, &str)]) -> Vec<Around> {
        let around = (0_u32..)
            .zip(texts)
            .map(|(ordinal, (author, text))| Around {
                chunk: key(ordinal),
                ordinal,
                author: (!author.is_empty()).then(|| (*author).to_owned()),
                happened_at: Some(UnixMs(1_683_560_000_000)),
                text: (*text).to_owned(),
            });
        around.collect()
    }

    #[test]
    fn a_window_is_the_day_and_a_line_for_each_passage_in_reading_order() {
        let mut around = passages(&[
            ("Ada", "Is the boat dry?"),
            ("You", "Not yet."),
            ("", "Then we wait."),
        ]);
        let said = "[Monday 8 May 2023]\nAda: Is the boat dry?\nYou: Not yet.\nThen we wait.";
        assert_eq!(window(&around, key(1)).as_deref(), Some(said));
        around[1].happened_at = None;
        let said = "Ada: Is the boat dry?\nYou: Not yet.\nThen we wait.";
        assert_eq!(
            window(&around, key(1)).as_deref(),
            Some(said),
            "the passage's own day, which nobody knows"
        );
        assert_eq!(window(&around, key(7)), None);
        assert_eq!(window(&[], key(0)), None);
    }

    #[test]
    fn the_passage_comes_first_to_the_room_and_then_its_nearest_neighbours() {
        let long = |name: &str| format!("{name} says this. ").repeat(30);
        let texts: Vec<String> = ["Zero", "One", "Two", "Three", "Four"].map(long).into();
        let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("", text.as_str())).collect();
        let around = passages(&texts);
        let made = window(&around, key(2)).unwrap();
        assert!(tokens(&made) <= TOKENS_MAX + 1, "{}", tokens(&made));
        assert_eq!(made.matches("Two says").count(), 30, "whole");
        let one = made.matches("One says").count();
        let three = made.matches("Three says").count();
        assert!(one > three && three > 0, "the one before it comes first");
        assert!(!made.contains("Zero") && !made.contains("Four"), "{made}");
        let ends = made.find("One").unwrap();
        let last_of_one = made.get(ends..).unwrap().lines().next().unwrap();
        assert!(
            last_of_one.trim_end().ends_with("says this."),
            "of what comes before, the end: {last_of_one}"
        );
    }

    #[test]
    fn whatever_the_texts_no_window_is_too_long_and_none_cuts_a_character() {
        let letters = ["a", "ß", "漢", "🌲", "e\u{301}", " ", "\n"];
        for seed in 0..200_usize {
            let text = |of: usize| -> String {
                let length = (seed * 37 + of * 101) % 1_300;
                let of_letter = |at: usize| letters[(at * at + seed + of) % letters.len()];
                (0..length).map(of_letter).collect()
            };
            let texts: Vec<String> = (0..5).map(text).collect();
            let texts: Vec<(&str, &str)> =
                texts.iter().map(|text| ("漢字", text.as_str())).collect();
            let around = passages(&texts);
            let made = window(&around, key(seed as u32 % 5)).unwrap();
            assert!(size(&made) <= TOKENS_MAX * QUARTERS + 8, "seed {seed}");
            assert_eq!(
                window(&around, key(seed as u32 % 5)),
                Some(made),
                "the same rows make the same text"
            );
        }
    }
}
