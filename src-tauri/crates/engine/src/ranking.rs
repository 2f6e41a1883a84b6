//! In which order passages answer: what their words are worth, what stands beside them, and what else tells
//! which of them is meant.
//!
//! Each list is taken as far as its best passages, and each score in it as a part of the best one there: so
//! lists of different kinds can be added up. (Adding up by ranks, as reciprocal rank fusion does, finds six of a
//! hundred answers fewer.)

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use oldgrowth_domain::TimeZone;
use oldgrowth_domain::calendar::Day;
use oldgrowth_domain::when::Days;
use oldgrowth_domain::words::{Naming, word_count};
use oldgrowth_store::table::authors::Standing;
use oldgrowth_store::table::words::{Filter, List, Wanted, WordHit};
use oldgrowth_store::{Canceller, ChunkKey, DocumentKey, Read, SourceKey};

use crate::embedding::Understood;
use crate::engine::Core;
use crate::nearest::{Nearby, Nearest};
use crate::recall::Meaning;
use crate::reranking::Reranked;
use crate::{Error, Result};

/// What each part of a score counts for.
///
/// Those of what is said are rounded from a fit to the questions of LoCoMo (docs/recall.md), whose folds
/// agreed within 0.15. Of texts that nobody says (notes, articles, manuals) their own words and their meaning count: on the
/// questions made from documents the other parts found less. The words count for about what all parts of a good answer in
/// a conversation come to by words, so that both kinds stand side by side.
struct Weights {
    own: f64,
    near: f64,
    /// How near what it says is to what is asked.
    meaning: f64,
    /// How well the rest of the conversation answers.
    thread: f64,
}

const SAID: Weights = Weights {
    own: 1.0,
    near: 2.0,
    meaning: 2.5,
    thread: 4.0,
};
const WRITTEN: Weights = Weights {
    own: 5.0,
    near: 0.0,
    meaning: 2.5,
    thread: 0.0,
};

/// For whoever is named in the question. From the same fit, as are the next two.
const AUTHOR: f64 = 1.2;
/// Questions are asked again more often than they answer.
const QUESTION: f64 = -0.3;
/// Short remarks look like everything; by the logarithm of the words, of [`WORDS_MAX`] at most, against a
/// remark of [`WORDS_USUAL`].
const LENGTH: f64 = 0.5;
const WORDS_MAX: usize = 60;
const WORDS_USUAL: usize = 24;

/// For what is of the days that the question speaks of, whoever said it or wrote it.
const TIME: f64 = 1.0;

/// For what a model has read together with the question, by where it stands between the worst and the best there: the best
/// stands before the worst whatever else they have, and the rest decides between what it finds nearly alike.
const RERANKED: f64 = 20.0;

/// So many of a conversation's passages say how well it answers.
const THREAD_BEST: usize = 3;

/// So far each list is looked through, and farther only when more is wanted.
pub(crate) const LIST_MAX: u32 = 200;

/// How near passages are to a question differs by so many times as much as it does for what means nothing, or the question
/// says nothing about them. Chosen by what docs/recall.md tells.
const DEVIATION_MIN: f32 = 1.2;

/// With more people than this nobody is looked for in a question.
const AUTHORS_MAX: u32 = 1_000;

/// The parts of a passage's score, which add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Terms {
    pub(crate) own: f64,
    pub(crate) near: f64,
    pub(crate) meaning: f64,
    pub(crate) thread: f64,
    pub(crate) author: f64,
    pub(crate) question: f64,
    pub(crate) length: f64,
    pub(crate) time: f64,
    pub(crate) reranked: f64,
}

