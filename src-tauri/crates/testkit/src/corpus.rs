//! Text with the shape of text: few words often, many words rarely.

use std::path::Path;

use serde_json::json;

use crate::SeededRandom;

/// Makes the same documents for the same seed.
#[derive(Debug)]
pub struct Corpus {
    random: SeededRandom,
    vocabulary: Vec<String>,
}

/// So many different words has a person's writing, in order of magnitude.
const VOCABULARY: usize = 20_000;

/// About so many words of English say nothing about what a text is about.
const FUNCTION_WORDS: usize = 130;

/// Between so many people conversations are held.
const PEOPLE: usize = 20;

const ONSETS: [&str; 16] = [
    "b", "br", "c", "d", "f", "g", "gl", "h", "l", "m", "n", "p", "r", "s", "st", "t",
];
const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "oo"];
const CODAS: [&str; 8] = ["n", "r", "l", "st", "m", "d", "k", ""];

impl Corpus {
    pub fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let mut vocabulary: Vec<String> = (0..VOCABULARY * 2)
            .map(|_| (0..=random.below(3)).map(|_| syllable(&random)).collect())
            .collect();
        vocabulary.sort();
        vocabulary.dedup();
        // The order of the alphabet is no order of frequency.
        for at in (1..vocabulary.len()).rev() {
            vocabulary.swap(at, random.below(at + 1));
        }
        vocabulary.truncate(VOCABULARY);
        Self { random, vocabulary }
    }

    /// A word by Zipf's law: the n-th commonest is n times rarer than the commonest.
    pub fn word(&self) -> &str {
        self.word_from(1)
    }

    /// A word as people ask for them: not one of the commonest, which stand for "the", "and", "is".
    /// Questions lose those before they are asked.
    pub fn telling_word(&self) -> &str {
        self.word_from(FUNCTION_WORDS)
    }

    fn word_from(&self, first: usize) -> &str {
        let uniform = (self.random.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let first = first as f64;
        let rank = first * (self.vocabulary.len() as f64 / first).powf(uniform);
        let at = (rank as usize).min(self.vocabulary.len()) - 1;
        self.vocabulary.get(at).map_or("word", String::as_str)
    }

    pub fn sentence(&self) -> String {
        let mut words: Vec<String> = (0..6 + self.random.below(14))
            .map(|_| self.word().to_owned())
            .collect();
        if let Some(first) = words.first_mut() {
            first
                .get_mut(..1)
                .into_iter()
                .for_each(str::make_ascii_uppercase);
        }
        words.join(" ") + "."
    }

    pub fn paragraph(&self) -> String {
        (0..3 + self.random.below(4))
            .map(|_| self.sentence())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A note in Markdown with a title, a date and some sections.
    pub fn markdown(&self, number: usize, paragraphs: usize) -> String {
        let day = number % 28 + 1;
        let month = number / 28 % 12 + 1;
        let mut text = format!(
            "---\ndate: 2023-{month:02}-{day:02}\n---\n\n# Note {number}: {} {}\n\n",
            self.word(),
            self.word()
        );
        for at in 0..paragraphs {
            if at % 4 == 3 {
                text.push_str(&format!("## {} {}\n\n", self.word(), self.word()));
            }
            text.push_str(&self.paragraph());
            text.push_str("\n\n");
        }
        text
    }

    /// Writes `count` notes into a folder, a hundred in each folder below it.
    pub fn write_notes(
        &self,
        folder: &Path,
        count: usize,
        paragraphs: usize,
    ) -> std::io::Result<()> {
        for number in 0..count {
            let below = folder.join(format!("{:04}", number / 100));
            if number % 100 == 0 {
                std::fs::create_dir_all(&below)?;
            }
            std::fs::write(
                below.join(format!("note-{number:06}.md")),
                self.markdown(number, paragraphs),
            )?;
        }
        Ok(())
    }

    /// The export of a chat service: so many conversations of two people, of about so many messages each.
    pub fn conversations(&self, count: usize, messages: usize) -> String {
        let people: Vec<&str> = (0..PEOPLE).map(|_| self.telling_word()).collect();
        let name = |at: usize| people.get(at % PEOPLE).copied().unwrap_or_default();
        let conversation = |number: usize| {
            let mut mapping = serde_json::Map::new();
            let mut parent = None;
            for at in 0..messages {
                let message = json!({
                    "author": { "role": "user", "name": name(number + at % 2) },
                    "create_time": 1_600_000_000 + number * 3_600 + at,
                    "content": { "content_type": "text", "parts": [format!("{} {}", self.sentence(), self.sentence())] },
                });
                let entry = json!({ "parent": parent, "message": message });
                mapping.insert(at.to_string(), entry);
                parent = Some(at.to_string());
            }
            json!({
                "id": format!("talk-{number}"), "title": self.sentence(), "create_time": 1_600_000_000 + number * 3_600,
                "mapping": mapping, "current_node": parent,
            })
        };
        let all: Vec<_> = (0..count).map(conversation).collect();
        serde_json::Value::from(all).to_string()
    }
}

fn syllable(random: &SeededRandom) -> String {
    let pick = |from: &[&'static str]| {
        from.get(random.below(from.len()))
            .copied()
            .unwrap_or_default()
    };
    format!("{}{}{}", pick(&ONSETS), pick(&NUCLEI), pick(&CODAS))
}
