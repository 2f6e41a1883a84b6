//! An answer in so many characters: for whoever has no room for all that was found.

use std::collections::{BTreeSet, HashSet};

use oldgrowth_domain::when::Days;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::{ChunkKey, NodeKey, Read};

use crate::alike::Said;
use crate::ranking::Looking;
use crate::recall::{Asked, Found, Hit, Meaning, empty_days, find, words_of};
use crate::tree::{Step, title_of};
use crate::{Engine, Error, Result};

/// So many passages are found, to choose from, unless more or fewer are asked for.
pub const BRIEF_PASSAGES: u32 = 50;

/// Nothing fits into less, and nobody reads more.
pub const BRIEF_CHARS_MIN: u32 = 100;
pub const BRIEF_CHARS_MAX: u32 = 1_000_000;

/// What fits, the best first.
#[derive(Clone, Debug, Default)]
pub struct Brief {
    pub pieces: Vec<Piece>,
    /// How many characters the pieces have together.
    pub chars: u32,
    /// How many of the passages that were found are neither told nor summed up.
    pub left_out: u32,
    pub words: Vec<String>,
    pub meaning: Meaning,
    /// When nothing was found: how many passages can't be found by their words, as far as they were counted.
    pub unsearched: u32,
    /// As in [`crate::Answer`].
    pub empty_days: Option<Days>,
}

#[derive(Clone, Debug)]
pub struct Piece {
    pub text: String,
    /// The summary whose words these are, where they are those of a summary.
    pub summary: Option<Step>,
    /// The passages in which these words stand, in the order of the words.
    pub cited: Vec<Cited>,
}

#[derive(Clone, Debug)]
pub struct Cited {
    pub chunk: Chunk,
    pub document: Document,
    pub place: Option<Place>,
}

impl Engine {
    /// What is found in as many characters as are asked for. Half of the room is for the best passages. Where the others don't
    /// fit together, summaries of them are told, and then what fits of the rest: none hides those after it.
    ///
    /// # Errors
    /// Those of [`Engine::recall`].
    pub fn brief(&self, asked: &Asked, chars_max: u32) -> Result<Brief> {
        let chars_max = chars_max.clamp(BRIEF_CHARS_MIN, BRIEF_CHARS_MAX) as usize;
        let words = words_of(asked)?;
        let mut brief = self.look_for(asked, |r, looking| {
            let Found { hits, meaning, .. } = find(r, looking, asked, &words, None)?;
            let mut choosing = Choosing::among(hits, chars_max);
            choosing.choose(r, looking)?;
            Ok(Brief {
                chars: count(chars_max - choosing.left),
                left_out: count(choosing.left_out),
                pieces: choosing.pieces,
                words: words.clone(),
                meaning,
                unsearched: 0,
                empty_days: empty_days(r, looking)?,
            })
        })?;
        if brief.pieces.is_empty() && brief.left_out == 0 {
            brief.unsearched = self.core().unsearched();
        }
        Ok(brief)
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

struct Choosing {
    /// Each says something that none before it does.
    hits: Vec<Hit>,
    pieces: Vec<Piece>,
    left: usize,
    left_out: usize,
    /// Those that are told or summed up.
    done: HashSet<ChunkKey>,
}

impl Choosing {
    fn among(hits: Vec<Hit>, chars_max: usize) -> Self {
        let mut said: Vec<Said> = Vec::new();
        let mut new = Vec::new();
        for hit in hits {
            let says = Said::of(&hit.chunk.text);
            if !said.iter().any(|before| says.is_in(before)) {
                said.push(says);
                new.push(hit);
            }
        }
        Self {
            hits: new,
            pieces: Vec::new(),
            left: chars_max,
            left_out: 0,
            done: HashSet::new(),
        }
    }

    fn choose(&mut self, r: &Read<'_>, looking: &Looking<'_>) -> Result<()> {
        let called_off = || match looking.canceller.is_cancelled() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        };
        let hits = std::mem::take(&mut self.hits);
        let half = self.left / 2;
        for hit in &hits {
            let left_then = self.left.checked_sub(chars(&hit.chunk.text));
            if left_then.is_some_and(|left| left >= half || self.pieces.is_empty()) {
                self.take(hit, hit.chunk.text.clone());
            }
        }
        let mut waiting: Vec<(&Hit, BTreeSet<NodeKey>)> = Vec::new();
        for hit in hits
            .iter()
            .filter(|hit| !self.done.contains(&hit.chunk.key))
        {
            called_off()?;
            let above = r.all_above(hit.chunk.key)?.into_iter().collect();
            waiting.push((hit, above));
        }
        while !waiting.is_empty() && !self.fit(&waiting) {
            called_off()?;
            self.sum_up_first(r, looking, &waiting)?;
            // Where nothing sums up the first, the next may be.
            waiting.remove(0);
            waiting.retain(|(hit, _)| !self.done.contains(&hit.chunk.key));
        }
        for hit in &hits {
            if self.done.contains(&hit.chunk.key) {
                continue;
            }
            if chars(&hit.chunk.text) <= self.left {
                self.take(hit, hit.chunk.text.clone());
            } else {
                self.left_out += 1;
            }
        }
        if self.pieces.is_empty()
            && let Some((hit, quote)) = hits.iter().find_map(|hit| self.quote_of(hit))
        {
            self.take(hit, quote);
            self.left_out = self.left_out.saturating_sub(1);
        }
        Ok(())
    }

    fn take(&mut self, hit: &Hit, text: String) {
        self.left = self.left.saturating_sub(chars(&text));
        self.done.insert(hit.chunk.key);
        self.pieces.push(Piece {
            text,
            summary: None,
            cited: vec![Cited {
                chunk: hit.chunk.clone(),
                document: hit.document.clone(),
                place: hit.place.clone(),
            }],
        });
    }

    /// The sentence that answers best, where that fits at least.
    fn quote_of<'h>(&self, hit: &'h Hit) -> Option<(&'h Hit, String)> {
        let quote = hit.chunk.text.get(hit.quote.clone())?.trim();
        let fits = !quote.is_empty() && chars(quote) <= self.left;
        fits.then(|| (hit, quote.to_owned()))
    }

