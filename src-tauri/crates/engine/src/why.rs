//! Why a passage answers a question: what of the question it holds, and what that counted for.

use std::collections::HashSet;

use oldgrowth_domain::{ChunkId, Happened, SourceId};
use oldgrowth_store::Read;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::words::{Filter, List, Wanted};

use crate::matching::Matcher;
use crate::ranking::{Looking, Terms};
use crate::recall::{Asked, Found, filter_of, find, words_of};
use crate::{Engine, Error, Result};

/// How many different forms of a word are named.
const FORMS_MAX: usize = 5;

/// A rank further down than this is not worked out.
const RANK_MAX: usize = 500;

/// How many passages that say the same are named.
const SAME_MAX: u32 = 50;

#[derive(Clone, Debug)]
pub struct Why {
    /// In the order of the question.
    pub words: Vec<WhyWord>,
    /// How many passages can be found at all.
    pub passages: u32,
    /// How many of them hold a word of the question or stand beside one that does, within the filters.
    pub answers: u32,
    /// Its place among the answers, those that say the same counted as one. The best is 1.
    pub rank: Option<u32>,
    /// The sum of its words' parts and of the others.
    pub score: f64,
    /// The score of the best answer.
    pub best: f64,
    /// What counted besides its words. None of it counts for nothing.
    pub parts: Vec<(WhyPart, f64)>,
    pub happened: Happened,
    /// Others that say exactly the same, within the filters.
    pub same: Vec<SamePassage>,
}

/// What a passage is found by, besides its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyPart {
    /// What was said right before and after it.
    Near,
    /// How near what it says is to what is asked.
    Meaning,
    /// How well the rest of its conversation answers.
    Thread,
    /// The question names who said it.
    Author,
    /// It asks something itself.
    Question,
    /// Short remarks count for less.
    Length,
    /// It is of the days that the question speaks of.
    Time,
    /// A model of a server has read it together with the question.
    Reranked,
}

/// A word of the question, and what it does for the passage.
#[derive(Clone, Debug)]
pub struct WhyWord {
    pub word: String,
    /// As the passage has it, each form once.
    pub forms: Vec<String>,
    /// How often it stands in the document's title, in the headings above the passage and in its text.
    pub title: u32,
    pub headings: u32,
    pub text: u32,
    /// How many passages of the memory hold it.
    pub passages: u32,
    /// Its part of the score; none if the passage lacks it.
    pub score: Option<f64>,
}

#[derive(Clone, Debug)]
pub struct SamePassage {
    pub chunk: Chunk,
    pub document: Document,
    pub source: SourceId,
    pub source_name: String,
    pub place: Option<Place>,
}

impl Engine {
    /// Why this passage answers this question as it does.
    pub fn why(&self, chunk: &str, asked: &Asked) -> Result<Why> {
        let id = ChunkId::parse(chunk).ok_or(Error::NotFound)?;
        let words = words_of(asked)?;
        self.look_for(asked, |r, looking| {
            let chunk = r.chunk_by_id(&id)?.ok_or(Error::NotFound)?;
            why(r, looking, chunk, asked, &words)
        })
    }
}

fn why(
    r: &Read<'_>,
    looking: &Looking<'_>,
    chunk: Chunk,
    asked: &Asked,
    words: &[String],
) -> Result<Why> {
    let filter = filter_of(r, asked)?;
    let Found { ranking, begun, .. } = find(r, looking, asked, words, Some(chunk.key))?;
    let wanted = Wanted {
        words,
        begun: begun.as_deref(),
    };
    let document = r.document(chunk.document)?;
    let at = ranking.ranked.iter().position(|one| one.chunk == chunk.key);
    let terms = at.and_then(|at| ranking.ranked.get(at));
    let terms = terms.map(|one| one.terms).unwrap_or_default();
    let found = words_of_passage(r, wanted, &chunk, &document, terms.own)?;
    let forms: Vec<String> = found
        .iter()
        .filter(|word| word.text > 0)
        .flat_map(|word| word.forms.iter().take(1).cloned())
        .collect();
    let rank = match at.filter(|at| *at < RANK_MAX) {
        Some(at) => {
            let mut texts: HashSet<String> = HashSet::new();
            for before in ranking.ranked.iter().take(at) {
                if looking.canceller.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                texts.insert(r.chunk(before.chunk)?.text);
            }
            texts.remove(&chunk.text);
            u32::try_from(texts.len() + 1).ok()
        }
        None => None,
    };
    let best = ranking.ranked.first();
    Ok(Why {
        passages: r.indexed_passages()?,
        answers: r.count_words(wanted, filter)? + r.count_near(wanted, filter)?,
        rank,
        score: terms.sum(),
        best: best.map_or(0.0, |best| best.terms.sum()),
        parts: parts(terms),
        happened: document.happened,
        same: same(r, &chunk, &forms, filter)?,
        words: found,
    })
}

