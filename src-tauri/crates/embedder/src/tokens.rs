//! From text to the tokens that the model knows, exactly as its own tokenizer finds them: SentencePiece's unigram
//! model (Kudo, "Subword Regularization", 2018), by the most likely way to cut a text into pieces.
//!
//! The pieces are a finite-state map inside the mapped file, which takes no time to load and next to no memory: the
//! tables that tokenizers usually make of this vocabulary of 250,000 take 250 MB.

use std::collections::HashMap;

use fst::raw::{Fst, Output};

use crate::file::{Mapped, Part};
use crate::{Error, Weights};

/// The longest text that is looked at whole, with the two tokens at its ends. What is longer is cut off: the model
/// could take 512, for nearly twice the memory.
pub const TOKENS_MAX: usize = 384;

/// No piece is longer than 48 bytes, so what comes after so many can't be among the first tokens.
const TEXT_BYTES_MAX: usize = 64 * TOKENS_MAX;

/// The sign that stands for a space, at the begin of each word.
const SPACE: char = '\u{2581}';

const BEGIN: u32 = 0;
const END: u32 = 2;
const UNKNOWN: u32 = 3;

/// How much less likely than the rarest piece a character is that is in none.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The tokenizer of the model.
pub struct Tokens {
    pieces: Fst<Mapped>,
    scores: Mapped,
    unknown_score: f32,
    folds: HashMap<char, Box<str>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("pieces", &self.pieces.len())
            .finish_non_exhaustive()
    }
}

/// The best way to read a text up to some place in it.
#[derive(Clone, Copy)]
struct Step {
    score: f32,
    /// Where its last piece begins, in bytes.
    from: usize,
    token: u32,
}

impl Tokens {
    /// # Errors
    /// When what the file holds is not whole.
    pub fn of(weights: &Weights) -> Result<Self, Error> {
        let pieces = Fst::new(weights.mapped(Part::Pieces)?)
            .map_err(|_| Error::Unusable("its pieces are damaged"))?;
        let scores = weights.mapped(Part::Scores)?;
        if scores.len() / 4 < pieces.len() {
            return Err(Error::Unusable("it lacks scores"));
        }
        let least = crate::file::floats(&scores).fold(f32::INFINITY, f32::min);
        let folds = folds(&weights.mapped(Part::Folds)?)
            .ok_or(Error::Unusable("its table of characters is damaged"))?;
        Ok(Self {
            pieces,
            scores,
            unknown_score: least - UNKNOWN_PENALTY,
            folds,
        })
    }

    /// The tokens of a text, at most [`TOKENS_MAX`] with those at its ends.
    #[must_use]
    pub fn of_text(&self, text: &str) -> Vec<u32> {
        let text = self.read_as(text);
        let mut tokens = self.cut(&text);
        tokens.truncate(TOKENS_MAX - 2);
        tokens.insert(0, BEGIN);
        tokens.push(END);
        tokens
    }

    /// The text as the pieces are written: characters folded, and for each run of spaces one sign.
    fn read_as(&self, text: &str) -> String {
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        let text = text.get(..end).unwrap_or_default();
        let mut read = String::with_capacity(text.len() + text.len() / 4 + SPACE.len_utf8());
        let mut after_space = false;
        let mut add = |c: char| {
            if c != ' ' && read.is_empty() {
                read.push(SPACE);
            }
            if c != ' ' {
                read.push(c);
            } else if !after_space {
                read.push(SPACE);
            }
            after_space = c == ' ';
        };
        for c in text.chars() {
            match self.folds.get(&c) {
                // The model's own tokenizer ends a text here, so no piece has it.
                None if c == '\0' => {}
                None => add(c),
                Some(fold) => fold.chars().for_each(&mut add),
            }
        }
        if read.is_empty() {
            read.push(SPACE);
        }
        read
    }

    /// The most likely pieces that the text is made of. Scores are added up in the order and with the precision of
    /// the model's own tokenizer, so that what is equal there is equal here.
    fn cut(&self, text: &str) -> Vec<u32> {
        let mut best: Vec<Option<Step>> = vec![None; text.len() + 1];
        for (at, c) in text.char_indices() {
            let so_far = step_at(&best, at).map_or(0.0, |step| step.score);
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            let mut reach = |length: usize, token: u32, score: f32| {
                let score = so_far + score;
                if let Some(known) = best.get_mut(at + length)
                    && known.is_none_or(|known| score > known.score)
                {
                    *known = Some(Step {
                        score,
                        from: at,
                        token,
                    });
                }
            };
            self.pieces_at(rest, &mut reach);
            reach(c.len_utf8(), UNKNOWN, self.unknown_score);
        }
        let mut tokens = Vec::new();
        let mut at = text.len();
        while let Some(step) = step_at(&best, at) {
            tokens.push(step.token);
            at = step.from;
        }
        tokens.reverse();
        tokens
    }

    /// All pieces that the text begins with, the shortest first: how long each is, and its token and score.
    fn pieces_at(&self, text: &[u8], mut found: impl FnMut(usize, u32, f32)) {
        let mut node = self.pieces.root();
        let mut output = Output::zero();
        for (length, byte) in (1..).zip(text) {
            let Some(next) = node.find_input(*byte) else {
                return;
            };
            let next = node.transition(next);
            output = output.cat(next.out);
            node = self.pieces.node(next.addr);
            if !node.is_final() {
                continue;
            }
            let token = output.cat(node.final_output()).value() as u32;
            if let Some(score) = self.score(token)
                && token != UNKNOWN
            {
                found(length, token, score);
            }
        }
    }

    fn score(&self, token: u32) -> Option<f32> {
        let at = token as usize * 4;
        let bytes = self.scores.get(at..)?.first_chunk::<4>()?;
        Some(f32::from_le_bytes(*bytes))
    }
}

/// The best way up to this place, which is not the begin of the text.
fn step_at(best: &[Option<Step>], at: usize) -> Option<Step> {
    best.get(at).copied().flatten()
}

fn folds(bytes: &[u8]) -> Option<HashMap<char, Box<str>>> {
    let mut folds = HashMap::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (code, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first()?;
        let (fold, after) = after.split_at_checked(usize::from(*length))?;
        let from = char::from_u32(u32::from_le_bytes(*code))?;
        folds.insert(from, std::str::from_utf8(fold).ok()?.into());
        rest = after;
    }
    Some(folds)
}