impl Terms {
    pub(crate) fn sum(&self) -> f64 {
        let Self {
            own,
            near,
            meaning,
            thread,
            author,
            question,
            length,
            time,
            reranked,
        } = self;
        own + near + meaning + thread + author + question + length + time + reranked
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked {
    pub(crate) chunk: ChunkKey,
    pub(crate) terms: Terms,
}

#[derive(Debug, Default)]
pub(crate) struct Ranking {
    /// The best first.
    pub(crate) ranked: Vec<Ranked>,
    /// Any of them holds a word of the question, or stands beside one that does.
    pub(crate) any_by_words: bool,
    /// There is nothing further down.
    pub(crate) is_all: bool,
}

/// What is looked for, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'q> {
    /// As it was asked.
    pub(crate) text: &'q str,
    pub(crate) wanted: Wanted<'q>,
    pub(crate) filter: Filter<'q>,
    /// The passages that are nearest in meaning, the nearest first; none where that is not known.
    pub(crate) nearest: &'q [Nearest],
}

/// A search under way.
pub(crate) struct Looking<'l> {
    pub(crate) core: &'l Core,
    /// What the question means.
    pub(crate) question: Understood,
    pub(crate) canceller: &'l Canceller,
    /// It came upon what the index knows and is not there any more.
    pub(crate) lost: &'l Cell<bool>,
    pub(crate) when: Option<When>,
    /// What means nothing is to be compared with, and is not known yet.
    pub(crate) lacks_nothing: &'l Cell<bool>,
    /// What a model has said of the first that were found.
    pub(crate) reranked: Reranked,
}

impl Looking<'_> {
    /// The passages that are nearest in meaning, where that is known, and whether all that counts is.
    pub(crate) fn nearest(&self, r: &Read<'_>, filter: Filter<'_>) -> Result<(Nearby, Meaning)> {
        let (nearby, meaning) = self.nearest_by_vectors(r, filter)?;
        Ok(match self.reranked {
            Reranked::ToCome => (nearby, Meaning::ToCome),
            _ => (nearby, meaning),
        })
    }

    fn nearest_by_vectors(&self, r: &Read<'_>, filter: Filter<'_>) -> Result<(Nearby, Meaning)> {
        let question = match &self.question {
            Understood::Yes(question) => question,
            Understood::NotYet => return Ok((Nearby::default(), Meaning::ToCome)),
            Understood::No => return Ok((Nearby::default(), Meaning::No)),
        };
        let far = LIST_MAX as usize;
        let Some(nearby) = self
            .core
            .nearest(r, question, filter, far, self.canceller)?
        else {
            return Ok((Nearby::default(), Meaning::ToCome));
        };
        let meaning = match r.has_to_embed(question.model())? {
            true => Meaning::Partly,
            false => Meaning::Yes,
        };
        Ok((nearby, meaning))
    }

    /// Does a question of which no passage holds a word say anything about them?
    pub(crate) fn says_something(&self, nearby: &Nearby) -> bool {
        let Understood::Yes(question) = &self.question else {
            return true;
        };
        let Some(nothing) = self.core.nothing_vectors(question.model()) else {
            self.lacks_nothing.set(true);
            return true;
        };
        let usual = self.core.usual_deviation(&nothing);
        usual.is_none_or(|usual| nearby.deviation >= DEVIATION_MIN * usual)
    }
}

/// The days that a question speaks of, by the clock of whoever asks.
pub(crate) struct When {
    pub(crate) days: Days,
    pub(crate) zone: TimeZone,
}

impl When {
    fn holds(&self, standing: &Standing) -> bool {
        let day = standing.happened_at.and_then(|at| Day::of(at, &self.zone));
        day.is_some_and(|day| self.days.contain(day))
    }
}

/// A passage of the lists: its parts of the best scores there.
struct Candidate {
    chunk: ChunkKey,
    own: f64,
    near: f64,
    meaning: f64,
    standing: Standing,
}

impl Candidate {
    fn weights(&self) -> &'static Weights {
        match self.standing.said {
            Some(_) => &SAID,
            None => &WRITTEN,
        }
    }

    fn fused(&self) -> [f64; 3] {
        let weights = self.weights();
        [
            weights.own * self.own,
            weights.near * self.near,
            weights.meaning * self.meaning,
        ]
    }

    /// Between 0 and 1. Where no meanings are known they don't count.
    fn answers(&self, with_meaning: bool) -> f64 {
        let weights = self.weights();
        let meaning = if with_meaning { weights.meaning } else { 0.0 };
        self.fused().iter().sum::<f64>() / (weights.own + weights.near + meaning)
    }
}

