//! A summary made of the input's own sentences.
//!
//! Words that many sentences share carry what a text is about, so a sentence is worth the mean
//! weight of its words, and the first sentence of a passage a little more. Sentences are taken best
//! first; each that is taken takes weight from its words, so that the next says something else
//! (SumBasic: Nenkova and Vanderwende, "The impact of frequency on summarization", 2005), and from
//! its passage, so that each passage is heard. What was taken stands in the order of the input.
//!
//! In talk the words that many sentences share are those of kindness, so what a sentence tells counts too: more for a
//! name or a number in it, less for one that asks, for one that is about whoever is spoken to, and much less for code and
//! tables of figures. Who speaks is no word of theirs.

use std::collections::{BTreeSet, HashMap, HashSet};

use oldgrowth_domain::words::{fold, is_stop_word, question_words};
use oldgrowth_engine::ports::{Fallback, Summarised, Summariser, Unit, no_connection_held};
use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

const ID: &str = "extractive-2";

/// A sentence of fewer words than this says too little on its own.
const WORDS_MIN: usize = 4;

/// A "sentence" longer than this, in characters, is a table or code.
const SENTENCE_CHARS_MAX: usize = 400;

/// How much more the first sentence of a passage is worth.
const FIRST_BONUS: f64 = 1.25;

/// What a passage's next sentence is worth after one was taken.
const SAME_GROUP_AGAIN: f64 = 0.6;

/// How much more a sentence is worth that has a name or a number in it.
const TELLS: f64 = 2.0;

/// What a question is worth.
const ASKS: f64 = 0.5;

/// What is worth a sentence that is about whoever is spoken to.
const SAID_TO_YOU: f64 = 0.6;

/// What code and figures are worth: next to nothing, where anybody says anything.
const IS_CODE: f64 = 0.2;

/// Where fewer characters than this are letters or spaces, it is code or figures.
const LETTERS_SHARE_MIN: f64 = 0.75;

const YOU: [&str; 7] = [
    "you", "your", "yours", "yourself", "you're", "you've", "you'll",
];

/// A name of more words than this before a colon is part of the sentence.
const SPEAKER_WORDS_MAX: usize = 3;

/// The built-in summariser.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extractive;

impl Summariser for Extractive {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> oldgrowth_engine::Result<Summarised> {
        no_connection_held()?;
        Ok(Summarised {
            chosen: choose(units, chars_max),
            by: ID.to_owned(),
            fallback: Fallback::None,
        })
    }
}

struct Candidate {
    unit: usize,
    group: usize,
    words: Vec<String>,
    chars: usize,
    /// By its place and by what it tells.
    worth: f64,
}

fn choose(units: &[Unit], chars_max: usize) -> BTreeSet<usize> {
    let mut candidates = candidates(units);
    let mut weights = weights(&candidates);
    let mut group_factor: HashMap<usize, f64> = HashMap::new();
    let mut taken = BTreeSet::new();
    let mut chars_left = chars_max;
    loop {
        candidates.retain(|candidate| candidate.chars <= chars_left);
        let best = candidates
            .iter()
            .enumerate()
            .map(|(at, candidate)| (at, score(candidate, &weights, &group_factor)))
            // Of equals the earlier, so that the same input always has the same summary.
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let Some((at, _)) = best else { break };
        let candidate = candidates.remove(at);
        // A line break joins the sentences.
        chars_left = chars_left.saturating_sub(candidate.chars + 1);
        for word in &candidate.words {
            if let Some(weight) = weights.get_mut(word) {
                *weight *= *weight;
            }
        }
        *group_factor.entry(candidate.group).or_insert(1.0) *= SAME_GROUP_AGAIN;
        taken.insert(candidate.unit);
    }
    if taken.is_empty() {
        shortest(units, chars_max).into_iter().collect()
    } else {
        taken
    }
}

/// When nothing qualifies, the shortest unit that fits is better than silence.
fn shortest(units: &[Unit], chars_max: usize) -> Option<usize> {
    let fitting = units
        .iter()
        .enumerate()
        .map(|(at, unit)| (unit.text.chars().count(), at));
    fitting
        .filter(|(chars, _)| *chars <= chars_max)
        .min()
        .map(|(_, at)| at)
}