    fn fit(&self, waiting: &[(&Hit, BTreeSet<NodeKey>)]) -> bool {
        let long = waiting.iter().map(|(hit, _)| chars(&hit.chunk.text));
        long.sum::<usize>() <= self.left
    }

    /// Takes the highest summary above the first of these that fits, is shorter than what was found under it, and has words
    /// that stand in some of that.
    fn sum_up_first(
        &mut self,
        r: &Read<'_>,
        looking: &Looking<'_>,
        waiting: &[(&Hit, BTreeSet<NodeKey>)],
    ) -> Result<()> {
        let mut best: Option<(Node, Vec<ChunkKey>)> = None;
        for key in waiting.first().iter().flat_map(|(_, above)| above) {
            let Some(node) = r.node(*key)? else { continue };
            let of = waiting.iter().filter(|(_, above)| above.contains(key));
            let under: Vec<ChunkKey> = of.clone().map(|(hit, _)| hit.chunk.key).collect();
            let under_long: usize = of.map(|(hit, _)| chars(&hit.chunk.text)).sum();
            let long = chars(&node.text);
            let rank = |node: &Node, under: &[ChunkKey]| (node.level, under.len());
            let is_better = best
                .as_ref()
                .is_none_or(|(other, of)| rank(&node, &under) > rank(other, of));
            if is_better && long <= self.left && long < under_long {
                let spans = r.spans_of(*key)?;
                if spans.iter().any(|span| under.contains(&span.chunk)) {
                    best = Some((node, under));
                }
            }
        }
        let Some((node, under)) = best else {
            return Ok(());
        };
        // A damage may have taken what it cites.
        let Some(cited) = cited_by(r, node.key)? else {
            looking.lost.set(true);
            return Ok(());
        };
        self.left -= chars(&node.text);
        self.done.extend(under);
        self.pieces.push(Piece {
            summary: Some(Step {
                id: node.id.to_string(),
                title: title_of(r, &node, &[])?,
            }),
            text: node.text,
            cited,
        });
        Ok(())
    }
}

/// The passages in which the words of a summary stand. None where one of them is not there.
fn cited_by(r: &Read<'_>, node: NodeKey) -> Result<Option<Vec<Cited>>> {
    let mut cited: Vec<Cited> = Vec::new();
    for span in r.spans_of(node)? {
        if cited.iter().any(|one| one.chunk.key == span.chunk) {
            continue;
        }
        let Some(chunk) = r.chunk_if_there(span.chunk)? else {
            return Ok(None);
        };
        let Some(document) = r.document_if_there(chunk.document)? else {
            return Ok(None);
        };
        cited.push(Cited {
            place: r.place_of(document.key)?,
            chunk,
            document,
        });
    }
    Ok(Some(cited))
}
