//! Finding: by words, with filters, down to the exact words; and recalling, with the neighbours and
//! the place in the tree.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use oldgrowth_domain::calendar::{Day, zone_name};
use oldgrowth_domain::tags::Tag;
use oldgrowth_domain::when::Days;
use oldgrowth_domain::words::{begun_word, question_words};
use oldgrowth_domain::{SourceId, UnixMs};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::words::{Filter, Kind, Wanted};
use oldgrowth_store::{Canceller, ChunkKey, Lane, Read};

use crate::above::{Above, above};
use crate::aside::Deadline;
use crate::askers::Asker;
use crate::embedding::{Understood, WAIT_MAX};
use crate::engine::Core;
use crate::health::HealthCode;
use crate::matching::Matcher;
use crate::ranking::{Looking, Query, Ranked, Ranking, When, rank};
use crate::reranking::Reranked;
use crate::tree::{Step, path_to};
use crate::{Engine, Error, Result};

/// The most passages one answer brings.
const HITS_MAX: u32 = 200;

/// Equal passages are folded into one. When that leaves fewer than asked for, so many times more are
/// looked at, up to a limit.
const LOOK_WIDER: u32 = 4;
const LOOKED_AT_MAX: u32 = 4_000;

/// Whoever is still writing waits no longer for what the question means. A model that is loaded takes some 10 ms.
const WHILE_TYPING: Duration = Duration::from_millis(150);

/// So many letters a beginning under which nothing stands is shortened by, and so many are left.
const BEGUN_CHARS_CUT_MAX: usize = 3;
const BEGUN_CHARS_LEFT_MIN: usize = 3;

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
    pub kind: Option<Kind>,
    /// Only what has this tag.
    pub tag: Option<Tag>,
    /// The last word may be unfinished: words that begin with it count as well. Nobody waits for a model that is to be
    /// loaded first.
    pub typing: bool,
    /// What the question means does not count.
    pub by_words_alone: bool,
    pub asker: Option<Asker>,
}

impl Asked {
    pub fn is_narrowed(&self) -> bool {
        let Self {
            source,
            author,
            from,
            to,
            kind,
            tag,
            ..
        } = self;
        source.is_some()
            || author.is_some()
            || from.is_some()
            || to.is_some()
            || kind.is_some()
            || tag.is_some()
    }
}

/// A passage found by its words.
#[derive(Clone, Debug)]
pub struct Hit {
    pub chunk: Chunk,
    pub document: Document,
    pub source: SourceId,
    pub place: Option<Place>,
    /// Those of its document.
    pub tags: Vec<String>,
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
    pub meaning: Meaning,
}

/// Did it count what the question means, and not only its words?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meaning {
    /// No: nobody knows that here, or it was asked for words alone.
    #[default]
    No,
    /// Not yet: the model is being loaded, or the vectors are, or it is one of a server, which is not told what is still
    /// being written. Who asks the same again soon has it.
    ToCome,
    /// As far as passages were embedded; there are others.
    Partly,
    Yes,
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
    /// When filters let nothing through: what there is behind them.
    pub behind: Option<Behind>,
    /// When nothing was found: how many passages can't be found by their words, as far as they were counted.
    pub unsearched: u32,
    pub meaning: Meaning,
    /// What several of them are part of, the most telling first.
    pub summaries: Vec<Above>,
    /// The days that the question speaks of, if nothing is of any of them: what was found is of others.
    pub empty_days: Option<Days>,
    /// The model that would write an answer at this moment.
    pub writer: Option<String>,
}

/// How many passages hold words of the question without one of the filters that are set, and without
/// any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    pub source: Option<u32>,
    pub author: Option<u32>,
    pub dates: Option<u32>,
    pub kind: Option<u32>,
    pub tag: Option<u32>,
    pub all: u32,
}

impl Engine {
    pub fn search(&self, asked: &Asked) -> Result<Hits> {
        let words = words_of(asked)?;
        let found = self.look_for(asked, |r, looking| find(r, looking, asked, &words, None))?;
        Ok(Hits {
            hits: found.hits,
            words,
            meaning: found.meaning,
        })
    }

