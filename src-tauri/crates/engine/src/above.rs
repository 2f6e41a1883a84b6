//! What the passages of an answer are part of: the summaries above them, of their sources, their days and what they name.

use std::collections::BTreeMap;

use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::{Canceller, ChunkKey, NodeKey, Read};

use crate::show::of_node;
use crate::tree::{Step, clip, title_of};
use crate::{Error, Result};

/// So many summaries are told of with an answer.
const SUMMARIES_MAX: usize = 3;

/// A summary says what several answers have in common. Of one alone its place in the tree is told anyway.
const ANSWERS_MIN: usize = 2;

const TEXT_CHARS_MAX: usize = 300;

/// A summary under which several of the passages stand that were found.
#[derive(Clone, Debug)]
pub struct Above {
    pub node: Node,
    pub title: String,
    /// What it is of: a source, a topic, or a stretch of days.
    pub of: Step,
    /// Which of the answers stand under it, counted from 0.
    pub answers: Vec<usize>,
    /// What it says of them; where it says nothing of them itself, how it begins.
    pub text: String,
}

struct Candidate {
    node: NodeKey,
    level: u32,
    passages: u32,
    /// Which of the answers stand under it.
    answers: Vec<usize>,
}

impl Candidate {
    fn telling(&self) -> f64 {
        (self.answers.len() - 1) as f64 / f64::from(self.passages.max(1)).sqrt()
    }
}

/// Those that most of the answers stand under, for as few passages as they hold, the most telling first.
pub(crate) fn above(
    r: &Read<'_>,
    answers: &[ChunkKey],
    canceller: &Canceller,
) -> Result<Vec<Above>> {
    let mut under: BTreeMap<NodeKey, Vec<usize>> = BTreeMap::new();
    for (at, chunk) in answers.iter().enumerate() {
        // Short statements don't ask by themselves.
        if canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        for node in r.all_above(*chunk)? {
            under.entry(node).or_default().push(at);
        }
    }
    let mut candidates = Vec::new();
    for (node, answers) in under {
        if answers.len() >= ANSWERS_MIN
            && let Some((level, passages)) = r.height_and_passages(node)?
        {
            candidates.push(Candidate {
                node,
                level,
                passages,
                answers,
            });
        }
    }
    candidates.sort_by(|a, b| {
        let by_worth = b.telling().total_cmp(&a.telling());
        let by_place = a.level.cmp(&b.level).then(a.node.cmp(&b.node));
        by_worth.then(by_place)
    });
    let mut told: Vec<Above> = Vec::new();
    for candidate in candidates {
        // What is higher up says less of the same answers.
        if told.iter().any(|one| one.answers == candidate.answers) {
            continue;
        }
        if told.len() == SUMMARIES_MAX {
            break;
        }
        let Some(node) = r.node(candidate.node)? else {
            continue;
        };
        told.push(Above {
            title: title_of(r, &node, &[])?,
            of: of_node(r, &node)?,
            text: says_of(r, &node, answers, &candidate.answers)?,
            answers: candidate.answers,
            node,
        });
    }
    Ok(told)
}

fn says_of(r: &Read<'_>, node: &Node, answers: &[ChunkKey], under: &[usize]) -> Result<String> {
    let is_of = |chunk: ChunkKey| under.iter().any(|at| answers.get(*at) == Some(&chunk));
    let said: Vec<&str> = r
        .spans_of(node.key)?
        .into_iter()
        .filter(|span| is_of(span.chunk))
        .filter_map(|span| node.text.get(span.text))
        .collect();
    Ok(match said.is_empty() {
        true => clip(&node.text, TEXT_CHARS_MAX),
        false => clip(&said.join(" "), TEXT_CHARS_MAX),
    })
}
