//! HTML: the text that a reader of the page would see, block by block.

use encoding_rs::Encoding;
use html5ever::{Attribute, LocalName};
use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{Block, BlockKind, CanonicalDocument, LineRange, Warning};

use crate::html_tree::{DOCUMENT, HtmlTree, NodeData, NodeId, is_inline};
use crate::stated_date::parse_stated_date;
use crate::text_encoding::decode;

/// A page that declares its encoding later is read as if it did not.
const DECLARATION_BYTES_MAX: usize = 4096;

pub(crate) fn read(name: &str, bytes: &[u8]) -> CanonicalDocument {
    let decoded = decode(bytes, declared_encoding(bytes));
    let lines = decoded.text.bytes().filter(|b| *b == b'\n').count() + 1;
    let tree = HtmlTree::parse(&decoded.text);
    let mut warnings = decoded.warnings;
    if tree.flattened {
        warnings.push(Warning::FlattenedNesting);
    }
    let blocks = Reader::read(&tree, u32::try_from(lines).unwrap_or(u32::MAX));
    let heading = || {
        blocks
            .iter()
            .find(|b| matches!(b.kind, BlockKind::Heading { .. }))
            .map(|b| one_line(&b.text))
    };
    CanonicalDocument {
        title: title(&tree)
            .or_else(heading)
            .unwrap_or_else(|| name.to_owned()),
        stated_at: stated_at(&tree),
        blocks,
        warnings,
    }
}

/// What the page's `meta` elements say. They are in ASCII, whatever the rest is in.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes);
    let label = HtmlTree::parse(&encoding_rs::mem::decode_latin1(start)).declared_encoding?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A page whose ASCII could be read is not in UTF-16, even if it says so.
    Some(encoding.output_encoding())
}

fn title(tree: &HtmlTree) -> Option<String> {
    let (id, ..) = tree.elements().find(|(_, name, _)| &***name == "title")?;
    Some(one_line(&tree.text_of(id))).filter(|t| !t.is_empty())
}

/// From the surest statement to the least sure.
const DATE_NAMES: &[&str] = &[
    "article:published_time",
    "datepublished",
    "dcterms.created",
    "dc.date.created",
    "dcterms.date",
    "dc.date",
    "date",
    "pubdate",
];

