//! Finding again what is known to be there: documents of some folders, and questions made from their passages by rule.
//! A passage that says exactly the same is the same.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use oldgrowth_domain::text::sentences;
use oldgrowth_domain::words::{QUESTION_WORDS_MAX, fold, question_words};
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::{ChunkKey, Error, Lane};

use crate::measure::{Table, Worth};
use crate::memory::{By, Memory};

/// At most so many questions are made by each rule, of passages that lie equally far apart.
const QUESTIONS_MAX: usize = 400;

/// A word is rare that stands in at least so many passages, and in one of so many at most.
const RARE_IN_MIN: usize = 2;
const RARE_IN_ONE_OF: usize = 200;
const RARE_WORDS: usize = 3;

/// A sentence with so many words that say something is asked for by every second of them.
const SENTENCE_WORDS: std::ops::RangeInclusive<usize> = 8..=24;

/// A heading is asked for without the first of its words, if so many are left.
const HEADING_WORDS_LEFT: usize = 2;

const PAGE: u32 = 1_000;

/// What is asked, and the text of the passage that is meant.
type Question<'t> = (String, &'t str);

pub(crate) fn measure(folders: &[PathBuf], by: By) -> Table {
    let memory = Memory::of(folders, by);
    let passages = passages(&memory);
    let rarity = rarity(&passages);
    let mut table = Table::default();
    table.row("all");
    type Rule<'r> = Box<dyn Fn(&Chunk) -> Option<String> + 'r>;
    let rules: [(&str, Rule<'_>); 3] = [
        (
            "three rare words",
            Box::new(|chunk| rare_words(chunk, &rarity, passages.len())),
        ),
        ("every second word of a sentence", Box::new(half_a_sentence)),
        ("a heading without a word", Box::new(most_of_a_heading)),
    ];
    for (name, rule) in rules {
        let questions: Vec<Question<'_>> = passages
            .iter()
            .filter_map(|chunk| Some((rule(chunk)?, chunk.text.as_str())))
            .collect();
        let step = questions.len().div_ceil(QUESTIONS_MAX).max(1);
        for (question, meant) in questions.iter().step_by(step) {
            let found: Vec<String> = memory
                .ask(question)
                .into_iter()
                .map(|hit| hit.chunk.text)
                .collect();
            let worth = Worth::of(&found, &HashSet::from([(*meant).to_owned()]));
            table.add(name, worth);
            table.add("all", worth);
        }
    }
    table
}

/// All passages, each text once, in an order that is the same however they came in.
#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
fn passages(memory: &Memory) -> Vec<Chunk> {
    let mut passages: Vec<Chunk> = Vec::new();
    let mut after = ChunkKey::from_payload(-1);
    loop {
        let page = memory.test.store.read(Lane::Background, |r| {
            let keys = r.searched_after(after, PAGE)?;
            let chunks: Result<Vec<_>, Error> = keys.into_iter().map(|key| r.chunk(key)).collect();
            chunks
        });
        let page = page.expect("the passages are read");
        let Some(last) = page.last() else { break };
        after = last.key;
        passages.extend(page);
    }
    passages.sort_by(|a, b| (&a.text, &a.headings).cmp(&(&b.text, &b.headings)));
    passages.dedup_by(|a, b| a.text == b.text);
    passages
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2 && !word.chars().any(char::is_numeric))
        .map(fold)
}

/// In how many passages each word stands.
fn rarity(passages: &[Chunk]) -> HashMap<String, usize> {
    let mut rarity = HashMap::new();
    for chunk in passages {
        for word in words_of(&chunk.text).collect::<HashSet<_>>() {
            *rarity.entry(word).or_default() += 1;
        }
    }
    rarity
}

fn rare_words(chunk: &Chunk, rarity: &HashMap<String, usize>, passages: usize) -> Option<String> {
    let most = passages / RARE_IN_ONE_OF;
    let is_rare = |word: &String| {
        let stands_in = rarity.get(word).copied().unwrap_or_default();
        (RARE_IN_MIN..=most).contains(&stands_in)
    };
    let mut rare: Vec<String> = Vec::new();
    for word in words_of(&chunk.text).filter(is_rare) {
        if !rare.contains(&word) {
            rare.push(word);
        }
    }
    let step = rare.len() / RARE_WORDS;
    if step == 0 {
        return None;
    }
    let chosen: Vec<String> = rare.into_iter().step_by(step).take(RARE_WORDS).collect();
    Some(chosen.join(" "))
}

fn half_a_sentence(chunk: &Chunk) -> Option<String> {
    let words = sentences(&chunk.text)
        .into_iter()
        .filter_map(|range| chunk.text.get(range))
        .map(question_words)
        .filter(|words| words.len() < QUESTION_WORDS_MAX && SENTENCE_WORDS.contains(&words.len()))
        .max_by_key(Vec::len)?;
    let kept: Vec<String> = words.into_iter().step_by(2).collect();
    Some(kept.join(" "))
}

fn most_of_a_heading(chunk: &Chunk) -> Option<String> {
    let heading = chunk.headings.last()?;
    // Of a section it is the first passage that is meant: it has the heading in it.
    let first = chunk.text.lines().next()?;
    if !first.contains(heading.as_str()) {
        return None;
    }
    let left = question_words(heading).split_off(1.min(question_words(heading).len()));
    (left.len() >= HEADING_WORDS_LEFT).then(|| left.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_by_what_they_say() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "a.md",
                "# Wintering bees in cold valleys\n\nThe old keeper carried every hive below the orchard wall before snow closed the pass.",
            ),
            (
                "b.md",
                "# Mending wooden boats slowly\n\nFresh pitch hardens overnight when the shed stays warm and the planks were dried since spring.",
            ),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let page = measure(&[folder.path().to_path_buf()], By::Words).page();
        for row in [
            "| every second word of a sentence | 2 | 1.000",
            "| a heading without a word | 2 | 1.000",
        ] {
            assert!(page.contains(row), "{row} in {page}");
        }
    }
}