    pub fn recall(&self, asked: &Asked) -> Result<Answer> {
        let words = words_of(asked)?;
        let mut answer = self.look_for(asked, |r, looking| {
            let Found { hits, meaning, .. } = find(r, looking, asked, &words, None)?;
            let hits: Vec<_> = hits
                .into_iter()
                .map(|hit| {
                    let around = surroundings(r, &hit.chunk)?;
                    Ok::<_, Error>((hit, around))
                })
                .collect::<Result<_>>()?;
            let behind = if hits.is_empty() && asked.is_narrowed() {
                Some(behind(r, asked, &words)?)
            } else {
                None
            };
            let found: Vec<ChunkKey> = hits.iter().map(|(hit, _)| hit.chunk.key).collect();
            Ok(Answer {
                summaries: above(r, &found, looking.canceller)?,
                empty_days: empty_days(r, looking)?,
                writer: None,
                hits,
                words: words.clone(),
                behind,
                unsearched: 0,
                meaning,
            })
        })?;
        if answer.hits.is_empty() {
            answer.unsearched = self.core().unsearched();
        } else {
            answer.writer = self.writer();
        }
        Ok(answer)
    }

    /// Looks for what is asked: by words and, where it is known in time, by what the question means.
    pub(crate) fn look_for<T>(
        &self,
        asked: &Asked,
        op: impl Fn(&Read<'_>, &Looking<'_>) -> Result<T>,
    ) -> Result<T> {
        let core = self.core();
        let canceller = core.askers.begin(asked.asker.as_ref());
        let patience = if asked.typing { WHILE_TYPING } else { WAIT_MAX };
        let deadline = Deadline::after(core, patience);
        let may_go_on = asked.typing && !core.questions.is_asked_again(asked);
        let question = match asked.by_words_alone {
            true => Understood::No,
            false => core.question_of(asked, may_go_on, deadline, &canceller)?,
        };
        let (lost, lacks_nothing) = (Cell::new(false), Cell::new(false));
        let mut looking = Looking {
            reranked: Reranked::No,
            core,
            question,
            canceller: &canceller,
            lost: &lost,
            lacks_nothing: &lacks_nothing,
            when: core.when(asked),
        };
        looking.reranked = core.rerank(asked, may_go_on, deadline, &looking)?;
        let read = || {
            let store = &core.store;
            store.read_until(Lane::Interactive, &canceller, |r| op(r, &looking))
        };
        let mut found = read();
        if let Understood::Yes(question) = &looking.question
            && found.is_ok()
            && lacks_nothing.take()
            && core.ask_for_nothing(question.model(), deadline, &canceller)?
        {
            found = read();
        }
        let found = self.called_off(found, &canceller);
        core.tell_of_lost(lost.get());
        found
    }

    /// Reads for somebody whose next question calls this one off.
    pub(crate) fn read_for<T>(
        &self,
        asker: Option<&Asker>,
        op: impl FnOnce(&Read<'_>, &Canceller) -> Result<T>,
    ) -> Result<T> {
        let canceller = self.core().askers.begin(asker);
        let read = self
            .core()
            .store
            .read_until(Lane::Interactive, &canceller, |r| op(r, &canceller));
        self.called_off(read, &canceller)
    }

    pub(crate) fn called_off<T>(&self, read: Result<T>, canceller: &Canceller) -> Result<T> {
        match read {
            Err(Error::Store(error)) if error.is_cancelled() && canceller.is_cancelled() => {
                Err(Error::Cancelled)
            }
            read => read.map_err(|error| self.core().named(error)),
        }
    }
}

impl Core {
    /// What the question means, with the passages' vectors at hand.
    fn question_of(
        &self,
        asked: &Asked,
        may_go_on: bool,
        deadline: Deadline,
        canceller: &Canceller,
    ) -> Result<Understood> {
        let understood = self.question_vector(&asked.text, may_go_on, deadline, canceller)?;
        if let Understood::Yes(question) = &understood {
            let brought = self.bring_vectors(question, deadline.left(self), canceller);
            match brought.map_err(Error::called_off) {
                Ok(true) => {}
                Ok(false) => return Ok(Understood::NotYet),
                // The search itself meets the same, and says so.
                Err(Error::Store(_)) => return Ok(Understood::No),
                Err(error) => return Err(error),
            }
        }
        Ok(understood)
    }