/// The passages that answer, the best `wanted_many` at least, if there are so many. `also` is ranked wherever it
/// stands.
pub(crate) fn rank(
    r: &Read<'_>,
    looking: &Looking<'_>,
    query: Query<'_>,
    wanted_many: u32,
    also: Option<ChunkKey>,
) -> Result<Ranking> {
    let far = wanted_many.max(LIST_MAX);
    let mut near = listed(r, List::Near, query, far)?;
    // Nobody has said anything of it, and no time is meant: then the words decide alone.
    let by_words = near.parts.is_empty() && looking.when.is_none() && query.nearest.is_empty();
    let depth = if by_words { wanted_many } else { far };
    let mut own = listed(r, List::Own, query, depth)?;
    let is_all = near.is_all && own.is_all;
    let by_meaning = by_meaning(query.nearest);
    let is_listed = |chunk: ChunkKey| {
        let lists = [&own.parts, &near.parts, &by_meaning];
        lists.into_iter().flatten().any(|(of, _)| *of == chunk)
    };
    // What stands in a list has the parts that the search gave it.
    if let Some(also) = also.filter(|also| !is_listed(*also)) {
        own.add(r, List::Own, query, also)?;
        near.add(r, List::Near, query, also)?;
    }
    let any_by_words = !own.parts.is_empty() || !near.parts.is_empty();
    let mut ranked: Vec<Ranked> = if by_words {
        own.parts.into_iter().map(written).collect()
    } else {
        let mut parts: HashMap<ChunkKey, [f64; 3]> = HashMap::new();
        for (at, list) in [own.parts, near.parts, by_meaning].into_iter().enumerate() {
            for (chunk, part) in list {
                if let Some(known) = parts.entry(chunk).or_default().get_mut(at) {
                    *known = part;
                }
            }
        }
        let candidates = standing(r, looking, parts)?;
        let named = named(r, query.text, &candidates)?;
        let threads = threads(&candidates, !query.nearest.is_empty());
        let ranked = candidates.iter().map(|candidate| Ranked {
            chunk: candidate.chunk,
            terms: terms(candidate, &threads, &named, looking.when.as_ref()),
        });
        ranked.collect()
    };
    for one in &mut ranked {
        one.terms.reranked = RERANKED * looking.reranked.part_of(one.chunk);
    }
    ranked.sort_by(|a, b| {
        let by_score = b.terms.sum().total_cmp(&a.terms.sum());
        by_score.then(a.chunk.cmp(&b.chunk))
    });
    Ok(Ranking {
        ranked,
        any_by_words,
        is_all,
    })
}

/// The best of a list, each with its part of the best score in it.
struct Listed {
    parts: Vec<(ChunkKey, f64)>,
    best: f64,
    is_all: bool,
}

impl Listed {
    /// Puts a passage into it that stands farther down.
    fn add(&mut self, r: &Read<'_>, list: List, query: Query<'_>, chunk: ChunkKey) -> Result<()> {
        if !self.parts.is_empty()
            && let Some(score) = r.word_score(list, query.wanted, chunk)?
        {
            self.parts.push((chunk, part_of(score, self.best)));
        }
        Ok(())
    }
}

fn listed(r: &Read<'_>, list: List, query: Query<'_>, depth: u32) -> Result<Listed> {
    let found = r.search_words(list, query.wanted, query.filter, depth)?;
    let best = found.first().map(|hit| hit.score).unwrap_or_default();
    let part = |hit: &WordHit| (hit.chunk, part_of(hit.score, best));
    Ok(Listed {
        parts: found.iter().map(part).collect(),
        best,
        is_all: found.len() < depth as usize,
    })
}

/// A word that stands in more than half of all passages is worth next to nothing.
fn part_of(score: f64, best: f64) -> f64 {
    if best > 0.0 { score / best } else { 0.0 }
}

/// Texts that have nothing to do with each other are near too, so the last of the list is worth nothing.
fn by_meaning(nearest: &[Nearest]) -> Vec<(ChunkKey, f64)> {
    let of = |one: Option<&Nearest>| one.map_or(0.0, |one| f64::from(one.nearness));
    let (best, least) = (of(nearest.first()), of(nearest.last()));
    let span = best - least;
    let part = |one: &Nearest| match span > 0.0 {
        true => (f64::from(one.nearness) - least) / span,
        false => 1.0,
    };
    nearest.iter().map(|one| (one.chunk, part(one))).collect()
}

