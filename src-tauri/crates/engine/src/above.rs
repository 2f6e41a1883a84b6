//! What the passages of an answer are part of: the summaries above them, of their sources, their days and what they name.

use std::collections::{BTreeMap, BTreeSet};

use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::{ChunkKey, NodeKey, Read};

use crate::Result;
use crate::show::of_node;
use crate::tree::{Step, clip, title_of};

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

/// The summaries above each of these passages, at any height.
pub(crate) fn heights(r: &Read<'_>, chunk: ChunkKey) -> Result<BTreeSet<NodeKey>> {
    let mut above = BTreeSet::new();
    for first in r.nodes_over(chunk)? {
        let mut at = Some(first);
        while let Some(node) = at.filter(|node| above.insert(*node)) {
            at = r.parent_of(Member::Node(node))?;
        }
    }
    Ok(above)
}

/// Those that most of the answers stand under, for as few passages as they hold, the most telling first.
pub(crate) fn above(r: &Read<'_>, answers: &[ChunkKey]) -> Result<Vec<Above>> {
    let mut under: BTreeMap<NodeKey, Vec<usize>> = BTreeMap::new();
    for (at, chunk) in answers.iter().enumerate() {
        for node in heights(r, *chunk)? {
            under.entry(node).or_default().push(at);
        }
    }
    let mut nodes: Vec<(Node, Vec<usize>)> = Vec::new();
    for (key, answers) in under {
        if answers.len() >= ANSWERS_MIN
            && let Some(node) = r.node(key)?
        {
            nodes.push((node, answers));
        }
    }
    let telling = |node: &Node, answers: &[usize]| {
        (answers.len() - 1) as f64 / f64::from(node.passages.max(1)).sqrt()
    };
    nodes.sort_by(|(a, of_a), (b, of_b)| {
        let by_worth = telling(b, of_b).total_cmp(&telling(a, of_a));
        by_worth.then(a.level.cmp(&b.level)).then(a.key.cmp(&b.key))
    });
    let mut told: Vec<Above> = Vec::new();
    for (node, of_node_answers) in nodes {
        // What is higher up says less of the same answers.
        if told.iter().any(|one| one.answers == of_node_answers) {
            continue;
        }
        if told.len() == SUMMARIES_MAX {
            break;
        }
        told.push(Above {
            title: title_of(r, &node, &[])?,
            of: of_node(r, &node)?,
            text: says_of(r, &node, answers, &of_node_answers)?,
            answers: of_node_answers,
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
