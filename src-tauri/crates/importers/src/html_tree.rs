//! HTML as a tree of what its reader needs: elements, pieces of text and the lines they are on.
//!
//! The parser is html5ever's. Two of its costs grow with the square of the input: the search of a
//! deep stack of open elements, and formatting elements that are opened anew in every block. So a
//! filter between its tokenizer and its tree builder holds the depth down, and keeps only the
//! attributes that are used, so that html5ever's own limit of three like elements takes effect.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{
    ElemName, ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeBuilderOpts, TreeSink,
};
use html5ever::{Attribute, LocalName, Namespace, QualName, TokenizerResult, local_name, ns};

/// Elements nested deeper are read as if they stood one after the other.
pub const HTML_DEPTH_MAX: u32 = 128;

/// After as many nodes, tags are passed over and only the text is read.
pub const HTML_NODES_MAX: usize = 2_000_000;

/// A longer piece of text is followed by a new one.
const MERGED_BYTES_MAX: usize = 4096;

pub(crate) type NodeId = usize;

pub(crate) struct Node {
    pub(crate) data: NodeData,
    pub(crate) parent: Option<NodeId>,
    pub(crate) first_child: Option<NodeId>,
    pub(crate) next: Option<NodeId>,
    last_child: Option<NodeId>,
    previous: Option<NodeId>,
    depth: u32,
}

pub(crate) enum NodeData {
    Document,
    Element {
        name: QualName,
        attributes: Vec<Attribute>,
    },
    Text {
        text: StrTendril,
        first_line: u64,
    },
}

pub(crate) struct HtmlTree {
    nodes: Vec<Node>,
    /// Whether elements were nested deeper than [`HTML_DEPTH_MAX`] or more than the limit.
    pub(crate) flattened: bool,
    /// The encoding that a `meta` element declares.
    pub(crate) declared_encoding: Option<String>,
}

pub(crate) const DOCUMENT: NodeId = 0;