fn written((chunk, own): (ChunkKey, f64)) -> Ranked {
    Ranked {
        chunk,
        terms: Terms {
            own: WRITTEN.own * own,
            ..Terms::default()
        },
    }
}

fn standing(
    r: &Read<'_>,
    looking: &Looking<'_>,
    parts: HashMap<ChunkKey, [f64; 3]>,
) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::with_capacity(parts.len());
    for (chunk, [own, near, meaning]) in parts {
        // Short statements don't ask by themselves.
        if looking.canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // A damage may have taken what the index still knows.
        match r.standing(chunk)? {
            Some(standing) => candidates.push(Candidate {
                chunk,
                own,
                near,
                meaning,
                standing,
            }),
            None => looking.lost.set(true),
        }
    }
    Ok(candidates)
}

/// The one person that the question names, and the sources in which they are not the only one to speak.
struct Named {
    author: Option<String>,
    sources: HashSet<SourceKey>,
}

fn named(r: &Read<'_>, question: &str, candidates: &[Candidate]) -> Result<Named> {
    let nobody = Named {
        author: None,
        sources: HashSet::new(),
    };
    if candidates.iter().all(|one| one.standing.said.is_none()) {
        return Ok(nobody);
    }
    let authors = r.author_names(AUTHORS_MAX + 1)?;
    if authors.len() > AUTHORS_MAX as usize {
        return Ok(nobody);
    }
    let naming = Naming::of(question);
    let mut named = authors.into_iter().filter(|author| naming.names(author));
    let (Some(author), None) = (named.next(), named.next()) else {
        return Ok(nobody);
    };
    let others = candidates.iter().filter(|one| {
        let said = one.standing.said.as_ref();
        said.is_some_and(|(by, _)| *by != author)
    });
    Ok(Named {
        sources: others.map(|one| one.standing.source).collect(),
        author: Some(author),
    })
}

/// How well each conversation answers, between 0 and 1: the mean of the best that was said in it.
fn threads(candidates: &[Candidate], with_meaning: bool) -> HashMap<DocumentKey, f64> {
    let mut answers: HashMap<DocumentKey, Vec<f64>> = HashMap::new();
    for one in candidates.iter().filter(|one| one.standing.said.is_some()) {
        let document = answers.entry(one.standing.document).or_default();
        document.push(one.answers(with_meaning));
    }
    let mean = |mut answers: Vec<f64>| {
        answers.sort_by(|a, b| b.total_cmp(a));
        answers.iter().take(THREAD_BEST).sum::<f64>() / THREAD_BEST as f64
    };
    answers
        .into_iter()
        .map(|(document, answers)| (document, mean(answers)))
        .collect()
}

fn terms(
    candidate: &Candidate,
    threads: &HashMap<DocumentKey, f64>,
    named: &Named,
    when: Option<&When>,
) -> Terms {
    let [own, near, meaning] = candidate.fused();
    let is_then = when.is_some_and(|when| when.holds(&candidate.standing));
    let time = if is_then { TIME } else { 0.0 };
    let Standing {
        document,
        source,
        said,
        ..
    } = &candidate.standing;
    let Some((author, text)) = said else {
        return Terms {
            own,
            meaning,
            time,
            ..Terms::default()
        };
    };
    let thread = threads.get(document).copied().unwrap_or_default();
    let is_named = named.author.as_ref() == Some(author) && named.sources.contains(source);
    let words = word_count(text).min(WORDS_MAX);
    Terms {
        own,
        near,
        meaning,
        thread: SAID.thread * thread,
        author: if is_named { AUTHOR } else { 0.0 },
        question: if text.trim_end().ends_with(['?', '？', '؟']) {
            QUESTION
        } else {
            0.0
        },
        time,
        length: LENGTH * ((1 + words) as f64 / (1 + WORDS_USUAL) as f64).ln(),
        reranked: 0.0,
    }
}