fn candidates(units: &[Unit]) -> Vec<Candidate> {
    let stemmer = Stemmer::create(Algorithm::English);
    let speakers = speakers(units);
    let mut seen_group = None;
    units
        .iter()
        .enumerate()
        .filter_map(|(unit, Unit { text, group })| {
            let first = seen_group.replace(*group) != Some(*group);
            let chars = text.chars().count();
            let (speaker, said) = by_speaker(text);
            // What opens a talk is a greeting.
            let opens = first && speaker.is_none();
            let words: Vec<String> = question_words(said)
                .iter()
                .map(|word| stemmer.stem(&fold(word)).into_owned())
                .collect();
            let says_enough =
                words.len() >= WORDS_MIN && chars <= SENTENCE_CHARS_MAX && !is_heading(text);
            says_enough.then_some(Candidate {
                unit,
                group: *group,
                words,
                chars,
                worth: worth(said, &speakers) * if opens { FIRST_BONUS } else { 1.0 },
            })
        })
        .collect()
}

/// "Anna: I am late" as "Anna" and "I am late", as a dialogue is written down.
fn by_speaker(text: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        let mut words = name.split(' ');
        let mut first = words.by_ref().take(SPEAKER_WORDS_MAX);
        first.all(|word| word.starts_with(char::is_uppercase)) && words.next().is_none()
    };
    match text.split_once(": ") {
        Some((name, said)) if is_name(name) => (Some(name), said),
        _ => (None, text),
    }
}

/// The names of those who speak, folded: to be called by them tells nothing.
fn speakers(units: &[Unit]) -> HashSet<String> {
    let names = units.iter().filter_map(|unit| by_speaker(&unit.text).0);
    names.flat_map(str::unicode_words).map(fold).collect()
}

fn worth(said: &str, speakers: &HashSet<String>) -> f64 {
    let letters = said
        .chars()
        .filter(|c| c.is_alphabetic() || c.is_whitespace());
    if (letters.count() as f64) < LETTERS_SHARE_MIN * said.chars().count() as f64 {
        return IS_CODE;
    }
    let is_name = |word: &str| is_capital(word) && !speakers.contains(&fold(word));
    let mut words = said.unicode_words();
    let tells =
        words.next().is_some_and(has_digit) || words.any(|word| has_digit(word) || is_name(word));
    let asks = said
        .trim_end_matches(['"', '\u{201d}', ')', ' '])
        .ends_with(['?', '\u{ff1f}']);
    let to_you = said
        .unicode_words()
        .any(|word| YOU.contains(&fold(&word.replace('\u{2019}', "'")).as_str()));
    [(tells, TELLS), (asks, ASKS), (to_you, SAID_TO_YOU)]
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, factor)| factor)
        .product()
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_numeric())
}

/// Of what begins a sentence it says nothing, nor of "I'm".
fn is_capital(word: &str) -> bool {
    let is_me = word == "I" || word.starts_with("I'") || word.starts_with("I\u{2019}");
    word.starts_with(char::is_uppercase) && !is_me && !is_stop_word(&fold(word))
}

fn is_heading(text: &str) -> bool {
    text.starts_with('#') || text.starts_with('|') || text.starts_with("```")
}

/// The root of each word's share of all words: who talks repeats what is said of anything, and what happened is said once.
fn weights(candidates: &[Candidate]) -> HashMap<String, f64> {
    let mut counts: HashMap<String, f64> = HashMap::new();
    let mut total = 0.0;
    for word in candidates.iter().flat_map(|candidate| &candidate.words) {
        *counts.entry(word.clone()).or_default() += 1.0;
        total += 1.0;
    }
    counts
        .values_mut()
        .for_each(|count| *count = (*count / f64::max(total, 1.0)).sqrt());
    counts
}