/// What counted besides the passage's own words.
fn parts(terms: Terms) -> Vec<(WhyPart, f64)> {
    let Terms {
        own: _,
        near,
        meaning,
        thread,
        author,
        question,
        length,
        time,
        reranked,
    } = terms;
    let parts = [
        (WhyPart::Near, near),
        (WhyPart::Meaning, meaning),
        (WhyPart::Thread, thread),
        (WhyPart::Author, author),
        (WhyPart::Question, question),
        (WhyPart::Length, length),
        (WhyPart::Time, time),
        (WhyPart::Reranked, reranked),
    ];
    parts
        .into_iter()
        .filter(|(_, score)| *score != 0.0)
        .collect()
}

fn words_of_passage(
    r: &Read<'_>,
    wanted: Wanted<'_>,
    chunk: &Chunk,
    document: &Document,
    own: f64,
) -> Result<Vec<WhyWord>> {
    // Their parts of BM25 are their parts of what it counts for.
    let bm25 = r.word_score(List::Own, wanted, chunk.key)?;
    let scale = bm25.filter(|all| *all > 0.0).map_or(0.0, |all| own / all);
    let matcher = Matcher::new(wanted.words, wanted.begun);
    let headings = chunk.headings.join("\n");
    let title = matcher.words_in(&document.title);
    let headings = matcher.words_in(&headings);
    let text = matcher.words_in(&chunk.text);
    let count = |stands: &[(usize, &str)], word: usize| {
        u32::try_from(stands.iter().filter(|(of, _)| *of == word).count()).unwrap_or(u32::MAX)
    };
    let last = wanted.words.len().saturating_sub(1);
    let word = |(at, word): (usize, &String)| {
        let mut forms: Vec<String> = Vec::new();
        for (_, form) in text
            .iter()
            .chain(&headings)
            .chain(&title)
            .filter(|(of, _)| *of == at)
        {
            let is_new = !forms
                .iter()
                .any(|known| known.to_lowercase() == form.to_lowercase());
            if is_new && forms.len() < FORMS_MAX {
                forms.push((*form).to_owned());
            }
        }
        let alone = Wanted {
            words: std::slice::from_ref(word),
            begun: wanted.begun.filter(|_| at == last),
        };
        Ok(WhyWord {
            word: word.clone(),
            forms,
            title: count(&title, at),
            headings: count(&headings, at),
            text: count(&text, at),
            passages: r.count_words(alone, Filter::default())?,
            score: r
                .word_score(List::Own, alone, chunk.key)?
                .map(|part| part * scale),
        })
    };
    wanted.words.iter().enumerate().map(word).collect()
}

fn same(
    r: &Read<'_>,
    chunk: &Chunk,
    forms: &[String],
    filter: Filter<'_>,
) -> Result<Vec<SamePassage>> {
    r.same_text(chunk.key, forms, filter, SAME_MAX)?
        .into_iter()
        .map(|key| {
            let chunk = r.chunk(key)?;
            let document = r.document(chunk.document)?;
            let source = r.source(document.source)?;
            Ok(SamePassage {
                place: r.place_of(document.key)?,
                source: source.id,
                source_name: source.name,
                chunk,
                document,
            })
        })
        .collect()
}
