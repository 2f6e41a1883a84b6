//! A conversation is a tree: an edited question or a second answer begins a branch. The one that ends
//! in the current message is read first; the branches that were left follow it.

use std::collections::{BTreeMap, HashMap, HashSet};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{
    Block, BlockKind, CanonicalDocument, LeftOut, LineRange, Message, Warning,
};
use unicode_normalization::UnicodeNormalization;

/// A title that is made of a message's first line is at most this long.
const TITLE_CHARS_MAX: usize = 80;

/// What the readers of the services' formats make of a conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) title: Option<String>,
    pub(super) created: Option<UnixMs>,
    pub(super) nodes: Vec<Node>,
    /// The id of the node at which the person left off.
    pub(super) current: Option<String>,
    pub(super) left_out: Tally,
    pub(super) repeated: usize,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) at: Option<UnixMs>,
    /// Who speaks and what is said; none in a node that only holds the tree together.
    pub(super) said: Option<(String, String)>,
}

/// How much of what was left out.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<LeftOut, usize>);

impl Tally {
    pub(super) fn add(&mut self, what: LeftOut) {
        *self.0.entry(what).or_default() += 1;
    }
}

impl Conversation {
    pub(super) fn into_document(self) -> CanonicalDocument {
        let mut blocks = Vec::new();
        let (mut on_left_branches, mut undated) = (0, 0);
        for (node, left_branch) in in_reading_order(&self.nodes, self.current.as_deref()) {
            let Some((author, text)) = &node.said else {
                continue;
            };
            let text = clean(text);
            if text.trim().is_empty() {
                continue;
            }
            on_left_branches += usize::from(left_branch);
            undated += usize::from(node.at.is_none());
            let number = u32::try_from(blocks.len() + 1).unwrap_or(u32::MAX);
            blocks.push(Block {
                kind: BlockKind::Message(Message {
                    author: one_line(author),
                    at: node.at,
                    left_branch,
                }),
                text,
                lines: LineRange {
                    first: number,
                    last: number,
                },
            });
        }
        let counted =
            |count: usize, warning: fn(usize) -> Warning| (count > 0).then(|| warning(count));
        let warnings = [
            counted(on_left_branches, Warning::LeftBranches),
            counted(self.repeated, Warning::RepeatedMessages),
            counted(undated, Warning::UndatedMessages),
        ];
        let left_out = self.left_out.0.into_iter();
        CanonicalDocument {
            title: title(self.title.as_deref(), &blocks),
            stated_at: self
                .created
                .or_else(|| self.nodes.iter().filter_map(|node| node.at).min()),
            blocks,
            warnings: warnings
                .into_iter()
                .flatten()
                .chain(left_out.map(|(what, count)| Warning::LeftOut(what, count)))
                .collect(),
        }
    }
}

/// Each node once, and whether it lies on a branch that was left. Parents may be missing, or lead
/// round in a ring.
fn in_reading_order<'n>(nodes: &'n [Node], current: Option<&str>) -> Vec<(&'n Node, bool)> {
    let by_id: HashMap<&str, &Node> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut order = Vec::with_capacity(nodes.len());
    let mut next = current
        .and_then(|id| by_id.get(id).copied())
        .or_else(|| newest(nodes));
    while let Some(node) = next.filter(|node| seen.insert(&node.id)) {
        order.push((node, false));
        next = node.parent.as_deref().and_then(|id| by_id.get(id).copied());
    }
    order.reverse();
    let mut children: HashMap<&str, Vec<&Node>> = HashMap::new();
    let mut roots = Vec::new();
    for node in nodes {
        match node.parent.as_deref().filter(|id| by_id.contains_key(id)) {
            Some(parent) => children.entry(parent).or_default().push(node),
            None => roots.push(node),
        }
    }
    // Last the nodes that no root leads to; by then only those of rings are unseen.
    let mut open: Vec<&Node> = nodes.iter().rev().collect();
    open.extend(earliest_on_top(roots));
    let mut walked: HashSet<&str> = HashSet::new();
    while let Some(node) = open.pop() {
        if !walked.insert(&node.id) {
            continue;
        }
        if seen.insert(&node.id) {
            order.push((node, true));
        }
        open.extend(earliest_on_top(
            children.remove(node.id.as_str()).unwrap_or_default(),
        ));
    }
    order
}

/// Where a conversation was left off that doesn't say so.
fn newest(nodes: &[Node]) -> Option<&Node> {
    nodes
        .iter()
        .filter(|node| node.said.is_some())
        .max_by_key(|node| node.at)
}

fn earliest_on_top(mut siblings: Vec<&Node>) -> impl Iterator<Item = &Node> {
    siblings.sort_by_key(|node| node.at);
    siblings.into_iter().rev()
}

fn title(given: Option<&str>, blocks: &[Block]) -> String {
    let given = given.map(one_line).unwrap_or_default();
    if !given.is_empty() {
        return given;
    }
    let first = blocks
        .iter()
        .flat_map(|block| block.text.lines())
        .map(one_line)
        .find(|line| !line.is_empty());
    match first {
        None => "Untitled conversation".to_owned(),
        Some(line) if line.chars().count() <= TITLE_CHARS_MAX => line,
        Some(line) => line
            .chars()
            .take(TITLE_CHARS_MAX - 1)
            .chain(['…'])
            .collect(),
    }
}

/// Normal form C, with plain line ends and without nulls.
fn clean(text: &str) -> String {
    let text: String = text.nfc().filter(|c| *c != '\0').collect();
    text.replace("\r\n", "\n").trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    let line: String = text
        .nfc()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}
