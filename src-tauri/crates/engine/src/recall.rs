//! Finding: by words, with filters, down to the exact words; and recalling, with the neighbours and
//! the place in the tree.

use std::collections::HashMap;
use std::ops::Range;

use oldgrowth_domain::words::question_words;
use oldgrowth_domain::{SourceId, UnixMs};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::words::{Filter, WordHit};
use oldgrowth_store::{Lane, Read};

use crate::matching::Matcher;
use crate::tree::{Step, path_to};
use crate::{Engine, Error, Result};

/// The most passages one answer brings.
const HITS_MAX: u32 = 200;

/// Equal passages are folded into one. When that leaves fewer than asked for, so many times more are
/// looked at, up to a limit. Not from the start: the index works a score out again for each row that
/// is read.
const LOOK_WIDER: u32 = 4;
const LOOKED_AT_MAX: u32 = 4_000;

/// What is asked, and where.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub text: String,
    /// 1 to [`HITS_MAX`].
    pub limit: u32,
    /// The id or the name of a source.
    pub source: Option<String>,
    /// Who said it, by name; capital letters make no difference.
    pub author: Option<String>,
    /// Both included.
    pub from: Option<UnixMs>,
    pub to: Option<UnixMs>,
}

/// A passage found by its words.
#[derive(Clone, Debug)]
pub struct Hit {
    pub chunk: Chunk,
    pub document: Document,
    pub source: SourceId,
    pub place: Option<Place>,
    pub score: f64,
    /// The words of the question, as byte ranges of the text.
    pub matches: Vec<Range<usize>>,
    /// The sentence that answers best.
    pub quote: Range<usize>,
    /// How many of the next best passages say exactly the same and were folded into this one.
    pub same_elsewhere: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub hits: Vec<Hit>,
    pub words: Vec<String>,
}

/// What stands around a passage.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub before: Option<String>,
    pub after: Option<String>,
    pub tree: Vec<Step>,
    /// A sentence of the nearest summary that was made from this passage.
    pub summary: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub hits: Vec<(Hit, Surroundings)>,
    pub words: Vec<String>,
}

impl Engine {
    pub fn search(&self, asked: &Asked) -> Result<Hits> {
        let words = words_of(asked)?;
        self.core().store.read(Lane::Interactive, |r| {
            let hits = find(r, asked, &words)?;
            Ok(Hits { hits, words })
        })
    }

    pub fn recall(&self, asked: &Asked) -> Result<Answer> {
        let words = words_of(asked)?;
        self.core().store.read(Lane::Interactive, |r| {
            let hits = find(r, asked, &words)?
                .into_iter()
                .map(|hit| {
                    let around = surroundings(r, &hit.chunk)?;
                    Ok::<_, Error>((hit, around))
                })
                .collect::<Result<_>>()?;
            Ok(Answer { hits, words })
        })
    }
}

fn words_of(asked: &Asked) -> Result<Vec<String>> {
    let words = question_words(&asked.text);
    if words.is_empty() {
        Err(Error::NothingAsked)
    } else {
        Ok(words)
    }
}

fn find(r: &Read<'_>, asked: &Asked, words: &[String]) -> Result<Vec<Hit>> {
    let filter = Filter {
        source: source_key(r, asked.source.as_deref())?,
        author: asked.author.as_deref(),
        from: asked.from,
        to: asked.to,
    };
    let limit = asked.limit.clamp(1, HITS_MAX);
    let matcher = Matcher::new(words);
    let mut look_at = limit;
    loop {
        let found = r.search_words(words, filter, look_at)?;
        let all = found.len() < look_at as usize;
        let hits = fold_equal(r, &matcher, found, limit)?;
        if all || hits.len() >= limit as usize || look_at >= LOOKED_AT_MAX {
            return Ok(hits);
        }
        look_at = look_at.saturating_mul(LOOK_WIDER).min(LOOKED_AT_MAX);
    }
}

/// The first `limit` of these passages, those that say exactly the same as one.
fn fold_equal(
    r: &Read<'_>,
    matcher: &Matcher,
    found: Vec<WordHit>,
    limit: u32,
) -> Result<Vec<Hit>> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for WordHit { chunk, score } in found {
        let chunk = r.chunk(chunk)?;
        if let Some(hit) = seen.get(&chunk.text).and_then(|at| hits.get_mut(*at)) {
            hit.same_elsewhere += 1;
            continue;
        }
        if hits.len() >= limit as usize {
            break;
        }
        seen.insert(chunk.text.clone(), hits.len());
        let document = r.document(chunk.document)?;
        let look = matcher.look(&chunk.text);
        hits.push(Hit {
            source: r.source(document.source)?.id,
            place: r.place_of(document.key)?,
            matches: look.marks,
            quote: look.quote,
            same_elsewhere: 0,
            score,
            chunk,
            document,
        });
    }
    Ok(hits)
}

fn source_key(r: &Read<'_>, named: Option<&str>) -> Result<Option<oldgrowth_store::SourceKey>> {
    let Some(named) = named else { return Ok(None) };
    if let Some(id) = SourceId::parse(named) {
        return r
            .source_by_id(&id)?
            .map(|source| Some(source.key))
            .ok_or(Error::NotFound);
    }
    match r.sources_by_name(named)?.as_slice() {
        [] => Err(Error::NotFound),
        [one] => Ok(Some(one.key)),
        _ => Err(Error::AmbiguousSource),
    }
}

fn surroundings(r: &Read<'_>, chunk: &Chunk) -> Result<Surroundings> {
    let before = match chunk.ordinal.checked_sub(1) {
        Some(ordinal) => r.chunk_text_at(chunk.document, ordinal)?,
        None => None,
    };
    let parent = r.parent_of(Member::Chunk(chunk.key))?;
    let summary = match parent {
        Some(parent) => {
            let text = r.node(parent)?.map(|node| node.text).unwrap_or_default();
            let spans = r.spans_of(parent)?;
            spans
                .into_iter()
                .find(|span| span.chunk == chunk.key)
                .and_then(|span| text.get(span.text).map(str::to_owned))
        }
        None => None,
    };
    Ok(Surroundings {
        before,
        after: r.chunk_text_at(chunk.document, chunk.ordinal + 1)?,
        tree: path_to(r, Member::Chunk(chunk.key), chunk.document)?,
        summary,
    })
}