    /// What is lost is counted, and told, unless it has been.
    fn tell_of_lost(&self, lost: bool) {
        if lost && self.board.says_well(HealthCode::Coverage) {
            self.count_anew();
        }
    }

    /// The days that are asked for, as the person's clock shows them.
    pub(crate) fn when(&self, asked: &Asked) -> Option<When> {
        let zone = self.zone();
        let today = Day::of(self.now(), &zone)?;
        let days = Days::asked(&asked.text, today)?;
        Some(When { days, zone })
    }

    /// How many passages the word index lacks, by the last count.
    pub(crate) fn unsearched(&self) -> u32 {
        let counted = self.counted_before();
        let sum = counted.map(|counted| counted.sum()).unwrap_or_default();
        sum.chunks.saturating_sub(sum.indexed)
    }

    /// Who meets a missing word index is told so, and not that it is a fault of ours.
    pub(crate) fn named(&self, error: Error) -> Error {
        match error {
            Error::Store(error) if error.is_misuse() && self.lacks_words() => {
                // Who is led to the doctor finds it said there.
                self.tell_of_lost(true);
                Error::NoWordIndex
            }
            error => error,
        }
    }

    pub(crate) fn lacks_words(&self) -> bool {
        let has = self.store.read(Lane::Interactive, |r| r.has_words());
        matches!(has, Ok(false))
    }
}

/// The days that a question speaks of, where it is known that nothing is of any of them.
pub(crate) fn empty_days(r: &Read<'_>, looking: &Looking<'_>) -> Result<Option<Days>> {
    let Some(When { days, zone }) = &looking.when else {
        return Ok(None);
    };
    let is_empty = !r.has_to_sort(&zone_name(zone))? && !r.has_days(days.first, days.last)?;
    Ok(is_empty.then_some(*days))
}

pub(crate) fn words_of(asked: &Asked) -> Result<Vec<String>> {
    let words = question_words(&asked.text);
    if words.is_empty() {
        Err(Error::NothingAsked)
    } else {
        Ok(words)
    }
}

pub(crate) fn filter_of<'a>(r: &Read<'_>, asked: &'a Asked) -> Result<Filter<'a>> {
    Ok(Filter {
        source: source_key(r, asked.source.as_deref())?,
        author: asked.author.as_deref(),
        from: asked.from,
        to: asked.to,
        kind: asked.kind,
        tag: asked.tag.as_ref().map(Tag::folded),
    })
}

pub(crate) fn begun_of(asked: &Asked) -> Option<String> {
    asked.typing.then(|| begun_word(&asked.text)).flatten()
}

/// The index holds stems, which may be shorter than what has been written: "expiri" begins no stem of
/// "expiring". So a beginning under which nothing stands is tried a few letters shorter.
pub(crate) fn shortened(begun: &str, asked: &Asked) -> Option<String> {
    let written = begun_of(asked)?.chars().count();
    let left = begun.chars().count().checked_sub(1)?;
    (left >= BEGUN_CHARS_LEFT_MIN && written - left <= BEGUN_CHARS_CUT_MAX)
        .then(|| begun.chars().take(left).collect())
}

fn behind(r: &Read<'_>, asked: &Asked, words: &[String]) -> Result<Behind> {
    let begun = begun_of(asked);
    let wanted = Wanted {
        words,
        begun: begun.as_deref(),
    };
    let filter = filter_of(r, asked)?;
    let without = |is_set: bool, filter: Filter<'_>| {
        is_set.then(|| r.count_words(wanted, filter)).transpose()
    };
    Ok(Behind {
        source: without(
            filter.source.is_some(),
            Filter {
                source: None,
                ..filter
            },
        )?,
        author: without(
            filter.author.is_some(),
            Filter {
                author: None,
                ..filter
            },
        )?,
        dates: without(
            filter.from.is_some() || filter.to.is_some(),
            Filter {
                from: None,
                to: None,
                ..filter
            },
        )?,
        kind: without(
            filter.kind.is_some(),
            Filter {
                kind: None,
                ..filter
            },
        )?,
        tag: without(
            filter.tag.is_some(),
            Filter {
                tag: None,
                ..filter
            },
        )?,
        all: r.count_words(wanted, Filter::default())?,
    })
}