impl HtmlTree {
    pub(crate) fn parse(html: &str) -> Self {
        let builder = TreeBuilder::new(
            Sink::default(),
            TreeBuilderOpts {
                scripting_enabled: true,
                drop_doctype: true,
                ..TreeBuilderOpts::default()
            },
        );
        let filter = Filter {
            builder,
            dropped: RefCell::default(),
            flattened: Cell::new(false),
        };
        let tokenizer = Tokenizer::new(filter, TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let mut declared_encoding = None;
        loop {
            match tokenizer.feed(&input) {
                TokenizerResult::Done => break,
                // Scripts are not run.
                TokenizerResult::Script(_) => {}
                TokenizerResult::EncodingIndicator(label) => {
                    declared_encoding.get_or_insert_with(|| label.to_string());
                }
            }
        }
        tokenizer.end();
        let flattened = tokenizer.sink.flattened.get();
        let nodes = tokenizer.sink.builder.sink.nodes.take();
        Self {
            nodes,
            flattened,
            declared_encoding,
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// In document order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = (NodeId, &LocalName, &[Attribute])> {
        let mut next = Some(DOCUMENT);
        std::iter::from_fn(move || {
            let id = next?;
            next = self.after(id);
            Some(id)
        })
        .filter_map(|id| match &self.node(id)?.data {
            NodeData::Element { name, attributes } => {
                Some((id, &name.local, attributes.as_slice()))
            }
            _ => None,
        })
    }

    /// All the text below a node, as it stands.
    pub(crate) fn text_of(&self, id: NodeId) -> String {
        let mut text = String::new();
        let mut child = self.node(id).and_then(|n| n.first_child);
        while let Some(node) = child.and_then(|c| self.node(c)) {
            if let NodeData::Text { text: piece, .. } = &node.data {
                text.push_str(piece);
            }
            child = node.next;
        }
        text
    }

    /// The node after this one in document order.
    fn after(&self, id: NodeId) -> Option<NodeId> {
        let mut node = self.node(id)?;
        if let Some(child) = node.first_child {
            return Some(child);
        }
        loop {
            if let Some(next) = node.next {
                return Some(next);
            }
            node = self.node(node.parent?)?;
        }
    }
}

/// Stands between tokenizer and tree builder.
struct Filter {
    builder: TreeBuilder<NodeId, Sink>,
    /// How many start tags of each name were passed over and wait for their end tags.
    dropped: RefCell<HashMap<LocalName, usize>>,
    flattened: Cell<bool>,
}

impl TokenSink for Filter {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        match token {
            Token::TagToken(mut tag) => {
                tag.attrs.retain(is_used);
                match tag.kind {
                    TagKind::StartTag if !changes_the_tokenizer(&tag.name) => {
                        self.start_tag(tag, line)
                    }
                    TagKind::EndTag if self.was_dropped(&tag.name) => {
                        self.separate(&tag.name);
                        TokenSinkResult::Continue
                    }
                    _ => self.builder.process_token(Token::TagToken(tag), line),
                }
            }
            Token::CommentToken(_) => TokenSinkResult::Continue,
            other => self.builder.process_token(other, line),
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

impl Filter {
    fn start_tag(&self, tag: Tag, line: u64) -> TokenSinkResult<NodeId> {
        if self.is_full() || self.depth(line) >= HTML_DEPTH_MAX {
            self.flattened.set(true);
            self.separate(&tag.name);
            if !tag.self_closing && !is_void(&tag.name) {
                *self.dropped.borrow_mut().entry(tag.name).or_default() += 1;
            }
            return TokenSinkResult::Continue;
        }
        self.dropped.borrow_mut().clear();
        self.builder.process_token(Token::TagToken(tag), line)
    }

    /// How deep the next element would stand: an empty comment goes where it would go.
    fn depth(&self, line: u64) -> u32 {
        match self
            .builder
            .process_token(Token::CommentToken(StrTendril::new()), line)
        {
            TokenSinkResult::Continue => self.builder.sink.comment_depth.get(),
            // A comment makes the tree builder ask for nothing.
            _ => HTML_DEPTH_MAX,
        }
    }

    fn is_full(&self) -> bool {
        self.builder.sink.nodes.borrow().len() >= HTML_NODES_MAX
    }

    fn was_dropped(&self, name: &LocalName) -> bool {
        match self.dropped.borrow_mut().get_mut(name) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Keeps the words on both sides of a dropped tag apart.
    fn separate(&self, name: &LocalName) {
        if !is_inline(name) {
            self.builder.sink.separator_due.set(true);
        }
    }
}

/// Their content is text to the tokenizer, whatever it looks like, and nothing nests in them.
fn changes_the_tokenizer(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "title"
            | "textarea"
            | "noscript"
            | "iframe"
            | "noembed"
            | "noframes"
            | "xmp"
            | "plaintext"
    )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements that stand within a line of text.
pub(crate) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "img"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "nobr"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
            | "math"
            | "mi"
            | "mn"
            | "mo"
            | "mrow"
            | "msup"
            | "msub"
    )
}

fn is_used(attribute: &Attribute) -> bool {
    match &*attribute.name.local {
        "hidden" | "content" | "name" | "property" | "itemprop" | "http-equiv" | "charset"
        | "datetime" => true,
        "style" => hides(&attribute.value),
        "role" => matches!(&*attribute.value, "menu" | "menubar" | "toolbar"),
        _ => false,
    }
}

/// Whether a style attribute takes its element out of sight.
fn hides(style: &str) -> bool {
    let style: String = style
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    style.contains("display:none") || style.contains("visibility:hidden")
}

/// Builds the tree. No method calls back into the tree builder, so no borrow outlives its line.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    line: Cell<u64>,
    comment_depth: Cell<u32>,
    /// Whether the next text belongs to another block than the last.
    separator_due: Cell<bool>,
}

/// The handle of every comment and processing instruction; no node has it.
const NO_NODE: NodeId = NodeId::MAX;

impl Default for Sink {
    fn default() -> Self {
        let document = Node {
            data: NodeData::Document,
            parent: None,
            first_child: None,
            next: None,
            last_child: None,
            previous: None,
            depth: 0,
        };
        Self {
            nodes: RefCell::new(vec![document]),
            line: Cell::new(1),
            comment_depth: Cell::new(0),
            separator_due: Cell::new(false),
        }
    }
}

impl Sink {
    fn add(&self, data: NodeData) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node {
            data,
            parent: None,
            first_child: None,
            next: None,
            last_child: None,
            previous: None,
            depth: 0,
        });
        nodes.len() - 1
    }

    fn with<T>(&self, id: NodeId, f: impl FnOnce(&mut Node) -> T) -> Option<T> {
        self.nodes.borrow_mut().get_mut(id).map(f)
    }

    fn detach(&self, id: NodeId) {
        let Some((parent, previous, next)) =
            self.with(id, |n| (n.parent.take(), n.previous.take(), n.next.take()))
        else {
            return;
        };
        match (previous, parent) {
            (Some(previous), _) => self.with(previous, |n| n.next = next),
            (None, Some(parent)) => self.with(parent, |n| n.first_child = next),
            (None, None) => None,
        };
        match (next, parent) {
            (Some(next), _) => self.with(next, |n| n.previous = previous),
            (None, Some(parent)) => self.with(parent, |n| n.last_child = previous),
            (None, None) => None,
        };
    }