fn stated_at(tree: &HtmlTree) -> Option<UnixMs> {
    let mut best: Option<(usize, UnixMs)> = None;
    for (id, name, attributes) in tree.elements() {
        let found = match &**name {
            "meta" => ["property", "name", "itemprop"]
                .iter()
                .filter_map(|a| attribute(attributes, a))
                .find_map(|stated| {
                    DATE_NAMES
                        .iter()
                        .position(|d| d.eq_ignore_ascii_case(stated))
                })
                .zip(attribute(attributes, "content")),
            "time" if is_inside(tree, id, "header") => {
                Some(DATE_NAMES.len()).zip(attribute(attributes, "datetime"))
            }
            _ => None,
        };
        if let Some((rank, text)) = found
            && best.is_none_or(|(best_rank, _)| rank < best_rank)
            && let Some(at) = parse_stated_date(text)
        {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|a| &*a.name.local == name)
        .map(|a| a.value.trim())
}

fn is_inside(tree: &HtmlTree, id: NodeId, ancestor: &str) -> bool {
    let mut parent = tree.node(id).and_then(|n| n.parent);
    while let Some(node) = parent.and_then(|p| tree.node(p)) {
        if matches!(&node.data, NodeData::Element { name, .. } if &*name.local == ancestor) {
            return true;
        }
        parent = node.parent;
    }
    false
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Goes through the tree in order and gathers the text of one block at a time.
struct Reader<'a> {
    tree: &'a HtmlTree,
    /// Whether the page marks its main part, so that navigation and footers are not of it.
    has_main: bool,
    lines: u32,
    blocks: Vec<Block>,
    text: String,
    range: Option<LineRange>,
    /// White space waits here until the next word shows that it lies within the block.
    gap: Gap,
    heading: Option<u8>,
    preformatted: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Cell,
    Line,
}

impl<'a> Reader<'a> {
    fn read(tree: &'a HtmlTree, lines: u32) -> Vec<Block> {
        let mut reader = Self {
            tree,
            has_main: tree
                .elements()
                .any(|(_, name, _)| matches!(&**name, "main" | "article")),
            lines,
            blocks: Vec::new(),
            text: String::new(),
            range: None,
            gap: Gap::None,
            heading: None,
            preformatted: 0,
        };
        reader.walk();
        reader.end_block();
        reader.blocks
    }

    fn walk(&mut self) {
        let tree = self.tree;
        let mut at = Some(DOCUMENT);
        while let Some(id) = at {
            let entered = self.enter(id);
            let Some(node) = tree.node(id) else { return };
            if entered && node.first_child.is_some() {
                at = node.first_child;
                continue;
            }
            if entered {
                self.leave(id);
            }
            at = self.climb(id);
        }
    }

    /// The next node that is not below this one; leaves the elements that end here.
    fn climb(&mut self, mut id: NodeId) -> Option<NodeId> {
        loop {
            let node = self.tree.node(id)?;
            if node.next.is_some() {
                return node.next;
            }
            id = node.parent?;
            self.leave(id);
        }
    }

    /// Whether what is below the node is to be read.
    fn enter(&mut self, id: NodeId) -> bool {
        let Some(node) = self.tree.node(id) else {
            return false;
        };
        match &node.data {
            NodeData::Document => true,
            NodeData::Text { text, first_line } => {
                self.push_text(text, *first_line);
                true
            }
            NodeData::Element { name, attributes } => {
                if self.is_out_of_sight(&name.local, attributes) {
                    // What stands before and after an unseen block still stands apart.
                    if !is_inline(&name.local) {
                        self.widen(Gap::Space);
                    }
                    return false;
                }
                match &*name.local {
                    "br" => self.widen(Gap::Line),
                    "td" | "th" => self.widen(Gap::Cell),
                    "pre" | "textarea" => {
                        self.end_block();
                        self.preformatted += 1;
                    }
                    inline if is_inline(inline) => {}
                    block => {
                        self.end_block();
                        if let Some(level) = heading_level(block) {
                            self.heading = Some(level);
                        }
                    }
                }
                true
            }
        }
    }

    fn leave(&mut self, id: NodeId) {
        let Some(NodeData::Element { name, .. }) = self.tree.node(id).map(|n| &n.data) else {
            return;
        };
        match &*name.local {
            "br" => {}
            "td" | "th" => self.widen(Gap::Cell),
            "pre" | "textarea" => {
                self.end_block();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            inline if is_inline(inline) => {}
            block => {
                self.end_block();
                if heading_level(block).is_some() {
                    self.heading = None;
                }
            }
        }
    }

    fn is_out_of_sight(&self, name: &LocalName, attributes: &[Attribute]) -> bool {
        match &**name {
            "head" | "script" | "style" | "template" | "noscript" | "svg" | "iframe"
            | "noembed" | "noframes" | "canvas" | "audio" | "video" | "select" | "datalist"
            | "annotation" | "annotation-xml" | "title" => true,
            "nav" | "footer" if self.has_main => true,
            // A style attribute is only kept when it hides its element, a role when it is that of a menu.
            _ => attributes
                .iter()
                .any(|a| matches!(&*a.name.local, "hidden" | "style" | "role")),
        }
    }

    fn push_text(&mut self, text: &str, first_line: u64) {
        let mut line = u32::try_from(first_line).unwrap_or(u32::MAX);
        for c in text.chars() {
            match c {
                '\n' => {
                    line = line.saturating_add(1);
                    if self.preformatted > 0 {
                        self.push_preformatted(c);
                    } else {
                        self.widen(Gap::Space);
                    }
                }
                c if self.preformatted > 0 && c.is_whitespace() => self.push_preformatted(c),
                // Not the no-break space, which is there to be seen.
                ' ' | '\t' | '\x0c' => self.widen(Gap::Space),
                c => self.push_char(c, line),
            }
        }
    }

    fn push_char(&mut self, c: char, line: u32) {
        match self.gap {
            Gap::None => {}
            Gap::Space => self.text.push(' '),
            Gap::Cell => self.text.push('\t'),
            Gap::Line => self.text.push('\n'),
        }
        self.gap = Gap::None;
        self.text.push(c);
        let line = line.min(self.lines);
        let range = self.range.get_or_insert(LineRange {
            first: line,
            last: line,
        });
        range.first = range.first.min(line);
        range.last = range.last.max(line);
    }

    fn push_preformatted(&mut self, space: char) {
        self.gap = Gap::None;
        self.text.push(space);
    }

    fn widen(&mut self, gap: Gap) {
        if !self.text.is_empty() {
            self.gap = self.gap.max(gap);
        }
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim_end().trim_start_matches('\n');
        let kind = self
            .heading
            .take()
            .map_or(BlockKind::Body, |level| BlockKind::Heading { level });
        if let Some(lines) = self.range.take()
            && !text.trim().is_empty()
        {
            self.blocks.push(Block {
                kind,
                text: text.to_owned(),
                lines,
            });
        }
        self.gap = Gap::None;
    }
}

fn heading_level(name: &str) -> Option<u8> {
    match name {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}