/// What was found: the passages that are shown, and the whole order that they are from.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) ranking: Ranking,
    /// What the last word was taken to begin with.
    pub(crate) begun: Option<String>,
    pub(crate) meaning: Meaning,
}

/// `also` is ranked in any case.
pub(crate) fn find(
    r: &Read<'_>,
    looking: &Looking<'_>,
    asked: &Asked,
    words: &[String],
    also: Option<ChunkKey>,
) -> Result<Found> {
    let filter = filter_of(r, asked)?;
    let (nearby, meaning) = looking.nearest(r, filter)?;
    let mut begun = begun_of(asked);
    loop {
        let query = Query {
            nearest: &nearby.found,
            text: &asked.text,
            wanted: Wanted {
                words,
                begun: begun.as_deref(),
            },
            filter,
        };
        let (mut hits, mut ranking) = find_wanted(r, looking, query, asked.limit, also)?;
        let shorter = begun.as_deref().and_then(|begun| shortened(begun, asked));
        if !ranking.any_by_words && shorter.is_some() {
            begun = shorter;
            continue;
        }
        if !ranking.any_by_words && !hits.is_empty() && !looking.says_something(&nearby) {
            hits.clear();
            ranking.ranked.clear();
        }
        return Ok(Found {
            hits,
            ranking,
            begun,
            meaning,
        });
    }
}

fn find_wanted(
    r: &Read<'_>,
    looking: &Looking<'_>,
    query: Query<'_>,
    limit: u32,
    also: Option<ChunkKey>,
) -> Result<(Vec<Hit>, Ranking)> {
    let limit = limit.clamp(1, HITS_MAX);
    let matcher = Matcher::new(query.wanted.words, query.wanted.begun);
    let mut look_at = limit;
    loop {
        let ranking = rank(r, looking, query, look_at, also)?;
        let hits = fold_equal(r, looking, &matcher, &ranking.ranked, limit)?;
        if ranking.is_all || hits.len() >= limit as usize || look_at >= LOOKED_AT_MAX {
            return Ok((hits, ranking));
        }
        look_at = look_at.saturating_mul(LOOK_WIDER).min(LOOKED_AT_MAX);
    }
}

/// The first `limit` of these passages, those that say exactly the same as one.
fn fold_equal(
    r: &Read<'_>,
    looking: &Looking<'_>,
    matcher: &Matcher,
    ranked: &[Ranked],
    limit: u32,
) -> Result<Vec<Hit>> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for Ranked { chunk, terms } in ranked {
        // Short statements and the marking of words don't ask by themselves.
        if looking.canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // A damage may have taken what the index still knows.
        let Some(chunk) = r.chunk_if_there(*chunk)? else {
            looking.lost.set(true);
            continue;
        };
        if let Some(hit) = seen.get(&chunk.text).and_then(|at| hits.get_mut(*at)) {
            hit.same_elsewhere += 1;
            continue;
        }
        if hits.len() >= limit as usize {
            break;
        }
        seen.insert(chunk.text.clone(), hits.len());
        let Some(document) = r.document_if_there(chunk.document)? else {
            looking.lost.set(true);
            continue;
        };
        let look = matcher.look(&chunk.text);
        hits.push(Hit {
            source: r.source(document.source)?.id,
            place: r.place_of(document.key)?,
            tags: r.tags_of(document.key)?,
            matches: look.marks,
            quote: look.quote,
            same_elsewhere: 0,
            score: terms.sum(),
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