fn score(
    candidate: &Candidate,
    weights: &HashMap<String, f64>,
    groups: &HashMap<usize, f64>,
) -> f64 {
    let sum: f64 = candidate
        .words
        .iter()
        .filter_map(|word| weights.get(word))
        .sum();
    let mean = sum / candidate.words.len().max(1) as f64;
    mean * candidate.worth * groups.get(&candidate.group).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(texts: &[(&str, usize)]) -> Vec<Unit> {
        texts
            .iter()
            .map(|(text, group)| Unit {
                text: (*text).to_owned(),
                group: *group,
            })
            .collect()
    }

    fn summary(texts: &[(&str, usize)], chars_max: usize) -> Vec<usize> {
        let made = Extractive.summarise(&units(texts), chars_max).unwrap();
        assert_eq!((made.by.as_str(), made.fallback), (ID, Fallback::None));
        made.chosen.into_iter().collect()
    }

    #[test]
    fn a_summary_is_within_its_budget() {
        let texts = [
            ("The garden needs water in the dry month of August.", 0),
            ("The garden gate was painted green by my sister.", 0),
            ("Water the garden roses twice a week in summer.", 1),
            ("Ok.", 1),
        ];
        let made = summary(&texts, 110);
        assert!(!made.is_empty(), "something is said");
        let chars = made.iter().map(|at| texts[*at].0.chars().count() + 1);
        assert!(chars.sum::<usize>() <= 111, "within the budget");
    }

    #[test]
    fn each_passage_is_heard_before_one_is_heard_twice() {
        let made = summary(
            &[
                ("The roof repair costs four thousand euros this year.", 0),
                ("The roof repair company starts work in early May.", 0),
                ("Grandmother told stories about the old harbour town.", 1),
            ],
            120,
        );
        let groups: Vec<usize> = made.iter().map(|at| at / 2).collect();
        assert_eq!(groups, [0, 1], "one sentence of each");
    }

    #[test]
    fn of_a_talk_it_says_what_happened_and_not_how_kind_both_were() {
        let made = summary(
            &[
                ("Anna: Wow, that sounds really great!", 0),
                ("Your support really means a great deal to me.", 0),
                ("I signed up for a pottery class in Leeds on 2 July.", 0),
                (
                    "Ben: Wow, that sounds so great, your hard work really pays off!",
                    0,
                ),
                ("Doesn't it feel really great to get support?", 0),
                (
                    "Let me know if you need any support with your great work!",
                    0,
                ),
            ],
            60,
        );
        assert_eq!(made, [2], "there is room for one");
    }

    #[test]
    fn code_and_figures_are_left_to_those_who_have_nothing_else() {
        let code = "let (a, b) = values.split_at_mut(3); // values[..3], values[3..]";
        let said = "Two halves of a slice are borrowed at a time.";
        assert_eq!(summary(&[(code, 0), (code, 0), (said, 0)], 70), [2]);
        assert_eq!(summary(&[(code, 0)], 70), [0], "better than silence");
    }

    #[test]
    fn who_speaks_is_no_word_of_what_is_said() {
        assert_eq!(by_speaker("Anna: I am late"), (Some("Anna"), "I am late"));
        assert_eq!(by_speaker("Anna B. Meyer: me too").0, Some("Anna B. Meyer"));
        for whole in [
            "one more: this",
            "Anna, late as ever: I am",
            "Anna:",
            "One Two Three Four: 5",
        ] {
            assert_eq!(by_speaker(whole), (None, whole));
        }
    }

    #[test]
    fn the_same_input_has_the_same_summary() {
        let texts = [
            ("Alpha beta gamma delta words.", 0),
            ("Alpha beta gamma delta words.", 1),
        ];
        assert_eq!(summary(&texts, 40), summary(&texts, 40));
        assert_eq!(summary(&texts, 40)[0], 0, "of equals the first");
    }

    #[test]
    fn short_fragments_are_better_than_silence() {
        assert_eq!(summary(&[("Milk", 0), ("Bread", 0)], 5), [0]);
        assert!(summary(&[], 100).is_empty(), "nothing in, nothing out");
    }
}