    /// Puts `id` below `parent`, before `next` or at the end.
    fn attach(&self, parent: NodeId, next: Option<NodeId>, id: NodeId) {
        let Some((depth, last)) = self.with(parent, |n| (n.depth, n.last_child)) else {
            return;
        };
        let previous = match next {
            Some(next) => self.with(next, |n| n.previous.replace(id)).flatten(),
            None => {
                self.with(parent, |n| n.last_child = Some(id));
                last
            }
        };
        match previous {
            Some(previous) => self.with(previous, |n| n.next = Some(id)),
            None => self.with(parent, |n| n.first_child = Some(id)),
        };
        self.with(id, |n| {
            n.parent = Some(parent);
            n.previous = previous;
            n.next = next;
            n.depth = depth + 1;
        });
    }

    fn insert(&self, parent: NodeId, next: Option<NodeId>, child: NodeOrText<NodeId>) {
        match child {
            NodeOrText::AppendNode(NO_NODE) => {
                self.comment_depth
                    .set(self.with(parent, |n| n.depth).unwrap_or_default());
            }
            NodeOrText::AppendNode(id) => {
                self.detach(id);
                self.attach(parent, next, id);
            }
            NodeOrText::AppendText(text) => self.insert_text(parent, next, text),
        }
    }

    /// Pieces on different lines stay apart, so that each keeps its line.
    fn insert_text(&self, parent: NodeId, next: Option<NodeId>, mut text: StrTendril) {
        // The line is that of the token's end.
        let newlines = text.bytes().filter(|b| *b == b'\n').count() as u64;
        let first_line = self.line.get().saturating_sub(newlines).max(1);
        let is_full = self.nodes.borrow().len() >= HTML_NODES_MAX;
        if self.separator_due.take() {
            if is_full {
                let words = std::mem::replace(&mut text, StrTendril::from(" "));
                text.push_tendril(&words);
            } else {
                let name = QualName::new(None, ns!(html), local_name!("hr"));
                let separator = self.add(NodeData::Element {
                    name,
                    attributes: Vec::new(),
                });
                self.attach(parent, next, separator);
            }
        }
        let before = match next {
            Some(next) => self.with(next, |n| n.previous),
            None => self.with(parent, |n| n.last_child),
        };
        let merged = before.flatten().and_then(|before| {
            self.with(before, |node| match &mut node.data {
                NodeData::Text {
                    text: earlier,
                    first_line: line,
                } => {
                    // What is merged within the limits has no line end in it and stays short, so
                    // that looking for one costs little.
                    let merges = is_full
                        || (*line == first_line
                            && newlines == 0
                            && earlier.len() < MERGED_BYTES_MAX
                            && !earlier.contains('\n'));
                    if merges {
                        earlier.push_tendril(&text);
                    }
                    merges
                }
                _ => false,
            })
        });
        if merged != Some(true) {
            let id = self.add(NodeData::Text { text, first_line });
            self.attach(parent, next, id);
        }
    }
}

/// A copy of an element's name, so that the tree is not borrowed while the parser looks at it.
#[derive(Debug)]
struct OwnedName(QualName);

impl ElemName for OwnedName {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Self;
    type ElemName<'a> = OwnedName;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        DOCUMENT
    }

    fn elem_name(&self, target: &NodeId) -> OwnedName {
        let nodes = self.nodes.borrow();
        OwnedName(match nodes.get(*target).map(|n| &n.data) {
            Some(NodeData::Element { name, .. }) => name.clone(),
            // The parser asks for the names of elements only; no element has this one.
            _ => QualName::new(None, Namespace::from(""), LocalName::from("")),
        })
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        _: ElementFlags,
    ) -> NodeId {
        self.add(NodeData::Element { name, attributes })
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        NO_NODE
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        NO_NODE
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        if self.with(*element, |n| n.parent.is_some()) == Some(true) {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, new: NodeOrText<NodeId>) {
        if let Some(parent) = self.with(*sibling, |n| n.parent).flatten() {
            self.insert(parent, Some(*sibling), new);
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, new: Vec<Attribute>) {
        self.with(*target, |node| {
            if let NodeData::Element { attributes, .. } = &mut node.data {
                for attribute in new {
                    if attributes.iter().all(|a| a.name != attribute.name) {
                        attributes.push(attribute);
                    }
                }
            }
        });
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        while let Some(child) = self.with(*node, |n| n.first_child).flatten() {
            self.detach(child);
            self.attach(*new_parent, None, child);
        }
    }

    fn set_current_line(&self, line: u64) {
        self.line.set(line);
    }
}
